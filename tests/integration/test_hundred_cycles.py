"""A hundred cycles, forty of which miss a piece: each of those is stopped and told which, the others close."""

from datetime import date, datetime

import pytest
from sqlmodel import Session, select

from engine.aims import GivenAim, set_aim
from engine.assessments import run_assessment
from engine.gates import GateShut
from engine.launch import Launch, launch_cycle
from engine.people import directory
from engine.rules import Rules
from engine.stages import approve_stage
from engine.tasks import GivenAnswer, submit_answer
from models.assessment import Ending
from models.cycle import Cycle, CycleStatus, Stage, StageStatus
from models.db import Database
from models.task import AnswerKind, Task
from tests.places import make_hospital
from tests.proofs import HYGIENE, month, observe, shares
from tests.walks import stage, task, template, with_template

STAGES = ("plan", "do", "check", "act")
PDCA = template(*(stage(slug, task(f"{slug}-it", owner="lead")) for slug in STAGES), kind="pdca")
WHOLE, EACH = 60, 5
# What is missing -> the stage that it keeps open.
LACKS = {
    "aim": "plan",
    "target": "plan",
    "date": "plan",
    "prediction": "plan",
    "baseline": "plan",
    "assessment": "check",
    "points": "check",
    "outcome": "act",
}
UNTARGETED, HARDLY_COUNTED = "vte-prevention", "pathogen-testing"
EARLY, LATE = month(2026, 8), month(2027, 1)


def count_all(database: Database, rules: Rules, now: datetime) -> None:
    """Count one indicator well, one that has no usual target, and one hardly at all."""
    for indicator in (HYGIENE, UNTARGETED):
        observe(database, rules, shares(0.6, 24), now=now, indicator=indicator)
    observe(database, rules, shares(0.6, 7), now=now, indicator=HARDLY_COUNTED)
    observe(database, rules, shares(0.8, 9, seed=2), first=date(2026, 4, 1), now=LATE)


def aim(lack: str) -> GivenAim:
    """Write an aim without the piece that is missing."""
    indicator = {"target": UNTARGETED, "baseline": HARDLY_COUNTED}.get(lack, HYGIENE)
    return GivenAim(
        indicator=indicator,
        target=None if lack == "target" else 75,
        target_on=None if lack == "date" else date(2027, 12, 31),
        prediction=None if lack == "prediction" else 78,
    )


def walk(session: Session, rules: Rules, lack: str, now: datetime) -> Cycle:
    """Walk one cycle as far as it goes; what stops it is raised."""
    lead = directory(session).person("ana").id
    launch = Launch(template="trial", unit="ward-3", lead="ana")
    cycle = launch_cycle(session, launch, rules=rules, by=lead, now=now)
    for slug in STAGES:
        at = now if slug in ("plan", "do") else EARLY if lack == "points" else LATE
        here = session.exec(select(Stage).where(Stage.cycle_id == cycle.id, Stage.slug == slug)).one()
        open_task = session.exec(select(Task).where(Task.stage_id == here.id)).one()
        done = GivenAnswer(kind=AnswerKind.DONE, note="done")
        submit_answer(session, open_task.id, done, rules=rules, by=lead, now=at)
        if slug == "plan" and lack != "aim":
            set_aim(session, cycle.id, aim(lack), rules=rules, by=lead, now=at)
        if slug == "check" and lack != "assessment":
            run_assessment(session, cycle_id=cycle.id, as_of=at, rules=rules, by=lead, now=at)
        ending = Ending.ADOPT if slug == "act" and lack != "outcome" else None
        approve_stage(session, here.id, note="seen", rules=rules, by=lead, now=at, ending=ending)
    return cycle


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_of_a_hundred_cycles_the_forty_that_miss_a_piece_are_stopped_and_told_which(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    rules = with_template(rules, PDCA)
    count_all(database, rules, now)
    closed = 0
    for lack in [*LACKS] * EACH + [""] * WHOLE:
        with database.transaction("test") as session:
            if not lack:
                closed += walk(session, rules, lack, now).status is CycleStatus.CLOSED
                continue
            with pytest.raises(GateShut) as caught:
                walk(session, rules, lack, now)
            assert [piece.name for piece in caught.value.pieces] == [lack]
            assert caught.value.pieces[0].command.split()[0] == "wardcycle"
    with database.reading() as session:
        stopped = session.exec(select(Stage.slug).where(Stage.status == StageStatus.READY)).all()
    assert closed == WHOLE
    assert sorted(stopped) == sorted([*LACKS.values()] * EACH)
