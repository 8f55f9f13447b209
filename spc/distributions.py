"""The few distributions that a before/after comparison needs, in plain Python; checked against R to nine digits."""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

TINY = 1e-300
ENOUGH = 1e-16
MOST_STEPS = 10_000
FEW = 4.0  # degrees of freedom below which Newton's method may run away


@lru_cache(maxsize=64)
def normal_quantile(share: float) -> float:
    """Invert the standard normal distribution."""
    return NormalDist().inv_cdf(share)


def beta_share(x: float, a: float, b: float) -> float:
    """Give P(X <= x) for X ~ Beta(a, b): the regularised incomplete beta function. Source: Numerical Recipes 6.4."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    front = math.exp(log_front)
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(x, a, b) / a
    return 1 - front * _beta_fraction(1 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    """Sum the continued fraction by Lentz's method."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away(1 + term * d)
            c = _away(1 + term / c)
            found *= c * d
        if abs(c * d - 1) < ENOUGH * 10:
            break
    return found


def _away(value: float) -> float:
    return value if abs(value) > TINY else TINY


def gamma_share(x: float, a: float) -> float:
    """Give P(X <= x) for X ~ Gamma(a, 1): the regularised lower incomplete gamma function."""
    if x <= 0:
        return 0.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        return front * _gamma_series(x, a)
    return 1 - front * _gamma_fraction(x, a)


def _gamma_series(x: float, a: float) -> float:
    term = total = 1 / a
    for n in range(1, MOST_STEPS):
        term *= x / (a + n)
        total += term
        if term < total * ENOUGH:
            break
    return total


def _gamma_fraction(x: float, a: float) -> float:
    b = x + 1 - a
    c, d = 1 / TINY, 1 / _away(b)
    found = d
    for n in range(1, MOST_STEPS):
        term, b = -n * (n - a), b + 2
        d = 1 / _away(term * d + b)
        c = _away(b + term / c)
        found *= c * d
        if abs(c * d - 1) < ENOUGH * 10:
            break
    return found


def quantile_of(share_at: Callable[[float], float], share: float, least: float, most: float) -> float:
    """Find x with share_at(x) = share between least and most by halving, to the last bit."""
    for _ in range(200):
        middle = (least + most) / 2
        if middle in (least, most):
            break
        least, most = (middle, most) if share_at(middle) < share else (least, middle)
    return (least + most) / 2


def beta_quantile(share: float, a: float, b: float) -> float:
    """Invert Beta(a, b)."""
    return quantile_of(lambda x: beta_share(x, a, b), share, 0.0, 1.0)


def gamma_quantile(share: float, a: float) -> float:
    """Invert Gamma(a, 1)."""
    return quantile_of(lambda x: gamma_share(x, a), share, 0.0, a + 40 * math.sqrt(a) + 40)


def t_two_sided(t: float, freedom: float) -> float:
    """Give P(|T| >= |t|) for Student's t."""
    return beta_share(freedom / (freedom + t * t), freedom / 2, 0.5)


@lru_cache(maxsize=4096)
def t_quantile(share: float, freedom: float) -> float:
    """Invert Student's t for share >= 1/2, freedom > 0."""
    if freedom < FEW:
        x = quantile_of(lambda x: beta_share(x, freedom / 2, 0.5), 2 * (1 - share), 0.0, 1.0)
        return math.sqrt(freedom * (1 - x) / x)
    log_top = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - 0.5 * math.log(freedom * math.pi)
    t = normal_quantile(share)
    t += (t**3 + t) / (4 * freedom)  # first term of Cornish and Fisher; Newton's steps do the rest
    for _ in range(50):
        density = math.exp(log_top - (freedom + 1) / 2 * math.log1p(t * t / freedom))
        step = (1 - t_two_sided(t, freedom) / 2 - share) / density
        t -= step
        if abs(step) < abs(t) * ENOUGH * 100:
            break
    return t


def chi2_beyond(x: float) -> float:
    """Give P(X >= x) for chi-squared with one degree of freedom."""
    return math.erfc(math.sqrt(x / 2))


def binomial_terms(n: int, share: float) -> list[float]:
    """Give P(X = 0), ..., P(X = n)."""
    if share <= 0 or share >= 1:
        certain = 0 if share <= 0 else n
        return [float(k == certain) for k in range(n + 1)]
    return [math.exp(_log_choose(n, k) + k * math.log(share) + (n - k) * math.log1p(-share)) for k in range(n + 1)]


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def binomial_two_sided(k: int, n: int, share: float) -> float:
    """Give the exact two-sided p value: all outcomes at most as likely as k. Source: R's binom.test."""
    terms = binomial_terms(n, share)
    return min(1.0, math.fsum(term for term in terms if term <= terms[k] * (1 + 1e-7)))
