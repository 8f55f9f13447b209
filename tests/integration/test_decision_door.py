"""The door of decisions: who they wait for, what proves who decides, what a link alone cannot do."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from config.words import Text
from engine.people import directory, people_changed
from engine.proof import ProofNeeded
from engine.rules import Rules
from engine.stages import approve_stage
from models.db import Database
from models.people import Absence, Person
from models.task import TaskStatus
from notifications.added import GivenChannel, add_channel
from notifications.links import Seals, read_keys
from notifications.sealed import Lock
from tests.e2e.answering import Ward, ask, open_link, ward_at_work
from tests.e2e.deciding import Desk, desk, give_phone, log_in, newest_code, with_phone
from tests.invariants import hold
from tests.walks import stage, task, template
from web.security import hidden

FOUR = template(
    stage(
        "work",
        task("a", remind=["-3wd", "0wd"]),
        task("b", accept=True),
        task("c"),
        task("d", after=["c"]),
        task("e", owner="lead"),
        gate="do",
    ),
    stage("next", task("f", owner="lead")),
)
DOORS = "SELECT DISTINCT door FROM audit WHERE what = 'decision.end' AND door <> 'test'"


@pytest.fixture
def office(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Ward]:
    with ward_at_work(database, with_phone(rules), tmp_path, now, FOUR) as opened:
        give_phone(opened, "ana", "bo")
        yield opened


def ask_three(ward: Ward, now: datetime) -> None:
    ward.deliver()
    ward.walk.answer("a", "extend", "dee", now, note="two on leave", until=date(2026, 3, 20))
    ward.deliver()
    ward.walk.answer("b", "done", "dee", now, note="hangs there")
    ward.deliver()
    ward.walk.answer("c", "extend", "dee", now, note="printer broken", until=date(2026, 3, 16))


def number(said: str, title: str) -> str:
    """Find the number of a card by its title."""
    cards = re.finditer(r'<article class="card" id="d(\d+)">(.*?)</article>', said, re.DOTALL)
    return next(card[1] for card in cards if f"<h2>{title}</h2>" in card[2])


def test_all_that_waits_stands_on_one_page_with_what_each_verdict_brings(office: Ward, now: datetime) -> None:
    ask_three(office, now)
    page = desk(office.desks("ana")[0])
    said = page.look().body
    assert said.count('<article class="card"') == 3
    assert "Dee Park asks for more time, until Fri 20 Mar." in said and "two on leave" in said
    assert (
        "Deadline moves from Mon 9 Mar to Fri 20 Mar 17:30; reminders on Tue 17 Mar, Fri 20 Mar; "
        "if missed, Bo Li (Department head) is asked on Mon 23 Mar." in said
    ), re.findall(r"Deadline moves[^<]*", said)
    assert "The deadline stays Mon 9 Mar 17:30; reminders on Wed 4 Mar, Mon 9 Mar; if missed, Bo Li" in said
    assert "The task is done; the other tasks of the stage go on." in said
    assert "The task ends undone; now opens: “d”." in said
    assert 'type="radio"' not in said, "before somebody proves who they are there is nothing to press"
    assert desk(office.desks("ana")[-1]).look().body.count('<article class="card"') == 3


def test_a_link_alone_decides_nothing_a_code_by_another_channel_does(office: Ward, now: datetime) -> None:
    ask_three(office, now)
    page = desk(office.desks("ana")[0])
    about = number(page.look().body, "a")
    before = office.all_rows()
    refused = page.post(about=about, choice="grant")
    assert (refused.status, "The link alone is not enough" in refused.body) == (403, True)
    assert office.all_rows() == before
    assert page.prove(office, "ana").status == 303
    assert page.look().body.count('type="radio" name="choice" value="grant"') == 2
    assert page.post(about=about, choice="grant").status == 303
    assert office.walk.task("a").deadline_at == datetime.fromisoformat("2026-03-20T09:30:00+00:00")
    after = page.look().body
    assert "<strong>granted</strong> a" in after and after.count('<article class="card"') == 2
    assert page.post(about=number(after, "b"), choice="accept").status == 303
    assert page.post(about=number(after, "c"), choice="give", to="Gao Min", note="knows it").status == 303
    assert "Nothing waits for you now" in page.look().body
    assert office.rows(DOORS) == [("code",)]
    assert [row[0] for row in office.rows("SELECT why FROM decision ORDER BY id")] == ["two on leave", "", "knows it"]
    hold(office.walk.database, now)


def test_the_engine_itself_refuses_a_door_that_does_not_know_who_acts(office: Ward, now: datetime) -> None:
    ask_three(office, now)
    for door in ("link", "mail"):
        office.walk.door = door
        with pytest.raises(ProofNeeded):
            office.walk.decide("a", "grant", "ana", now)
        with pytest.raises(ProofNeeded):
            office.walk.run(approve_stage, office.walk.stage("work").id, "ana", now, note="fine")


def test_a_proof_holds_for_a_quarter_of_an_hour_and_for_its_own_page_only(office: Ward, now: datetime) -> None:
    ask_three(office, now)
    first, other = (desk(link) for link in office.desks("ana")[:2])
    first.prove(office, "ana")
    about = number(first.look().body, "a")
    stolen = Desk(other.page, f"{other.cookie}; {first.cookie}")
    assert stolen.post(about=about, choice="grant").status == 403
    office.later(minutes=15, seconds=-1)
    assert 'type="radio"' in first.look().body
    office.later(seconds=1)
    assert first.post(about=about, choice="grant").status == 403


def test_wrong_used_and_late_codes_prove_nothing_and_are_counted(office: Ward, now: datetime) -> None:
    ask_three(office, now)
    page = desk(office.desks("ana")[0])
    assert page.post("/proof").status == 422
    assert page.post("/proof", code="123456").status == 422
    assert page.post("/proof", me="yes").status == 303
    right = newest_code(office, "ana")
    wrong = "000000" if right != "000000" else "111111"
    assert page.post("/proof", code=wrong).status == 422
    assert office.rows("SELECT n_tries FROM login_code") == [(1,)]
    office.later(minutes=10)
    assert page.post("/proof", code=right).status == 422
    assert page.post("/proof", me="yes").status == 303
    fresh = newest_code(office, "ana")
    assert page.post("/proof", code=f" {fresh[:3]} {fresh[3:]} ").status == 303
    assert Desk(page.page, page.cookie.partition(";")[0]).post("/proof", code=fresh).status == 422, "good once"


def test_a_login_of_the_same_person_is_enough_and_of_another_is_not(office: Ward, now: datetime) -> None:
    ask_three(office, now)
    page = desk(office.desks("ana")[0])
    about = number(page.look().body, "a")
    bo = Desk(page.page, f"{page.cookie}; {log_in(office, 'bo')}")
    assert bo.post(about=about, choice="grant").status == 403
    ana = Desk(page.page, f"{page.cookie}; {log_in(office, 'ana')}")
    assert ana.post(about=about, choice="refuse", note="not again").status == 303
    assert office.rows(DOORS) == [("web",)]
    own = Desk(f"{office.site}/decisions", ana.cookie)
    said = own.look().body
    assert said.count('<article class="card"') == 2
    assert own.post(about=number(said, "c"), choice="grant").status == 303
    session = bo.cookie.partition("; ")[2]
    fields = {
        "about": number(said, "b"),
        "choice": "accept",
        "form": Seals(office.settings).form(session.split("=", 1)[1]),
    }
    refused = ask(f"{office.site}/decisions", "POST", cookie=session, fields=fields)
    assert (refused.status, "Ana Ferro" in refused.body) == (409, True), "it is not the head's to decide yet"
    assert ask(f"{office.site}/decisions", "POST", fields={"about": "1", "choice": "accept"}).status in (401, 403)


def test_an_escalation_is_decided_with_a_date_and_what_is_missing_is_said(office: Ward, now: datetime) -> None:
    office.clock.now = datetime.fromisoformat("2026-03-10T01:00:00+00:00")
    office.walk.sweep(office.clock.now)
    page = desk(office.desks("bo")[0])
    page.prove(office, "bo")
    said = page.look().body
    assert said.count('<article class="card"') == 4 and 'lang="zh-CN"' in said
    about = number(said, "a")
    wrong: tuple[tuple[dict[str, str], int], ...] = (
        ({}, 422),
        ({"choice": "accept", "note": "x"}, 409),
        ({"choice": "grant", "note": "x"}, 422),
        ({"choice": "grant", "note": "x", "until": "soon"}, 422),
        ({"choice": "grant", "until": "2026-03-20"}, 422),
        ({"choice": "give", "note": "x", "to": "nobody", "until": "2026-03-20"}, 422),
        ({"choice": "stop", "note": "x" * 5001}, 422),
    )
    for fields, status in wrong:
        before = office.all_rows()
        refused = page.send({"about": about} | fields)
        assert (refused.status, "未提交成功" in refused.body) == (status, True), fields
        assert office.all_rows() == before
    assert page.post(about=about, choice="grant", note="one week", until="2026-03-20").status == 303
    assert office.walk.task("a").level == 0
    for bad in ("", "999", "x", "9" * 40):
        assert page.post(about=bad, choice="stop", note="x").status == 409
    hold(office.walk.database, office.clock.now)


def test_a_question_that_is_no_longer_the_same_is_not_decided_by_an_old_page(office: Ward, now: datetime) -> None:
    ask_three(office, now)
    page = desk(office.desks("ana")[0])
    page.prove(office, "ana")
    about = number(page.look().body, "a")
    office.walk.decide("a", "refuse", "ana", now)
    office.walk.answer("a", "extend", "dee", now, note="once more", until=date(2026, 6, 1))
    stale = page.post(about=about, choice="grant")
    assert (stale.status, "no longer the question" in stale.body) == (409, True)
    assert office.walk.task("a").status is TaskStatus.DECIDING
    assert page.post(about=about, choice="grant").status == 409


def test_a_stage_is_approved_with_its_note_and_opens_the_next(office: Ward, now: datetime) -> None:
    for slug, by in (("a", "dee"), ("b", "ana"), ("c", "dee"), ("d", "dee"), ("e", "ana")):
        office.walk.answer(slug, "done", by, now)
    page = desk(office.desks("ana")[-1])
    page.prove(office, "ana")
    said = page.look().body
    assert "The stage ends; now opens: “f”." in said
    about = number(said, "Stage: work")
    assert page.post(about=about, choice="approve").status == 422
    assert page.post(about=about, choice="grant", note="x").status == 422
    assert page.post(about=about, choice="approve", note="all seen").status == 303
    assert (office.walk.stage("work").note, office.walk.task("f").status) == ("all seen", TaskStatus.OPEN)
    assert "<strong>approved</strong> work" in page.look().body
    hold(office.walk.database, now)


def test_a_stand_in_sees_what_waits_for_whom_they_stand_in(office: Ward, now: datetime) -> None:
    with office.walk.database.transaction("test") as session:
        people = directory(session)
        ana, gao = people.person("ana").id, people.person("gao").id
        session.add(Absence(person_id=ana, from_on=now.date(), until_on=now.date(), stand_in_id=gao))
        people_changed(session)
    ask_three(office, now)
    page = desk(office.desks("gao")[0])
    assert page.look().body.count('<article class="card"') == 3
    refused = page.post("/proof", me="yes")
    assert (refused.status, "请改为登录" in refused.body) == (422, True), "there is no other channel"


def test_whoever_was_passed_by_may_still_decide_by_the_old_link(office: Ward, now: datetime) -> None:
    ask_three(office, now)
    office.deliver()
    office.clock.now = datetime.fromisoformat("2026-03-04T01:00:00+00:00")
    office.walk.sweep(office.clock.now)
    assert desk(office.desks("bo")[0]).look().body.count('<article class="card"') == 3
    # The first level was asked in her place; by her own link she sees what that message was about.
    old = desk(office.desks("ana")[0]).look().body
    assert re.findall(r"<h2>(.*)</h2>", old) == ["a"]


@pytest.mark.parametrize("proven", [False, True])
def test_a_robot_that_opens_every_link_and_presses_every_form_decides_nothing(
    office: Ward, now: datetime, proven: bool
) -> None:
    ask_three(office, now)
    pages = [desk(link) for link in office.desks("ana")]
    if proven:
        for page in pages:
            page.prove(office, "ana")
    before = office.all_rows()
    for page in pages:
        said = page.look()
        assert ask(page.page, "HEAD", cookie=page.cookie).status == 200
        for about in re.findall(r'name="about" value="(\d+)"', said.body) or ["1"]:
            assert page.post(about=about, note="", until="", to="").status in (403, 422)
        assert page.post("/proof", code="").status == 422
        assert page.post("/proof").status == 422
        assert " checked" not in said.body
    assert office.all_rows() == before


def test_forms_from_elsewhere_old_pages_and_foreign_links_are_refused(office: Ward, now: datetime) -> None:
    ask_three(office, now)
    link = office.desks("ana")[0]
    page = desk(link)
    page.prove(office, "ana")
    about, of_a_task = number(page.look().body, "a"), office.links("dee")[0]
    before = office.all_rows()
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert page.post(about=about, choice="grant", headers=headers).status == 403
        assert page.post("/proof", me="yes", headers=headers).status == 403
    assert ask(page.page, "POST", cookie=page.cookie, fields={"about": about, "choice": "grant"}).status == 403
    for bad in (link + "x", link.replace("/d/", "/a/"), of_a_task.replace("/a/", "/d/")):
        assert ask(bad).status == 404
    assert ask(page.page.rsplit("/", 1)[0] + "/999", cookie=page.cookie).status == 404
    assert office.all_rows() == before
    office.later(hours=2)
    assert page.look().status == 404
    said = ask(link)
    cookie = said.headers["Set-Cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=lax", "path=/decide/"))
    assert (said.headers["Referrer-Policy"], said.headers["Cache-Control"]) == ("no-referrer", "no-store")
    office.clock.now = now + timedelta(days=90)
    assert ask(link).status == 404


def test_guessing_is_counted_and_no_token_stands_on_a_page_or_in_a_log(office: Ward, now: datetime) -> None:
    ask_three(office, now)
    link = office.desks("ana")[0]
    token = link.rsplit("/", 1)[1]
    assert [ask(f"{office.site}/d/guess").status for _ in range(31)] == [404] * 30 + [429]
    assert (ask(link).status, hidden(f"GET /d/{token} HTTP/1.1")) == (303, "GET /d/*** HTTP/1.1")
    said = desk(link).look()
    row = str(office.rows("SELECT token FROM answer_link")[0][0])
    assert token not in said.body and row not in said.body
    policy = said.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy and "unsafe" not in policy


def test_a_task_of_the_safety_class_is_done_with_a_code_and_not_by_the_link_alone(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    written = template(stage("work", task("causes", safety=True), task("other")))
    with ward_at_work(database, with_phone(rules), tmp_path, now, written) as ward:
        give_phone(ward, "dee")
        opened = open_link(ward.links("dee")[0])
        own = Desk(opened.page, opened.cookie)
        assert 'id="me"' in opened.said.body
        assert own.post(choice="acknowledge").status == 303, "only done asks for more"
        before = ward.all_rows()
        refused = own.post(choice="done", note="found")
        assert (refused.status, "found" in refused.body, 'id="me"' in refused.body) == (403, True, True)
        assert own.post("/proof").status == 422
        assert ward.all_rows() == before
        own.prove(ward, "dee")
        assert 'id="me"' not in own.look().body
        assert own.post(choice="done", note="found").status == 303
        assert ward.rows("SELECT door FROM answer WHERE kind = 'done'") == [("code",)]
        assert {row[0] for row in ward.rows("SELECT door FROM audit WHERE what = 'task.done'")} == {"code"}
        assert 'id="me"' not in open_link(ward.links("dee")[1]).said.body
        hold(database, now)


def test_undo_by_link_needs_a_tick_and_the_answer_that_is_shown(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    with ward_at_work(database, rules, tmp_path, now, FOUR) as ward:
        opened = open_link(ward.links("dee")[0])
        assert opened.post(choice="acknowledge").status == 303
        page, before = f"{opened.page}/undo", ward.all_rows()
        answer = str(ward.rows("SELECT id FROM answer")[0][0])

        def undo(**fields: str) -> int:
            return ask(page, "POST", cookie=opened.cookie, fields={"form": opened.form} | fields).status

        assert (undo(), undo(answer=answer), undo(undo="yes")) == (422, 422, 409)
        assert undo(undo="yes", answer="999") == 409
        assert ask(page, "POST", cookie=opened.cookie, fields={"undo": "yes", "answer": answer}).status == 403
        assert ward.all_rows() == before
        assert undo(undo="yes", answer=answer) == 303
        receipt = ask(f"{opened.page}/receipt", cookie=opened.cookie)
        assert "Taken back" in receipt.body and 'name="undo"' not in receipt.body
        assert undo(undo="yes", answer=answer) == 422
        # Ten minutes later a new one stands.
        assert opened.post(choice="acknowledge").status == 303
        ward.later(minutes=10)
        answer = str(ward.rows("SELECT MAX(id) FROM answer")[0][0])
        assert undo(undo="yes", answer=answer) == 422
        assert 'name="undo"' not in ask(f"{opened.page}/receipt", cookie=opened.cookie).body
        assert {row[0] for row in ward.rows("SELECT door FROM audit WHERE what = 'answer.undo'")} == {"link"}


def test_a_code_also_goes_by_a_channel_that_the_hospital_added(office: Ward, now: datetime) -> None:
    ask_three(office, now)
    with office.walk.database.transaction("test") as session:
        ana = session.get_one(Person, directory(session).person("ana").id)
        ana.channels, ana.addresses = "email,own-phone", "own-phone=ana"
        people_changed(session)
    page = desk(office.desks("ana")[0])
    assert page.post("/proof", me="yes").status == 422, "there is no such channel yet"
    given = GivenChannel("own-phone", Text("Phone", "手机"), "jsons://127.0.0.1:9/{address}", personal=True)
    with office.walk.database.transaction("test") as session:
        add_channel(session, given, lock=Lock(read_keys(office.settings)), by=None, now=now)
    assert page.prove(office, "ana").status == 303
    assert page.post(about=number(page.look().body, "a"), choice="grant").status == 303
