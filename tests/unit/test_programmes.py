"""Editions of a programme: the shipped one is whole, and what is wrong in a file is named by its line."""

import re
from pathlib import Path

import pytest

from config.catalogue import SHIPPED, Catalogue, check_edition, read_catalogue
from config.programme import Programme
from config.programme_parts import Standing
from engine.programme_diff import Change, Subject, diff_programmes
from engine.rules import Rules
from tests.programmes import EDITION, SMALL, edition_from

FILE = SHIPPED / f"programmes/{EDITION}.yaml"


@pytest.fixture(scope="module")
def text() -> str:
    """The shipped edition as it is written."""
    return FILE.read_text("utf-8")


@pytest.fixture
def edition(rules: Rules) -> Programme:
    return rules.catalogue.programmes[EDITION]


def say(text: str, catalogue: Catalogue) -> list[str]:
    """Check an edition and give its problems, without the file's name."""
    problems = check_edition(text, "e.yaml", roles=catalogue.roles, indicators=catalogue.indicators)[1]
    return [one.text("en").removeprefix("e.yaml:") for one in problems]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_shipped_edition_holds_the_whole_programme(edition: Programme) -> None:
    assert [one.number for one in edition.measures] == list(range(1, 29))
    by_dimension = [sum(one.dimension == each.id for one in edition.measures) for each in edition.dimensions]
    assert by_dimension == [12, 10, 6]
    assert [one.id for one in edition.measures if one.weak_link] == [
        "emergency", "outpatient", "day-care", "surgery", "follow-up"
    ]  # fmt: skip
    assert sum(one.process_topic for one in edition.measures) == 10
    assert [one.id for one in edition.special_actions] == [
        "surgery", "breaking-walls", "record-substance", "patient-safety", "net-weaving"
    ]  # fmt: skip
    assert [year.year for year in edition.goals] == list(range(2021, 2027))
    assert {len(year.goals) for year in edition.goals} == {10}
    assert edition.core_systems and len(edition.core_systems.systems) == 18
    assert len(edition.phases) == 3 and len(edition.levels) == 7


def test_every_indicator_of_the_edition_is_defined_once_and_its_evidence_is_known(rules: Rules) -> None:
    edition, indicators = rules.catalogue.programmes[EDITION], rules.catalogue.indicators
    labels = [one.label for one in indicators.values() if one.label]
    assert len(labels) == len(set(labels)) == 91
    assert {one.indicator for one in edition.definitions} == {one.id for one in indicators.values() if one.label}
    assert indicators["unplanned-reoperation"].label == "C06"


def test_what_no_public_source_states_is_marked_and_explained(edition: Programme) -> None:
    unsure = [one.id for one in edition.measures if one.evidence.status is not Standing.CONFIRMED]
    assert unsure == ["resource-mechanism", "tcm-qc"]
    assert set(edition.legend) == set(Standing)
    for target in edition.targets:
        assert target.evidence.status in (Standing.CORROBORATED, Standing.UNCONFIRMED)


def test_the_file_says_where_it_comes_from_and_names_no_path_of_a_machine(text: str) -> None:
    assert "Provenance" in text and "国卫医政发〔2023〕12号" in text
    assert not re.search(r"https?://|/home/", text)


WRONG = [
    ("period: {start: 2026-01, end: 2027-12}\n", "", "period: The key `period` is missing"),
    ("end: 2027-12}", "end: 2025-12}", "period.end: The time ends in 2025-12, before it begins"),
    ("start: 2026-01", "start: January", "period.start: `January` is not a month"),
    ('        unit: {en: "‰", zh: "‰"}\n', "", "special_actions[0].targets[0].unit: The key `unit` is missing"),
    ('unit: {en: "‰", zh: "‰"}', 'unit: {en: "%", zh: "%"}',
     "special_actions[0].targets[0].unit: The target's unit `%` is not that of the indicator (‰)"),
    ("value: 1.8", "value: 1800", "special_actions[0].targets[0].value: The indicator can never show 1800"),
    ("title: {en: Ward rounds, zh: 查房}", "title: {en: Ward rounds}",
     "measures[1].title.zh: The Chinese text is missing"),
    ("  - id: rounds\n", "  - id: committee\n", "measures[1].id: `committee` appears twice"),
    ("number: 3\n", "number: 2\n", "measures[2].number: `2` appears twice"),
    ("[senior-round-records,", "[senior-round-record,",
     "measures[1].indicators[0]: The indicator `senior-round-record` is not known. "
     "Perhaps `senior-round-records` was meant"),
    ("owners: [dept-head]", "owners: [dept-boss]", "measures[1].owners[0]: The role `dept-boss` is not known"),
    ("    dimension: structure\n", "    dimension: struct\n", "measures[0].dimension: The dimension `struct` is not"),
    ("code: N-II,", "code: N-I,", "goals[0].goals[1].code: `N-I` appears twice"),
    ("sources: [S1]}\n  - id: rounds", "sources: [S9]}\n  - id: rounds",
     "measures[0].evidence.sources[0]: The source `S9` is not known"),
    ("review: quarterly", "review: now-and-then", "measures[1].review: `now-and-then` is not allowed here"),
    ("reports_to: city", "reports_to: town", "levels[0].reports_to: The level `town` is not known"),
    ("- id: minutes", "- id: chair", "measures[0].requirements[1].id: `chair` appears twice"),
    ("- id: chair", "- id: look-at-indicators", "requirements[0].id: `look-at-indicators` is the name of"),
    ("  product-default: {", "  unsure: {", "legend.unsure: `unsure` is not allowed here"),
    ("  product-default: {en: Ours, zh: 默认}\n", "", "legend: The legend does not explain `product-default`"),
    ("    requirements:\n      - id: chair", "    demands:\n      - id: chair",
     "measures[0].demands: The key `demands` is not known"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "wanted"), WRONG)
def test_what_is_wrong_is_named_by_its_line(old: str, new: str, wanted: str, rules: Rules) -> None:
    assert old in SMALL
    said = [one for one in say(SMALL.replace(old, new, 1), rules.catalogue) if wanted in one]
    assert len(said) == 1
    if new:  # what is not there has the line of what it belongs to
        first = line_of(SMALL, old)
        assert first <= int(said[0].split(" ")[0]) <= first + old.count("\n") + 1


def test_a_province_adds_its_own_edition_as_one_file(tmp_path: Path) -> None:
    (tmp_path / "programmes").mkdir()
    (tmp_path / "programmes/ours.yaml").write_text(SMALL, "utf-8")
    (tmp_path / "programmes/twin.yaml").write_text(SMALL, "utf-8")
    read = read_catalogue(tmp_path, environ={})
    assert list(read.programmes) == [EDITION, "small"]
    assert [one.text("en").split(". ")[0] for one in read.problems] == [
        "programmes/twin.yaml:1 id: The id `small` is already used by programmes/ours.yaml, which stays"
    ]


def test_two_editions_are_compared_by_measure_requirement_and_target(rules: Rules) -> None:
    changed = (
        SMALL.replace("Minutes are kept", "Minutes go to everybody")
        .replace("value: 1.8", "value: 1.5")
        .replace("review: quarterly", "review: monthly")
        .replace("- id: disclosure", "- id: openness")
    )
    old, new = edition_from(SMALL, rules), edition_from(changed, rules)
    found = [(one.change, one.subject, one.where, dict(one.fields)) for one in diff_programmes(old, new)]
    assert found == [
        (Change.CHANGED, Subject.REQUIREMENT, "committee/minutes",
         {"text": ("Minutes are kept / 有记录", "Minutes go to everybody / 有记录")}),
        (Change.CHANGED, Subject.MEASURE, "rounds", {"review": ("quarterly", "monthly")}),
        (Change.REMOVED, Subject.MEASURE, "disclosure", {}),
        (Change.ADDED, Subject.MEASURE, "openness", {}),
        (Change.CHANGED, Subject.TARGET, "surgery/unplanned-reoperation", {"value": ("1.8", "1.5")}),
    ]  # fmt: skip
    assert diff_programmes(old, old) == []
