"""`wardcycle feedback`: what patients said, from the command line."""

from datetime import datetime

import pytest

from engine.rules import Rules
from models.db import Database
from tests.commands import Command
from tests.patients import Patients

NOW = ("--now", "2026-03-02T10:00")


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_the_office_works_on_feedback_from_the_command_line(
    command: Command, database: Database, rules: Rules, now: datetime
) -> None:
    number = str(Patients(database, rules).say(now, "The [lift] is broken", contact="sealed-canary"))
    assert "Complaint" in command("feedback", "list", *NOW).out
    assert "投诉" in command("feedback", "list", "--language", "zh", *NOW).out
    command("feedback", "assign", number, "ward-3", "surgery", "--by", "eva", *NOW)
    assert "ward-3" in str(command.json("feedback", "list", "--unit", "ward-3", *NOW))
    command("feedback", "answer", number, "--unit", "ward-3", "--text", "Mended.", "--by", "dee", *NOW)
    shown = command("feedback", "show", number, *NOW)
    assert "The [lift] is broken" in shown.out and "Ward 3: Mended." in shown.out
    assert shown.following == f"wardcycle feedback approve {number} --by PERSON"
    said = command.json("feedback", "approve", number, "--by", "eva", *NOW)["feedback"]
    assert (said["status"], said["rounds"][0]["answer"], said["late"]) == ("answered", "Mended.", False)
    assert "canary" not in str(said)


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_what_is_refused_is_said_with_its_reason(
    command: Command, database: Database, rules: Rules, now: datetime
) -> None:
    assert "no feedback with the number 9" in command("feedback", "show", "9", *NOW, code=1).err
    number = str(Patients(database, rules).say(now))
    asked = ("--unit", "ward-3", "--text", "x", "--by", "dee", *NOW)
    assert "was not asked" in command("feedback", "answer", number, *asked, code=1).err
    refused = command("feedback", "approve", number, "--text", "Call 13800138000", "--by", "eva", *NOW, code=1)
    assert "seems to hold" in refused.err
    late = command.json("feedback", "list", "--late", "--now", "2026-03-09T17:31")
    assert [one["late"] for one in late["feedback"]] == [True]
    assert command.json("feedback", "list", "--late", "--now", "2026-03-09T17:30")["feedback"] == []
