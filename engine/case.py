"""A task under the hands of a verb: finding it, giving it, timing it anew, ending it, and the receipt for it."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.asking import end_decisions
from engine.deed import Deed, lock_cycle, require_running
from engine.outbox import TO_OWNERS, drop_unsent
from engine.people import stand_ins_too
from engine.rules import Rules
from engine.stages import end_task, set_owners
from engine.timing import Timed, renewed
from engine.words import ANSWER_WORDS, TASK_WORDS
from models.audit import record
from models.base import table_of
from models.cycle import Cycle, CycleStatus
from models.errors import (
    AlreadyAnswered,
    DateInThePast,
    TaskClosed,
)
from models.notification import NotificationKind
from models.task import Answer, AnswerKind, Decision, Outcome, Task, TaskOwner, TaskStatus


@dataclass(frozen=True)
class Receipt:
    """What somebody is shown at once: what was understood, and what it brought about."""

    cycle_code: str
    task: str
    kind: str
    status: TaskStatus
    at: datetime
    by_name: str
    opened: tuple[str, ...]
    cycle_status: CycleStatus
    deadline_at: datetime | None


@dataclass
class Case:
    """A task under the hands of a verb, its cycle locked."""

    deed: Deed
    cycle: Cycle
    task: Task
    owners: tuple[int, ...]


def open_case(session: Session, task_id: int, *, rules: Rules, by: int, now: datetime) -> Case:
    """Lock the cycle of a task and read both. Raises CycleNotRunning."""
    deed = Deed(session, rules, by, now)
    cycle = lock_cycle(session, sa.select(col(Task.cycle_id)).where(col(Task.id) == task_id).scalar_subquery())
    task = session.get_one(Task, task_id, populate_existing=True)
    owners = session.connection().execute(_OWNERS, {"task": task_id}).scalars()
    if task.status not in (TaskStatus.DONE, TaskStatus.STOPPED):  # who comes late hears who was first
        require_running(cycle)
    return Case(deed, cycle, task, tuple(owners))


def receipt(case: Case, kind: str, opened: list[str]) -> Receipt:
    """Say what was understood and what it brought about."""
    deed = case.deed
    task = deed.session.connection().execute(_AS_IT_STANDS, {"task": case.task.id}).one()
    return Receipt(
        case.cycle.code,
        case.task.slug,
        kind,
        task.status,
        deed.now,
        deed.name(deed.by),
        tuple(opened),
        case.cycle.status,
        task.deadline_at,
    )


_task, _owner = table_of(Task), table_of(TaskOwner)
_AS_IT_STANDS = sa.select(_task.c.status, _task.c.deadline_at).where(_task.c.id == sa.bindparam("task"))


_OWNERS = sa.select(_owner.c.person_id).where(_owner.c.task_id == sa.bindparam("task")).order_by(_owner.c.person_id)


def refuse_past(case: Case, until: date) -> None:
    """Refuse a date before today, or one whose closing hour has passed."""
    if case.deed.rules.calendar.end_of(until) <= case.deed.now:
        raise DateInThePast(until=until, today=case.deed.today)


def refuse_closed(case: Case) -> None:
    """Refuse an answer to a task that takes none; whoever comes second hears who was first, with what and when."""
    task, deed = case.task, case.deed
    if task.status is TaskStatus.OPEN:
        return
    if task.status in (TaskStatus.DONE, TaskStatus.DECIDING):
        last = deed.session.exec(
            select(Answer)
            .where(Answer.task_id == task.id, col(Answer.undone_at).is_(None))
            .order_by(col(Answer.id).desc())
        ).first()
        if last:
            at = f"{last.at.astimezone(deed.rules.calendar.zone):%Y-%m-%d %H:%M}"
            raise AlreadyAnswered(who=deed.name(last.by_id), answer=ANSWER_WORDS[last.kind], at=at)
    raise TaskClosed(task=task.slug, status=TASK_WORDS[task.status], why=task.why)


def with_stand_ins(case: Case) -> set[int]:
    """Find in whose name a task may be handed over: its owners and the lead, and whoever stands in for them.

    On whatever days: an offer that a stand-in made outlasts the absence.
    """
    return stand_ins_too(case.deed.people, (*case.owners, case.cycle.lead_id))


def give_to(case: Case, persons: tuple[int, ...], *, why: str, key: str = "") -> None:
    """Make these persons the owners of a task, by hand. key: names what they are told; without one they are not."""
    deed, task_id = case.deed, case.task.id
    before = {"owners": list(case.owners)}
    set_owners(deed, task_id, persons)
    deed.session.execute(sa.update(Task).where(col(Task.id) == task_id).values(owner_role="", unstaffed=False))
    drop_unsent(deed.session, [task_id], by=deed.by, now=deed.now, why="given to somebody else", kinds=TO_OWNERS)
    after = {"owners": list(persons)}
    record(deed.session, "task.give", "task", task_id, by=deed.by, now=deed.now, before=before, after=after, why=why)
    case.owners = persons
    for person in persons if key else ():
        deed.note(
            case.cycle,
            NotificationKind.ASSIGNED,
            f"task:{task_id}:{key}",
            person,
            task_id=task_id,
            deadline_no=case.task.deadline_no,
            note=why,
        )


def new_deadline(case: Case, until: date, why: str) -> None:
    """Give an open task a new deadline with rungs and a ladder of its own; the old one's unsent messages fall away."""
    retime(case, timed_until(case, until), why)


def retime(case: Case, timed: Timed, why: str) -> None:
    """Write a new deadline, audit it, and take back what of the old one was not sent."""
    deed, task = case.deed, case.task
    deed.record_deadline(task, timed.deadline_at, why)
    deed.session.execute(sa.update(Task).where(col(Task.id) == task.id).values(timed.values()))
    deed.session.refresh(task)
    drop_unsent(
        deed.session, [task.id], by=deed.by, now=deed.now, why="new deadline", before_deadline=timed.deadline_no
    )


def timed_until(case: Case, until: date) -> Timed:
    """Time a task anew until the closing hour of a date."""
    calendar = case.deed.rules.calendar
    return renewed(case.task, calendar.end_of(until), case.deed.plan(case.cycle).ladder, calendar, case.deed.now)


def answered_by(case: Case) -> int | None:
    """Find who said last that a task is done, or who acts now where nobody did."""
    answered = select(Answer.by_id).where(
        Answer.task_id == case.task.id, Answer.kind == AnswerKind.DONE, col(Answer.undone_at).is_(None)
    )
    return case.deed.session.exec(answered.order_by(col(Answer.id).desc())).first() or case.deed.by


def finish_task(case: Case, old: TaskStatus, *, done_by: int | None, why: str) -> list[str]:
    """Move a task to done; returns the slugs of tasks that open by it."""
    deed, task = case.deed, case.task
    values = {"next_fire_at": None, "done_at": deed.now, "done_by": done_by}
    deed.move(Task, [task.id], old, TaskStatus.DONE, why=why, values=values)
    return leave_task(case, "answered")


def leave_task(case: Case, why: str) -> list[str]:
    """Clear up after a task that is over: unsent messages, open questions, its stage; returns slugs opened."""
    deed, task_id = case.deed, case.task.id
    drop_unsent(deed.session, [task_id], by=deed.by, now=deed.now, why=why)
    end_decisions(deed, col(Decision.task_id) == task_id, Outcome.MOOT, why)
    return end_task(deed, case.cycle, case.task)
