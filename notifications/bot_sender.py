"""Sending by a group bot: its address read from channels.yaml, one POST, its answer in our words."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from config.words import Text
from notifications.allowed import ChannelRefused, cleaned, private_host, scheme_of, secrets_of
from notifications.bots import BOTS, Bot, Key, encode
from notifications.cut import cut
from notifications.post import ANSWER_S, Answer, post
from notifications.render import Message
from notifications.senders import Address, SendResult, accepted, permanent, transient, unknown
from notifications.throttle import Throttle

# The code is what counts; these words save a message on the day when a vendor gives its limit a new number.
_FULL = re.compile(r"frequency limit|freq out of limit|too fast|too many requests|限流|频率", re.IGNORECASE)
# In WeCom and Feishu `<at user_id="all">` or `<@name>` in a title would call the whole group.
_CALL = re.compile(r"<(?=\s*/?\s*at\b|@)", re.IGNORECASE)


def is_bot(url: str) -> bool:
    """Answer whether an address of channels.yaml is a group bot's."""
    return scheme_of(url) in BOTS


@dataclass
class BotSender:
    """One bot in one group. It answers, whatever happens on the way; over the limit it says from when it may go.

    The moment of a message (`Address.at`) is its only clock: for the limits and for the signature.
    pause: for the fifth of a second that Feishu wants between two messages.
    """

    slug: str
    url: str = field(repr=False)
    base_url: str = ""
    permitted: tuple[str, ...] = ()
    answer_s: float = ANSWER_S
    pause: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        self.bot, self.key = read_bot(self.slug, self.url, self.base_url)
        self._base = self.base_url or self.bot.base
        self._secrets = sorted({self.key.token, self.key.secret, *secrets_of(self.url)} - {""}, key=len, reverse=True)
        self._throttle = Throttle(self.bot.per_minute)

    def send(self, message: Message, to: Address) -> SendResult:
        """Hand one message to the group."""
        free_at = self._throttle.free_at(to.at)
        if free_at > to.at:
            return self._later(f"{self.bot.name} takes {self.bot.per_minute} messages a minute", free_at)
        closed = self.fault()
        if closed:
            return permanent(closed)
        since = self._throttle.take(to.at)
        if since is not None and since < self.bot.gap:
            self.pause(min(self.bot.gap, self.bot.gap - since).total_seconds())
        path, body = self.bot.ask(self._text(message), self.key, to.at)
        answer = post(self._base, path, encode(body), answer_s=self.answer_s)
        result = self._read(answer, to.at) if isinstance(answer, Answer) else answer
        return replace(result, why=cleaned(result.why, self._secrets))

    def _text(self, message: Message) -> str:
        # Everybody in the group reads this. The text holds the cycle page's link and nothing else to press; a link
        # that answers in one person's name must be left out here, whatever the message carries for other channels.
        text = _CALL.sub("＜", f"{message.subject}\n\n{message.text.strip()}")
        return cut(text, self.bot.most, self.bot.measure)

    def fault(self) -> str:
        """Say why the setting's own place may not be used; the vendors' need no permission."""
        if not self.base_url:
            return ""
        parts = urlsplit(self.base_url)
        private = private_host(parts.hostname or "", parts.port, self.permitted)
        if private:
            return f"{private} is in the own network and not among channel_hosts"
        named = {parts.netloc, parts.hostname or ""}
        if parts.scheme != "https" and not named & set(self.permitted):
            return f"{parts.netloc} is not reached by https and not among channel_hosts"
        return ""

    def _read(self, answer: Answer, at: datetime) -> SendResult:
        code, words, punished = _said(answer.body, self.bot)
        taken, status = 200 <= answer.status < 300, answer.status
        parts = (f"{self.bot.name}:", "" if taken else f"HTTP {status}", "" if code is None else str(code), words)
        why = " ".join(filter(None, parts))
        if taken and code == 0:
            return accepted(why)
        if status == 429 or code in self.bot.full or punished or _FULL.search(words):
            wait = timedelta(seconds=answer.wait_s) if answer.wait_s else self.bot.shut
            return self._later(why, self._throttle.shut(at, wait))
        if code in self.bot.wrong:
            return permanent(why)
        if taken and code is None:
            return unknown(f"the message was handed over; {self.bot.name} gave no answer that can be read")
        if 400 <= status < 500 and status not in (408, 425):  # those two ask to come back later
            return permanent(why)
        # 5xx is the server's own trouble, whatever was sent: it counts against the channel.
        return transient(why, down=status >= 500)

    def _later(self, why: str, free_at: datetime) -> SendResult:
        return transient(f"{why}; free again at {free_at:%Y-%m-%d %H:%M:%S %Z}", down=True, free_at=free_at)


def read_bot(slug: str, url: str, base_url: str) -> tuple[Bot, Key]:
    """Read a bot's address and key. Raises ChannelRefused, which never shows them."""
    bot = BOTS[scheme_of(url)]
    found = re.fullmatch(r"[A-Za-z]+://([A-Za-z0-9._~-]{4,200})/?(?:\?(.*))?", url)
    if found is None:
        raise ChannelRefused(
            slug=slug, what=Text(f"its address is not of the form {bot.form}", f"地址应为 {bot.form} 的形式")
        )
    # A plus stands for itself in a secret, not for a blank.
    given = parse_qsl((found[2] or "").replace("+", "%2B"), keep_blank_values=True)
    names = [name if value else "" for name, value in given]
    if names and not (bot.signs and names == ["secret"]):
        raise ChannelRefused(
            slug=slug, what=Text(f"nothing but {bot.form} may stand there", f"除 {bot.form} 外不能有其他内容")
        )
    if base_url and not _is_place(base_url):
        raise ChannelRefused(
            slug=slug, what=Text("base_url is not of the form https://host", "base_url 应为 https://主机 的形式")
        )
    return bot, Key(found[1], dict(given).get("secret", ""))


def _is_place(base_url: str) -> bool:
    if re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+(/[^\s?#]*)?", base_url) is None:
        return False
    try:
        return bool(urlsplit(base_url).hostname) and urlsplit(base_url).port != 0
    except ValueError:
        return False


def _said(body: bytes, bot: Bot) -> tuple[int | None, str, bool]:
    """Read code and words; and whether the vendor's gate shut us out before the bot was asked."""
    try:
        read = json.loads(body)
    except ValueError:
        return None, "", False
    if not isinstance(read, dict):
        return None, "", False
    # Feishu's older answers have StatusCode only.
    code = read.get(bot.code, read.get("StatusCode"))
    words = read.get(bot.words, read.get("StatusMessage", ""))
    # DingTalk's gate: {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", ...}
    return code if type(code) is int else None, " ".join(str(words).split())[:300], "punish" in read
