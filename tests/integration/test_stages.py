"""Stages: gates that ask somebody, the next one opens once, the last one closes the cycle."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlmodel import col

from engine.rules import Rules
from engine.stages import advance_cycle, approve_stage
from models.cycle import Cycle, CycleStatus, Stage, StageStatus
from models.db import Database
from models.errors import CycleNotRunning, NotAllowed, NoteMissing, StageNotReady
from models.task import DecisionKind, Outcome, Task
from tests.invariants import hold
from tests.places import make_hospital
from tests.proofs import aim_of, let_pass
from tests.walks import Walk, launched, stage, task, template

STAGES = ("plan", "do", "check", "act")
PDCA = template(*(stage(slug, task(f"{slug}-it")) for slug in STAGES), kind="pdca")


def stage_id(walk: Walk, slug: str) -> int:
    return walk.stage(slug).id


def test_a_finished_stage_of_the_method_waits_for_the_leads_approval_with_a_note(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, PDCA)
    with pytest.raises(StageNotReady, match="1 still open"):
        walk.run(approve_stage, stage_id(walk, "plan"), "ana", now, note="good")
    walk.answer("plan-it", "done", "dee", now)
    assert (walk.stage("plan").status, walk.stage("do").status) == (StageStatus.READY, StageStatus.WAITING)
    (asked,) = walk.decisions()
    assert (asked.kind, asked.level) == (DecisionKind.APPROVAL, 0)
    assert walk.told("decision") == [("decision", "", "ana")]
    for by in ("dee", "bo", "gao"):
        with pytest.raises(NotAllowed):
            walk.run(approve_stage, stage_id(walk, "plan"), by, now, note="good")
    aim_of(walk, now, short_baseline_reason="counted from today on")
    with pytest.raises(NoteMissing):
        walk.run(approve_stage, stage_id(walk, "plan"), "ana", now, note="  ")
    assert let_pass(walk, "plan", now) == ["do-it"]
    assert (walk.stage("plan").status, walk.stage("plan").note) == (StageStatus.CLOSED, "good")
    assert walk.decisions()[0].outcome is Outcome.APPROVED
    with pytest.raises(StageNotReady):
        walk.run(approve_stage, stage_id(walk, "plan"), "ana", now, note="again")
    hold(database, now)


def test_an_approval_that_the_lead_does_not_give_goes_up(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, PDCA)
    walk.answer("plan-it", "done", "dee", now)
    at = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
    walk.sweep(at)
    assert walk.told("decision") == [("decision", "", "ana"), ("decision", "", "bo")]
    let_pass(walk, "plan", at, by="bo")
    assert walk.stage("do").status is StageStatus.OPEN
    hold(database, at, swept=True)


def test_the_last_stage_closes_the_cycle_for_good_and_tells_lead_and_office(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, PDCA)
    for slug in STAGES:
        walk.answer(f"{slug}-it", "done", "dee", now)
        let_pass(walk, slug, now)
    assert (walk.cycle().status, walk.cycle().ended_at) == (CycleStatus.CLOSED, now)
    assert walk.told("closed") == [("closed", "", "ana"), ("closed", "", "eva")]
    with pytest.raises(CycleNotRunning):
        walk.run(approve_stage, stage_id(walk, "act"), "ana", now, note="again")
    assert advance(walk, now) == ""
    hold(database, now)


def advance(walk: Walk, now: datetime) -> str:
    with walk.database.transaction("flow") as session:
        return advance_cycle(session, walk.cycle_id, rules=walk.rules, now=now)


def test_advancing_names_the_stage_that_is_waited_for_and_changes_nothing(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, PDCA)
    assert [advance(walk, now), advance(walk, now)] == ["plan", "plan"]
    walk.answer("plan-it", "done", "dee", now)
    before = walk.told()
    assert [advance(walk, now), advance(walk, now)] == ["plan", "plan"]
    assert walk.told() == before
    hold(database, now)


@pytest.mark.parametrize("broken", ["task not opened", "stage not opened", "stage not finished"])
def test_advancing_twice_mends_once_what_an_interruption_left(
    database: Database, rules: Rules, now: datetime, broken: str
) -> None:
    make_hospital(database)
    written = template(stage("one", task("a")), stage("two", task("b")))
    walk = launched(database, rules, now, written, start=now)
    with database.transaction("test") as session:  # as a crash of another program, or a restored copy, might leave it
        if broken == "task not opened":
            closed = {"status": "waiting", "next_fire_at": None, "deadline_at": None, "opened_at": None}
            session.execute(sa.update(Task).where(col(Task.slug) == "a").values(closed))
        elif broken == "stage not opened":
            session.execute(sa.update(Task).where(col(Task.slug) == "a").values(status="waiting", next_fire_at=None))
            session.execute(sa.update(Stage).where(col(Stage.slug) == "one").values(status="waiting"))
        else:
            session.execute(sa.update(Task).where(col(Task.slug) == "a").values(status="stopped", next_fire_at=None))
            session.execute(sa.update(Stage).where(col(Stage.slug) == "one").values(open_count=0))
    expected = "two" if broken == "stage not finished" else "one"
    assert advance(walk, now) == expected
    before = walk.told()
    assert advance(walk, now) == expected
    assert walk.told() == before
    assert walk.task("b" if expected == "two" else "a").status.value == "open"
    with database.reading() as session:
        assert session.get_one(Cycle, walk.cycle_id).status is CycleStatus.ACTIVE
