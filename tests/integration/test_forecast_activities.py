"""The forecast knows what plans will launch and who will hear that they were missed: what is sent equals it."""

from datetime import datetime, timedelta

import pytest

from cli.simulate import simulate_hospital
from engine.activity_schedules import GivenActivity, plan_activity
from engine.forecast import Told, forecast_hospital
from engine.gatherings import GivenGathering, add_gathering
from engine.launch import Launch, launch_cycle
from engine.rules import Rules
from models.db import Database
from tests.places import make_hospital

DAY = timedelta(days=1)


@pytest.mark.parametrize("system", ["sqlite"])
def test_three_weeks_of_plans_and_a_drill_are_told_as_forecast(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        for activity, more in (
            ("quality-committee", {}),
            ("weekly-feedback", {}),
            ("hazard-round", {"units_below": True}),
        ):
            given = GivenActivity.model_validate({"activity": activity, "unit": "hospital", **more})
            plan_activity(session, given, rules=rules, by=None, now=now)
        drill = launch_cycle(
            session, Launch(template="emergency-drill", unit="ward-3", lead="bo"), rules=rules, by=None, now=now
        )
        meeting = GivenGathering(title="Drill", place="Ward 3", starts_at=now + DAY, invited=("dee", "gao"))
        add_gathering(session, drill.id, meeting, rules=rules, by=None, now=now)
    until = now + 21 * DAY
    with database.reading() as session:
        expected = forecast_hospital(session, rules=rules, now=now, until=until)
    sent = simulate_hospital(database, rules=rules, now=now, until=until).told
    assert _plain(expected) == _plain(sent)
    assert {"assigned", "reminder", "escalation", "missed"} <= {one.kind for one in expected}
    assert len({one.task for one in expected}) >= 4


def _plain(told: list[Told] | tuple[Told, ...]) -> list[tuple[object, ...]]:
    """Leave out the code of a cycle, which one that does not exist yet has not got."""
    return sorted((one.at, one.task, one.kind, one.rung, one.level, one.to) for one in told)
