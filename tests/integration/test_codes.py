"""Six digits by another channel: which channel, how often, how long, and what is never written down."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from config.settings import Settings
from engine.codes import LIVES, MOST_TRIES, NoOtherChannel, TooManyCodes, ask_code, other_channel, use_code
from models.base import Row
from models.db import Database
from models.notification import Delivery, DeliveryStatus
from models.people import Person
from notifications.channels import Voice
from notifications.deliver import deliver_due
from notifications.links import Seals
from notifications.senders import permanent
from tests.invariants import hold
from tests.places import make_hospital
from tests.voices import Recorder, voice

KEYS = ["a-key-for-these-tests-only"]
PERSONAL = frozenset({"email", "phone"})
WHAT = "decision:12"


@pytest.fixture
def asked(database: Database, now: datetime) -> Database:
    """Ana has a phone beside her e-mail; a code for one decision was asked for by a link from a mail."""
    make_hospital(database)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(Person.slug == "ana").values(addresses="phone=0123"))  # type: ignore[arg-type]
    _ask(database, now)
    return database


@pytest.mark.parametrize(
    ("channels", "addresses", "came_by", "found"),
    [
        ("email", "phone=0123", {"email"}, "phone"),
        ("phone,email", "phone=0123", {"phone"}, "email"),
        ("email", "", {"email"}, None),
        ("email,ward-group", "ward-group=x", {"email"}, None),  # a group reads it too
        ("email", "phone=", {"email"}, None),
        ("email,phone", "phone=0123", {"email", "phone"}, None),  # the link went by both
        ("phone", "phone=0123", set(), "phone"),
        ("phone,email", "phone=0123", set(), "phone"),  # in the person's own order
    ],
)
def test_a_code_goes_by_another_channel_of_the_persons_own(
    channels: str, addresses: str, came_by: set[str], found: str | None
) -> None:
    person = Person(slug="ana", name="Ana", email="ana@h.test", channels=channels, addresses=addresses)
    assert other_channel(person, came_by=came_by, personal=PERSONAL) == found


def test_a_code_is_good_once(asked: Database, now: datetime) -> None:
    code = _sent(asked, now)
    assert _use(asked, code, now)
    assert not _use(asked, code, now)
    hold(asked, now)


@pytest.mark.parametrize(("after", "good"), [(LIVES - timedelta(seconds=1), True), (LIVES, False)])
def test_a_code_is_good_for_ten_minutes(asked: Database, now: datetime, after: timedelta, good: bool) -> None:
    assert _use(asked, _sent(asked, now), now + after) is good


def test_a_code_takes_five_tries_in_all(asked: Database, now: datetime) -> None:
    code = _sent(asked, now)
    for _ in range(MOST_TRIES - 1):
        assert not _use(asked, _other(code), now)
    assert _use(asked, f" {code[:3]} {code[3:]} ", now)  # the fifth, written as some phones show it
    _ask(asked, now)
    code = _sent(asked, now)
    for _ in range(MOST_TRIES):
        assert not _use(asked, _other(code), now)
    assert not _use(asked, code, now)


def test_a_code_proves_one_person_for_one_purpose_with_one_key(asked: Database, now: datetime) -> None:
    code = _sent(asked, now)
    assert not _use(asked, code, now, purpose="decision:13")
    assert not _use(asked, code, now, person="bo")
    assert not _use(asked, code, now, keys=["another-key-for-these-tests"])
    assert _use(asked, code, now, keys=["a-newer-key-for-these-tests", *KEYS])


def test_a_new_code_ends_the_one_before(asked: Database, now: datetime) -> None:
    first = _sent(asked, now)
    later = now + timedelta(minutes=1)
    _ask(asked, later)
    second = _sent(asked, later)
    assert first == second or not _use(asked, first, later)
    assert _use(asked, second, later)


def test_nobody_asks_for_more_than_five_codes_an_hour(asked: Database, now: datetime) -> None:
    for _ in range(4):
        _ask(asked, now)
    with pytest.raises(TooManyCodes):
        _ask(asked, now)
    with pytest.raises(TooManyCodes):
        _ask(asked, now + timedelta(hours=1) - timedelta(seconds=1))
    _ask(asked, now + timedelta(hours=1))


def test_without_another_channel_no_code_is_made(asked: Database, now: datetime) -> None:
    before = _rows(asked)
    with pytest.raises(NoOtherChannel):
        _ask(asked, now, person="bo")
    assert _rows(asked) == before


def test_a_code_that_cannot_be_sent_goes_by_no_other_channel(asked: Database, now: datetime) -> None:
    with asked.transaction("test") as session:
        session.execute(sa.update(Person).values(channels="phone,email"))
    deliver_due(asked, voice=_voice(Recorder(lambda message, to: permanent("gone"))), now=lambda: now)
    with asked.reading() as session:
        rows = session.execute(sa.select(Delivery).where(Delivery.notification_id == 1)).scalars().all()  # type: ignore[arg-type]
    assert [(row.channel, row.status) for row in rows] == [("phone", DeliveryStatus.DEAD)]


def test_the_digits_stand_in_no_row_and_no_log(
    asked: Database, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    before = str(_rows(asked))
    code = _sent(asked, now)
    assert not _use(asked, _other(code), now)
    assert _use(asked, code, now)
    whole_words = re.compile(rf"(?<![0-9a-f]){code}(?![0-9a-f])")
    assert not whole_words.search(before + str(_rows(asked)) + caplog.text)


def _ask(database: Database, now: datetime, *, person: str = "ana") -> None:
    with database.transaction("test") as session:
        number = _person(database, person)
        ask_code(session, number, WHAT, came_by={"email"}, personal=PERSONAL, now=now)


def _use(
    database: Database, code: str, now: datetime, *, purpose: str = WHAT, person: str = "ana", keys: list[str] = KEYS
) -> bool:
    with database.transaction("test") as session:
        number = _person(database, person)
        return use_code(session, number, purpose, code, keys=keys, now=now, on=now.date())


def _sent(database: Database, now: datetime) -> str:
    """Deliver, and read the newest code as the phone shows it."""
    recorder = Recorder()
    deliver_due(database, voice=_voice(recorder), now=lambda: now)
    message, to = recorder.sent[-1]
    assert (to.channel, to.value) == ("phone", "0123")
    found = re.search(r"^(\d{6})$", message.text, re.MULTILINE)
    assert found, message.text
    assert found[1] not in message.subject
    assert found[1] in message.html
    return found[1]


def _voice(recorder: Recorder) -> Voice:
    made = voice(recorder)
    seals = Seals(Settings.model_validate({"secret_keys": KEYS[0]}))
    return replace(made, renderer=replace(made.renderer, seals=seals))


def _other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def _person(database: Database, slug: str) -> int:
    with database.reading() as session:
        return session.execute(sa.select(Person.id).where(Person.slug == slug)).scalar_one() or 0  # type: ignore[call-overload]


def _rows(database: Database) -> Mapping[str, list[tuple[object, ...]]]:
    with database.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(sa.select(table))]
            for table in Row.metadata.sorted_tables
        }
