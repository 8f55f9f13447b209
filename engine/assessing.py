"""From a series to the complete record of an assessment: verdict, signals, runs, icons, words; pure."""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import numpy as np

from config.indicators import Family, Frequency
from engine.baselines import data_hash, usable
from engine.findings import find_change, find_target, number
from engine.looks import AFTER, BASELINE, Found, Look
from engine.record_parts import find_points, find_runs, find_signals, find_span, shown_after
from engine.saying import say_judged, say_refused
from models.reads.series import Series
from models.records import Record, RunsFound, Saying, Signal
from spc.aim import CHARTS, Aim, Times
from spc.arrays import Floats, floats
from spc.chart import Chart, Plan, make_chart
from spc.errors import DataError
from spc.icons import Better, Label, Variation, assurance, labels_in, meaning, newest
from spc.rulesets import NHS_7, marks_of
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
FULL_BASELINE = 20
CHANGED = "baseline_changed"


def assess(series: Series, look: Look) -> Record:
    """Look at a series and write down everything. Provisional values are shown, not judged."""
    found = _find(series, look)
    return _write_down(found, _mark(found))


@dataclass(frozen=True)
class _Marked:
    """What the rules say of the chart; nothing where there is none."""

    labels: tuple[Label, ...] = ()
    signals: tuple[Signal, ...] = ()
    runs: tuple[RunsFound, ...] = ()


def _mark(found: Found) -> _Marked:
    chart = found.chart
    if chart is None:
        return _Marked()
    marks = marks_of(chart, NHS_7)
    labels = labels_in(marks, len(found.series.periods))
    return _Marked(labels, find_signals(found, chart, marks), find_runs(found, chart))


def _write_down(found: Found, marked: _Marked) -> Record:
    """List what was found, in the record's own order."""
    series, look, judged, chart = found.series, found.look, found.judged, found.chart
    counted = usable(series)
    baseline, after = (find_span(found, phase, set(counted)) for phase in (BASELINE, AFTER))
    events_before, events_after = _events(judged)
    verdict = judged.verdict if judged else Verdict.CANNOT_TELL
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
        n_usable=len(counted),
        n_missing=sum(value is None for value in series.values),
        n_zero_denominator=0 if found.bottom is None else int((found.bottom == 0).sum()),
        n_provisional=sum(series.provisional),
        n_changed=look.n_changed,
        baseline=baseline,
        after=after,
        events_before=events_before,
        events_after=events_after,
        trial_limits=baseline.n < FULL_BASELINE,
        sigma_z=number(chart.sigma_z[0]) if chart else None,
        points=find_points(found, marked.labels),
        signals=marked.signals,
        runs=marked.runs,
        variation=_variation(found, marked.labels).value,
        assurance=_assurance(found),
        target=find_target(judged, look.target, shown_after(found)) if judged else None,
        change=find_change(judged) if judged else None,
        prediction=look.prediction,
        verdict=verdict.value,
        confidence=_confidence(judged),
        reasons=_reasons(found),
        flags=_flags(found),
        alert=judged.alert if judged else False,
        next_step=NEXT[verdict],
        said=_said(found, judged),
    )


def find_icons(series: Series, look: Look) -> tuple[str, str]:
    """Find only the icons of `assess`, without its words: what the newest point says, whether the target can be met."""
    found = _find(series, look)
    labels = labels_in(marks_of(found.chart, NHS_7), len(series.periods)) if found.chart else ()
    return _variation(found, labels).value, _assurance(found)


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


def _find(series: Series, look: Look) -> Found:
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
        return Found(series, look, top, bottom, _chart(look, top, bottom), None, error)
    return Found(series, look, top, bottom, judged.chart, judged, None)


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


def _variation(found: Found, labels: tuple[Label, ...]) -> Variation:
    """Judge the newest point that has a value."""
    return meaning(newest(found.chart, labels), found.better) if found.chart else Variation.COMMON_CAUSE


def _assurance(found: Found) -> str:
    held = assurance(found.chart, found.better, found.look.target) if found.chart else None
    return held.value if held else ""


def _events(judged: Judged | None) -> tuple[float | None, float | None]:
    """Give how many events were counted before and after; None where something is measured."""
    if judged is None or judged.change.family is Counted.GAUSSIAN:
        return None, None
    return judged.change.before.events, judged.change.after.events


def _confidence(judged: Judged | None) -> str:
    if judged is None:
        return ""
    return "likely" if judged.likely_only else "confirmed"


def _flags(found: Found) -> tuple[str, ...]:
    judged = found.judged.flags if found.judged else ()
    return (*judged, CHANGED) if found.look.n_changed else judged


def _reasons(found: Found) -> tuple[str, ...]:
    if found.judged:
        return found.judged.reasons
    return ("too_few_points",) if found.better is not Better.NEITHER else ("no_direction",)


def _said(found: Found, judged: Judged | None) -> Saying:
    if judged is None:
        assert found.why is not None, "what was not judged has its reason"
        return say_refused(found.why)
    look = found.look
    return say_judged(judged, look.indicator, look.prediction, changed=bool(look.cycle))
