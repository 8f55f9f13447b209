"""Delivering: what becomes of each row, by the moment before, at and after."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from engine.rules import Rules
from models.audit import Audit, verify
from models.db import Database
from models.notification import AttemptOutcome, DeliveryStatus, NotificationKind
from models.task import Task, TaskStatus
from notifications.deliver import BATCH, Delivered, deliver_due
from notifications.render import Message
from notifications.senders import Address, SendResult, accepted, permanent, transient, unknown
from tests.places import make_hospital
from tests.voices import Recorder, attempts, deliveries, launch, queue, set_channels, voice

SECOND = timedelta(seconds=1)


def deliver(
    database: Database, sender: Recorder, now: datetime, limit: int | None = None, batch: int = BATCH
) -> Delivered:
    return deliver_due(database, voice=voice(sender), now=lambda: now, random=lambda: 0.0, limit=limit, batch=batch)


def always(result: SendResult) -> Callable[[Message, Address], SendResult]:
    return lambda message, to: result


@pytest.fixture
def hospital(database: Database) -> Database:
    make_hospital(database)
    return database


def test_nothing_is_sent_a_moment_before_it_is_due_and_once_at_the_moment(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now)
    sender = Recorder()
    assert deliver(hospital, sender, now - SECOND) == Delivered()
    assert deliver(hospital, sender, now) == Delivered(n_sent=1)
    assert deliver(hospital, sender, now + SECOND) == Delivered()
    [row] = deliveries(hospital)
    assert (row.status, row.settled_at, row.why, row.n_attempts) == (DeliveryStatus.SENT, now, "250 ok", 1)
    [attempt] = attempts(hospital)
    assert (attempt.outcome, attempt.began_at, attempt.ended_at) == (AttemptOutcome.ACCEPTED, now, now)
    assert len(sender.sent) == 1


def test_a_message_goes_to_the_address_of_the_person_in_the_language_of_the_person(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now, person="bo", facts={"who": "Ana", "answer": "done"})
    sender = Recorder()
    deliver(hospital, sender, now)
    [(message, to)] = sender.sent
    assert to.value == "bo@hospital.test"
    assert "已完成" in message.text


def test_the_oldest_goes_first_and_a_limit_leaves_the_rest(hospital: Database, rules: Rules, now: datetime) -> None:
    for n in range(3):
        queue(hospital, rules, now - n * SECOND, key=f"k{n}")
    assert deliver(hospital, Recorder(), now, limit=2) == Delivered(n_sent=2)
    assert [row.status for row in deliveries(hospital)] == [
        DeliveryStatus.QUEUED,
        DeliveryStatus.SENT,
        DeliveryStatus.SENT,
    ]


def test_a_passing_failure_is_tried_again_ever_later_and_given_up_after_eight_times(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now)
    sender, moment = Recorder(always(transient("451 later"))), now
    for minutes in (1, 5, 15, 60, 180, 360, 360):
        assert deliver(hospital, sender, moment) == Delivered(n_retry=1)
        moment += timedelta(minutes=minutes)
        assert deliver(hospital, sender, moment - SECOND) == Delivered()
    assert deliver(hospital, sender, moment) == Delivered(n_dead=1)
    [row] = deliveries(hospital)
    assert (row.status, row.unheard, row.why, row.n_attempts) == (DeliveryStatus.DEAD, True, "451 later", 8)


def test_jitter_only_makes_a_retry_later(hospital: Database, rules: Rules, now: datetime) -> None:
    queue(hospital, rules, now)
    sender = Recorder(always(transient("451")))
    deliver_due(hospital, voice=voice(sender), now=lambda: now, random=lambda: 0.5)
    assert deliveries(hospital)[0].next_try_at == now + timedelta(seconds=66)


def test_a_refused_address_falls_back_to_the_next_channel_and_then_raises_the_alarm(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    set_channels(hospital, "ana", "email,ntfy", "ntfy=ward-3")
    queue(hospital, rules, now)
    sender = Recorder(always(permanent("550 unknown")))
    assert deliver(hospital, sender, now) == Delivered(n_dead=2)
    assert [(to.channel, to.value) for _, to in sender.sent] == [("email", "ana@hospital.test"), ("ntfy", "ward-3")]
    first, second = deliveries(hospital)
    assert (first.rank, first.status, first.unheard) == (0, DeliveryStatus.DEAD, False)
    assert (second.rank, second.status, second.unheard) == (1, DeliveryStatus.DEAD, True)


def test_an_urgent_message_without_an_answer_is_sent_again_and_says_so(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now, NotificationKind.ESCALATION)
    answers = iter([unknown("no answer in time"), accepted("250")])
    sender = Recorder(lambda message, to: next(answers))
    assert deliver(hospital, sender, now) == Delivered(n_retry=1)
    assert deliver(hospital, sender, now + timedelta(minutes=1)) == Delivered(n_sent=1)
    (first, to), (second, to_again) = sender.sent
    assert "Possible repeat" not in first.text
    assert "Possible repeat" in second.text
    assert to.mark == to_again.mark


def test_an_ordinary_message_without_an_answer_is_held_for_somebody_to_look_at(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now)
    sender = Recorder(always(unknown("no answer in time")))
    assert deliver(hospital, sender, now) == Delivered(n_held=1)
    assert deliver(hospital, sender, now + timedelta(days=1)) == Delivered()
    [row] = deliveries(hospital)
    assert (row.status, row.unheard, row.why) == (DeliveryStatus.HELD, True, "no answer in time")


def test_a_task_that_was_answered_meanwhile_drops_its_message_with_the_reason(
    database: Database, rules: Rules, now: datetime
) -> None:
    launch(database, rules, now)
    with database.transaction("test") as session:
        ended = {"status": TaskStatus.DONE, "next_fire_at": None, "done_at": now, "done_by": 1}
        session.execute(sa.update(Task).where(sa.column("slug") == "present-state").values(ended))
    sender = Recorder()
    assert deliver(database, sender, now) == Delivered(n_dropped=1)
    assert sender.sent == []
    assert attempts(database) == []
    assert [(row.status, row.why) for row in deliveries(database)] == [(DeliveryStatus.DROPPED, "the task is done")]


def test_a_reminder_of_an_earlier_deadline_is_dropped(database: Database, rules: Rules, now: datetime) -> None:
    launch(database, rules, now)
    queue(database, rules, now, NotificationKind.REMINDER, task_id=1)
    with database.transaction("test") as session:
        session.execute(sa.update(Task).where(sa.column("id") == 1).values(deadline_no=Task.deadline_no + 1))
    assert deliver(database, Recorder(), now) == Delivered(n_sent=1, n_dropped=1)
    assert deliveries(database)[1].why == "the deadline has moved"


def test_the_end_of_a_task_is_told_although_the_task_has_ended(database: Database, rules: Rules, now: datetime) -> None:
    launch(database, rules, now)
    queue(database, rules, now, NotificationKind.STOPPED, task_id=1)
    with database.transaction("test") as session:
        ended = {"status": TaskStatus.STOPPED, "next_fire_at": None}
        session.execute(sa.update(Task).where(sa.column("id") == 1).values(ended))
    assert deliver(database, Recorder(), now) == Delivered(n_sent=1, n_dropped=1)


def test_a_message_that_cannot_be_written_is_given_up_and_its_neighbours_go(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    for key in ("a", "b", "c"):
        queue(hospital, rules, now, NotificationKind.CLOSED if key == "b" else NotificationKind.RECEIPT, key=key)
    sender, told = Recorder(), voice(Recorder())
    good = told.renderer

    class Broken(type(good)):  # type: ignore[misc]
        def write(self, letter: object) -> Message:
            if getattr(letter, "kind", None) is NotificationKind.CLOSED:
                raise KeyError("closed")
            return good.write(letter)  # type: ignore[arg-type]

    mixed = type(told)(Broken(good.zone, good.base_url), sender)
    assert deliver_due(hospital, voice=mixed, now=lambda: now) == Delivered(n_sent=2, n_dead=1)
    broken = deliveries(hospital)[1]
    assert (broken.status, broken.unheard) == (DeliveryStatus.DEAD, True)
    assert broken.why.startswith("the message could not be written: KeyError")


def test_a_sender_that_crashes_spoils_only_its_own_message(hospital: Database, rules: Rules, now: datetime) -> None:
    for key in ("a", "b"):
        queue(hospital, rules, now, key=key)

    def answer(message: Message, to: Address) -> SendResult:
        if to.delivery_id == 1:
            raise RuntimeError("json://user:secret@host")
        return accepted()

    assert deliver(hospital, Recorder(answer), now) == Delivered(n_sent=1, n_held=1)
    assert deliveries(hospital)[0].why == "the sender failed: RuntimeError"


def test_a_channel_that_is_down_is_tried_once_and_the_rest_waits_without_counting_attempts(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    for n in range(5):
        queue(hospital, rules, now, key=f"k{n}")
    sender = Recorder(always(transient("cannot be reached", down=True)))
    deliver(hospital, sender, now)
    assert len(sender.sent) == 1
    rows = deliveries(hospital)
    assert [row.n_attempts for row in rows] == [1, 0, 0, 0, 0]
    assert {row.status for row in rows} == {DeliveryStatus.QUEUED}
    assert {row.next_try_at for row in rows} == {now + timedelta(minutes=1)}


def test_each_change_is_in_the_audit_trail(hospital: Database, rules: Rules, now: datetime) -> None:
    queue(hospital, rules, now)
    deliver(hospital, Recorder(), now)
    with hospital.reading() as session:
        rows = session.execute(
            sa.select(col(Audit.what), col(Audit.door)).where(sa.column("entity") == "delivery")
        ).all()
        assert [tuple(row) for row in rows] == [("delivery.claim", "sender"), ("delivery.settle", "sender")]
        assert verify(session).bad_id is None
