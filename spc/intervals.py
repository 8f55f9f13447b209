"""What is usually published beside a before/after comparison: exact and score intervals, and the plain tests."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spc.arrays import Floats
from spc.distributions import (
    beta_quantile,
    binomial_two_sided,
    chi2_beyond,
    gamma_quantile,
    normal_quantile,
    t_quantile,
    t_two_sided,
)

Interval = tuple[float, float]
TAIL = 0.025


def clopper_pearson(events: float, cases: float) -> Interval:
    """Find the exact 95 % interval of a proportion."""
    low = beta_quantile(TAIL, events, cases - events + 1) if events else 0.0
    high = beta_quantile(1 - TAIL, events + 1, cases - events) if events < cases else 1.0
    return low, high


def wilson(events: float, cases: float) -> Interval:
    """Find the score interval (95 %) of a proportion, without correction for continuity."""
    share, z2 = events / cases, normal_quantile(1 - TAIL) ** 2
    half = math.sqrt(z2 * (share * (1 - share) / cases + z2 / (4 * cases**2)))
    middle, width = share + z2 / (2 * cases), 1 + z2 / cases
    return max(0.0, (middle - half) / width), min(1.0, (middle + half) / width)


def garwood(events: float, exposure: float = 1.0) -> Interval:
    """Find the exact 95 % interval of a Poisson rate."""
    low = gamma_quantile(TAIL, events) if events else 0.0
    return low / exposure, gamma_quantile(1 - TAIL, events + 1) / exposure


def difference_of_shares(events: Sequence[float], cases: Sequence[float]) -> Interval:
    """Find the 95 % interval of after - before, without correction for continuity."""
    shares = [e / n for e, n in zip(events, cases, strict=True)]
    error = math.sqrt(sum(p * (1 - p) / n for p, n in zip(shares, cases, strict=True)))
    half = normal_quantile(1 - TAIL) * error
    return max(-1.0, shares[1] - shares[0] - half), min(1.0, shares[1] - shares[0] + half)


def equal_shares_p(events: Sequence[float], cases: Sequence[float]) -> float:
    """Test for equal proportions by chi-squared; nan where nothing or everything happened."""
    pooled = sum(events) / sum(cases)
    if not 0 < pooled < 1:
        return math.nan
    pairs = zip(events, cases, strict=True)
    return chi2_beyond(sum((e - n * pooled) ** 2 / (n * pooled * (1 - pooled)) for e, n in pairs))


def rate_ratio_interval(events: Sequence[float], exposure: Sequence[float]) -> Interval:
    """Find the exact 95 % interval of the rate after / before, given all events. Source: R's poisson.test."""
    low, high = clopper_pearson(events[1], events[0] + events[1])
    scale = exposure[0] / exposure[1]
    return low / (1 - low) * scale, math.inf if high >= 1 else high / (1 - high) * scale


def equal_rates_p(events: Sequence[float], exposure: Sequence[float]) -> float:
    """Test for equal rates, exactly. Source: R's poisson.test."""
    share = exposure[1] / (exposure[0] + exposure[1])
    return binomial_two_sided(int(events[1]), int(events[0] + events[1]), share)


@dataclass(frozen=True)
class Welch:
    """Hold after - before of two means, its error and degrees of freedom; nan where nothing varies at all."""

    difference: float
    error: float
    freedom: float

    @property
    def t(self) -> float:
        return self.difference / self.error if self.error else math.nan

    @property
    def p(self) -> float:
        return t_two_sided(self.t, self.freedom) if self.error else math.nan

    @property
    def ci(self) -> Interval:
        """Give the 95 % interval."""
        half = t_quantile(1 - TAIL, self.freedom) * self.error if self.error else 0.0
        return self.difference - half, self.difference + half


def welch(before: Floats, after: Floats, widening: float = 1.0) -> Welch:
    """Compare two means without equal variances. widening: what to multiply the squared error with."""
    parts = [float(each.var(ddof=1)) / each.size for each in (before, after)]
    square = sum(parts)
    freedom = square**2 / (parts[0] ** 2 / (before.size - 1) + parts[1] ** 2 / (after.size - 1)) if square else math.nan
    return Welch(float(after.mean() - before.mean()), math.sqrt(square * widening), freedom)


def rank_sum(before: Floats, after: Floats) -> tuple[float, float]:
    """Compare ranks: W of `after` and its two-sided p, normal, with correction for ties and continuity (Wilcoxon)."""
    m, n = after.size, before.size
    _, place, times = np.unique(np.concatenate([after, before]), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2)[place]
    w = float(ranks[:m].sum()) - m * (m + 1) / 2
    ties = float((times**3 - times).sum()) / ((m + n) * (m + n - 1))
    sigma = math.sqrt(m * n / 12 * (m + n + 1 - ties))
    off = w - m * n / 2
    z = (off - math.copysign(0.5, off)) / sigma if off and sigma else 0.0
    return w, math.erfc(abs(z) / math.sqrt(2))
