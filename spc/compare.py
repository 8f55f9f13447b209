"""Before against after: how large the change is, with the scatter and the memory that the data show."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spc.arrays import Floats
from spc.distributions import t_quantile, t_two_sided
from spc.errors import SideEmpty
from spc.intervals import TAIL, Interval, welch
from spc.trend import Family

# One-sided 95 %, as tables print it.
Z_ONE_SIDED = 1.6449
SHARE_ONE_SIDED = 0.95
# A weaker memory than this is noise in a year or three of months (design of the gate, version 1).
LEAST_LAG1 = 0.15


@dataclass(frozen=True)
class Side:
    """Hold the usable periods of one side: values or numerators, and denominators (1 where there are none)."""

    top: Floats
    bottom: Floats

    @classmethod
    def of(cls, top: Floats, bottom: Floats | None) -> "Side":
        """Leave out what is missing or has no denominator."""
        size = np.ones_like(top) if bottom is None else bottom
        usable = ~np.isnan(top) & (size > 0)
        return cls(top[usable], size[usable])

    @property
    def n_points(self) -> int:
        return int(self.top.size)

    @cached_property
    def events(self) -> float:
        return float(self.top.sum())

    @cached_property
    def exposure(self) -> float:
        return float(self.bottom.sum())

    @cached_property
    def centre(self) -> float:
        """Give the mean, weighted by the denominators."""
        return self.events / self.exposure if self.exposure else math.nan


@dataclass(frozen=True)
class Comparison:
    """Hold after against before.

    effect: log odds ratio, log rate ratio, or difference of means; ci: its 95 % t interval. freedom may be broken.
    dispersion: Pearson's chi-squared over its degrees of freedom; 1 for means. lag1: each period's echo of the last.
    widening: what the echo multiplies the squared error with.
    """

    family: Family
    before: Side
    after: Side
    effect: float
    error: float
    ci: Interval
    p: float
    freedom: float
    dispersion: float
    lag1: float
    widening: float

    @property
    def difference(self) -> float:
        """Give after - before in the data's unit."""
        return self.after.centre - self.before.centre

    @property
    def ratio(self) -> float:
        """Give after / before; nan if there was nothing before."""
        return self.after.centre / self.before.centre if self.before.centre else math.nan

    @property
    def t(self) -> float:
        return self.effect / self.error if self.error else math.nan

    def moved(self, effect: float) -> float:
        """Say where an effect takes the level that was before."""
        start = self.before.centre
        if self.family is Family.GAUSSIAN:
            return start + effect
        if self.family is Family.POISSON:
            return start * math.exp(effect)
        odds = start / (1 - start) * math.exp(effect) if start < 1 else math.inf
        return 1.0 if math.isinf(odds) else odds / (1 + odds)


def compare(family: Family, before: Side, after: Side, *, careful: bool = True) -> Comparison:
    """Compare two sides of a change.

    careful: the dispersion is at least 1 and the interval is widened for autocorrelation, as the gate does it; without,
    the result is that of a quasi-likelihood model or of Welch's test. Raises SideEmpty below two points a side.
    """
    if min(before.n_points, after.n_points) < 2:
        raise SideEmpty(n_before=before.n_points, n_after=after.n_points)
    lag1 = lag_one(before, after)
    widening = widening_for(lag1, before.n_points + after.n_points) if careful else 1.0
    if family is Family.GAUSSIAN:
        return _of_means(before, after, lag1, widening)
    dispersion = dispersion_of(family, before, after)
    return _of_events(family, before, after, max(1.0, dispersion) if careful else dispersion, lag1, widening)


def _of_means(before: Side, after: Side, lag1: float, widening: float) -> Comparison:
    means = [Side(side.top / side.bottom, np.ones_like(side.top)) for side in (before, after)]
    found = welch(means[0].top, means[1].top, widening)
    return Comparison(
        family=Family.GAUSSIAN,
        before=means[0],
        after=means[1],
        effect=found.difference,
        error=found.error,
        ci=found.ci,
        p=found.p,
        freedom=found.freedom,
        dispersion=1.0,
        lag1=lag1,
        widening=widening,
    )


def _of_events(
    family: Family, before: Side, after: Side, dispersion: float, lag1: float, widening: float
) -> Comparison:
    cells = _cells(family, before, after)
    effect = math.log(cells[1] / cells[0])
    effect -= math.log(cells[3] / cells[2]) if family is Family.BINOMIAL else math.log(after.exposure / before.exposure)
    error = math.sqrt(dispersion * widening * sum(1 / each for each in cells))
    freedom = before.n_points + after.n_points - 2
    half = t_quantile(1 - TAIL, freedom) * error
    p = t_two_sided(effect / error, freedom) if error else math.nan
    ci = (effect - half, effect + half)
    return Comparison(family, before, after, effect, error, ci, p, freedom, dispersion, lag1, widening)


def _cells(family: Family, before: Side, after: Side) -> list[float]:
    """Count events before and after, and for proportions the cases without; half a case more each if one is empty."""
    cells = [before.events, after.events]
    if family is Family.BINOMIAL:
        cells += [before.exposure - before.events, after.exposure - after.events]
    return [each + 0.5 for each in cells] if min(cells) <= 0 else cells  # Haldane 1956


def dispersion_of(family: Family, before: Side, after: Side) -> float:
    """Give Pearson's chi-squared over N - 2: 1 if nothing but chance scatters the periods."""
    found = 0.0
    for side in (before, after):
        spread = side.centre * (1 - side.centre if family is Family.BINOMIAL else 1)
        if spread > 0:
            found += float((side.bottom * (side.top / side.bottom - side.centre) ** 2).sum()) / spread
    freedom = before.n_points + after.n_points - 2
    return found / freedom if freedom else 1.0


def lag_one(before: Side, after: Side) -> float:
    """Correlate each period with the one before it, about the level of its own side; 0 if nothing varies."""
    residues = [np.sqrt(side.bottom) * (side.top / side.bottom - side.centre) for side in (before, after)]
    square = sum(float(each @ each) for each in residues)
    return sum(float(each[1:] @ each[:-1]) for each in residues) / square if square else 0.0


def widening_for(lag1: float, n_points: int) -> float:
    """Say what autocorrelation multiplies a squared error with; 1 if it is no more than noise.

    The correlation is corrected for the two levels taken out of it. Source: Kendall 1954; Bence 1995.
    """
    corrected = min(0.95, lag1 + (2 + 4 * lag1) / n_points)
    if corrected <= max(LEAST_LAG1, 1 / math.sqrt(n_points)):
        return 1.0
    return (1 + corrected) / (1 - corrected)


def bound_after(found: Comparison, *, upper: bool) -> float:
    """Find the one-sided 95 % bound of the level after the change.

    Means: Student's t. Proportions and rates: the score bound (Wilson), each with the scatter and memory of the data.
    """
    side, way = found.after, 1 if upper else -1
    if found.family is Family.GAUSSIAN:
        error = float(side.top.std(ddof=1)) / math.sqrt(side.n_points) * math.sqrt(found.widening)
        return side.centre + way * t_quantile(SHARE_ONE_SIDED, side.n_points - 1) * error
    effective = side.exposure / (found.dispersion * found.widening)
    z2 = Z_ONE_SIDED**2
    if found.family is Family.POISSON:
        events = side.centre * effective
        return (events + z2 / 2 + way * Z_ONE_SIDED * math.sqrt(events + z2 / 4)) / effective
    root = math.sqrt(side.centre * (1 - side.centre) / effective + z2 / (4 * effective**2))
    return (side.centre + z2 / (2 * effective) + way * Z_ONE_SIDED * root) / (1 + z2 / effective)
