"""The page of the channels: for the quality office, with a test message that never keeps anybody waiting."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from config.words import Text
from engine.rules import Rules
from models.audit import Audit
from models.db import Database
from models.notification import AttemptOutcome
from notifications.added import GivenChannel, add_channel
from notifications.links import read_keys
from notifications.sealed import Lock
from notifications.senders import SendResult, accepted
from notifications.trial import MOST_A_MINUTE, MOST_AT_ONCE, TooManyTrials, Turnstile, in_time
from tests.integration.test_channel_contract import say
from tests.integration.test_channels_added import CANARY
from tests.places import make_hospital
from tests.visitors import Pages, pages_of
from tests.voices import http_server


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened


def add(pages: Pages, url: str, base_url: str = "", slug: str = "group") -> None:
    with pages.database.transaction("test") as session:
        wanted = GivenChannel(slug, Text("Ward group <b>", "病区群"), url, base_url)
        add_channel(session, wanted, lock=Lock(read_keys(pages.settings)), by=None, now=pages.now)


def trials(pages: Pages) -> list[tuple[str, str]]:
    with pages.database.reading() as session:
        rows = session.execute(sa.select(Audit).where(sa.text("what = 'channel.test'")).order_by(sa.text("id")))
        return [(row.outcome, row.why) for row in rows.scalars()]


def test_the_office_sees_the_channels_and_nobody_sees_their_addresses(pages: Pages) -> None:
    add(pages, f"json://ward:{CANARY}@hook.test/{CANARY}")
    office = pages.logged_in("eva")
    for language, word in (("en", "Channels"), ("zh", "渠道")):
        page = office.get(f"/channels?lang={language}")
        assert page.status == 200 and word in page.body and CANARY not in page.body
        assert "Ward group <b>" not in page.body
        assert len(page.body) < 100_000
    assert pages.logged_in("ana").get("/channels").status == 404
    assert pages.visitor().get("/channels").status in (303, 401)


def test_the_vendors_own_error_is_shown_with_what_to_do(pages: Pages) -> None:
    with http_server(say(200, {"errcode": 310000, "errmsg": f"sign not match {CANARY}"})) as (port, posted):
        # A host of the own network is not permitted here: that is said, and nothing is sent.
        add(pages, f"dingtalk://{CANARY}?secret={CANARY}", f"http://127.0.0.1:{port}")
        office = pages.logged_in("eva")
        page = office.get("/channels?lang=en")
        said = office.post("/channels?lang=en", {"form": page.form, "channel": "group"})
    assert said.status == 200 and posted == []
    assert "not among channel_hosts" in said.body and "WARDCYCLE_CHANNEL_HOSTS" in said.body
    assert CANARY not in said.body
    [(outcome, why)] = trials(pages)
    assert outcome == "permanent" and "own network" in why
    assert "Last error" in office.get("/channels?lang=en").body


def test_only_the_offices_own_form_sends(pages: Pages) -> None:
    add(pages, f"wecombot://{CANARY}", "http://127.0.0.1:9")
    office, owner = pages.logged_in("eva"), pages.logged_in("ana")
    form = office.get("/channels").form
    given = {"form": form, "channel": "group"}
    assert office.post("/channels", {"channel": "group"}).status == 403
    assert office.post("/channels", given, Origin="http://elsewhere.test").status == 403
    assert owner.post("/channels", given).status == 404
    assert pages.visitor().post("/channels", given).status in (303, 401, 403)
    assert office.get("/channels").status == 200 and trials(pages) == []
    assert office.post("/channels", given).status == 200 and len(trials(pages)) == 1


@pytest.mark.parametrize(
    ("channel", "to", "said"),
    [("nothing", "", "There is no channel"), ("email", "", "needs an address"), ("", "", "no")],
)
def test_what_cannot_be_tested_is_said_on_the_page(pages: Pages, channel: str, to: str, said: str) -> None:
    office = pages.logged_in("eva")
    page = office.get("/channels?lang=en")
    answer = office.post("/channels?lang=en", {"form": page.form, "channel": channel, "to": to})
    assert (answer.status, said in answer.body, trials(pages)) == (422, True, [])


def test_a_lost_key_is_said_and_the_page_still_opens(pages: Pages) -> None:
    with pages.database.transaction("test") as session:
        wanted = GivenChannel("group", Text("g", "群"), f"wecombot://{CANARY}")
        add_channel(session, wanted, lock=Lock(("a-key-that-is-gone",)), by=None, now=pages.now)
    page = pages.logged_in("eva").get("/channels?lang=en")
    assert page.status == 200 and "its address was sealed with is gone" in page.body


def test_a_test_that_hangs_is_left_alone_at_its_deadline() -> None:
    def hang() -> SendResult:
        time.sleep(0.5)
        return accepted()

    began = time.monotonic()
    result = in_time(hang, deadline_s=0.05)
    assert (result.outcome, time.monotonic() - began < 0.4) == (AttemptOutcome.UNKNOWN, True)
    assert in_time(accepted, deadline_s=5.0) == accepted()


def test_few_tests_run_a_minute_and_at_once(now: datetime) -> None:
    turnstile = Turnstile()
    for _ in range(MOST_A_MINUTE):
        assert turnstile.run(accepted, now=now) == accepted()
    with pytest.raises(TooManyTrials):
        turnstile.run(accepted, now=now + timedelta(seconds=59))
    assert turnstile.run(accepted, now=now + timedelta(seconds=60)) == accepted()
    busy = Turnstile()

    def inner(depth: int) -> SendResult:
        return busy.run(lambda: inner(depth - 1), now=now) if depth else accepted()

    assert inner(MOST_AT_ONCE) == accepted()
    nested: list[bool] = []

    def refused() -> SendResult:
        with pytest.raises(TooManyTrials):
            busy.run(accepted, now=now)
        nested.append(True)
        return accepted("full")

    result = busy.run(lambda: busy.run(refused, now=now), now=now)
    assert (replace(result, why=""), nested) == (accepted(), [True])
