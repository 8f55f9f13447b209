"""feedback.yaml: what is shipped, what a hospital's own file changes, and what is wrong in it by line."""

from pathlib import Path

import pytest

from config.catalogue import read_catalogue
from config.feedback import FeedbackKind
from config.words import Text


def test_each_shipped_kind_says_where_its_times_come_from() -> None:
    feedback = read_catalogue(environ={}).feedback
    assert set(feedback.kinds) == {"complaint", "question", "suggestion", "praise"}
    assert (feedback.reopen_days, feedback.for_everybody) == (30, True)
    assert all(kind.note is not None for kind in feedback.kinds.values())
    complaint = feedback.kinds["complaint"]
    assert [complaint.answer_within(n) for n in (0, 1, 2)] == ["5wd", "5wd", "10wd"]
    assert [kind.id for kind in feedback.kinds.values() if kind.complaint] == ["complaint"]


def test_a_kind_without_more_time_for_several_gives_them_the_same() -> None:
    assert FeedbackKind(id="praise", title=Text("Praise", "表扬"), answer="10wd").answer_within(3) == "10wd"


def test_a_hospitals_own_file_replaces_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    own = "said_and_done: staff\nkinds:\n  - id: complaint\n    title: {en: Complaint, zh: 投诉}\n    answer: 3wd\n"
    (tmp_path / "feedback.yaml").write_text(own, encoding="utf-8")
    catalogue = read_catalogue(tmp_path, environ={})
    assert [problem.text("en") for problem in catalogue.problems] == []
    assert catalogue.feedback.kinds["complaint"].answer == "3wd"
    assert (catalogue.feedback.kinds["praise"].answer, catalogue.feedback.for_everybody) == ("10wd", False)
    assert catalogue.feedback.reopen_days == 30


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("reopen_days: 0", "feedback.yaml:1 reopen_days: The number is too small. Write 1 or more."),
        ("said_and_done: nobody", "feedback.yaml:1 said_and_done: `nobody` is not allowed here."),
        ("kinds:\n  - id: a\n    title: {en: A}", "feedback.yaml:3 kinds[0].title.zh: The Chinese text is missing."),
        ("kinds:\n  - id: a\n    title: {en: A, zh: 甲}\n    anser: 5wd",
         "feedback.yaml:4 kinds[0].anser: The key `anser` is not known. Perhaps `answer` was meant."),
        ("kinds:\n  - id: a\n    title: {en: A, zh: 甲}\n    answer: soon",
         "feedback.yaml:4 kinds[0].answer: The deadline `soon` cannot be read."),
        ("kinds:\n  - id: a\n    title: {en: A, zh: 甲}\n    answer: 2026-03-31",
         "feedback.yaml:4 kinds[0].answer: A date cannot count from each patient's word."),
        ("kinds:\n  - id: a\n    title: {en: A, zh: 甲}\n    acknowledge: 6wd",
         "feedback.yaml:2 kinds[0].answer: `answer` 5wd ends before `acknowledge` 6wd."),
        ("kinds:\n  - id: a\n    title: {en: A, zh: 甲}\n    several: 2wd",
         "feedback.yaml:4 kinds[0].several: `several` 2wd ends before `answer` 5wd."),
        ("kinds:\n  - id: a\n    title: {en: A, zh: 甲}\n  - id: a\n    title: {en: B, zh: 乙}",
         "feedback.yaml:4 kinds[1].id: `a` appears twice."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_nothing_of_the_file_is_taken(
    tmp_path: Path, written: str, said: str
) -> None:
    (tmp_path / "feedback.yaml").write_text(written, encoding="utf-8")
    catalogue = read_catalogue(tmp_path, environ={})
    assert [problem.text("en").startswith(said) for problem in catalogue.problems] == [True], catalogue.problems
    assert catalogue.feedback.kinds["complaint"].answer == "5wd"
