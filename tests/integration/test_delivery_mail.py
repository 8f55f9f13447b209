"""E-mail by a real SMTP server that accepts, refuses, is slow, breaks off."""

import email
import email.policy
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.rules import Rules
from models.db import Database
from models.notification import AttemptOutcome, DeliveryStatus
from models.reads.suspended import list_suspended
from notifications.deliver import Delivered, deliver_due
from notifications.mailbox import count_mails
from notifications.sender import run_sender
from tests.places import make_hospital
from tests.voices import (
    Behaviour,
    attempts,
    deliveries,
    free_port,
    launch,
    mail_server,
    mail_voice,
    queue,
    wait_for_port,
)

A, D = AttemptOutcome, DeliveryStatus


@pytest.fixture
def hospital(database: Database) -> Database:
    make_hospital(database)
    return database


@pytest.mark.parametrize(
    ("behaviour", "outcome", "status", "why"),
    [
        (Behaviour(), A.ACCEPTED, D.SENT, "250 taken"),
        (Behaviour(at_rcpt="550 no such user"), A.PERMANENT, D.DEAD, "refuses the receiver: 550 no such user"),
        (Behaviour(at_rcpt="451 greylisted"), A.TRANSIENT, D.QUEUED, "refuses the receiver: 451 greylisted"),
        (Behaviour(at_data="554 looks like spam"), A.PERMANENT, D.DEAD, "refuses the mail: 554 looks like spam"),
        (Behaviour(at_data="452 disk full"), A.TRANSIENT, D.QUEUED, "refuses the mail: 452 disk full"),
        (Behaviour(slow_s=1.0), A.UNKNOWN, D.HELD, "handed over and no answer came: no answer in time"),
        (Behaviour(drop_after_data=True), A.UNKNOWN, D.HELD, "handed over and no answer came"),
        (Behaviour(password="right"), A.TRANSIENT, D.QUEUED, "does not accept user and password: 535"),
    ],
    ids=["accept", "550", "451", "554 data", "452 data", "slow", "drop after data", "wrong password"],
)
def test_what_the_mail_server_says_decides_what_becomes_of_the_message(
    hospital: Database,
    rules: Rules,
    now: datetime,
    behaviour: Behaviour,
    outcome: AttemptOutcome,
    status: DeliveryStatus,
    why: str,
) -> None:
    queue(hospital, rules, now)
    with mail_server(behaviour) as port:
        user = "ward" if behaviour.password else ""
        deliver_due(hospital, voice=mail_voice(port, timeout_s=0.5, user=user, password="wrong"), now=lambda: now)
    [attempt], [row] = attempts(hospital), deliveries(hospital)
    assert (attempt.outcome, row.status) == (outcome, status)
    assert why in attempt.why
    assert "wrong" not in attempt.why


def test_a_server_that_is_not_there_is_tried_again_later(hospital: Database, rules: Rules, now: datetime) -> None:
    queue(hospital, rules, now)
    deliver_due(hospital, voice=mail_voice(free_port()), now=lambda: now)
    [row] = deliveries(hospital)
    assert row.status is D.QUEUED
    assert "cannot be reached: [Errno 111] Connection refused" in row.why


def test_the_right_password_lets_mails_through(hospital: Database, rules: Rules, now: datetime) -> None:
    queue(hospital, rules, now)
    behaviour = Behaviour(password="right")
    with mail_server(behaviour) as port:
        voice = mail_voice(port, user="ward", password="right")
        assert deliver_due(hospital, voice=voice, now=lambda: now) == Delivered(n_sent=1)


def test_a_mail_has_both_forms_and_heads_that_thread_and_are_answered_by_no_machine(
    database: Database, rules: Rules, now: datetime
) -> None:
    launch(database, rules, now)
    behaviour = Behaviour()
    with mail_server(behaviour) as port:
        assert deliver_due(database, voice=mail_voice(port), now=lambda: now) == Delivered(n_sent=1)
    [envelope] = behaviour.got
    assert envelope.mail_from == "wardcycle@hospital.test"
    assert envelope.rcpt_tos == ["ana@hospital.test"]
    assert isinstance(envelope.content, bytes)
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert mail["Subject"].startswith("[C2026-0001] New task: Study the present state")
    assert mail["To"] == "ana@hospital.test"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["References"] == mail["In-Reply-To"] == "<C2026-0001.present-state@hospital.test>"
    assert mail["Message-ID"].startswith("<1.")
    assert mail["Date"].datetime == now
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "multipart/related"]
    page, stages = list(mail.iter_parts())[1].iter_parts()
    assert 'src="cid:progress"' in page.get_content() and 'alt="Plan: now, Do: to come' in page.get_content()
    assert stages["Content-ID"] == "<progress>" and stages.get_content().startswith(b"\x89PNG")
    assert mail.defects == []
    plain = mail.get_body(("plain",))
    assert plain is not None and "http://ward.test/cycles/C2026-0001" in plain.get_content()


def test_many_mails_share_one_connection_and_a_connection_that_died_is_made_anew(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    behaviour = Behaviour()
    with mail_server(behaviour) as port:
        voice = mail_voice(port)
        for n in range(30):
            queue(hospital, rules, now, key=f"k{n}")
        assert deliver_due(hospital, voice=voice, now=lambda: now) == Delivered(n_sent=30)
        assert behaviour.n_connections == 1
        sender = voice.sender.senders["email"]  # type: ignore[attr-defined]
        sender._plugin.relay._open.sock.shutdown(2)
        queue(hospital, rules, now, key="after")
        assert deliver_due(hospital, voice=voice, now=lambda: now) == Delivered(n_sent=1)
        assert behaviour.n_connections == 2


def test_one_refused_receiver_does_not_spoil_the_connection(hospital: Database, rules: Rules, now: datetime) -> None:
    behaviour = Behaviour(at_rcpt="550 no")
    with mail_server(behaviour) as port:
        voice = mail_voice(port)
        queue(hospital, rules, now, key="a")
        assert deliver_due(hospital, voice=voice, now=lambda: now) == Delivered(n_dead=1)
        behaviour.at_rcpt = ""
        queue(hospital, rules, now, key="b", person="bo")
        assert deliver_due(hospital, voice=voice, now=lambda: now) == Delivered(n_sent=1)
        assert behaviour.n_connections == 1


@pytest.mark.parametrize(
    ("said", "is_left_out"),
    [
        ("550 5.1.1 no such user", True),
        ("550 no such user", True),
        ("553 5.1.3 bad address", True),
        ("550 5.7.1 relaying denied", False),
        ("550 relay not permitted", False),
        ("552 5.2.2 mailbox full", False),
        ("450 4.1.1 not now", False),
    ],
)
def test_only_an_address_that_nobody_has_is_left_out_from_then_on(
    hospital: Database, rules: Rules, now: datetime, said: str, is_left_out: bool
) -> None:
    queue(hospital, rules, now)
    with mail_server(Behaviour(at_rcpt=said)) as port:
        deliver_due(hospital, voice=mail_voice(port), now=lambda: now)
    with hospital.reading() as session:
        assert [one.channel for one in list_suspended(session)] == ["email"] * is_left_out


@pytest.mark.parametrize("address", ["ana@hospital.test\r\nBcc: x@y", "Ana <ana@hospital.test>", "a@b, c@d", ""])
def test_what_is_no_bare_address_never_reaches_a_server(
    hospital: Database, rules: Rules, now: datetime, address: str
) -> None:
    import sqlalchemy as sa

    from models.people import Person

    queue(hospital, rules, now)
    with hospital.transaction("test") as session:
        session.execute(sa.update(Person).where(sa.column("slug") == "ana").values(email=address))
    behaviour = Behaviour()
    with mail_server(behaviour) as port:
        assert deliver_due(hospital, voice=mail_voice(port), now=lambda: now) == Delivered(n_dead=1)
    assert behaviour.got == []
    assert deliveries(hospital)[0].unheard


MAILBOX = """
import sys
from pathlib import Path
from notifications.mailbox import run_mailbox
run_mailbox(Path(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), stop=lambda: False)
"""


def test_a_thousand_mails_arrive_once_each(hospital: Database, rules: Rules, now: datetime, tmp_path: Path) -> None:
    for n in range(1000 // 50):
        _queue_many(hospital, rules, now, first=n * 50)
    port, folder = free_port(), tmp_path / "mailbox"
    child = subprocess.Popen([sys.executable, "-c", MAILBOX, str(folder), str(port)], cwd=Path.cwd())
    try:
        wait_for_port(port)
        assert deliver_due(hospital, voice=mail_voice(port), now=lambda: now) == Delivered(n_sent=1000)
        assert deliver_due(hospital, voice=mail_voice(port), now=lambda: now) == Delivered()
    finally:
        child.terminate()
        child.wait()
    heads = {
        mail.read_bytes().partition(b"Message-ID: ")[2].partition(b"\r\n")[0] for mail in (folder / "new").iterdir()
    }
    assert count_mails(folder) == len(heads) == 1000


def test_the_loop_sends_what_comes_beats_and_stops(hospital: Database, rules: Rules, now: datetime) -> None:
    behaviour, waits, latest = Behaviour(), [0], time.monotonic() + 30

    def wait(seconds: float) -> None:
        waits[0] += 1
        if waits[0] == 2:
            queue(hospital, rules, now + timedelta(seconds=2))
        time.sleep(0.02)
        assert time.monotonic() < latest

    with mail_server(behaviour) as port:
        run_sender(
            hospital,
            voice=mail_voice(port),
            now=lambda: now + timedelta(seconds=min(waits[0], 20)),
            stop=lambda: len(behaviour.got) == 1,
            wait=wait,
        )
    assert len(behaviour.got) == 1
    with hospital.reading() as session:
        from models.notification import Heartbeat

        assert session.get_one(Heartbeat, "sender").beat_at == now


def test_the_loop_waits_for_a_database_that_is_away_and_says_so_once(
    caplog: pytest.LogCaptureFixture, now: datetime, tmp_path: Path
) -> None:
    away, stopped = Database(f"sqlite:///{tmp_path}/nowhere/at-all.db"), threading.Event()
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            stopped.set()

    run_sender(away, voice=mail_voice(1), now=lambda: now, stop=stopped.is_set, wait=wait)
    assert waits == [5.0, 5.0, 5.0]
    assert [r.getMessage() for r in caplog.records if r.name == "notifications.sender"] == ["database away"]


def _queue_many(database: Database, rules: Rules, now: datetime, *, first: int) -> None:
    from engine.outbox import Note, tell
    from engine.people import directory
    from models.notification import NotificationKind

    with database.transaction("test") as session:
        ana = directory(session).person("ana").id
        notes = [Note(f"k{first + n}", NotificationKind.RECEIPT, ana, now, any_hour=True, rung="0h") for n in range(50)]
        tell(session, notes, rules=rules, now=now)
