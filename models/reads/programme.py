"""Named reads of the measures that were launched: which cycle answers for which, and how its tasks stand."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.assessment import Origin, OriginKind
from models.cycle import Cycle, CycleStatus
from models.programme import MeasureCycle
from models.task import Task, TaskStatus

RUNNING = (CycleStatus.PLANNED, CycleStatus.ACTIVE, CycleStatus.PAUSED)
UNDONE = (TaskStatus.WAITING, TaskStatus.OPEN, TaskStatus.DECIDING, TaskStatus.PAUSED)


@dataclass(frozen=True)
class LaunchedMeasure:
    """A measure in a unit with its cycle."""

    id: int
    edition: str
    measure: str
    unit_id: int
    cycle_id: int
    code: str
    status: CycleStatus


@dataclass(frozen=True)
class MeasureCount:
    """How one measure stands in one unit: cycles that run, their open tasks, and those whose deadline has passed.

    code: of the newest cycle.
    """

    measure: str
    unit_id: int
    n_running: int
    n_ended: int
    n_open: int
    n_overdue: int
    code: str


def list_launched(session: Session, editions: Collection[str] | None = None) -> list[LaunchedMeasure]:
    """Read every launched measure, of some editions or of all, oldest first."""
    asked = (
        select(
            MeasureCycle.id, MeasureCycle.edition, MeasureCycle.measure, MeasureCycle.unit_id, Cycle.id, Cycle.code,
            Cycle.status,
        )  # type: ignore[call-overload]
        .join(Origin, sa.and_(col(Origin.kind) == OriginKind.MEASURE, col(Origin.subject_id) == col(MeasureCycle.id)))
        .join(Cycle, col(Cycle.id) == col(Origin.cycle_id))
        .order_by(col(MeasureCycle.id))
    )  # fmt: skip
    if editions is not None:
        asked = asked.where(col(MeasureCycle.edition).in_(sorted(editions)))
    return [LaunchedMeasure(*row) for row in session.exec(asked)]


def count_measures(session: Session, now: datetime) -> list[MeasureCount]:
    """Count running cycles, open tasks and overdue ones by measure and unit, over all editions."""
    launched = list_launched(session)
    tasks = _count_tasks(session, [one.cycle_id for one in launched if one.status in RUNNING], now)
    found: dict[tuple[str, int], list[int]] = {}
    codes = {(one.measure, one.unit_id): one.code for one in launched}
    for one in launched:
        cell = found.setdefault((one.measure, one.unit_id), [0, 0, 0, 0])
        cell[0 if one.status in RUNNING else 1] += 1
        n_open, n_overdue = tasks.get(one.cycle_id, (0, 0))
        cell[2] += n_open
        cell[3] += n_overdue
    return [
        MeasureCount(measure, unit_id, n_running, n_ended, n_open, n_overdue, codes[measure, unit_id])
        for (measure, unit_id), (n_running, n_ended, n_open, n_overdue) in found.items()
    ]


def _count_tasks(session: Session, cycle_ids: Collection[int], now: datetime) -> dict[int, tuple[int, int]]:
    late = sa.case((sa.and_(col(Task.status) == TaskStatus.OPEN, col(Task.deadline_at) < now), 1), else_=0)
    asked = (
        sa.select(col(Task.cycle_id), sa.func.count(), sa.func.sum(late))
        .join(Cycle, col(Cycle.id) == col(Task.cycle_id))
        .join(Origin, sa.and_(col(Origin.cycle_id) == col(Cycle.id), col(Origin.kind) == OriginKind.MEASURE))
        .where(col(Task.status).in_(UNDONE))
        .group_by(col(Task.cycle_id))
    )
    wanted = set(cycle_ids)
    return {cycle: (n, int(overdue or 0)) for cycle, n, overdue in session.execute(asked) if cycle in wanted}
