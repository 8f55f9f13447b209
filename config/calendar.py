"""Working days, working hours and the sending window of a hospital; pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from config.shapes import CalendarFile

ONE_DAY = timedelta(days=1)
MORNING = time(9, 0)  # rungs and levels written in working days fall at this hour
FARTHEST = 4000  # a search for a working day that takes longer means a calendar without any


@dataclass(frozen=True)
class Calendar:
    """When a hospital works. Moments go in and out as aware UTC; dates are in the hospital's zone."""

    zone: ZoneInfo
    closes: time
    window_opens: time
    window_closes: time
    works_on: Callable[[date], bool]
    announced_until: int | None = None
    _known: dict[date, bool] = field(default_factory=dict, compare=False, repr=False)

    def is_working_day(self, day: date) -> bool:
        """Answer whether the hospital's offices work on `day`."""
        known = self._known.get(day)
        if known is None:
            known = self._known[day] = self.works_on(day)
        return known

    def is_provisional(self, day: date) -> bool:
        """Answer whether the official calendar of that year is still to come."""
        return self.announced_until is not None and day.year > self.announced_until

    def local_date(self, moment: datetime) -> date:
        """Read the date of a moment in the hospital's zone."""
        return moment.astimezone(self.zone).date()

    def at(self, day: date, hour: time) -> datetime:
        """Make the UTC moment of a local hour."""
        return datetime.combine(day, hour, self.zone).astimezone(UTC)

    def end_of(self, day: date) -> datetime:
        """Make the moment at which the offices close on `day`."""
        return self.at(day, self.closes)

    def shift(self, day: date, n: int) -> date:
        """Find the n-th working day after `day`, before it when negative; for 0 `day` or the last one before it."""
        if n == 0:
            return self._seek(day, -ONE_DAY)
        step = ONE_DAY if n > 0 else -ONE_DAY
        for _ in range(abs(n)):
            day = self._seek(day + step, step)
        return day

    def next_working_day(self, day: date) -> date:
        """Find `day`, or the first working day after it."""
        return self._seek(day, ONE_DAY)

    def working_days_between(self, first: date, last: date) -> int:
        """Count the working days after `first` up to and including `last`."""
        return sum(self.is_working_day(first + ONE_DAY * n) for n in range(1, (last - first).days + 1))

    def sendable(self, moment: datetime) -> datetime:
        """Find the moment itself when it lies in the sending window, else the next opening of the window."""
        local = moment.astimezone(self.zone)
        if self.is_working_day(local.date()) and local.time() < self.window_closes:
            return max(moment, self.at(local.date(), self.window_opens))
        return self.at(self.shift(local.date(), 1), self.window_opens)

    def _seek(self, day: date, step: timedelta) -> date:
        for _ in range(FARTHEST):
            if self.is_working_day(day):
                return day
            day += step
        raise ValueError(f"no working day near {day}: check the hospital's extra days off")


def calendar_of(file: CalendarFile) -> Calendar:
    """Make a calendar from what the hospital wrote."""
    official = holidays.country_holidays(file.country, subdiv=file.subdivision)
    off, on = frozenset(file.extra_days_off), frozenset(file.extra_working_days)

    def works_on(day: date) -> bool:
        return day in on or (day not in off and official.is_working_day(day))

    return Calendar(
        zone=ZoneInfo(file.timezone),
        closes=file.closes,
        window_opens=file.window_opens,
        window_closes=file.window_closes,
        works_on=works_on,
        announced_until=file.announced_until or _announced_until(file.country),
    )


@cache
def _announced_until(country: str) -> int | None:
    """Find the last year whose moved working days are published, for countries that announce them each year."""
    made = holidays.country_holidays(country)
    moved: dict[int, object] = getattr(made, "special_public_holidays", {})
    return max(moved) if moved and getattr(made, "has_substituted_holidays", False) else None
