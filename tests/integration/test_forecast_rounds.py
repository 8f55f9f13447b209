"""A simulated year of scheduled assessments that nobody feeds tells what the forecast says, to the minute."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from cli.simulate import simulate_hospital
from engine.forecast import Told, forecast_cycle, forecast_hospital
from engine.rules import Rules
from engine.tasks import GivenAnswer, submit_answer
from models.assessment import Ending
from models.cycle import Cycle
from models.db import Database
from models.task import AnswerKind, Task
from tests.places import make_hospital
from tests.plans import Plan
from tests.proofs import HYGIENE, LATER, in_act, observe, pass_stage, shares
from tests.walks import person_id

DAY = timedelta(days=1)
DUE = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)  # 09:00 of the fifth working day of March
FEBRUARY = date(2026, 2, 1)


def year(database: Database, rules: Rules, now: datetime, days: int = 365) -> tuple[list[Told], list[Told]]:
    """Forecast and simulate; what is still to be launched has no code in the forecast."""
    until = now + days * DAY
    with database.reading() as session:
        expected = forecast_hospital(session, rules=rules, now=now, until=until)
        known = set(session.exec(select(Cycle.code)))
    sent = simulate_hospital(database, rules=rules, now=now, until=until).told
    return expected, sorted(replace(one, cycle=one.cycle if one.cycle in known else "") for one in sent)


def same(expected: list[Told], sent: list[Told]) -> None:
    missing, extra = Counter(sent) - Counter(expected), Counter(expected) - Counter(sent)
    assert expected == sent, f"\nsent and not forecast: {missing}\nforecast and not sent: {extra}"


@pytest.mark.parametrize("system", ["sqlite"])  # the simulated copy is a file in any case
def test_a_year_of_schedules_that_nobody_feeds_is_told_as_forecast(database: Database, rules: Rules) -> None:
    make_hospital(database)
    plan = Plan(database, rules)
    begin = DUE - 20 * DAY
    observe(database, rules, shares(0.6, 12), now=begin, unit="surgery")
    plan.add("core", begin)
    plan.add(HYGIENE, begin, unit="surgery", units_below=True, waits="3wd", data_owner="dept-head")
    plan.add(HYGIENE, begin, frequency="quarter", after="31d!", waits="2d")
    expected, sent = year(database, rules, begin)
    same(expected, sent)
    told = {one.kind for one in expected}
    assert told >= {"assigned", "reminder", "escalation", "bulletin"} and "signal" not in told
    assert sum(one.kind == "bulletin" and one.to == ("bo",) for one in expected) == 11  # surgery's head, month by month
    assert max(one.at for one in expected) > begin + 350 * DAY


@pytest.mark.parametrize("system", ["postgresql"])
def test_what_waits_in_the_middle_of_a_month_comes_as_forecast(database: Database, rules: Rules) -> None:
    make_hospital(database)
    plan = Plan(database, rules)
    observe(database, rules, shares(0.6, 23), now=DUE - 40 * DAY)
    plan.add("vte-assessment", DUE - 20 * DAY)
    plan.add(HYGIENE, DUE - 20 * DAY, after="20d")
    plan.round(DUE)
    with database.transaction("test") as session:  # somebody says that it is done, and nothing was entered
        task = session.exec(select(Task).where(Task.cycle_id == 1)).one()
        done = GivenAnswer(kind=AnswerKind.DONE, note="done")
        submit_answer(session, task.id, done, rules=rules, by=person_id(database, "gao"), now=DUE + DAY)
    plan.enter(FEBRUARY, 60, DUE + 2 * DAY)  # far below, and assessed only on the 20th
    now = DUE + timedelta(days=3, hours=2)
    expected, sent = year(database, rules, now, 90)
    same(expected, sent)
    signals = [one.at for one in expected if one.kind == "signal"]
    assert signals == [datetime(2026, 3, 20, 1, 0, tzinfo=UTC)]
    with database.reading() as session:
        cycles = session.exec(select(Cycle).where(Cycle.status == "active")).all()
        until = now + 90 * DAY
        for cycle in cycles:
            alone = forecast_cycle(session, cycle.id, rules=rules, now=now, until=until)
            assert alone == [one for one in expected if one.cycle == cycle.code]
            assert alone == [] or max(one.at for one in alone) < datetime(2026, 3, 27, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("system", ["sqlite"])
def test_a_watch_is_looked_at_as_forecast(database: Database, rules: Rules, now: datetime) -> None:
    walk = in_act(database, rules, now)
    pass_stage(walk, "act", LATER, ending=Ending.ADOPT)
    with database.transaction("test") as session:  # what was told on the way there
        session.execute(sa.text("UPDATE delivery SET status = 'dropped', settled_at = next_try_at"))
    late = LATER + 30 * DAY
    Plan(database, rules).enter(date(2027, 1, 1), 70, late)  # far below what was reached; nobody has looked yet
    expected, sent = year(database, rules, late, 400)
    same(expected, sent)
    (proposal,) = [one for one in expected if one.kind == "proposal"]
    assert (proposal.at, proposal.cycle, proposal.to) == (late, walk.cycle().code, ("ana", "eva"))
