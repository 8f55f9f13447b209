"""Deadlines in a year whose official calendar was not out: computed again when it is; told only if they move."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.deadlines import deadline
from engine.deed import Deed, lock_cycle
from engine.outbox import drop_unsent
from engine.rules import Rules
from engine.timing import renewed
from models.cycle import CycleStatus
from models.notification import NotificationKind
from models.task import PROVISIONAL, Task, TaskOwner, TaskStatus

WHY = "official calendar"


def announced_before(rules: Rules) -> datetime | None:
    """Find the moment up to which the official calendar is out; None where none is ever announced."""
    announced = rules.calendar.announced_until
    return None if announced is None else datetime(announced + 1, 1, 1, tzinfo=rules.calendar.zone)


def settle_provisional(session: Session, *, rules: Rules, now: datetime, batch: int) -> int:
    """Compute the provisional deadlines again whose year is announced by now; returns how many were looked at."""
    before = announced_before(rules)
    if before is None:
        return 0
    due = select(Task.id, Task.cycle_id).where(PROVISIONAL, col(Task.deadline_at) < before)
    found = session.exec(due.where(Task.status == TaskStatus.OPEN).order_by(col(Task.id)).limit(batch)).all()
    for task_id, cycle_id in found:
        _settle(Deed(session, rules, None, now), task_id, cycle_id)
    return len(found)


def _settle(deed: Deed, task_id: int, cycle_id: int) -> None:
    cycle = lock_cycle(deed.session, cycle_id)
    task = deed.session.get_one(Task, task_id, populate_existing=True)
    if not task.provisional or task.status is not TaskStatus.OPEN or cycle.status is not CycleStatus.ACTIVE:
        return
    assert task.opened_at
    due = deadline(task.due, task.opened_at, deed.rules.calendar)
    if task.deadline_no != 1 or due.at == task.deadline_at:
        deed.session.execute(sa.update(Task).where(col(Task.id) == task_id).values(provisional=False))
        return
    timed = renewed(task, due.at, deed.plan(cycle).ladder, deed.rules.calendar, deed.now)
    deed.record_deadline(task, due.at, WHY)
    deed.session.execute(sa.update(Task).where(col(Task.id) == task_id).values(timed.values() | {"provisional": False}))
    drop_unsent(deed.session, [task_id], by=None, now=deed.now, why="new deadline", before_deadline=timed.deadline_no)
    for person in deed.session.exec(select(TaskOwner.person_id).where(TaskOwner.task_id == task_id)):
        key = f"task:{task_id}:{timed.deadline_no}:deadline"
        deed.note(
            cycle, NotificationKind.DEADLINE, key, person, task_id=task_id, deadline_no=timed.deadline_no, why=WHY
        )
    deed.finish()
