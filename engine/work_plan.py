"""The work plan of a year: goals, cycles and planned activities, each with its stages, beside what has happened."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Session

from config.calendar import Calendar
from config.recurrence import parse_recurrence
from config.words import Text
from engine.activity_turns import coming_turns
from engine.deed import plan_of
from engine.people import Directory, directory
from engine.planned import PlannedStage, plan_stages
from engine.rules import Rules
from models.activity import ActivitySchedule, YearlyGoal
from models.assessment import Aim
from models.cycle import Cycle, CycleStatus, Stage
from models.reads.year import YearOfWork, read_year
from models.task import Task, TaskStatus

ENDED = (CycleStatus.CLOSED, CycleStatus.CANCELLED)


class LineKind(StrEnum):
    """What a line of the plan is."""

    GOAL = "goal"
    CYCLE = "cycle"
    ACTIVITY = "activity"


class Course(StrEnum):
    """How a line stands beside its plan. A goal is running or over, nothing else: it is measured, not done."""

    PLANNED = "planned"
    RUNNING = "running"
    OVER = "over"
    ON_TIME = "on-time"
    LATE = "late"
    DONE = "done"
    DONE_LATE = "done-late"
    STOPPED = "stopped"


@dataclass(frozen=True)
class TaskLine:
    """One task. planned_at: by the plan; deadline_at: as it stands now, None while the task waits."""

    title: Text
    owners: tuple[str, ...]
    planned_at: datetime
    deadline_at: datetime | None
    done_at: datetime | None
    is_late: bool


@dataclass(frozen=True)
class StageLine:
    """One stage by plan and as it went."""

    title: Text
    begins_at: datetime
    ends_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    tasks: tuple[TaskLine, ...]


@dataclass(frozen=True)
class PlanLine:
    """One line. turns: the planned launches of an activity; objective: what it is for, empty when it is not said."""

    kind: LineKind
    code: str
    title: Text
    unit: Text
    lead: str
    objective: Text
    begins_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    course: Course
    stages: tuple[StageLine, ...] = ()
    turns: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class WorkPlan:
    """A year. lines: goals first, then cycles and activities by their beginning."""

    year: int
    lines: tuple[PlanLine, ...]

    def n(self, course: Course) -> int:
        """Count the lines of one course."""
        return sum(line.course is course for line in self.lines)


@dataclass(frozen=True)
class _Reading:
    session: Session
    rules: Rules
    people: Directory
    year: YearOfWork
    now: datetime
    until: datetime


def read_work_plan(
    session: Session, year: int, *, rules: Rules, now: datetime, units: Sequence[int] | None = None
) -> WorkPlan:
    """Read the plan of a year; units: only of these."""
    begin = rules.calendar.at(date(year, 1, 1), _MIDNIGHT)
    end = rules.calendar.at(date(year + 1, 1, 1), _MIDNIGHT)
    found = read_year(session, year, begin, end, units)
    reading = _Reading(session, rules, directory(session), found, now, end)
    goals = [_goal(reading, goal, begin) for goal in found.goals]
    cycles = (_cycle(reading, cycle) for cycle in found.cycles)
    # What still runs belongs to every year until its plan, or today, is over.
    here = (line for line in cycles if line.ended_at or max(line.ends_at, now) >= begin)
    others = [*here, *_activities(reading)]
    return WorkPlan(year, (*goals, *sorted(others, key=lambda line: (line.begins_at, line.code))))


_MIDNIGHT = datetime.min.time()


def _goal(reading: _Reading, goal: YearlyGoal, begin: datetime) -> PlanLine:
    one = reading.rules.catalogue.indicators.get(goal.indicator)
    sign = one.unit if one else Text("", "")
    return PlanLine(
        kind=LineKind.GOAL,
        code=goal.code,
        title=Text(goal.title_en, goal.title_zh),
        unit=_unit(reading, goal.unit_id),
        lead="",
        objective=_levels(one.title if one else Text(goal.indicator, goal.indicator), goal.baseline, goal.target, sign),
        begins_at=begin,
        ends_at=reading.until,
        ended_at=None,
        course=Course.PLANNED
        if reading.now < begin
        else Course.RUNNING
        if reading.now < reading.until
        else Course.OVER,
    )


def _of_goal(reading: _Reading, begin: datetime) -> Course:
    """Say whether its year has begun and ended; whether it was reached its own page says."""
    if reading.now < begin:
        return Course.PLANNED
    return Course.RUNNING if reading.now < reading.until else Course.OVER


def _levels(title: Text, baseline: float | None, target: float | None, sign: Text) -> Text:
    began = Text("not measured", "未统计") if baseline is None else Text(f"{baseline:.4g}", f"{baseline:.4g}")
    wanted = (
        Text("no target yet", "未设目标") if target is None else Text(f"{target:g} {sign.en}", f"{target:g} {sign.zh}")
    )
    return Text(f"{title.en}: {began.en} → {wanted.en}", f"{title.zh}：{began.zh} → {wanted.zh}")


def _cycle(reading: _Reading, cycle: Cycle) -> PlanLine:
    template = plan_of(reading.session, cycle.snapshot).template
    planned = plan_stages(template, cycle.starts_at, reading.rules.calendar)
    by_id = {one.id: one for one in planned}
    stages = tuple(_stage(reading, row, by_id[row.slug]) for row in reading.year.stages[cycle.id])
    return PlanLine(
        kind=LineKind.CYCLE,
        code=cycle.code,
        title=Text(cycle.title_en, cycle.title_zh),
        unit=_unit(reading, cycle.unit_id),
        lead=reading.people.persons[cycle.lead_id].name,
        objective=_objective(reading, reading.year.aims.get(cycle.id)),
        begins_at=cycle.starts_at,
        ends_at=planned[-1].ends_at,
        ended_at=cycle.ended_at,
        course=_course(cycle, planned[-1].ends_at, stages, reading.now),
        stages=stages,
    )


def _course(cycle: Cycle, ends_at: datetime, stages: Sequence[StageLine], now: datetime) -> Course:
    if cycle.status is CycleStatus.CANCELLED:
        return Course.STOPPED
    if cycle.status is CycleStatus.CLOSED:
        return Course.DONE if cycle.ended_at and cycle.ended_at <= ends_at else Course.DONE_LATE
    if cycle.status is CycleStatus.PLANNED:
        return Course.PLANNED
    late = now > ends_at or any(task.is_late for stage in stages for task in stage.tasks)
    return Course.LATE if late else Course.ON_TIME


def _stage(reading: _Reading, row: Stage, planned: PlannedStage) -> StageLine:
    tasks = tuple(_task(reading, task, planned.ends) for task in reading.year.tasks[row.id])
    title = Text(row.title_en, row.title_zh)
    return StageLine(title, planned.begins_at, planned.ends_at, row.opened_at, row.closed_at, tasks)


def _task(reading: _Reading, task: Task, ends: Mapping[str, datetime]) -> TaskLine:
    owners = tuple(reading.people.persons[one].name for one in reading.year.owners.get(task.id, ()))
    is_open = task.status in (TaskStatus.OPEN, TaskStatus.DECIDING)
    late = is_open and task.deadline_at is not None and task.deadline_at < reading.now
    return TaskLine(Text(task.title_en, task.title_zh), owners, ends[task.slug], task.deadline_at, task.done_at, late)


def _objective(reading: _Reading, aim: Aim | None) -> Text:
    one = reading.rules.catalogue.indicators.get(aim.indicator) if aim else None
    if aim is None or one is None or aim.target is None:
        return Text("", "")
    until = f" ({aim.target_on})" if aim.target_on else ""
    return Text(
        f"{one.title.en}: {aim.target:g} {one.unit.en}{until}", f"{one.title.zh}：{aim.target:g} {one.unit.zh}{until}"
    )


def _activities(reading: _Reading) -> Iterator[PlanLine]:
    calendar = reading.rules.calendar
    for row in reading.year.schedules:
        turns = tuple(_turns(row, calendar, reading))
        template = reading.rules.catalogue.templates.get(row.activity)
        if not turns or template is None:
            continue
        title = Text(row.title_en, row.title_zh or row.title_en) if row.title_en else template.title
        yield PlanLine(
            kind=LineKind.ACTIVITY,
            code=row.activity,
            title=title,
            unit=_unit(reading, row.unit_id),
            lead="",
            objective=parse_recurrence(row.every).words,
            begins_at=turns[0],
            ends_at=plan_stages(template, turns[-1], calendar)[-1].ends_at,
            ended_at=None,
            course=Course.PLANNED,
            turns=turns,
        )


def _turns(row: ActivitySchedule, calendar: Calendar, reading: _Reading) -> Iterator[datetime]:
    every = parse_recurrence(row.every)
    for turn in coming_turns(every, row.next_on, calendar, reading.now, reading.until):
        yield turn.due_at


def _unit(reading: _Reading, unit_id: int) -> Text:
    unit = reading.people.units[unit_id]
    return Text(unit.name_en, unit.name_zh)
