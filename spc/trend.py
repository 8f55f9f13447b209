"""The slope of a baseline: does it move already, before anything was changed?"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from spc.arrays import Floats
from spc.distributions import t_two_sided

FEWEST = 3
# Each round doubles the digits: after a step this small the fit agrees with R to nine of them.
CONVERGED = 1e-9
MOST_ROUNDS = 25
# On the scale of logarithms: beyond, a rate or proportion is not distinguishable from its end.
FARTHEST = 200.0
SMALLEST_VARIANCE = 1e-12


class Family(StrEnum):
    """What kind of thing is counted: a part of cases, events in a time at risk, or a measurement."""

    BINOMIAL = "binomial"
    POISSON = "poisson"
    GAUSSIAN = "gaussian"


@dataclass(frozen=True)
class Slope:
    """Hold a slope per period: of the log odds, of the log rate, or of the value itself. p is for no slope at all."""

    slope: float
    error: float
    t: float
    p: float
    freedom: int


@dataclass(frozen=True)
class Link:
    """Hold what a family needs: starting means, mean from eta and back, and the mean's slope, which is its variance."""

    start: Callable[[Floats, Floats], Floats]
    mean: Callable[[Floats], Floats]
    eta: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]


LINKS = {
    Family.BINOMIAL: Link(
        start=lambda y, n: (n * y + 0.5) / (n + 1),
        mean=lambda eta: 1 / (1 + np.exp(-eta)),
        eta=lambda mean: np.log(mean / (1 - mean)),
        slope=lambda mean: mean * (1 - mean),
    ),
    Family.POISSON: Link(
        start=lambda y, _: y + 0.1,
        mean=np.exp,
        eta=np.log,
        slope=lambda mean: mean,
    ),
}


def find_slope(family: Family, values: Floats, out_of: Floats | None) -> Slope | None:
    """Fit a straight line over the periods that have a value, with the dispersion that the data show.

    values: measurements, or numerators of out_of. Returns None below 3 usable periods or where no line can be fitted.
    Source: McCullagh & Nelder 1989 (quasi-likelihood).
    """
    size = np.ones_like(values) if out_of is None else out_of
    usable = ~np.isnan(values) & (size > 0)
    period = np.arange(1.0, values.size + 1)[usable]
    if period.size < FEWEST:
        return None
    if family is Family.GAUSSIAN:
        return _straight(period, (values / size)[usable])
    top, bottom = values[usable], size[usable]
    if not top.sum() or (family is Family.BINOMIAL and top.sum() == bottom.sum()):
        return None
    return _fitted(family, period, top, bottom)


def _straight(period: Floats, values: Floats) -> Slope | None:
    weights = np.ones_like(values)
    line, inverse = _least_squares(period, values, weights)
    residue = values - line[0] - line[1] * period
    return _judged(line, inverse, float(residue @ residue), period.size - 2)


def _fitted(family: Family, period: Floats, top: Floats, bottom: Floats) -> Slope | None:
    """Fit by reweighted least squares; None where the fit runs away (nothing before some day, everything after)."""
    link = LINKS[family]
    binomial = family is Family.BINOMIAL
    y, prior = (top / bottom, bottom) if binomial else (top, np.ones_like(top))
    offset = np.zeros_like(top) if binomial else np.log(bottom)
    mean = link.start(y, prior)
    eta, line = link.eta(mean), (math.inf, math.inf)
    for _ in range(MOST_ROUNDS):
        slope, before = link.slope(mean), line
        if not (slope > SMALLEST_VARIANCE).all() or not np.isfinite(slope).all():
            return None
        weights = prior * slope
        line, inverse = _least_squares(period, eta - offset + (y - mean) / slope, weights)
        eta = line[0] + line[1] * period + offset
        mean = link.mean(np.clip(eta, -FARTHEST, FARTHEST))
        if abs(line[0] - before[0]) + abs(line[1] - before[1]) < CONVERGED:
            break
    residue = (y - mean) / link.slope(mean)
    return _judged(line, inverse, float((weights * residue**2).sum()), period.size - 2)


def _least_squares(x: Floats, y: Floats, weights: Floats) -> tuple[tuple[float, float], float]:
    """Fit y = a + b x; give (a, b) and the variance of b for a dispersion of 1."""
    middle = float(weights @ x) / float(weights.sum())
    off = x - middle
    square = float(weights @ off**2)
    b = float(weights @ (off * y)) / square
    return (float(weights @ y) / float(weights.sum()) - b * middle, b), 1 / square


def _judged(line: tuple[float, float], inverse: float, residue: float, freedom: int) -> Slope | None:
    error = math.sqrt(inverse * residue / freedom)
    if not error or not math.isfinite(error):
        return None
    t = line[1] / error
    return Slope(line[1], error, t, t_two_sided(t, freedom), freedom)
