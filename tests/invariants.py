"""What must hold after every test that touches the outbox, whatever happened before."""

import json
import re
from collections import Counter
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.audit import Audit, verify
from models.base import Row
from models.cycle import Cycle, CycleStatus, Stage
from models.db import Database
from models.notification import Attempt, AttemptOutcome, Delivery, DeliveryStatus, Notification, NotificationKind
from models.task import Task, TaskOwner, TaskStatus

UNFINISHED = (TaskStatus.WAITING, TaskStatus.OPEN, TaskStatus.DECIDING, TaskStatus.PAUSED)
ENDS = (DeliveryStatus.SENT, DeliveryStatus.DEAD, DeliveryStatus.HELD, DeliveryStatus.DROPPED)
OF_A_TASK = (NotificationKind.REMINDER, NotificationKind.ESCALATION, NotificationKind.STAGNANT)
TWO_TICKS = timedelta(minutes=10)
WITHOUT_A_TABLE = ("channel", "valve", "system", "indicator", "role")
BORN = {Cycle: CycleStatus.PLANNED.value, Stage: "waiting", Task: "waiting", Delivery: "queued"}


def hold(database: Database, now: datetime, *, swept: bool = False) -> None:
    """Check everything. swept: a sweep has run at `now`, so that nothing due may be left behind."""
    with database.reading() as session:
        _every_notification_has_an_end_or_a_way_to_one(session)
        _copies_are_explained(session)
        _escalations_equal_the_level(session)
        _nothing_is_planned_after_the_end(session)
        if swept:
            _no_open_task_is_forgotten(session, now)
        _statuses_are_audited(session)
        _stages_count_right(session)
        _open_tasks_have_owners(session)
        assert verify(session).kind is None, f"V7 the chain: {verify(session)}"
        _the_trail_names_what_there_is(session)


def _every_notification_has_an_end_or_a_way_to_one(session: Session) -> None:
    last: dict[int, Delivery] = {}
    digests = dict(session.exec(select(Notification.id, Notification.digest_id)).all())
    for delivery in session.exec(select(Delivery).order_by(col(Delivery.rank))):
        last[delivery.notification_id] = delivery
        assert (delivery.status in ENDS) == (delivery.settled_at is not None), f"V2 {delivery}"
        if delivery.status is DeliveryStatus.BUNDLED:  # the digest's end is theirs
            assert digests.get(digests[delivery.notification_id] or 0) is None, f"V1 a digest in a digest: {delivery}"
            assert digests[delivery.notification_id] in digests, f"V1 no digest for {delivery}"
    told = set(session.exec(select(Notification.id)))
    assert told == set(last), f"V1 without a delivery: {told - set(last)}"
    alarmed = set(session.exec(select(Notification.key).where(Notification.kind == NotificationKind.ALARM)))
    for delivery in last.values():
        if delivery.status in (DeliveryStatus.DEAD, DeliveryStatus.HELD) and not delivery.unheard:
            notification = session.get_one(Notification, delivery.notification_id)
            heard = any(key.startswith(f"alarm:delivery:{delivery.id}:") for key in alarmed)
            assert heard or notification.kind is NotificationKind.ALARM, f"V1 no alarm for {delivery}"


def _the_trail_names_what_there_is(session: Session) -> None:
    """V7: each row of the trail is of a thing in a table, by its number."""
    named: dict[str, set[int]] = {}
    for what, entity, entity_id in session.exec(select(Audit.what, Audit.entity, Audit.entity_id)):
        assert re.fullmatch(r"[a-z_]+\.[a-z_ -]+", what), f"V7 {what}"
        named.setdefault(entity, set()).add(entity_id)
    for entity, ids in named.items():
        table = Row.metadata.tables.get(entity.replace("-", "_"))
        assert table is not None or entity in WITHOUT_A_TABLE, f"V7 {entity}"
        if table is not None and "id" in table.c:
            there = set(session.execute(sa.select(table.c.id)).scalars())
            assert ids <= there, f"V7 no {entity} {ids - there}"


def _copies_are_explained(session: Session) -> None:
    outcomes = Counter(session.exec(select(Attempt.delivery_id, Attempt.outcome)).all())
    for (delivery_id, outcome), n in outcomes.items():
        if outcome is AttemptOutcome.ACCEPTED:
            assert n <= 1 + outcomes[delivery_id, AttemptOutcome.UNKNOWN], f"V3 delivery {delivery_id}"


def _escalations_equal_the_level(session: Session) -> None:
    keys = list(session.exec(select(Notification.key)))
    assert len(keys) == len(set(keys)), "V4 a key twice"
    levels: dict[int, set[int]] = {}
    for row in session.exec(select(Notification).where(Notification.kind == NotificationKind.ESCALATION)):
        task = session.get_one(Task, row.task_id)
        if row.deadline_no == task.deadline_no:
            levels.setdefault(task.id, set()).add(row.level)
    skipped = Counter(key for key in session.exec(select(Audit.entity_id).where(Audit.what == "task.skip_level")))
    for task in session.exec(select(Task)):
        told = levels.get(task.id, set())
        assert told <= set(range(1, task.level + 1)), f"V4 {task.slug}: told {told}, level {task.level}"
        if task.deadline_no == 1:
            n_skipped = _n_skipped(session, task.id) if skipped[task.id] else 0
            assert len(told) + n_skipped == task.level, f"V4 {task.slug}: told {told}, level {task.level}"


def _n_skipped(session: Session, task_id: int) -> int:

    rows = select(Audit.after).where(Audit.what == "task.skip_level", Audit.entity_id == task_id)
    return sum(int(json.loads(after)["skipped"]) for after in session.exec(rows))


def _nothing_is_planned_after_the_end(session: Session) -> None:
    over = session.exec(select(Task).where(col(Task.status).in_((TaskStatus.DONE, TaskStatus.STOPPED))))
    for task in over.all():
        ended = session.exec(
            select(Audit.id)
            .where(Audit.entity == "task", Audit.entity_id == task.id)
            .where(col(Audit.what).in_(("task.done", "task.accept", "task.stop")))
        ).all()
        planned = session.exec(
            select(Audit.id)
            .where(Audit.entity == "task", Audit.entity_id == task.id)
            .where(col(Audit.what).in_([f"task.{kind.value}" for kind in OF_A_TASK]))
        ).all()
        assert max(planned, default=0) < max(ended, default=0), f"V5 {task.slug}"
        queued = (
            sa.select(sa.func.count())
            .select_from(Delivery)
            .join(Notification, col(Notification.id) == col(Delivery.notification_id))
        )
        left = queued.where(
            col(Notification.task_id) == task.id,
            col(Notification.kind).in_(OF_A_TASK),
            col(Delivery.status) == DeliveryStatus.QUEUED,
        )
        assert session.execute(left).scalar_one() == 0, f"V5 {task.slug} still reminds"


def _no_open_task_is_forgotten(session: Session, now: datetime) -> None:
    open_tasks = select(Task).join(Cycle, col(Cycle.id) == col(Task.cycle_id))
    open_tasks = open_tasks.where(Cycle.status == CycleStatus.ACTIVE, Task.status == TaskStatus.OPEN)
    for task in session.exec(open_tasks):
        assert task.next_fire_at and task.next_fire_at > now - TWO_TICKS, f"V6 {task.slug}: {task.next_fire_at}"


def _statuses_are_audited(session: Session) -> None:
    """Replay the trail: each change starts where the one before it ended, and the last one is what the row says."""

    stands: dict[tuple[str, int], str] = {}
    for row in session.exec(select(Audit).order_by(col(Audit.id))):
        before = json.loads(row.before or "{}").get("status")
        after = json.loads(row.after or "{}").get("status")
        if before and after:
            assert stands.get((row.entity, row.entity_id), before) == before, f"V7 {row}"
            stands[row.entity, row.entity_id] = after
    for noun, born in BORN.items():
        for row_id, status in session.exec(select(noun.id, noun.status)):  # type: ignore[attr-defined]
            found = stands.get((noun.__name__.lower(), row_id), born)
            assert found == status.value, f"V7 {noun.__name__} {row_id}: {status}, the trail says {found}"


def _stages_count_right(session: Session) -> None:
    for stage in session.exec(select(Stage)):
        tasks = sa.select(sa.func.count()).select_from(Task)
        n = session.execute(tasks.where(col(Task.stage_id) == stage.id, col(Task.status).in_(UNFINISHED))).scalar_one()
        assert n == stage.open_count, f"{stage.slug}: {n} unfinished, {stage.open_count} counted"


def _open_tasks_have_owners(session: Session) -> None:
    owned = set(session.exec(select(TaskOwner.task_id)))
    unfinished = set(session.exec(select(Task.id).where(col(Task.status).in_(UNFINISHED))))
    assert unfinished <= owned, f"without owner: {unfinished - owned}"
