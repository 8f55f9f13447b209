"""The shipped activities, and what is refused in the keys that only they have."""

import pytest

from config.catalogue import check_template, read_catalogue
from config.recurrence import parse_recurrence
from config.shapes import Kind, Template
from config.words import Refused
from engine.responsibilities import responsibilities

ACTIVITIES = (
    "bulletin-preparation",
    "department-quality-meeting",
    "document-review",
    "emergency-drill",
    "hazard-round",
    "qc-appraisal",
    "quality-committee",
    "safety-walk",
    "seminar",
    "training",
    "weekly-feedback",
    "yearly-goals",
)
WRITTEN = """id: huddle
version: 1
kind: process
title: {en: Huddle, zh: 晨会}
{more}
stages:
  - id: talk
    tasks:
      - {id: talk, title: {en: Talk, zh: 沟通}, owner: dept-head, due: 1wd{task}}
"""


@pytest.fixture(scope="module")
def templates() -> dict[str, Template]:
    return dict(read_catalogue(environ={}).templates)


@pytest.mark.parametrize("slug", ACTIVITIES)
def test_an_activity_says_how_often_who_leads_and_what_to_do(templates: dict[str, Template], slug: str) -> None:
    one = templates[slug]
    assert (one.kind, bool(one.led_by)) == (Kind.PROCESS, True)
    assert str(parse_recurrence(one.every)) == one.every
    assert sum(task.guidance is not None for task in one.tasks) * 2 >= len(list(one.tasks))
    assert any(task.informed or task.consulted for task in one.tasks)


def test_what_a_template_reports_to_is_shipped_too(templates: dict[str, Template]) -> None:
    named = {one.reports_to for one in templates.values() if one.reports_to}
    assert named == {"qc-report"} <= set(templates)


def test_the_lead_stands_in_the_matrix_as_the_role_that_leads_by_plan() -> None:
    found = responsibilities(read_catalogue(environ={}), ("document-review",))
    assert "lead" not in found.roles
    first = found.lines[0].parts
    assert (first["medical-affairs"], first["dept-head"], first["quality-office"]) == ("R", "A", "C")


@pytest.mark.parametrize(
    ("more", "task", "path"),
    [
        ("led_by: nobody-knows", "", "led_by"),
        ("every: now and then", "", "every"),
        ("pass_percent: 0", "", "pass_percent"),
        ("questions: [{ask: {en: A, zh: 甲}, choices: [{en: B, zh: 乙}], right: 1}]", "", "questions[0].choices"),
        ("questions: [{ask: {en: A, zh: 甲}, choices: [{en: B, zh: 乙}, {en: C, zh: 丙}], right: 3}]", "",
         "questions[0].right"),
        ("questions: [{ask: {en: A, zh: 甲}, chioces: [], right: 1}]", "", "questions[0].chioces"),
        ("", ", consulted: [nobody-knows]", "stages[0].tasks[0].consulted[0]"),
        ("", ", informed: [nobody-knows]", "stages[0].tasks[0].informed[0]"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_with_its_place(more: str, task: str, path: str) -> None:
    catalogue = read_catalogue(environ={})
    text = WRITTEN.replace("{more}", more).replace("{task}", task)
    made, problems = check_template(text, "huddle.yaml", roles=catalogue.roles, policies=catalogue.policies)
    assert made is None and path in [problem.path for problem in problems]
    assert all(problem.text("zh") != problem.text("en") for problem in problems)


WITHOUT_SENSE = ("", "weekly", "weekly mon tue", "weekly xyz", "monthly 0", "monthly 32", "monthly 24wd", "monthly -1",
                 "quarterly 93", "yearly 02-30", "yearly 13-01", "daily 1")  # fmt: skip


@pytest.mark.parametrize("written", WITHOUT_SENSE)
def test_what_does_not_say_how_often_is_refused_with_the_forms(written: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_recurrence(written)
    assert "weekly mon" in caught.value.mend.en and "每周一" in caught.value.mend.zh


@pytest.mark.parametrize("written", ["weekly mon", "monthly 3wd", "monthly 31", "quarterly 92", "yearly 02-29"])
def test_a_recurrence_reads_back_as_it_is_written(written: str) -> None:
    found = parse_recurrence(f"  {written.upper()} ")
    assert str(found) == written and found.words.en != found.words.zh
