"""A child process for each channel: what it does when a message ends it, hangs it, or its parent goes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from engine.rules import Rules
from models.db import Database
from models.notification import AttemptOutcome, DeliveryStatus
from notifications.channels import Voice
from notifications.render import Message, Renderer
from notifications.sender import run_sender
from notifications.senders import Address
from notifications.workers import Workers
from tests.places import make_hospital
from tests.sent_apart import House, Obedient
from tests.voices import SHANGHAI, Behaviour, deliveries, http_server, mail_server, queue, set_channels


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "sent"


@pytest.fixture
def workers(log: Path) -> Iterator[Workers]:
    with Workers(Obedient(str(log)), deadline_s=30) as made:
        yield made


def ask(workers: Workers, text: str, channel: str = "email", delivery_id: int = 1) -> tuple[AttemptOutcome, str, bool]:
    to = Address(channel, "ana@hospital.test", "mark", "", datetime(2026, 3, 2).astimezone(), delivery_id)
    result = workers.send(Message("subject", text, "<p>html</p>"), to)
    return result.outcome, result.why, result.crashed


def is_gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def wait_until(true: object, seconds: float = 20) -> None:
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_one_child_sends_all_messages_of_a_channel_and_another_those_of_the_next(workers: Workers, log: Path) -> None:
    said = [ask(workers, "hello", channel)[1] for channel in ("email", "email", "ntfy")]
    assert said[0] == said[1] != said[2]
    assert f"by process {os.getpid()}" not in said
    assert set(workers.pids()) == {"email", "ntfy"}


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ("die", "the process that was sending it ended: exit code 7"),
        ("segfault", "the process that was sending it ended: signal 11 (SIGSEGV)"),
        ("leak", "the process that was sending it ended: exit code 86"),
    ],
)
def test_a_message_that_ends_its_child_is_unknown_and_the_next_one_goes_by_a_new_child(
    workers: Workers, log: Path, wish: str, why: str
) -> None:
    assert ask(workers, f"please {wish}") == (AttemptOutcome.UNKNOWN, why, True)
    assert ask(workers, "hello", delivery_id=2)[0] is AttemptOutcome.ACCEPTED
    assert log.read_text() == "2\n"


def test_an_error_of_the_sender_is_no_crash_and_its_words_stay_inside(workers: Workers) -> None:
    assert ask(workers, "please raise") == (AttemptOutcome.UNKNOWN, "the sender failed: RuntimeError", False)


def test_a_send_that_hangs_is_ended_at_the_deadline(log: Path) -> None:
    with Workers(Obedient(str(log)), deadline_s=1.0) as workers:
        ask(workers, "hello")
        pid, began = workers.pids()["email"], time.monotonic()
        outcome, why, crashed = ask(workers, "please hang")
        assert 1.0 <= time.monotonic() - began < 10
        assert (outcome, crashed) == (AttemptOutcome.UNKNOWN, True)
        assert why == "no answer within 1 s; the process that was sending it was ended"
        assert is_gone(pid)


def test_an_idle_child_leaves_and_the_next_message_is_sent_once_by_a_new_one(log: Path) -> None:
    with Workers(Obedient(str(log)), idle_s=0.2) as workers:
        ask(workers, "hello")
        first = workers.pids()["email"]
        wait_until(lambda: is_gone(first) and not workers.pids())
        assert ask(workers, "hello", delivery_id=2)[0] is AttemptOutcome.ACCEPTED
    assert log.read_text() == "1\n2\n"


def test_a_stop_ends_what_hangs_and_does_not_blame_the_message(log: Path) -> None:
    with Workers(Obedient(str(log)), deadline_s=60) as workers:
        ask(workers, "hello")
        pid = workers.pids()["email"]
        threading.Timer(0.5, workers.close).start()
        assert ask(workers, "please hang") == (
            AttemptOutcome.UNKNOWN,
            "the sender was stopped while the message was being sent",
            False,
        )
        assert is_gone(pid)
        assert ask(workers, "hello")[:2] == (AttemptOutcome.TRANSIENT, "the sender is stopping")


PARENT = """
import sys
from datetime import UTC, datetime
from notifications.render import Message, Renderer
from notifications.senders import Address
from notifications.workers import Workers
from tests.sent_apart import Obedient

workers = Workers(Obedient(sys.argv[1]))
to = Address("email", "ana@hospital.test", "mark", "", datetime.now(UTC), 1)
workers.send(Message("s", "hello", "h"), to)
print(workers.pids()["email"], flush=True)
workers.send(Message("s", "please hang", "h"), to)
"""


def test_kill_9_of_the_parent_leaves_no_child_even_while_it_hangs(log: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    wait_until(lambda: is_gone(pid), 5)


def test_a_webhook_that_hangs_delays_no_other_channel(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    set_channels(database, "bo", "hook")
    queue(database, rules, now, key="hangs", person="bo")
    behaviour, never, stopped = Behaviour(), threading.Event(), threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        never.wait(60)

    def rest(seconds: float) -> None:
        if len(behaviour.got) == 1 and len(posted) == 1:  # the webhook hangs, a first mail has gone
            _queue_more(database, rules, now)
        if len(behaviour.got) == 6:
            stopped.set()
        assert time.monotonic() < latest
        time.sleep(0.05)

    with http_server(answer) as (hook, posted), mail_server(behaviour) as port:
        queue(database, rules, now, key="first")
        latest = time.monotonic() + 30
        with Workers(House(port, hook), deadline_s=60) as workers:
            apart = Voice(Renderer(SHANGHAI), workers)
            began = time.monotonic()
            run_sender(database, voice=apart, now=lambda: now, stop=stopped.is_set, wait=rest, give_up=workers.close)
        assert time.monotonic() - began < 30  # the webhook would have taken 60
        never.set()
    rows = deliveries(database)
    assert [row.status for row in rows if row.channel == "email"] == [DeliveryStatus.SENT] * 6
    [held] = [row for row in rows if row.channel == "hook"]
    assert (held.status, held.n_crashes) == (DeliveryStatus.HELD, 0)


def _queue_more(database: Database, rules: Rules, now: datetime) -> None:
    if len(deliveries(database)) == 2:
        for n, person in enumerate(("ana", "chen", "dee", "eva", "feng")):
            queue(database, rules, now, key=f"more-{n}", person=person)


def test_sigterm_stops_the_sender_cleanly_even_while_a_mail_hangs(
    database: Database, database_url: str, rules: Rules, now: datetime, tmp_path: Path
) -> None:
    make_hospital(database)
    queue(database, rules, now)
    behaviour = Behaviour(slow_s=20)
    with mail_server(behaviour) as port:
        environ = os.environ | {
            "WARDCYCLE_DATABASE_URL": database_url,
            "WARDCYCLE_DATA_FOLDER": str(tmp_path / "data"),
            "WARDCYCLE_MAILBOX_SMTP_PORT": str(port),
        }
        sender = subprocess.Popen([sys.executable, "-m", "notifications"], env=environ, cwd=Path.cwd())
        wait_until(lambda: behaviour.got, 40)
        sender.terminate()
        assert sender.wait(8) == 0
    [row] = deliveries(database)
    assert (row.status, row.n_crashes) == (DeliveryStatus.HELD, 0)
    assert row.why == "the sender was stopped while the message was being sent"
