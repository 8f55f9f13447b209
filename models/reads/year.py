"""Everything of a year's work in a fixed number of queries: goals, cycles with stages and tasks, planned activities."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from models.activity import ActivitySchedule, YearlyGoal
from models.assessment import Aim
from models.cycle import Cycle, Stage
from models.task import Task, TaskOwner


@dataclass(frozen=True)
class YearOfWork:
    """Rows of a year; stages by cycle and tasks by stage in their order, owners by task, aims by cycle."""

    goals: Sequence[YearlyGoal]
    cycles: Sequence[Cycle]
    stages: Mapping[int, Sequence[Stage]]
    tasks: Mapping[int, Sequence[Task]]
    owners: Mapping[int, Sequence[int]]
    aims: Mapping[int, Aim]
    schedules: Sequence[ActivitySchedule]


def read_year(
    session: Session, year: int, begin: datetime, end: datetime, units: Sequence[int] | None = None
) -> YearOfWork:
    """Read what began before the end of a year and had not ended before its begin; units: only of these."""
    here = or_(col(Cycle.ended_at).is_(None), col(Cycle.ended_at) >= begin)
    cycles = select(Cycle).where(Cycle.starts_at < end, here)
    goals = select(YearlyGoal).where(YearlyGoal.year == year)
    schedules = select(ActivitySchedule).where(col(ActivitySchedule.stopped_at).is_(None))
    if units is not None:
        cycles = cycles.where(col(Cycle.unit_id).in_(units))
        goals = goals.where(col(YearlyGoal.unit_id).in_(units))
        schedules = schedules.where(col(ActivitySchedule.unit_id).in_(units))
    ids = cycles.with_only_columns(col(Cycle.id))
    stages: defaultdict[int, list[Stage]] = defaultdict(list)
    tasks: defaultdict[int, list[Task]] = defaultdict(list)
    owners: defaultdict[int, list[int]] = defaultdict(list)
    for stage in session.exec(select(Stage).where(col(Stage.cycle_id).in_(ids)).order_by(col(Stage.position))):
        stages[stage.cycle_id].append(stage)
    for task in session.exec(select(Task).where(col(Task.cycle_id).in_(ids)).order_by(col(Task.position))):
        tasks[task.stage_id].append(task)
    of_tasks = select(TaskOwner).join(Task, col(Task.id) == col(TaskOwner.task_id)).where(col(Task.cycle_id).in_(ids))
    for owner in session.exec(of_tasks.order_by(col(TaskOwner.person_id))):
        owners[owner.task_id].append(owner.person_id)
    return YearOfWork(
        goals=session.exec(goals.order_by(col(YearlyGoal.code), col(YearlyGoal.id))).all(),
        cycles=session.exec(cycles).all(),
        stages=stages,
        tasks=tasks,
        owners=owners,
        aims={aim.cycle_id: aim for aim in session.exec(select(Aim).where(col(Aim.cycle_id).in_(ids)))},
        schedules=session.exec(schedules).all(),
    )
