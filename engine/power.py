"""What an indicator can show in the time that a cycle plans, said before it starts; pure."""

import math
from dataclasses import dataclass

from config.indicators import Better, Frequency, Indicator
from config.words import Text
from engine.assessing import FAMILIES
from engine.saying import PERIODS, decimals
from models.reads.series import Series
from spc.arrays import floats
from spc.compare import Side
from spc.errors import DataError
from spc.power import smallest_change
from spc.trend import Family as Counted

MOST_PERIODS = 120
ONE = {
    Frequency.WEEK: Text("a week", "每周"),
    Frequency.MONTH: Text("a month", "每月"),
    Frequency.QUARTER: Text("a quarter", "每季度"),
    Frequency.YEAR: Text("a year", "每年"),
}


@dataclass(frozen=True)
class Power:
    """What can be shown, as shown. level: before; reachable: the nearest level that would be found 4 times in 5.

    n_needed: periods after the change that would show the target; None where ten years would not, or there is none.
    """

    level: float
    a_period: float
    n_after: int
    reachable: float | None
    n_needed: int | None
    said: Text


def find_power(baseline: Series, indicator: Indicator, *, n_after: int, target: float | None) -> Power | None:
    """Say what `n_after` periods can show against a baseline; None where it has too few values to say it."""
    counted = FAMILIES[indicator.family]
    final = [None if p else v for v, p in zip(baseline.values, baseline.provisional, strict=True)]
    side = Side.of(floats(final), None if baseline.out_of is None else floats(baseline.out_of))
    if side.n_points < 2 or n_after < 1 or indicator.better is Better.NEITHER:
        return None
    measured = _Measured(indicator, counted, side)
    reachable = measured.reachable(n_after)
    needed = measured.n_needed(target) if target is not None else None
    times = indicator.multiply
    level = measured.level * times
    said = _said(indicator, measured, n_after, None if reachable is None else reachable * times)
    more = Text("", "") if target is None else _about_target(indicator, level, target, n_after, needed)
    return Power(
        level,
        measured.a_period,
        n_after,
        None if reachable is None else reachable * times,
        needed,
        Text(said.en + more.en, said.zh + more.zh),
    )


@dataclass(frozen=True)
class _Measured:
    """A baseline in the data's own unit."""

    indicator: Indicator
    counted: Counted
    side: Side

    @property
    def level(self) -> float:
        if self.counted is Counted.GAUSSIAN:
            return float((self.side.top / self.side.bottom).mean())
        return self.side.centre

    @property
    def a_period(self) -> float:
        return self.side.exposure / self.side.n_points

    @property
    def dispersion(self) -> float:
        """Pearson's chi-squared over its degrees of freedom; at least 1, as the gate takes it."""
        if self.counted is Counted.GAUSSIAN or not self.side.centre > 0:
            return 1.0
        spread = self.side.centre * (1 - self.side.centre if self.counted is Counted.BINOMIAL else 1)
        if spread <= 0:
            return 1.0
        off = self.side.top / self.side.bottom - self.side.centre
        return max(1.0, float((self.side.bottom * off**2).sum()) / spread / (self.side.n_points - 1))

    def reachable(self, n_after: int) -> float | None:
        """Find the nearest level on the better side that so many periods would show; None if there is none."""
        sigma = None
        if self.counted is Counted.GAUSSIAN:
            sigma = float((self.side.top / self.side.bottom).std(ddof=1))
        try:
            low, high = smallest_change(
                self.counted,
                self.level,
                a_period=self.a_period,
                n_before=max(self.side.n_points, 2),
                n_after=n_after,
                dispersion=self.dispersion,
                sigma=sigma,
            )
        except DataError:  # a level of nothing, or of all: no change to the better can be shown
            return None
        found = low if self.indicator.better is Better.LOWER else high
        return found if math.isfinite(found) else None

    def n_needed(self, target: float) -> int | None:
        """Count the periods that would show a change to a target as shown."""
        wanted = target / self.indicator.multiply
        for n_after in range(2, MOST_PERIODS + 1):
            found = self.reachable(n_after)
            if found is not None and (wanted <= found if self.indicator.better is Better.LOWER else wanted >= found):
                return n_after
        return None


def _said(indicator: Indicator, measured: _Measured, n_after: int, reachable: float | None) -> Text:
    periods, one, unit = PERIODS[indicator.frequency], ONE[indicator.frequency], indicator.unit
    level = measured.level * indicator.multiply
    start = f"{level:.{decimals(level)}f}"
    with_en = f"With {measured.a_period:,.0f} cases {one.en}, " if indicator.denominator else ""
    with_zh = f"{one.zh} {measured.a_period:,.0f} 例时，" if indicator.denominator else ""
    falls = indicator.better is Better.LOWER
    if reachable is None:
        return Text(
            _capital(
                f"{with_en}{n_after} {periods.en} cannot show any {'fall' if falls else 'rise'} from {start} {unit.en}."
            ),
            f"{with_zh}{n_after} {periods.zh}看不出自 {start} {unit.zh} 的任何{'下降' if falls else '上升'}。",
        )
    end = f"{reachable:.{decimals(level)}f}"
    return Text(
        _capital(
            f"{with_en}{n_after} {periods.en} can show a {'fall' if falls else 'rise'} from {start} to {end} {unit.en}."
        ),
        f"{with_zh}{n_after} {periods.zh}可以看出由 {start} {'降至' if falls else '升至'} {end} {unit.zh}。",
    )


def _about_target(indicator: Indicator, level: float, target: float, n_after: int, needed: int | None) -> Text:
    periods, shown = PERIODS[indicator.frequency], f"{target:.{decimals(level)}f}"
    if (target >= level) if indicator.better is Better.LOWER else (target <= level):
        return Text(f" The target {shown} is no better than the baseline.", f"目标值 {shown} 并不优于基线。")
    if needed is None:
        return Text(
            f" The target {shown} is so near that these data would never show it.",
            f"目标值 {shown} 与基线过近，按现有数据量无法看出。",
        )
    if needed > n_after:
        return Text(
            f" The target {shown} would take {needed} {periods.en} to show.",
            f"要看出是否达到目标值 {shown}，需要 {needed} {periods.zh}。",
        )
    return Text(f" The target {shown} can be shown.", f"足以看出是否达到目标值 {shown}。")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
