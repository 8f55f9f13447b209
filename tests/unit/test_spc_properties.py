"""Whatever is entered, the statistics answer or refuse in words; they follow the data's unit and direction."""

import math
from random import Random
from xml.etree import ElementTree

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spc.aim import Aim, Times
from spc.arrays import Floats
from spc.chart import Chart, Plan, limits_of_many, make_chart, make_subgroup_chart
from spc.conventions import CONVENTIONS, NHS, PRODUCT, Convention
from spc.draw import Scene, Texts, draw_chart
from spc.errors import DataError
from spc.icons import Better, assurance, labels, meaning, variation
from spc.lines import Kind
from spc.pareto import find_drivers, make_pareto
from spc.rulesets import NHS_7, RULE_SETS, find_signals, marks_of, marks_of_many
from spc.sentence import Measure, tell
from spc.series import SUBGROUPED
from spc.trend import Family
from spc.verdict import Verdict, judge
from spc.words import Words

ANYTHING = st.one_of(st.none(), st.integers(-3, 60).map(float), st.floats(allow_nan=True, allow_infinity=True))
PLAUSIBLE = st.one_of(st.none(), st.integers(0, 60).map(float), st.floats(0, 1e6))
SERIES = st.lists(ANYTHING, max_size=40) | st.lists(PLAUSIBLE, max_size=40)
POINTS = st.lists(st.integers(-1, 45), max_size=4).map(tuple)
PLANS = st.builds(
    Plan,
    parts=POINTS,
    freeze=st.none() | st.integers(-1, 45),
    exclude=POINTS,
    centre=st.none() | st.floats(0, 50),
    multiply=st.sampled_from((1.0, 100.0, 10_000.0)),
)
PLAIN_KINDS = sorted(set(Kind) - SUBGROUPED)
NUMBERS = st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=40)
MEASURE = Measure(Words("Falls", "跌倒"), Words("per 1,000 days", "/千床日"))


@given(st.sampled_from(PLAIN_KINDS), SERIES, SERIES | st.none(), PLANS, st.sampled_from(list(CONVENTIONS.values())))
def test_a_series_is_drawn_or_refused_in_both_languages(
    kind: Kind, values: list[float | None], out_of: list[float | None] | None, plan: Plan, convention: Convention
) -> None:
    try:
        chart = make_chart(kind, values, out_of and (out_of * 40)[: len(values)], plan=plan, convention=convention)
        for rule_set in RULE_SETS.values():
            find_signals(chart, rule_set)
    except DataError as refused:
        assert refused.text("en") and refused.text("zh") and "{" not in refused.text("zh")
    else:
        _read(chart)


def _read(chart: Chart) -> None:
    """Ask everything that a page asks of a chart."""
    meanings = [meaning(each, Better.LOWER) for each in labels(chart)]
    variation(chart, Better.HIGHER)
    assurance(chart, Better.LOWER, 3.0)
    drawn = draw_chart(chart, Texts("a <&> \x00 题"), Scene(meanings=meanings, target=3.0))
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    assert not np.isinf(chart.centre).any() and not np.isinf(chart.ucl).any()


@given(st.sampled_from(sorted(SUBGROUPED)), st.lists(st.lists(ANYTHING, max_size=6), max_size=12), PLANS)
def test_subgroups_are_drawn_or_refused(kind: Kind, groups: list[list[float | None]], plan: Plan) -> None:
    try:
        _read(make_subgroup_chart(kind, groups, plan=plan))
    except DataError as refused:
        assert refused.text("zh")


@given(NUMBERS, st.sampled_from((0.01, 3.0, 1000.0)), st.integers(-100, 100))
def test_limits_follow_the_unit(values: list[float], factor: float, offset: int) -> None:
    plain = make_chart(Kind.I, values)
    moved = make_chart(Kind.I, [factor * (each + offset) for each in values])
    for name in ("centre", "lcl", "ucl"):
        expected = factor * (getattr(plain, name) + offset)
        np.testing.assert_allclose(getattr(moved, name), expected, rtol=1e-9, atol=1e-9 * factor * 200)


@given(st.integers(1, 6), st.integers(2, 30), st.randoms(use_true_random=False), st.sampled_from((NHS, PRODUCT)))
def test_many_series_at_once_are_each_as_alone(
    n_series: int, n_points: int, random: Random, convention: Convention
) -> None:
    values: Floats = np.array(
        [[random.choice((1.0, 2.0, 3.0, 7.0, math.nan)) for _ in range(n_points)] for _ in range(n_series)]
    )
    values[:, 0] = 4.0
    lines = limits_of_many(Kind.I, values, convention=convention)
    marks = marks_of_many(values, lines, NHS_7)
    for row in range(n_series):
        alone = make_chart(Kind.I, values[row], convention=convention)
        np.testing.assert_allclose(lines.ucl[row, 0], alone.ucl[0], equal_nan=True)
        for name, found in marks_of(alone, NHS_7).items():
            np.testing.assert_array_equal(marks[name][row], found)


@given(
    st.sampled_from(list(Family)), SERIES, SERIES | st.none(), st.integers(0, 30), st.integers(0, 3), st.floats(0, 1)
)
def test_a_change_is_judged_or_refused(
    family: Family,
    values: list[float | None],
    out_of: list[float | None] | None,
    n_baseline: int,
    wash_in: int,
    target: float,
) -> None:
    aim, times = Aim(family, Better.LOWER, target), Times(n_baseline, wash_in, seasonal=True)
    try:
        judged = judge(values, out_of and (out_of * 40)[: len(values)], aim=aim, times=times)
    except DataError as refused:
        assert refused.text("zh")
    else:
        assert judged.verdict in Verdict
        assert all("{" not in tell(judged, MEASURE, language).sentence for language in ("en", "zh-CN"))


@given(st.lists(st.integers(0, 40).map(float), min_size=24, max_size=40), st.integers(-20, 20))
def test_a_mirrored_measurement_gets_the_mirrored_verdict(values: list[float], shifted: int) -> None:
    after = [each + shifted for each in values[14:]]
    low = judge(values[:14] + after, None, aim=Aim(Family.GAUSSIAN, Better.LOWER, 10.0), times=Times(14))
    mirrored = [-each for each in values[:14] + after]
    high = judge(mirrored, None, aim=Aim(Family.GAUSSIAN, Better.HIGHER, -10.0), times=Times(14))
    assert (low.verdict, low.reasons, low.flags) == (high.verdict, high.reasons, high.flags)


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.integers(0, 50).map(float), max_size=8))
def test_a_pareto_table_adds_up(counts: dict[str, float]) -> None:
    try:
        bars = make_pareto(counts).bars
    except DataError:
        assert sum(counts.values()) == 0
    else:
        assert [each.count for each in bars] == sorted(counts.values(), reverse=True)
        assert math.isclose(bars[-1].running_share, 1) and bars[0].vital


Wards = dict[str, tuple[int, int]]
WARDS = st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 9), st.integers(9, 99)), min_size=1)


@given(WARDS, WARDS)
def test_the_drivers_add_up_to_the_change(
    before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]
) -> None:
    rates = [sum(e for e, _ in each.values()) / sum(c for _, c in each.values()) for each in (before, after)]
    parts = find_drivers(before, after)
    assert math.isclose(sum(each.by_rate + each.by_mix for each in parts), rates[1] - rates[0], abs_tol=1e-12)
