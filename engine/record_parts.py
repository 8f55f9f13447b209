"""What a record keeps of the chart: points, signals, runs, spans of periods; pure."""

from collections.abc import Collection
from datetime import date

import numpy as np

from engine.findings import number
from engine.looks import AFTER, BASELINE, Found
from models.records import Point, RunsFound, Signal, Span
from spc.chart import Chart
from spc.icons import Better, Label, Variation, meaning
from spc.rulesets import Marks, signals_in
from spc.runs import analyse_runs

LINES = ("centre", "lcl", "ucl", "lcl2", "ucl2")


def find_span(found: Found, phase: str, counted: Collection[date]) -> Span:
    """Describe a phase. counted: the periods that are usable."""
    periods = [one for one, where in zip(found.series.periods, found.phases, strict=True) if where == phase]
    n = sum(each in counted for each in periods)
    return Span(periods[0], periods[-1], n) if periods else Span(None, None, 0)


def find_points(found: Found, labels: tuple[Label, ...]) -> tuple[Point, ...]:
    """Write down each period. labels: one each, none where there is no chart."""
    chart, series, times = found.chart, found.series, found.look.indicator.multiply
    n = len(series.periods)
    meanings = [meaning(each, found.better).value for each in labels] or [Variation.COMMON_CAUSE.value] * n
    lines = zip(*(_numbers(getattr(chart, name)) for name in LINES), strict=True) if chart else [(None,) * 5] * n
    sizes = series.out_of or (None,) * n
    return tuple(
        Point(period, _shown(value, size, times), value, size, centre, lcl, ucl, lcl2, ucl2, phase, what, provisional)
        for period, value, size, (centre, lcl, ucl, lcl2, ucl2), phase, what, provisional in zip(
            series.periods, series.values, sizes, lines, found.phases, meanings, series.provisional, strict=True
        )
    )


def find_signals(found: Found, chart: Chart, marks: Marks) -> tuple[Signal, ...]:
    """Write down the signals, with the day on which each was seen first."""
    periods, look = found.series.periods, found.look
    made = []
    for each in signals_in(chart, marks):
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
                phase=found.phases[each.last - 1],
                detected_on=look.known.get((each.rule.value, first), look.on),
            )
        )
    return tuple(made)


def find_runs(found: Found, chart: Chart) -> tuple[RunsFound, ...]:
    """Analyse the runs of the phases before and after."""
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


def shown_after(found: Found) -> list[float]:
    """List the values after the change, as shown."""
    if found.chart is None:
        return []
    values: list[float] = found.chart.values[found.phases.count(BASELINE) + found.phases.count("wash-in") :].tolist()
    return [value for value in values if number(value) is not None]


def _numbers(line: np.ndarray) -> list[float | None]:
    values: list[float | None] = line.tolist()
    return values if np.isfinite(line).all() else [None if value is None else number(value) for value in values]


def _shown(value: float | None, size: float | None, times: float) -> float | None:
    if value is None or size == 0:
        return None
    return value / (size or 1.0) * times
