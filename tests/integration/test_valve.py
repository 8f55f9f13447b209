"""The valve: far more due at once than on any usual day waits for people, what is urgent does not."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from engine.health import examine, watch
from engine.outbox import Note, tell
from engine.people import directory
from engine.rules import Rules
from models.audit import Audit
from models.db import Database
from models.notification import DeliveryStatus, NotificationKind
from notifications.deliver import Delivered, deliver_due
from notifications.valve import release
from tests.commands import Command
from tests.invariants import hold
from tests.places import make_hospital
from tests.voices import Recorder, deliveries, queue, voice

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
FLOOR = 4


@pytest.fixture
def hospital(database: Database) -> Database:
    make_hospital(database)
    return database


def deliver(database: Database, now: datetime, sender: Recorder | None = None, floor: int | None = FLOOR) -> Delivered:
    return deliver_due(database, voice=voice(sender or Recorder()), now=lambda: now, random=lambda: 0.0, floor=floor)


def queue_many(database: Database, rules: Rules, now: datetime, n: int, key: str = "many") -> None:
    """Queue messages of a kind that is never bundled."""
    with database.transaction("test") as session:
        ana = directory(session).person("ana").id
        kind = NotificationKind.NOTE
        notes = [Note(f"{key}-{i}", kind, ana, now, any_hour=True, facts=FACTS) for i in range(n)]
        tell(session, notes, rules=rules, now=now)


FACTS = {"why": "x", "text": "x", "from": "x"}


def test_the_valve_shuts_above_the_floor_and_not_at_it(hospital: Database, rules: Rules, now: datetime) -> None:
    queue_many(hospital, rules, now, FLOOR)
    assert deliver(hospital, now).n_sent == FLOOR
    queue_many(hospital, rules, now - 31 * DAY, 0)
    queue_many(hospital, rules, now + 40 * DAY, FLOOR + 1, "more")
    assert deliver(hospital, now + 40 * DAY) == Delivered()
    assert {row.status for row in deliveries(hospital)[FLOOR:]} == {DeliveryStatus.QUEUED}


def test_five_times_the_largest_day_of_the_last_month_is_usual(hospital: Database, rules: Rules, now: datetime) -> None:
    queue_many(hospital, rules, now, 2)
    deliver(hospital, now)
    queue_many(hospital, rules, now + 29 * DAY, 10, "more")
    assert deliver(hospital, now + 29 * DAY).n_sent == 10
    queue_many(hospital, rules, now + 40 * DAY, 51, "far more")
    assert deliver(hospital, now + 40 * DAY) == Delivered()


def test_what_is_urgent_goes_through_a_shut_valve(hospital: Database, rules: Rules, now: datetime) -> None:
    queue_many(hospital, rules, now, FLOOR + 1)
    queue(hospital, rules, now, NotificationKind.DECISION, key="decision", person="bo")
    queue(hospital, rules, now, key="urgent", person="chen", urgent=True)
    sender = Recorder()
    assert deliver(hospital, now, sender) == Delivered(n_sent=2)
    assert {to.value for _, to in sender.sent} == {"bo@hospital.test", "chen@hospital.test"}
    assert deliver(hospital, now + DAY) == Delivered()


def test_a_release_opens_it_once_for_what_waits(hospital: Database, rules: Rules, now: datetime) -> None:
    queue_many(hospital, rules, now, FLOOR + 1)
    deliver(hospital, now)
    with hospital.transaction("test") as session:
        assert release(session, by=None, now=now) == FLOOR + 1
        assert release(session, by=None, now=now) is None
    assert deliver(hospital, now).n_sent == FLOOR + 1
    queue_many(hospital, rules, now + 40 * DAY, FLOOR + 1, "again")
    assert deliver(hospital, now + 40 * DAY) == Delivered()
    with hospital.reading() as session:
        what = session.execute(sa.select(Audit.what).where(sa.column("entity") == "valve")).scalars()  # type: ignore[call-overload]
        assert list(what) == ["valve.shut", "valve.release", "valve.shut"]
    hold(hospital, now)


def test_the_office_is_alarmed_through_the_shut_valve_and_told_how_to_release(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue_many(hospital, rules, now, FLOOR + 1)
    deliver(hospital, now)
    sender = Recorder()
    for moment in (now, now + MINUTE):
        watch(hospital, rules=rules, now=moment, door="test")
        deliver(hospital, moment, sender)
    said = [message.text for message, to in sender.sent if "wardcycle notifications release" in message.text]
    assert len(said) == 1
    with hospital.reading() as session:
        keys = [one.key.partition(":")[0] for one in examine(session, now=now + DAY)]
    assert "valve" in keys and "late-message" not in keys


def test_without_a_floor_there_is_no_valve(hospital: Database, rules: Rules, now: datetime) -> None:
    queue_many(hospital, rules, now, 30)
    assert deliver(hospital, now, floor=None).n_sent == 30


def test_the_commands_say_what_is_held_back_and_let_it_go(command: Command, database: Database, rules: Rules) -> None:
    now = datetime.fromisoformat("2026-03-02T01:30:00+00:00")
    queue_many(database, rules, now, FLOOR + 1)
    deliver(database, now)
    assert "wardcycle notifications release" in command.at("doctor", code=1).out
    assert command.json("notifications", "release", "--by", "eva")["n_released"] == FLOOR + 1
    assert "The valve is open" in command("notifications", "release").out


def test_a_command_tries_a_refused_address_again(command: Command, database: Database, rules: Rules) -> None:
    from notifications.senders import permanent

    now = datetime.fromisoformat("2026-03-02T01:30:00+00:00")
    queue(database, rules, now)
    deliver(database, now, Recorder(lambda message, to: permanent("550 5.1.1", nobody=True)))
    assert "ana is told by email again" in command("person", "reach", "ana").out
    assert "Nothing is left out" in command("person", "reach", "ana").out
    queue(database, rules, now, key="after")
    assert deliver(database, now).n_sent == 1
