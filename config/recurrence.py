"""How often an activity comes back, as a hospital writes it: `weekly mon`, `monthly 3wd`, `yearly 03-15`."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from config.indicators import Frequency
from config.periods import after
from config.words import Refused, Text

if TYPE_CHECKING:
    from config.calendar import Calendar  # brings the holidays of the world along, which reading does not need

ONE_DAY = timedelta(days=1)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS_ZH = "一二三四五六日"
_MOST = {Frequency.MONTH: 31, Frequency.QUARTER: 92}
_MOST_WORKING = {Frequency.MONTH: 23, Frequency.QUARTER: 66}
_LENGTHS = {"monthly": Frequency.MONTH, "quarterly": Frequency.QUARTER}
_LEAP = 2024  # a year that has every date

_WEEKLY = re.compile(r"weekly (\w{3})")
_COUNTED = re.compile(r"(monthly|quarterly) (\d{1,2})(wd)?")
_YEARLY = re.compile(r"yearly (\d{1,2})-(\d{1,2})")

FORMS = Text(
    "Write weekly mon, monthly 3wd (third working day), monthly 15 (day of the month), quarterly 5wd or yearly 03-15",
    "请写 weekly mon（每周一）、monthly 3wd（每月第 3 个工作日）、monthly 15（每月 15 日）、"
    "quarterly 5wd（每季度第 5 个工作日）或 yearly 03-15（每年 3 月 15 日）",
)


@dataclass(frozen=True)
class Recurrence:
    """A day in each period. n: the weekday (0 is Monday), the day or working day of the period; month: of a year."""

    frequency: Frequency
    n: int
    working: bool = False
    month: int = 0

    def __str__(self) -> str:
        match self.frequency:
            case Frequency.WEEK:
                return f"weekly {_DAYS[self.n]}"
            case Frequency.YEAR:
                return f"yearly {self.month:02d}-{self.n:02d}"
        return f"{self.frequency}ly {self.n}{'wd' if self.working else ''}"

    def on(self, period_on: date, calendar: "Calendar") -> date:
        """Find the day of one period: a day off gives way to the next working day, a day too many to the last one.

        period_on: the first day of the period.
        """
        end_on = after(self.frequency, period_on)
        if self.working:
            day = calendar.shift(period_on - ONE_DAY, self.n)
            return day if day < end_on else calendar.shift(end_on - ONE_DAY, 0)
        return calendar.next_working_day(min(self._named(period_on), end_on - ONE_DAY))

    @property
    def words(self) -> Text:
        """Say it as people do."""
        match self.frequency:
            case Frequency.WEEK:
                return Text(f"every {_WEEKDAYS[self.n]}", f"每周{_DAYS_ZH[self.n]}")
            case Frequency.YEAR:
                return Text(f"every year on {self.month:02d}-{self.n:02d}", f"每年 {self.month} 月 {self.n} 日")
        length = Text(self.frequency.value, "月" if self.frequency is Frequency.MONTH else "季度")
        if self.working:
            return Text(f"working day {self.n} of each {length.en}", f"每{length.zh}第 {self.n} 个工作日")
        return Text(f"day {self.n} of each {length.en}", f"每{length.zh}第 {self.n} 天")

    def _named(self, period_on: date) -> date:
        if self.frequency is Frequency.YEAR:
            return date(period_on.year, self.month, min(self.n, monthrange(period_on.year, self.month)[1]))
        return period_on + timedelta(days=self.n if self.frequency is Frequency.WEEK else self.n - 1)


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@cache
def parse_recurrence(written: str) -> Recurrence:
    """Read how often something comes back. Raises Refused, a ValueError with both languages."""
    text = " ".join(written.lower().split())
    found = _weekly(text) or _counted(text) or _yearly(text)
    if found is None:
        shown = text[:40]
        raise Refused(Text(f"`{shown}` does not say how often", f"“{shown}”没有写明频率"), FORMS)
    return found


def _weekly(text: str) -> Recurrence | None:
    found = _WEEKLY.fullmatch(text)
    return Recurrence(Frequency.WEEK, _DAYS.index(found[1])) if found and found[1] in _DAYS else None


def _counted(text: str) -> Recurrence | None:
    found = _COUNTED.fullmatch(text)
    if found is None:
        return None
    length, n, working = _LENGTHS[found[1]], int(found[2]), bool(found[3])
    most = (_MOST_WORKING if working else _MOST)[length]
    return Recurrence(length, n, working) if 1 <= n <= most else None


def _yearly(text: str) -> Recurrence | None:
    found = _YEARLY.fullmatch(text)
    if found is None:
        return None
    month, day = int(found[1]), int(found[2])
    fits = 1 <= month <= 12 and 1 <= day <= monthrange(_LEAP, month)[1]
    return Recurrence(Frequency.YEAR, day, month=month) if fits else None
