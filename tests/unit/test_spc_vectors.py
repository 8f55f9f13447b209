"""The charts and rules give what R's packages gave for the same data: every number, flag and label."""

from dataclasses import replace

import numpy as np
import pytest

from spc.arrays import sides
from spc.chart import Chart, Plan, make_chart, make_subgroup_chart
from spc.conventions import NHS, PBCHARTS, QCC, QICHARTS2, Convention, SubgroupSigma
from spc.errors import DataError
from spc.icons import Assurance, Better, Label, Variation, assurance, labels, meaning, short_phases, variation
from spc.lines import Kind
from spc.rulesets import NELSON, NHS_PARITY, WESTERN_ELECTRIC, Signal, marks_of
from spc.runs import Runs
from spc.subgroups import points_of_subgroups, sigma_within
from tests.spc_vectors import FOLDER, Case, Json, cases, differences, listed, mapping, number, numbers, text, whole

BETTER = {"increase": Better.HIGHER, "decrease": Better.LOWER, "neutral": Better.NEITHER}
NHS_LABELS = {
    Signal.BEYOND: ("Above UCL", "Below LCL"),
    Signal.TREND: ("7 Point Trend (Increasing)", "7 Point Trend (Decreasing)"),
    Signal.TWO_OF_THREE: ("2 in 3 Above CL", "2 in 3 Below CL"),
    Signal.SHIFT: ("7 Points Above CL", "7 Points Below CL"),
}
QCC_KINDS = {"xbar.one": "i", "S": "s", "R": "r"}
QCC_SIGMA = {
    "UWAVE-R": SubgroupSigma.RANGES,
    "UWAVE-SD": SubgroupSigma.MEAN_DEVIATION,
    "RMSDF": SubgroupSigma.POOLED,
}
READ_HERE = {"qicharts2", "nhs_plotthedots", "qcc", "pbcharts"}
READ_ELSEWHERE = {"pareto_and_cusum", "before_after", "gate_scenarios_design"}


def test_every_file_of_the_folder_is_read() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} <= READ_HERE | READ_ELSEWHERE
    assert any(FOLDER.glob("*.json"))


@pytest.mark.parametrize(
    ("name", "case"), [pytest.param(f, c, id=f"{f}-{i}") for f in sorted(READ_HERE) for i, c in cases(f)]
)
def test_a_chart_is_the_one_of_its_package(name: str, case: Case) -> None:
    ask = {"qicharts2": _qicharts2, "nhs_plotthedots": _nhs, "qcc": _qcc, "pbcharts": _pbcharts}[name]
    for call in map(mapping, listed(case["calls"])):
        arguments, expected = mapping(call["args"]), mapping(call["expected"])
        if "error" in expected:
            with pytest.raises(DataError):
                ask(mapping(case["data"]), arguments)
            continue
        found = ask(mapping(case["data"]), arguments)
        wrong = differences(expected, found, only_numbers=bool(call["float_sensitive"]))
        assert wrong == [], (arguments, wrong[:5])


def _draw(data: dict[str, Json], kind: str, plan: Plan, convention: Convention) -> Chart:
    if "subgroups" in data:
        groups = [numbers(each) for each in listed(data["subgroups"])]
        return make_subgroup_chart(Kind(kind), groups, plan=plan, convention=convention)
    out_of = numbers(data["n"]) if "n" in data else None
    return make_chart(Kind(kind), numbers(data["y"]), out_of, plan=plan, convention=convention)


def _plan(arguments: dict[str, Json], parts: str) -> Plan:
    freeze, centre = arguments.get("freeze"), arguments.get("cl")
    return Plan(
        parts=whole(arguments.get(parts)),
        freeze=None if freeze is None else int(number(freeze)),
        exclude=whole(arguments.get("exclude")),
        centre=None if centre is None else number(centre),
        most=1.0 if arguments.get("ypct") else None,
        multiply=number(arguments.get("multiply", 1)),
    )


def _runs(runs: Runs) -> dict[str, object]:
    return {
        "part": runs.part,
        "first": runs.first,
        "last": runs.last,
        "n_obs": runs.n_points,
        "n_useful": runs.n_useful,
        "longest_run": runs.longest,
        "longest_run_max": runs.longest_max,
        "n_crossings": runs.crossings,
        "n_crossings_min": runs.crossings_min,
        "runs_signal": runs.signal,
    }


def _qicharts2(data: dict[str, Json], arguments: dict[str, Json]) -> dict[str, object]:
    convention = replace(QICHARTS2, screened=bool(arguments.get("screened_mr", True)))
    chart = _draw(data, text(arguments["chart"]), _plan(arguments, "part"), convention)
    return {
        "y": chart.values,
        "cl": chart.centre,
        "lcl": chart.lcl,
        "ucl": chart.ucl,
        "lcl95": chart.lcl2,
        "ucl95": chart.ucl2,
        "sigma_signal": chart.beyond,
        "part": chart.part,
        "baseline": chart.base,
        "include": chart.included,
        "parts": [_runs(each) for each in chart.runs],
    }


def _pbcharts(data: dict[str, Json], arguments: dict[str, Json]) -> dict[str, object]:
    convention = replace(PBCHARTS, screened=bool(arguments.get("screenms", False)))
    kind = {"i": "ip"}.get(text(arguments["chart"]), text(arguments["chart"]))
    chart = _draw(data, kind, _plan(arguments, "split"), convention)
    # In R, true or missing is true, false or missing is missing.
    judged = chart.beyond | ~np.isnan(chart.values + chart.lcl + chart.ucl)
    return {
        "y": chart.values,
        "cl": chart.centre,
        "lcl": chart.lcl,
        "ucl": chart.ucl,
        "sigma_signal": [bool(far) if known else None for far, known in zip(chart.beyond, judged, strict=True)],
        "part": chart.part,
        "base": chart.base,
        "include": chart.included,
        "parts": [_runs(each) for each in chart.runs],
    }


def _nhs(data: dict[str, Json], arguments: dict[str, Json]) -> dict[str, object]:
    convention = replace(NHS, screened=bool(arguments.get("screen_outliers", True)))
    months = listed(data["x"])
    starts = tuple(months.index(each) for each in listed(arguments.get("rebase", [])) if each in months)
    freeze = arguments.get("fix_after_n_points")
    plan = Plan(parts=starts, freeze=None if freeze is None else int(number(freeze)))
    chart = _draw(data, "i", plan, convention)
    better = BETTER[text(arguments["improvement_direction"])]
    target = arguments.get("target")
    return _nhs_points(chart, better) | _nhs_icons(chart, better, None if target is None else number(target))


def _nhs_points(chart: Chart, better: Better) -> dict[str, object]:
    missing, limits = np.isnan(chart.values), ~np.isnan(chart.ucl)
    near = (chart.values > chart.ucl2) | (chart.values < chart.lcl2)
    short = np.array(short_phases(chart))[chart.part - 1]
    found = labels(chart, NHS_PARITY)
    return {
        "y": chart.values,
        "mean": chart.centre,
        "lpl": chart.lcl,
        "upl": chart.ucl,
        "rebase_group": chart.part - 1,
        "outside_limits": _known(chart.beyond, limits & ~missing),
        "close_to_limits": _known(near & ~chart.beyond, limits & ~missing),
        "relative_to_mean": _known(sides(chart.values, chart.centre), ~missing),
        "special_cause_type": [_nhs_label(each) for each in found],
        "point_type": [_nhs_type(meaning(each, better)) for each in found],
        "short_group_warning": short,
    }


def _nhs_icons(chart: Chart, better: Better, target: float | None) -> dict[str, object]:
    last = variation(chart, better, NHS_PARITY)
    # Without limits the package says "hit or miss"; we say that it is not known.
    held = assurance(chart, better, target)
    held = Assurance.INCONSISTENT if held is Assurance.NOT_KNOWN else held
    kind = {
        Assurance.PASS: "consistent_pass",
        Assurance.FAIL: "consistent_fail",
        Assurance.INCONSISTENT: "inconsistent",
    }
    return {
        "variation_type": _nhs_type(last),
        "variation_icon": last.value,
        "assurance_type": kind[held] if held else None,
        "assurance_icon": held.value if held else None,
    }


def _known(values: np.ndarray[tuple[int, ...], np.dtype[np.bool_ | np.int8]], known: np.ndarray) -> list[object]:
    return [value.item() if there else None for value, there in zip(values, known, strict=True)]


def _nhs_label(label: Label) -> str:
    return NHS_LABELS[label.rule][label.direction < 0] if label.rule else "Common Cause"


def _nhs_type(found: Variation) -> str:
    if found is Variation.COMMON_CAUSE:
        return "common_cause"
    return f"special_cause_{found.value if 'neutral' in found else found.value.split('_')[0]}"


def _qcc(data: dict[str, Json], arguments: dict[str, Json]) -> dict[str, object]:
    way = QCC_SIGMA.get(text(arguments.get("std_dev", "")), SubgroupSigma.RANGES)
    kind = QCC_KINDS.get(text(arguments["type"]), text(arguments["type"]))
    if kind == "s":
        way = SubgroupSigma.MEAN_DEVIATION
    chart = _draw(data, kind, Plan(), replace(QCC, subgroup_sigma=way))
    western, nelson = marks_of(chart, WESTERN_ELECTRIC), marks_of(chart, NELSON)
    rules = {f"WER{i}": _points(western[name]) for i, name in enumerate(WESTERN_ELECTRIC.rules, 1)}
    rules |= {f"NEL{i}": _points(nelson[name]) for i, name in enumerate(NELSON.rules, 1)}
    first = [next((i for i in range(1, 5) if p in rules[f"WER{i}"]), None) for p in range(1, chart.values.size + 1)]
    return {
        "statistics": chart.values,
        "center": [chart.centre[0]],
        "std_dev": _qcc_sigma(kind, data, chart, way),
        "lcl": chart.lcl,
        "ucl": chart.ucl,
        "nsigmas": 3,
        "rules": rules,
        "western_electric_first": first,
    }


def _points(marks: np.ndarray[tuple[int, ...], np.dtype[np.int8]]) -> list[int]:
    return [int(each) + 1 for each in np.flatnonzero(marks)]


def _qcc_sigma(kind: str, data: dict[str, Json], chart: Chart, way: SubgroupSigma) -> list[float]:
    centre = float(chart.centre[0])
    if "subgroups" in data:
        groups = [numbers(each) for each in listed(data["subgroups"])]
        return [float(sigma_within(points_of_subgroups(Kind.XBAR, groups), way)[0])]
    if kind == "i":
        return [float(chart.ucl[0] - centre) / 3]
    if kind == "p":  # one for each point, unless they are all equal
        found = [float(np.sqrt(centre * (1 - centre) / number(each))) for each in listed(data["n"])]
        return found if len(set(found)) > 1 else found[:1]
    return [float(np.sqrt(centre))]
