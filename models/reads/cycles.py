"""Cycles in lists, with where they stand and how many of their tasks are late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.words import Text
from models.cycle import Cycle, CycleStatus, Stage, StageStatus
from models.people import Person, Unit
from models.reads.names import NO_ONE, person_names, unit_names
from models.reads.tasks import overdue
from models.reads.views import CycleFilter, CycleLine, Page, StageMark
from models.task import Task, TaskStatus

RUNNING = (CycleStatus.PLANNED, CycleStatus.ACTIVE, CycleStatus.PAUSED)
NOT_ENDED = (StageStatus.WAITING, StageStatus.OPEN, StageStatus.READY)


def list_cycles(
    session: Session, wanted: CycleFilter | None = None, *, now: datetime, limit: int = 50, offset: int = 0
) -> Page[CycleLine]:
    """List cycles, newest first."""
    where = _where(wanted or CycleFilter(), now)
    n_all = session.execute(sa.select(sa.func.count()).select_from(Cycle).where(*where)).scalar_one()
    newest = select(Cycle).where(*where).order_by(col(Cycle.id).desc()).limit(limit).offset(offset)
    return Page(cycle_lines(session, session.exec(newest).all(), now), n_all)


def current_stage() -> sa.Subquery:
    """Find, by cycle, the position of the first stage that has not ended."""
    first = sa.func.min(col(Stage.position)).label("position")
    not_ended = col(Stage.status).in_(NOT_ENDED)
    return sa.select(col(Stage.cycle_id), first).where(not_ended).group_by(col(Stage.cycle_id)).subquery()


def cycle_lines(session: Session, rows: Sequence[Cycle], now: datetime) -> tuple[CycleLine, ...]:
    """Put names and numbers beside cycles; four queries for any number of cycles."""
    if not rows:
        return ()
    ids = [row.id for row in rows]
    units = unit_names(session, [row.unit_id for row in rows])
    people = person_names(session, [row.lead_id for row in rows])
    stages, numbers = _stages(session, ids), _numbers(session, ids, now)
    return tuple(
        CycleLine(
            id=row.id,
            code=row.code,
            title=Text(row.title_en, row.title_zh),
            template=row.template,
            template_version=row.template_version,
            unit=units[row.unit_id],
            lead=people.get(row.lead_id, NO_ONE),
            status=row.status,
            why=row.why,
            urgent=row.urgent,
            launched_at=row.launched_at,
            starts_at=row.starts_at,
            paused_at=row.paused_at,
            ended_at=row.ended_at,
            stage=stages.get(row.id) if row.status in RUNNING else None,
            **vars(numbers.get(row.id, _Numbers())),
        )
        for row in rows
    )


@dataclass(frozen=True)
class _Numbers:
    n_tasks: int = 0
    n_done: int = 0
    n_open: int = 0
    n_overdue: int = 0
    n_deciding: int = 0
    next_deadline_at: datetime | None = None


def _numbers(session: Session, ids: Sequence[int], now: datetime) -> dict[int, _Numbers]:
    def count(which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count(sa.case((which, 1)))

    status = col(Task.status)
    next_deadline = sa.func.min(sa.case((status == TaskStatus.OPEN, col(Task.deadline_at))))
    counted = (
        sa.select(
            col(Task.cycle_id),
            sa.func.count(),
            count(status == TaskStatus.DONE),
            count(status == TaskStatus.OPEN),
            count(overdue(now)),
            count(status == TaskStatus.DECIDING),
            next_deadline,
        )
        .where(col(Task.cycle_id).in_(ids))
        .group_by(col(Task.cycle_id))
    )
    return {row[0]: _Numbers(*row[1:]) for row in session.execute(counted)}


def _stages(session: Session, ids: Sequence[int]) -> dict[int, StageMark]:
    found: dict[int, StageMark] = {}
    n_stages: dict[int, int] = {}
    rows = session.exec(select(Stage).where(col(Stage.cycle_id).in_(ids)).order_by(col(Stage.position).desc())).all()
    for row in rows:
        n_stages[row.cycle_id] = n_stages.get(row.cycle_id, 0) + 1
    for row in rows:  # the last position comes first, so that the earliest stays
        if row.status in NOT_ENDED:
            title, n_all = Text(row.title_en, row.title_zh), n_stages[row.cycle_id]
            found[row.cycle_id] = StageMark(row.id, row.slug, title, row.status, row.position, n_all)
    return found


def _where(wanted: CycleFilter, now: datetime) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = []
    if wanted.status:
        where.append(col(Cycle.status) == wanted.status)
    if wanted.is_open or wanted.stage:
        where.append(col(Cycle.status).in_(RUNNING))
    if wanted.stage:
        now_in = current_stage()
        here = (col(Stage.cycle_id) == now_in.c.cycle_id) & (col(Stage.position) == now_in.c.position)
        of_stage = sa.select(col(Stage.cycle_id)).join(now_in, here).where(col(Stage.slug) == wanted.stage)
        where.append(col(Cycle.id).in_(of_stage))
    if wanted.unit:
        where.append(col(Cycle.unit_id).in_(sa.select(col(Unit.id)).where(col(Unit.slug) == wanted.unit)))
    if wanted.lead:
        where.append(col(Cycle.lead_id).in_(sa.select(col(Person.id)).where(col(Person.slug) == wanted.lead)))
    if wanted.template:
        where.append(col(Cycle.template) == wanted.template)
    if wanted.overdue:
        where.append(col(Cycle.id).in_(sa.select(col(Task.cycle_id)).where(overdue(now))))
    if wanted.text:
        titles = (col(Cycle.title_en), col(Cycle.title_zh), col(Cycle.code))
        where.append(sa.or_(*(title.icontains(wanted.text, autoescape=True) for title in titles)))
    return where
