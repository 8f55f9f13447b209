"""Chart, signals, icons and verdict of a series that belongs to no hospital; pure."""

from dataclasses import dataclass

import numpy as np

from engine.own_series import OwnSeries
from models.errors import Refused, UsageError
from spc.aim import Aim, Times
from spc.arrays import floats
from spc.chart import Chart, Plan, make_chart
from spc.choose import choose_kind
from spc.errors import BaselineTooShort
from spc.icons import Assurance, Better, Variation, assurance, labels_in, meaning, newest
from spc.lines import Kind
from spc.rulesets import NHS_7, Found, marks_of, signals_in
from spc.runs import Runs, analyse_runs
from spc.trend import Family
from spc.verdict import Judged, judge

FEWEST_FROZEN = 2  # one point has no spread
FAMILIES = {
    Kind.P: Family.BINOMIAL,
    Kind.PP: Family.BINOMIAL,
    Kind.U: Family.POISSON,
    Kind.UP: Family.POISSON,
    Kind.C: Family.POISSON,
    Kind.CP: Family.POISSON,
    Kind.I: Family.GAUSSIAN,
}


class ChartUnjudged(UsageError):
    """A {kind} chart gives no verdict. Choose one of: {known}."""

    zh = "{kind} 图不能给出判断，请选择：{known}。"


class VerdictIncomplete(UsageError):
    """A verdict needs --baseline N (periods before the change) and --better higher or lower."""

    zh = "判断需要 --baseline N（改进前的周期数）和 --better higher 或 lower。"


class BaselineWhole(Refused):
    """The baseline of {n} periods leaves nothing of {n_all}: give a smaller number."""

    zh = "基线 {n} 个周期已占全部 {n_all} 个，请改小。"


@dataclass(frozen=True)
class Asked:
    """What somebody wants to know. target and worthwhile are as shown; kind None: choose.

    n_baseline: periods before a change that is to be judged. n_frozen: periods that make the limits, without a verdict.
    """

    kind: Kind | None = None
    target: float | None = None
    better: Better = Better.NEITHER
    n_frozen: int | None = None
    n_baseline: int | None = None
    wash_in: int = 0
    worthwhile: float | None = None
    multiply: float = 1.0


@dataclass(frozen=True)
class Seen:
    """What was found. rare: so few events that a chart of counts sees nothing for long; judged: None if not asked."""

    chart: Chart
    signals: tuple[Found, ...]
    meanings: tuple[Variation, ...]
    variation: Variation
    assurance: Assurance | None
    runs: Runs
    rare: bool
    judged: Judged | None


def look_at(series: OwnSeries, asked: Asked) -> Seen:
    """Draw, search and, where it is asked, judge. Raises spc.errors.DataError for what cannot be."""
    frozen = asked.n_baseline or asked.n_frozen
    if frozen is not None and frozen < FEWEST_FROZEN:
        raise BaselineTooShort(found=frozen, needed=FEWEST_FROZEN)
    chosen = choose(series)
    kind = asked.kind or (Kind.CP if chosen is Kind.T else chosen)
    judged = _judge(series, asked, kind)
    chart = judged.chart if judged else _chart(series, asked, kind)
    marks = marks_of(chart, NHS_7)
    found = labels_in(marks, chart.values.size)
    return Seen(
        chart=chart,
        signals=signals_in(chart, marks),
        meanings=tuple(meaning(each, asked.better) for each in found),
        variation=meaning(newest(chart, found), asked.better),
        assurance=assurance(chart, asked.better, asked.target),
        runs=analyse_runs(chart.values, chart.centre),
        rare=chosen is Kind.T and asked.kind is None,
        judged=judged,
    )


def choose(series: OwnSeries) -> Kind:
    """Choose a chart: whole numbers are counts, parts of their denominators where none is above its own."""
    top = floats(series.values)
    known = top[np.isfinite(top)]
    counted = bool(known.size) and bool((known == np.round(known)).all() and (known >= 0).all())
    if series.out_of is None:
        return choose_kind(series.values, counted=counted, divided=False)
    with np.errstate(invalid="ignore"):
        bounded = not (top > floats(series.out_of)).any()
    found = choose_kind(series.values, counted=counted, divided=True, bounded=bounded)
    return Kind.UP if found is Kind.T else found


def _chart(series: OwnSeries, asked: Asked, kind: Kind) -> Chart:
    plan = Plan(freeze=asked.n_frozen, multiply=asked.multiply)
    return make_chart(kind, series.values, series.out_of, plan=plan)


def _judge(series: OwnSeries, asked: Asked, kind: Kind) -> Judged | None:
    if asked.n_baseline is None:
        return None
    if asked.better is Better.NEITHER:
        raise VerdictIncomplete
    if kind not in FAMILIES:
        raise ChartUnjudged(kind=kind.value, known=", ".join(FAMILIES))
    if asked.n_baseline >= len(series.periods):
        raise BaselineWhole(n=asked.n_baseline, n_all=len(series.periods))
    aim = Aim(
        FAMILIES[kind],
        asked.better,
        None if asked.target is None else asked.target / asked.multiply,
        None if asked.worthwhile is None else asked.worthwhile / asked.multiply,
    )
    times = Times(asked.n_baseline, wash_in=asked.wash_in)
    return judge(series.values, series.out_of, aim=aim, times=times, multiply=asked.multiply)
