"""Who may see what: every named read through the eyes of different people, on both databases."""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import Session, select

from engine.assessments import run_assessment
from engine.people import directory, people_changed
from engine.rules import Rules
from engine.sight import visible_to
from models.assessment import Assessment, Signature
from models.base import Row
from models.db import Database
from models.errors import NotFound
from models.indicator import Observation
from models.people import Absence, Person, RoleHolding, Unit
from models.queries import (
    cycle_history,
    cycle_view,
    get_task,
    home_counts,
    list_cycles,
    list_notifications,
    list_tasks,
    must_act_first,
    task_view,
    waiting_decisions,
)
from models.schedule import Bulletin, DueAssessment, Schedule
from models.sight import EVERYTHING, NOTHING, OPEN, REACHED, Sight, narrow
from models.systems import SystemToken
from tests.places import make_hospital
from tests.plans import Plan
from tests.proofs import HYGIENE, observe, shares
from tests.walks import launched, stage, task, template

CODE, ADDRESS = "C2026-0001", "C2026-0001/report"
OWN = template(stage("work", task("report"), task("later", after=["report"])))


@pytest.fixture
def hospital(database: Database, rules: Rules, now: datetime) -> Database:
    """A cycle of ward 3 under ana, whose task is dee's and waits for a decision; hua heads medicine."""
    make_hospital(database)
    with database.transaction("test") as session:
        medicine = Unit(slug="medicine", name_en="Medicine", name_zh="内科", parent_id=1)
        people = [Person(slug=slug, name=slug, email=f"{slug}@hospital.test") for slug in ("hua", "ivy")]
        session.add_all([medicine, *people])
        session.flush()
        session.add(RoleHolding(person_id=people[0].id, role="dept-head", unit_id=medicine.id))
        people_changed(session)
    walk = launched(database, rules, now, OWN)
    walk.answer("report", "extend", "dee", now, until=date(2026, 3, 20))
    return database


@pytest.mark.parametrize(
    ("person", "sees"),
    [
        ("dee", True),  # holds a role in the unit, and owns the task
        ("ana", True),  # leads it, and holds no role at all
        ("bo", True),  # heads the department above
        ("gao", True),  # holds a role above
        ("eva", True),  # the quality office
        ("feng", True),  # the head of the hospital
        ("hua", False),  # heads another department
        ("ivy", False),  # holds nothing
    ],
)
def test_every_read_shows_a_cycle_to_those_it_concerns_and_to_nobody_else(
    hospital: Database, now: datetime, person: str, sees: bool
) -> None:
    late = now + timedelta(days=60)
    with hospital.reading() as session:
        narrow(session, _sight(session, person, now))
        assert list_cycles(session, now=now).n_all == sees
        assert len(list_tasks(session, now=now).rows) == list_tasks(session, now=now).n_all == 2 * sees
        assert (list_notifications(session).n_all > 0) == sees
        assert len(waiting_decisions(session)) == sees
        assert len(must_act_first(session, now=late)) == sees
        counts = home_counts(session, now=now)
        assert (counts.n_cycles, counts.n_deciding, sum(counts.by_stage.values())) == (sees, sees, sees)
        for read in (
            lambda: cycle_view(session, CODE, now=now),
            lambda: cycle_history(session, CODE),
            lambda: task_view(session, ADDRESS, now=now),
            lambda: get_task(session, ADDRESS),
        ):
            if sees:
                read()
                continue
            with pytest.raises(NotFound) as refused:
                read()
            assert CODE not in str(refused.value).replace(f"'{CODE}'", "").replace(f"'{ADDRESS}'", "")


def test_a_cycle_shown_is_shown_whole(hospital: Database, now: datetime) -> None:
    with hospital.reading() as session:
        whole = cycle_view(session, CODE, now=now)
    with hospital.reading() as session:
        narrow(session, _sight(session, "dee", now))
        assert cycle_view(session, CODE, now=now) == whole


def test_nobody_and_whoever_has_left_sees_nothing(hospital: Database, now: datetime) -> None:
    with hospital.transaction("test") as session:
        left = session.get_one(Person, directory(session).person("eva").id)
        left.left_on = now.date()
        session.add(left)
        people_changed(session)
    with hospital.reading() as session:
        assert visible_to(session, None, on=now.date()) == NOTHING
        assert visible_to(session, 10_000, on=now.date()) == NOTHING
        assert visible_to(session, left.id, on=now.date() - timedelta(days=1)) == EVERYTHING
        assert visible_to(session, left.id, on=now.date()) == NOTHING
        narrow(session, NOTHING)
        assert list_cycles(session, now=now).n_all == list_tasks(session, now=now).n_all == 0
        assert list_notifications(session).n_all == 0


def test_a_stand_in_sees_what_the_absent_person_sees_only_meanwhile(hospital: Database, now: datetime) -> None:
    first, last = now.date(), now.date() + timedelta(days=3)
    with hospital.transaction("test") as session:
        ana, ivy = (directory(session).person(slug).id for slug in ("ana", "ivy"))
        session.add(Absence(person_id=ana, from_on=first, until_on=last, stand_in_id=ivy))
        people_changed(session)
    for day, sees in ((first, True), (last, True), (last + timedelta(days=1), False)):
        with hospital.reading() as session:
            narrow(session, visible_to(session, ivy, on=day))
            assert list_cycles(session, now=now).n_all == sees


def test_a_role_that_has_ended_shows_nothing_more(hospital: Database, now: datetime) -> None:
    with hospital.transaction("test") as session:
        ivy = directory(session).person("ivy").id
        role = RoleHolding(person_id=ivy, role="quality-office", unit_id=1, until_on=now.date())
        session.add(role)
        people_changed(session)
    with hospital.reading() as session:
        assert visible_to(session, ivy, on=now.date()) == EVERYTHING
        assert visible_to(session, ivy, on=now.date() + timedelta(days=1)) == Sight(person_ids=frozenset({ivy}))


def test_whoever_was_asked_to_decide_sees_what_about(hospital: Database, rules: Rules, now: datetime) -> None:
    with hospital.transaction("test") as session:
        bo, ivy = (directory(session).person(slug).id for slug in ("bo", "ivy"))
        session.add(Absence(person_id=bo, from_on=now.date(), until_on=now.date(), stand_in_id=ivy))
        people_changed(session)
    launched(hospital, rules, now, OWN).answer("report", "blocked", "dee", now)
    with hospital.reading() as session:
        narrow(session, visible_to(session, ivy, on=now.date() + timedelta(days=1)))
        assert [line.code for line in list_cycles(session, now=now).rows] == ["C2026-0002"]


def _sight(session: Session, person: str, now: datetime) -> Sight:
    return visible_to(session, directory(session).person(person).id, on=now.date())


@pytest.mark.parametrize(
    ("person", "sees"),
    [("dee", True), ("bo", True), ("eva", True), ("hua", False), ("ivy", False)],
)
def test_looks_and_values_without_a_cycle_are_seen_by_who_sees_the_unit(
    hospital: Database, rules: Rules, now: datetime, person: str, sees: bool
) -> None:
    observe(hospital, rules, shares(0.6, 24), now=now)
    with hospital.transaction("test") as session:
        people = directory(session)
        unit, by = people.unit("ward-3").id, people.person("eva").id
        run_assessment(session, cycle_id=None, indicator=HYGIENE, unit_id=unit, as_of=now, rules=rules, by=by, now=now)
    with hospital.reading() as session:
        narrow(session, _sight(session, person, now))
        assert len(session.exec(select(Assessment)).all()) == sees
        assert len(session.exec(select(Observation)).all()) == 24 * sees


@pytest.mark.parametrize(
    ("person", "plans", "bulletins"),
    [
        ("eva", 2, 2),  # the quality office
        ("bo", 2, 1),  # heads surgery: what is planned above is seen, what was reported above is not
        ("dee", 2, 1),
        ("hua", 1, 0),  # heads medicine: only what is planned for the whole hospital
        ("ivy", 0, 0),
    ],
)
def test_plans_and_bulletins_are_seen_by_who_sees_their_unit(
    hospital: Database, rules: Rules, now: datetime, person: str, plans: int, bulletins: int
) -> None:
    plan = Plan(hospital, rules)
    plan.add(HYGIENE, now)
    plan.add("vte-assessment", now, unit="hospital")
    late = now + timedelta(days=60)
    plan.round(late)
    with hospital.transaction("test") as session:
        units = directory(session)
        for slug in ("ward-3", "hospital"):
            session.add(Bulletin(unit_id=units.unit(slug).id, month_on=date(2027, 1, 1), made_at=now))
        by, everything = units.person("eva").id, session.exec(select(DueAssessment)).all()
        session.add(Signature(assessment_id=everything[0].assessment_id, reason="-", signed_at=now, signed_by=by))
        session.add(SystemToken(system="his", digest="0" * 64, made_at=now))
    with hospital.reading() as session:
        narrow(session, _sight(session, person, now))
        units_seen = {one.unit_id for one in session.exec(select(Schedule))}
        dues = session.exec(select(DueAssessment)).all()
        assert (len(units_seen), len({one.schedule_id for one in dues})) == (plans, plans)
        found = session.exec(select(Bulletin).where(Bulletin.month_on == date(2027, 1, 1))).all()
        assert len(found) == bulletins
        assert len(session.exec(select(Signature)).all()) == (1 if plans == 2 else 0)
        assert len(session.exec(select(SystemToken)).all()) == (person == "eva")


def test_a_reader_without_sight_finds_rows_of_no_table_but_those_that_are_open(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    observe(hospital, rules, shares(0.6, 24), now=now)
    plan = Plan(hospital, rules)
    plan.add(HYGIENE, now)
    plan.round(now + timedelta(days=60))
    with hospital.reading() as session:
        narrow(session, NOTHING)
        seen = {noun for noun in Row.__subclasses__() if session.exec(select(noun).limit(1)).first() is not None}
    assert seen <= OPEN | REACHED
