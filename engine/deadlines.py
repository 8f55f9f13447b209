"""Deadlines, the rungs before and after them, and the ladder: when something is to happen; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.calendar import MORNING, Calendar
from config.shapes import Level
from config.written import Offset, Unit, parse_after, parse_due, parse_offset

# A level that comes later than this after its moment is late: the next one then gets its whole time again.
ON_TIME = timedelta(minutes=30)
STAGNANT_DAYS = 10  # working days between two notices about a task whose ladder is used up


@dataclass(frozen=True)
class Deadline:
    """A moment, and whether a calendar that is not announced yet may move it."""

    at: datetime
    provisional: bool


@dataclass(frozen=True)
class Rung:
    """A reminder of one deadline: its name as written, its moment, and whether it ignores the sending window."""

    name: str
    at: datetime
    any_hour: bool


def deadline(written: str, opened_at: datetime, calendar: Calendar) -> Deadline:
    """Find the deadline of a task that opens at `opened_at`, as written in its template."""
    due = parse_due(written)
    opened_on = calendar.local_date(opened_at)
    if due.unit is Unit.HOURS:
        return Deadline(opened_at + timedelta(hours=due.n), False)
    if due.unit is Unit.DATE and due.on:
        return Deadline(calendar.end_of(due.on), False)
    if due.unit is Unit.WORKING_DAYS:
        day = calendar.shift(opened_on, due.n) if due.n else opened_on
    else:
        day = opened_on + timedelta(days=due.n)
        day = day if due.fixed else calendar.next_working_day(day)
    return Deadline(calendar.end_of(day), not due.fixed and calendar.is_provisional(day))


def rungs(remind: Sequence[str], opened_at: datetime, deadline_at: datetime, calendar: Calendar) -> list[Rung]:
    """List the reminders of a deadline, oldest first; those at or before the opening do not exist."""
    made = [_rung(name, parse_offset(name), deadline_at, calendar) for name in remind]
    return sorted((rung for rung in made if rung.at > opened_at), key=lambda rung: rung.at)


def level_at(level: Level, deadline_at: datetime, calendar: Calendar) -> datetime:
    """Find the moment of a level of the ladder."""
    return _after(parse_after(level.after), deadline_at, calendar)


def next_level_from(
    ladder: Sequence[Level], fired: int, deadline_at: datetime, now: datetime, calendar: Calendar
) -> datetime | None:
    """Find the earliest moment of the level after `fired` (1 = first), which fires `now`.

    None when it came on time: the ladder's own moments hold. When it came late, the step to the next level takes
    its whole time again, counted from now; after the last level that is now itself.
    """
    if now - level_at(ladder[fired - 1], deadline_at, calendar) <= ON_TIME:
        return None
    if fired == len(ladder):
        return now
    this, following = parse_after(ladder[fired - 1].after), parse_after(ladder[fired].after)
    if this.unit is following.unit:
        return _after(Offset(this.unit, following.n - this.n), now, calendar)
    return now + (level_at(ladder[fired], deadline_at, calendar) - level_at(ladder[fired - 1], deadline_at, calendar))


def morning_after(moment: datetime, n_working_days: int, calendar: Calendar) -> datetime:
    """Find 09:00 of the n-th working day after a moment's date."""
    return calendar.at(calendar.shift(calendar.local_date(moment), n_working_days), MORNING)


def ignores_window(level: Level) -> bool:
    """Answer whether a level, written in hours, falls at any hour of any day."""
    return parse_after(level.after).unit is Unit.HOURS


def _rung(name: str, offset: Offset, deadline_at: datetime, calendar: Calendar) -> Rung:
    return Rung(name, _after(offset, deadline_at, calendar), offset.unit is Unit.HOURS)


def _after(offset: Offset, moment: datetime, calendar: Calendar) -> datetime:
    if offset.unit is Unit.HOURS:
        return moment + timedelta(hours=offset.n)
    return calendar.at(calendar.shift(calendar.local_date(moment), offset.n), MORNING)
