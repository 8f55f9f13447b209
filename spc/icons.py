"""The icons of NHS England's Making Data Count: what the last point says, and whether the target can be met."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from spc.chart import Chart
from spc.rulesets import NHS_7, Marks, RuleSet, Signal, marks_of

FEW_POINTS = 13  # the text of NHSRplotthedots says 12, its code counts fewer than 13


class Better(StrEnum):
    """Which way is an improvement."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Variation(StrEnum):
    """What the last point says."""

    COMMON_CAUSE = "common_cause"
    IMPROVEMENT_HIGH = "improvement_high"
    IMPROVEMENT_LOW = "improvement_low"
    CONCERN_HIGH = "concern_high"
    CONCERN_LOW = "concern_low"
    NEUTRAL_HIGH = "neutral_high"
    NEUTRAL_LOW = "neutral_low"


class Assurance(StrEnum):
    """Whether the process as it is meets the target."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    INCONSISTENT = "inconsistent"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True)
class Label:
    """Say which rule of its set marks a point first, and the direction; None and 0 if none does."""

    rule: Signal | None
    direction: int


NO_LABEL = Label(None, 0)


def labels(chart: Chart, rule_set: RuleSet = NHS_7) -> tuple[Label, ...]:
    """Give each point its label, the first rule of the set winning."""
    return labels_in(marks_of(chart, rule_set), chart.values.size)


def labels_in(marks: Marks, n_points: int) -> tuple[Label, ...]:
    """Give each point its label by marks that were made before."""
    found = [NO_LABEL] * n_points
    for rule in reversed(list(marks)):  # the first rule writes last
        for point in np.flatnonzero(marks[rule]).tolist():
            found[point] = Label(rule, int(marks[rule][point]))
    return tuple(found)


def meaning(label: Label, better: Better) -> Variation:
    """Say what a label means: above and rising count as high."""
    if label.rule is None or label.direction not in (1, -1):
        return Variation.COMMON_CAUSE
    side = "high" if label.direction == 1 else "low"
    if better is Better.NEITHER:
        return Variation(f"neutral_{side}")
    good = (label.direction == 1) == (better is Better.HIGHER)
    return Variation(f"{'improvement' if good else 'concern'}_{side}")


def variation(chart: Chart, better: Better, rule_set: RuleSet = NHS_7) -> Variation:
    """Judge the last point that has a value."""
    return meaning(newest(chart, labels(chart, rule_set)), better)


def newest(chart: Chart, found: Sequence[Label]) -> Label:
    """Pick the label of the last point that has a value."""
    there = np.flatnonzero(~np.isnan(chart.values))
    return found[int(there[-1])] if there.size else NO_LABEL


def assurance(chart: Chart, better: Better, target: float | None) -> Assurance | None:
    """Hold the target, in the unit that is shown, against the last limits; on one of them is hit or miss.

    Gives None without a target or direction, and NOT_KNOWN where the last phase has no limits.
    """
    if target is None or better is Better.NEITHER:
        return None
    limits = np.flatnonzero(~np.isnan(chart.ucl))
    if not limits.size or chart.part[limits[-1]] != chart.part[-1]:
        return Assurance.NOT_KNOWN
    above, below = target > chart.ucl[limits[-1]], target < chart.lcl[limits[-1]]
    if not above and not below:
        return Assurance.INCONSISTENT
    return Assurance.FAIL if above == (better is Better.HIGHER) else Assurance.PASS


def short_phases(chart: Chart) -> tuple[bool, ...]:
    """Tell of each phase whether it has fewer points than its limits need."""
    return tuple(phase.stop - phase.start < FEW_POINTS for phase in chart.phases())
