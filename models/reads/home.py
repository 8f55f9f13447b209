"""The numbers of the home page, and who must act first."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.words import Text
from models.base import Row
from models.cycle import Cycle, CycleStatus, Stage
from models.notification import Notification
from models.reads.cycles import RUNNING, current_stage
from models.reads.decisions import longest_waiting, pending
from models.reads.messages import unreached
from models.reads.names import NO_ONE, person_names, unit_names
from models.reads.tasks import overdue, task_lines, tasks_by_id
from models.reads.views import Counts, DecisionView, MustAct, TaskLine
from models.task import Decision, Task, TaskStatus


def home_counts(session: Session, *, now: datetime) -> Counts:
    """Count what runs, what is late, what waits for a decision, and what could not be told."""

    def n(row: type[Row], *where: sa.ColumnElement[bool]) -> int:
        counted: int = session.execute(sa.select(sa.func.count()).select_from(row).where(*where)).scalar_one()
        return counted

    running = sa.select(col(Cycle.id)).where(col(Cycle.status) == CycleStatus.ACTIVE)
    return Counts(
        n_cycles=n(Cycle, col(Cycle.status).in_(RUNNING)),
        n_tasks=n(Task, col(Task.status) == TaskStatus.OPEN),
        n_overdue=n(Task, overdue(now)),
        n_deciding=n(Decision, pending(), col(Decision.cycle_id).in_(running)),
        n_untold=n(Notification, unreached()),
        by_stage=_by_stage(session),
    )


def must_act_first(session: Session, *, now: datetime, limit: int = 12) -> tuple[MustAct, ...]:
    """List overdue tasks and decisions not taken, the latest first; seldom more than 15 queries, whatever there is."""
    late = select(Task).where(overdue(now)).order_by(col(Task.deadline_at), col(Task.id)).limit(limit)
    tasks = task_lines(session, session.exec(late).all())
    asked = longest_waiting(session, limit)
    about = tasks_by_id(session, [one.task_id for one in asked if one.task_id])
    found: list[tuple[datetime, TaskLine | None, DecisionView | None]]
    found = [(line.deadline_at or now, line, line.decision) for line in tasks]
    found += [(one.first_asked_at, about.get(one.task_id or 0), one) for one in asked]
    found.sort(key=lambda item: item[0])
    return _with_cycles(session, found[:limit])


def waiting_decisions(session: Session, *, limit: int = 100) -> tuple[MustAct, ...]:
    """List the decisions that somebody was asked for and has not taken, the oldest first."""
    asked = longest_waiting(session, limit)
    about = tasks_by_id(session, [one.task_id for one in asked if one.task_id])
    return _with_cycles(session, [(one.first_asked_at, about.get(one.task_id or 0), one) for one in asked])


def _with_cycles(
    session: Session, found: list[tuple[datetime, TaskLine | None, DecisionView | None]]
) -> tuple[MustAct, ...]:
    codes = {task.code for _, task, _ in found if task}
    ids = {one.cycle_id for _, _, one in found if one}
    rows = session.exec(select(Cycle).where(col(Cycle.code).in_(codes) | col(Cycle.id).in_(ids))).all()
    cycles: Mapping[str | int | None, Cycle] = {row.code: row for row in rows} | {row.id: row for row in rows}
    units = unit_names(session, [row.unit_id for row in rows])
    leads = person_names(session, [row.lead_id for row in rows])
    stages = _stage_titles(session, [one.stage_id for _, task, one in found if one and not task])
    made = []
    for since, task, decision in found:
        cycle = cycles[task.code if task else decision.cycle_id if decision else None]
        title, lead = Text(cycle.title_en, cycle.title_zh), leads.get(cycle.lead_id, NO_ONE)
        stage = stages.get(decision.stage_id) if decision and not task else None
        made.append(MustAct(since, cycle.code, title, units[cycle.unit_id], lead, task, stage, decision))
    return tuple(made)


def _stage_titles(session: Session, ids: list[int]) -> dict[int, Text]:
    rows = session.exec(select(Stage).where(col(Stage.id).in_(ids))) if ids else ()
    return {row.id: Text(row.title_en, row.title_zh) for row in rows}


def _by_stage(session: Session) -> dict[str, int]:
    now_in = current_stage()
    here = (col(Stage.cycle_id) == now_in.c.cycle_id) & (col(Stage.position) == now_in.c.position)
    counted = (
        sa.select(col(Stage.slug), sa.func.count())
        .join(now_in, here)
        .join(Cycle, col(Cycle.id) == col(Stage.cycle_id))
        .where(col(Cycle.status).in_(RUNNING))
        .group_by(col(Stage.slug))
    )
    return dict(session.execute(counted).tuples().all())
