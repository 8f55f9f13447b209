"""Leases: what a sender that died, froze or ran beside another leaves behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.rules import Rules
from models.db import Database
from models.notification import AttemptOutcome, DeliveryStatus, NotificationKind
from notifications.channels import Voice
from notifications.claim import LEASE
from notifications.deliver import Delivered, deliver_due
from notifications.letters import Letter
from notifications.render import Message, Renderer
from notifications.senders import Address, SendResult, accepted, unknown
from tests.invariants import hold
from tests.places import make_hospital
from tests.voices import SHANGHAI, Recorder, attempts, deliveries, queue, set_channels, voice

SECOND = timedelta(seconds=1)


class Killed(BaseException):
    """The process ends here."""


def die(message: Message, to: Address) -> SendResult:
    raise Killed


def deliver(database: Database, sender: Recorder, now: datetime) -> Delivered:
    return deliver_due(database, voice=voice(sender), now=lambda: now, random=lambda: 0.0)


@pytest.fixture
def hospital(database: Database) -> Database:
    make_hospital(database)
    return database


def test_a_sender_that_dies_while_sending_leaves_one_unknown_and_loses_none(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    for n in range(3):
        queue(hospital, rules, now, key=f"k{n}")
    with pytest.raises(Killed):
        deliver(hospital, Recorder(die), now)
    assert {row.status for row in deliveries(hospital)} == {DeliveryStatus.SENDING}
    sender = Recorder()
    assert deliver(hospital, sender, now + LEASE - SECOND) == Delivered()
    assert deliver(hospital, sender, now + LEASE) == Delivered(n_sent=2, n_held=1, n_retry=2)
    assert [row.status for row in deliveries(hospital)] == [
        DeliveryStatus.HELD,
        DeliveryStatus.SENT,
        DeliveryStatus.SENT,
    ]
    assert attempts(hospital)[0].outcome is AttemptOutcome.UNKNOWN
    assert deliveries(hospital)[0].unheard


def test_an_urgent_message_of_a_dead_sender_is_sent_again_as_a_possible_repeat(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now, NotificationKind.DECISION)
    with pytest.raises(Killed):
        deliver(hospital, Recorder(die), now)
    sender = Recorder()
    assert deliver(hospital, sender, now + LEASE) == Delivered(n_sent=1, n_retry=1)
    assert "Possible repeat" in sender.sent[0][0].text
    assert deliveries(hospital)[0].n_attempts == 2


def test_an_urgent_message_that_never_gets_an_answer_goes_to_the_next_channel_after_eight_tries(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    set_channels(hospital, "ana", "email,ntfy", "ntfy=ward-3")
    queue(hospital, rules, now, NotificationKind.DECISION)
    moment = now
    for _ in range(7):
        deliver(hospital, Recorder(lambda message, to: unknown("no answer in time")), moment)
        moment += timedelta(hours=6)
    with pytest.raises(Killed):
        deliver(hospital, Recorder(die), moment)
    sender = Recorder()
    assert deliver(hospital, sender, moment + LEASE) == Delivered(n_sent=1, n_dead=1)
    first, second = deliveries(hospital)
    assert (first.status, first.unheard, first.n_attempts) == (DeliveryStatus.DEAD, False, 8)
    assert (second.status, second.channel, second.rank) == (DeliveryStatus.SENT, "ntfy", 1)
    hold(hospital, moment)


def test_a_frozen_sender_that_wakes_after_its_lease_settles_nothing_but_an_acceptance_counts(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now)

    def freeze(message: Message, to: Address) -> SendResult:
        assert deliver(hospital, Recorder(), now + LEASE) == Delivered(n_held=1)
        return accepted("250 late")

    assert deliver(hospital, Recorder(freeze), now) == Delivered(n_sent=1)
    [row] = deliveries(hospital)
    assert (row.status, row.why, row.unheard) == (DeliveryStatus.SENT, "accepted late: 250 late", False)


def test_a_frozen_sender_does_not_disturb_the_one_that_took_over(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now, NotificationKind.ESCALATION)
    second = Recorder()

    def freeze(message: Message, to: Address) -> SendResult:
        assert deliver(hospital, second, now + LEASE) == Delivered(n_sent=1, n_retry=1)
        return accepted("250 late")

    assert deliver(hospital, Recorder(freeze), now) == Delivered()
    assert [row.status for row in deliveries(hospital)] == [DeliveryStatus.SENT]
    assert [attempt.outcome for attempt in attempts(hospital)] == [AttemptOutcome.UNKNOWN, AttemptOutcome.ACCEPTED]


def test_a_sender_that_is_asked_to_stop_puts_back_what_it_has_not_begun(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    for n in range(3):
        queue(hospital, rules, now, key=f"k{n}")
    sender = Recorder()
    deliver_due(hospital, voice=voice(sender), now=lambda: now, stop=lambda: len(sender.sent) > 0)
    assert [row.status for row in deliveries(hospital)] == [
        DeliveryStatus.SENT,
        DeliveryStatus.QUEUED,
        DeliveryStatus.QUEUED,
    ]
    assert deliver(hospital, sender, now) == Delivered(n_sent=2)


def test_two_senders_at_once_send_each_message_once(hospital: Database, rules: Rules, now: datetime) -> None:
    for n in range(60):
        queue(hospital, rules, now, key=f"k{n}")
    senders = [Recorder(), Recorder()]
    threads = [
        threading.Thread(
            target=deliver_due, args=(hospital,), kwargs={"voice": voice(sender), "now": lambda: now, "batch": 5}
        )
        for sender in senders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = [to.delivery_id for sender in senders for _, to in sender.sent]
    assert sorted(sent) == sorted({row.id for row in deliveries(hospital)})
    assert {row.status for row in deliveries(hospital)} == {DeliveryStatus.SENT}


CHILD = """
import sys, time
from datetime import datetime
from pathlib import Path
from models.db import Database
from notifications.deliver import deliver_due
from notifications.senders import accepted
from tests.voices import SHANGHAI, Recorder, voice

def answer(message, to):
    with open(sys.argv[3], "a") as log:
        log.write(f"{to.delivery_id}\\n")
    time.sleep(0.02)
    return accepted()

now = datetime.fromisoformat(sys.argv[2])
deliver_due(Database(sys.argv[1]), voice=voice(Recorder(answer)), now=lambda: now)
"""


def test_kill_9_loses_nothing_and_repeats_nothing_that_was_not_unknown(
    hospital: Database, database_url: str, rules: Rules, now: datetime, tmp_path: Path
) -> None:
    for n in range(20):
        queue(hospital, rules, now, key=f"k{n}")
    log = tmp_path / "sent"
    child = subprocess.Popen([sys.executable, "-c", CHILD, database_url, now.isoformat(), str(log)], cwd=Path.cwd())
    while not log.exists() or len(log.read_text().splitlines()) < 5:
        assert child.poll() is None
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    sender = Recorder()
    deliver(hospital, sender, now + LEASE)
    rows = deliveries(hospital)
    held = [row.id for row in rows if row.status is DeliveryStatus.HELD]
    assert len(held) <= 1
    assert all(row.status is DeliveryStatus.SENT for row in rows if row.id not in held)
    sent = [int(line) for line in log.read_text().split()] + [to.delivery_id for _, to in sender.sent]
    assert sorted({*sent, *held}) == [row.id for row in rows]
    assert len(sent) == len(set(sent))


@dataclass(frozen=True)
class Frozen(Renderer):
    """Writes a message as slowly as its process is frozen."""

    freeze: Callable[[], None] = lambda: None

    def write(self, letter: Letter) -> Message:
        self.freeze()
        return super().write(letter)


@pytest.mark.parametrize(
    ("frozen", "is_sent"), [(LEASE - SECOND, True), (LEASE, False), (timedelta(days=3), False), (-SECOND, False)]
)
def test_a_sender_frozen_before_its_send_sends_nothing_once_its_lease_is_over(
    hospital: Database, rules: Rules, now: datetime, frozen: timedelta, is_sent: bool
) -> None:
    queue(hospital, rules, now)
    clock, sender = [now], Recorder()
    spoken = Voice(Frozen(SHANGHAI, "", freeze=lambda: clock.append(now + frozen)), sender)
    deliver_due(hospital, voice=spoken, now=lambda: clock[-1], random=lambda: 0.0)
    assert len(sender.sent) == is_sent
    [attempt] = attempts(hospital)
    assert attempt.outcome is (AttemptOutcome.ACCEPTED if is_sent else AttemptOutcome.TRANSIENT)
    deliver(hospital, sender, now + timedelta(days=4))
    assert len(sender.sent) == 1
