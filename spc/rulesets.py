"""The rule sets by name and version, and the signals that one of them finds in a chart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import pairwise

import numpy as np

from spc.arrays import Floats, Signs
from spc.chart import Chart
from spc.errors import TrendAcrossGap
from spc.lines import Lines
from spc.rules import (
    Reading,
    alternating,
    avoiding,
    beyond,
    hugging,
    rises,
    shift,
    trend,
    two_of_three_near,
    zone,
)


class Signal(StrEnum):
    """What a rule looks for."""

    BEYOND = "beyond"
    TREND = "trend"
    TWO_OF_THREE = "two_of_three"
    SHIFT = "shift"
    FOUR_OF_FIVE = "four_of_five"
    ALTERNATING = "alternating"
    HUGGING = "hugging"
    AVOIDING = "avoiding"
    RUNS = "runs"


Rule = Callable[[Reading], Signs]
Marks = Mapping[Signal, Signs]


@dataclass(frozen=True)
class RuleSet:
    """Hold rules in the order in which they give a point its label. uses_runs: the analysis of runs belongs to it.

    trend_across_gap: a missing value inside a possible trend of this length is an error, as in NHSRplotthedots.
    """

    slug: str
    version: int
    rules: Mapping[Signal, Rule]
    uses_runs: bool = False
    trend_across_gap: int | None = None


@dataclass(frozen=True)
class Found:
    """Hold one signal: rule, direction (1 high, -1 low, 2 neither), phase, first and last point, from 1."""

    rule: Signal
    direction: int
    part: int
    first: int
    last: int


def _nhs(length: int) -> Mapping[Signal, Rule]:
    return {
        Signal.BEYOND: beyond,
        Signal.TREND: partial(trend, length=length, marks_all=True),
        Signal.TWO_OF_THREE: two_of_three_near,
        Signal.SHIFT: partial(shift, length=length, marks_all=True),
    }


ANHOEJ = RuleSet("anhoej-3-sigma", 1, {Signal.BEYOND: beyond}, uses_runs=True)
# NHS England, Making Data Count: 7 points; its Excel tool also offers 6.
NHS_7 = RuleSet("nhs-mdc-7", 1, _nhs(7))
NHS_6 = RuleSet("nhs-mdc-6", 1, _nhs(6))
NHS_PARITY = RuleSet("nhsr-plotthedots-0.2", 1, _nhs(7), trend_across_gap=7)
WESTERN_ELECTRIC = RuleSet(
    "western-electric",
    1,
    {
        Signal.BEYOND: beyond,
        Signal.TWO_OF_THREE: partial(zone, n_sigmas=2, needed=2, among=3),
        Signal.FOUR_OF_FIVE: partial(zone, n_sigmas=1, needed=4, among=5),
        Signal.SHIFT: partial(shift, length=8),
    },
)
NELSON = RuleSet(
    "nelson",
    1,
    {
        Signal.BEYOND: beyond,
        Signal.SHIFT: partial(shift, length=9),
        Signal.TREND: partial(trend, length=6),
        Signal.ALTERNATING: partial(alternating, length=14),
        Signal.TWO_OF_THREE: partial(zone, n_sigmas=2, needed=2, among=3),
        Signal.FOUR_OF_FIVE: partial(zone, n_sigmas=1, needed=4, among=5),
        Signal.HUGGING: partial(hugging, length=15),
        Signal.AVOIDING: partial(avoiding, length=8),
    },
)
RULE_SETS = {each.slug: each for each in (ANHOEJ, NHS_7, NHS_6, NHS_PARITY, WESTERN_ELECTRIC, NELSON)}


def marks_of(chart: Chart, rule_set: RuleSet) -> dict[Signal, Signs]:
    """Mark each point by each rule, phase by phase; the analysis of runs marks the longest run of a phase that shifted.

    Excluded points take part only where the chart's convention judges them.
    """
    readings = [_reading(chart, each) for each in chart.phases()]
    if rule_set.trend_across_gap:
        _refuse_gaps(chart, rule_set.trend_across_gap)
    found = {name: np.concatenate([rule(each) for each in readings]) for name, rule in rule_set.rules.items()}
    if rule_set.uses_runs:
        found[Signal.RUNS] = _runs_marks(chart)
    return found


def marks_of_many(values: Floats, lines: Lines, rule_set: RuleSet) -> dict[Signal, Signs]:
    """Mark each point of many series, one a row, by each rule; without the analysis of runs."""
    reading = Reading.of(values, lines)
    return {name: rule(reading) for name, rule in rule_set.rules.items()}


def find_signals(chart: Chart, rule_set: RuleSet) -> tuple[Found, ...]:
    """List every signal as the stretch of points that it marks, in the order of the rules."""
    return signals_in(chart, marks_of(chart, rule_set))


def signals_in(chart: Chart, marks: Marks) -> tuple[Found, ...]:
    """List the signals of marks that were made before."""
    return tuple(
        Found(name, int(each[first]), int(chart.part[first]), first + 1, last)
        for name, each in marks.items()
        if each.any()
        for first, last in _stretches(each, chart)
    )


def _reading(chart: Chart, phase: slice) -> Reading:
    values = chart.values if chart.convention.judges_excluded else np.where(chart.included, chart.values, np.nan)
    ends = (chart.lcl, chart.ucl, chart.lcl2, chart.ucl2, chart.lcl1, chart.ucl1)
    return Reading.of(values[phase], Lines(chart.centre[phase], *(each[phase] for each in ends)))


def _runs_marks(chart: Chart) -> Signs:
    marks = np.zeros(chart.values.shape, dtype=np.int8)
    for runs in chart.runs:
        if runs.signal and runs.longest_first and runs.longest_last:
            stretch = slice(runs.longest_first - 1, runs.longest_last)
            marks[stretch] = 1 if np.nanmean(chart.values[stretch] - chart.centre[stretch]) > 0 else -1
    return marks


def _stretches(marks: Signs, chart: Chart) -> list[tuple[int, int]]:
    """Cut marks into stretches of one sign within one phase: first point from 0, and the point after the last."""
    changes = np.flatnonzero((np.diff(marks) != 0) | (np.diff(chart.part) != 0)) + 1
    cuts = [0, *(int(each) for each in changes), marks.size]
    return [(a, b) for a, b in pairwise(cuts) if marks[a]]


def _refuse_gaps(chart: Chart, length: int) -> None:
    """Raise TrendAcrossGap where the steps that are known all go one way and one is missing."""
    rising, falling = rises(chart.values)
    for phase in chart.phases():
        for last in range(phase.start + length - 1, phase.stop):
            steps = slice(last - length + 2, last + 1)
            missing = np.isnan(chart.values[last - length + 1 : last + 1]).any()
            if missing and not (rising[steps].any() and falling[steps].any()) and not _level(chart.values, steps):
                raise TrendAcrossGap(point=last + 1)


def _level(values: Floats, steps: slice) -> bool:
    return bool((values[steps] == values[steps.start - 1 : steps.stop - 1]).any())
