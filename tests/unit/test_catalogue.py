"""A hospital's own folder beside the shipped one."""

import io
from datetime import date
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from config.catalogue import Catalogue, check_template, read_catalogue, template_from
from config.shapes import Template

TEMPLATE = """\
id: {id}
version: 1
kind: process
title: {{en: Ward round, zh: 查房}}
stages:
  - id: prepare
    tasks:
      - id: list-patients
        title: {{en: List, zh: 名单}}
        owner: {owner}
        due: {due}
"""


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def template(id: str = "ward-round", owner: str = "lead", due: str = "5wd") -> str:
    return TEMPLATE.format(id=id, owner=owner, due=due)


def said(catalogue: Catalogue) -> list[str]:
    return [problem.text("en") for problem in catalogue.problems]


def test_a_hospital_adds_a_template_and_keeps_the_shipped_ones(tmp_path: Path) -> None:
    write(tmp_path, "activities/round.yaml", template())
    catalogue = read_catalogue(tmp_path)
    assert said(catalogue) == []
    assert {"ward-round", "pdca"} <= set(catalogue.templates)


def test_a_hospital_replaces_a_shipped_template_role_and_ladder_by_id(tmp_path: Path) -> None:
    write(tmp_path, "activities/mine.yaml", template(id="pdca"))
    write(tmp_path, "roles.yaml", "lead: {en: Chief, zh: 组长}")
    write(tmp_path, "escalation.yaml", "standard: [{after: 2wd, to: quality-office}]")
    catalogue = read_catalogue(tmp_path)
    assert said(catalogue) == []
    assert catalogue.templates["pdca"].title.en == "Ward round"
    assert catalogue.roles["lead"].en == "Chief"
    assert [level.after for level in catalogue.policies["standard"]] == ["2wd"]
    assert "urgent" in catalogue.policies


def test_a_template_may_use_the_hospitals_own_role_and_ladder(tmp_path: Path) -> None:
    write(tmp_path, "roles.yaml", "ward-clerk: {en: Ward clerk, zh: 病区文员}")
    write(tmp_path, "escalation.yaml", "slow: [{after: 9wd, to: ward-clerk}]")
    write(tmp_path, "activities/round.yml", template(owner="ward-clerk") + "escalation: slow\n")
    catalogue = read_catalogue(tmp_path)
    assert said(catalogue) == []
    assert catalogue.templates["ward-round"].escalation == "slow"


def test_of_two_files_with_one_id_the_first_stays_and_both_are_named(tmp_path: Path) -> None:
    write(tmp_path, "activities/a.yaml", template(due="1wd"))
    write(tmp_path, "activities/b.yaml", "# mine\n" + template(due="2wd"))
    catalogue = read_catalogue(tmp_path)
    assert next(catalogue.templates["ward-round"].tasks).due == "1wd"
    (problem,) = catalogue.problems
    assert (problem.file, problem.line) == ("activities/b.yaml", 2)
    assert "activities/a.yaml" in problem.what.en and "activities/a.yaml" in problem.what.zh


def test_a_bad_file_does_not_stop_the_good_ones(tmp_path: Path) -> None:
    write(tmp_path, "activities/bad.yaml", template(id="bad", due="soon"))
    write(tmp_path, "activities/good.yaml", template(id="good"))
    catalogue = read_catalogue(tmp_path)
    assert "good" in catalogue.templates and "bad" not in catalogue.templates
    assert len(catalogue.problems) == 1


def test_a_bad_ladder_leaves_its_whole_file_out(tmp_path: Path) -> None:
    ladders = (
        "fine: [{after: 1wd, to: dept-head}]\nback:\n  - {after: 5wd, to: dept-head}\n  - {after: 3wd, to: boss}\n"
    )
    write(tmp_path, "escalation.yaml", ladders)
    catalogue = read_catalogue(tmp_path)
    assert "fine" not in catalogue.policies and "standard" in catalogue.policies
    assert [(p.line, p.path) for p in catalogue.problems] == [(4, "back[1].to"), (4, "back[1].after")]


def test_levels_of_different_units_are_not_compared(tmp_path: Path) -> None:
    write(tmp_path, "escalation.yaml", "mixed: [{after: 4h, to: dept-head}, {after: 1wd, to: hospital-head}]")
    assert said(read_catalogue(tmp_path)) == []


CALENDAR = (
    "country: CN\ntimezone: Asia/Shanghai\nopens: 8:00\ncloses: 17:30\nwindow_opens: 08:00\nwindow_closes: 18:00\n"
)


def test_a_calendar_goes_by_the_name_of_its_file(tmp_path: Path) -> None:
    write(tmp_path, "calendars/north.yaml", CALENDAR + "extra_days_off: [2026-05-12]\n")
    calendar = read_catalogue(tmp_path).calendars["north"]
    assert (calendar.opens.hour, calendar.closes.minute) == (8, 30)
    assert calendar.extra_days_off == (date(2026, 5, 12),)


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("CN", "China", 1, "The country `China` is not known"),
        ("Asia/Shanghai", "Asia/Peking", 2, "The time zone `Asia/Peking` is not known"),
        ("Asia/Shanghai", "../etc", 2, "The time zone `../etc` is not known"),
        ("Asia/Shanghai", "Asia", 2, "The time zone `Asia` is not known"),
        ("17:30", "25:00", 4, "`25:00` is not a time of day"),
        ("17:30", "07:30", 4, "The day closes before it opens"),
        ("CN\n", "CN\nsubdivision: XX\n", 2, "The region `XX` is not known"),
        ("18:00\n", "18:00\nextra_days_off: [2026-02-30]\n", 7, "This is not a date"),
        (
            "18:00\n",
            "18:00\nextra_working_days: [2026-05-16]\nextra_days_off: [2026-05-16]\n",
            7,
            "2026-05-16 is a day",
        ),
    ],
)
def test_a_bad_calendar_is_refused(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    write(tmp_path, "calendars/north.yaml", CALENDAR.replace(old, new))
    catalogue = read_catalogue(tmp_path)
    assert "north" not in catalogue.calendars
    (problem,) = catalogue.problems
    assert problem.line == line and problem.what.en.startswith(what)


CHANNELS = "ntfy:\n  title: {en: Phone, zh: 手机}\n  url: ntfys://${NTFY_USER}@host/${NTFY_TOPIC}\n"


def test_a_channel_takes_its_secrets_from_the_environment_and_does_not_print_them(tmp_path: Path) -> None:
    write(tmp_path, "channels.yaml", CHANNELS)
    channel = read_catalogue(tmp_path, environ={"NTFY_USER": "u", "NTFY_TOPIC": "secret"}).channels["ntfy"]
    assert channel.url == "ntfys://u@host/secret"
    assert "secret" not in repr(channel)


def test_a_missing_variable_is_a_problem_at_its_line(tmp_path: Path) -> None:
    write(tmp_path, "channels.yaml", CHANNELS)
    catalogue = read_catalogue(tmp_path, environ={"NTFY_USER": "u"})
    assert "ntfy" not in catalogue.channels and "email" in catalogue.channels
    assert said(catalogue) == [
        "channels.yaml:3 ntfy.url: The environment variable NTFY_TOPIC is not set. Set it, or take the channel out."
    ]


def test_a_folder_that_does_not_exist_is_a_problem(tmp_path: Path) -> None:
    catalogue = read_catalogue(tmp_path / "nowhere")
    assert [problem.what.en for problem in catalogue.problems] == ["This folder does not exist"]
    assert "pdca" in catalogue.templates


def test_a_file_that_cannot_be_opened_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "activities" / "folder.yaml").mkdir(parents=True)
    (problem,) = read_catalogue(tmp_path).problems
    assert problem.what.en.startswith("The file cannot be read")


def test_a_template_inside_a_larger_file_keeps_its_lines() -> None:
    larger = YAML().load(io.StringIO("scenario: x\ntemplate:\n  " + template(owner="leed").replace("\n", "\n  ")))
    built, problems = template_from(larger["template"], roles={"lead"}, policies={"standard"}, name="x.yaml")
    assert built is None
    assert [(problem.line, problem.path) for problem in problems] == [(12, "stages[0].tasks[0].owner")]


def test_a_template_can_be_built_from_plain_values() -> None:
    plain = YAML(typ="safe").load(template(due="2026-03-31"))
    built, problems = template_from(plain, roles={"lead"}, policies={"standard"})
    assert problems == () and isinstance(built, Template)
    assert next(built.tasks).due == "2026-03-31"


def test_anchors_and_merges_may_be_used() -> None:
    task = "      - {<<: *first, id: second, after: [list-patients]}\n"
    text = template().replace("- id: list-patients", "- &first\n        id: list-patients") + task
    built, problems = check_template(text, "x.yaml", roles={"lead"}, policies={"standard"})
    assert problems == () and built is not None
    assert [(t.id, t.due) for t in built.tasks] == [("list-patients", "5wd"), ("second", "5wd")]
