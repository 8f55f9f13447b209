"""When the assessments of a schedule are due: counted from the period itself, never from the last answer; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from config.calendar import MORNING, ONE_DAY, Calendar
from config.indicators import Frequency
from config.periods import after, spelled, start_of
from config.words import Refused, Text
from config.written import Due, Unit, parse_due
from engine.deadlines import deadline

LENGTHS = {Frequency.WEEK: 7, Frequency.MONTH: 28, Frequency.QUARTER: 90, Frequency.YEAR: 365}


@dataclass(frozen=True)
class Turn:
    """One period of a schedule: its first day, the first day after it, its month, the moment it is due."""

    period_on: date
    end_on: date
    month_on: date
    due_at: datetime


def turn(frequency: Frequency, period_on: date, written: str, calendar: Calendar) -> Turn:
    """Find when a period is assessed: 09:00 on the day that `written` (5wd, 10d) counts from its last day."""
    end_on = after(frequency, period_on)
    last_day, wait = end_on - ONE_DAY, parse_due(written)
    if wait.unit is Unit.WORKING_DAYS:
        day = calendar.shift(last_day, wait.n)
    else:
        day = last_day + timedelta(days=wait.n)
        day = day if wait.fixed else calendar.next_working_day(day)
    return Turn(period_on, end_on, last_day.replace(day=1), calendar.at(day, MORNING))


def due_turns(frequency: Frequency, next_on: date, written: str, calendar: Calendar, now: datetime) -> Iterator[Turn]:
    """Walk over the periods, from `next_on`, whose moment has come."""
    here = turn(frequency, next_on, written, calendar)
    while here.due_at <= now:
        yield here
        here = turn(frequency, here.end_on, written, calendar)


def first_period(frequency: Frequency, written: str, calendar: Calendar, now: datetime) -> date:
    """Find the earliest period whose moment is still to come."""
    here = start_of(frequency, calendar.local_date(now))
    while turn(frequency, earlier := after(frequency, here, -1), written, calendar).due_at > now:
        here = earlier
    return here


def until(written: str, created_at: datetime, calendar: Calendar) -> datetime:
    """Find until when data are waited for; whoever is asked late has the whole time all the same."""
    return deadline(written, created_at, calendar).at


@dataclass(frozen=True)
class Stretch:
    """What one assessment looks at: from its first day to the day after its last, and how many values begin there."""

    period_on: date
    end_on: date
    n_values: int


def stretch(schedule: Frequency, indicator: Frequency, here: Turn) -> Stretch | None:
    """Find what a turn of a schedule assesses of an indicator that is counted so often.

    An indicator that is counted less often is assessed in the turn in which its own period ends; None in the others.
    """
    start = start_of(indicator, here.period_on)
    if LENGTHS[schedule] < LENGTHS[indicator]:
        end = after(indicator, start)
        return Stretch(start, end, 1) if end <= here.end_on else None
    n = 0
    while start < here.end_on:
        n += start >= here.period_on
        start = after(indicator, start)
    return Stretch(here.period_on, here.end_on, n)


def spell(schedule: Frequency, indicator: Frequency | None, period_on: date) -> str:
    """Write what an assessment looks at by the longer of both lengths."""
    return spelled(max(filter(None, (schedule, indicator)), key=LENGTHS.__getitem__), period_on)


def read_wait(written: str, *, least: int) -> str:
    """Read 5wd or 10d in its one spelling. Raises Refused."""
    found: Due = parse_due(written)
    if found.unit not in (Unit.WORKING_DAYS, Unit.DAYS) or found.n < least:
        shown = written.strip()[:40]
        raise Refused(
            Text(f"`{shown}` is no number of days after a period", f"“{shown}”不是周期结束后的天数"),
            Text("Write 5wd (working days) or 10d (days)", "请写 5wd（工作日）或 10d（自然日）"),
        )
    return str(found)
