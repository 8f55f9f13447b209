"""How large a change has to be before this indicator can show it: to be known before a cycle starts."""

import math
from collections.abc import Callable

from spc.compare import Comparison
from spc.distributions import normal_quantile, t_quantile
from spc.errors import OutOfBounds
from spc.trend import Family

SHARE_FOUND = 0.8
N_STEPS = 200
MOST_PERIODS = 120


def smallest_change(
    family: Family,
    level: float,
    *,
    a_period: float,
    n_before: int = 24,
    n_after: int = 12,
    dispersion: float = 1.0,
    sigma: float | None = None,
) -> tuple[float, float]:
    """Find the levels, lower and higher, that a comparison finds 4 times in 5.

    a_period: cases, or time at risk, of one period; sigma: scatter of single values, for measurements.
    The lower one is nan where even a fall to nothing would not be found.
    """
    if a_period <= 0 or level <= 0 or (family is Family.BINOMIAL and level >= 1):
        raise OutOfBounds(name="level", value=level, least="> 0", most="< 1" if family is Family.BINOMIAL else "∞")
    reach = t_quantile(0.975, n_before + n_after - 2) + normal_quantile(SHARE_FOUND)
    if family is Family.GAUSSIAN:
        half = reach * (sigma or 0.0) * math.sqrt(1 / n_before + 1 / n_after)
        return level - half, level + half

    def found(other: float) -> bool:
        return abs(_log(family, other) - _log(family, level)) >= reach * _error(
            family, level, other, (a_period * n_before, a_period * n_after), dispersion
        )

    most = 1.0 if family is Family.BINOMIAL else level * 10
    return _edge(found, level, 0.0), _edge(found, level, most)


def periods_needed(change: Comparison, level: float) -> int | None:
    """Say how many more periods like those so far would show a change to `level`; None if ten years would not."""
    before, n_after = change.before, change.after.n_points
    sigma = float(before.top.std(ddof=1)) if change.family is Family.GAUSSIAN else None
    if not before.centre > 0 or (change.family is Family.BINOMIAL and before.centre >= 1):
        return None
    for n_periods in range(n_after + 1, MOST_PERIODS + 1):
        low, high = smallest_change(
            change.family,
            before.centre,
            a_period=before.exposure / before.n_points,
            n_before=before.n_points,
            n_after=n_periods,
            dispersion=change.dispersion * change.widening,
            sigma=sigma,
        )
        if level <= low or level >= high:
            return n_periods - n_after
    return None


def _edge(found: Callable[[float], bool], level: float, far: float) -> float:
    """Find the level nearest to the present one at which a change is found; nan if there is none on the way to far."""
    at = next((step / N_STEPS for step in range(1, N_STEPS) if found(level + (far - level) * step / N_STEPS)), None)
    if at is None:
        return math.nan
    near, there = level + (far - level) * (at - 1 / N_STEPS), level + (far - level) * at
    for _ in range(50):
        middle = (near + there) / 2
        near, there = (near, middle) if found(middle) else (middle, there)
    return there


def _log(family: Family, level: float) -> float:
    return math.log(level / (1 - level)) if family is Family.BINOMIAL else math.log(level)


def _error(family: Family, level: float, other: float, exposure: tuple[float, float], dispersion: float) -> float:
    """Give the standard error of the log odds ratio or log rate ratio that this change would have."""
    cells = [level * exposure[0], other * exposure[1]]
    if family is Family.BINOMIAL:
        cells += [(1 - level) * exposure[0], (1 - other) * exposure[1]]
    return math.sqrt(max(1.0, dispersion) * sum(1 / each for each in cells))
