"""A whole cycle by commands only, each time the one that the command before it printed as the next."""

import shlex
from datetime import datetime, timedelta
from pathlib import Path

from models.db import Database
from tests.commands import Command, Ran, rows_of

STEPS_AT_MOST = 40


def test_the_printed_next_commands_lead_from_the_launch_to_the_close(
    command: Command, installation: Path, database: Database
) -> None:
    ran, said = command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana"), []
    for _ in range(STEPS_AT_MOST):
        if ran.following == "wardcycle cycle list":
            break
        said.append(ran.following)
        ran = _follow(command, ran, installation)
    shown = command.json("cycle", "show", "C2026-0001")["cycle"]
    assert shown["line"]["status"] == "closed"
    assert [stage["status"] for stage in shown["stages"]] == ["closed"] * 4
    assert {task["line"]["status"] for stage in shown["stages"] for task in stage["tasks"]} == {"done"}
    assert sum("approve" in one for one in said) == 4
    assert command.json("audit", "verify")["ok"] is True
    assert rows_of(database)["answer"] == 8


def _follow(command: Command, ran: Ran, folder: Path) -> Ran:
    proof = folder / "proof.pdf"
    proof.write_bytes(b"%PDF-1.4 chart")
    command.now = (datetime.fromisoformat(command.now) + timedelta(hours=1)).isoformat()
    # Nothing is counted in this ward, so the Check that asks for data is given up.
    line = ran.following.replace("extend-check", "abandon-check").replace("--until DATE ", "")
    filled = {"FILE": str(proof), "ID": "hand-hygiene", "N": "85", "DATE": "2026-12-31"}
    return command.at(*(filled.get(word, word) for word in shlex.split(line)[1:]))


def test_an_extension_is_asked_for_and_granted(command: Command) -> None:
    command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana")
    asked = command.at("answer", "C2026-0001/present-state", "extend", "--by", "ana", "--note", "data late",
                       "--until", "2026-03-20")  # fmt: skip
    # The lead asks for herself, so the first level of the ladder decides.
    assert asked.following == 'wardcycle decide C2026-0001/present-state grant --by bo --note "..."'
    granted = command.json("decide", "C2026-0001/present-state", "grant", "--by", "bo", "--note", "yes",
                           "--now", "2026-03-03T10:00")  # fmt: skip
    assert granted["receipt"]["deadline_at"] == "2026-03-20T17:30:00+08:00"
    assert granted["receipt"]["status"] == "open"


def test_an_answer_is_taken_back_within_ten_minutes_and_still_shown(command: Command) -> None:
    command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana")
    command.at("answer", "C2026-0001/present-state", "blocked", "--by", "ana", "--note", "no data")
    late = (datetime.fromisoformat(command.now) + timedelta(minutes=10)).isoformat()
    assert (
        "ten minutes" in command("task", "undo", "C2026-0001/present-state", "--by", "ana", "--now", late, code=1).err
    )
    undone = command.at("task", "undo", "C2026-0001/present-state", "--by", "ana")
    assert "The task is now" in undone.out
    assert "(taken back)" in command.at("task", "show", "C2026-0001/present-state").out
    again = command.at("task", "undo", "C2026-0001/present-state", "--by", "ana", code=1)
    assert "no answer that could be taken back" in again.err


def test_a_task_is_handed_over_and_taken(command: Command) -> None:
    command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana")
    command.at("answer", "C2026-0001/present-state", "hand-over", "--by", "ana", "--note", "on leave", "--to", "dee")
    taken = command.json("task", "take", "C2026-0001/present-state", "--by", "dee", "--now", command.now)
    assert taken["receipt"]["kind"] == "take"
    lines = command.json("task", "list", "--person", "dee")["tasks"]
    assert [line["slug"] for line in lines] == ["present-state"]


def test_a_cycle_rests_goes_on_and_is_cancelled(command: Command) -> None:
    command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana")
    paused = command.at("cycle", "pause", "C2026-0001", "--by", "ana", "--why", "flu wave")
    assert paused.following == 'wardcycle cycle resume C2026-0001 --by ana --why "..."'
    command("cycle", "resume", "C2026-0001", "--by", "ana", "--why", "over", "--now", "2026-03-09T10:00")
    task = command.json("task", "show", "C2026-0001/present-state")["task"]
    assert task["line"]["deadline_at"] == "2026-03-16T17:30:00+08:00"
    command("cycle", "cancel", "C2026-0001", "--by", "eva", "--why", "merged", "--now", "2026-03-09T11:00")
    assert command.json("cycle", "list", "--status", "cancelled")["n_all"] == 1


def test_the_lead_moves_a_deadline_and_gives_a_task_away(command: Command) -> None:
    command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana")
    moved = command.json("task", "move", "C2026-0001/present-state", "--until", "2026-03-13", "--why", "holiday",
                         "--by", "ana", "--now", command.now)  # fmt: skip
    assert moved["receipt"]["deadline_at"] == "2026-03-13T17:30:00+08:00"
    command.at("task", "reassign", "C2026-0001/present-state", "--to", "dee", "--why", "knows it", "--by", "ana")
    shown = command.json("task", "show", "C2026-0001/present-state")["task"]
    assert [owner["slug"] for owner in shown["line"]["owners"]] == ["dee"]


def test_the_same_launch_key_launches_once(command: Command, database: Database) -> None:
    words = ("launch", "pdca", "--unit", "ward-3", "--lead", "ana", "--launch-key", "form-7")
    first = command.json(*words, "--now", "2026-03-02T09:30")
    before = rows_of(database)
    second = command.json(*words, "--now", "2026-03-02T09:31")
    assert (first["is_new"], second["is_new"]) == (True, False)
    assert first["cycle"]["code"] == second["cycle"]["code"]
    assert rows_of(database) == before


def test_a_dry_run_says_what_the_forecast_says_and_writes_nothing(command: Command, database: Database) -> None:
    before = rows_of(database)
    words = ("pdca", "--unit", "ward-3", "--lead", "ana", "--now", command.now)
    rehearsed = command.json("launch", *words, "--dry-run")
    assert rehearsed == command.json("forecast", *words)
    assert rehearsed["events"][1] == {
        "at": "2026-03-06T09:00",
        "kind": "reminder",
        "cycle": "",
        "task": "present-state",
        "to": ["ana"],
        "rung": "-1wd",
    }
    assert rows_of(database) == before


def test_the_forecast_of_a_running_cycle_begins_with_what_waits_in_the_outbox(command: Command) -> None:
    command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana")
    events = command.json("forecast", "--cycle", "C2026-0001", "--now", command.now, "--until", "2026-03-10")["events"]
    assert [(one["at"], one["kind"]) for one in events] == [
        ("2026-03-02T09:30", "assigned"),
        ("2026-03-06T09:00", "reminder"),
        ("2026-03-09T09:00", "reminder"),
        ("2026-03-10T09:00", "escalation"),
    ]
    assert command.json("forecast", "--now", command.now, "--until", "2026-03-10")["events"] == events


def test_a_tick_plans_what_is_due_and_tries_to_deliver_it(command: Command) -> None:
    command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana")
    ticked = command.json("tick", "--now", "2026-03-06T09:00")
    assert ticked["swept"]["n_fired"] == 1
    # Nobody listens on the mailbox's port. What was kept back for days and what is new go as one digest, which waits.
    assert ticked["delivered"]["n_retry"] == 1
    waiting, bundled = (command.json("notifications", "list", "--status", status) for status in ("queued", "bundled"))
    assert [one["kind"] for one in waiting["notifications"]] == ["digest"]
    assert {one["kind"] for one in bundled["notifications"]} == {"assigned", "reminder"}
    assert waiting["notifications"][0]["deliveries"][0]["why"]
    assert command.json("tick", "--now", "2026-03-06T09:00")["swept"]["n_fired"] == 0


def test_a_start_that_is_only_a_date_means_its_opening_hour(command: Command) -> None:
    launched = command.json("launch", "pdca", "--unit", "ward-3", "--lead", "ana", "--start", "2026-03-05",
                            "--now", command.now)  # fmt: skip
    assert launched["cycle"]["status"] == "planned"
    assert launched["cycle"]["starts_at"] == "2026-03-05T08:00:00+08:00"
    today = command.json("launch", "pdca", "--unit", "ward-3", "--lead", "ana", "--start", "2026-03-02",
                         "--now", command.now)  # fmt: skip
    assert today["cycle"]["status"] == "active"


def test_who_is_not_named_launches_as_the_lead(command: Command) -> None:
    command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana")
    command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana", "--by", "eva")
    by = [command.json("cycle", "show", code)["cycle"]["launched_by"]["slug"] for code in ("C2026-0001", "C2026-0002")]
    assert by == ["ana", "eva"]
