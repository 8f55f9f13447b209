"""What the record keeps of the target and of the change, as shown; pure."""

import math
from collections.abc import Sequence

from models.records import ChangeFound, TargetFound
from spc.errors import DataError
from spc.icons import Better
from spc.power import smallest_change
from spc.trend import Family
from spc.verdict import Judged

METHODS = {
    Family.BINOMIAL: "log odds ratio, t interval",
    Family.POISSON: "log rate ratio, t interval",
    Family.GAUSSIAN: "difference of means, Welch",
}


def find_target(judged: Judged, target: float | None, after: Sequence[float]) -> TargetFound | None:
    """Hold the values after the change against the target, both as shown; None without one."""
    if target is None:
        return None
    lower = judged.aim.better is Better.LOWER
    met = [bool(value <= target if lower else value >= target) for value in after]
    return TargetFound(
        value=target,
        operator="<=" if lower else ">=",
        latest_met=bool(met and met[-1]),
        n_met=sum(met),
        n_periods=len(met),
        attained=judged.target_attained,
        bound=number(judged.target_bound * judged.chart.plan.multiply),
        confirmed=judged.target_confirmed,
        expected_share=_expected_share(judged, target, lower=lower),
    )


def find_change(judged: Judged) -> ChangeFound:
    """Write after against before."""
    change, times = judged.change, judged.chart.plan.multiply
    ends = sorted(change.moved(each) * times for each in change.ci)
    return ChangeFound(
        before=change.before.centre * times,
        after=change.after.centre * times,
        difference=change.difference * times,
        ratio=number(change.ratio),
        ci95=(number(ends[0]), number(ends[1])),
        method=METHODS[change.family],
        freedom=number(change.freedom),
        lag1=change.lag1,
        widening=change.widening,
        dispersion=change.dispersion,
        worthwhile=number(judged.worthwhile * times),
        detectable=_detectable(judged),
    )


def number(value: float) -> float | None:
    """Give a number that JSON knows; None for what is not finite."""
    return float(value) if math.isfinite(value) else None


def _expected_share(judged: Judged, target: float, *, lower: bool) -> float | None:
    """Say in what share of periods the new level would meet the target, if it scatters as the limits say."""
    chart, times = judged.chart, judged.chart.plan.multiply
    sigma = float(chart.ucl[-1] - chart.centre[-1]) / 3
    if not math.isfinite(sigma) or sigma <= 0:
        return None
    z = (target - judged.change.after.centre * times) / sigma
    below = 0.5 * (1 + math.erf(z / math.sqrt(2)))
    return below if lower else 1 - below


def _detectable(judged: Judged) -> float | None:
    """Give the nearest level on the better side that these periods would have shown."""
    change, before = judged.change, judged.change.before
    sigma = float(before.top.std(ddof=1)) if change.family is Family.GAUSSIAN else None
    try:
        low, high = smallest_change(
            change.family,
            before.centre,
            a_period=before.exposure / before.n_points,
            n_before=before.n_points,
            n_after=change.after.n_points,
            dispersion=change.dispersion * change.widening,
            sigma=sigma,
        )
    except DataError:
        return None
    return number((low if judged.aim.better is Better.LOWER else high) * judged.chart.plan.multiply)
