"""A sender whose database, whose clock or whose fellows fail: nothing is lost, nothing is counted twice."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from engine.absences import add_absence
from engine.rules import Rules
from models.db import Database
from models.errors import WardcycleError
from models.notification import AttemptOutcome, Delivery, DeliveryStatus, NotificationKind
from notifications.channels import Voice
from notifications.claim import LEASE, Begun, begin, claim
from notifications.deliver import Delivered, deliver_due
from notifications.letters import Letter
from notifications.ranks import NextRank, queue_next
from notifications.render import Message, Renderer
from notifications.senders import Address, SendResult, accepted
from tests.places import make_hospital
from tests.sendings import MONDAY, ZONE, Sendings, deliver, put
from tests.voices import Recorder, attempts, deliveries, queue

K, D = NotificationKind, DeliveryStatus
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def test_what_is_counted_is_all_that_was_touched() -> None:
    assert Delivered(1, 2, 4, 8, 16).n_all == 31


def test_who_stands_in_is_told_so_on_the_day_in_the_hospital(database: Database, rules: Rules) -> None:
    make_hospital(database)
    midnight = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    with database.transaction("test") as session:
        add_absence(session, person="ana", stand_in="dee", from_on=date(2026, 3, 3), until_on=date(2026, 3, 3),
                    rules=rules, by=None, now=MONDAY)  # fmt: skip
    queue(database, rules, midnight)
    told = Recorder()
    deliver_due(database, voice=Voice(Renderer(ZONE), told), now=lambda: midnight, random=lambda: 0.0)
    [(message, to)] = told.sent
    assert to.value == "dee@hospital.test"
    assert "You stand in for Ana Ferro until Tue 3 Mar 2026." in message.text


def test_a_thousand_that_dead_senders_left_are_all_taken_back(database: Database, rules: Rules) -> None:
    make_hospital(database)
    told = Sendings(database, rules)
    for mark, n in (("first", 248), ("last", 2)):
        for kind in (K.RECEIPT, K.DECISION):
            put(*(f"{mark}-{kind.value}-{number}" for number in range(n)), kind=kind).do(told)
    put("new", after=SECOND).do(told)
    with database.transaction("test") as session:
        for left in (claim(session, now=MONDAY, batch=496), claim(session, now=MONDAY + SECOND, batch=5)):
            for number, key in enumerate(left):
                began = begin(session, key, epoch=1, now=MONDAY) if number % 4 != 1 else None
                assert (number % 4 == 1) or isinstance(began, Begun)
        session.execute(sa.update(Delivery).values(lease_until=col(Delivery.lease_until), n_attempts=8))
    found = deliver(told, until=0, now=MONDAY + 2 * LEASE)
    assert found.n_all == 501


@pytest.mark.parametrize(("n", "n_pauses"), [(1, 1), (1, 3), (2, 2), (2, 4)])
def test_a_result_outlives_a_database_that_is_away_for_a_moment(
    database: Database, rules: Rules, n: int, n_pauses: int
) -> None:
    make_hospital(database)
    told, pauses = Sendings(database, rules), list[float]()
    put(*"ab"[:n]).do(told)

    def rename(old: str, new: str) -> None:
        with database.transaction("test") as session:
            session.execute(sa.text(f"ALTER TABLE {old} RENAME TO {new}"))

    def answer(message: Message, to: Address) -> SendResult:
        rename("attempt", "lost")
        return accepted("250 ok")

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == n_pauses:
            rename("lost", "attempt")

    spoken = Voice(Renderer(ZONE), Recorder(answer))
    with pytest.raises((DBAPIError, WardcycleError)):
        deliver_due(database, voice=spoken, now=lambda: MONDAY, random=lambda: 0.0, pause=pause)
    assert pauses == [0.2, 1.0, 5.0][:n_pauses]
    statuses = [D.SENT if n_pauses < 4 else D.SENDING, D.SENDING]
    assert [row.status for row in deliveries(database)] == statuses[:n]


def test_a_sender_that_stood_still_before_it_could_send_says_so(database: Database, rules: Rules) -> None:
    make_hospital(database)
    queue(database, rules, MONDAY)
    clock, told = [MONDAY], Recorder()

    class Slow(Renderer):
        def write(self, letter: Letter) -> Message:
            clock.append(MONDAY + LEASE)
            return super().write(letter)

    deliver_due(database, voice=Voice(Slow(ZONE), told), now=lambda: clock[-1], random=lambda: 0.0)
    [row], [attempt] = deliveries(database), attempts(database)
    why = "the sender stood still before it could send"
    assert (row.status, row.why, row.next_try_at) == (D.QUEUED, why, MONDAY + LEASE + MINUTE)
    assert (attempt.outcome, attempt.why, attempt.ended_at) == (AttemptOutcome.TRANSIENT, why, MONDAY + LEASE)
    assert told.sent == []


def test_the_next_channel_is_queued_once(database: Database, rules: Rules) -> None:
    make_hospital(database)
    queue(database, rules, MONDAY)
    for moment in (MONDAY, MONDAY + MINUTE):
        with database.transaction("test") as session:
            queue_next(session, NextRank(1, 1, "ntfy"), at=moment)
    assert [(row.rank, row.channel, row.next_try_at) for row in deliveries(database)] == [
        (0, "email", MONDAY),
        (1, "ntfy", MONDAY),
    ]
