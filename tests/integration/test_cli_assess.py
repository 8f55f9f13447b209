"""`wardcycle assess`: schedules added, listed and stopped, what is due done now, a cycle from a signal."""

from datetime import UTC, date, datetime, timedelta

from engine.rules import Rules
from models.db import Database
from tests.commands import Command, rows_of
from tests.plans import Plan
from tests.proofs import HYGIENE, observe, shares

DUE = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
AT_DUE = ("--now", "2026-03-06T09:00")


def add(command: Command, *more: str) -> None:
    command("assess", "schedule", "add", HYGIENE, "--unit", "ward-3", "--now", "2026-02-10T10:00", *more)


def test_a_schedule_is_added_with_two_words_and_says_when_it_comes(command: Command) -> None:
    found = command.json("assess", "schedule", "add", "core", "--unit", "ward-3", "--now", "2026-02-10T10:00")
    (one,) = found["schedules"]
    assert (one["what"], one["after"], one["waits"], one["next_period"]) == ("core", "5wd", "15wd", "2026-02")
    assert one["next_at"] == "2026-03-06T09:00:00+08:00"
    listed = command("assess", "schedule", "list")
    assert "core" in listed.out and "2026-02" in listed.out and listed.following == "wardcycle assess due"
    assert "下一周期" in command("assess", "schedule", "list", "--language", "zh").out


def test_all_fields_are_kept_and_a_wrong_one_changes_nothing(command: Command, database: Database) -> None:
    add(command, "--units-below", "--frequency", "quarter", "--after", "10d", "--data-owner", "dept-head",
        "--waits", "5wd", "--since", "2025-11-20", "--by", "eva")  # fmt: skip
    (one,) = command.json("assess", "schedule", "list")["schedules"]
    assert (one["units_below"], one["frequency"], one["data_owner"]) == (True, "quarter", "dept-head")
    assert one["next_period"] == "2025Q4"
    before = rows_of(database)
    for words in (("nothing",), (HYGIENE, "--after", "soon"), (HYGIENE, "--data-owner", "nobody")):
        command("assess", "schedule", "add", words[0], "--unit", "ward-3", *words[1:], code=1)
    command("assess", "schedule", "add", HYGIENE, "--unit", "ward-3", "--frequency", "daily", code=2)
    command("assess", "schedule", "add", HYGIENE, code=2)
    command("assess", "schedule", "stop", "9", code=1)
    assert rows_of(database) == before


def test_a_stopped_schedule_is_listed_only_when_asked_for(command: Command) -> None:
    add(command)
    assert "stopped" in command("assess", "schedule", "stop", "1", "--by", "eva").out
    assert command.json("assess", "schedule", "list")["schedules"] == []
    assert command.json("assess", "schedule", "list", "--all")["schedules"][0]["next_at"] is None
    assert "already" in command("assess", "schedule", "stop", "1", code=1).err


def test_what_is_due_is_done_now_and_once(command: Command) -> None:
    add(command)
    first = command.json("assess", "due", *AT_DUE)["assessed"]
    assert (first["created"], first["asked"], first["failed"]) == (1, 1, 0)
    assert set(command.json("assess", "due", *AT_DUE)["assessed"].values()) == {0}
    assert "新建 0" in command("assess", "due", *AT_DUE, "--language", "zh").out


def test_a_cycle_is_launched_from_a_signal(command: Command, database: Database, rules: Rules) -> None:
    observe(database, rules, shares(0.6, 23), now=DUE - timedelta(days=40))
    Plan(database, rules).enter(date(2026, 2, 1), 70, DUE - timedelta(days=1))
    add(command)
    assert command.json("assess", "due", *AT_DUE)["assessed"]["alerts"] == 1
    shown = command("assess", "follow", "1", "--by", "eva", *AT_DUE)
    assert "Hand hygiene done: signal of concern since 2026-02-01" in shown.out
    assert "C2026-0001" in command("assess", "follow", "1", "--by", "eva", *AT_DUE, code=1).err
    command("assess", "follow", "7", "--by", "eva", *AT_DUE, code=1)


def test_one_indicator_or_cycle_is_still_assessed_by_name(command: Command, database: Database, rules: Rules) -> None:
    observe(database, rules, shares(0.6, 24), now=DUE)
    assert "assessment" in command.json("assess", HYGIENE, "--unit", "ward-3", *AT_DUE)
    command("assess", "C2026-0099", *AT_DUE, code=1)
    helped = command("assess", "--help").out
    assert "schedule" in helped and "NAME" in helped and "--unit" in helped
