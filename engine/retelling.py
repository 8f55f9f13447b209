"""What a leaver was still to be told is taken back and told to the person who takes over."""

import json
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.outbox import Note
from models.notification import ASKING, Delivery, DeliveryStatus, Notification, NotificationKind
from models.task import Decision, Task, TaskStatus
from models.transitions import move

WHY = "handed over"
# What is told to owners as owners. Of a handed task one message says that it is theirs now: these would repeat it.
AS_OWNER = (NotificationKind.ASSIGNED, NotificationKind.REMINDER)


def take_back(
    session: Session, leaver_id: int, to_id: int, handed: Sequence[Task], *, by: int | None, now: datetime
) -> list[Note]:
    """Drop what is queued for a leaver and asks for something; list what is to be told again.

    What the leaver was asked to decide and nobody has decided is told again even if it was sent.
    """
    queued = _queued(session, leaver_id)
    values = {"why": WHY, "settled_at": now}
    ids = [delivery_id for delivery_id, _ in queued]
    move(session, Delivery, ids, DeliveryStatus.QUEUED, DeliveryStatus.DROPPED, by=by, now=now, why=WHY, values=values)
    asked = {row.id: row for row in [*(row for _, row in queued), *_undecided(session, leaver_id)]}
    handed_ids = {task.id for task in handed}
    mark = WHY.replace(" ", "-")
    # The new person, or for whom the leaver stood in: their stand-in is found anew.
    notes = [
        again(row, person_id=to_id if row.for_id in (None, leaver_id) else row.for_id, mark=mark, at=now)
        for row in (asked[key] for key in sorted(asked))
    ]
    return [
        note
        for note in notes
        if note.kind is not NotificationKind.HAND_OVER  # offered to the leaver alone: it stays with its owner
        and not (note.person_id == to_id and note.kind in AS_OWNER and note.task_id in handed_ids)
    ]


def _mine(leaver_id: int) -> sa.ColumnElement[bool]:
    to_me, for_me = col(Notification.person_id) == leaver_id, col(Notification.for_id) == leaver_id
    return sa.and_(sa.or_(to_me, for_me), col(Notification.kind).in_(ASKING))


def _queued(session: Session, leaver_id: int) -> list[tuple[int, Notification]]:
    rows = session.exec(
        select(Delivery.id, Notification)
        .join(Notification, col(Notification.id) == col(Delivery.notification_id))
        .where(_mine(leaver_id), Delivery.status == DeliveryStatus.QUEUED)
        .order_by(col(Delivery.id))
        .with_for_update(of=Delivery)
    )
    return list(rows)


def _undecided(session: Session, leaver_id: int) -> list[Notification]:
    decisions = session.exec(
        select(Notification)
        .join(Decision, col(Decision.id) == col(Notification.decision_id))
        .where(_mine(leaver_id), col(Decision.ended_at).is_(None))
    )
    escalations = session.exec(
        select(Notification)
        .join(Task, col(Task.id) == col(Notification.task_id))
        .where(
            _mine(leaver_id),
            Notification.kind == NotificationKind.ESCALATION,
            Task.status == TaskStatus.OPEN,
            Task.deadline_no == Notification.deadline_no,
        )
    )
    return [*decisions, *escalations]


def again(row: Notification, *, person_id: int, mark: str, at: datetime) -> Note:
    """Make the note of a notification once more, for whom it is now. mark: tells its key from the first one's."""
    facts = {name: str(fact) for name, fact in json.loads(row.facts).items() if name != "instead"}
    return Note(
        # The key ends with the person who was told, which `tell` adds.
        key=f"{row.key.rsplit(':', 1)[0]}:{mark}",
        kind=row.kind,
        person_id=person_id,
        at=at,
        cycle_id=row.cycle_id,
        task_id=row.task_id,
        decision_id=row.decision_id,
        rung=row.rung,
        level=row.level,
        deadline_no=row.deadline_no,
        urgent=row.urgent,
        facts=facts,
    )
