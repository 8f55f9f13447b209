"""The sweep of what is due: an indexed read, a pure decision for each task, then rows of the outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.asking import end_decisions, holders_or_office
from engine.deed import Deed
from engine.outbox import Note
from engine.rules import Rules
from engine.steps import Fired, Step, fire, next_at
from engine.timing import progress_of
from models.audit import record
from models.base import table_of
from models.cycle import Cycle
from models.notification import NotificationKind
from models.task import Decision, DecisionKind, Outcome, Task, TaskOwner

TASK = table_of(Task)


@dataclass(frozen=True)
class Due:
    """A task that is due, its cycle, its owners."""

    task: Task
    cycle: Cycle
    owners: tuple[int, ...]


def plan_reminders(session: Session, *, rules: Rules, now: datetime, batch: int, only: int | None = None) -> int:
    """Plan what is due: reminders, escalations, notices of stagnation; returns how many tasks were looked at.

    Two at once share the work (PostgreSQL skips what the other holds, SQLite waits); each task moves on in the same
    transaction, so that nothing fires twice. only: one task's id, to find out which of a batch cannot be planned.
    """
    deed = Deed(session, rules, None, now)
    due = _find_due(session, now, batch, only)
    columns: list[dict[str, object]] = []
    all_fired = [(item, _fire(deed, item)) for item in due]
    _pass_up(deed, all_fired)
    for item, fired in all_fired:
        deed.notes += [note for step in fired.steps for note in _notes(deed, item, step)]
        columns.append(_columns(item, fired, rules))
        _record(deed, item, fired)
    _write(session, columns)
    deed.finish()
    return len(due)


def put_off(session: Session, task_id: int, *, until: datetime, why: str, now: datetime) -> None:
    """Look at a task that could not be planned again later, so that it does not stop the others."""
    session.execute(
        sa.update(Task).where(col(Task.id) == task_id, col(Task.next_fire_at).is_not(None)).values(next_fire_at=until)
    )
    record(session, "task.put_off", "task", task_id, by=None, now=now, why=why, outcome="failed")


def find_due_ids(session: Session, *, now: datetime, batch: int) -> list[int]:
    """List the tasks that are due, the longest due first."""
    due = sa.select(TASK.c.id).where(TASK.c.next_fire_at <= now).order_by(TASK.c.next_fire_at, TASK.c.id)
    return list(session.execute(due.limit(batch)).scalars())


def step_notes(
    deed: Deed, cycle: Cycle, task_id: int, deadline_no: int, owners: Sequence[int], step: Step, at: datetime
) -> list[Note]:
    """Say who is told of a step: the owners of a reminder, the holders of an escalation's level; pure.

    The forecast asks here too.
    """
    persons, key = list(owners), f"task:{task_id}:{deadline_no}:{step.rung}"
    if step.kind is NotificationKind.ESCALATION:
        level = deed.plan(cycle).ladder[step.level - 1]
        persons, key = (
            list(holders_or_office(deed, cycle, level.to)),
            f"task:{task_id}:{deadline_no}:level-{step.level}",
        )
    elif step.kind is NotificationKind.STAGNANT:
        persons = list(holders_or_office(deed, cycle, "quality-office"))
    return [
        Note(
            key,
            step.kind,
            person,
            at,
            cycle.id,
            task_id,
            None,
            step.rung,
            step.level,
            deadline_no,
            cycle.urgent,
            step.any_hour,
        )
        for person in persons
    ]


def is_skipped(deed: Deed, cycle: Cycle, owners: Sequence[int], level: int) -> bool:
    """Answer whether everybody who holds a level owns the task: to escalate to the owner would change nothing."""
    return set(holders_or_office(deed, cycle, deed.plan(cycle).ladder[level - 1].to)) <= set(owners)


def _find_due(session: Session, now: datetime, batch: int, only: int | None) -> list[Due]:
    query = select(Task, Cycle).join(Cycle, col(Cycle.id) == col(Task.cycle_id)).where(col(Task.next_fire_at) <= now)
    if only is not None:
        query = query.where(Task.id == only)
    query = query.order_by(col(Task.next_fire_at), col(Task.id)).limit(batch)
    found = session.exec(query.with_for_update(of=Task, skip_locked=True)).all()
    owners = _owners(session, [task.id for task, _ in found])
    return [Due(task, cycle, owners.get(task.id, ())) for task, cycle in found]


def _owners(session: Session, task_ids: Sequence[int]) -> Mapping[int, tuple[int, ...]]:
    owners: dict[int, tuple[int, ...]] = {}
    if task_ids:
        pairs = select(TaskOwner.task_id, TaskOwner.person_id).where(col(TaskOwner.task_id).in_(task_ids))
        for task_id, person in session.exec(pairs.order_by(col(TaskOwner.person_id))):
            owners[task_id] = (*owners.get(task_id, ()), person)
    return owners


def _fire(deed: Deed, item: Due) -> Fired:
    progress = progress_of(item.task, deed.plan(item.cycle).ladder)
    return fire(progress, deed.now, deed.rules.calendar, lambda level: is_skipped(deed, item.cycle, item.owners, level))


def _pass_up(deed: Deed, all_fired: Sequence[tuple[Due, Fired]]) -> None:
    """End what was asked of the level before, where the next level fires: that is how long it took nobody to decide."""
    ids = [item.task.id for item, fired in all_fired if item.task.level and fired.after.level > item.task.level]
    if ids:
        asked = col(Decision.task_id).in_(ids) & (col(Decision.kind) == DecisionKind.OVERDUE)
        end_decisions(deed, asked, Outcome.PASSED_UP, "")


def _notes(deed: Deed, item: Due, step: Step) -> list[Note]:
    task = item.task
    notes = step_notes(deed, item.cycle, task.id, task.deadline_no, item.owners, step, deed.now)
    if step.kind is NotificationKind.ESCALATION:
        deed.session.add(
            Decision(
                cycle_id=task.cycle_id,
                stage_id=task.stage_id,
                task_id=task.id,
                kind=DecisionKind.OVERDUE,
                level=step.level,
                asked_at=deed.now,
            )
        )
    return notes


def _columns(item: Due, fired: Fired, rules: Rules) -> dict[str, object]:
    after = fired.after
    return {
        "task_id": item.task.id,
        "new_next": next_at(after, rules.calendar),
        "new_reminded": after.reminded_until,
        "new_level": after.level,
        "new_from": after.ladder_from_at,
        "new_stagnant": after.n_stagnant,
    }


def _write(session: Session, columns: list[dict[str, object]]) -> None:
    if not columns:
        return
    statement = (
        sa.update(TASK)
        .where(TASK.c.id == sa.bindparam("task_id"))
        .values(
            next_fire_at=sa.bindparam("new_next"),
            reminded_until=sa.bindparam("new_reminded"),
            level=sa.bindparam("new_level"),
            ladder_from_at=sa.bindparam("new_from"),
            n_stagnant=sa.bindparam("new_stagnant"),
        )
    )
    session.connection().execute(statement, columns)


def _record(deed: Deed, item: Due, fired: Fired) -> None:
    for step in fired.steps:
        after = {"rung": step.rung or f"level-{step.level}"} | ({"missed": fired.n_missed} if fired.n_missed else {})
        record(deed.session, f"task.{step.kind.value}", "task", item.task.id, by=None, now=deed.now, after=after)
    n_skipped = (
        fired.after.level - item.task.level - sum(step.kind is NotificationKind.ESCALATION for step in fired.steps)
    )
    if n_skipped:
        after = {"level": fired.after.level, "skipped": n_skipped}
        record(deed.session, "task.skip_level", "task", item.task.id, by=None, now=deed.now, after=after)
