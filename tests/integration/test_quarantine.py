"""Messages that end what sends them are kept back the second time; their neighbours are sent."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.alarms import raise_alarms
from engine.rules import Rules
from models.db import Database
from models.notification import DeliveryStatus, NotificationKind
from notifications.claim import LEASE
from notifications.deliver import Delivered, deliver_due
from notifications.reap import KEPT_BACK
from notifications.render import Message
from notifications.senders import Address, SendResult, accepted, unknown
from notifications.workers import Workers
from tests.invariants import hold
from tests.places import make_hospital
from tests.sent_apart import Obedient
from tests.voices import Recorder, attempts, deliveries, queue, set_channels, voice

LATER = timedelta(minutes=2)
POISON = {"who": "Ana", "answer": "done", "note": "please segfault"}


@pytest.fixture
def hospital(database: Database) -> Database:
    make_hospital(database)
    return database


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    with Workers(Obedient(str(tmp_path / "sent")), deadline_s=30) as made:
        yield made


def crash(message: Message, to: Address) -> SendResult:
    return replace(unknown("its process ended"), crashed=True)


def deliver(database: Database, workers: Workers, now: datetime) -> Delivered:
    speaking = replace(voice(Recorder()), sender=workers)
    return deliver_due(database, voice=speaking, now=lambda: now, random=lambda: 0.0)


def test_an_urgent_row_that_kills_its_worker_twice_is_kept_back_and_its_neighbours_are_sent(
    hospital: Database, workers: Workers, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now, key="before", person="bo")
    queue(hospital, rules, now, facts=POISON, urgent=True)
    queue(hospital, rules, now, key="after", person="chen")
    assert deliver(hospital, workers, now) == Delivered(n_sent=2, n_retry=1)
    assert deliver(hospital, workers, now + LATER) == Delivered(n_held=1)
    assert deliver(hospital, workers, now + timedelta(days=1)) == Delivered()
    _, poison, _ = deliveries(hospital)
    assert (poison.status, poison.n_crashes, poison.unheard) == (DeliveryStatus.HELD, 2, True)
    assert poison.why.startswith(KEPT_BACK)
    assert "signal 11" in poison.why
    with hospital.transaction("test") as session:
        assert raise_alarms(session, rules=rules, now=now + LATER) == 1
    hold(hospital, now + LATER)


def test_a_row_that_is_not_urgent_is_held_after_the_first_time(hospital: Database, rules: Rules, now: datetime) -> None:
    queue(hospital, rules, now)
    assert deliver_due(hospital, voice=voice(Recorder(crash)), now=lambda: now) == Delivered(n_held=1)
    [row] = deliveries(hospital)
    assert (row.n_crashes, row.unheard, row.why) == (1, True, "its process ended")


def test_an_urgent_row_that_is_kept_back_goes_by_the_next_channel_all_the_same(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    set_channels(hospital, "ana", "hook,email")
    queue(hospital, rules, now, urgent=True)
    poisoned = Recorder(lambda message, to: crash(message, to) if to.channel == "hook" else accepted())
    for moment in (now, now + LATER):
        deliver_due(hospital, voice=voice(poisoned), now=lambda at=moment: at, random=lambda: 0.0)  # type: ignore[misc]
    first, second = deliveries(hospital)
    assert (first.status, first.unheard) == (DeliveryStatus.HELD, True)
    assert (second.status, second.channel) == (DeliveryStatus.SENT, "email")


class Killed(BaseException):
    """The whole sender ends here."""


def die(message: Message, to: Address) -> SendResult:
    raise Killed


def test_a_row_that_kills_the_whole_sender_is_kept_back_after_the_second_lease(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now, NotificationKind.ALARM)
    moment = now
    for _ in range(2):
        with pytest.raises(Killed):
            deliver_due(hospital, voice=voice(Recorder(die)), now=lambda at=moment: at)  # type: ignore[misc]
        moment += LEASE
    assert deliver_due(hospital, voice=voice(Recorder(die)), now=lambda: moment) == Delivered(n_held=1)
    [row] = deliveries(hospital)
    assert (row.status, row.unheard, row.n_crashes, row.why) == (DeliveryStatus.HELD, True, 2, KEPT_BACK)
    assert len(attempts(hospital)) == 2


def test_a_lease_that_ended_before_the_send_blames_nobody(hospital: Database, rules: Rules, now: datetime) -> None:
    for n in range(3):
        queue(hospital, rules, now, key=f"k{n}", urgent=True)
    with pytest.raises(Killed):
        deliver_due(hospital, voice=voice(Recorder(die)), now=lambda: now)
    deliver_due(hospital, voice=voice(Recorder()), now=lambda: now + LEASE)
    assert [row.n_crashes for row in deliveries(hospital)] == [1, 0, 0]
    assert {row.status for row in deliveries(hospital)} == {DeliveryStatus.SENT}
