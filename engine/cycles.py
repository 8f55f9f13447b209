"""A cycle as a whole: start, pause, resume, cancel, close; and finding one to work on."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from config.written import Unit, parse_due
from engine.asking import DECISION_DAYS, end_decisions
from engine.deadlines import morning_after
from engine.deed import Deed, lock_cycle, require_running
from engine.outbox import drop_unsent
from engine.people import OFFICE
from engine.retelling import again
from engine.rules import Rules
from engine.stages import open_stage
from engine.timing import Timed, renewed
from models.cycle import Cycle, CycleStatus, Stage, StageStatus
from models.errors import NotAllowed, ReasonMissing
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from models.task import Decision, DecisionKind, Outcome, Task, TaskOwner, TaskStatus

RUNNING = (CycleStatus.ACTIVE,)
AT_WORK = (TaskStatus.OPEN, TaskStatus.DECIDING)


def start_cycle(deed: Deed, cycle: Cycle) -> None:
    """Make a planned cycle active and open its first stage."""
    deed.move(Cycle, [cycle.id], CycleStatus.PLANNED, CycleStatus.ACTIVE)
    set_committed_value(cycle, "status", CycleStatus.ACTIVE)  # as move() wrote it: nothing to flush
    first = deed.session.exec(select(Stage).where(Stage.cycle_id == cycle.id, Stage.position == 0)).one()
    open_stage(deed, cycle, first)


def start_due_cycle(session: Session, cycle_id: int, *, rules: Rules, now: datetime) -> int:
    """Start a planned cycle whose moment has come; returns 0 when somebody else has started or cancelled it."""
    cycle = lock_cycle(session, cycle_id)
    if cycle.status is not CycleStatus.PLANNED or cycle.starts_at > now:
        return 0
    deed = Deed(session, rules, None, now)
    start_cycle(deed, cycle)
    deed.finish()
    return 1


def pause_cycle(session: Session, cycle_id: int, *, rules: Rules, by: int, why: str, now: datetime) -> None:
    """Let a cycle rest: its tasks stand still, nothing is reminded, until somebody resumes it."""
    deed, cycle = _begin(session, cycle_id, RUNNING, rules, by, why, now)
    for task in _tasks(session, cycle_id, AT_WORK):
        values = {"next_fire_at": None, "resume_status": task.status.value}
        deed.move(Task, [task.id], task.status, TaskStatus.PAUSED, why=why, values=values)
    drop_unsent(session, _ids(_tasks(session, cycle_id, (TaskStatus.PAUSED,))), by=by, now=now, why="paused")
    _set_decisions(deed, cycle_id, next_at=None)
    _move(deed, cycle, CycleStatus.PAUSED, why, {"paused_at": now, "why": why})
    deed.finish()


def resume_cycle(session: Session, cycle_id: int, *, rules: Rules, by: int, why: str, now: datetime) -> None:
    """Go on with a paused cycle: each deadline moves on by the working days of the pause, and the owners are told."""
    deed, cycle = _begin(session, cycle_id, (CycleStatus.PAUSED,), rules, by, why, now)
    for task in _tasks(session, cycle_id, (TaskStatus.PAUSED,)):
        _resume_task(deed, cycle, task, why)
    _set_decisions(deed, cycle_id, next_at=morning_after(now, DECISION_DAYS, rules.calendar))
    _tell_again(deed, cycle)
    _move(deed, cycle, CycleStatus.ACTIVE, why, {"paused_at": None, "why": ""})
    deed.finish()


def cancel_cycle(session: Session, cycle_id: int, *, rules: Rules, by: int, why: str, now: datetime) -> None:
    """Stop a cycle for good; everybody who had something to do in it is told."""
    running = (CycleStatus.PLANNED, CycleStatus.ACTIVE, CycleStatus.PAUSED)
    deed, cycle = _begin(session, cycle_id, running, rules, by, why, now)
    at_work = _tasks(session, cycle_id, (*AT_WORK, TaskStatus.PAUSED))
    stop_tasks(deed, [*at_work, *_tasks(session, cycle_id, (TaskStatus.WAITING,))], why)
    drop_unsent(session, _ids(at_work), by=by, now=now, why="cancelled")
    for stage in session.exec(select(Stage).where(Stage.cycle_id == cycle_id)):
        if stage.status not in (StageStatus.CLOSED, StageStatus.CANCELLED):
            left = {"open_count": 0}
            deed.move(Stage, [stage.id], stage.status, StageStatus.CANCELLED, why=why, values=left)
    end_decisions(deed, col(Decision.cycle_id) == cycle_id, Outcome.MOOT, why)
    _move(deed, cycle, CycleStatus.CANCELLED, why, {"ended_at": now, "why": why})
    for person in {cycle.lead_id, *_owners(session, _ids(at_work))}:
        deed.note(cycle, NotificationKind.STOPPED, f"cycle:{cycle_id}:cancelled", person, why=why, who=deed.name(by))
    deed.finish()


def stop_tasks(deed: Deed, tasks: list[Task], why: str) -> None:
    """Move tasks to stopped, whatever they were at."""
    for task in tasks:
        values = {"next_fire_at": None, "why": why[:500]}
        deed.move(Task, [task.id], task.status, TaskStatus.STOPPED, why=why, values=values)


def _begin(
    session: Session, cycle_id: int, statuses: tuple[CycleStatus, ...], rules: Rules, by: int, why: str, now: datetime
) -> tuple[Deed, Cycle]:
    deed = Deed(session, rules, by, now)
    cycle = lock_cycle(session, cycle_id)
    allowed = {cycle.lead_id, *deed.people.holders(OFFICE, cycle.unit_id, deed.today)}
    if by not in allowed and by not in {deed.people.told(person, deed.today) for person in allowed}:
        raise NotAllowed(who=deed.name(by), allowed=", ".join(deed.name(person) for person in sorted(allowed)))
    require_running(cycle, statuses)
    if not why.strip():
        raise ReasonMissing()
    return deed, cycle


def _move(deed: Deed, cycle: Cycle, new: CycleStatus, why: str, values: dict[str, object]) -> None:
    values = values | ({"why": str(values["why"])[:500]} if "why" in values else {})
    deed.move(Cycle, [cycle.id], cycle.status, new, why=why, values=values)


def _resume_task(deed: Deed, cycle: Cycle, task: Task, why: str) -> None:
    old = TaskStatus(task.resume_status or TaskStatus.OPEN)
    ladder, calendar = deed.plan(cycle).ladder, deed.rules.calendar
    moved_to = _after_pause(deed, cycle, task)
    if moved_to:
        timed = renewed(task, moved_to, ladder, calendar, deed.now)
        deed.record_deadline(task, moved_to, why)
    else:
        timed = Timed.same(task, ladder, calendar, deed.now)
    stands = {"next_fire_at": None} if old is TaskStatus.DECIDING else {}
    values = {**timed.values(), "resume_status": None, **stands}
    deed.move(Task, [task.id], TaskStatus.PAUSED, old, why=why, values=values)
    for person in _owners(deed.session, [task.id]) if moved_to else ():
        key, number = f"task:{task.id}:{timed.deadline_no}:deadline", timed.deadline_no
        deed.note(cycle, NotificationKind.DEADLINE, key, person, task_id=task.id, deadline_no=number, why=why)


def _after_pause(deed: Deed, cycle: Cycle, task: Task) -> datetime | None:
    """Find the deadline that leaves a task the time which it had; None when that is the old one.

    Hours are moved on by the length of the pause, all others by its working days. What was overdue stays overdue.
    """
    assert task.deadline_at and cycle.paused_at, "a paused task had a deadline"
    if task.deadline_at <= cycle.paused_at:
        return None
    if task.deadline_no == 1 and parse_due(task.due).unit is Unit.HOURS:
        return task.deadline_at + (deed.now - cycle.paused_at)
    calendar = deed.rules.calendar
    n_days = calendar.working_days_between(calendar.local_date(cycle.paused_at), deed.today)
    return calendar.end_of(calendar.shift(calendar.local_date(task.deadline_at), n_days)) if n_days else None


def _tell_again(deed: Deed, cycle: Cycle) -> None:
    """Tell what the pause took out of the outbox before it was sent and what nobody would otherwise hear of again."""
    asked = sa.exists().where(
        col(Decision.task_id) == col(Notification.task_id),
        col(Decision.kind) == DecisionKind.OVERDUE,
        col(Decision.level) == col(Notification.level),
        col(Decision.ended_at).is_(None),
    )
    kind = col(Notification.kind)
    dropped = (
        select(Notification)
        .join(Delivery, col(Delivery.notification_id) == col(Notification.id))
        .join(Decision, col(Decision.id) == col(Notification.decision_id), isouter=True)
        .where(
            Notification.cycle_id == cycle.id,
            kind.in_(_ASKED_ONCE) | ((kind == NotificationKind.ESCALATION) & asked.correlate(Notification)),
            Delivery.status == DeliveryStatus.DROPPED,
            col(Delivery.settled_at) >= cycle.paused_at,
            col(Decision.ended_at).is_(None),
        )
        .order_by(col(Notification.id))
    )
    for row in deed.session.exec(dropped):
        deed.notes.append(again(row, person_id=row.for_id or row.person_id, mark="resumed", at=deed.now))


# A missed reminder is gone; the next one comes.
_ASKED_ONCE = (NotificationKind.ASSIGNED, NotificationKind.HAND_OVER, NotificationKind.DECISION)


def _set_decisions(deed: Deed, cycle_id: int, next_at: datetime | None) -> None:
    """Stop, or start again, the clocks of what waits for a decision."""
    waiting = (
        col(Decision.cycle_id) == cycle_id,
        col(Decision.ended_at).is_(None),
        col(Decision.kind) != DecisionKind.OVERDUE,
    )
    deed.session.connection().execute(sa.update(Decision).where(*waiting).values(next_at=next_at))


def _tasks(session: Session, cycle_id: int, statuses: tuple[TaskStatus, ...]) -> list[Task]:
    found = select(Task).where(Task.cycle_id == cycle_id, col(Task.status).in_(statuses)).order_by(col(Task.id))
    return list(session.exec(found.execution_options(populate_existing=True)))


def _ids(tasks: list[Task]) -> list[int]:
    return [task.id for task in tasks]


def _owners(session: Session, task_ids: list[int]) -> list[int]:
    owned = select(TaskOwner.person_id).where(col(TaskOwner.task_id).in_(task_ids)).distinct()
    return sorted(session.exec(owned))
