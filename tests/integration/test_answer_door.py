"""The door of the links: a robot, a stranger, a late-comer and a forger can do nothing; nothing leaks."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from fastapi import APIRouter
from sqlmodel import select
from starlette.routing import Route

from config.settings import Settings
from engine.launch import Launch, launch_cycle
from engine.leaving import leave
from engine.rules import Rules
from models.db import Database
from models.links import AnswerLink
from models.notification import Notification, NotificationKind
from notifications.channels import personal_channels, voice_of
from notifications.links import ANSWER, COOKIE_LIVES, DECIDE, LIVES, Seals, add_links
from tests.chaos.sizes import size
from tests.e2e.answering import ANSWERS, Ward, ask, open_link, ward_at_work
from tests.voices import queue
from web.access import Policy
from web.app import ROUTERS
from web.routes import MAY_WRITE, UnlistedForm, post_form
from web.site import Site, environment

SAFE = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


LINKS = size(30, 1_000)


def test_a_robot_that_opens_many_links_and_presses_every_form_changes_nothing(ward: Ward, rules: Rules) -> None:
    task_id = ward.walk.task_id("photograph")
    for number in range(LINKS // 2 - 1):
        for kind in (NotificationKind.ASSIGNED, NotificationKind.ESCALATION):
            key = f"robot:{kind.value}:{number}"
            queue(ward.walk.database, rules, ward.clock.now, kind, key=key, person="dee", task_id=task_id)
    links = all_links(ward)
    assert len(links) >= LINKS - 1
    before = ward.all_rows()
    for number, link in enumerate(links):
        prefetch = {"Sec-Purpose": "prefetch", "Purpose": "prefetch"} if number % 2 else {}
        assert ask(link, "HEAD", headers=prefetch).status == 303
        entered = ask(link, headers=prefetch)
        page = urlsplit(link)._replace(path=entered.headers["Location"]).geturl()
        assert ask(link, "POST", fields={"choice": "acknowledge"}).status == 405
        said = ask(page, cookie=entered.cookie)
        assert " checked" not in said.body and " selected" not in said.body
        for path in ("", "/proof", *(("/receipt", "/undo") if "/answer/" in page else ())):
            ask(page + path, "HEAD", cookie=entered.cookie)
            for fields in ({"form": said.form or "x"} | DEFAULTS, {}):
                assert ask(page + path, "POST", cookie=entered.cookie, fields=fields).status in (403, 405, 422, 409)
            assert ask(page + path, "POST", fields={"choice": "acknowledge", "undo": "yes"}).status in (403, 405)
    assert ward.all_rows() == before


DEFAULTS = {"note": "", "until": "", "to": "", "other": "", "code": "", "answer": "1", "about": "1"}


def all_links(ward: Ward) -> list[str]:
    """Sign the links of everything that was told to dee, as the messages would carry them: no digest hides any."""
    seals = Seals(ward.settings)
    with ward.walk.database.transaction("test") as session:
        told = session.exec(select(Notification).where(Notification.task_id == ward.walk.task_id("photograph"))).all()
        tokens = add_links(session, [one.id for one in told], now=ward.clock.now)
    made = []
    for one in told:
        what, path = (DECIDE, "d") if one.kind is NotificationKind.ESCALATION else (ANSWER, "a")
        made.append(f"{ward.site}/{path}/{seals.sign(tokens[one.id], what)}")
    return made


def test_a_form_from_elsewhere_is_refused(ward: Ward) -> None:
    opened = open_link(ward.links("dee")[0])
    before = ward.all_rows()
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ):
        assert opened.post_with(headers, choice="acknowledge").status == 403
    assert replace(opened, form="").post(choice="acknowledge").status == 403
    assert replace(opened, form=opened.form[:-2]).post(choice="acknowledge").status == 403
    assert replace(opened, form="\u2603").post(choice="acknowledge").status == 403
    # The token of another visit belongs to another cookie.
    other = open_link(ward.links("dee")[0])
    assert replace(opened, form=other.form).post(choice="acknowledge").status == 403
    assert ward.all_rows() == before
    assert opened.post_with({"Origin": "null"}, choice="acknowledge").status == 303


def test_unknown_expired_revoked_and_foreign_links_all_answer_alike(ward: Ward, now: datetime) -> None:
    link = ward.links("dee")[0]
    opened, said = open_link(link), []
    base, token = link.rsplit("/", 1)
    for bad in (token[:-3] + "abc", "x", "a.b.c", Seals(ward.settings).sign("made-up"), "%E2%98%83", token * 3):
        said.append(ask(f"{base}/{bad}"))
    ward.clock.now = now + LIVES - timedelta(seconds=1)
    assert ask(link).status == 303
    ward.clock.now = now + LIVES
    said += [ask(link), opened.again()]
    ward.clock.now = now
    number = opened.page.rsplit("/", 1)[1]
    # A cookie of one page opens no other.
    said.append(ask(opened.page.removesuffix(number) + "999", cookie=opened.cookie.replace(f"_{number}=", "_999=")))
    said.append(ask(opened.page))
    with ward.walk.database.transaction("test") as session:
        session.execute(sa.update(AnswerLink).values(revoked_at=now))
    said += [ask(link), opened.again(), ask(f"{opened.page}/receipt", cookie=opened.cookie)]
    assert {one.status for one in said} == {404}
    pages = {one.body.replace("9 Mar", "").split("<main")[1].split("</main")[0] for one in said}
    assert len(pages) == 1
    assert "opens nothing" in pages.pop()
    assert opened.post(choice="acknowledge").status == 404
    assert ward.rows(ANSWERS) == []


def test_two_messages_in_two_tabs_do_not_mix(ward: Ward, rules: Rules, now: datetime) -> None:
    with ward.walk.database.transaction("test") as session:
        launch_cycle(session, Launch(template="pdca", unit="ward-3", lead="dee"), rules=rules, by=None, now=now)
    first, second = (open_link(link) for link in ward.links("dee"))
    both = f"{first.cookie}; {second.cookie}"
    assert replace(first, cookie=both, form=second.form).post(choice="acknowledge").status == 403
    assert replace(first, cookie=both).post(choice="acknowledge").status == 303
    assert ward.rows("SELECT task_id FROM answer") == [(ward.walk.task_id("photograph"),)]


def test_the_page_closes_after_two_hours_and_the_link_opens_it_again(ward: Ward) -> None:
    link = ward.links("dee")[0]
    opened = open_link(link)
    ward.later(seconds=COOKIE_LIVES.total_seconds() - 1)
    assert opened.again().status == 200
    ward.later(seconds=1)
    assert (opened.again().status, opened.post(choice="acknowledge").status) == (404, 403)
    assert open_link(link).post(choice="acknowledge").status == 303


def test_the_links_of_somebody_who_leaves_open_nothing_any_more(ward: Ward, rules: Rules, now: datetime) -> None:
    link = ward.links("dee")[0]
    with ward.walk.database.transaction("test") as session:
        leave(session, "dee", to="gao", on=now.date(), rules=rules, by=None, why="moved", now=now)
    assert ask(link).status == 404
    assert ward.rows("SELECT COUNT(*) FROM answer_link WHERE revoked_at IS NULL") == [(0,)]
    assert open_link(ward.links("gao")[-1]).post(choice="acknowledge").status == 303


def test_too_many_bad_links_are_refused_for_a_while_and_a_good_one_still_opens(ward: Ward) -> None:
    link = ward.links("dee")[0]
    bad = link.rsplit("/", 1)[0] + "/guess"
    assert [ask(bad).status for _ in range(32)] == [404] * 30 + [429] * 2
    assert ask(link).status == 303
    ward.later(minutes=10)
    assert ask(bad).status == 404


def test_every_message_has_one_link_however_often_it_is_sent(ward: Ward) -> None:
    ward.box.at_data = "451 later"
    ward.deliver()
    first = ward.rows("SELECT token FROM answer_link ORDER BY id")
    ward.box.at_data = ""
    ward.later(minutes=2)
    assert len(ward.links("dee")) == 1
    assert ward.rows("SELECT token FROM answer_link ORDER BY id") == first
    assert Seals(ward.settings).token(ward.links("dee")[0].rsplit("/", 1)[1]) == first[0][0]


def test_only_the_person_asked_gets_a_link_that_answers_or_decides(ward: Ward) -> None:
    open_link(ward.links("dee")[0]).post(choice="acknowledge")
    ward.clock.now = datetime.fromisoformat("2026-03-10T02:00:00+00:00")
    ward.walk.sweep(ward.clock.now)
    ward.deliver()
    # bo is asked to decide, ana hears of it: neither of them answers in the owner's name.
    assert [link for person in ("bo", "ana") for link in ward.links(person)] == []
    assert (len(ward.desks("bo")), len(ward.desks("ana")), len(ward.desks("dee"))) == (1, 0, 0)
    assert len(ward.mails("ana")) > 0


def test_a_channel_that_a_group_reads_gets_no_link(rules: Rules) -> None:
    shipped = dict(rules.catalogue.channels)
    mail = shipped["email"]
    ntfy = mail.model_copy(update={"url": "ntfys://ntfy.sh/{address}"})
    own = ntfy.model_copy(update={"personal": True})
    bot = mail.model_copy(update={"url": "wecombot://key", "personal": True})
    assert personal_channels({"email": mail, "topic": ntfy, "own": own, "group": bot}) == {"email", "own"}
    assert voice_of(Settings(), rules.catalogue).personal >= {"email"}


def test_an_old_key_still_opens_and_a_key_taken_away_opens_nothing(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    with ward_at_work(database, rules, tmp_path, now, secret_keys="f" * 32) as ward:
        link = ward.links("dee")[0]
        signed = link.rsplit("/", 1)[1]
    token = Seals(ward.settings).token(signed)
    assert token
    rotated, gone = (Settings.model_validate({"secret_keys": keys}) for keys in (f"{'s' * 32},{'f' * 32}", "s" * 32))
    assert Seals(rotated).token(signed) == token
    assert Seals(gone).token(signed) is None
    assert Seals(gone).token(Seals(rotated).sign(token)) == token


def test_the_key_lies_outside_of_the_database_where_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path / "data")
    signed = Seals(settings).sign("token")
    file = tmp_path / "data/secret.key"
    assert (file.stat().st_mode & 0o777, [one.name for one in file.parent.iterdir()]) == (0o600, ["secret.key"])
    assert Seals(settings).token(signed) == "token"
    file.write_text("n" * 32 + "\n" + file.read_text())
    assert Seals(settings).token(signed) == "token"
    assert Seals(settings).sign("token") != signed


@pytest.mark.parametrize("spoilt", ["", "short\n", "é" * 32])
def test_a_spoilt_key_closes_the_pages_and_messages_go_without_a_link(ward: Ward, spoilt: str) -> None:
    (ward.settings.data_folder / "secret.key").write_text(spoilt)
    assert ["/a/" in text for text in ward.mails("dee")] == [False]
    refused = ask(f"{ward.site}/a/some.thing", headers={"Accept-Language": "zh"})
    assert (refused.status, "WARDCYCLE_SECRET_KEYS" in refused.body) == (503, True)


def test_no_answer_of_the_pages_may_be_kept_framed_or_referred_to(ward: Ward) -> None:
    link = ward.links("dee")[0]
    opened = open_link(link)
    entered = ask(link)
    cookie = entered.headers["Set-Cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=lax", "path=/answer/", "max-age=7200"))
    for said in (
        entered,
        opened.said,
        opened.post(),
        ask(f"{opened.page}/receipt", cookie=opened.cookie),
        ask(link + "x"),
    ):
        assert {name: said.headers[name] for name in SAFE} == SAFE
        policy = said.headers["Content-Security-Policy"]
        assert "form-action 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert link.rsplit("/", 1)[1] not in said.body


def test_no_token_stands_in_any_log(ward: Ward, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("uvicorn").propagate = True
    access = logging.getLogger("uvicorn.access")
    access.addHandler(caplog.handler)
    with caplog.at_level(logging.DEBUG):
        link = ward.links("dee")[0]
        open_link(link).post(choice="acknowledge")
        ask(f"{link}x?y=1")
    access.removeHandler(caplog.handler)
    # The mail server of the tests writes down every mail it gets; it is none of ours.
    lines = [record.getMessage() for record in caplog.records if not record.name.startswith("mail.")]
    assert any("/a/***" in line for line in lines)
    token = link.rsplit("/", 1)[1]
    row = str(ward.rows("SELECT token FROM answer_link")[0][0])
    assert [line for line in lines if token[:20] in line or row in line] == []


def test_only_the_listed_routes_take_anything_but_reading(ward: Ward) -> None:
    rules = ward.walk.rules
    site = Site(ward.walk.database, ward.settings, rules.catalogue, rules.calendar, ward.clock, environment())
    routes = [route for part in ROUTERS for route in part.pages(site).routes if isinstance(route, Route)]
    writing = {route.path for route in routes if set(route.methods or ()) - {"GET", "HEAD"}}
    assert writing == MAY_WRITE
    assert len(routes) > 8
    with pytest.raises(UnlistedForm):
        post_form(APIRouter(), "/cycles/{code}", policy=Policy.READER)
