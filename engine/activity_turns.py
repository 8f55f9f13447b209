"""When the launches of a planned activity are due: counted from the calendar alone, never from an answer; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from config.calendar import MORNING, Calendar
from config.periods import after, spelled, start_of
from config.recurrence import Recurrence
from config.words import Text


@dataclass(frozen=True)
class ActivityTurn:
    """One launch by plan: the first day of its period, its moment, how the period is written, how many it replaces.

    n_skipped: earlier periods that were due by the same moment and are not made up for.
    """

    period_on: date
    due_at: datetime
    period: str
    n_skipped: int = 0


def turn_of(every: Recurrence, period_on: date, calendar: Calendar) -> ActivityTurn:
    """Find when the launch of a period is due: 09:00 of its day."""
    due_at = calendar.at(every.on(period_on, calendar), MORNING)
    return ActivityTurn(period_on, due_at, spelled(every.frequency, period_on))


def due_turn(every: Recurrence, next_on: date, calendar: Calendar, now: datetime) -> ActivityTurn | None:
    """Find the newest period whose moment has come, from `next_on`; what was missed before it is only counted."""
    found, n, here = None, -1, turn_of(every, next_on, calendar)
    while here.due_at <= now:
        found, n = here, n + 1
        here = turn_of(every, after(every.frequency, here.period_on), calendar)
    return ActivityTurn(found.period_on, found.due_at, found.period, n) if found else None


def coming_turns(
    every: Recurrence, next_on: date, calendar: Calendar, now: datetime, until: datetime
) -> Iterator[ActivityTurn]:
    """Walk over the launches before `until`, as they come when no tick after `now` is missed."""
    while True:
        due_at = max(turn_of(every, next_on, calendar).due_at, now)
        if due_at >= until:
            return
        found = due_turn(every, next_on, calendar, due_at)
        assert found is not None, next_on
        yield found
        next_on = after(every.frequency, found.period_on)


def first_period(every: Recurrence, calendar: Calendar, now: datetime) -> date:
    """Find the earliest period whose moment is still to come."""
    here = after(every.frequency, start_of(every.frequency, calendar.local_date(now)), -1)
    while turn_of(every, here, calendar).due_at <= now:
        here = after(every.frequency, here)
    return here


def named(title: Text, period: str) -> Text:
    """Name a launched cycle by its period."""
    return Text(f"{title.en}, {period}", f"{title.zh}（{period}）")
