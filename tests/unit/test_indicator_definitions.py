"""Definitions of indicators: what is shipped, and every way to write one wrongly with its line and how to mend it."""

from pathlib import Path

import pytest

from config.catalogue import Catalogue, check_template, read_catalogue
from config.indicators import Family, Indicator

GOOD = """\
id: ours
title: {en: Ours, zh: 本院}
indicators:
  - id: falls
    version: 1
    title: {en: Falls, zh: 跌倒}
    numerator: {en: Falls, zh: 跌倒例次}
    denominator: {en: Bed days, zh: 床日}
    unit: {en: "per 1,000 bed days", zh: 例/千床日}
    multiply: 1000
    family: rate
    better: lower
    target: 2
  - id: on-time
    version: 3
    title: {en: On time, zh: 及时率}
    numerator: {en: On time, zh: 及时}
    denominator: {en: All, zh: 全部}
    unit: {en: "%", zh: "%"}
    multiply: 100
    family: proportion
    better: higher
    target: 85
"""


def read(tmp_path: Path, **files: str) -> Catalogue:
    (tmp_path / "indicators").mkdir(exist_ok=True)
    for name, text in files.items():
        (tmp_path / "indicators" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return read_catalogue(tmp_path, environ={})


def test_the_shipped_set_is_in_order_and_asks_for_people_who_exist() -> None:
    shipped = read_catalogue(environ={})
    assert shipped.problems == ()
    assert "core" in shipped.indicator_sets
    assert 8 <= sum(one.set == "core" for one in shipped.indicators.values()) <= 12
    assert {one.family for one in shipped.indicators.values()} >= {Family.PROPORTION, Family.RATE, Family.MEASUREMENT}
    assert {one.data_owner for one in shipped.indicators.values()} <= set(shipped.roles)
    assert all(one.set in shipped.indicator_sets for one in shipped.indicators.values())


def test_a_stored_definition_reads_back_as_it_was() -> None:
    for one in read_catalogue(environ={}).indicators.values():
        assert Indicator.model_validate_json(one.model_dump_json()) == one


def test_a_hospital_adds_its_own_set_and_replaces_by_id(tmp_path: Path) -> None:
    own = GOOD.replace("id: falls", "id: inpatient-falls")
    catalogue = read(tmp_path, ours=own)
    assert catalogue.problems == ()
    assert catalogue.indicators["inpatient-falls"].set == "ours"
    assert catalogue.indicators["on-time"].version == 3
    assert catalogue.indicators["vte-assessment"].set == "core"


# what stands in the good set, what is written instead, line, path, part of what is said, part of the mend
CASES = {
    "target of 85 in 0..1": ("multiply: 100\n", "multiply: 1\n", 23, "[1].target", "another scale", "from 0 to 1"),
    "target of 0.85 in 0..100": ("target: 85", "target: 0.85", 23, "[1].target", "another scale", "Write 85"),
    "target above everything": ("target: 85", "target: 850", 23, "[1].target", "another scale", "0 to 100"),
    "negative target": ("target: 2\n", "target: -2\n", 13, "[0].target", "another scale", "0 or more"),
    "% with another factor": ("multiply: 100\n", "multiply: 10\n", 20, "[1].multiply", "factor 100", "multiply: 100"),
    "no denominator": ("    denominator: {en: All, zh: 全部}\n", "", 20, "[1].family", "needs a denominator", "Add"),
    "count with denominator": ("family: rate", "family: count", 8, "[0].denominator", "has no", "family: rate"),
    "unknown role": ("target: 2\n", "data_owner: data-ower\n", 13, "[0].data_owner", "data-ower", "`data-owner`"),
    "same id twice": ("id: on-time", "id: falls", 14, "[1].id", "appears twice", "once"),
    "unknown family": ("family: rate", "family: ratio", 11, "[0].family", "`ratio`", "`rate`"),
    "unknown key": ("better: lower", "beter: lower", 12, "[0].beter", "`beter`", "`better`"),
    "no version": ("    version: 1\n", "", 4, "[0].version", "`version` is missing", "version: 1"),
    "target in words": ("target: 2\n", "target: two\n", 13, "[0].target", "A number", "85"),
    "bounds exchanged": ("target: 2\n", "least: 9\n    most: 3\n", 13, "[0].least", "not below", "Exchange"),
    "factor of nothing": ("multiply: 1000", "multiply: 0", 10, "[0].multiply", "too small", "more than 0"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_named_with_its_line_and_how_to_mend_it(tmp_path: Path, name: str) -> None:
    old, new, line, path, what, mend = CASES[name]
    assert old in GOOD
    found = read(tmp_path, ours=GOOD.replace(old, new)).problems
    assert [problem.file for problem in found] == ["indicators/ours.yaml"] * len(found)
    assert any(
        problem.line == line
        and problem.path == f"indicators{path}"
        and what in problem.what.en
        and mend in problem.mend.en
        for problem in found
    ), [problem.text("en") for problem in found]


def test_nothing_of_a_file_with_a_problem_is_used(tmp_path: Path) -> None:
    catalogue = read(tmp_path, ours=GOOD.replace("target: 85", "target: 850"))
    assert "falls" not in catalogue.indicators and "ours" not in catalogue.indicator_sets


def test_an_id_stands_in_one_file_only(tmp_path: Path) -> None:
    catalogue = read(tmp_path, a=GOOD, b=GOOD.replace("id: ours", "id: others"))
    mend = "Define each indicator once."
    assert [problem.text("en") for problem in catalogue.problems] == [
        f"indicators/b.yaml:4 indicators[0].id: `falls` stands already in indicators/a.yaml. {mend}",
        f"indicators/b.yaml:14 indicators[1].id: `on-time` stands already in indicators/a.yaml. {mend}",
    ]


def test_a_template_names_indicators_that_exist() -> None:
    text = """\
id: round
version: 1
kind: process
title: {en: Round, zh: 查房}
indicators:
  - falls
  - on-tiem
stages:
  - {id: one, tasks: [{id: first, title: {en: First, zh: 第一}, owner: lead, due: 5wd}]}
"""
    _, problems = check_template(
        text, "round.yaml", roles=("lead",), policies=("standard",), indicators=("falls", "on-time")
    )
    assert [problem.text("en") for problem in problems] == [
        "round.yaml:7 indicators[1]: The indicator `on-tiem` is not known. Perhaps `on-time` was meant."
    ]
    assert problems[0].text("zh") == "round.yaml:7 indicators[1]：未知的指标“on-tiem”。也许应为“on-time”。"
