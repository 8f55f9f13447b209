"""The hospital's events.yaml: read whole or not at all, every mistake named with its line and how to mend it."""

from pathlib import Path

import pytest

from config.catalogue import SHIPPED, read_catalogue
from config.events import ANSWER, TRIAGE, Severity

GOOD = (SHIPPED / "events.yaml").read_text("utf-8")


def test_the_shipped_file_gives_each_class_its_templates_and_deadlines() -> None:
    catalogue = read_catalogue(environ={})
    assert [one.text("en") for one in catalogue.problems] == []
    rules = catalogue.events
    assert rules is not None and set(rules.classes) == set(Severity)
    for severity, one in rules.classes.items():
        assert {TRIAGE, ANSWER} <= set(one.deadlines)
        assert (one.analysis is not None) is (severity in (Severity.I, Severity.II))
        assert catalogue.templates[one.handling].urgent is (severity in (Severity.I, Severity.II))
    assert rules.kind("gone").en == "gone" and rules.harm("gone") is None


def test_a_hospitals_own_file_replaces_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "events.yaml").write_text(GOOD.replace("triage: 2h", "triage: 1h"), "utf-8")
    rules = read_catalogue(tmp_path, environ={}).events
    assert rules is not None and rules.classes[Severity.I].deadlines[TRIAGE] == "1h"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("handled_by: [quality-office]", "handled_by: [quality-ofice]", "Perhaps `quality-office` was meant"),
        ("reporter_seen_by: [quality-office]", "reporter_seen_by: [nobody]", "The role `nobody` is not known"),
        ("handling: adverse-event-serious", "handling: adverse-event-seriuos", "adverse-event-serious"),
        ("analysis: root-cause-analysis", "analysis: rca", "The template `rca` is not known"),
        ("triage: 2h, ", "", "The deadline of `triage` is missing"),
        ("triage: 2h,", "triage: soon,", "soon"),
        ("secure: 6h", "secrue: 6h", "The task `secrue` is not known"),
        ("{id: fall, title", "{id: medication, title", "`medication` appears twice"),
        ("id: near-miss, grade: A-B", "id: near-miss, grade: Z", "grade"),
        ("  IV:\n    title", "  V:\n    title", "classes"),
        ("kinds:", "kindz:", "The key `kindz` is not known"),
        ("title: {en: Class I, zh: I 级（警告事件）}", "title: {en: Class I}", "Chinese"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_the_file_left_out(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    (tmp_path / "events.yaml").write_text(GOOD.replace(old, new, 1), "utf-8")
    found = read_catalogue(tmp_path, environ={})
    problems = [one for one in found.problems if one.file == "events.yaml"]
    assert problems and all(one.line > 1 for one in problems)
    assert any(said in one.text("en") for one in problems), [one.text("en") for one in problems]
    assert all(one.text("zh") for one in problems)
    assert found.events == read_catalogue(environ={}).events  # the shipped one stays
