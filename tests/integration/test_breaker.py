"""A channel that fails and fails is left alone, costs no message its tries, and is tried with one at a time."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from engine.health import examine, watch
from engine.rules import Rules
from models.audit import Audit
from models.channel_state import ChannelState
from models.db import Database
from models.notification import Delivery, DeliveryStatus, NotificationKind
from notifications.breaker import PROBE_FOR, look, may_probe, pass_on
from notifications.deliver import Delivered, deliver_due
from notifications.render import Message
from notifications.senders import Address, SendResult, accepted, permanent, transient, unknown
from tests.invariants import hold
from tests.places import make_hospital
from tests.voices import Recorder, attempts, deliveries, queue, set_channels, voice

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DOWN = transient("the mail server cannot be reached", down=True)


@pytest.fixture
def hospital(database: Database) -> Database:
    make_hospital(database)
    return database


def always(result: SendResult) -> Callable[[Message, Address], SendResult]:
    return lambda message, to: result


def deliver(database: Database, sender: Recorder, now: datetime) -> Delivered:
    return deliver_due(database, voice=voice(sender), now=lambda: now, random=lambda: 0.0)


def state(database: Database, channel: str = "email") -> ChannelState:
    with database.reading() as session:
        return session.exec(select(ChannelState).where(ChannelState.channel == channel)).one()


def fail(database: Database, now: datetime, n: int = 5) -> tuple[Recorder, datetime]:
    """Let rounds fail, a minute and more apart; returns the sender and the moment of the last one."""
    sender, moment = Recorder(always(DOWN)), now
    for _ in range(n):
        deliver(database, sender, moment)
        moment += timedelta(minutes=1, seconds=1)
    return sender, moment - timedelta(minutes=1, seconds=1)


def test_a_channel_is_shut_by_the_fifth_failure_in_a_row_and_not_by_the_fourth(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    for n in range(3):
        queue(hospital, rules, now, key=f"k{n}", person=("ana", "bo", "chen")[n])
    fail(hospital, now, 4)
    assert state(hospital).shut_until is None
    sender, last = fail(hospital, now + timedelta(minutes=5), 1)
    found = state(hospital)
    assert (found.n_failed, found.failed_at, found.shut_until) == (5, now, last + MINUTE)
    assert deliver(hospital, sender, last + MINUTE - SECOND) == Delivered()
    assert len(sender.sent) == 1


def test_any_answer_of_the_channel_ends_the_row_of_failures(hospital: Database, rules: Rules, now: datetime) -> None:
    queue(hospital, rules, now)
    _, last = fail(hospital, now, 4)
    deliver(hospital, Recorder(always(transient("451 later"))), last + MINUTE)
    assert (state(hospital).n_failed, state(hospital).worked_at) == (0, last + MINUTE)


def test_one_message_is_tried_when_the_pause_is_over_and_the_pauses_grow_to_a_quarter_of_an_hour(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    for n in range(5):
        queue(hospital, rules, now, key=f"k{n}", person=("ana", "bo", "chen", "dee", "eva")[n])
    sender, last = fail(hospital, now)
    for minutes in (1, 2, 4, 8, 15, 15):
        n_before, moment = len(sender.sent), last + timedelta(minutes=minutes)
        deliver(hospital, sender, moment - SECOND)
        assert len(sender.sent) == n_before
        deliver(hospital, sender, moment)
        assert len(sender.sent) == n_before + 1
        last = moment


def test_the_first_message_that_goes_lets_all_the_others_go_at_once(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    for n in range(5):
        queue(hospital, rules, now, key=f"k{n}", person=("ana", "bo", "chen", "dee", "eva")[n])
    _, last = fail(hospital, now)
    assert deliver(hospital, Recorder(), last + 2 * MINUTE) == Delivered(n_sent=5)
    found = state(hospital)
    assert (found.n_failed, found.shut_until, found.failed_at) == (0, None, None)
    hold(hospital, last)


def test_a_channel_that_works_again_at_night_sends_only_what_is_urgent_until_the_window_opens(
    hospital: Database, rules: Rules
) -> None:
    evening = datetime(2026, 3, 2, 9, 50, tzinfo=UTC)  # 17:50 in Shanghai; the window closes at 18:00
    night, morning = evening.replace(hour=14), datetime(2026, 3, 3, 0, 0, tzinfo=UTC)

    def deliver_at(moment: datetime, result: SendResult) -> int:
        sender = Recorder(always(result))
        spoken = voice(sender, rules.calendar)
        deliver_due(hospital, voice=spoken, now=lambda: moment, random=lambda: 0.0)
        return len(sender.sent)

    for n in range(5):
        queue(hospital, rules, evening, key=f"k{n}", person=("ana", "bo", "chen", "dee", "gao")[n], rung="")
    for minute in range(5):
        deliver_at(evening + minute * (MINUTE + SECOND), DOWN)
    assert state(hospital).shut_until is not None
    assert deliver_at(night, accepted()) == 0, "no ordinary message is the one that is tried"
    for n, (moment, result, n_sent) in enumerate(
        ((night, DOWN, 1), (night + HOUR, accepted(), 2), (night + HOUR + MINUTE, accepted(), 1))
    ):
        queue(hospital, rules, moment, key=f"urgent{n}", person="eva", urgent=True)
        assert deliver_at(moment, result) == n_sent, moment
    assert state(hospital).quiet_until == morning
    with hospital.reading() as session:
        assert not [one for one in examine(session, now=night + 2 * HOUR) if one.key.startswith("late-message")]
    assert [deliver_at(moment, accepted()) for moment in (morning - SECOND, morning, morning)] == [0, 5, 0]
    hold(hospital, morning)


def test_a_channel_that_works_again_by_day_sends_all_at_once(hospital: Database, rules: Rules, now: datetime) -> None:
    for n in range(3):
        queue(hospital, rules, now, key=f"k{n}", person=("ana", "bo", "chen")[n])
    _, last = fail(hospital, now)
    sender = Recorder()
    deliver_due(hospital, voice=voice(sender, rules.calendar), now=lambda: last + MINUTE, random=lambda: 0.0)
    assert (len(sender.sent), state(hospital).quiet_until) == (3, None)


def test_of_two_senders_only_one_tries(hospital: Database, rules: Rules, now: datetime) -> None:
    for n in range(2):
        queue(hospital, rules, now, key=f"k{n}", person=("ana", "bo")[n])
    _, last = fail(hospital, now)
    moment, n_inside = last + MINUTE, []

    def answer(message: Message, to: Address) -> SendResult:
        second = Recorder(always(DOWN))
        deliver(hospital, second, moment)
        n_inside.append(len(second.sent))
        return DOWN

    deliver(hospital, Recorder(answer), moment)
    assert n_inside == [0]


def test_the_right_to_try_is_of_one_channel(hospital: Database, rules: Rules, now: datetime) -> None:
    queue(hospital, rules, now)
    _, last = fail(hospital, now)
    for channel, moment, may in (
        ("email", last + MINUTE - SECOND, False), ("email", last + MINUTE, True), ("ntfy", last + MINUTE, False),
    ):  # fmt: skip
        with hospital.reading() as session:
            assert may_probe(session, channel, now=moment) is may


def test_who_has_no_other_channel_waits_for_the_one_that_is_shut(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now, NotificationKind.DECISION)
    fail(hospital, now)
    later = now + HOUR + 16 * MINUTE
    with hospital.transaction("test") as session:
        assert pass_on(session, look(session, now=later), now=later) == 0
    assert [row.status for row in deliveries(hospital)] == [DeliveryStatus.QUEUED]


def test_a_probe_whose_sender_died_is_followed_by_another(hospital: Database, rules: Rules, now: datetime) -> None:
    for n in range(2):
        queue(hospital, rules, now, key=f"k{n}", person=("ana", "bo")[n])
    _, last = fail(hospital, now)

    class Killed(BaseException):
        pass

    def die(message: Message, to: Address) -> SendResult:
        raise Killed

    with pytest.raises(Killed):
        deliver(hospital, Recorder(die), last + MINUTE)
    after = last + MINUTE + PROBE_FOR
    assert deliver(hospital, Recorder(), after - SECOND) == Delivered()
    assert deliver(hospital, Recorder(), after) == Delivered(n_sent=1)


def test_three_days_of_outage_burn_no_tries_and_kill_nothing(hospital: Database, rules: Rules, now: datetime) -> None:
    for n in range(3):
        queue(hospital, rules, now, key=f"k{n}", person=("ana", "bo", "chen")[n])
    sender, moment = Recorder(always(DOWN)), now
    while moment < now + timedelta(days=3):
        deliver(hospital, sender, moment)
        moment += HOUR
    assert len(sender.sent) > 60
    rows = deliveries(hospital)
    assert {row.status for row in rows} == {DeliveryStatus.QUEUED}
    assert sum(row.n_attempts for row in rows) <= 1
    assert deliver(hospital, Recorder(), moment + HOUR).n_sent == 3
    numbers = [attempt.no for attempt in attempts(hospital) if attempt.delivery_id == rows[0].id]
    assert numbers == list(range(1, len(numbers) + 1)), "each attempt stays on record"
    hold(hospital, moment)


def test_a_bot_that_only_wants_to_be_left_alone_has_not_failed(hospital: Database, rules: Rules, now: datetime) -> None:
    queue(hospital, rules, now)
    deliver(hospital, Recorder(always(transient("20 a minute", down=True, free_at=now + MINUTE))), now)
    with hospital.reading() as session:
        assert look(session, now=now).troubled == frozenset()


def test_a_message_that_alone_breaks_a_working_channel_is_given_up_after_eight_tries(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now)
    sender, moment = Recorder(lambda message, to: DOWN if to.delivery_id == 1 else accepted()), now
    for n in range(8):
        assert deliveries(hospital)[0].status is DeliveryStatus.QUEUED
        deliver(hospital, sender, moment)
        queue(hospital, rules, moment, key=f"good-{n}", person="bo")
        deliver(hospital, sender, moment + 30 * SECOND)  # the other one is not due again yet
        moment += 7 * HOUR
    assert deliveries(hospital)[0].status is DeliveryStatus.DEAD


def test_what_is_urgent_goes_by_the_next_channel_after_an_hour_and_the_rest_waits(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    for person in ("ana", "bo"):
        set_channels(hospital, person, "email,ntfy", "ntfy=ward-3")
    queue(hospital, rules, now, NotificationKind.DECISION)
    queue(hospital, rules, now, person="bo")
    fail(hospital, now)
    sender = Recorder(lambda message, to: DOWN if to.channel == "email" else accepted())
    deliver(hospital, sender, now + HOUR - SECOND)
    assert "ntfy" not in [to.channel for _, to in sender.sent]
    deliver(hospital, sender, now + HOUR + 16 * MINUTE)
    first, second, waits = deliveries(hospital)
    assert (first.status, first.unheard) == (DeliveryStatus.DEAD, False)
    assert (second.status, second.channel) == (DeliveryStatus.SENT, "ntfy")
    assert (waits.status, waits.channel) == (DeliveryStatus.QUEUED, "email")
    hold(hospital, now)


def test_the_office_is_alarmed_once_and_by_another_channel(hospital: Database, rules: Rules, now: datetime) -> None:
    set_channels(hospital, "eva", "email,ntfy", "ntfy=office")
    queue(hospital, rules, now)
    _, last = fail(hospital, now)
    for moment in (last, last + SECOND):
        watch(hospital, rules=rules, now=moment, door="test")
    sender = Recorder(lambda message, to: DOWN if to.channel == "email" else accepted())
    deliver(hospital, sender, last + 2 * SECOND)
    [(message, to)] = sender.sent
    assert (to.channel, to.value) == ("ntfy", "office")
    assert "email" in message.text


def test_health_says_which_channel_is_shut_since_when_and_why(hospital: Database, rules: Rules, now: datetime) -> None:
    queue(hospital, rules, now)
    _, last = fail(hospital, now)
    with hospital.reading() as session:
        [found] = [one for one in examine(session, now=last) if one.key.startswith("shut-channel")]
    assert found.since == now
    assert "'email'" in found.text.en and "the mail server cannot be reached" in found.text.en
    deliver(hospital, Recorder(), last + MINUTE)
    with hospital.reading() as session:
        assert [one for one in examine(session, now=last) if one.key.startswith("shut-channel")] == []


def test_failures_of_senders_at_once_are_all_counted(hospital: Database, rules: Rules, now: datetime) -> None:
    from notifications.breaker import failed

    def count() -> None:
        with hospital.transaction("test") as session:
            failed(session, "email", why="down", now=now)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state(hospital).n_failed == 8


def test_a_second_try_keeps_to_the_sending_window_unless_it_is_urgent(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    evening = datetime(2026, 3, 6, 9, 59, 30, tzinfo=UTC)  # Friday, 17:59:30 in Shanghai
    queue(hospital, rules, evening, rung="")
    queue(hospital, rules, evening, key="urgent", person="bo", urgent=True)
    busy = voice(Recorder(always(transient("451 later"))), calendar=rules.calendar)
    deliver_due(hospital, voice=busy, now=lambda: evening, random=lambda: 0.0)
    waits, urgent = deliveries(hospital)
    assert waits.next_try_at == datetime(2026, 3, 9, 0, 0, tzinfo=UTC)
    assert urgent.next_try_at == evening + MINUTE


NOBODY = permanent("550 5.1.1 no such user", nobody=True)


def test_an_address_that_was_refused_for_ever_is_left_out_from_then_on(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    set_channels(hospital, "ana", "email,ntfy", "ntfy=ward-3")
    queue(hospital, rules, now, key="before")
    queue(hospital, rules, now + MINUTE, key="queued")
    sender = Recorder(lambda message, to: NOBODY if to.channel == "email" else accepted())
    assert deliver(hospital, sender, now) == Delivered(n_sent=1, n_dead=1)
    queue(hospital, rules, now, key="after")
    deliver(hospital, sender, now + MINUTE)
    assert [to.channel for _, to in sender.sent] == ["email", "ntfy", "ntfy", "ntfy"]
    with hospital.reading() as session:
        [found] = [one for one in examine(session, now=now + MINUTE) if one.key.startswith("refused-address")]
    assert "Ana Ferro" in found.text.en and "wardcycle person reach ana" in found.text.en
    with hospital.reading() as session:
        [left_out] = session.exec(select(Audit).where(col(Audit.what).like("person.%channel%"))).all()
    assert (left_out.entity, left_out.entity_id, left_out.after) == ("person", 1, '{"channel": "email"}')
    hold(hospital, now + MINUTE)


def test_a_new_address_is_tried_again_by_itself(hospital: Database, rules: Rules, now: datetime) -> None:
    queue(hospital, rules, now)
    deliver(hospital, Recorder(always(NOBODY)), now)
    with hospital.transaction("test") as session:
        session.execute(sa.text("UPDATE person SET email = 'new@hospital.test' WHERE slug = 'ana'"))
        session.execute(sa.text("UPDATE people_version SET n = n + 1"))
    queue(hospital, rules, now, key="after")
    sender = Recorder()
    assert deliver(hospital, sender, now) == Delivered(n_sent=1)
    assert sender.sent[0][1].value == "new@hospital.test"


def test_who_can_be_reached_by_no_channel_any_more_is_told_through_the_head_and_the_office_is_alarmed(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now, person="dee")
    queue(hospital, rules, now + MINUTE, person="dee", key="queued")
    deliver(hospital, Recorder(always(NOBODY)), now)
    queue(hospital, rules, now, key="after", person="dee")
    sender = Recorder()
    deliver(hospital, sender, now + MINUTE)
    assert sorted(to.value for _, to in sender.sent) == ["bo@hospital.test", "eva@hospital.test"]
    with hospital.reading() as session:
        first, queued, *_ = session.exec(select(Delivery).order_by(sa.text("id"))).all()
    assert [(row.status, row.unheard) for row in (first, queued)] == [(DeliveryStatus.DEAD, True)] * 2


def test_unknown_is_no_refusal_of_an_address(hospital: Database, rules: Rules, now: datetime) -> None:
    queue(hospital, rules, now)
    deliver(hospital, Recorder(always(unknown("no answer"))), now)
    with hospital.reading() as session:
        assert session.execute(sa.text("SELECT count(*) FROM suspended_address")).scalar_one() == 0
