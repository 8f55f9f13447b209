"""A whole cycle rests, goes on, or is stopped."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from engine.cycles import cancel_cycle, pause_cycle, resume_cycle
from engine.rules import Rules
from models.cycle import CycleStatus, StageStatus
from models.db import Database
from models.errors import CycleNotRunning, NotAllowed, ReasonMissing
from models.notification import Notification, NotificationKind
from models.task import Outcome, TaskStatus
from tests.invariants import hold
from tests.places import make_hospital
from tests.walks import Walk, launched, stage, task, template

TWO = template(stage("work", task("report"), task("count", owner="data-owner")), stage("later", task("teach")))
CHANGES = (pause_cycle, resume_cycle, cancel_cycle)


def pause(walk: Walk, at: datetime) -> None:
    walk.run(pause_cycle, walk.cycle_id, "ana", at, why="rebuilding")


def resume(walk: Walk, at: datetime) -> None:
    walk.run(resume_cycle, walk.cycle_id, "ana", at, why="ready")


def test_only_lead_and_office_may_and_they_must_say_why(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    for verb in (pause_cycle, cancel_cycle):
        with pytest.raises(NotAllowed):
            walk.run(verb, walk.cycle_id, "dee", now, why="no time")
        with pytest.raises(ReasonMissing):
            walk.run(verb, walk.cycle_id, "ana", now, why="")
    with pytest.raises(CycleNotRunning):
        resume(walk, now)
    walk.run(pause_cycle, walk.cycle_id, "eva", now, why="audit")
    assert walk.cycle().status is CycleStatus.PAUSED


def test_a_pause_is_silent_and_moves_each_deadline_by_its_working_days(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, TWO)
    pause(walk, now + timedelta(days=1))  # Tuesday 3 March
    walk.sweep_until(now, now + timedelta(days=13), every=timedelta(hours=12))
    assert walk.told("reminder", "escalation", "decision") == []
    resume(walk, now + timedelta(days=14))  # Monday 16 March: nine working days later
    assert walk.task("report").deadline_at == datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
    assert walk.told("deadline") == [("deadline", "", "chen"), ("deadline", "", "dee"), ("deadline", "", "gao")]
    with database.reading() as session:
        told = session.exec(select(Notification).where(Notification.kind == NotificationKind.DEADLINE)).all()
        assert {json.loads(one.facts)["why"] for one in told} == {"ready"}
    walk.sweep(datetime(2026, 3, 19, 1, 0, tzinfo=UTC))
    assert ("reminder", "-1wd", "dee") in walk.told()
    assert walk.task("teach").status is TaskStatus.WAITING
    hold(database, datetime(2026, 3, 19, 1, 0, tzinfo=UTC), swept=True)


def test_a_pause_within_a_day_changes_no_deadline_and_tells_nobody(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    before = walk.task("report").deadline_at
    pause(walk, now + timedelta(hours=1))
    resume(walk, now + timedelta(hours=2))
    after = walk.task("report")
    assert (after.deadline_at, after.deadline_no, after.status) == (before, 1, TaskStatus.OPEN)
    assert walk.told("deadline") == []
    walk.sweep(datetime(2026, 3, 6, 1, 0, tzinfo=UTC))
    assert walk.told("reminder") == [("reminder", "-1wd", "dee")]
    hold(database, datetime(2026, 3, 6, 1, 0, tzinfo=UTC), swept=True)


def test_who_was_not_told_before_a_pause_is_told_after_it(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    night = now + timedelta(hours=12)
    walk = launched(database, rules, night)
    walk.answer("report", "extend", "dee", night, until=date(2026, 3, 20))
    assert walk.queued() == [("decision", "ana"), ("receipt", "ana"), ("receipt", "dee")]
    pause(walk, night + timedelta(minutes=1))
    resume(walk, night + timedelta(minutes=2))
    assert ("decision", "ana") in walk.queued()
    other = launched(database, rules, night)
    pause(other, night + timedelta(minutes=1))
    resume(other, night + timedelta(minutes=2))
    assert other.queued() == [("assigned", "dee")]
    hold(database, night)


def test_who_was_to_decide_and_was_not_told_before_a_pause_is_told_after_it(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    walk.sweep(datetime(2026, 3, 10, 1, 0, tzinfo=UTC))
    walk.sweep(overdue := datetime(2026, 3, 16, 1, 0, tzinfo=UTC))
    assert walk.queued()[-2:] == [("escalation", "eva"), ("reminder", "dee")], "bo's question went up to eva"
    walk.run(pause_cycle, walk.cycle_id, "ana", overdue + timedelta(minutes=5), why="works on the ward")
    assert walk.queued() == []
    walk.run(resume_cycle, walk.cycle_id, "ana", overdue + timedelta(hours=2), why="works on the ward")
    assert walk.queued() == [("assigned", "dee"), ("escalation", "eva")], (
        "level 1 has been passed up, a reminder is gone"
    )
    assert ("escalation", "2", "eva") in walk.told("escalation")


def test_the_clock_of_a_decision_stops_in_a_pause_and_starts_again_after_it(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    walk.answer("report", "extend", "dee", now, until=date(2026, 3, 20))
    pause(walk, now + timedelta(hours=1))
    walk.sweep(now + timedelta(days=9))
    assert [one.level for one in walk.decisions()] == [0]
    resume(walk, datetime(2026, 3, 12, 2, 0, tzinfo=UTC))  # Thursday
    assert walk.task("report").status is TaskStatus.DECIDING
    up = datetime(2026, 3, 16, 1, 0, tzinfo=UTC)  # 09:00 of the second working day after
    walk.sweep(up - timedelta(seconds=1))
    assert [one.level for one in walk.decisions(pending=True)] == [0]
    walk.sweep(up)
    assert [one.level for one in walk.decisions(pending=True)] == [1]
    walk.decide("report", "refuse", "bo", up)
    hold(database, up, swept=True)


def test_what_was_overdue_before_a_pause_stays_overdue_after_it(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    overdue = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
    walk.sweep(overdue)
    before = walk.task("report")
    pause(walk, overdue)
    back = overdue + timedelta(days=7)
    resume(walk, back)
    after = walk.task("report")
    assert (after.deadline_at, after.deadline_no, after.level) == (before.deadline_at, 1, 1)
    assert walk.told("deadline") == []
    walk.sweep(back)
    asked = [person for kind, person in walk.queued() if kind == "escalation"]
    assert asked == ["bo"], "told anew, for the pause took it back unsent; the next level waits for the next morning"
    walk.sweep(back + timedelta(days=1))
    assert [one.level for one in walk.decisions(pending=True)][-1] == 2
    hold(database, back + timedelta(days=1), swept=True)


def test_a_pause_moves_a_deadline_in_hours_by_its_own_length(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    hours = template(stage("work", task("report", due="24h", remind=["-2h"])))
    walk = launched(database, rules, now, hours)
    pause(walk, now + timedelta(hours=1))
    resume(walk, now + timedelta(hours=11))
    assert walk.task("report").deadline_at == now + timedelta(hours=34)
    hold(database, now + timedelta(hours=11))


def test_a_cancelled_cycle_tells_everybody_once_and_stays_cancelled(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, TWO)
    walk.answer("report", "extend", "dee", now, until=date(2026, 3, 20))
    walk.run(cancel_cycle, walk.cycle_id, "eva", now, why="merged")
    assert walk.told("stopped") == [
        ("stopped", "", "ana"),
        ("stopped", "", "chen"),
        ("stopped", "", "dee"),
        ("stopped", "", "gao"),
    ]
    assert {walk.task(slug).status for slug in ("report", "count", "teach")} == {TaskStatus.STOPPED}
    assert {walk.stage(slug).status for slug in ("work", "later")} == {StageStatus.CANCELLED}
    assert [one.outcome for one in walk.decisions()] == [Outcome.MOOT]
    assert {kind for kind, _ in walk.queued()} == {"receipt", "stopped"}
    for verb in CHANGES:
        with pytest.raises(CycleNotRunning):
            walk.run(verb, walk.cycle_id, "ana", now, why="again")
    hold(database, now)


def test_a_closed_cycle_is_never_reopened(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    walk.answer("report", "done", "dee", now)
    for verb in CHANGES:
        with pytest.raises(CycleNotRunning, match="closed"):
            walk.run(verb, walk.cycle_id, "ana", now, why="again")
    assert walk.cycle().status is CycleStatus.CLOSED
    hold(database, now)


def test_a_paused_cycle_can_be_cancelled(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    pause(walk, now)
    walk.run(cancel_cycle, walk.cycle_id, "ana", now, why="merged")
    assert walk.task("report").status is TaskStatus.STOPPED
    hold(database, now)
