"""A special action: a cycle wherever it falls short, once; data asked for, never a pass; evaluated with its roll-up."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from engine.action_openings import DAYS_AHEAD
from engine.action_targets import get_action
from engine.aims import GivenAim, set_aim
from engine.cycles import cancel_cycle
from engine.gates import GateShut
from engine.launch import Launch, launch_cycle
from engine.people import directory
from engine.rules import Rules
from engine.scoreboards import LAUNCH, NOBODY, read_scoreboards
from engine.special_actions import ActionNotRunning, GivenAction, Opened, keep_roll_up, launch_action, look_again
from engine.stages import approve_stage
from models.assessment import Assessment, AssessmentStatus, OriginKind
from models.cycle import Cycle, CycleStatus, StageStatus
from models.db import Database
from models.errors import DateInThePast, NotAllowed, NotFound, Unstaffed
from models.people import Person
from models.reads.assessments import find_aim
from models.reads.origins import cycles_from
from models.reads.special_actions import latest_roll_up
from models.scoreboard import Scoreboard, Stand, scoreboard_from
from models.special_action import RollUp
from models.task import Task, TaskOwner, TaskStatus
from tests.actions import HARM, RETURNS, STEMI, enter, launch, launch_in, office
from tests.commands import rows_of
from tests.invariants import hold
from tests.places import make_hospital
from tests.walks import PDF, Walk, at_once

DAY = timedelta(days=1)
COMPLICATIONS = "surgical-complications"


@pytest.fixture
def hospital(database: Database, rules: Rules, now: datetime) -> Database:
    """Surgery returns too many patients to theatre, ward 3 does not; nobody counts harm."""
    make_hospital(database)
    enter(database, rules, now, RETURNS, {"surgery": 3, "ward-3": 1})
    return database


def board_of(database: Database, rules: Rules, now: datetime, slug: str = "surgery") -> Scoreboard:
    with database.reading() as session:
        unit = directory(session).unit("hospital").id
        return read_scoreboards(session, [get_action(rules.catalogue, slug)], unit, rules=rules, now=now)[0]


def again(database: Database, rules: Rules, now: datetime, slug: str = "surgery") -> Opened:
    with database.transaction("test") as session:
        return look_again(session, slug, None, rules=rules, by=None, now=now)


def cycle(database: Database, code: str) -> Cycle:
    with database.reading() as session:
        return session.exec(select(Cycle).where(Cycle.code == code)).one()


def test_a_launch_opens_its_frame_a_cycle_where_it_falls_short_and_asks_for_what_nobody_has(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    before = board_of(hospital, rules, now)
    assert (before.code, [one.kind for one in before.asked]) == ("", [LAUNCH])
    done = launch(hospital, rules, now)
    frame, (opened,), (request,) = done.board.code, done.cycles, done.requests
    assert cycle(hospital, frame).template == "surgery" and cycle(hospital, request).template == "data-request"
    with hospital.reading() as session:
        (begun,) = cycles_from(session, OriginKind.ACTION, done.run.id)
        aim = find_aim(session, begun.id)
        people = directory(session)
        assert (begun.code, begun.template, people.units[begun.unit_id].slug) == (opened, "pdca", "surgery")
        assert people.persons[begun.lead_id].slug == "bo"
        assert aim and (aim.indicator, aim.target, aim.prediction) == (RETURNS, 1.8, None)
        assert aim.target_on == date(2027, 3, 2)  # the programme's own date has passed
        assert aim.baseline_first_on == date(2025, 11, 1)
    returns, harm = done.board.targeted
    stands = {one.unit: (one.stand, one.code) for one in returns.departments}
    assert stands == {"surgery": (Stand.SHORT, opened), "ward-3": (Stand.MET, "")}
    assert (returns.stand, returns.of, returns.assurance != "") == (Stand.SHORT, "", True)
    assert (harm.indicator, harm.stand, harm.recent) == (HARM, Stand.NO_DATA, None)
    assert done.board.stand is Stand.SHORT
    hold(hospital, now=now)


def test_launching_and_looking_again_opens_nothing_twice(hospital: Database, rules: Rules, now: datetime) -> None:
    first = launch(hospital, rules, now)
    cycles = rows_of(hospital)["cycle"]
    for later in (timedelta(0), DAY, 3 * DAY):
        other = launch(hospital, rules, now + later)
        assert (other.is_new, other.cycles, other.requests, other.run.id) == (False, (), (), first.run.id)
        assert again(hospital, rules, now + later).cycles == ()
    assert rows_of(hospital)["cycle"] == cycles


def test_two_offices_at_the_same_moment_launch_one_action(hospital: Database, rules: Rules, now: datetime) -> None:
    def act(own: Database) -> tuple[bool, int]:
        with own.transaction("test") as session:
            done = launch_in(session, rules, now, "surgery")
            return done.is_new, len(done.cycles) + len(done.requests)

    assert sorted(at_once(hospital, [act, act, act]), key=str) == [(False, 0), (False, 0), (True, 2)]
    hold(hospital, now=now)


def test_a_launch_that_breaks_off_leaves_nothing_and_the_next_one_brings_everything(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    before = rows_of(hospital)
    with pytest.raises(InterruptedError), hospital.transaction("test") as session:
        assert launch_in(session, rules, now, "surgery").cycles
        raise InterruptedError  # the machine stops before the commit: all is one transaction
    assert rows_of(hospital) == before
    assert len(launch(hospital, rules, now).cycles) == 1


def test_only_what_is_newly_short_is_opened_and_a_request_ends_when_its_data_come(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    (request,) = launch(hospital, rules, now).requests
    later = now + 31 * DAY
    enter(hospital, rules, later, RETURNS, {"ward-3": 30}, n=1)
    enter(hospital, rules, later, HARM, {"surgery": 5})
    looked = again(hospital, rules, later)
    assert [cycle(hospital, code).title_en for code in looked.cycles] == [
        "Surgical quality and safety: Unplanned return to theatre"
    ]
    assert {one.unit for one in looked.board.targeted[0].short} == {"surgery", "ward-3"}
    assert cycle(hospital, request).status is CycleStatus.CLOSED
    assert looked.board.targeted[1].stand is Stand.MET
    assert again(hospital, rules, later).cycles == ()
    hold(hospital, now=now)


def test_a_department_that_works_on_it_already_gets_no_second_cycle(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    with hospital.transaction("test") as session:
        given = Launch(template="pdca", unit="surgery", lead="bo", allow_unstaffed=True)
        own = launch_cycle(session, given, rules=rules, by=None, now=now)
        aim = GivenAim(indicator=RETURNS, target=1.8)
        set_aim(session, own.id, aim, rules=rules, by=own.lead_id, now=now)
    done = launch(hospital, rules, now + DAY)
    assert (done.is_new, done.cycles) == (True, ())
    assert done.board.targeted[0].short[0].code == own.code


def test_a_cycle_that_somebody_ended_is_not_followed_by_itself_but_the_office_is_named(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    (code,) = launch(hospital, rules, now).cycles
    with hospital.transaction("test") as session:
        ended = session.exec(select(Cycle).where(Cycle.code == code)).one()
        cancel_cycle(session, ended.id, rules=rules, by=office(hospital), why="moves to a new building", now=now)
    looked = again(hospital, rules, now + DAY)
    assert looked.cycles == ()
    (short,) = looked.board.targeted[0].short
    assert (short.code, short.ended) == ("", True)
    (asked,) = [one for one in looked.board.asked if one.kind == NOBODY]
    assert asked.who == ("Eva Sun",) and "Surgery" in asked.about.en


def test_without_a_target_only_what_was_assessed_as_worse_falls_short(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    enter(hospital, rules, now, COMPLICATIONS, {"surgery": 4, "ward-3": 4})
    with hospital.transaction("test") as session:
        for unit, verdict in (("surgery", "worse"), ("ward-3", "no_change")):
            unit_id = directory(session).unit(unit).id
            made = {"status": AssessmentStatus.DONE, "as_of": now, "verdict": verdict}
            session.add(Assessment.model_validate({"indicator": COMPLICATIONS, "unit_id": unit_id} | made))
    done = launch(hospital, rules, now)
    score = next(one for one in done.board.scores if one.indicator == COMPLICATIONS)
    assert [(one.unit, one.stand, one.code != "") for one in score.departments] == [
        ("surgery", Stand.SHORT, True), ("ward-3", Stand.NO_TARGET, False),
    ]  # fmt: skip
    assert len(done.cycles) == 2


def test_who_is_asked_by_an_escalation_stands_on_the_board(hospital: Database, rules: Rules, now: datetime) -> None:
    (code,) = launch(hospital, rules, now).cycles
    walk = Walk(hospital, rules, cycle(hospital, code).id)
    walk.sweep_until(now, now + 12 * DAY, every=DAY)
    late = [one for one in board_of(hospital, rules, now + 12 * DAY).asked if one.code == code]
    assert late and {name for one in late for name in one.who} & {"Eva Sun", "Feng Qi"}
    assert {one.kind for one in late} == {"overdue"}


def test_the_evaluation_closes_only_with_a_roll_up_kept_in_it(hospital: Database, rules: Rules, now: datetime) -> None:
    done = launch(hospital, rules, now)
    walk = Walk(hospital, rules, done.run.cycle_id)
    with hospital.transaction("test") as session:  # too early: it says nothing of the end
        keep_roll_up(session, "surgery", None, rules=rules, by=office(hospital), now=now)
    for day in range(1, 12):
        _answer_all(walk, now + day * DAY)
    stage, end = walk.stage("evaluate"), now + 20 * DAY
    assert stage.status is StageStatus.READY
    with pytest.raises(GateShut, match="wardcycle action keep surgery") as shut:
        walk.run(approve_stage, stage.id, "eva", end, note="seen")
    assert "行动汇总" in shut.value.text("zh") and [one.page for one in shut.value.pieces] == ["/actions/surgery"]
    with hospital.transaction("test") as session:
        keep_roll_up(session, "surgery", None, rules=rules, by=office(hospital), now=end)
    walk.run(approve_stage, stage.id, "eva", end, note="seen and explained")
    assert walk.cycle().status is CycleStatus.CLOSED
    with pytest.raises(ActionNotRunning):
        again(hospital, rules, end)
    assert launch(hospital, rules, end + DAY).run.number == 2
    hold(hospital, now=end)


def _answer_all(walk: Walk, now: datetime) -> None:
    """Answer whatever is open, each by its first owner; what the lead does herself she need not accept."""
    with walk.database.reading() as session:
        open_ = (Task.cycle_id == walk.cycle_id, Task.status == TaskStatus.OPEN, TaskOwner.task_id == Task.id)
        found = select(Task.slug, Person.slug).where(*open_, Person.id == TaskOwner.person_id)
        owned = dict(session.exec(found).all())
    for slug, by in owned.items():
        walk.answer(slug, "done", by, now, evidence=(PDF,))


def test_a_kept_roll_up_reads_back_and_cannot_be_changed(hospital: Database, rules: Rules, now: datetime) -> None:
    run = launch(hospital, rules, now).run
    with hospital.transaction("test") as session:
        kept, board = keep_roll_up(session, "surgery", None, rules=rules, by=office(hospital), now=now)
    enter(hospital, rules, now, RETURNS, {"surgery": 0}, n=1)
    with hospital.reading() as session:
        stored = latest_roll_up(session, run.cycle_id)
        assert stored and scoreboard_from(stored.record) == board and stored.digest == kept.digest
    for change in (sa.update(RollUp).values(record="{}"), sa.delete(RollUp)):
        with pytest.raises(sa.exc.DBAPIError, match="never changed"), hospital.transaction("test") as session:
            session.execute(change)


def test_whoever_is_not_of_the_office_an_unknown_action_and_a_date_gone_by_are_refused(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    before = rows_of(hospital)
    refused: list[tuple[type[Exception], GivenAction, str]] = [
        (NotAllowed, GivenAction(action="surgery"), "bo"),
        (NotFound, GivenAction(action="surgry"), "eva"),
        (NotFound, GivenAction(action="pdca"), "eva"),  # a template, but no special action
        (DateInThePast, GivenAction(action="surgery", until=rules.calendar.local_date(now)), "eva"),
        (Unstaffed, GivenAction(action="surgery"), "feng"),
    ]
    for error, given, slug in refused:
        with pytest.raises(error), hospital.transaction("test") as session:
            by = directory(session).person(slug).id
            launch_action(session, given, rules=rules, by=by, now=now)
    with pytest.raises(ActionNotRunning):
        again(hospital, rules, now)
    assert rows_of(hospital) == before


def test_the_date_given_stands_in_the_aims_and_after_it_they_look_a_year_ahead(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    until = rules.calendar.local_date(now + DAY)
    done = launch(hospital, rules, now, until=until)
    enter(hospital, rules, now, STEMI, {"surgery": 60})
    assert _aims(hospital) == [until]
    enter(hospital, rules, now + 31 * DAY, RETURNS, {"ward-3": 30}, n=1)
    again(hospital, rules, now + 31 * DAY)
    assert _aims(hospital) == [until, until + (30 + DAYS_AHEAD) * DAY]
    assert done.run.until_on == until


def _aims(database: Database) -> list[date | None]:
    with database.reading() as session:
        return [
            aim.target_on
            for one in session.exec(select(Cycle).where(Cycle.template == "pdca").order_by(col(Cycle.id)))
            if (aim := find_aim(session, one.id))
        ]


def test_an_action_launched_as_an_ordinary_cycle_becomes_the_frame(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    with hospital.transaction("test") as session:
        given = Launch(template="surgery", unit="hospital", lead="eva", allow_unstaffed=True)
        code = launch_cycle(session, given, rules=rules, by=None, now=now).code
    assert launch(hospital, rules, now).board.code == code
