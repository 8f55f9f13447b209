"""Tasks in lists, with their owners and the decision that each waits for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.words import Text
from models.cycle import Cycle, Stage
from models.people import Person
from models.reads.decisions import open_decisions
from models.reads.names import get_cycle, get_person, person_names, unit_names
from models.reads.views import DecisionView, Page, PersonName, TaskFilter, TaskLine, UnitName
from models.task import Task, TaskOwner, TaskStatus


def list_tasks(
    session: Session, wanted: TaskFilter | None = None, *, now: datetime, limit: int = 50, offset: int = 0
) -> Page[TaskLine]:
    """List tasks, the earliest deadline first and those without one last. Raises NotFound for an unknown name."""
    where = _where(session, wanted or TaskFilter(), now)
    n_all = session.execute(sa.select(sa.func.count()).select_from(Task).where(*where)).scalar_one()
    deadline = col(Task.deadline_at)
    order = (deadline.is_(None), deadline, col(Task.cycle_id), col(Task.position))
    rows = session.exec(select(Task).where(*where).order_by(*order).limit(limit).offset(offset)).all()
    return Page(task_lines(session, rows), n_all)


def tasks_by_id(session: Session, ids: Sequence[int]) -> dict[int, TaskLine]:
    """Read some tasks, by id."""
    rows = session.exec(select(Task).where(col(Task.id).in_(ids))).all() if ids else []
    return {line.id: line for line in task_lines(session, rows)}


def overdue(now: datetime) -> sa.ColumnElement[bool]:
    """Ask of a task: is it open after its deadline?"""
    return (col(Task.status) == TaskStatus.OPEN) & (col(Task.deadline_at) < now)


def task_lines(session: Session, rows: Sequence[Task]) -> tuple[TaskLine, ...]:
    """Put the names beside tasks; a fixed number of queries for any number of tasks."""
    if not rows:
        return ()
    beside = _read_beside(session, rows)
    return tuple(_line(row, beside) for row in rows)


@dataclass(frozen=True)
class _Beside:
    """What stands beside tasks in a list, each by its id; owners and decisions by task."""

    cycles: Mapping[int, Cycle]
    units: Mapping[int, UnitName]
    stages: Mapping[int, str]
    owners: Mapping[int, tuple[PersonName, ...]]
    done_by: Mapping[int, PersonName]
    decisions: Mapping[int, DecisionView]


def _read_beside(session: Session, rows: Sequence[Task]) -> _Beside:
    ids = [row.id for row in rows]
    of_cycles = select(Cycle).where(col(Cycle.id).in_({row.cycle_id for row in rows}))
    cycles = {one.id: one for one in session.exec(of_cycles)}
    units = unit_names(session, [cycle.unit_id for cycle in cycles.values()])
    of_stages = sa.select(col(Stage.id), col(Stage.slug)).where(col(Stage.id).in_({row.stage_id for row in rows}))
    stages = dict(session.execute(of_stages).tuples().all())
    owners = owners_of(session, ids)
    done_by = person_names(session, [row.done_by for row in rows])
    return _Beside(cycles, units, stages, owners, done_by, open_decisions(session, ids))


def _line(row: Task, beside: _Beside) -> TaskLine:
    task_id, cycle = row.id, beside.cycles[row.cycle_id]
    return TaskLine(
        id=task_id,
        code=cycle.code,
        cycle_title=Text(cycle.title_en, cycle.title_zh),
        unit=beside.units[cycle.unit_id],
        stage=beside.stages[row.stage_id],
        slug=row.slug,
        title=Text(row.title_en, row.title_zh),
        owner_role=row.owner_role,
        owners=beside.owners.get(task_id, ()),
        status=row.status,
        evidence=row.evidence,
        accept=row.accept,
        unstaffed=row.unstaffed,
        opened_at=row.opened_at,
        deadline_at=row.deadline_at,
        provisional=row.provisional,
        next_fire_at=row.next_fire_at,
        level=row.level,
        done_at=row.done_at,
        done_by=beside.done_by.get(row.done_by or 0),
        why=row.why,
        decision=beside.decisions.get(task_id),
    )


def owners_of(session: Session, task_ids: Sequence[int]) -> dict[int, tuple[PersonName, ...]]:
    """Read the owners of tasks, by task."""
    owned = (
        sa.select(col(TaskOwner.task_id), col(Person.id), col(Person.slug), col(Person.name))
        .join(Person, col(Person.id) == col(TaskOwner.person_id))
        .where(col(TaskOwner.task_id).in_(task_ids))
        .order_by(col(TaskOwner.task_id), col(Person.id))
    )
    found: dict[int, tuple[PersonName, ...]] = {}
    for task_id, person_id, slug, name in session.execute(owned).tuples():
        found[task_id] = (*found.get(task_id, ()), PersonName(person_id, slug, name))
    return found


def _where(session: Session, wanted: TaskFilter, now: datetime) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = []
    if wanted.status:
        where.append(col(Task.status) == wanted.status)
    if wanted.overdue:
        where.append(overdue(now))
    if wanted.unstaffed:
        where.append(col(Task.unstaffed).is_(True))
    if wanted.cycle:
        where.append(col(Task.cycle_id) == get_cycle(session, wanted.cycle).id)
    if wanted.person:
        mine = sa.select(col(TaskOwner.task_id)).where(
            col(TaskOwner.person_id) == get_person(session, wanted.person).id
        )
        where.append(col(Task.id).in_(mine))
    return where
