"""`wardcycle event`: reported, listed, classed, reported by law, answered; one round through everything."""

from models.db import Database
from tests.commands import Command, rows_of

NOW = ("--now", "2026-03-02T09:30")
OFFICE = ("--by", "eva")


def test_an_event_goes_its_whole_way_by_commands(command: Command, database: Database) -> None:
    made = command.json("event", "report", "The pump ran too fast.", "--kind", "device", "--harm", "no-harm",
                        "--unit", "ward-3", "--happened", "2026-03-02T08:00", "--done", "Stopped.", *NOW)  # fmt: skip
    assert len(made["code"]) == 14 and made["event"]["status"] == "received"
    assert "code_mark" not in made["event"] and made["code"] not in str(rows_of(database))
    listed = command("event", "list", *NOW)
    assert "E0001" in listed.out and listed.following == "wardcycle event show 1"
    shown = command("event", "show", "1", "--language", "zh", *NOW)
    assert "The pump ran too fast." in shown.out and "医疗器械、设备" in shown.out
    assert shown.following == "wardcycle event triage 1 --class III --by PERSON"
    command("event", "triage", "1", "--class", "II", "--by", "bo", *NOW, code=1)
    found = command.json("event", "triage", "1", "--class", "II", "--lead", "ana", *OFFICE, *NOW)["event"]
    assert (found["severity"], found["status"], len(found["cycles"])) == ("II", "analysing", 3)
    assert command("event", "close", "1", "--answer", "New labels.", *OFFICE, *NOW, code=1).err
    assert command.json("event", "statutory", "1", "--note", "17", *OFFICE, *NOW)["event"]["reported_at"]
    assert "reason" in command("event", "reclassify", "1", "--class", "III", "--why", " ", *OFFICE, *NOW, code=1).err
    command("event", "reclassify", "1", "--class", "III", "--why", "no harm", *OFFICE, *NOW)
    assert "C2026-0005" in command("event", "cycle", "1", "--lead", "dee", "--by", "bo", *NOW).out
    closed = command.json("event", "close", "1", "--answer", "New labels.", *OFFICE, *NOW)["event"]
    assert (closed["status"], closed["answer"], closed["overdue"]) == ("closed", "New labels.", [])
    assert command.json("event", "count", "--now", "2026-04-10T09:00")["n_changed"] > 0
    assert command.json("event", "count", "--now", "2026-04-10T09:00")["n_changed"] == 0


def test_lists_are_filtered_and_wrong_words_change_nothing(command: Command, database: Database) -> None:
    for n, kind in enumerate(("fall", "tube")):
        command("event", "report", f"Event {n}.", "--kind", kind, *NOW)
    command("event", "close", "2", "--answer", "It was reported already.", "--set-aside", *OFFICE, *NOW)
    for words, numbers in (((), [2, 1]), (("--status", "closed"), [2]), (("--kind", "fall"), [1]), (("--overdue",), []),
                           (("--class", "I"), []), (("--unit", "ward-3"), [])):  # fmt: skip
        listed = command.json("event", "list", *words, *NOW)
        assert [one["number"] for one in listed["events"]] == numbers, words
    late = command.json("event", "list", "--overdue", "--now", "2026-03-04T09:30")["events"]
    assert [(one["number"], one["overdue"]) for one in late] == [(1, ["triage"])]
    before = rows_of(database)
    command("event", "report", "Call 13812345678.", *NOW, code=1)
    command("event", "report", "x", "--kind", "weather", *NOW, code=1)
    command("event", "triage", "9", "--class", "II", *OFFICE, *NOW, code=1)
    command("event", "triage", "1", "--class", "V", *OFFICE, *NOW, code=2)
    assert rows_of(database) == before
