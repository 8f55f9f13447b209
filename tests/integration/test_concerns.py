"""Signals of concern: told once an episode, to whom it concerns; a cycle is launched from one in one step."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from config.indicators import Frequency
from config.periods import after
from engine.concerns import FollowedAlready, concerns, follow_alert
from engine.people import directory
from engine.rules import Rules
from models.assessment import Aim, Ending, Watch
from models.cycle import Cycle
from models.db import Database
from models.errors import NotAllowed, NotFound
from models.notification import NotificationKind
from models.reads.schedules import alert_of_cycle, alerts_of
from models.records import record_from
from models.schedule import Alert
from tests.indicators import unit_of
from tests.invariants import hold
from tests.places import make_hospital
from tests.plans import Plan
from tests.proofs import HYGIENE, LATER, in_act, month, observe, pass_stage, shares

DUE = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
FEBRUARY = date(2026, 2, 1)


@pytest.fixture
def plan(database: Database, rules: Rules) -> Plan:
    """Two stable years of hand hygiene at 60 %, assessed every month from February 2026 on."""
    make_hospital(database)
    observe(database, rules, shares(0.6, 23), now=DUE - 40 * DAY)
    made = Plan(database, rules)
    made.add(HYGIENE, DUE - 20 * DAY)
    return made


def assess_months(plan: Plan, *values: float, first: int = 0) -> None:
    """Enter one value a month from February on and let each be assessed when it is due."""
    for n, value in enumerate(values, first):
        period = after(Frequency.MONTH, FEBRUARY, n)
        moment = DUE + timedelta(days=31 * n + 6)
        plan.enter(period, value, moment - DAY)
        plan.round(moment)


def alerts(plan: Plan) -> list[Alert]:
    with plan.database.reading() as session:
        return list(session.exec(select(Alert)))


def follow(plan: Plan, alert_id: int, by: str, now: datetime = DUE + 10 * DAY, **more: str) -> Cycle:
    with plan.database.transaction("test") as session:
        who = directory(session).person(by).id
        return follow_alert(session, alert_id, rules=plan.rules, by=who, now=now, **more)


def test_a_month_as_usual_tells_nobody(plan: Plan) -> None:
    assess_months(plan, 121, 118)
    assert plan.statuses() == ["done", "done"]
    assert (alerts(plan), plan.told(NotificationKind.SIGNAL)) == ([], [])


def test_a_value_far_on_the_wrong_side_is_told_once_to_head_data_owner_and_office(plan: Plan) -> None:
    assess_months(plan, 70)
    plan.round(DUE + 20 * DAY)
    (alert,) = alerts(plan)
    assert (alert.rule, alert.first_on, alert.unit_id) == ("beyond", FEBRUARY, unit_of(plan.database))
    told = plan.told(NotificationKind.SIGNAL)
    assert sorted(slug for slug, _ in told) == ["bo", "chen", "eva", "gao"]
    ((made, _),) = plan.rows()
    assert all(f'"assessment": "{made.id}"' in row.facts for _, row in told)
    assert concerns(record_from(made.record))[0].sense == "unfavourable"
    hold(plan.database, DUE)


def test_the_same_episode_is_not_told_again_and_a_new_one_is(plan: Plan) -> None:
    assess_months(plan, 70, 68)
    assert [one.rule for one in alerts(plan)][:1] == ["beyond"]
    assert len({row.key.rpartition(":")[0] for _, row in plan.told(NotificationKind.SIGNAL)}) == len(
        {one.told_at for one in alerts(plan)}
    )
    beyond = [one for one in alerts(plan) if one.rule == "beyond"]
    assert len(beyond) == 1
    assess_months(plan, 121, 70, first=2)  # back to usual, then again
    assert [one.first_on for one in alerts(plan) if one.rule == "beyond"] == [FEBRUARY, date(2026, 5, 1)]


def test_a_value_far_on_the_good_side_is_no_concern(plan: Plan) -> None:
    assess_months(plan, 170)
    assert (alerts(plan), plan.statuses()) == ([], ["done"])


def test_a_cycle_is_launched_from_the_signal_with_its_origin_and_aim_filled_in(plan: Plan) -> None:
    assess_months(plan, 70)
    opened = follow(plan, 1, "eva")
    with plan.database.reading() as session:
        aim = session.exec(select(Aim).where(Aim.cycle_id == opened.id)).one()
        origin = alert_of_cycle(session, opened.id)
        lead = directory(session).persons[opened.lead_id].slug
        back = alerts_of(session, HYGIENE, opened.unit_id)
    assert (opened.template, lead, aim.indicator) == ("pdca", "bo", HYGIENE)
    assert (aim.prediction, aim.target_on, aim.baseline_last_on) == (None, None, FEBRUARY)
    assert origin is not None and origin.first_on == FEBRUARY and back[0].cycle_id == opened.id
    with pytest.raises(FollowedAlready, match=opened.code):
        follow(plan, 1, "eva")
    hold(plan.database, DUE + 10 * DAY)


def test_only_whom_it_concerns_may_launch_and_an_unknown_signal_is_refused(plan: Plan) -> None:
    assess_months(plan, 70)
    with pytest.raises(NotAllowed):
        follow(plan, 1, "ana")
    with pytest.raises(NotFound) as unknown:
        follow(plan, 7, "eva")
    assert (unknown.value.text("en"), unknown.value.text("zh")) == (
        "There is no signal '7'.", "没有名为“7”的预警信号。",
    )  # fmt: skip
    assert [one.cycle_id for one in alerts(plan)] == [None]
    assert follow(plan, 1, "gao", lead="dee").lead_id


def test_what_is_watched_is_looked_at_once_for_each_new_value_and_at_its_end(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = in_act(database, rules, now)
    pass_stage(walk, "act", LATER, ending=Ending.ADOPT)
    plan = Plan(database, walk.rules)
    assert plan.round(LATER).n_watched == 0  # nothing new since the level was reached
    observe(database, rules, [*shares(0.8, 2, seed=3), 100.0], first=date(2027, 1, 1), now=month(2027, 4))
    assert plan.round(month(2027, 4)).n_watched == 1
    assert plan.round(month(2027, 4)).n_watched == 0
    assert walk.told("proposal") == [("proposal", "", "ana"), ("proposal", "", "eva")]
    assert [plan.round(month(2028, 1, day)).n_watched for day in (3, 4, 5)] == [0, 1, 0]
    with database.reading() as session:
        assert session.exec(select(Watch)).one().ended_at == month(2028, 1, 4)
    hold(database, month(2028, 1, 5))


def test_a_month_that_is_not_over_is_no_new_value_for_a_watch(database: Database, rules: Rules, now: datetime) -> None:
    walk = in_act(database, rules, now)
    pass_stage(walk, "act", LATER, ending=Ending.ADOPT)
    observe(database, rules, [3.0], first=date(2027, 1, 1), now=month(2027, 1, 20))
    assert Plan(database, walk.rules).round(month(2027, 1, 20)).n_watched == 0
    assert walk.told("proposal") == []
