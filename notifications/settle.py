"""Writing down what became of a send: sent, again later, held, given up, and who is told in its place."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from config.calendar import Calendar
from models.errors import Stale
from models.notification import Attempt, AttemptOutcome, Delivery, DeliveryStatus
from models.transitions import move
from notifications.breaker import failed, worked
from notifications.claim import MOST_CRASHES, MOST_TRIES, Begun
from notifications.letters import Letter
from notifications.ranks import find_next, queue_next
from notifications.reap import KEPT_BACK
from notifications.senders import MOST_WHY, SendResult
from notifications.suspended import suspend

BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))
JITTER = 0.2  # up to a fifth longer, so that a thousand mails do not come back at one moment


@dataclass(frozen=True)
class Tried:
    """One attempt with its result. broken: the message itself could not be made; no other channel would help."""

    letter: Letter
    begun: Begun
    result: SendResult
    broken: bool = False

    @property
    def kept_back(self) -> bool:
        """Answer whether it has ended what was sending it too often."""
        return self.result.crashed and self.begun.n_crashes + 1 >= MOST_CRASHES

    @property
    def again(self) -> bool:
        """Answer whether it may be tried again: it did not arrive, or a second copy does less harm than silence."""
        outcome = self.result.outcome
        unclear = outcome is AttemptOutcome.UNKNOWN and self.letter.urgent and not self.kept_back
        return outcome is AttemptOutcome.TRANSIENT or unclear


@dataclass(frozen=True)
class Terms:
    """What the settling of a round keeps to. troubled: channels that have failed lately.

    random: between 0 and 1, spreads the retries; calendar: of the sending window, where there is one.
    """

    random: Callable[[], float]
    calendar: Calendar | None = None
    troubled: Collection[str] = ()


def settle(session: Session, tried: Tried, *, terms: Terms, now: datetime) -> DeliveryStatus | None:
    """Write the result down; returns the new status, or None when the lease was lost and nothing was settled.

    A late acceptance still counts where the delivery was already held or given up.
    """
    result, letter = tried.result, tried.letter
    ended = {"id_": tried.begun.attempt_id, "outcome": result.outcome, "ended_at": now, "why": result.why}
    session.connection().execute(_END, ended)
    n_failed = _note_channel(session, tried, terms, now)
    if result.nobody:
        suspend(session, letter.delivery_id, why=result.why, now=now)
    new, values = _next(tried, terms, now, n_failed)
    ends_badly = new is DeliveryStatus.DEAD or (tried.kept_back and letter.urgent)
    following = find_next(session, letter.delivery_id) if ends_badly and not tried.broken else None
    if new in (DeliveryStatus.HELD, DeliveryStatus.DEAD):
        values["unheard"] = following is None or tried.kept_back
    why = str(values["why"])
    try:
        _move(session, letter.delivery_id, DeliveryStatus.SENDING, new, now, why, values, {"epoch": letter.epoch})
    except Stale:
        return _settle_late(session, tried, now) if new is DeliveryStatus.SENT else None
    if following:
        queue_next(session, following, at=now)
    return new


def _note_channel(session: Session, tried: Tried, terms: Terms, now: datetime) -> int:
    """Tell the channel's breaker; returns how often the channel itself has failed in a row."""
    result, channel = tried.result, tried.letter.channel
    if result.of_channel:
        return failed(session, channel, why=result.why, now=now)
    if channel in terms.troubled and not result.crashed and not tried.broken and result.free_at is None:
        worked(session, channel, now=now, opens_at=terms.calendar.sendable(now) if terms.calendar else now)
    return 0


_attempt: sa.Table = Attempt.__table__  # type: ignore[attr-defined]
_END = (
    sa.update(_attempt)
    .where(_attempt.c.id == sa.bindparam("id_"), _attempt.c.outcome.is_(None))
    .values(outcome=sa.bindparam("outcome"), ended_at=sa.bindparam("ended_at"), why=sa.bindparam("why"))
)


def drop(session: Session, letter: Letter, *, why: str, now: datetime) -> None:
    """Take a delivery out that nobody needs any more."""
    values: dict[str, object] = {"why": why, "settled_at": now, "lease_until": None}
    fence = {"epoch": letter.epoch}
    with suppress(Stale):  # the lease was lost: whoever has it now will drop it
        _move(session, letter.delivery_id, DeliveryStatus.SENDING, DeliveryStatus.DROPPED, now, why, values, fence)


def release(session: Session, letters: list[Letter], *, why: str, now: datetime, until: datetime) -> None:
    """Put back what was claimed and not begun, where it is still ours; no attempt is counted."""
    values: dict[str, object] = {"next_try_at": until, "lease_until": None, "why": why}
    for letter in letters:
        fence = {"epoch": letter.epoch}
        with suppress(Stale):  # whoever has it now will send it
            _move(session, letter.delivery_id, DeliveryStatus.SENDING, DeliveryStatus.QUEUED, now, why, values, fence)


def backoff(no: int, random: Callable[[], float]) -> timedelta:
    """Find how long to wait after the attempt `no` (from 1)."""
    return BACKOFF[min(no, len(BACKOFF)) - 1] * (1 + JITTER * random())


def _next(tried: Tried, terms: Terms, now: datetime, n_failed: int) -> tuple[DeliveryStatus, dict[str, object]]:
    """Decide what becomes of the delivery. n_failed: how often its channel has failed in a row, this time included."""
    result, begun = tried.result, tried.begun
    values: dict[str, object] = {"why": result.why, "lease_until": None}
    if result.crashed:
        values["n_crashes"] = begun.n_crashes + 1
    # In an outage of the whole channel a try says nothing about the message. The first failure of a row still counts,
    # or a message that breaks a channel which takes all the others would be tried for ever.
    spared = result.outcome is AttemptOutcome.TRANSIENT and n_failed > 1
    if spared:
        values["n_attempts"] = begun.no - 1
    if tried.again and (spared or begun.no < MOST_TRIES):
        n_tries = max(1, begun.no - spared)
        return DeliveryStatus.QUEUED, values | {"next_try_at": _next_try(tried, n_tries, terms, now)}
    values["settled_at"] = now
    if result.outcome is AttemptOutcome.ACCEPTED:
        return DeliveryStatus.SENT, values
    if tried.kept_back:
        return DeliveryStatus.HELD, values | {"why": f"{KEPT_BACK}: {result.why}"[:MOST_WHY]}
    held = result.outcome is AttemptOutcome.UNKNOWN and not tried.again
    return (DeliveryStatus.HELD if held else DeliveryStatus.DEAD), values


def _next_try(tried: Tried, n_tries: int, terms: Terms, now: datetime) -> datetime:
    free_at = tried.result.free_at or now  # the channel said itself when it takes messages again
    at = max(now + backoff(n_tries, terms.random), free_at)
    return at if tried.begun.any_hour or terms.calendar is None else terms.calendar.sendable(at)


def _settle_late(session: Session, tried: Tried, now: datetime) -> DeliveryStatus | None:
    """Believe an acceptance that came after the lease had ended, where the delivery still stands without an end."""
    why = f"accepted late: {tried.result.why}"
    for old in (DeliveryStatus.HELD, DeliveryStatus.DEAD):
        values: dict[str, object] = {"settled_at": now, "unheard": False, "why": why}
        try:
            _move(session, tried.letter.delivery_id, old, DeliveryStatus.SENT, now, why, values, {})
        except Stale:
            continue
        return DeliveryStatus.SENT
    return None


def _move(
    session: Session,
    delivery_id: int,
    old: DeliveryStatus,
    new: DeliveryStatus,
    now: datetime,
    why: str,
    values: dict[str, object],
    fence: Mapping[str, object],
) -> None:
    move(session, Delivery, [delivery_id], old, new, by=None, now=now, why=why, values=values, fence=fence)
