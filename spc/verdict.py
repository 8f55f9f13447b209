"""The gate of the Check stage, version 1: did it get better, as far as these data can tell?

Two keys are needed for a verdict of change: a signal on the frozen chart, and an interval that excludes no change.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from spc.aim import CHARTS, Aim, Times
from spc.arrays import Given, Ints, floats
from spc.chart import Chart, Plan, make_chart
from spc.compare import Comparison, Side, bound_after, compare
from spc.errors import DirectionMissing, TargetOffScale
from spc.evidence import Evidence, find_doubts, find_evidence
from spc.icons import Better
from spc.trend import Family

GATE_VERSION = "gate-1"
FEWEST_BEFORE = 12
FEWEST_AFTER = 8
FEWEST_EVENTS = 5
# Without a target, a tenth of the level before is the smallest change worth the work.
WORTHWHILE_SHARE = 0.1


class Verdict(StrEnum):
    """What the data say of the aim."""

    MET = "met"
    IMPROVING = "improving"
    NO_CHANGE = "no_change"
    WORSE = "worse"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class Keys:
    """Hold both keys, (signal, size), in both directions."""

    better: tuple[bool, bool]
    worse: tuple[bool, bool]


@dataclass(frozen=True)
class Judged:
    """Hold a verdict and everything it rests on. Levels and bounds are in the data's own unit.

    reasons, flags: names whose words stand in spc.words. target_attained: by the level after the change;
    target_confirmed: by target_bound too, its one-sided 95 % bound. best_plausible: the better end of the interval for
    that level; worthwhile: the level that would be worth the work.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    flags: tuple[str, ...]
    aim: Aim
    chart: Chart
    change: Comparison
    evidence: Evidence
    target_attained: bool
    target_confirmed: bool
    target_bound: float
    best_plausible: float
    worthwhile: float
    version: str = GATE_VERSION

    @property
    def alert(self) -> bool:
        """Tell whether harm has to be told at once, whatever the verdict."""
        return self.evidence.last_alarms

    @property
    def needs_signature(self) -> bool:
        """Tell whether a person has to sign before the cycle closes."""
        return bool(self.flags) and self.verdict in (Verdict.MET, Verdict.IMPROVING)

    @property
    def likely_only(self) -> bool:
        """Tell a likely verdict from a confirmed one."""
        return bool(self.flags) or (self.verdict is Verdict.MET and not self.target_confirmed)


def judge(values: Given, out_of: Given | None, *, aim: Aim, times: Times, multiply: float = 1.0) -> Judged:
    """Judge a change. values: measurements or numerators, oldest first; None or nan is missing.

    multiply: 100 for per cent: what the chart of the result is shown in; everything else stays in the data's own unit.
    Raises SideEmpty if a side has fewer than two usable points, and another DataError for what cannot be.
    """
    _check(aim)
    top, bottom = floats(values), None if out_of is None else floats(out_of)
    if bottom is None and aim.family is Family.POISSON:
        bottom = np.ones_like(top)
    chart = make_chart(CHARTS[aim.family], top, bottom, plan=Plan(freeze=times.n_baseline, multiply=multiply))
    usable = find_usable(chart, times)
    before, after = usable[usable < times.n_baseline], usable[usable >= times.n_baseline]
    sides = [Side(top[each], np.ones(each.size) if bottom is None else bottom[each]) for each in (before, after)]
    change = compare(aim.family, *sides)
    evidence = find_evidence(chart, after, higher_is_better=aim.better is Better.HIGHER)
    return _decide(aim, chart, change, evidence, find_doubts(top, bottom, chart, change, aim, times))


def find_usable(chart: Chart, times: Times) -> Ints:
    """List the periods (from 0) that count: with a value, and not while the change was being brought in."""
    usable = np.flatnonzero(~np.isnan(chart.values))
    washing = (usable >= times.n_baseline) & (usable < times.n_baseline + times.wash_in)
    return usable[~washing]


def _check(aim: Aim) -> None:
    if aim.better is Better.NEITHER:
        raise DirectionMissing
    if aim.family is Family.BINOMIAL and aim.target is not None and not 0 <= aim.target <= 1:
        raise TargetOffScale(target=f"{aim.target:g}")


def _decide(aim: Aim, chart: Chart, change: Comparison, evidence: Evidence, flags: tuple[str, ...]) -> Judged:
    lower = aim.better is Better.LOWER
    bound, best = bound_after(change, upper=lower), change.moved(change.ci[0 if lower else 1])
    worth = worthwhile_level(aim, change.before.centre)
    attained = aim.target is not None and _reaches(change.after.centre, aim.target, aim.better)
    sure = aim.target is not None and _reaches(bound, aim.target, aim.better)
    keys = _keys(change, evidence, lower)
    reasons = _too_little(change, aim.family)
    verdict = Verdict.CANNOT_TELL
    if not reasons:
        verdict = _verdict(keys, attained, sure, evidence, ruled_out=not _reaches(best, worth, aim.better))
        reasons = _reasons(verdict, keys, attained, evidence)
    return Judged(
        verdict=verdict,
        reasons=reasons,
        flags=() if _too_little(change, aim.family) else flags,
        aim=aim,
        chart=chart,
        change=change,
        evidence=evidence,
        target_attained=attained,
        target_confirmed=sure,
        target_bound=bound,
        best_plausible=best,
        worthwhile=worth,
    )


def worthwhile_level(aim: Aim, before: float) -> float:
    """Say what level would be worth the work: the target, unless it was met before or another change is named."""
    way = -1 if aim.better is Better.LOWER else 1
    if aim.worthwhile is not None:
        return before + way * aim.worthwhile
    if aim.target is not None and not _reaches(before, aim.target, aim.better):
        return aim.target
    return before * (1 + way * WORTHWHILE_SHARE)


def _reaches(level: float, wanted: float, better: Better) -> bool:
    return level <= wanted if better is Better.LOWER else level >= wanted


def _too_little(change: Comparison, family: Family) -> tuple[str, ...]:
    wanting = {
        "too_few_baseline_points": change.before.n_points < FEWEST_BEFORE,
        "too_few_post_points": change.after.n_points < FEWEST_AFTER,
        "too_few_events": family is not Family.GAUSSIAN and change.before.events < FEWEST_EVENTS,
    }
    return tuple(reason for reason, holds in wanting.items() if holds)


def _keys(change: Comparison, evidence: Evidence, lower: bool) -> Keys:
    """Ask both keys in both directions: a signal on the chart, and an interval without 0."""
    falls, rises = change.ci[1] < 0, change.ci[0] > 0
    return Keys(
        better=(bool(evidence.favourable), falls if lower else rises),
        worse=(bool(evidence.unfavourable), rises if lower else falls),
    )


def _verdict(keys: Keys, attained: bool, sure: bool, evidence: Evidence, *, ruled_out: bool) -> Verdict:
    """Take the first that holds (section 4.3 of the design)."""
    if all(keys.worse):
        return Verdict.WORSE
    if attained and (sure or all(keys.better)) and not evidence.recent_unfavourable:
        return Verdict.MET
    if all(keys.better):
        return Verdict.IMPROVING
    return Verdict.NO_CHANGE if ruled_out else Verdict.CANNOT_TELL


def _reasons(verdict: Verdict, keys: Keys, attained: bool, evidence: Evidence) -> tuple[str, ...]:
    """Say what spoke against a clearer verdict."""
    found = []
    if attained and evidence.recent_unfavourable and verdict is not Verdict.WORSE:
        found.append("recent_points_unfavourable")
    if verdict in (Verdict.NO_CHANGE, Verdict.CANNOT_TELL):
        found += ["early_sign_of_worsening"] if any(keys.worse) else []
        found += ["early_sign_of_improvement"] if any(keys.better) else []
    if verdict is Verdict.CANNOT_TELL and not found:
        found.append("interval_too_wide")
    return tuple(found)
