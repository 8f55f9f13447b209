"""Writing down what became of a send: sent, again later, held, given up, and who is told in its place."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from models.errors import Stale
from models.notification import Attempt, AttemptOutcome, Delivery, DeliveryStatus
from models.transitions import move
from notifications.claim import MOST_TRIES
from notifications.letters import Letter
from notifications.senders import SendResult

BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))
JITTER = 0.2  # up to a fifth longer, so that a thousand mails do not come back at one moment


@dataclass(frozen=True)
class Tried:
    """One attempt with its result. broken: the message itself could not be made; no other channel would help."""

    letter: Letter
    attempt_id: int
    no: int
    result: SendResult
    broken: bool = False


def settle(session: Session, tried: Tried, *, now: datetime, random: Callable[[], float]) -> DeliveryStatus | None:
    """Write the result down; returns the new status, or None when the lease was lost and nothing was settled.

    A late acceptance still counts where the delivery was already held or given up.
    """
    result, letter = tried.result, tried.letter
    ended = {"id_": tried.attempt_id, "outcome": result.outcome, "ended_at": now, "why": result.why}
    session.connection().execute(_END, ended)
    new, values = _next(tried, now, random)
    falls_back = new is DeliveryStatus.DEAD and not tried.broken and letter.rank + 1 < len(letter.channels)
    values |= {"why": result.why, "lease_until": None}
    if new in (DeliveryStatus.HELD, DeliveryStatus.DEAD):
        values["unheard"] = not falls_back
    try:
        _move(
            session, letter.delivery_id, DeliveryStatus.SENDING, new, now, result.why, values, {"epoch": letter.epoch}
        )
    except Stale:
        return _settle_late(session, tried, now) if new is DeliveryStatus.SENT else None
    if falls_back:
        _fall_back(session, letter, now)
    return new


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


def release(session: Session, letters: list[Letter], *, why: str, now: datetime, until: datetime) -> int:
    """Put back what was claimed and not begun, where it is still ours; no attempt is counted."""
    n_released = 0
    for letter in letters:
        values: dict[str, object] = {"next_try_at": until, "lease_until": None, "why": why}
        fence = {"epoch": letter.epoch}
        try:
            _move(session, letter.delivery_id, DeliveryStatus.SENDING, DeliveryStatus.QUEUED, now, why, values, fence)
        except Stale:
            continue
        n_released += 1
    return n_released


def backoff(no: int, random: Callable[[], float]) -> timedelta:
    """Find how long to wait after the attempt `no` (from 1)."""
    return BACKOFF[min(no, len(BACKOFF)) - 1] * (1 + JITTER * random())


def _next(tried: Tried, now: datetime, random: Callable[[], float]) -> tuple[DeliveryStatus, dict[str, object]]:
    outcome = tried.result.outcome
    again = outcome is AttemptOutcome.TRANSIENT or (outcome is AttemptOutcome.UNKNOWN and tried.letter.urgent)
    if again and tried.no < MOST_TRIES:
        free_at = tried.result.free_at or now  # the channel said itself when it takes messages again
        return DeliveryStatus.QUEUED, {"next_try_at": max(now + backoff(tried.no, random), free_at)}
    if outcome is AttemptOutcome.ACCEPTED:
        return DeliveryStatus.SENT, {"settled_at": now}
    held = outcome is AttemptOutcome.UNKNOWN and not again
    return (DeliveryStatus.HELD if held else DeliveryStatus.DEAD), {"settled_at": now}


def _fall_back(session: Session, letter: Letter, now: datetime) -> None:
    """Queue the person's next channel."""
    row = {
        "notification_id": letter.notification_id,
        "rank": letter.rank + 1,
        "channel": letter.channels[letter.rank + 1],
        "status": DeliveryStatus.QUEUED,
        "next_try_at": now,
        "n_attempts": 0,
        "epoch": 0,
        "unheard": False,
        "why": "",
    }
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(Delivery).values(row).on_conflict_do_nothing(index_elements=["notification_id", "rank"])
    )


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
