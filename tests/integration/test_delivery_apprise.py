"""Any other channel, by Apprise, to a real HTTP server: what it answers decides, and no secret is ever shown."""

import json
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest
import sqlalchemy as sa

from engine.rules import Rules
from models.audit import Audit
from models.channel_state import ChannelState
from models.db import Database
from models.notification import AttemptOutcome, DeliveryStatus
from models.people import Person
from notifications import door
from notifications.deliver import deliver_due
from notifications.door import AppriseSender
from notifications.senders import Channels
from tests.places import make_hospital
from tests.voices import attempts, deliveries, free_port, http_server, queue, voice

SECRET = "s3cretKanarienvogel"
A, D = AttemptOutcome, DeliveryStatus


def status(code: int, **heads: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in heads.items():
            request.send_header(name, value)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def too_slow(request: BaseHTTPRequestHandler) -> None:
    time.sleep(0.6)
    status(200)(request)


def break_off(request: BaseHTTPRequestHandler) -> None:
    request.connection.close()
    request.close_connection = True


@pytest.fixture
def hospital(database: Database) -> Database:
    make_hospital(database)
    with database.transaction("test") as session:
        ntfy = {"channels": "hook", "addresses": "hook=ward-3"}
        session.execute(sa.update(Person).where(sa.column("slug") == "ana").values(ntfy))
        session.execute(sa.text("UPDATE people_version SET n = n + 1"))
    return database


def deliver_by(
    database: Database, port: int, now: datetime, *, permitted: bool = True, path: str = "{address}"
) -> None:
    url = f"json://ward:{SECRET}@127.0.0.1:{port}/{path}?-key={SECRET}"
    sender = AppriseSender("hook", url, (f"127.0.0.1:{port}",) if permitted else ())
    deliver_due(database, voice=voice(Channels({"hook": sender})), now=lambda: now)


@pytest.mark.parametrize(
    ("answer", "outcome", "row_status"),
    [
        (status(200), A.ACCEPTED, D.SENT),
        (status(404), A.PERMANENT, D.DEAD),
        (status(403), A.PERMANENT, D.DEAD),
        (status(429), A.TRANSIENT, D.QUEUED),
        (status(500), A.TRANSIENT, D.QUEUED),
        (status(302, Location="http://127.0.0.1:1/stolen"), A.TRANSIENT, D.QUEUED),
        (too_slow, A.UNKNOWN, D.HELD),
        (break_off, A.UNKNOWN, D.HELD),
    ],
    ids=["200", "404", "403", "429", "500", "redirect", "slow", "breaks off"],
)
def test_what_the_service_answers_decides_and_no_secret_shows(
    hospital: Database,
    rules: Rules,
    now: datetime,
    answer: Callable[[BaseHTTPRequestHandler], None],
    outcome: AttemptOutcome,
    row_status: DeliveryStatus,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(door, "ANSWER_S", 0.3)
    caplog.set_level(logging.DEBUG)
    queue(hospital, rules, now)
    with http_server(answer) as (port, posted):
        deliver_by(hospital, port, now)
    [attempt], [row] = attempts(hospital), deliveries(hospital)
    assert (attempt.outcome, row.status) == (outcome, row_status)
    assert len(posted) == 1
    assert posted[0][0].startswith("/ward-3?")
    assert json.loads(posted[0][1])["title"] == "[wardcycle] Receipt:"
    with hospital.reading() as session:
        trail = [row.after + row.why for row in session.execute(sa.select(Audit)).scalars()]
    for shown in (attempt.why, row.why, caplog.text, *trail):
        assert SECRET not in shown


@pytest.mark.parametrize(("code", "n_failed"), [(404, 0), (408, 0), (429, 0), (500, 5), (502, 5), (503, 5)])
def test_a_service_whose_server_is_in_trouble_is_left_alone_after_the_fifth_answer(
    hospital: Database, rules: Rules, now: datetime, code: int, n_failed: int
) -> None:
    queue(hospital, rules, now)
    with http_server(status(code)) as (port, posted):
        for minutes in range(0, 40, 7):
            deliver_by(hospital, port, now + timedelta(minutes=minutes))
        with hospital.reading() as session:
            failing = [row.n_failed for row in session.execute(sa.select(ChannelState)).scalars()]
    if n_failed:
        assert (failing[0] >= n_failed, len(posted)) == (True, failing[0])
    else:
        assert failing == []


def test_a_service_that_is_not_there_is_tried_again_later(hospital: Database, rules: Rules, now: datetime) -> None:
    queue(hospital, rules, now)
    deliver_by(hospital, free_port(), now)
    [attempt] = attempts(hospital)
    assert attempt.outcome is A.TRANSIENT
    assert SECRET not in attempt.why


def test_a_channel_may_not_reach_into_the_own_network_unless_the_setting_says_so(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now)
    with http_server(status(200)) as (port, posted):
        deliver_by(hospital, port, now, permitted=False)
    assert posted == []
    [row] = deliveries(hospital)
    assert (row.status, row.unheard) == (D.DEAD, True)
    assert "not among channel_hosts" in row.why


def test_a_person_without_an_address_on_the_channel_is_said_to_have_none(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    with hospital.transaction("test") as session:
        session.execute(sa.update(Person).where(sa.column("slug") == "ana").values(addresses="other=1"))
    queue(hospital, rules, now)
    with http_server(status(200)) as (port, posted):
        deliver_by(hospital, port, now)
    assert posted == []
    assert deliveries(hospital)[0].why == "no address for the channel hook"


@pytest.mark.parametrize("address", ["../admin", "a?x=1", "a%2Fb", "a b", ".."])
def test_an_address_that_would_change_the_place_is_refused(
    hospital: Database, rules: Rules, now: datetime, address: str
) -> None:
    with hospital.transaction("test") as session:
        session.execute(sa.update(Person).where(sa.column("slug") == "ana").values(addresses=f"hook={address}"))
    queue(hospital, rules, now)
    with http_server(status(200)) as (port, posted):
        deliver_by(hospital, port, now)
    assert posted == []
    assert deliveries(hospital)[0].status is D.DEAD


def test_a_channel_that_nobody_configured_is_no_way(hospital: Database, rules: Rules, now: datetime) -> None:
    queue(hospital, rules, now)
    deliver_due(hospital, voice=voice(Channels({}, {"hook": "The channel 'hook' cannot be used"})), now=lambda: now)
    assert [(row.status, row.why) for row in deliveries(hospital)] == [(D.DEAD, "The channel 'hook' cannot be used")]
