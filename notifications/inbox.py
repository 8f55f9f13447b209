"""The mailbox of the answers by mail: fetched by IMAP, marked as read when each mail has been dealt with."""

import imaplib
import logging
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from config.settings import Settings
from models.errors import WardcycleError
from models.reply import Reply
from notifications.reply_address import ReplyAddresses
from notifications.reply_mail import MOST_BYTES, read_reply

log = logging.getLogger(__name__)

TIMEOUT_S = 20.0
MOST_AT_ONCE = 200  # the rest is read a minute later


class InboxUnreachable(WardcycleError):
    """The mailbox at {where} cannot be read ({why}). Check the settings WARDCYCLE_IMAP_..."""

    zh = "无法读取邮箱 {where}（{why}）。请检查 WARDCYCLE_IMAP_... 设置。"
    exit_code = 3


@dataclass(frozen=True)
class Inbox:
    """An open mailbox. Fetching leaves a mail as it is; only `done` marks it."""

    client: imaplib.IMAP4
    addresses: ReplyAddresses

    def unread(self) -> Iterator[Reply | None]:
        """Read what nobody has dealt with, oldest first. None: it is gone meanwhile."""
        _, found = self.client.uid("SEARCH", "UNSEEN")
        for uid in (found[0] or b"").split()[:MOST_AT_ONCE]:
            yield self._reply(int(uid))

    def done(self, uid: int, *, aside: bool = False) -> None:
        """Mark a mail as read. aside: and flag it, so that somebody who looks into the mailbox finds it."""
        flags = r"(\Seen \Flagged)" if aside else r"(\Seen)"
        self.client.uid("STORE", str(uid), "+FLAGS.SILENT", flags)

    def _reply(self, uid: int) -> Reply | None:
        size = self._size(uid)
        whole = size <= MOST_BYTES
        raw = self._fetch(uid, "BODY.PEEK[]" if whole else "BODY.PEEK[HEADER]")
        if raw is None:  # somebody took it away meanwhile
            return None
        try:
            return read_reply(raw, uid=uid, addresses=self.addresses, whole=whole)
        except Exception as error:  # one bad mail never stops the next
            log.warning("mail not read", extra={"action": "mail_not_read", "uid": uid, "error": type(error).__name__})
            return Reply(uid, sha256(raw).hexdigest(), unreadable=type(error).__name__)

    def _size(self, uid: int) -> int:
        _, said = self.client.uid("FETCH", str(uid), "(RFC822.SIZE)")
        found = re.search(rb"RFC822\.SIZE (\d+)", said[0] if said and isinstance(said[0], bytes) else b"")
        return int(found[1]) if found else 0

    def _fetch(self, uid: int, part: str) -> bytes | None:
        _, said = self.client.uid("FETCH", str(uid), f"({part})")
        return next((bytes(one[1]) for one in said if isinstance(one, tuple)), None)


@contextmanager
def open_inbox(settings: Settings) -> Iterator[Inbox]:
    """Log in and open the folder. Raises InboxUnreachable, also when the server breaks off while it is read."""
    where = f"{settings.imap_host}:{settings.imap_port}"
    client: imaplib.IMAP4 | None = None
    try:
        client = _connected(settings)
        client.login(settings.imap_user, settings.imap_password.get_secret_value())
        status, said = client.select(f'"{settings.imap_folder}"')
        if status != "OK":
            raise InboxUnreachable(where=where, why=_words(said))
        yield Inbox(client, ReplyAddresses(settings))
    except (imaplib.IMAP4.error, OSError) as error:
        raise InboxUnreachable(where=where, why=_words([str(error).encode()])) from error
    finally:
        if client is not None:
            _leave(client)


def _connected(settings: Settings) -> imaplib.IMAP4:
    host, port = settings.imap_host, settings.imap_port
    if settings.imap_tls == "tls":
        return imaplib.IMAP4_SSL(host, port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT_S)
    client = imaplib.IMAP4(host, port, timeout=TIMEOUT_S)
    if settings.imap_tls == "starttls":
        client.starttls(ssl.create_default_context())
    return client


def _leave(client: imaplib.IMAP4) -> None:
    try:
        client.logout()
    except (imaplib.IMAP4.error, OSError):
        client.shutdown()


def _words(said: list[bytes | None] | list[bytes]) -> str:
    """Say the server's own words, on one line; they never hold the password, which is not sent back."""
    return " ".join(b" ".join(one for one in said if one).decode("utf-8", "replace").split())[:200]
