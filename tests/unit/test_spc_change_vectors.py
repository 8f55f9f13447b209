"""Comparisons, verdicts, Pareto tables and CUSUMs give what R and the design gave for the same data."""

import math

import numpy as np
import pytest

from spc.aim import Aim, Times
from spc.compare import Side, compare
from spc.cusum import make_cusum, usual_of
from spc.icons import Better
from spc.intervals import (
    clopper_pearson,
    difference_of_shares,
    equal_rates_p,
    equal_shares_p,
    garwood,
    rank_sum,
    rate_ratio_interval,
    welch,
    wilson,
)
from spc.pareto import make_pareto
from spc.trend import Family, find_slope
from spc.verdict import Judged, judge
from tests.spc_vectors import Case, Json, cases, differences, listed, mapping, number, numbers, text

SLOPES = {Family.BINOMIAL: "log_odds_per_period", Family.POISSON: "log_rate_per_period"}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in cases("before_after")])
def test_a_comparison_is_that_of_r(case: Case) -> None:
    expected = mapping(case["expected"])
    family, cut = Family(text(case["family"])), int(number(case["cut_after"]))
    data = mapping(case["data"])
    top = np.array(numbers(data["y"]), dtype=float)
    bottom = np.array(numbers(data["n"]), dtype=float) if "n" in data else np.ones_like(top)
    before, after = Side.of(top[:cut], bottom[:cut]), Side.of(top[cut:], bottom[cut:])
    found = _means(before, after) if family is Family.GAUSSIAN else _events(family, before, after)
    found |= {
        "n_before": before.n_points,
        "n_after": after.n_points,
        "baseline_trend": _slope(family, top, bottom, cut),
    }
    rough = {name for name in expected if name.startswith("quasi_")}  # a closed form instead of R's fit
    assert differences({name: expected[name] for name in rough}, found, tolerance=1e-6) == []
    assert differences({name: expected[name] for name in expected.keys() - rough}, found) == []


def _slope(family: Family, top: np.ndarray, bottom: np.ndarray, cut: int) -> dict[str, object]:
    slope = find_slope(family, top[:cut], bottom[:cut])
    assert slope is not None
    name = SLOPES.get(family, "slope_per_period")
    return {name: slope.slope, "se": slope.error, "t": slope.t, "p": slope.p, "df": slope.freedom}


def _means(before: Side, after: Side) -> dict[str, object]:
    found, (w, p) = welch(before.top, after.top), rank_sum(before.top, after.top)
    sides = before.top, after.top
    return {
        "mean": [float(each.mean()) for each in sides],
        "sd": [float(each.std(ddof=1)) for each in sides],
        "median": [float(np.median(each)) for each in sides],
        "difference": found.difference,
        "welch": {"t": found.t, "df": found.freedom, "p": found.p, "ci95": found.ci},
        "rank_sum": {"W": w, "p": p},
        "lag1_autocorrelation": [_lag1(each) for each in sides],
    }


def _lag1(values: np.ndarray) -> float:
    off = values - values.mean()
    return float(off[1:] @ off[:-1] / (off @ off))


def _events(family: Family, before: Side, after: Side) -> dict[str, object]:
    events, cases_ = (before.events, after.events), (before.exposure, after.exposure)
    change = compare(family, before, after, careful=False)
    ratio = [math.exp(each) for each in change.ci]
    shared = {"events": events, "denominator": cases_, "centre": (before.centre, after.centre)}
    fit = {"se": change.error, "dispersion": change.dispersion, "t": change.t, "p": change.p, "df": change.freedom}
    if family is Family.POISSON:
        return shared | {
            "rate_ratio": change.ratio,
            "rate_ratio_ci95_exact": rate_ratio_interval(events, cases_),
            "p_exact": equal_rates_p(events, cases_),
            "quasi_poisson": fit | {"log_rate_ratio": change.effect, "rate_ratio_ci95": ratio},
            "garwood_before": garwood(events[0], cases_[0]),
            "garwood_after": garwood(events[1], cases_[1]),
        }
    return shared | {
        "difference": change.difference,
        "difference_ci95_prop_test": difference_of_shares(events, cases_),
        "chisq_p_prop_test": equal_shares_p(events, cases_),
        "quasi_binomial": fit | {"log_odds_ratio": change.effect, "odds_ratio_ci95": ratio},
        "clopper_pearson_before": clopper_pearson(events[0], cases_[0]),
        "clopper_pearson_after": clopper_pearson(events[1], cases_[1]),
        "wilson_before": wilson(events[0], cases_[0]),
        "wilson_after": wilson(events[1], cases_[1]),
    }


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in cases("gate_scenarios_design")])
def test_the_gate_judges_a_clear_case_as_designed(case: Case) -> None:
    data = mapping(case["data"])
    target, worthwhile = (None if case[name] is None else number(case[name]) for name in ("target", "delta"))
    aim = Aim(Family(text(case["family"])), Better(text(case["better"])), target, worthwhile)
    out_of = numbers(data["n"]) if "n" in data else None
    judged = judge(numbers(data["y"]), out_of, aim=aim, times=Times(int(number(case["baseline_points"]))))
    assert differences(mapping(case["expected"]), _judged(judged), tolerance=1e-6) == []


def _judged(judged: Judged) -> dict[str, object]:
    change, chart = judged.change, judged.chart
    gaussian = change.family is Family.GAUSSIAN
    return {
        "verdict": judged.verdict,
        "reasons": judged.reasons,
        "flags": judged.flags,
        "n_baseline": change.before.n_points,
        "n_post": change.after.n_points,
        "centre_baseline": change.before.centre,
        "centre_post": change.after.centre,
        "sigma_z": float(chart.ucl[0] - chart.centre[0]) / 3 if gaussian else chart.sigma_z[0],
        "dispersion": change.dispersion,
        "effect": change.effect,
        "ci": change.ci,
        "lag1": change.lag1,
        "signals": {"favourable": judged.evidence.favourable, "unfavourable": judged.evidence.unfavourable},
        "last_point_alert": judged.alert,
        "target_attained": judged.target_attained,
        "target_confirmed": judged.target_confirmed,
        "target_bound": judged.target_bound,
        "best_plausible": judged.best_plausible,
    }


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in cases("pareto_and_cusum")])
def test_pareto_and_cusum_are_those_of_their_packages(case: Case) -> None:
    data = mapping(case["data"])
    for call in map(mapping, listed(case["calls"])):
        ask = {"qicharts2-pareto": _pareto, "qcc-pareto": _pareto_of_qcc, "qicharts2-bchart": _cusum}
        found = ask[text(call["anchor"])](data, mapping(call["args"]))
        assert differences(mapping(call["expected"]), found) == []


def _pareto(data: dict[str, Json], _: dict[str, Json]) -> dict[str, object]:
    names = map(text, listed(data["category"]))
    bars = make_pareto(dict(zip(names, map(number, listed(data["count"])), strict=True))).bars
    return {
        "category": [each.category for each in bars],
        "count": [each.count for each in bars],
        "cum_count": [each.running for each in bars],
        "share": [each.share for each in bars],
        "cum_share": [each.running_share for each in bars],
        "percent": [100 * each.share for each in bars],
        "cum_percent": [100 * each.running_share for each in bars],
    }


def _pareto_of_qcc(data: dict[str, Json], arguments: dict[str, Json]) -> dict[str, object]:
    """qcc leaves equal counts in the order in which they came; ours go by name. The rest is equal."""
    names = [text(each) for each in listed(data["category"])]
    count = dict(zip(names, map(number, listed(data["count"])), strict=True))
    order = sorted(names, key=lambda name: (-count[name], names.index(name)))
    return _pareto(data, arguments) | {"category": order}


def _cusum(data: dict[str, Json], arguments: dict[str, Json]) -> dict[str, object]:
    outcomes = [int(number(each)) for each in listed(data["y"])]
    target = number(arguments["target"])
    usual = target if target < 1 else usual_of(outcomes, int(target))
    odds_ratio, limit = number(arguments["or"]), number(arguments["limit"])
    found = make_cusum(outcomes, usual=usual, odds_ratio=odds_ratio, limit=limit)
    return {
        "p0": found.usual,
        "p1": found.worse,
        "p2": found.better,
        "cusum_up": found.up,
        "cusum_down": found.down,
        "signal_up": found.signals_up,
        "signal_down": found.signals_down,
    }
