"""What our own charts do where the published programs differ, crash or mislead."""

import ast
import string
import sys
from pathlib import Path

import numpy as np
import pytest

import spc.errors
from spc.chart import Plan, make_chart, make_subgroup_chart
from spc.choose import choose_kind
from spc.conventions import NHS, QICHARTS2
from spc.errors import (
    BaselineTooShort,
    BelowZero,
    DataError,
    DenominatorMissing,
    MoreThanAll,
    NotAboveZero,
    NothingMeasured,
    NotOneEach,
    SubgroupsMissing,
    TooExtreme,
    TrendAcrossGap,
)
from spc.icons import Assurance, Better, Variation, assurance, variation
from spc.lines import Kind
from spc.power import smallest_change
from spc.rulesets import ANHOEJ, NHS_7, NHS_PARITY, WESTERN_ELECTRIC, Found, Signal, find_signals
from spc.runs import fewest_usual, longest_usual
from spc.trend import Family
from spc.words import FLAGS, KEYS, NEXT_STEPS, REASONS, SENTENCES, VERDICTS

WOBBLE = [10.0, 12, 9, 11, 10, 13, 8, 11, 10, 12, 9, 11]


def test_the_statistics_import_numpy_and_the_standard_library_only() -> None:
    allowed = {"numpy", "spc"} | set(sys.stdlib_module_names)
    files = Path(spc.errors.__file__).parent.glob("*.py")
    trees = [ast.walk(ast.parse(file.read_text("utf-8"))) for file in files]
    names = {node.module for tree in trees for node in tree if isinstance(node, ast.ImportFrom) and node.module}
    assert {name.split(".")[0] for name in names} <= allowed


def test_one_spike_among_zeros_leaves_the_limits_where_the_unscreened_average_puts_them() -> None:
    spike = [0.0] * 23 + [50.0]
    assert make_chart(Kind.I, spike, convention=QICHARTS2).beyond.all()
    assert make_chart(Kind.I, spike).beyond.tolist() == [False] * 23 + [True]


@pytest.mark.parametrize(("kind", "values", "out_of"), [("i", [3.3] * 24, None), ("p", [9.0] * 24, [9.0] * 24)])
def test_where_nothing_varies_there_are_no_limits_and_no_signals(
    kind: str, values: list[float], out_of: list[float] | None
) -> None:
    chart = make_chart(Kind(kind), values, out_of)
    assert np.isnan(chart.ucl).all() and chart.runs[0].n_useful == 0
    assert all(find_signals(chart, rules) == () for rules in (ANHOEJ, NHS_7, WESTERN_ELECTRIC))
    assert assurance(chart, Better.LOWER, 5.0) is Assurance.NOT_KNOWN


def test_a_primed_chart_is_never_narrower_than_its_plain_one() -> None:
    counts, cases = [20.0, 21, 20, 19, 20, 21, 20, 19, 20, 20], [100.0] * 10
    plain, primed = make_chart(Kind.P, counts, cases), make_chart(Kind.PP, counts, cases)
    np.testing.assert_allclose(primed.ucl, plain.ucl)
    assert primed.sigma_z == (1.0,)
    assert make_chart(Kind.PP, counts, cases, convention=QICHARTS2).sigma_z[0] < 1


def test_a_point_on_a_limit_is_inside() -> None:
    chart = make_chart(Kind.C, [4.0, 4, 4, 4], plan=Plan(centre=4.0))
    on_it = make_chart(Kind.C, [4.0, 10, 4, 4], plan=Plan(centre=4.0))
    assert chart.ucl[0] == 10 and not on_it.beyond.any()
    assert make_chart(Kind.C, [4.0, 11, 4, 4], plan=Plan(centre=4.0)).beyond.tolist() == [False, True, False, False]


def test_a_missing_value_opens_a_gap_and_an_excluded_one_closes_it() -> None:
    missing = make_chart(Kind.I, [1.0, 2, None, 5, 6])
    excluded = make_chart(Kind.I, [1.0, 2, 99, 5, 6], plan=Plan(exclude=(3,)))
    ranges_missing, ranges_excluded = (1 + 1) / 2, (1 + 3 + 1) / 3
    assert missing.ucl[0] - missing.centre[0] == pytest.approx(3 * ranges_missing / 1.128)
    assert excluded.ucl[0] - excluded.centre[0] == pytest.approx(3 * ranges_excluded / 1.128)
    assert excluded.beyond.tolist() == [False, False, True, False, False]


def test_a_month_without_cases_has_no_value_no_limits_and_no_signal() -> None:
    chart = make_chart(Kind.P, [3.0, 0, 2, 4], [20.0, 0, 25, 30])
    assert np.isnan([chart.values[1], chart.lcl[1], chart.ucl[1]]).all() and not chart.beyond[1]
    assert chart.centre[1] == pytest.approx(9 / 75)


def test_a_freeze_holds_within_each_phase_and_later_points_never_move_the_limits() -> None:
    plan = Plan(parts=(12,), freeze=6, multiply=100)
    one = make_chart(Kind.I, WOBBLE + WOBBLE, plan=plan)
    two = make_chart(Kind.I, WOBBLE + WOBBLE[:6] + [99.0] * 6, plan=plan)
    np.testing.assert_allclose(one.ucl, two.ucl)
    assert one.base.tolist() == ([True] * 6 + [False] * 6) * 2
    assert one.values[0] == 1000


@pytest.mark.parametrize(
    ("kind", "values", "out_of", "wrong"),
    [
        ("i", [], None, NothingMeasured),
        ("i", [None, None], None, NothingMeasured),
        ("p", [1.0, 2], [3.0], NotOneEach),
        ("p", [1.0, 2], None, DenominatorMissing),
        ("p", [1.0, 5], [3.0, 4], MoreThanAll),
        ("u", [1.0, -1], [3.0, 4], BelowZero),
        ("u", [1.0, 1], [3.0, -4], BelowZero),
        ("c", [1.0, -1], None, BelowZero),
        ("t", [1.0, 0], None, NotAboveZero),
        ("i", [1.0, float("inf")], None, TooExtreme),
        ("xbar", [1.0, 2], None, SubgroupsMissing),
    ],
)
def test_what_cannot_be_is_refused_and_names_its_point(
    kind: str, values: list[float | None], out_of: list[float] | None, wrong: type[DataError]
) -> None:
    with pytest.raises(wrong) as refused:
        make_chart(Kind(kind), values, out_of)
    assert "2" in refused.value.text("zh") or wrong not in (MoreThanAll, BelowZero, NotAboveZero, TooExtreme)


def test_the_national_rules_want_twelve_points_before_they_freeze() -> None:
    with pytest.raises(BaselineTooShort):
        make_chart(Kind.I, WOBBLE, plan=Plan(freeze=11), convention=NHS)


def test_a_subgroup_too_large_for_the_tables_still_has_limits_from_standard_deviations() -> None:
    groups = [[float(i % 7 + j % 3) for i in range(30)] for j in range(10)]
    assert np.isfinite(make_subgroup_chart(Kind.XBAR, groups).ucl).all()
    with pytest.raises(DataError, match="25"):
        make_subgroup_chart(Kind.R, groups)


def test_a_gap_breaks_a_trend_where_the_package_would_crash() -> None:
    chart = make_chart(Kind.I, [1.0, 2, 3, None, 5, 6, 7, 1, 2, 1], convention=NHS)
    assert Signal.TREND not in {each.rule for each in find_signals(chart, NHS_7)}
    with pytest.raises(TrendAcrossGap):
        find_signals(chart, NHS_PARITY)


def test_a_turning_point_belongs_to_the_later_trend_and_a_tie_breaks_one() -> None:
    roof = [*range(1, 8), *range(6, 0, -1)]
    chart = make_chart(Kind.I, [float(each) for each in roof])
    trends = [each for each in find_signals(chart, NHS_7) if each.rule is Signal.TREND]
    assert trends == [Found(Signal.TREND, 1, 1, 1, 6), Found(Signal.TREND, -1, 1, 7, 13)]
    flat = make_chart(Kind.I, [1.0, 2, 3, 3, 4, 5, 6, 7, 3, 2])
    assert not [each for each in find_signals(flat, NHS_7) if each.rule is Signal.TREND]


def test_the_analysis_of_runs_marks_where_the_longest_run_lies() -> None:
    values = [1.0, 9, 1, 9, 1, 9, 1, 9, *[2.0] * 9, *[8.0] * 9]
    chart = make_chart(Kind.RUN, values)
    assert (chart.runs[0].longest, chart.runs[0].longest_max, chart.runs[0].signal) == (9, 8, True)
    assert find_signals(chart, ANHOEJ) == (Found(Signal.RUNS, -1, 1, 9, 17),)


def test_the_limits_of_runs_are_those_of_the_published_table() -> None:
    table = {10: (6, 2), 12: (7, 3), 18: (7, 5), 20: (7, 6), 24: (8, 8), 30: (8, 10), 48: (9, 18), 100: (10, 41)}
    assert {n: (longest_usual(n), fewest_usual(n)) for n in table} == table


def test_the_icon_speaks_of_the_last_point_only() -> None:
    assert variation(make_chart(Kind.I, [*WOBBLE, 30.0]), Better.LOWER) is Variation.CONCERN_HIGH
    assert variation(make_chart(Kind.I, [*WOBBLE, 30.0]), Better.HIGHER) is Variation.IMPROVEMENT_HIGH
    assert variation(make_chart(Kind.I, [*WOBBLE, 30.0]), Better.NEITHER) is Variation.NEUTRAL_HIGH
    assert variation(make_chart(Kind.I, [30.0, *WOBBLE]), Better.LOWER) is Variation.COMMON_CAUSE


@pytest.mark.parametrize(
    ("values", "said", "kind"),
    [
        ([5.0, 6], {"counted": True, "divided": True, "bounded": True}, Kind.PP),
        ([5.0, 6], {"counted": True, "divided": True}, Kind.UP),
        ([5.0, 6], {"counted": True, "divided": False}, Kind.CP),
        ([0.0, 1, 0], {"counted": True, "divided": True}, Kind.T),
        ([5.5, 6], {"counted": False, "divided": True}, Kind.IP),
        ([5.5, 6], {"counted": False, "divided": False}, Kind.I),
    ],
)
def test_each_kind_of_indicator_gets_its_chart(values: list[float], said: dict[str, bool], kind: Kind) -> None:
    assert (
        choose_kind(values, counted=said["counted"], divided=said["divided"], bounded=said.get("bounded", False))
        is kind
    )


def test_the_power_shown_before_a_start_is_that_of_the_design() -> None:
    shares = [smallest_change(Family.BINOMIAL, 0.2, a_period=n)[0] for n in (50, 100, 400)]
    assert [round(each, 3) for each in shares] == [0.144, 0.160, 0.180]
    ratios = [smallest_change(Family.POISSON, 1, a_period=events)[0] for events in (2, 5, 10, 20, 50)]
    assert [round(each, 2) for each in ratios] == [0.33, 0.57, 0.69, 0.78, 0.86]
    assert np.isnan(smallest_change(Family.POISSON, 1, a_period=1)[0])


def test_every_word_and_refusal_has_both_languages_with_the_same_facts() -> None:
    refusals = [each for each in vars(spc.errors).values() if isinstance(each, type) and issubclass(each, DataError)]
    pairs = [(each.__doc__ or "", each.zh) for each in refusals]
    tables = (VERDICTS, REASONS, KEYS, FLAGS, NEXT_STEPS, SENTENCES)
    pairs += [(words.en, words.zh) for table in tables for words in table.values()]
    assert all(_facts(en) == _facts(zh) and en and zh for en, zh in pairs)


def _facts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
