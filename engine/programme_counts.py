"""The programme's own indicator: how many measure tasks were done in time, counted from the tasks themselves."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from sqlmodel import Session, col, select

from config.calendar import MORNING, Calendar
from config.indicators import Frequency
from config.periods import after, start_of
from engine.measure_template import OWN_INDICATOR
from engine.observation_checks import Given
from engine.observations import put_observations
from engine.people import Directory, directory
from engine.programme_plan import HOSPITAL
from engine.rules import Rules
from models.assessment import Origin, OriginKind
from models.cycle import Cycle
from models.db import Database
from models.indicator import Observation
from models.programme import MeasureCycle
from models.task import Task, TaskStatus

COUNT_AFTER = 3  # working days after the month


def count_month(session: Session, month_on: date, *, rules: Rules, now: datetime) -> int:
    """Write the observations of a month, of each unit with tasks and of each hospital in all; the same again changes
    nothing, and a task that was stopped counts nowhere. Returns how many units were counted."""
    tallies = _tallies(session, month_on, rules.calendar, directory(session))
    given = [
        Given(OWN_INDICATOR, unit_id, month_on, n_in_time, n_due, provisional=False)
        for unit_id, (n_in_time, n_due) in sorted(tallies.items())
    ]
    if given:
        put_observations(session, given, rules=rules, by=None, now=now, why="counted from the tasks")
    return len(given)


def count_due(database: Database, *, rules: Rules, now: datetime, door: str) -> int:
    """Count the month before this one, once its last tasks had three working days; 0 when it is done already."""
    with database.reading() as session:
        month = _due_month(session, rules.calendar, now)
    if month is None:
        return 0
    with database.transaction(door) as session:
        return count_month(session, month, rules=rules, now=now)


def _due_month(session: Session, calendar: Calendar, now: datetime) -> date | None:
    this = start_of(Frequency.MONTH, calendar.local_date(now))
    month = start_of(Frequency.MONTH, this - timedelta(days=1))
    if calendar.at(calendar.shift(this - timedelta(days=1), COUNT_AFTER), MORNING) > now:
        return None
    counted = select(Observation.id).where(Observation.indicator == OWN_INDICATOR, Observation.period_on == month)
    launched = select(MeasureCycle.id)
    return None if session.exec(counted).first() or session.exec(launched).first() is None else month


def _tallies(session: Session, month_on: date, calendar: Calendar, people: Directory) -> Mapping[int, tuple[int, int]]:
    first, end = (calendar.at(day, time.min) for day in (month_on, after(Frequency.MONTH, month_on)))
    asked = (
        select(Cycle.unit_id, Task.done_at, Task.deadline_at)
        .join(Task, col(Task.cycle_id) == col(Cycle.id))
        .join(Origin, col(Origin.cycle_id) == col(Cycle.id))
        .where(Origin.kind == OriginKind.MEASURE, Task.status != TaskStatus.STOPPED)
        .where(col(Task.deadline_at) >= first, col(Task.deadline_at) < end)
    )
    n_due, n_in_time = Counter[int](), Counter[int]()
    for unit_id, done_at, deadline_at in session.exec(asked):
        for counted in {unit_id, *_hospitals(unit_id, people)}:
            n_due[counted] += 1
            n_in_time[counted] += done_at is not None and deadline_at is not None and done_at <= deadline_at
    return {unit_id: (n_in_time[unit_id], n) for unit_id, n in n_due.items()}


def _hospitals(unit_id: int, people: Directory) -> list[int]:
    """Find the hospitals that a unit belongs to: their figure is that of everything below them."""
    return [above for above in people.upwards(unit_id) if people.units[above].kind == HOSPITAL]
