"""Messages that nobody got, outages, addresses left out and tried again: what each leaves behind, whole."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from engine.alarms import MOST, raise_alarms
from engine.outages import is_outage, note_outage
from engine.outbox import Note, tell
from engine.people import directory, people_changed
from engine.rules import Rules
from models.channel_state import SuspendedAddress
from models.db import Database
from models.errors import NotFound
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind, Outage
from models.people import Absence, PeopleVersion, Person, RoleHolding
from models.reads.suspended import standing_of
from notifications.deliver import deliver_due
from notifications.render import Message
from notifications.senders import Address, SendResult, permanent, unknown
from notifications.suspended import lift, suspend
from tests.invariants import hold
from tests.places import make_hospital
from tests.voices import Recorder, deliveries, queue, set_channels, voice
from tests.walks import launched, person_id
from tests.whole import is_as_written, letters, rows, trail

HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
OVERNIGHT = datetime.fromisoformat("2026-03-02T20:00:00+08:00")


@pytest.fixture
def system() -> str:
    """What is kept and said is the same on both systems; the verbs are tested on each."""
    return "sqlite"


@pytest.fixture
def hospital(database: Database) -> Database:
    make_hospital(database)
    return database


def alarm(database: Database, rules: Rules, now: datetime) -> int:
    with database.transaction("watch") as session:
        return raise_alarms(session, rules=rules, now=now)


def refuse(message: Message, to: Address) -> SendResult:
    """Take nothing for dee, and say nothing of what became of bo's."""
    return unknown("no answer in 20 s") if to.value.startswith("bo") else permanent("550 5.7.1 relaying denied")


def test_the_office_hears_once_of_each_message_that_nobody_got_and_of_no_alarm(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    with hospital.transaction("test") as session:  # eva is followed by feng; gao stands in for feng
        people, today = directory(session), now.date()
        eva, feng, gao = (people.person(slug).id for slug in ("eva", "feng", "gao"))
        held = sa.update(RoleHolding).where(col(RoleHolding.person_id) == eva)
        session.execute(held.values(until_on=today))
        unit_id = people.unit("hospital").id
        session.add(RoleHolding(person_id=feng, role="quality-office", unit_id=unit_id, from_on=today + DAY))
        session.add(Absence(person_id=feng, from_on=today + DAY, until_on=today + DAY, stand_in_id=gao))
        people_changed(session)
    walk = launched(hospital, rules, now)
    queue(hospital, rules, now, person="bo", key="other", facts={"note": "x"})
    queue(hospital, rules, now, NotificationKind.ALARM, person="chen", key="alarm")
    deliver_due(hospital, voice=voice(Recorder(refuse)), now=lambda: now)
    before = len(deliveries(hospital))
    assert [row.unheard for row in deliveries(hospital)] == [True] * before
    night = now.replace(hour=15)
    assert (alarm(hospital, rules, night), alarm(hospital, rules, night + HOUR)) == (before, 0)
    assert not any(row.unheard for row in deliveries(hospital))
    queue(hospital, rules, now + DAY, person="dee", key="again")
    deliver_due(hospital, voice=voice(Recorder(refuse)), now=lambda: now + DAY)
    assert alarm(hospital, rules, now + DAY) >= 1
    assert walk.cycle().status == "active"
    is_as_written("alarms", [
        *rows(hospital, Notification), *rows(hospital, Delivery), *letters(hospital, now.date()),
    ])  # fmt: skip
    hold(hospital, now + DAY)


def test_so_many_at_once_are_told_of_in_several_rounds_the_oldest_first(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    with hospital.transaction("test") as session:
        ana = directory(session).person("ana").id
        notes = [Note(f"n{n}", NotificationKind.RECEIPT, ana, now) for n in range(MOST + 1)]
        assert tell(session, notes, rules=rules, now=now) == MOST + 1
        session.execute(sa.update(Delivery).values(status=DeliveryStatus.DEAD, unheard=True, settled_at=now))
    assert alarm(hospital, rules, now) == MOST
    assert [row.id for row in deliveries(hospital) if row.unheard] == [MOST + 1]
    assert [alarm(hospital, rules, now + HOUR) for _ in range(2)] == [1, 0]


def note(database: Database, from_at: datetime, until_at: datetime) -> None:
    with database.transaction("sweep") as session:
        note_outage(session, from_at, until_at)


def test_an_outage_is_written_down_once_whoever_ends_it(hospital: Database, now: datetime) -> None:
    note(hospital, now, now + 3 * HOUR)
    note(hospital, now, now + 3 * HOUR)  # the second sweep looked at the same beat
    note(hospital, now, now + 3 * HOUR + TICK)
    note(hospital, now + 3 * HOUR - TICK, now + 9 * HOUR)
    assert len(rows(hospital, Outage)) == 1
    note(hospital, now + 3 * HOUR, now + 6 * HOUR)  # it came up for a moment
    note(hospital, now + DAY, now + 2 * DAY)
    is_as_written("outages", [*rows(hospital, Outage), *trail(hospital)])


@pytest.mark.parametrize(
    ("until", "found"), [("T09:59:59.999999", False), ("T10:00:00", True), ("T10:00:00.000001", True)]
)
def test_an_outage_begins_with_the_hours_in_which_messages_go(rules: Rules, until: str, found: bool) -> None:
    assert is_outage(OVERNIGHT, datetime.fromisoformat(f"2026-03-03{until}+08:00"), rules.calendar) is found


def put(database: Database, slug: str, channel: str, now: datetime) -> int:
    """Queue a message to somebody by a channel; returns its delivery."""
    with database.transaction("test") as session:
        who = directory(session).person(slug).id
        told = Notification(key=f"{slug}-{channel}-{now}", kind=NotificationKind.NOTE, person_id=who, planned_at=now)
        session.add(told)
        session.flush()
        made = Delivery(notification_id=told.id, channel=channel, status=DeliveryStatus.QUEUED, next_try_at=now)
        session.add(made)
        session.flush()
        return made.id


def leave_out(database: Database, slug: str, channel: str, now: datetime, why: str = "550 no such user") -> None:
    delivery_id = put(database, slug, channel, now)
    with database.transaction("sender") as session:
        suspend(session, delivery_id, why=why, now=now)


def reach(database: Database, slug: str, now: datetime, by: str | None = None) -> tuple[str, ...]:
    with database.transaction("cli") as session:
        return lift(session, slug, by=person_id(database, by) if by else None, now=now)


def standing(database: Database, slug: str) -> frozenset[str]:
    with database.reading() as session:
        return standing_of(session, person_id(database, slug))


def version(database: Database) -> int:
    with database.reading() as session:
        return session.exec(select(PeopleVersion.n)).one()


def test_what_addresses_left_out_and_tried_again_leave_behind(hospital: Database, now: datetime) -> None:
    for slug in ("ana", "bo"):
        set_channels(hospital, slug, "email,ntfy", f"ntfy=room-{slug}")
    before = version(hospital)
    leave_out(hospital, "ana", "ntfy", now, why="gone " + "x" * 600)
    leave_out(hospital, "ana", "email", now + HOUR)
    leave_out(hospital, "bo", "email", now + 2 * HOUR)
    leave_out(hospital, "ana", "email", now + 3 * HOUR, why="550 once more")  # the same address: nothing changes
    assert version(hospital) == before + 3
    assert (standing(hospital, "ana"), standing(hospital, "bo")) == (frozenset({"email", "ntfy"}), frozenset({"email"}))
    with hospital.transaction("test") as session:
        session.execute(sa.update(Person).where(col(Person.slug) == "ana").values(email="new@hospital.test"))
        people_changed(session)
    assert standing(hospital, "ana") == {"ntfy"}
    leave_out(hospital, "ana", "email", now + 4 * HOUR, why="550 nor this one")
    set_channels(hospital, "ana", "email,ntfy", "ntfy=room-new")
    leave_out(hospital, "ana", "ntfy", now + 5 * HOUR, why="410 gone")
    assert standing(hospital, "ana") == {"ntfy", "email"}
    before = version(hospital)
    assert reach(hospital, "ana", now + 6 * HOUR, by="eva") == ("email", "ntfy")  # the longest left out first
    assert version(hospital) == before + 2
    assert reach(hospital, "ana", now + 7 * HOUR, by="eva") == ()
    assert (standing(hospital, "ana"), standing(hospital, "bo")) == (frozenset(), frozenset({"email"}))
    assert version(hospital) == before + 2
    assert reach(hospital, "bo", now + 8 * HOUR) == ("email",)
    leave_out(hospital, "ana", "email", now + 9 * HOUR)  # what was tried again may be refused again
    with pytest.raises(NotFound):
        reach(hospital, "nobody", now)
    is_as_written("suspended", [*rows(hospital, SuspendedAddress), *trail(hospital)])


def test_channels_are_tried_again_in_the_order_in_which_they_were_left_out(hospital: Database, now: datetime) -> None:
    set_channels(hospital, "ana", "ntfy,hook,email", "ntfy=a,hook=b")
    for n, channel in enumerate(("ntfy", "email", "hook")):
        leave_out(hospital, "ana", channel, now + n * HOUR)
    assert reach(hospital, "ana", now + DAY) == ("ntfy", "email", "hook")


def test_whoever_plans_messages_leaves_out_at_once_what_was_refused(hospital: Database, now: datetime) -> None:
    set_channels(hospital, "ana", "email,ntfy", "ntfy=a")
    ana = person_id(hospital, "ana")

    def planned() -> tuple[str, ...]:
        with hospital.reading() as session:
            return directory(session).channels(ana)

    assert planned() == ("email", "ntfy")
    leave_out(hospital, "ana", "email", now)
    assert planned() == ("ntfy",)
    reach(hospital, "ana", now + HOUR)
    assert planned() == ("email", "ntfy")
