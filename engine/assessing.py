"""From a series to the complete record of an assessment: verdict, signals, runs, icons, words; pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib.metadata import version

import numpy as np

from config.indicators import Family, Frequency, Indicator
from engine.baselines import data_hash, usable
from engine.findings import find_change, find_target, number
from engine.saying import say_judged, say_refused
from models.reads.series import Series
from models.records import Point, Record, RunsFound, Saying, Signal, Span
from spc.aim import CHARTS, Aim, Times
from spc.arrays import Floats, floats
from spc.chart import Chart, Plan, make_chart
from spc.errors import DataError
from spc.icons import Better, Variation, assurance, labels, meaning, variation
from spc.rulesets import NHS_7, find_signals
from spc.runs import analyse_runs
from spc.sentence import NEXT
from spc.trend import Family as Counted
from spc.verdict import GATE_VERSION, Judged, Verdict, judge

RULE_SET = f"{GATE_VERSION}, {NHS_7.slug} v{NHS_7.version}"
FAMILIES = {
    Family.PROPORTION: Counted.BINOMIAL,
    Family.RATE: Counted.POISSON,
    Family.COUNT: Counted.POISSON,
    Family.RARE: Counted.POISSON,
    Family.MEASUREMENT: Counted.GAUSSIAN,
}
PERIODS_A_YEAR = {Frequency.WEEK: 52, Frequency.MONTH: 12, Frequency.QUARTER: 4, Frequency.YEAR: 1}
BASELINE, WASH_IN, AFTER = "baseline", "wash-in", "after"
FULL_BASELINE = 20
CHANGED = "baseline_changed"


@dataclass(frozen=True)
class Look:
    """What is looked at. Target, worthwhile change and prediction are as shown.

    n_baseline, wash_in: periods from the beginning of the series. n_changed: periods of a sealed baseline that read
    otherwise today. known: signals of earlier looks, (rule, first period) -> the day on which they were found.
    """

    indicator: Indicator
    unit: str
    as_of: datetime
    on: date
    n_baseline: int
    wash_in: int = 0
    cycle: str = ""
    target: float | None = None
    worthwhile: float | None = None
    prediction: float | None = None
    definition_changed: bool = False
    n_changed: int = 0
    known: Mapping[tuple[str, date], date] = field(default_factory=dict)


@dataclass(frozen=True)
class _Found:
    """What the statistics gave; `judged` is None where they refused, then `why` says it."""

    series: Series
    look: Look
    top: Floats
    bottom: Floats | None
    chart: Chart | None
    judged: Judged | None
    why: DataError | None

    @property
    def better(self) -> Better:
        return Better(self.look.indicator.better.value)

    def phase(self, place: int) -> str:
        """Name the phase of a place in the series."""
        if place < self.look.n_baseline:
            return BASELINE
        return WASH_IN if place < self.look.n_baseline + self.look.wash_in else AFTER


def assess(series: Series, look: Look) -> Record:
    """Look at a series and write down everything. Provisional values are shown, not judged."""
    found = _find(series, look)
    judged, chart = found.judged, found.chart
    verdict = judged.verdict if judged else Verdict.CANNOT_TELL
    sides = {phase: _span(found, phase) for phase in (BASELINE, AFTER)}
    change = judged.change if judged else None
    by_counts = change is not None and change.family is not Counted.GAUSSIAN
    sizes = found.bottom if found.bottom is not None else np.ones_like(found.top)
    n_usable = len(usable(series))
    return Record(
        indicator=look.indicator.id,
        version=look.indicator.version,
        unit=look.unit,
        cycle=look.cycle,
        as_of=look.as_of,
        data_hash=data_hash(series),
        engine_version=engine_version(),
        rule_set=RULE_SET,
        chart=CHARTS[FAMILIES[look.indicator.family]].value,
        screened=chart.screened if chart else False,
        title=look.indicator.title,
        shown_in=look.indicator.unit,
        multiply=look.indicator.multiply,
        better=look.indicator.better.value,
        n_periods=len(series.periods),
        n_usable=n_usable,
        n_missing=sum(value is None for value in series.values),
        n_zero_denominator=int((sizes == 0).sum()),
        n_provisional=sum(series.provisional),
        n_changed=look.n_changed,
        baseline=sides[BASELINE],
        after=sides[AFTER],
        events_before=change.before.events if change and by_counts else None,
        events_after=change.after.events if change and by_counts else None,
        trial_limits=sides[BASELINE].n < FULL_BASELINE,
        sigma_z=number(chart.sigma_z[0]) if chart else None,
        points=_points(found),
        signals=_signals(found),
        runs=_runs(found),
        variation=variation(chart, found.better).value if chart else Variation.COMMON_CAUSE.value,
        assurance=_assurance(found),
        target=find_target(judged, look.target, _shown_after(found)) if judged else None,
        change=find_change(judged) if judged else None,
        prediction=look.prediction,
        verdict=verdict.value,
        confidence="" if judged is None else "likely" if judged.likely_only else "confirmed",
        reasons=_reasons(found),
        flags=(*(judged.flags if judged else ()), *((CHANGED,) if look.n_changed else ())),
        alert=judged.alert if judged else False,
        next_step=NEXT[verdict],
        said=_said(found, judged),
    )


@cache
def engine_version() -> str:
    """Name the program that judged."""
    return f"wardcycle {version('wardcycle')}"


def aim_of(look: Look) -> Aim:
    """Write what is wanted in the data's own unit."""
    times = look.indicator.multiply
    return Aim(
        FAMILIES[look.indicator.family],
        Better(look.indicator.better.value),
        None if look.target is None else look.target / times,
        None if look.worthwhile is None else look.worthwhile / times,
    )


def _find(series: Series, look: Look) -> _Found:
    final = [None if p else v for v, p in zip(series.values, series.provisional, strict=True)]
    top = floats(final)
    bottom = None if series.out_of is None else floats(series.out_of)
    times = Times(
        look.n_baseline,
        wash_in=look.wash_in,
        periods_a_year=PERIODS_A_YEAR[look.indicator.frequency],
        definition_changed=look.definition_changed,
    )
    try:
        judged = judge(top, bottom, aim=aim_of(look), times=times, multiply=look.indicator.multiply)
    except DataError as error:
        return _Found(series, look, top, bottom, _chart(look, top, bottom), None, error)
    return _Found(series, look, top, bottom, judged.chart, judged, None)


def _chart(look: Look, top: Floats, bottom: Floats | None) -> Chart | None:
    """Draw at least the points where nothing can be judged; None without a value in the baseline."""
    family = FAMILIES[look.indicator.family]
    if bottom is None and family is Counted.POISSON:
        bottom = np.ones_like(top)
    if not np.isfinite(top[: look.n_baseline]).any():
        return None
    try:
        plan = Plan(freeze=look.n_baseline, multiply=look.indicator.multiply)
        return make_chart(CHARTS[family], top, bottom, plan=plan)
    except DataError:
        return None


def _span(found: _Found, phase: str) -> Span:
    places = [place for place in range(len(found.series.periods)) if found.phase(place) == phase]
    counted = set(usable(found.series))
    periods = [found.series.periods[place] for place in places]
    return Span(
        periods[0] if periods else None, periods[-1] if periods else None, sum(each in counted for each in periods)
    )


def _points(found: _Found) -> tuple[Point, ...]:
    chart, series, times = found.chart, found.series, found.look.indicator.multiply
    meanings = [meaning(each, found.better).value for each in labels(chart)] if chart else []

    def line(name: str, place: int) -> float | None:
        return number(getattr(chart, name)[place]) if chart else None

    return tuple(
        Point(
            period=period,
            value=_shown(series.values[place], _size(series, place), times),
            numerator=series.values[place],
            denominator=_size(series, place),
            centre=line("centre", place),
            lcl=line("lcl", place),
            ucl=line("ucl", place),
            lcl2=line("lcl2", place),
            ucl2=line("ucl2", place),
            phase=found.phase(place),
            meaning=meanings[place] if meanings else Variation.COMMON_CAUSE.value,
            provisional=series.provisional[place],
        )
        for place, period in enumerate(series.periods)
    )


def _size(series: Series, place: int) -> float | None:
    return series.out_of[place] if series.out_of else None


def _shown(value: float | None, size: float | None, times: float) -> float | None:
    if value is None or size == 0:
        return None
    return value / (size or 1.0) * times


def _signals(found: _Found) -> tuple[Signal, ...]:
    if found.chart is None:
        return ()
    periods, look = found.series.periods, found.look
    made = []
    for each in find_signals(found.chart, NHS_7):
        first = periods[each.first - 1]
        good = (each.direction == 1) == (found.better is Better.HIGHER)
        sense = "neutral" if found.better is Better.NEITHER else "favourable" if good else "unfavourable"
        made.append(
            Signal(
                rule=each.rule.value,
                first=first,
                last=periods[each.last - 1],
                direction="high" if each.direction == 1 else "low",
                sense=sense,
                phase=found.phase(each.last - 1),
                detected_on=look.known.get((each.rule.value, first), look.on),
            )
        )
    return tuple(made)


def _runs(found: _Found) -> tuple[RunsFound, ...]:
    chart = found.chart
    if chart is None:
        return ()
    start = found.look.n_baseline + found.look.wash_in
    phases = ((BASELINE, slice(0, found.look.n_baseline)), (AFTER, slice(start, None)))
    made = []
    for phase, where in phases:
        if not chart.values[where].size:
            continue
        runs = analyse_runs(chart.values[where], chart.centre[where])
        made.append(
            RunsFound(
                phase=phase,
                n_useful=runs.n_useful,
                longest=runs.longest,
                longest_max=runs.longest_max,
                crossings=runs.crossings,
                crossings_min=runs.crossings_min,
                signal=runs.signal,
            )
        )
    return tuple(made)


def _assurance(found: _Found) -> str:
    held = assurance(found.chart, found.better, found.look.target) if found.chart else None
    return held.value if held else ""


def _shown_after(found: _Found) -> list[float]:
    """List the values after the change, as shown."""
    if found.chart is None:
        return []
    values = found.chart.values
    return [
        float(values[place])
        for place in range(values.size)
        if found.phase(place) == AFTER and math.isfinite(values[place])
    ]


def _reasons(found: _Found) -> tuple[str, ...]:
    if found.judged:
        return found.judged.reasons
    return ("too_few_points",) if found.better is not Better.NEITHER else ("no_direction",)


def _said(found: _Found, judged: Judged | None) -> Saying:
    if judged is None:
        assert found.why is not None, "what was not judged has its reason"
        return say_refused(found.why)
    return say_judged(judged, found.look.indicator, found.look.prediction)
