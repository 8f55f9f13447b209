"""Taking deliveries: what is due is claimed, each send is begun on record."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from models.cycle import Cycle, CycleStatus
from models.notification import (
    ASKING,
    Attempt,
    Delivery,
    DeliveryStatus,
    Notification,
    NotificationKind,
)
from models.task import Decision, Task, TaskStatus
from models.transitions import move
from notifications.letters import URGENT

LEASE = timedelta(minutes=10)  # longer than one send may take: send_deadline_s is 300 s at the most
MOST_TRIES = 8
MOST_CRASHES = 2  # a message that ends what sends it is kept back the second time

OF_A_DEADLINE = frozenset({NotificationKind.REMINDER, NotificationKind.ESCALATION, NotificationKind.STAGNANT})


def claim(
    session: Session,
    *,
    now: datetime,
    batch: int,
    without: Collection[str] = (),
    only: str | None = None,
    released_id: int | None = None,
    quiet: Collection[str] = (),
) -> list[int]:
    """Take the deliveries that have been due longest, under a lease; nobody else takes them meanwhile.

    without: channels that do not work at the moment; only: no other channel than this.
    released_id: the valve is shut: what is not urgent stays, but for deliveries up to this one.
    quiet: channels whose backlog waits for the sending window; only what may come at any hour is taken.
    """
    due = (
        sa.select(col(Delivery.id))
        .where(col(Delivery.status) == DeliveryStatus.QUEUED, col(Delivery.next_try_at) <= now)
        .order_by(col(Delivery.next_try_at), col(Delivery.id))
        .limit(batch)
        .with_for_update(skip_locked=True, of=Delivery)
    )
    if without:
        due = due.where(col(Delivery.channel).not_in(without))
    if only is not None:
        due = due.where(col(Delivery.channel) == only)
    if released_id is not None:
        due = due.join(Notification, col(Notification.id) == col(Delivery.notification_id)).where(
            sa.or_(col(Delivery.id) <= released_id, col(Notification.urgent), col(Notification.kind).in_(URGENT))
        )
    if quiet:
        any_hour = sa.select(col(Notification.id)).where(
            col(Notification.id) == col(Delivery.notification_id),
            sa.or_(col(Notification.urgent), col(Notification.rung).like("%h")),
        )
        due = due.where(sa.or_(col(Delivery.channel).not_in(quiet), any_hour.exists()))
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


def due_channels(session: Session, *, now: datetime) -> list[str]:
    """Find the channels that have something due; two steps in an index for each channel, however much waits."""
    found: list[str] = []
    channel = ""
    queued = sa.select(col(Delivery.channel)).where(col(Delivery.status) == DeliveryStatus.QUEUED).limit(1)
    while True:
        following = queued.where(col(Delivery.channel) > channel).order_by(col(Delivery.channel))
        channel = session.execute(following).scalar() or ""
        if not channel:
            return found
        due = queued.where(col(Delivery.channel) == channel, col(Delivery.next_try_at) <= now)
        found += [channel] if session.execute(due).first() else []


@dataclass(frozen=True)
class Begun:
    """A send may start: its attempt is on record. `no` counts the tries of the delivery that count, with this one.

    at: when it began. any_hour: its tries need not keep to the sending window.
    """

    attempt_id: int
    no: int
    at: datetime
    n_crashes: int = 0
    any_hour: bool = False


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
    made = connection.execute(_BEGIN, {"id_": delivery_id, "began_": now})
    any_hour = row.urgent or row.rung.endswith("h")  # as engine/outbox.py plans the first try
    return Begun(made.scalar_one(), no, now, row.n_crashes, any_hour)


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


_delivery: sa.Table = Delivery.__table__  # type: ignore[attr-defined]
_attempt: sa.Table = Attempt.__table__  # type: ignore[attr-defined]
_STATE = (
    sa.select(
        Delivery.status, Delivery.epoch, Delivery.n_attempts, Delivery.n_crashes,
        Notification.kind, Notification.urgent, Notification.rung, Notification.deadline_no,
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
# Its number counts all attempts, also those that count for nothing.
_BEGIN = (
    sa.insert(_attempt)
    .values(
        delivery_id=sa.bindparam("id_"),
        began_at=sa.bindparam("began_"),
        no=sa.select(sa.func.coalesce(sa.func.max(_attempt.c.no), 0) + 1)
        .where(_attempt.c.delivery_id == sa.bindparam("id_"))
        .scalar_subquery(),
    )
    .returning(_attempt.c.id)
)
