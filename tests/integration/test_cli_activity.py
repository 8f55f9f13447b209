"""`wardcycle activity`: planned, listed, stopped, upcoming, launched; the matrix of responsibilities."""

from pathlib import Path

import pytest

from config.catalogue import read_catalogue
from engine.grids import read_workbook
from models.db import Database
from tests.commands import Command, rows_of

NOW = ("--now", "2026-02-10T10:00")
COMMITTEE = "quality-committee"


@pytest.mark.parametrize("system", ["sqlite"])
def test_an_activity_is_planned_with_two_words_and_says_when_it_comes(command: Command) -> None:
    found = command.json("activity", "schedule", COMMITTEE, "--unit", "hospital", *NOW)
    (one,) = found["plans"]
    assert (one["every"], one["next_at"]) == ("monthly 3wd", "2026-03-04T09:00:00+08:00")
    listed = command("activity", "list", *NOW)
    assert "working day 3 of each month" in listed.out and listed.following == "wardcycle activity upcoming"
    listed = command("activity", "list", "--language", "zh", *NOW)
    assert "每月第 3 个工作日" in listed.out and "医疗质量管理委员会专题会" in listed.out


@pytest.mark.parametrize("system", ["sqlite"])
def test_what_is_upcoming_is_told_and_then_launched_once(command: Command) -> None:
    command("activity", "schedule", COMMITTEE, "--unit", "hospital", *NOW)
    (one, _) = command.json("activity", "upcoming", *NOW)["upcoming"]
    assert (one["at"], one["lead"], one["title"]["en"]) == (
        "2026-03-04T09:00:00+08:00", "eva", "Quality committee meeting, 2026-03",
    )  # fmt: skip
    assert "医疗质量管理委员会专题会（2026-03）" in command("activity", "upcoming", "--language", "zh", *NOW).out
    at = ("--now", "2026-03-04T09:13")
    assert "Launched 1" in command("activity", "due", *at).out
    assert command.json("activity", "due", *at)["activities"]["launched"] == 0
    assert command.json("cycle", "list", *at)["n_all"] == 1


@pytest.mark.parametrize("system", ["sqlite"])
def test_a_stopped_plan_is_listed_only_when_asked_for(command: Command, database: Database) -> None:
    command("activity", "schedule", COMMITTEE, "--unit", "hospital", *NOW)
    assert "stopped" in command("activity", "stop", "1", "--by", "eva", *NOW).out
    assert command.json("activity", "list", *NOW)["plans"] == []
    assert command.json("activity", "list", "--all", *NOW)["plans"][0]["next_at"] is None
    before = rows_of(database)
    assert "already" in command("activity", "stop", "1", *NOW, code=1).err
    assert "没有" in command("activity", "stop", "9", "--language", "zh", *NOW, code=1).err
    assert "weekly mon" in command("activity", "schedule", "pdca", "--unit", "hospital", *NOW, code=1).err
    command("activity", "schedule", COMMITTEE, "--unit", "nowhere", *NOW, code=1)
    command("activity", "schedule", COMMITTEE, *NOW, code=2)
    assert rows_of(database) == before


@pytest.mark.parametrize("system", ["sqlite"])
def test_each_core_system_is_reviewed_once_a_year_under_its_own_name(command: Command, database: Database) -> None:
    words = ("activity", "schedule", "document-review", "--unit", "hospital", "--each-core-system")
    plans = command.json(*words, *NOW)["plans"]
    assert len(plans) == len({one["every"] for one in plans}) == 18
    assert any("会诊" in one["title"]["zh"] for one in plans)
    before = rows_of(database)
    command(*words, *NOW, code=1)  # planned already: nothing is added, not even in part
    command(*words, "--every", "monthly 3wd", *NOW, code=1)
    assert rows_of(database) == before


@pytest.mark.parametrize("system", ["sqlite"])
def test_the_matrix_names_one_responsible_and_one_accountable_for_every_task(command: Command, tmp_path: Path) -> None:
    facts = command.json("activity", "matrix")["matrix"]
    templates = read_catalogue().templates
    assert len(facts["tasks"]) == sum(len(list(one.tasks)) for one in templates.values())
    for line in facts["tasks"]:
        letters = "".join(line["parts"].values())
        assert (letters.count("R"), letters.count("A")) == (1, 1), line
    file = tmp_path / "matrix.xlsx"
    command("activity", "matrix", COMMITTEE, "--xlsx", str(file), "--language", "zh")
    (grid,) = read_workbook(file).values()
    assert grid[0][:3] == ["活动", "阶段", "任务"] and "医院主要负责人" in grid[0]
    assert len([row for row in grid[1:] if row[2]]) == 4
    assert "Head of hospital" in command("activity", "matrix", COMMITTEE).out
    command("activity", "matrix", "no-such", code=1)
