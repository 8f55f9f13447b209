"""Scheduled assessments: each due one is created exactly once, made when its data are there, else missed."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlmodel import select

from config.indicators import Frequency
from engine.assessment_round import Round, assess_due
from engine.rules import Rules
from engine.schedules import due_turns
from engine.scheduling import (
    AlreadyScheduled,
    AlreadyStopped,
    TimeUnreadable,
    create_due,
    stop_schedule,
)
from models.assessment import Assessment, AssessmentStatus
from models.audit import Audit
from models.db import Database
from models.errors import NotFound
from models.notification import NotificationKind
from models.records import record_from
from models.schedule import Schedule
from tests.invariants import hold
from tests.places import make_hospital
from tests.plans import Plan
from tests.proofs import CASES, HYGIENE, observe, shares
from tests.walks import at_once

PLANNED = (
    (1, Frequency.MONTH, date(2025, 12, 1), "5wd"),
    (2, Frequency.MONTH, date(2025, 12, 1), "31d!"),
    (3, Frequency.QUARTER, date(2025, 10, 1), "10wd"),
)
FEBRUARY = date(2026, 2, 1)
DUE = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)  # 09:00 of the fifth working day of March
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def plan(database: Database, rules: Rules) -> Plan:
    make_hospital(database)
    return Plan(database, rules)


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_36_months_create_each_assessment_once_over_double_ticks_and_two_outages(plan: Plan) -> None:
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
    plan.add(HYGIENE, begin, waits="0d")
    plan.add("vte-assessment", begin, after="31d!", waits="0d")
    plan.add(HYGIENE, begin, frequency="quarter", after="10wd", waits="0d")
    outages = [(datetime(2026, 10, 1, tzinfo=UTC), 25 * DAY), (datetime(2028, 2, 20, tzinfo=UTC), 40 * DAY)]
    dues = [
        (no, turn)
        for no, frequency, first, wait in PLANNED
        for turn in due_turns(frequency, first, wait, plan.rules.calendar, end)
    ]
    moments = sorted({turn.due_at for _, turn in dues} | {begin + n * 45 * DAY for n in range(24)})
    awake = [at for at in moments if not any(start <= at < start + lasts for start, lasts in outages)]
    for number, now in enumerate([*awake, end]):
        tick = partial(assess_due, rules=plan.rules, now=now, door="test")
        if number % 20 == 0:
            assert not [done for done in at_once(plan.database, [tick] * 3) if isinstance(done, Exception)]
        plan.round(now)
        assert plan.round(now) == Round()
    created = [(due.schedule_id, due.period_on, due.due_at) for _, due in plan.rows()]
    assert sorted(created) == sorted((no, turn.period_on, turn.due_at) for no, turn in dues)
    assert Counter(no for no, _, _ in created) == {1: 36, 2: 36, 3: 12}
    missed = {(no, turn.period_on) for no, turn in dues if any(s <= turn.due_at < s + n for s, n in outages)}
    assert {(due.schedule_id, due.period_on) for _, due in plan.rows() if due.late} == missed and len(missed) >= 5
    plan.round(end + 3 * DAY)
    assert set(plan.statuses()) == {"missed"}  # nobody ever entered anything, and nothing reads as a pass


def test_a_tick_before_its_moment_creates_nothing_and_a_second_one_changes_nothing(plan: Plan) -> None:
    plan.add(HYGIENE, DUE - 20 * DAY)
    assert (plan.round(DUE - SECOND).n_created, plan.rows()) == (0, [])
    assert plan.round(DUE).n_created == 1
    assert plan.round(DUE) == Round()
    ((made, due),) = plan.rows()
    assert (made.status, made.due_on, due.period_on, due.late) == ("due", date(2026, 3, 6), FEBRUARY, False)
    hold(plan.database, DUE)


def test_several_rounds_at_once_create_ask_and_make_each_thing_once(plan: Plan) -> None:
    observe(plan.database, plan.rules, shares(0.6, 23), now=DUE - 40 * DAY)
    plan.enter(FEBRUARY, 120, DUE - DAY)
    plan.add("core", DUE - 20 * DAY)
    tick = partial(assess_due, rules=plan.rules, now=DUE, door="test")
    rounds = at_once(plan.database, [tick] * 4)
    assert not [one for one in rounds if isinstance(one, Exception)]
    plan.round(DUE)
    statuses = Counter(plan.statuses())
    assert statuses == {"done": 1, "due": len(plan.rows()) - 1}
    assert len(plan.cycles()) == 1  # one request names all that lacks
    hold(plan.database, DUE)


def test_the_next_date_follows_the_plan_and_not_the_late_answer(plan: Plan) -> None:
    plan.add(HYGIENE, DUE - 20 * DAY)
    plan.round(DUE)
    late = DUE + 20 * DAY
    plan.enter(FEBRUARY, 120, late)
    plan.round(late)
    assert plan.statuses() == ["done"]
    with plan.database.reading() as session:
        assert session.get_one(Schedule, 1).next_on == date(2026, 3, 1)
    april = datetime(2026, 4, 8, 1, 0, tzinfo=UTC)  # 6 April is a day off
    assert plan.round(april - SECOND).n_created == 0
    assert plan.round(april).n_created == 1


def test_what_an_outage_missed_is_created_late_with_the_whole_time_for_its_data(plan: Plan) -> None:
    plan.add(HYGIENE, DUE - 20 * DAY)
    back = DUE + 70 * DAY
    plan.round(back)
    rows = plan.rows()
    assert [(due.period_on.month, due.late) for _, due in rows] == [(2, True), (3, True), (4, True)]
    calendar = plan.rules.calendar
    day = calendar.shift(calendar.local_date(back), 15)
    assert {due.until_at for _, due in rows} == {calendar.end_of(day)}
    for number, (_, due) in enumerate(rows):
        plan.enter(due.period_on, 120 + number, back)
    plan.round(back)
    records = [record_from(made.record) for made, _ in plan.rows()]
    assert [found.points[-1].period.month for found in records] == [2, 3, 4]  # each as of its own period


def test_a_made_assessment_keeps_a_complete_record_that_nobody_can_change(plan: Plan) -> None:
    observe(plan.database, plan.rules, shares(0.6, 23), now=DUE - 40 * DAY)
    plan.enter(FEBRUARY, 120, DUE - DAY)
    plan.enter(date(2026, 3, 1), 1, DUE - DAY)  # of a period that is not over
    plan.add(HYGIENE, DUE - 20 * DAY)
    assert plan.round(DUE).n_made == 1
    ((made, due),) = plan.rows()
    found = record_from(made.record)
    assert (made.status, made.as_of, due.closed_at) == ("done", DUE, DUE)
    assert (found.n_periods, found.points[-1].period, found.points[-1].value) == (24, FEBRUARY, 120 / CASES * 100)
    assert made.data_hash and made.rule_set and made.verdict and made.text_zh
    with pytest.raises(DatabaseError, match="never changed"), plan.database.transaction("test") as session:
        session.execute(sa.update(Assessment).values(verdict="met"))
    with plan.database.reading() as session:
        whats = [row.what for row in session.exec(select(Audit).where(Audit.entity == "assessment"))]
    assert whats == ["assessment.due", "assessment.assess"]
    hold(plan.database, DUE)


def test_provisional_values_are_waited_for(plan: Plan) -> None:
    plan.add(HYGIENE, DUE - 20 * DAY)
    plan.enter(FEBRUARY, 120, DUE - DAY, provisional=True)
    plan.round(DUE)
    assert plan.statuses() == ["due"]
    plan.enter(FEBRUARY, 121, DUE + DAY, provisional=False)
    plan.round(DUE + DAY)
    assert plan.statuses() == ["done"]


def test_without_data_it_reads_missed_and_never_a_pass(plan: Plan) -> None:
    plan.add(HYGIENE, DUE - 20 * DAY)
    plan.round(DUE)
    ((_, due),) = plan.rows()
    plan.round(due.until_at - SECOND)
    assert plan.statuses() == ["due"]
    assert plan.round(due.until_at).n_missed == 1
    assert plan.round(due.until_at) == Round()
    ((made, due),) = plan.rows()
    assert (made.status, made.verdict, made.record, due.closed_at) == (AssessmentStatus.MISSED, None, "", due.until_at)
    assert "Not assessed: the final values for 2026-02 had not come by 2026-03-27" in made.text_en
    assert "不代表结果好或坏" in made.text_zh
    plan.enter(FEBRUARY, 120, due.until_at)
    plan.round(due.until_at + DAY)
    assert plan.statuses() == ["missed"]
    with pytest.raises(DatabaseError, match="never changed"), plan.database.transaction("test") as session:
        session.execute(sa.update(Assessment).values(text_en="fine"))
    hold(plan.database, due.until_at)


def test_all_units_below_are_those_that_ever_had_values(plan: Plan) -> None:
    plan.enter(date(2025, 12, 1), 120, DUE - 60 * DAY, unit="ward-3")
    plan.enter(date(2025, 12, 1), 120, DUE - 60 * DAY, unit="surgery")
    plan.enter(date(2025, 12, 1), 120, DUE - 60 * DAY, unit="quality-dept")
    plan.add(HYGIENE, DUE - 20 * DAY, unit="surgery", units_below=True)
    plan.add("vte-assessment", DUE - 20 * DAY, unit="surgery", units_below=True)
    plan.round(DUE)
    names = Counter((made.indicator, made.unit_id) for made, _ in plan.rows())
    assert len([key for key in names if key[0] == HYGIENE]) == 2
    assert len([key for key in names if key[0] != HYGIENE]) == 1  # nobody counts it yet: the unit itself is asked


def test_a_stopped_schedule_plans_nothing_further_and_what_is_due_goes_its_way(plan: Plan) -> None:
    no = plan.add(HYGIENE, DUE - 20 * DAY)
    plan.round(DUE)
    with plan.database.transaction("test") as session:
        stop_schedule(session, no, by=None, now=DUE + DAY)
    with pytest.raises(AlreadyStopped), plan.database.transaction("test") as session:
        stop_schedule(session, no, by=None, now=DUE + DAY)
    plan.round(DUE + 60 * DAY)
    assert plan.statuses() == ["missed"]
    assert plan.add(HYGIENE, DUE + 60 * DAY) == 2  # may be planned anew


@pytest.mark.parametrize(
    ("what", "more", "error"),
    [
        ("no-such", {}, NotFound),
        (HYGIENE, {"unit": "nowhere"}, NotFound),
        (HYGIENE, {"data_owner": "nobody"}, NotFound),
        (HYGIENE, {"after": "24h"}, TimeUnreadable),
        (HYGIENE, {"waits": "soon"}, TimeUnreadable),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused_in_both_languages(
    plan: Plan, what: str, more: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        plan.add(what, DUE, **{"unit": "ward-3", **more})  # type: ignore[arg-type]
    assert caught.value.text("zh") != caught.value.text("en")  # type: ignore[attr-defined]
    with plan.database.reading() as session:
        assert session.exec(select(Schedule)).all() == []


def test_the_same_schedule_twice_is_refused(plan: Plan) -> None:
    plan.add("core", DUE)
    with pytest.raises(AlreadyScheduled, match="schedule 1"):
        plan.add("core", DUE)
    plan.add("core", DUE, frequency="quarter")


def test_an_indicator_that_is_no_longer_defined_is_missed_and_stops_nobody_else(plan: Plan) -> None:
    plan.enter(FEBRUARY, 120, DUE - DAY)
    plan.add(HYGIENE, DUE - 20 * DAY)
    with plan.database.transaction("test") as session:
        create_due(session, 1, rules=plan.rules, now=DUE)
    left = {slug: one for slug, one in plan.rules.catalogue.indicators.items() if slug != HYGIENE}
    plan.rules = replace(plan.rules, catalogue=replace(plan.rules.catalogue, indicators=left))
    plan.round(DUE)
    assert plan.statuses() == ["due"]
    plan.round(DUE + 40 * DAY)
    assert plan.statuses() == ["missed"]


def test_a_round_with_nothing_due_writes_nothing(plan: Plan) -> None:
    plan.add(HYGIENE, DUE)
    with plan.database.reading() as session:
        before = session.execute(sa.select(sa.func.count()).select_from(Audit)).scalar_one()
    assert plan.round(DUE + SECOND) == Round()
    with plan.database.reading() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(Audit)).scalar_one() == before
    assert plan.told(NotificationKind.ASSIGNED) == []
