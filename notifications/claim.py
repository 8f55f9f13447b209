"""Taking deliveries: leases that ended are reaped, what is due is claimed, each send is begun on record."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from models.cycle import Cycle, CycleStatus
from models.notification import (
    ASKING,
    Attempt,
    AttemptOutcome,
    Delivery,
    DeliveryStatus,
    Notification,
    NotificationKind,
)
from models.task import Decision, Task, TaskStatus
from models.transitions import move
from notifications.letters import URGENT

LEASE = timedelta(minutes=10)  # far longer than one send may take: smtp_timeout_s is 600 s at the most
MOST_TRIES = 8
NO_ANSWER = "the sender stopped before an answer came"

OF_A_DEADLINE = frozenset({NotificationKind.REMINDER, NotificationKind.ESCALATION, NotificationKind.STAGNANT})


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
    begun = [row.attempt_id for row in rows if row.attempt_id is not None]
    if begun:
        ended = sa.update(Attempt).where(col(Attempt.id).in_(begun), col(Attempt.outcome).is_(None))
        session.execute(ended.values(outcome=AttemptOutcome.UNKNOWN, ended_at=now, why=NO_ANSWER))
    again = [row.id for row in rows if row.attempt_id is None]
    repeat = [row.id for row in rows if row.attempt_id is not None and _urgent(row) and row.n_attempts < MOST_TRIES]
    dead = [row.id for row in rows if row.attempt_id is not None and _urgent(row) and row.n_attempts >= MOST_TRIES]
    held = [row.id for row in rows if row.attempt_id is not None and not _urgent(row)]
    _move(session, again, DeliveryStatus.QUEUED, now, "its sender stopped before it was sent", {"next_try_at": now})
    _move(session, repeat, DeliveryStatus.QUEUED, now, f"{NO_ANSWER}; sent again", {"next_try_at": now})
    _move(session, held, DeliveryStatus.HELD, now, NO_ANSWER, {"settled_at": now, "unheard": True})
    _move(
        session,
        dead,
        DeliveryStatus.DEAD,
        now,
        f"{NO_ANSWER}, {MOST_TRIES} times",
        {"settled_at": now, "unheard": True},
    )
    return Reaped(len(again) + len(repeat), len(held), len(dead))


def claim(session: Session, *, now: datetime, batch: int, without: Collection[str] = ()) -> list[int]:
    """Take the deliveries that have been due longest, under a lease; nobody else takes them meanwhile.

    without: channels that do not work at the moment.
    """
    due = (
        sa.select(col(Delivery.id))
        .where(col(Delivery.status) == DeliveryStatus.QUEUED, col(Delivery.next_try_at) <= now)
        .order_by(col(Delivery.next_try_at), col(Delivery.id))
        .limit(batch)
        .with_for_update(skip_locked=True)
    )
    if without:
        due = due.where(col(Delivery.channel).not_in(without))
    ids = [row_id for row_id in session.execute(due).scalars() if row_id is not None]
    values = {"lease_until": now + LEASE, "epoch": col(Delivery.epoch) + 1}
    move(session, Delivery, ids, DeliveryStatus.QUEUED, DeliveryStatus.SENDING, by=None, now=now, values=values)
    return ids


def anything_due(session: Session, *, now: datetime) -> bool:
    """Answer whether `deliver_due` would find work; two looks into small indexes."""
    queued = sa.select(sa.literal(1)).where(
        col(Delivery.status) == DeliveryStatus.QUEUED, col(Delivery.next_try_at) <= now
    )
    left = sa.select(sa.literal(1)).where(
        col(Delivery.status) == DeliveryStatus.SENDING, col(Delivery.lease_until) <= now
    )
    return any(session.execute(look.limit(1)).first() for look in (queued, left))


@dataclass(frozen=True)
class Begun:
    """A send may start: its attempt is on record. `no` counts the attempts of the delivery."""

    attempt_id: int
    no: int


@dataclass(frozen=True)
class Unwanted:
    """Nobody needs this any more."""

    why: str


def begin(session: Session, delivery_id: int, *, epoch: int, now: datetime) -> Begun | Unwanted | None:
    """Write down that a send begins, if it is still ours and still wanted; None when the lease is no longer ours."""
    connection = session.connection()  # past the session: objects would cost more than the send
    row = connection.execute(_STATE, {"id": delivery_id}).one()
    if row.status is not DeliveryStatus.SENDING or row.epoch != epoch:
        return None
    why = unwanted(row)
    if why:
        return Unwanted(why)
    no = row.n_attempts + 1
    renewed = connection.execute(_RENEW, {"id_": delivery_id, "epoch_": epoch, "no_": no, "lease_": now + LEASE})
    if renewed.rowcount != 1:  # PostgreSQL: reaped between the look and the write
        return None
    made = connection.execute(_BEGIN, {"delivery_id": delivery_id, "no": no, "began_at": now})
    return Begun(made.scalar_one(), no)


def unwanted(row: sa.Row[tuple[object, ...]]) -> str:
    """Say why something need not be sent any more; '' when it is still wanted."""
    if row.kind not in ASKING:
        return ""
    if row.task_status in (TaskStatus.DONE, TaskStatus.STOPPED):
        return f"the task is {row.task_status.value}"
    if row.task_status is TaskStatus.PAUSED or row.cycle_status is CycleStatus.PAUSED:
        return "the cycle is paused"
    if row.cycle_status in (CycleStatus.CLOSED, CycleStatus.CANCELLED):
        return f"the cycle is {row.cycle_status.value}"
    if row.ended_at is not None:
        return "it is decided"
    if row.kind in OF_A_DEADLINE and row.task_deadline_no is not None and row.deadline_no < row.task_deadline_no:
        return "the deadline has moved"
    if row.kind in OF_A_DEADLINE and row.task_status is TaskStatus.DECIDING:
        return "an answer waits for a decision"
    return ""


def _expired(now: datetime, batch: int) -> sa.Select[tuple[object, ...]]:
    open_attempt = sa.and_(col(Attempt.delivery_id) == Delivery.id, col(Attempt.outcome).is_(None))
    expired: sa.Select[tuple[object, ...]] = (
        sa.select(
            Delivery.id,
            Delivery.n_attempts,
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


_delivery: sa.Table = Delivery.__table__  # type: ignore[attr-defined]
_attempt: sa.Table = Attempt.__table__  # type: ignore[attr-defined]
_STATE = (
    sa.select(
        Delivery.status, Delivery.epoch, Delivery.n_attempts, Notification.kind, Notification.deadline_no,
        col(Task.status).label("task_status"), col(Task.deadline_no).label("task_deadline_no"),
        col(Cycle.status).label("cycle_status"), Decision.ended_at,
    )  # type: ignore[call-overload]
    .select_from(Delivery)
    .join(Notification, col(Notification.id) == Delivery.notification_id)
    .outerjoin(Task, col(Task.id) == Notification.task_id)
    .outerjoin(Cycle, col(Cycle.id) == Notification.cycle_id)
    .outerjoin(Decision, col(Decision.id) == Notification.decision_id)
    .where(col(Delivery.id) == sa.bindparam("id"))
)  # fmt: skip
_RENEW = (
    sa.update(_delivery)
    .where(
        col(Delivery.id) == sa.bindparam("id_"),
        col(Delivery.status) == DeliveryStatus.SENDING,
        col(Delivery.epoch) == sa.bindparam("epoch_"),
    )
    .values(n_attempts=sa.bindparam("no_"), lease_until=sa.bindparam("lease_"))
)
_BEGIN = sa.insert(_attempt).returning(_attempt.c.id)
