"""Taking back what senders left behind whose lease has ended."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from models.notification import Attempt, AttemptOutcome, Delivery, DeliveryStatus, Notification
from models.transitions import move
from notifications.claim import MOST_CRASHES, MOST_TRIES
from notifications.letters import URGENT
from notifications.ranks import NextRank, find_next, queue_next

NO_ANSWER = "the sender stopped before an answer came"
KEPT_BACK = "it ended what was sending it twice and is kept back, so that the others can be sent"


@dataclass(frozen=True)
class Reaped:
    """How many deliveries went back into the queue, to the shelf, out of the queue for good."""

    n_retry: int = 0
    n_held: int = 0
    n_dead: int = 0


def reap(session: Session, *, now: datetime, batch: int) -> Reaped:
    """Take back what senders left behind whose lease has ended.

    A send that had begun may have arrived: urgent kinds are sent again, the rest is held for somebody to look at.
    """
    rows = session.execute(_expired(now, batch)).all()
    begun = [row for row in rows if row.attempt_id is not None]
    if begun:
        ids = [row.attempt_id for row in begun]
        ended = sa.update(Attempt).where(col(Attempt.id).in_(ids), col(Attempt.outcome).is_(None))
        session.execute(ended.values(outcome=AttemptOutcome.UNKNOWN, ended_at=now, why=NO_ANSWER))
    again = [row.id for row in rows if row.attempt_id is None]
    _move(session, again, DeliveryStatus.QUEUED, now, "its sender stopped before it was sent", {"next_try_at": now})
    fates = Counter(_reap_begun(session, row, now) for row in begun)
    return Reaped(len(again) + fates[DeliveryStatus.QUEUED], fates[DeliveryStatus.HELD], fates[DeliveryStatus.DEAD])


def _reap_begun(session: Session, row: sa.Row[tuple[object, ...]], now: datetime) -> DeliveryStatus:
    """Decide about a message that may have arrived, and may be what ended its sender."""
    crashed: dict[str, object] = {"n_crashes": row.n_crashes + 1}
    ended: dict[str, object] = crashed | {"settled_at": now}
    if row.n_crashes + 1 >= MOST_CRASHES:
        following = find_next(session, row.id) if _urgent(row) else None
        _move(session, [row.id], DeliveryStatus.HELD, now, KEPT_BACK, ended | {"unheard": True})
        return _then(session, following, DeliveryStatus.HELD, now)
    if not _urgent(row):
        _move(session, [row.id], DeliveryStatus.HELD, now, NO_ANSWER, ended | {"unheard": True})
        return DeliveryStatus.HELD
    if row.n_attempts < MOST_TRIES:
        _move(session, [row.id], DeliveryStatus.QUEUED, now, f"{NO_ANSWER}; sent again", crashed | {"next_try_at": now})
        return DeliveryStatus.QUEUED
    following = find_next(session, row.id)
    why = f"{NO_ANSWER}, {MOST_TRIES} times"
    _move(session, [row.id], DeliveryStatus.DEAD, now, why, ended | {"unheard": following is None})
    return _then(session, following, DeliveryStatus.DEAD, now)


def _then(session: Session, following: NextRank | None, status: DeliveryStatus, now: datetime) -> DeliveryStatus:
    if following:
        queue_next(session, following, at=now)
    return status


def _expired(now: datetime, batch: int) -> sa.Select[tuple[object, ...]]:
    open_attempt = sa.and_(col(Attempt.delivery_id) == Delivery.id, col(Attempt.outcome).is_(None))
    expired: sa.Select[tuple[object, ...]] = (
        sa.select(
            Delivery.id,
            Delivery.n_attempts,
            Delivery.n_crashes,
            Notification.kind,
            Notification.urgent,
            col(Attempt.id).label("attempt_id"),
        )  # type: ignore[call-overload]
        .select_from(Delivery)
        .join(Notification, col(Notification.id) == Delivery.notification_id)
        .outerjoin(Attempt, open_attempt)
        .where(col(Delivery.status) == DeliveryStatus.SENDING, col(Delivery.lease_until) <= now)
        .order_by(col(Delivery.lease_until), col(Delivery.id))
        .limit(batch)
        .with_for_update(skip_locked=True, of=Delivery)
    )
    return expired


def _urgent(row: sa.Row[tuple[object, ...]]) -> bool:
    return bool(row.urgent or row.kind in URGENT)


def _move(
    session: Session, ids: Sequence[int], new: DeliveryStatus, now: datetime, why: str, values: dict[str, object]
) -> None:
    said = {**values, "lease_until": None, "why": why}
    move(session, Delivery, ids, DeliveryStatus.SENDING, new, by=None, now=now, why=why, values=said)
