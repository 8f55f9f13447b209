"""The periods that an indicator is counted in: where they begin, how they are written, how they are read."""

import re
import unicodedata
from datetime import date, timedelta

from config.indicators import Frequency
from config.words import Refused, Text

EARLIEST_YEAR, LATEST_YEAR = 1990, 2200
_MONTHS = {Frequency.MONTH: 1, Frequency.QUARTER: 3, Frequency.YEAR: 12}

_DAY = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?(?:[ T]0?0:00(?::00(?:\.0+)?)?)?")
# 2026.1 may be what a spreadsheet made of 2026.10: after a full stop two digits are wanted.
_MONTH = re.compile(r"(\d{4})(?:[-/]|年)(\d{1,2})月?|(\d{4})\.?(\d{2})")
_QUARTER = re.compile(r"(\d{4})[-/.年 ]?(?:Q|第)?([1-4一二三四])(?:季度|季)?", re.I)
_HAS_QUARTER = re.compile(r"Q|季", re.I)
_WEEK = re.compile(r"(\d{4})[-/.年 ]?(?:W|第)(\d{1,2})周?", re.I)
_YEAR = re.compile(r"(\d{4})年?(?:度)?")
_CHINESE = {"一": 1, "二": 2, "三": 3, "四": 4}

FORMS = {
    Frequency.MONTH: Text("Write the month as 2026-03", "请把月份写成 2026-03"),
    Frequency.QUARTER: Text("Write the quarter as 2026Q1", "请把季度写成 2026Q1"),
    Frequency.WEEK: Text("Write the week as 2026-W05", "请把周写成 2026-W05"),
    Frequency.YEAR: Text("Write the year as 2026", "请把年份写成 2026"),
}


def start_of(frequency: Frequency, day: date) -> date:
    """Find the first day of the period that a day lies in; weeks begin on Monday."""
    if frequency is Frequency.WEEK:
        return day - timedelta(days=day.weekday())
    n = _MONTHS[frequency]
    return date(day.year, (day.month - 1) // n * n + 1, 1)


def after(frequency: Frequency, start: date, n: int = 1) -> date:
    """Find the first day of the n-th period after one; a negative n goes back."""
    if frequency is Frequency.WEEK:
        return start + timedelta(weeks=n)
    months = start.year * 12 + start.month - 1 + n * _MONTHS[frequency]
    return date(months // 12, months % 12 + 1, 1)


def spelled(frequency: Frequency, start: date) -> str:
    """Write a period in the one form in which files and pages show it."""
    match frequency:
        case Frequency.MONTH:
            return f"{start:%Y-%m}"
        case Frequency.QUARTER:
            return f"{start.year}Q{(start.month + 2) // 3}"
        case Frequency.WEEK:
            year, week, _ = start.isocalendar()
            return f"{year}-W{week:02d}"
        case Frequency.YEAR:
            return str(start.year)


def read_period(written: str | date, frequency: Frequency) -> date:
    """Read a period and give its first day: 2026-03, 2026/3, 2026年3月, 202603, 2026Q1, 2026-W05, 2026, or a day in it.

    Raises Refused for what is no period, one of another length, and years of another calendar.
    """
    if isinstance(written, date):
        return start_of(frequency, _plausible(written, str(written), frequency))
    shown = " ".join(unicodedata.normalize("NFKC", written).split())[:40]
    _refuse_other_calendar(shown, frequency)
    try:
        found = _day_in(shown, frequency)
    except ValueError as error:
        raise Refused(Text(f"There is no period `{shown}`", f"没有“{shown}”这个时期"), FORMS[frequency]) from error
    if found is None:
        raise Refused(Text(f"`{shown}` is no {frequency}", f"“{shown}”不是{NAMES[frequency].zh}"), FORMS[frequency])
    return start_of(frequency, _plausible(found, shown, frequency))


NAMES = {
    Frequency.MONTH: Text("month", "月份"),
    Frequency.QUARTER: Text("quarter", "季度"),
    Frequency.WEEK: Text("week", "周"),
    Frequency.YEAR: Text("year", "年份"),
}


def _day_in(shown: str, frequency: Frequency) -> date | None:
    """Find a day of the written period; None when it is not of this length. Raises ValueError for month 13."""
    if whole := _DAY.fullmatch(shown):
        return date(int(whole[1]), int(whole[2]), int(whole[3]))
    if frequency is Frequency.WEEK:
        week = _WEEK.fullmatch(shown)
        return date.fromisocalendar(int(week[1]), int(week[2]), 1) if week else None
    if frequency is Frequency.QUARTER and _HAS_QUARTER.search(shown):
        quarter = _QUARTER.fullmatch(shown)
        return date(int(quarter[1]), 3 * (_CHINESE.get(quarter[2]) or int(quarter[2])) - 2, 1) if quarter else None
    if frequency is Frequency.YEAR:
        year = _YEAR.fullmatch(shown)
        return date(int(year[1]), 1, 1) if year else None
    month = _MONTH.fullmatch(shown)
    if month is None or (frequency is Frequency.QUARTER and int(month[2] or month[4]) % 3 != 1):
        return None  # 2026-02 is no quarter; its first month stands for it
    return date(int(month[1] or month[3]), int(month[2] or month[4]), 1)


def _refuse_other_calendar(shown: str, frequency: Frequency) -> None:
    """Tell years of the Republic (115) and of the Buddhist era (2569) by what they are."""
    year = re.match(r"(?:民[国國])?\s*(\d{2,4})(?=\D|$)", shown)
    if year is None:
        return
    n = int(year[1])
    if "民" in shown or 100 <= n <= 150:
        raise Refused(
            Text(f"`{shown}` counts the years of the Republic", f"“{shown}”用的是民国纪年"),
            Text(f"Write the year {n + 1911}", f"请写公元 {n + 1911} 年"),
        )
    if 2500 <= n <= 2650:
        raise Refused(
            Text(f"`{shown}` counts the years of the Buddhist era", f"“{shown}”用的是佛历"),
            Text(f"Write the year {n - 543}", f"请写公元 {n - 543} 年"),
        )


def _plausible(day: date, shown: str, frequency: Frequency) -> date:
    _refuse_other_calendar(shown, frequency)
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise Refused(Text(f"The year {day.year} cannot be meant", f"年份 {day.year} 不合理"), FORMS[frequency])
    return day
