"""How somebody is told: chosen by the link of any message, on the command line, in the hospital's workbook."""

import email
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from engine.hospital import export_hospital, import_hospital
from engine.people import people_changed
from engine.preferences import (
    ChannelNotYours,
    LanguageUnknown,
    NotStoppable,
    Preferences,
    preferences_of,
    set_preferences,
)
from engine.rules import Rules
from models.db import Database
from models.notification import Notification
from models.people import Person, Rhythm
from notifications.mail import Head, build_mail
from notifications.render import Message
from tests.commands import Command
from tests.e2e.answering import Opened, Ward, ask, open_link
from tests.invariants import hold
from tests.places import make_hospital
from tests.walks import person_id

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
PLAIN = Preferences("en", ("email",), Rhythm.AT_ONCE, ())
CHOSEN = {"language": "zh", "digest": "daily", "channel-0": "email", "wants-closed": "1", "wants-deadline": "1",
          "wants-bulletin": "1"}  # fmt: skip


def own_links(ward: Ward, person: str) -> list[str]:
    return [link for text in ward.mails(person) for link in re.findall(r"https?://\S+/o/\S+", text)]


def of(database: Database, slug: str) -> Preferences:
    with database.reading() as session:
        return preferences_of(session.exec(select(Person).where(Person.slug == slug)).one())


def answered(ward: Ward) -> None:
    """Let dee hand her task over, so that both she and the lead get a receipt."""
    assert open_link(ward.links("dee")[0]).post(choice="acknowledge").status == 303


def opened(ward: Ward, person: str = "dee") -> Opened:
    return open_link(own_links(ward, person)[0])


def test_every_mail_carries_the_way_to_the_preferences_and_only_news_the_way_to_stop(ward: Ward) -> None:
    answered(ward)
    task, receipt = ward.mails("dee")
    assert "/o/" in task and "/stop" not in task
    assert "/stop" in receipt
    heads = [one.content for one in ward.box.got if one.rcpt_tos == ["dee@hospital.test"]]
    assert [re.findall(rb"List-Unsubscribe: <(\S+)>", head) for head in heads if isinstance(head, bytes)] == [
        [],
        [re.findall(r"https?://\S+/stop", receipt)[0].encode()],
    ]


def test_what_is_chosen_is_kept_and_audited_by_its_door(ward: Ward) -> None:
    page = opened(ward)
    assert page.post(**CHOSEN).status == 303
    assert of(ward.walk.database, "dee") == Preferences("zh", ("email",), Rhythm.DAILY, ("receipt",))
    [(door, who, after)] = ward.rows("SELECT door, by_id, after FROM audit WHERE what = 'person.preferences'")
    assert (door, who) == ("link", person_id(ward.walk.database, "dee"))
    assert json.loads(str(after)) == {"language": "zh", "channels": "email", "digest": "daily", "muted": "receipt"}
    said = ask(f"{page.page}?saved=1", cookie=page.cookie).body
    assert "已保存" in said
    assert page.post(**CHOSEN).status == 303
    assert len(ward.rows("SELECT id FROM audit WHERE what = 'person.preferences'")) == 1  # nothing changed


def test_reading_changes_nothing_however_often(ward: Ward) -> None:
    answered(ward)
    link = own_links(ward, "dee")[-1]
    before = ward.all_rows()
    for address in (link, link.removesuffix("/stop"), f"{link.removesuffix('/stop')}/stop"):
        for method in ("GET", "HEAD", "GET"):
            assert ask(address, method).status == 303
        assert open_link(address).again().status == 200
    assert ward.all_rows() == before


def test_one_button_stops_a_kind_and_receipts_stop_coming_but_stay_on_record(ward: Ward) -> None:
    answered(ward)
    [link] = [one for one in own_links(ward, "dee") if one.endswith("/stop")]
    page = open_link(link)
    assert page.post().status == 303
    assert of(ward.walk.database, "dee").stopped == ("receipt",)
    assert "<form" not in page.again().body
    ward.later(hours=1)
    n_mails = len(ward.mails("dee"))
    ward.walk.answer("photograph", "acknowledge", "dee", ward.clock.now)
    assert len(ward.mails("dee")) == n_mails
    stopped = ward.rows("SELECT status, settled_at IS NULL FROM delivery WHERE why = 'stopped by the person'")
    assert [(str(status), bool(open_)) for status, open_ in stopped] == [("dropped", False)]
    hold(ward.walk.database, ward.clock.now)


def test_the_button_of_a_mail_program_stops_a_kind_without_a_cookie_and_only_by_the_words_of_the_standard(
    ward: Ward,
) -> None:
    answered(ward)
    [link] = [one for one in own_links(ward, "dee") if one.endswith("/stop")]
    before = ward.all_rows()
    for fields in ({}, {"List-Unsubscribe": "yes"}, {"form": "x", "how": "stop"}):
        assert ask(link, "POST", fields=fields).status == 403
    for method in ("GET", "HEAD"):
        assert ask(link, method).status == 303
    ward_of_task = own_links(ward, "dee")[0]
    assert ask(f"{ward_of_task}/stop", "POST", fields=ONE_CLICK).status == 400  # what asks for an answer goes on
    assert ask(link.replace("/o/", "/o/x"), "POST", fields=ONE_CLICK).status == 404
    assert ward.all_rows() == before
    for _ in range(2):
        said = ask(link, "POST", fields=ONE_CLICK, headers={"Origin": "https://mail.test"})
        assert (said.status, said.body, said.cookie) == (204, "", "")
    assert of(ward.walk.database, "dee").stopped == ("receipt",)
    changes = ward.rows("SELECT door, by_id FROM audit WHERE what = 'person.preferences'")
    assert changes == [("link", person_id(ward.walk.database, "dee"))]


def test_the_head_names_the_button_only_where_mail_programs_take_it() -> None:
    head = Head("ward@hospital.test", "dee@hospital.test", datetime(2026, 3, 2, tzinfo=UTC), "mark")
    for stop, named in (("https://ward.test/o/x/stop", True), ("http://ward.test/o/x/stop", False), ("", False)):
        mail = email.message_from_bytes(build_mail(Message("s", "t", "<p>t</p>", stop=stop), head))
        assert (mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click") is named
        assert (mail["List-Unsubscribe"] is not None) is bool(stop)


def test_each_change_by_a_link_is_told_once_by_mail_and_cannot_be_stopped(ward: Ward) -> None:
    page = opened(ward)
    assert page.post(**CHOSEN).status == 303
    assert page.post(**CHOSEN).status == 303  # the same again is no change
    told = [text for text in ward.mails("dee") if "通知设置已更改" in text]
    assert len(told) == 1 and "语言：中文；频率：每天汇总；渠道：email；停收：回执" in told[0]
    assert "/o/" in told[0] and "/stop" not in told[0]
    ward.later(hours=1)
    assert page.post(**CHOSEN | {"language": "en", "wants-receipt": "1"}).status == 303
    [second] = [text for text in ward.mails("dee") if "How you are told was changed" in text]
    assert "language: English; how often: once a day; by: email; stopped: nothing" in second
    keys = ward.rows("SELECT key FROM notification WHERE kind = 'preferences' ORDER BY id")
    dee = person_id(ward.walk.database, "dee")
    assert keys == [(f"preferences:{dee}:1",), (f"preferences:{dee}:2",)]
    hold(ward.walk.database, ward.clock.now)


def test_what_the_office_changes_is_told_to_nobody(database: Database, now: datetime) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        ana = person_id(database, "ana")
        set_preferences(session, ana, Preferences("zh", (), Rhythm.DAILY, ()), by=None, now=now)
    with database.reading() as session:
        assert session.exec(select(Notification)).all() == []


def test_a_task_cannot_be_stopped_by_its_link(ward: Ward) -> None:
    link = own_links(ward, "dee")[0]
    entered = ask(f"{link}/stop")
    page = f"{ward.site}{entered.headers['Location']}"
    assert ask(page, cookie=entered.cookie).status == 303  # to the whole page instead
    form = ask(page.removesuffix("/stop"), cookie=entered.cookie).form
    refused = ask(page, "POST", cookie=entered.cookie, fields={"form": form})
    assert (refused.status, "cannot be stopped" in refused.body) == (400, True)
    assert of(ward.walk.database, "dee").stopped == ()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (CHOSEN | {"language": "xx"}, 422),
        (CHOSEN | {"channel-0": "wecom"}, 422),
        (CHOSEN | {"digest": "never"}, 303),  # what is not offered leaves the rhythm as it is
        (CHOSEN | {"form": "forged"}, 403),
    ],
)
def test_what_is_not_offered_is_not_taken(ward: Ward, fields: dict[str, str], status: int) -> None:
    page = opened(ward)
    assert page.post(**fields).status == status
    assert of(ward.walk.database, "dee").digest is Rhythm.AT_ONCE


def test_a_form_from_elsewhere_or_of_another_page_is_refused(ward: Ward) -> None:
    page, other = opened(ward), open_link(ward.links("dee")[0])
    before = ward.all_rows()
    assert page.post_with({"Sec-Fetch-Site": "cross-site"}, **CHOSEN).status == 403
    assert ask(page.page, "POST", cookie=other.cookie, fields=CHOSEN | {"form": other.form}).status == 403
    assert ask(page.page, "POST", fields=CHOSEN | {"form": page.form}).status == 403
    assert ask(page.page.replace("/own/", "/own/9"), cookie=page.cookie).status == 404
    assert ward.all_rows() == before


def test_a_link_to_the_preferences_answers_nothing_and_the_other_way_round(ward: Ward) -> None:
    own, answer = own_links(ward, "dee")[0], ward.links("dee")[0]
    assert ask(own.replace("/o/", "/a/")).status == 404
    assert ask(answer.replace("/a/", "/o/")).status == 404
    assert ask(own.replace("/o/", "/l/")).status == 404


def test_the_answer_page_leads_to_the_preferences(ward: Ward) -> None:
    page = open_link(ward.links("dee")[0])
    assert f"{page.page.removeprefix(ward.site)}/told" in page.said.body
    crossed = ask(f"{page.page}/told", cookie=page.cookie)
    assert crossed.status == 303
    assert ask(f"{ward.site}{crossed.headers['Location']}", cookie=crossed.cookie).form
    assert ask(f"{page.page}/told").status == 404


def test_channels_are_tried_in_the_order_chosen(database: Database, now: datetime) -> None:
    make_hospital(database)
    ana = person_id(database, "ana")
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(col(Person.slug) == "ana").values(addresses="ntfy=ana;bark=a"))
        people_changed(session)
        set_preferences(session, ana, Preferences("en", ("ntfy", "email", "ntfy"), Rhythm.AT_ONCE, ()), by=ana, now=now)
    assert of(database, "ana").channels == ("ntfy", "email")


@pytest.mark.parametrize(
    ("wanted", "refused"),
    [
        (Preferences("fr", (), Rhythm.AT_ONCE, ()), LanguageUnknown),
        (Preferences("en", ("ntfy",), Rhythm.AT_ONCE, ()), ChannelNotYours),
        (Preferences("en", (), Rhythm.AT_ONCE, ("reminder",)), NotStoppable),
    ],
)
def test_what_would_silence_somebody_is_refused(
    database: Database, now: datetime, wanted: Preferences, refused: type[Exception]
) -> None:
    make_hospital(database)
    with database.transaction("test") as session, pytest.raises(refused):
        set_preferences(session, person_id(database, "ana"), wanted, by=None, now=now)
    assert of(database, "ana") == PLAIN


def test_the_workbook_carries_the_preferences_there_and_back(database: Database, rules: Rules, tmp_path: Path) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        chosen = Preferences("en", (), Rhythm.WEEKLY, ("closed", "receipt"))
        set_preferences(session, person_id(database, "ana"), chosen, by=None, now=datetime.now(UTC))
        export_hospital(session, tmp_path / "h.xlsx")
    with database.transaction("test") as session:
        back = import_hospital(session, tmp_path / "h.xlsx", rules=rules, by=None, now=datetime.now(UTC))
        assert back.n_written == 0
    assert of(database, "ana").stopped == ("receipt", "closed")


def test_the_command_line_shows_and_changes_what_is_named_and_nothing_else(
    command: Command, database: Database
) -> None:
    assert command.json("person", "show", "ana")["digest"] == "at-once"
    said = command.json("person", "set", "ana", "--digest", "weekly", "--stop", "closed")
    assert said == {"person": "ana", "language": "en", "channels": ["email"], "digest": "weekly", "stopped": ["closed"]}
    assert command.json("person", "set", "ana", "--stop", "")["stopped"] == []
    assert of(database, "ana").digest is Rhythm.WEEKLY
    assert "cannot be stopped" in command("person", "set", "ana", "--stop", "reminder", code=1).err
    assert "no channel" in command("person", "set", "ana", "--channels", "ntfy", code=1).err
