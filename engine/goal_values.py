"""What was measured of an indicator in a year, and whether that is better than a baseline; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from config.indicators import Better, Family, Frequency, Indicator
from config.periods import after, start_of
from config.words import Text
from models.reads.series import Series


class GoalVerdict(StrEnum):
    """What the values of a year say of a goal."""

    REACHED = "reached"
    IMPROVED = "improved"
    NOT_IMPROVED = "not improved"
    CANNOT_TELL = "cannot tell"


GOAL_WORDS = {
    GoalVerdict.REACHED: Text("target reached", "达到目标"),
    GoalVerdict.IMPROVED: Text("better than the baseline, target not reached", "较基线改善，未达目标"),
    GoalVerdict.NOT_IMPROVED: Text("not better than the baseline", "较基线无改善"),
    GoalVerdict.CANNOT_TELL: Text("cannot tell", "尚不能判断"),
}


@dataclass(frozen=True)
class YearValue:
    """The value of a year as the indicator is shown; None without any final value. n_there: of so many periods."""

    value: float | None
    n_there: int
    n_wanted: int

    @property
    def is_whole(self) -> bool:
        """Answer whether every period of every place is there."""
        return self.n_there >= self.n_wanted


def value_of_year(indicator: Indicator, year: int, places: Sequence[Series]) -> YearValue:
    """Pool the final values of a year over some places: events over events, a mean where there is no denominator."""
    wanted = max(1, len(places)) * n_periods(indicator.frequency, year)
    tops: list[float] = []
    bottoms: list[float | None] = []
    for one in places:
        out_of = one.out_of or (None,) * len(one.values)
        for period, value, bottom, provisional in zip(one.periods, one.values, out_of, one.provisional, strict=True):
            if period.year == year and value is not None and not provisional:
                tops.append(value)
                bottoms.append(bottom)
    if not tops:
        return YearValue(None, 0, wanted)
    below = [one for one in bottoms if one is not None]
    if below:
        value = sum(tops) / sum(below) * indicator.multiply if sum(below) else None
    elif indicator.family is Family.MEASUREMENT:
        value = sum(tops) / len(tops)
    else:
        value = sum(tops) * indicator.multiply
    return YearValue(value, len(tops), wanted)


def n_periods(frequency: Frequency, year: int) -> int:
    """Count the periods that begin in a year."""
    period, n = start_of(frequency, date(year, 1, 1)), 0
    while period.year <= year:
        n, period = n + (period.year == year), after(frequency, period)
    return n


@dataclass(frozen=True)
class GoalResult:
    """What can be said of a goal. change: from the baseline, in the indicator's unit; why: what is missing."""

    verdict: GoalVerdict
    change: float | None
    why: Text | None = None


def judge_goal(
    indicator: Indicator, baseline: float | None, target: float | None, measured: YearValue, *, is_over: bool
) -> GoalResult:
    """Judge a year by its final values alone; a year that is not over, or not whole, cannot be told."""
    change = None if measured.value is None or baseline is None else measured.value - baseline
    why = _missing(baseline, measured, is_over=is_over, better=indicator.better)
    if why is not None or measured.value is None or change is None:
        return GoalResult(GoalVerdict.CANNOT_TELL, change, why)
    sign = 1 if indicator.better is Better.HIGHER else -1
    if target is not None and sign * (measured.value - target) >= 0:
        return GoalResult(GoalVerdict.REACHED, change)
    return GoalResult(GoalVerdict.IMPROVED if sign * change > 0 else GoalVerdict.NOT_IMPROVED, change)


def _missing(baseline: float | None, measured: YearValue, *, is_over: bool, better: Better) -> Text | None:
    lacks = measured.n_wanted - measured.n_there
    if better is Better.NEITHER:
        return Text("the indicator has no better side", "该指标没有改善方向")
    if measured.value is None:
        return Text("there are no final values of the year", "本年没有正式数据")
    if baseline is None:
        return Text("there is no baseline of the year before", "没有上一年的基线")
    if not is_over:
        return Text("the year is not over", "本年尚未结束")
    if lacks > 0:
        return Text(f"{lacks} of {measured.n_wanted} values are missing", f"缺少 {lacks}/{measured.n_wanted} 个数据")
    return None
