"""Group bots in a real delivery: more messages than the vendor allows, and a bot that was taken out of its group."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest
import sqlalchemy as sa

from engine.rules import Rules
from models.db import Database
from models.notification import DeliveryStatus
from models.people import Person
from notifications.bot_sender import BotSender
from notifications.deliver import deliver_due
from notifications.senders import Channels
from tests.places import make_hospital
from tests.voices import Recorder, deliveries, http_server, queue, voice

D = DeliveryStatus


def answering(body: object) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        content = json.dumps(body).encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


@pytest.fixture
def hospital(database: Database) -> Database:
    make_hospital(database)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(sa.column("slug") == "ana").values(channels="group,email"))
        session.execute(sa.text("UPDATE people_version SET n = n + 1"))
    return database


def group(port: int) -> BotSender:
    return BotSender("group", "wecombot://key-1", f"http://127.0.0.1:{port}", (f"127.0.0.1:{port}",))


def test_what_is_over_the_limit_stays_in_the_queue_and_goes_later(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    for n in range(25):
        queue(hospital, rules, now, key=f"k{n}")
    with http_server(answering({"errcode": 0})) as (port, posted):
        speaking = voice(Channels({"group": group(port)}))
        deliver_due(hospital, voice=speaking, now=lambda: now)
        assert Counter(row.status for row in deliveries(hospital)) == {D.SENT: 20, D.QUEUED: 5}
        assert sum(row.n_attempts for row in deliveries(hospital)) == 21, "only the first one over the limit was tried"
        later = now + timedelta(minutes=2)
        deliver_due(hospital, voice=speaking, now=lambda: later)
    assert Counter(row.status for row in deliveries(hospital)) == {D.SENT: 25}
    assert len(posted) == 25


def test_a_bot_that_left_the_group_falls_back_to_the_next_channel(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    queue(hospital, rules, now)
    mail = Recorder()
    with http_server(answering({"errcode": 93000, "errmsg": "invalid webhook url"})) as (port, _):
        deliver_due(hospital, voice=voice(Channels({"group": group(port), "email": mail})), now=lambda: now)
    first, second = deliveries(hospital)
    assert (first.status, first.why) == (D.DEAD, "WeCom: 93000 invalid webhook url")
    assert (second.channel, second.status, len(mail.sent)) == ("email", D.SENT, 1)
