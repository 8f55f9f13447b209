"""Missing data are asked for by a task: once, with reminders and a ladder, until they come or their time is over."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from engine.rules import Rules
from engine.sweep import sweep
from models.cycle import CycleStatus
from models.db import Database
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from models.task import Task, TaskStatus
from tests.invariants import hold
from tests.places import make_hospital
from tests.plans import Plan
from tests.proofs import HYGIENE
from tests.walks import Walk

FEBRUARY = date(2026, 2, 1)
DUE = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)  # a Friday, 09:00 in Shanghai
DAY = timedelta(days=1)


@pytest.fixture
def plan(database: Database, rules: Rules) -> Plan:
    make_hospital(database)
    made = Plan(database, rules)
    made.add("core", DUE - 20 * DAY)
    made.round(DUE)
    return made


def test_the_data_owners_are_asked_once_for_everything_that_is_missing(plan: Plan) -> None:
    plan.round(DUE + DAY)
    (cycle,) = plan.cycles()
    assert (cycle.template, cycle.status) == ("data-request", "active")
    assert cycle.title_en.startswith("Data wanted for 2026-02: ") and cycle.title_en.endswith(" more")
    told = plan.told(NotificationKind.ASSIGNED)
    assert sorted(slug for slug, _ in told) == ["chen", "gao"]  # the data owners of surgery, of which ward 3 is a part
    with plan.database.reading() as session:
        task = session.exec(select(Task)).one()
        snapshot = plan.rules.catalogue.templates["data-request"]
    assert (task.owner_role, task.status, snapshot.announce) == ("data-owner", TaskStatus.OPEN, False)
    assert {due.request_id for _, due in plan.rows()} == {cycle.id}
    hold(plan.database, DUE)


def test_reminders_come_after_three_and_five_working_days_then_the_units_head_is_asked(plan: Plan) -> None:
    walk = Walk(plan.database, plan.rules, 1)
    walk.sweep_until(DUE, DUE + 11 * DAY, every=timedelta(hours=6))
    with plan.database.reading() as session:
        rows = session.exec(select(Notification).order_by(Notification.planned_at)).all()  # type: ignore[arg-type]
    calendar = plan.rules.calendar
    told = {(row.kind.value, row.rung or row.level): calendar.local_date(row.planned_at) for row in rows}
    assert told[("reminder", "-2wd")] == date(2026, 3, 11)
    assert told[("reminder", "0wd")] == date(2026, 3, 13)
    assert told[("escalation", 1)] == date(2026, 3, 16)
    assert ("escalation", "1", "bo") in walk.told("escalation")


def test_the_request_goes_on_while_anything_is_missing(plan: Plan) -> None:
    plan.enter(FEBRUARY, 120, DUE + DAY)
    plan.round(DUE + DAY)
    (cycle,) = plan.cycles()
    assert cycle.status is CycleStatus.ACTIVE  # others are still missing
    assert plan.statuses().count("done") == 1
    hold(plan.database, DUE + DAY)


def test_a_request_for_one_value_is_closed_silently_and_takes_back_what_was_not_sent(
    database: Database, rules: Rules
) -> None:
    make_hospital(database)
    plan = Plan(database, rules)
    plan.add(HYGIENE, DUE - 20 * DAY)
    plan.round(DUE)
    plan.enter(FEBRUARY, 120, DUE + DAY)
    plan.round(DUE + DAY)
    (cycle,) = plan.cycles()
    assert cycle.status is CycleStatus.CLOSED
    with plan.database.reading() as session:
        task = session.exec(select(Task)).one()
        statuses = {row.status for row in session.exec(select(Delivery))}
    assert (task.status, task.why, task.next_fire_at) == (TaskStatus.STOPPED, "the data have come", None)
    assert statuses == {DeliveryStatus.DROPPED}
    assert plan.told(NotificationKind.CLOSED) == []
    sweep(plan.database, rules=plan.rules, now=DUE + 30 * DAY)
    assert plan.told(NotificationKind.REMINDER) == []
    hold(plan.database, DUE + DAY)


def test_a_question_about_the_request_ends_with_it(plan: Plan) -> None:
    walk = Walk(plan.database, plan.rules, 1)
    walk.answer("enter-values", "extend", "gao", DUE + DAY, until=date(2026, 3, 20))
    (_, due) = plan.rows()[0]
    plan.round(due.until_at)
    assert set(plan.statuses()) == {"missed"}
    assert (walk.cycle().status, walk.task("enter-values").why) == ("closed", "the time for the data is over")
    assert [one for one in walk.decisions() if one.ended_at is None] == []
    hold(plan.database, due.until_at)


def test_done_without_data_is_asked_again_from_the_next_day_on(plan: Plan) -> None:
    walk = Walk(plan.database, plan.rules, 1)
    walk.answer("enter-values", "done", "gao", DUE + DAY)
    assert plan.round(DUE + DAY).n_asked == 0
    assert [plan.round(DUE + 2 * DAY).n_asked for _ in range(2)] == [1, 0]
    assert [cycle.status.value for cycle in plan.cycles()] == ["closed", "active"]
    assert set(plan.statuses()) == {"due"}
    (_, due) = plan.rows()[0]
    assert due.request_id == 2
    plan.round(due.until_at)
    assert set(plan.statuses()) == {"missed"}
    assert [cycle.status.value for cycle in plan.cycles()] == ["closed", "closed"]
    hold(plan.database, due.until_at)


def test_a_request_that_somebody_decided_to_stop_is_not_made_again(plan: Plan) -> None:
    walk = Walk(plan.database, plan.rules, 1)
    walk.answer("enter-values", "blocked", "gao", DUE + DAY, note="the system is down for good")
    walk.decide("enter-values", "stop", "bo", DUE + 2 * DAY)
    assert walk.cycle().status is CycleStatus.CLOSED
    assert plan.round(DUE + 5 * DAY).n_asked == 0


def test_the_role_of_the_schedule_is_asked_rather_than_that_of_the_indicator(database: Database, rules: Rules) -> None:
    make_hospital(database)
    plan = Plan(database, rules)
    plan.add(HYGIENE, DUE - 20 * DAY, data_owner="dept-quality-officer")
    plan.round(DUE)
    assert [slug for slug, _ in plan.told(NotificationKind.ASSIGNED)] == ["dee"]


def test_where_nobody_holds_the_role_the_quality_office_is_asked(database: Database, rules: Rules) -> None:
    make_hospital(database)
    plan = Plan(database, rules)
    plan.add(HYGIENE, DUE - 20 * DAY, unit="quality-dept")
    plan.round(DUE)
    assert [slug for slug, _ in plan.told(NotificationKind.ASSIGNED)] == ["eva"]
    assert plan.cycles()[0].lead_id
