"""What the watch finds: nothing in a well engine, each standstill a moment after it counts as one."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from engine.assessment_round import assess_due
from engine.health import Severity, alarm_office, examine
from engine.launch import Launch, launch_cycle
from engine.rules import Rules
from engine.scheduling import stop_schedule
from engine.sweep import beat
from models.audit import Audit
from models.db import Database
from models.notification import Delivery, DeliveryStatus
from tests.places import make_hospital
from tests.plans import Plan
from tests.proofs import HYGIENE

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def launched(database: Database, rules: Rules, now: datetime) -> Database:
    """One cycle launched just now, both loops alive."""
    make_hospital(database)
    with database.transaction("test") as session:
        launch_cycle(session, Launch(template="pdca", unit="ward-3", lead="ana"), rules=rules, by=None, now=now)
    _beat(database, now)
    return database


def test_a_well_engine_has_nothing_to_find(launched: Database, now: datetime) -> None:
    assert _keys(launched, now) == []


def test_an_installation_without_cycles_may_be_silent(database: Database, now: datetime) -> None:
    assert _keys(database, now) == []


def test_a_message_is_late_half_an_hour_after_its_moment(launched: Database, now: datetime) -> None:
    late = now + 30 * MINUTE
    _beat(launched, late)
    assert _keys(launched, late) == []
    assert [key.partition(":")[0] for key in _keys(launched, late + MINUTE)] == ["late-message"]


def test_a_loop_is_silent_after_three_periods(launched: Database, now: datetime) -> None:
    _drop_messages(launched)
    assert _keys(launched, now + 15 * MINUTE) == []
    assert _keys(launched, now + 16 * MINUTE) == [f"silent-loop:sweep:{int(now.timestamp())}"]
    assert len(_keys(launched, now + 31 * MINUTE)) == 2


def test_the_loop_of_the_assessments_is_silent_three_hours_after_it_was_needed(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    late, hours = "silent-loop:quality-assessment", timedelta(hours=3)
    with database.transaction("test") as session:
        beat(session, "quality-assessment", now)
    assert _keys(database, now + 20 * hours) == []  # nothing is planned: nobody misses it
    added = now + 30 * hours
    number = Plan(database, rules).add(HYGIENE, added)
    assert _keys(database, added + hours) == []
    assert _keys(database, added + hours + SECOND) == [f"{late}:{int(now.timestamp())}"]
    assess_due(database, rules=rules, now=added + hours, door="test")
    assert _keys(database, added + 2 * hours) == []
    assert len(_keys(database, added + 2 * hours + SECOND)) == 1
    with database.transaction("test") as session:
        stop_schedule(session, number, by=None, now=added + 2 * hours)
    assert _keys(database, added + 9 * hours) == []


def test_a_loop_of_the_assessments_that_never_ran_is_found(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    Plan(database, rules).add(HYGIENE, now)
    assert _keys(database, now + timedelta(hours=3)) == []
    assert _keys(database, now + timedelta(hours=3) + SECOND) == ["silent-loop:quality-assessment"]


def test_a_task_that_no_sweep_looked_at_is_found_after_two_ticks(launched: Database, now: datetime) -> None:
    _drop_messages(launched)
    with launched.reading() as session:
        fires = session.execute(sa.text("SELECT min(next_fire_at) FROM task")).scalar_one()
    fires = fires if isinstance(fires, datetime) else datetime.fromisoformat(f"{fires}+00:00")
    _beat(launched, fires)
    assert _keys(launched, fires + 10 * MINUTE) == []
    assert [key.partition(":")[0] for key in _keys(launched, fires + 11 * MINUTE)] == ["unplanned-task"]


def test_a_lease_that_ended_long_ago_is_found(launched: Database, now: datetime) -> None:
    with launched.engine.begin() as connection:
        connection.execute(sa.update(Delivery).values(status=DeliveryStatus.SENDING, lease_until=now))
    assert _keys(launched, now + 10 * MINUTE) == []
    assert [key.partition(":")[0] for key in _keys(launched, now + 11 * MINUTE)] == ["stuck-lease"]


def test_a_changed_row_at_the_trails_end_is_an_error(launched: Database, now: datetime) -> None:
    with launched.engine.begin() as connection:
        last_id = connection.execute(sa.text("SELECT max(id) FROM audit")).scalar_one()
        if launched.is_sqlite:
            names = connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()
            for name in list(names):
                connection.execute(sa.text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(sa.text("ALTER TABLE audit DISABLE TRIGGER USER"))
        changed = sa.update(Audit).where(sa.column("id") == last_id).values(why="somebody was here")
        connection.execute(changed)
    with launched.reading() as session:
        found = examine(session, now=now)
    assert [(one.key, one.severity) for one in found] == [(f"audit:{last_id}", Severity.ERROR)]


def test_the_office_is_alarmed_once_for_one_standstill(launched: Database, rules: Rules, now: datetime) -> None:
    late = now + 31 * MINUTE
    _beat(launched, late)
    told = []
    for moment in (late, late + MINUTE):
        with launched.transaction("test") as session:
            told.append(alarm_office(session, examine(session, now=moment), rules=rules, now=moment))
    assert told == [1, 0]


def _keys(database: Database, now: datetime) -> list[str]:
    with database.reading() as session:
        return [finding.key for finding in examine(session, now=now)]


def _beat(database: Database, now: datetime) -> None:
    with database.transaction("test") as session:
        for loop in ("sweep", "sender"):
            beat(session, loop, now)


def _drop_messages(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM delivery"))
