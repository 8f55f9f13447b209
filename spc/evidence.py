"""What a chart shows after a change, and what speaks against trusting it."""

from dataclasses import dataclass

import numpy as np

from spc.aim import Aim, Times
from spc.arrays import Floats, Ints, median
from spc.chart import Chart
from spc.compare import LEAST_LAG1, Comparison
from spc.icons import Better
from spc.lines import Lines
from spc.rules import Reading, beyond, outside, shift, zone
from spc.runs import analyse_runs
from spc.trend import Family, find_slope

SHIFT_LENGTH = 7
RECENT = 3
FULL_BASELINE = 20  # limits from fewer points are trial limits (Provost & Murray)
# Limits more than 1.5 times as wide as binomial or Poisson ones: more than chance alone.
OVERDISPERSED = 1.5
SLOPE_P = 0.05


@dataclass(frozen=True)
class Evidence:
    """Hold the signals after a change against frozen limits, by name.

    recent_unfavourable: one of the last 3 points lies unfavourably beyond 2 sigmas. last_alarms: the last beyond 3.
    all_beyond_old: every point lies on the favourable side of the old average.
    """

    favourable: tuple[str, ...]
    unfavourable: tuple[str, ...]
    recent_unfavourable: bool
    last_alarms: bool
    all_beyond_old: bool


def find_evidence(chart: Chart, after: Ints, *, higher_is_better: bool) -> Evidence:
    """Look for signals among the usable points after a change, given by their places from 0."""
    ends = (chart.lcl, chart.ucl, chart.lcl2, chart.ucl2, chart.lcl1, chart.ucl1)
    reading = Reading.of(chart.values[after], Lines(chart.centre[after], *(each[after] for each in ends)))
    marks = {
        "astronomical": beyond(reading),
        "two_of_three": zone(reading, n_sigmas=2, needed=2, among=3),
        "shift": shift(reading, length=SHIFT_LENGTH, ties_break=False),
    }
    good = 1 if higher_is_better else -1
    high, low = outside(reading.values, reading.lines.lcl2, reading.lines.ucl2)
    far = low if higher_is_better else high
    return Evidence(
        favourable=tuple(name for name, each in marks.items() if (each == good).any()),
        unfavourable=tuple(name for name, each in marks.items() if (each == -good).any()),
        recent_unfavourable=bool(far[-RECENT:].any()),
        last_alarms=bool(marks["astronomical"][-1] == -good),
        all_beyond_old=bool((reading.side == good).all()),
    )


def find_doubts(
    top: Floats, bottom: Floats | None, chart: Chart, change: Comparison, aim: Aim, times: Times
) -> tuple[str, ...]:
    """Name what a person has to weigh before trusting a verdict; the words stand in spc.words."""
    n_points = change.before.n_points + change.after.n_points
    doubts = {
        "autocorrelated": change.lag1 > max(LEAST_LAG1, 2 / np.sqrt(n_points)),
        "unstable_baseline": _unstable(chart.values[: times.n_baseline]),
        "already_improving_before": _improves(top, bottom, aim, times),
        "trial_limits": change.before.n_points < FULL_BASELINE,
        "overdispersed": aim.family is not Family.GAUSSIAN and chart.sigma_z[0] > OVERDISPERSED,
        "seasonal_partial_year": times.seasonal and _broken_years(top.size, times),
        "definition_changed": times.definition_changed,
    }
    return tuple(name for name, holds in doubts.items() if holds)


def _unstable(baseline: Floats) -> bool:
    """Analyse the runs of the baseline about its median."""
    return analyse_runs(baseline, median(baseline)).signal


def _improves(top: Floats, bottom: Floats | None, aim: Aim, times: Times) -> bool:
    first = slice(0, times.n_baseline)
    slope = find_slope(aim.family, top[first], None if bottom is None else bottom[first])
    return slope is not None and slope.p < SLOPE_P and (slope.slope > 0) == (aim.better is Better.HIGHER)


def _broken_years(n_periods: int, times: Times) -> bool:
    n_after = n_periods - times.n_baseline - times.wash_in
    return bool(times.n_baseline % times.periods_a_year or n_after % times.periods_a_year)
