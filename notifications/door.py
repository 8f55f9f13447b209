"""The one door to Apprise: what it says is listened to and cleaned of secrets, how it sends is fixed.

Importing Apprise takes 0.3 s: only a process that sends imports this module.
"""

import json
import logging
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyType, PersistentStoreMode
from apprise.apprise import N_MGR
from apprise.logger import LOGGER_NAME

from notifications.allowed import (
    HIDDEN,
    HOSTED,
    check_url,
    cleaned,
    fill,
    is_plain,
    private_host,
    scheme_of,
    secrets_of,
)
from notifications.cut import cut, n_bytes
from notifications.mail import Head, build_mail, is_address
from notifications.post import ANSWER_S, CONNECT_S
from notifications.relay import Relay
from notifications.render import Message
from notifications.senders import Address, SendResult, accepted, permanent, transient, unknown

MOST_NTFY = 7_000


def asset() -> AppriseAsset:
    """Fix how Apprise sends: in this thread, once, where it was told to and nowhere else, keeping nothing on disk."""
    return AppriseAsset(
        async_mode=False,
        http_redirects=False,
        default_service_retry=0,
        secure_logging=True,
        storage_mode=PersistentStoreMode.MEMORY,
        app_id="wardcycle",
        app_desc="wardcycle",
    )


class WardMail(NotifyBase):  # type: ignore[no-untyped-call]
    """Our own e-mail in Apprise: a kept connection and whole control over the mail, where Apprise needs 20 ms each."""

    service_name = "wardcycle e-mail"  # type: ignore[assignment]
    protocol = "wardmail"  # type: ignore[assignment]
    service_url = "https://github.com/caronc/apprise"  # type: ignore[assignment]
    request_rate_per_sec = 0
    title_maxlen = 1000
    body_maxlen = 1_000_000

    def __init__(self, relay: Relay, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self.relay = relay
        self.outgoing: tuple[Message, Address] | None = None
        self.result: SendResult | None = None

    def url(self, privacy: bool = False, *args: object, **kwargs: object) -> str:
        """Name the plugin; there is nothing secret in it."""
        return f"{self.protocol}://"

    def send(self, body: str, title: str = "", notify_type: NotifyType = NotifyType.INFO, **kwargs: object) -> bool:
        """Called by Apprise; the message with both its forms was laid ready before."""
        assert self.outgoing is not None
        (message, to), self.outgoing = self.outgoing, None
        head = Head(self.relay.setting.sender, to.value, to.at, to.mark, to.thread)
        self.result = self.relay.send(to.value, lambda eight_bit: build_mail(message, head, eight_bit=eight_bit))
        return self.result == accepted(self.result.why)


class MailSender:
    """Send e-mails through Apprise by our own plugin."""

    def __init__(self, relay: Relay) -> None:
        self._plugin = WardMail(relay=relay, asset=asset())
        self._door = Apprise(asset=self._plugin.asset)
        self._door.add(self._plugin)

    def send(self, message: Message, to: Address) -> SendResult:
        """Hand one mail to the relay."""
        if not is_address(to.value):
            if not to.value:
                return permanent("no e-mail address")
            return permanent("this is no e-mail address", nobody=True)
        self._plugin.outgoing, self._plugin.result = (message, to), None
        with _listening(()) as heard:
            self._door.notify(body=message.text, title=message.subject)
        # No result: Apprise swallowed a mistake of ours.
        return self._plugin.result or permanent(f"the mail could not be made: {heard.last}")


@dataclass(frozen=True)
class AppriseSender:
    """Send by any Apprise address of the allow-list: one receiver, one address, one object for each message."""

    slug: str
    url: str = field(repr=False)
    permitted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_url(self.slug, self.url)
        _load_services()

    def send(self, message: Message, to: Address) -> SendResult:
        """Hand one message to the service and read from its log what became of it."""
        if "{address}" in self.url and not to.value:
            return permanent(f"no address for the channel {self.slug}")
        if to.value and not is_plain(to.value):
            return permanent(f"the address for the channel {self.slug} holds a character that none may hold")
        url = fill(self.url, to.value)
        with _listening(secrets_of(url)) as heard:
            plugin = Apprise.instantiate(_timed(url), asset=asset(), suppress_exceptions=True)
            if plugin is None:
                return permanent(f"no such channel: {heard.last}")
            private = self._private(plugin, scheme_of(url))
            if private:
                return permanent(f"{heard.clean(private)} is in the own network and not among channel_hosts")
            plugin.request_rate_per_sec = 0
            door = Apprise(asset=plugin.asset)
            door.add(plugin)
            taken = door.notify(body=_fitted(message, plugin, scheme_of(url)), title=message.subject)
            return accepted() if taken else heard.result() if taken is not None else permanent("no such channel")

    def fault(self) -> str:
        """Say what stands against this address before anything is sent: unreadable, or in the own network."""
        url = fill(self.url, "x")
        with _listening(secrets_of(url)) as heard:
            plugin = Apprise.instantiate(url, asset=asset(), suppress_exceptions=True)
            if plugin is None:
                return heard.last
            private = self._private(plugin, scheme_of(url))
            return f"{heard.clean(private)} is in the own network and not among channel_hosts" if private else ""

    def _private(self, plugin: NotifyBase, scheme: str) -> str:
        if scheme not in HOSTED:
            return ""
        host = getattr(plugin, "smtp_host", None) or plugin.host or ""
        return private_host(str(host), plugin.port, self.permitted)


@cache
def _load_services() -> None:
    """Load Apprise's services before the first send: one of them imports a module that Python calls deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        N_MGR.load_modules()  # type: ignore[no-untyped-call]


def _fitted(message: Message, plugin: NotifyBase, scheme: str) -> str:
    """Cut the text to what a service takes: Apprise would cut through the link, or make a file of it."""
    if scheme in ("ntfy", "ntfys"):
        return cut(message.text, MOST_NTFY, _ntfy_size)
    # Where a service has no title, Apprise puts it before the text.
    return cut(message.text, int(plugin.body_maxlen) - len(message.subject) - 4, len)


def _ntfy_size(text: str) -> int:
    # Apprise makes a file of what has more than 8,000 characters as JSON, the server of more than 4,096 bytes.
    return max(len(json.dumps(text)), 2 * n_bytes(text))


def _timed(url: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}cto={CONNECT_S}&rto={ANSWER_S}"


@dataclass
class Heard:
    """What Apprise said during one send, without the secrets."""

    secrets: tuple[str, ...]
    lines: list[tuple[int, str]] = field(default_factory=list)

    @property
    def last(self) -> str:
        """The last thing worth telling."""
        return next((line for level, line in reversed(self.lines) if level >= logging.WARNING), "no reason was given")

    def clean(self, line: str) -> str:
        """Take the secrets out of a line."""
        return re.sub(r"\b[a-z]+://\S+", HIDDEN, cleaned(line, self.secrets))[:300]

    def result(self) -> SendResult:
        """Read an outcome from the log of a send that failed."""
        everything = " ".join(line for _, line in self.lines)
        if re.search(
            r"[Cc]onnect\s?[Tt]ime|NewConnectionError|NameResolution|Connection refused|Max retries", everything
        ):
            return transient(self.last, down=True)
        if re.search(r"timed? ?out|RemoteDisconnected|Connection aborted|IncompleteRead", everything):
            return unknown(f"{self.last} It was handed over and no answer came.")
        # ntfy's own codes are the status with two more digits: 40301.
        status = re.search(r"error[= ]+(\d{3})(\d\d)?\b", everything)
        code = int(status[1]) if status else 0
        # 408, 425 and 429 ask to come back later.
        if 400 <= code < 500 and code not in (408, 425, 429):
            return permanent(self.last)
        # 5xx is the server's own trouble, whatever was sent: it counts against the channel.
        return transient(self.last, down=500 <= code < 600)


def _keep_to_ourselves(record: logging.LogRecord) -> bool:
    """Listen to what is said during a send of this thread, and let none of it out: it may hold passwords."""
    heard: Heard | None = getattr(_local, "heard", None)
    if heard is not None:
        heard.lines.append((record.levelno, heard.clean(record.getMessage())))
    return heard is None and record.name != LOGGER_NAME


_local = threading.local()
# A filter of the logger itself, because a handler or `propagate` may be changed by whoever configures logging later.
for _name in (LOGGER_NAME, "urllib3.connectionpool", "requests"):
    logging.getLogger(_name).addFilter(_keep_to_ourselves)
logging.getLogger(LOGGER_NAME).setLevel(logging.DEBUG)  # only there does it say why a connection failed


@contextmanager
def _listening(secrets: tuple[str, ...]) -> Iterator[Heard]:
    _local.heard = heard = Heard(secrets)
    try:
        yield heard
    finally:
        _local.heard = None
