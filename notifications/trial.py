"""A test message by one channel, with the other side's own words about it; it never takes longer than its deadline."""

import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape

from sqlmodel import Session

from config.settings import Settings
from config.shapes import ChannelSetting
from config.words import Text
from models.audit import record
from models.errors import Refused, UsageError
from models.notification import AttemptOutcome
from models.reads.channels import TEST
from notifications.added import find_added
from notifications.advice import advice
from notifications.allowed import ChannelRefused
from notifications.bot_sender import BotSender
from notifications.channel_list import needs_address
from notifications.channels import BUILT_IN, check_channel, make_sender
from notifications.render import Message
from notifications.senders import Address, Sender, SendResult, permanent, unknown

DEADLINE_S = 20.0
MOST_AT_ONCE, MOST_A_MINUTE = 2, 10
TITLE = Text("wardcycle: test message", "wardcycle：测试消息")
BODY = Text(
    "This is a test of the channel {title}. Nothing needs to be done. ✓ 测试",
    "这是对渠道“{title}”的测试，无需任何处理。✓ test",
)


class AddressMissing(UsageError):
    """A test by the channel '{slug}' needs an address of it: {example}."""

    zh = "测试渠道“{slug}”需要一个收件地址：{example}。"


class TooManyTrials(Refused):
    """Many tests were sent just now. Wait a minute and try again."""

    zh = "刚刚已发送多次测试，请一分钟后再试。"
    status = 429


@dataclass(frozen=True)
class Trial:
    """What came of a test. said: the other side's own words, without secrets; to_do: what they mean for a ward."""

    slug: str
    outcome: AttemptOutcome
    said: str
    to_do: Text


@dataclass
class Turnstile:
    """Lets few tests through at once and a minute, so that a page cannot be used to send many."""

    _at: deque[datetime] = field(default_factory=deque)
    _free: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(MOST_AT_ONCE))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, test: Callable[[], SendResult], *, now: datetime) -> SendResult:
        """Run one test. Raises TooManyTrials."""
        with self._lock:
            while self._at and abs(now - self._at[0]) >= timedelta(minutes=1):
                self._at.popleft()
            if len(self._at) >= MOST_A_MINUTE or not self._free.acquire(blocking=False):
                raise TooManyTrials
            self._at.append(now)

        def tested() -> SendResult:
            try:
                return test()
            finally:
                self._free.release()  # a test that hangs keeps its place until it ends

        return in_time(tested)


def try_channel(
    slug: str,
    channel: ChannelSetting,
    to: str,
    *,
    settings: Settings,
    language: str,
    now: datetime,
    turnstile: Turnstile | None = None,
) -> Trial:
    """Send one test message. Raises AddressMissing, ChannelRefused, TooManyTrials; anything else is its outcome."""
    if not to and needs_address(channel):
        example = "ana@hospital.example" if channel.url == BUILT_IN else "ward-3"
        raise AddressMissing(slug=slug, example=example)
    check_channel(slug, channel)
    message = test_message(channel.title.in_(language), language)
    # A mark of its own each time, or the receiver would drop the second test as a copy.
    address = Address(slug, to, f"test.{secrets.token_hex(8)}", "", now, 0)

    def test() -> SendResult:
        return _send(lambda: make_sender(slug, channel, settings), message, address)

    result = turnstile.run(test, now=now) if turnstile else in_time(test)
    return Trial(slug, result.outcome, result.why, advice(channel.url, result))


def test_message(title: str, language: str) -> Message:
    """Write the message of a test."""
    body = BODY.in_(language).format(title=title)
    return Message(TITLE.in_(language), f"{body}\n", f"<p>{escape(body)}</p>")


test_message.__test__ = False  # type: ignore[attr-defined]


def in_time(test: Callable[[], SendResult], *, deadline_s: float = DEADLINE_S) -> SendResult:
    """Run a test in a thread of its own and leave it there when it takes too long; it ends by its own limits."""
    results: list[SendResult] = []
    thread = threading.Thread(target=lambda: results.append(test()), daemon=True)
    thread.start()
    thread.join(deadline_s)
    return results[0] if results else unknown(f"no answer within {deadline_s:g} seconds")


def note_trial(session: Session, trial: Trial, *, by: int | None, now: datetime) -> None:
    """Keep in the trail that a test was sent and what came of it; not to whom."""
    row = find_added(session, trial.slug)
    facts = {"slug": trial.slug}
    outcome, row_id = trial.outcome.value, (row.id) if row else 0
    record(session, TEST, "channel", row_id, by=by, now=now, after=facts, why=trial.said, outcome=outcome)


def look_up(slug: str, channel: ChannelSetting, settings: Settings) -> None:
    """Check an address as a send would, without sending: it can be read, and its host may be reached.

    Raises ChannelRefused.
    """
    from notifications.door import AppriseSender

    sender = make_sender(slug, channel, settings)
    what = sender.fault() if isinstance(sender, BotSender | AppriseSender) else ""
    if what:
        raise ChannelRefused(slug=slug, what=Text(what, advice(channel.url, permanent(what)).zh.rstrip("。")))


def _send(make: Callable[[], Sender], message: Message, to: Address) -> SendResult:
    try:
        return make().send(message, to)
    except Exception as error:  # its text may hold an address with a password
        return unknown(f"the sender failed: {type(error).__name__}")
