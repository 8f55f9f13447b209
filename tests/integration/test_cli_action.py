"""`wardcycle action`: listed, launched for all at once, looked at again, kept; with refusals in words."""

from datetime import UTC, datetime

import pytest

from engine.rules import Rules
from models.db import Database
from tests.actions import RETURNS, enter
from tests.commands import Command, rows_of

NOW = ("--now", "2026-03-02T09:30")
ALL = ("action", "launch", "--all", "--by", "eva", "--allow-unstaffed", *NOW)


@pytest.fixture
def surgery(command: Command, database: Database, rules: Rules) -> Command:
    """Commands in a hospital whose surgery falls short."""
    now = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    enter(database, rules, now, RETURNS, {"surgery": 3, "ward-3": 1})
    return command


def test_one_command_launches_all_five_and_again_it_opens_nothing(surgery: Command, database: Database) -> None:
    done = surgery.json(*ALL)["actions"]
    assert [one["action"] for one in done] == [
        "surgery", "breaking-walls", "record-substance", "patient-safety", "net-weaving",
    ]  # fmt: skip
    assert all(one["is_new"] and one["code"] and one["stage"]["en"] == "Launch" for one in done)
    assert [len(one["opened"]) for one in done] == [1, 0, 0, 0, 0]
    assert all(one["requests"] and one["stand"] != "met" for one in done)
    n_cycles = rows_of(database)["cycle"]
    again = surgery.json(*ALL)["actions"]
    assert not any(one["is_new"] or one["opened"] or one["requests"] for one in again)
    assert rows_of(database)["cycle"] == n_cycles


@pytest.mark.parametrize("system", ["sqlite"])
def test_what_stands_where_is_shown_looked_at_again_and_kept(surgery: Command) -> None:
    before = surgery("action", "show", "surgery", *NOW)
    assert "not launched" in before.out and "Eva Sun: launch the action" in before.out
    assert before.following == "wardcycle action launch surgery"
    surgery("action", "launch", "surgery", "--by", "eva", "--allow-unstaffed", *NOW)
    shown = surgery("action", "show", "surgery", *NOW)
    assert "≤ 1.8 ‰" in shown.out and "corroborated" in shown.out and "falls short" in shown.out
    assert shown.following == "wardcycle action run surgery"
    facts = surgery.json("action", "show", "surgery", *NOW)
    (returns, *_) = facts["scores"]
    assert (returns["stand"], returns["recent"]["value"], returns["target"]) == ("short", 3.0, 1.8)
    assert "未达标" in surgery("action", "list", "--language", "zh", *NOW).out
    assert "0 cycles opened" in surgery("action", "run", "surgery", *NOW).out
    kept = surgery.json("action", "keep", "surgery", "--by", "eva", *NOW)
    assert len(kept["roll_up"]["digest"]) == 64 and kept["board"]["stand"] == "short"


REFUSED = (
    (("launch", "surgery", "--by", "bo"), 1, "Eva Sun"),
    (("launch", "surgery", "--by", "eva"), 1, "organise (medical-affairs)"),
    (("launch",), 2, "--all"),
    (("launch", "surgry"), 1, "breaking-walls"),
    (("run", "surgery"), 1, "wardcycle action launch surgery"),
    (("launch", "surgery", "--until", "31.12.2026"), 2, "--until"),
)


@pytest.mark.parametrize("system", ["sqlite"])
def test_refusals_say_what_to_do(surgery: Command) -> None:
    for words, code, said in REFUSED:
        assert said in surgery("action", *words, *NOW, code=code).err
