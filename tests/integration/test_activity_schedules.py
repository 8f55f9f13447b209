"""Activities by plan: each due launch is created exactly once, the next date follows the plan."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlmodel import col, select

from config.recurrence import parse_recurrence
from engine.activity_round import ActivityRound, coming_launches, next_launch_at, run_activities
from engine.activity_schedules import (
    AlreadyPlanned,
    GivenActivity,
    PlanStopped,
    RecurrenceUnreadable,
    launch_activity_now,
    plan_activity,
    stop_activity,
)
from engine.activity_turns import coming_turns
from engine.people import people_changed
from engine.rules import Rules
from models.activity import ActivitySchedule
from models.audit import Audit
from models.cycle import Cycle
from models.db import Database
from models.errors import NotFound, WardcycleError
from models.people import RoleHolding, Unit
from models.task import Task
from tests.invariants import hold
from tests.places import make_hospital
from tests.walks import at_once

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
DUE = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)  # 09:00 of the third working day of March
COMMITTEE = "quality-committee"


@dataclass
class Office:
    """A hospital's planned activities."""

    database: Database
    rules: Rules

    def plan(self, activity: str, now: datetime, unit: str = "hospital", **more: object) -> int:
        """Plan an activity; returns its number."""
        given = GivenActivity.model_validate({"activity": activity, "unit": unit} | more)
        with self.database.transaction("test") as session:
            return plan_activity(session, given, rules=self.rules, by=None, now=now).id

    def round(self, now: datetime) -> ActivityRound:
        """Do what is due; nothing may fail."""
        done = run_activities(self.database, rules=self.rules, now=now, door="test")
        assert done.n_failed == 0, done
        return done

    def cycles(self) -> Sequence[Cycle]:
        """Read what was launched, in its order."""
        with self.database.reading() as session:
            return session.exec(select(Cycle).order_by(col(Cycle.id))).all()

    def launches(self) -> list[tuple[int, str]]:
        """Read what the trail says of launches by plan: how many periods were skipped, and why."""
        launched = select(Audit).where(Audit.what == "activity.launch").order_by(col(Audit.id))
        with self.database.reading() as session:
            return [(json.loads(row.after or "")["skipped"], row.why) for row in session.exec(launched)]


@pytest.fixture
def office(database: Database, rules: Rules) -> Office:
    make_hospital(database)
    return Office(database, rules)


def test_36_months_launch_each_thing_once_over_double_ticks_and_two_outages(office: Office) -> None:
    planned = {
        office.plan(COMMITTEE, BEGIN, every="monthly 31"): "monthly 31",
        office.plan("document-review", BEGIN, every="yearly 02-29"): "yearly 02-29",
        office.plan("training", BEGIN, every="quarterly 10wd"): "quarterly 10wd",
    }
    outages = [(datetime(2026, 10, 1, tzinfo=UTC), 25 * DAY), (datetime(2028, 2, 20, tzinfo=UTC), 75 * DAY)]
    wanted = _wanted(office.rules, planned)
    moments = sorted({due_at for _, _, due_at in wanted} | {begin + lasts for begin, lasts in outages})
    awake = [at for at in moments if not any(begin <= at < begin + lasts for begin, lasts in outages)]
    for number, now in enumerate(awake):
        if number % 12 == 0:
            tick = partial(run_activities, rules=office.rules, now=now, door="test")
            assert not [done for done in at_once(office.database, [tick] * 3) if isinstance(done, Exception)]
        office.round(now)
        assert office.round(now) == ActivityRound()
    launched = Counter(cycle.launch_key for cycle in office.cycles())
    assert set(launched.values()) == {1}
    skipped = sum(n for n, _ in office.launches())
    assert len(launched) + skipped == len(wanted) == 36 + 3 + 12
    missed = [at for _, _, at in wanted if any(begin <= at < begin + lasts for begin, lasts in outages)]
    late = [n for n, why in office.launches() if why == "late"]
    assert len(missed) == len(late) + skipped and skipped >= 1  # the newest of each plan is made up for
    with office.database.reading() as session:
        ends = {one.next_on for one in session.exec(select(ActivitySchedule))}
    assert ends == {date(2029, 1, 1)}


def _wanted(rules: Rules, planned: dict[int, str]) -> list[tuple[int, date, datetime]]:
    found = []
    for no, written in planned.items():
        turns = coming_turns(parse_recurrence(written), date(2026, 1, 1), rules.calendar, BEGIN, END + 9 * DAY)
        found += [(no, turn.period_on, turn.due_at) for turn in turns if turn.period_on < date(2029, 1, 1)]
    return found


def test_a_week_without_a_working_day_gives_way_to_the_next_ones(rules: Rules) -> None:
    every, begin = parse_recurrence("weekly mon"), date(2025, 12, 29)
    turns = list(coming_turns(every, begin, rules.calendar, BEGIN, END))
    days = [rules.calendar.local_date(turn.due_at) for turn in turns]
    assert all(map(rules.calendar.is_working_day, days)) and days == sorted(set(days))
    assert len(turns) + sum(turn.n_skipped for turn in turns) == 157 and any(turn.n_skipped for turn in turns)


@pytest.mark.parametrize(
    ("written", "period", "day"),
    [
        ("monthly 31", date(2026, 2, 1), date(2026, 2, 28)),  # a Saturday, and a working day in place of a holiday
        ("monthly 31", date(2026, 5, 1), date(2026, 6, 1)),  # a Sunday
        ("monthly 23wd", date(2026, 2, 1), date(2026, 2, 28)),  # the last working day of a short month
        ("monthly 3wd", date(2026, 10, 1), date(2026, 10, 10)),  # after the national holidays
        ("quarterly 92", date(2026, 1, 1), date(2026, 3, 31)),
        ("yearly 02-29", date(2027, 1, 1), date(2027, 3, 1)),
        ("weekly sun", date(2026, 1, 5), date(2026, 1, 12)),
    ],
)
def test_the_day_that_is_not_there_or_not_worked(rules: Rules, written: str, period: date, day: date) -> None:
    assert parse_recurrence(written).on(period, rules.calendar) == day


def test_the_moment_before_launches_nothing_the_moment_launches_once(office: Office) -> None:
    office.plan(COMMITTEE, DUE - 10 * DAY)
    assert (office.round(DUE - SECOND), office.cycles()) == (ActivityRound(), [])
    assert office.round(DUE).n_launched == 1
    assert office.round(DUE + SECOND) == ActivityRound()
    (cycle,) = office.cycles()
    assert (cycle.title_en, cycle.title_zh) == (
        "Quality committee meeting, 2026-03",
        "医疗质量管理委员会专题会（2026-03）",
    )
    assert (cycle.launched_at, cycle.launched_by) == (DUE, None)
    hold(office.database, DUE)


def test_several_rounds_at_once_launch_one_cycle(office: Office) -> None:
    office.plan(COMMITTEE, DUE - 10 * DAY)
    tick = partial(run_activities, rules=office.rules, now=DUE, door="test")
    done = at_once(office.database, [tick] * 4)
    assert not [one for one in done if isinstance(one, Exception)]
    assert len(office.cycles()) == 1


@pytest.mark.parametrize("system", ["sqlite"])
def test_the_next_date_follows_the_plan_and_not_the_late_launch(office: Office) -> None:
    office.plan(COMMITTEE, DUE - 10 * DAY)
    office.round(DUE + 20 * DAY)
    april = datetime(2026, 4, 3, 1, 0, tzinfo=UTC)
    assert office.round(april - SECOND) == ActivityRound()
    assert office.round(april).n_launched == 1
    assert office.launches() == [(0, "late"), (0, "")]


def test_after_an_outage_only_the_newest_is_launched_and_the_rest_is_counted(office: Office) -> None:
    office.plan("weekly-feedback", DUE - 10 * DAY)
    office.round(DUE + 41 * DAY)
    (cycle,) = office.cycles()
    assert cycle.title_en.endswith("2026-W16")
    assert office.launches() == [(8, "late")]  # two of them fell on one day after the Spring Festival


@pytest.mark.parametrize("system", ["sqlite"])
def test_where_nobody_holds_the_role_the_office_leads_and_owns(office: Office) -> None:
    office.plan("emergency-drill", DUE - 10 * DAY, unit="quality-dept", every="monthly 3wd")
    office.round(DUE)
    (cycle,) = office.cycles()
    with office.database.reading() as session:
        unstaffed = {task.slug for task in session.exec(select(Task).where(Task.unstaffed == True))}  # noqa: E712
        office_id = session.exec(select(RoleHolding).where(RoleHolding.role == "quality-office")).one().person_id
    assert cycle.lead_id == office_id
    assert unstaffed == {"invite", "missing"}


@pytest.mark.parametrize("system", ["sqlite"])
def test_each_department_below_gets_its_own(office: Office) -> None:
    with office.database.transaction("test") as session:
        for slug in ("surgery", "ward-3"):
            session.exec(select(Unit).where(Unit.slug == slug)).one().kind = "department"
        people_changed(session)
    office.plan("department-quality-meeting", DUE - 10 * DAY, units_below=True, every="monthly 3wd")
    assert office.round(DUE).n_launched == 2
    assert office.round(DUE) == ActivityRound()
    assert len({cycle.unit_id for cycle in office.cycles()}) == 2


@pytest.mark.parametrize("system", ["sqlite"])
def test_without_departments_the_next_units_below_are_meant(office: Office) -> None:
    office.plan("hazard-round", DUE - 10 * DAY, units_below=True, every="monthly 3wd")
    assert office.round(DUE).n_launched == 2  # surgery, quality-dept


def test_a_stopped_plan_launches_nothing_further_and_may_be_planned_anew(office: Office) -> None:
    no = office.plan(COMMITTEE, DUE - 10 * DAY)
    with pytest.raises(AlreadyPlanned, match=f"no. {no}"):
        office.plan(COMMITTEE, DUE - 10 * DAY)
    with office.database.transaction("test") as session:
        stop_activity(session, no, by=None, now=DUE - DAY)
    with pytest.raises(PlanStopped), office.database.transaction("test") as session:
        stop_activity(session, no, by=None, now=DUE - DAY)
    assert office.round(DUE) == ActivityRound()
    assert office.plan(COMMITTEE, DUE - DAY) == no + 1


@pytest.mark.parametrize("system", ["sqlite"])
def test_launching_now_is_besides_the_plan_and_once_a_day(office: Office) -> None:
    no = office.plan(COMMITTEE, DUE - 10 * DAY)
    for _ in range(2):
        with office.database.transaction("test") as session:
            launch_activity_now(session, no, rules=office.rules, by=None, now=DUE - DAY)
    assert len(office.cycles()) == 1
    assert office.round(DUE).n_launched == 1


@pytest.mark.parametrize("system", ["sqlite"])
def test_one_plan_that_cannot_be_launched_does_not_stop_the_others(office: Office) -> None:
    office.plan("seminar", DUE - 10 * DAY, every="monthly 3wd")
    office.plan(COMMITTEE, DUE - 10 * DAY)
    left = {slug: one for slug, one in office.rules.catalogue.templates.items() if slug != "seminar"}
    rules = replace(office.rules, catalogue=replace(office.rules.catalogue, templates=left))
    done = run_activities(office.database, rules=rules, now=DUE, door="test")
    assert (done.n_launched, done.n_failed) == (1, 1)
    assert office.round(DUE + DAY).n_launched == 1  # the template is back: it is made up for


@pytest.mark.parametrize("system", ["sqlite"])
def test_what_is_upcoming_is_what_is_launched(office: Office) -> None:
    office.plan(COMMITTEE, DUE - 10 * DAY)
    office.plan("weekly-feedback", DUE - 10 * DAY)
    until = DUE + 60 * DAY
    with office.database.reading() as session:
        ahead = coming_launches(session, rules=office.rules, now=DUE - 10 * DAY, until=until)
    while True:
        with office.database.reading() as session:
            at = next_launch_at(session, rules=office.rules, now=DUE - 10 * DAY)
        assert at is not None
        if at >= until:
            break
        office.round(at)
    assert [(one.at, one.launch.launch_key) for one in ahead] == [
        (cycle.launched_at, cycle.launch_key) for cycle in office.cycles()
    ]
    assert len(ahead) >= 10


SENSELESS: tuple[tuple[dict[str, str], type[WardcycleError]], ...] = (
    ({"activity": "no-such"}, NotFound),
    ({"activity": COMMITTEE, "unit": "nowhere"}, NotFound),
    ({"activity": COMMITTEE, "every": "now and then"}, RecurrenceUnreadable),
    ({"activity": COMMITTEE, "every": "monthly 32"}, RecurrenceUnreadable),
    ({"activity": "pdca"}, RecurrenceUnreadable),  # has no usual recurrence of its own
)


@pytest.mark.parametrize("system", ["sqlite"])
def test_a_plan_that_makes_no_sense_is_refused_in_both_languages(office: Office) -> None:
    for given, error in SENSELESS:
        with pytest.raises(error) as caught:
            office.plan(given["activity"], DUE, given.get("unit", "hospital"), every=given.get("every", ""))
        assert caught.value.text("zh") != caught.value.text("en")
    with office.database.reading() as session:
        assert session.exec(select(ActivitySchedule)).all() == []
