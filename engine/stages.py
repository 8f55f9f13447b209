"""Stages: open them, open their tasks, count down, pass the gate, close; the last one closes the cycle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from engine.asking import ask, end_decisions, may_decide
from engine.deadlines import deadline
from engine.deed import Deed, lock_cycle, require_running
from engine.gates import Approval, ask_gate
from engine.passing import pass_gate
from engine.proof import require_proof
from engine.rules import Rules
from engine.timing import fresh
from engine.words import STAGE_WORDS
from models.assessment import Ending
from models.base import table_of
from models.cycle import Cycle, CycleStatus, Stage, StageStatus
from models.errors import NotAllowed, StageNotReady
from models.notification import NotificationKind
from models.task import Decision, DecisionKind, Outcome, Task, TaskOwner, TaskStatus

OVER = (TaskStatus.DONE, TaskStatus.STOPPED)


@dataclass(frozen=True)
class Waiting:
    """A task that may open: what its deadline and its owners are found from."""

    id: int
    slug: str
    due: str
    remind: str
    owner_role: str
    deadline_no: int


def open_stage(deed: Deed, cycle: Cycle, stage: Stage) -> list[str]:
    """Open a stage and those of its tasks that wait for nothing; returns their slugs."""
    values = {"opened_at": deed.now}
    deed.move(Stage, [stage.id], StageStatus.WAITING, StageStatus.OPEN, values=values)
    return open_ready_tasks(deed, cycle, stage.id)


def open_ready_tasks(deed: Deed, cycle: Cycle, stage_id: int) -> list[str]:
    """Open the waiting tasks of an open stage whose predecessors are over; returns their slugs."""
    tasks = deed.session.connection().execute(_OF_STAGE, {"stage": stage_id}).all()
    after = {task.id: task.after for task in deed.plan(cycle).template.tasks}
    # Tasks of earlier stages are over, or this stage were not open.
    unfinished = {task.slug for task in tasks if task.status not in OVER}
    ready = [
        Waiting(task.id, task.slug, task.due, task.remind, task.owner_role, task.deadline_no)
        for task in tasks
        if task.status is TaskStatus.WAITING and unfinished.isdisjoint(after[task.slug])
    ]
    _open_tasks(deed, cycle, ready)
    return [task.slug for task in ready]


_stage, _task = table_of(Stage), table_of(Task)
_OF_STAGE = (
    sa.select(
        _task.c.id, _task.c.slug, _task.c.status, _task.c.due, _task.c.remind, _task.c.owner_role, _task.c.deadline_no
    )
    .where(_task.c.stage_id == sa.bindparam("stage"))
    .order_by(_task.c.id)
)
_COUNT_OUT = (
    sa.update(_stage)
    .where(_stage.c.id == sa.bindparam("stage"))
    .values(open_count=_stage.c.open_count - 1)
    .returning(_stage.c.open_count)
)


def end_task(deed: Deed, cycle: Cycle, task: Task) -> list[str]:
    """Count a task that is over out of its stage, open what waited for it, pass the gate; returns slugs opened."""
    # The stage's row lock makes two last answers at once see each other.
    n_left = deed.session.connection().execute(_COUNT_OUT, {"stage": task.stage_id}).scalar_one()
    if n_left == 0:
        return finish_stage(deed, cycle, deed.session.get_one(Stage, task.stage_id, populate_existing=True))
    waits = any(task.slug in other.after for other in deed.plan(cycle).template.tasks)
    return open_ready_tasks(deed, cycle, task.stage_id) if waits else []


def finish_stage(deed: Deed, cycle: Cycle, stage: Stage) -> list[str]:
    """All tasks of a stage are over: ask for the approval where a gate is, else close it."""
    if stage.gate is None:
        return close_stage(deed, cycle, stage, note="")
    deed.move(Stage, [stage.id], StageStatus.OPEN, StageStatus.READY)
    ask(deed, cycle, DecisionKind.APPROVAL, stage_id=stage.id, level=0)
    return []


def close_stage(deed: Deed, cycle: Cycle, stage: Stage, *, note: str) -> list[str]:
    """Close a stage and open the next one, or close the cycle after the last; returns slugs of tasks opened."""
    values = {"closed_at": deed.now, "closed_by": deed.by, "note": note}
    deed.move(Stage, [stage.id], stage.status, StageStatus.CLOSED, why=note, values=values)
    following = select(Stage).where(Stage.cycle_id == cycle.id, Stage.position == stage.position + 1)
    next_stage = deed.session.exec(following).one_or_none()
    if next_stage is None:
        _close_cycle(deed, cycle)
        return []
    return open_stage(deed, cycle, next_stage)


def approve_stage(
    session: Session,
    stage_id: int,
    *,
    note: str,
    rules: Rules,
    by: int,
    now: datetime,
    ending: Ending | None = None,
    signed: bool = False,
) -> list[str]:
    """Let a finished stage pass its gate, with a note that stays in the record; returns slugs of tasks opened.

    ending: what comes of the cycle; Act asks for it. signed: the doubts about a good verdict were weighed, as the note
    says; Check asks for it where there are any. Raises StageNotReady, NotAllowed, GateShut or NoteMissing.
    """
    require_proof(session)
    deed = Deed(session, rules, by, now)
    cycle = lock_cycle(session, sa.select(col(Stage.cycle_id)).where(col(Stage.id) == stage_id).scalar_subquery())
    stage = session.get_one(Stage, stage_id, populate_existing=True)
    require_running(cycle)
    decision = _approval(session, stage)
    allowed = may_decide(deed, cycle, decision.level)
    if by not in allowed:
        raise NotAllowed(who=deed.name(by), allowed=", ".join(deed.name(person) for person in sorted(allowed)))
    given = Approval(note, ending, signed)
    ask_gate(deed, cycle, stage, given)
    end_decisions(deed, col(Decision.id) == decision.id, Outcome.APPROVED, note)
    pass_gate(deed, cycle, stage, given)
    opened = close_stage(deed, cycle, stage, note=note)
    if ending is not None and stage.gate == "act":
        from engine.endings import end_cycle  # it may launch the next cycle, which opens stages

        end_cycle(deed, cycle, ending, note)
    deed.finish()
    return opened


def _approval(session: Session, stage: Stage) -> Decision:
    """Find the approval that a stage waits for. Raises StageNotReady."""
    asked = (
        col(Decision.stage_id) == stage.id,
        col(Decision.kind) == DecisionKind.APPROVAL,
        col(Decision.ended_at).is_(None),
    )
    decision = session.exec(select(Decision).where(*asked)).one_or_none()
    if stage.status is not StageStatus.READY or decision is None:
        raise StageNotReady(stage=stage.slug, status=STAGE_WORDS[stage.status], n_open=stage.open_count)
    return decision


def advance_cycle(session: Session, cycle_id: int, *, rules: Rules, now: datetime) -> str:
    """Do whatever an interrupted launch or answer left undone; twice changes nothing.

    Returns the slug of the stage that the cycle waits for, '' when it has ended or is not running.
    """
    deed = Deed(session, rules, None, now)
    cycle = lock_cycle(session, cycle_id)
    if cycle.status is not CycleStatus.ACTIVE:
        return ""
    for stage in _stages(session, cycle_id):
        if stage.status is StageStatus.CLOSED:
            continue
        if stage.status is StageStatus.WAITING:
            open_stage(deed, cycle, stage)
        elif stage.status is StageStatus.OPEN and stage.open_count == 0:
            finish_stage(deed, cycle, stage)
        elif stage.status is StageStatus.OPEN:
            open_ready_tasks(deed, cycle, stage.id)
        break
    deed.finish()
    waiting = [stage for stage in _stages(session, cycle_id) if stage.status in (StageStatus.OPEN, StageStatus.READY)]
    return waiting[0].slug if waiting else ""


def _stages(session: Session, cycle_id: int) -> list[Stage]:
    found = select(Stage).where(Stage.cycle_id == cycle_id).order_by(col(Stage.position))
    return list(session.exec(found.execution_options(populate_existing=True)))


def _open_tasks(deed: Deed, cycle: Cycle, tasks: Sequence[Waiting]) -> None:
    if not tasks:
        return
    owners, columns = _find_owners(deed, cycle, tasks), {}
    calendar, ladder = deed.rules.calendar, deed.plan(cycle).ladder
    for task in tasks:
        due = deadline(task.due, deed.now, calendar)
        timed = fresh(task.remind, due.at, due.provisional, ladder, calendar, deed.now)
        columns[task.id] = replace(timed, deadline_no=task.deadline_no + 1)
    each = {
        name: {key: getattr(timed, name) for key, timed in columns.items()}
        for name in ("deadline_at", "deadline_no", "next_fire_at", "provisional")
    }
    values = {"opened_at": deed.now, "reminded_until": deed.now}
    ids = list(columns)
    deed.move(Task, ids, TaskStatus.WAITING, TaskStatus.OPEN, values=values, each=each)
    for task_id in ids:
        for person in owners[task_id]:
            number = columns[task_id].deadline_no  # more than 1 when it had gone back to waiting
            key = f"task:{task_id}:assigned" if number == 1 else f"task:{task_id}:{number}:assigned"
            deed.note(cycle, NotificationKind.ASSIGNED, key, person, task_id=task_id, deadline_no=number)


def _find_owners(deed: Deed, cycle: Cycle, tasks: Sequence[Waiting]) -> Mapping[int, tuple[int, ...]]:
    """Find who owns tasks that open now: who holds the role today, or whoever was chosen before."""
    ids = [task.id for task in tasks]
    stored: dict[int, tuple[int, ...]] = dict.fromkeys(ids, ())
    for task_id, person in deed.session.connection().execute(_OWNERS, {"tasks": ids}).tuples():
        stored[task_id] = tuple(sorted((*stored[task_id], person)))
    for task in tasks:
        role, task_id = task.owner_role, task.id
        held = (
            (cycle.lead_id,) if role == "lead" else deed.people.holders(role, cycle.unit_id, deed.today) if role else ()
        )
        if held and held != stored[task_id]:
            set_owners(deed, task_id, held)
            stored[task_id] = held
    return stored


_owner = table_of(TaskOwner)
_OWNERS = sa.select(_owner.c.task_id, _owner.c.person_id).where(
    _owner.c.task_id.in_(sa.bindparam("tasks", expanding=True))
)


def set_owners(deed: Deed, task_id: int, persons: Sequence[int]) -> None:
    """Make these persons, and nobody else, the owners of a task."""
    deed.session.execute(sa.delete(TaskOwner).where(col(TaskOwner.task_id) == task_id))
    deed.session.execute(sa.insert(TaskOwner), [{"task_id": task_id, "person_id": person} for person in persons])


def _close_cycle(deed: Deed, cycle: Cycle) -> None:
    values = {"ended_at": deed.now}
    deed.move(Cycle, [cycle.id], CycleStatus.ACTIVE, CycleStatus.CLOSED, values=values)
    set_committed_value(cycle, "status", CycleStatus.CLOSED)
    if not deed.plan(cycle).template.announce:
        return
    for person in {cycle.lead_id, *deed.people.office(deed.today, cycle.unit_id)}:
        deed.note(cycle, NotificationKind.CLOSED, f"cycle:{cycle.id}:closed", person)
