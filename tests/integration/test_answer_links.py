"""Answering by link: what is taken, what a rule refuses, who comes second, what hostile words do."""

import http.client
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from engine.people import directory, people_changed
from engine.rules import Rules
from models.db import Database
from models.people import Absence
from tests.e2e.answering import ANSWERS, Opened, Ward, ask, open_link, ward_at_work
from tests.walks import person_id, stage, task, template

HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "{{ 7*7 }}{% raw %}",
    "\x00\x01\x1b[31m",
    "\u202egnp.exe\u2066",
    "=cmd|' /C calc'!A0",
    "'; DROP TABLE task; --",
    "../../etc/passwd\r\nSet-Cookie: a=b",
    "9" * 40,
    "0000-00-00",
    "患者" * 300,
)


def upload(opened: Opened, content: bytes, name: str = "photo.png", *, length: bool = True) -> tuple[int, str]:
    """Send the form with a file, as one body or in pieces whose sum nobody said beforehand."""
    edge = "edge-of-parts"
    fields = {"form": opened.form, "choice": "done", "note": "checklist hangs"}
    head = (
        "".join(
            f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        )
        + f'--{edge}\r\nContent-Disposition: form-data; name="evidence"; filename="{name}"\r\n\r\n'
    )
    body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
    connection = http.client.HTTPConnection(urlsplit(opened.page).netloc, timeout=30)
    headers = {"Cookie": opened.cookie, "Content-Type": f"multipart/form-data; boundary={edge}"}
    pieces = iter([body[at : at + 65536] for at in range(0, len(body), 65536)])
    connection.request(
        "POST", urlsplit(opened.page).path, body if length else pieces, headers, encode_chunked=not length
    )
    answer = connection.getresponse()
    said = answer.read().decode()
    connection.close()
    return answer.status, said


def test_a_done_with_a_photo_is_taken_with_its_receipt_and_audited_by_door(ward: Ward) -> None:
    opened = open_link(ward.links("dee")[0])
    assert upload(opened, b"\x89PNG\r\n" + b"0" * 100)[0] == 303
    receipt = ask(f"{opened.page}/receipt", cookie=opened.cookie)
    assert "photo.png" in receipt.body and "checklist hangs" in receipt.body
    assert ward.rows(ANSWERS) == [("done", person_id(ward.walk.database, "dee"), "link")]
    assert {row[0] for row in ward.rows("SELECT door FROM audit WHERE what = 'task.answer'")} == {"link"}
    assert ward.walk.task("photograph").status == "done"
    assert ward.walk.task("teach").status == "open"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"choice": "acknowledge"}, "open"),
        ({"choice": "extend", "note": "two on leave", "until": "2026-03-20"}, "deciding"),
        ({"choice": "hand-over", "note": "not my ward", "to": "gao"}, "open"),
        ({"choice": "hand-over", "note": "not my ward", "to": "gao", "other": "bo"}, "open"),
        ({"choice": "blocked", "note": "no printer"}, "deciding"),
    ],
)
def test_every_other_answer_is_taken_by_link(ward: Ward, fields: dict[str, str], status: str) -> None:
    opened = open_link(ward.links("dee")[0])
    assert opened.post(**fields).status == 303
    assert ward.walk.task("photograph").status == status
    assert ward.rows(ANSWERS) == [(fields["choice"], person_id(ward.walk.database, "dee"), "link")]
    taker = ward.rows("SELECT to_id FROM answer")[0][0]
    wanted = fields.get("other") or fields.get("to")
    assert taker == (person_id(ward.walk.database, wanted) if wanted else None)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"choice": "done", "note": "<b>all</b> done"}, "needs evidence"),
        ({"choice": "done"}, "A note is needed"),
        ({"choice": "extend", "note": "more", "until": "soon"}, "A new date is needed"),
        ({"choice": "extend", "note": "more", "until": "2026-03-03"}, "not later than"),
        ({"choice": "hand-over", "note": "leave"}, "Say to whom"),
        ({"choice": "hand-over", "note": "leave", "other": "nobody-here"}, "Nobody has the id &#39;nobody-here&#39;"),
        ({"note": "forgot to choose"}, "Choose one of the answers"),
        ({"choice": "grant", "note": "not an answer"}, "Choose one of the answers"),
        ({"choice": "blocked", "note": "x" * 5001}, "5001 characters"),
    ],
)
def test_what_a_rule_refuses_is_said_and_what_was_typed_stays(ward: Ward, fields: dict[str, str], says: str) -> None:
    opened = open_link(ward.links("dee")[0])
    before = ward.all_rows()
    refused = opened.post(**fields)
    assert (refused.status, says in refused.body) == (422, True)
    assert ward.all_rows() == before
    assert fields.get("note", "").replace("<b>", "&lt;b&gt;").replace("</b>", "&lt;/b&gt;") in refused.body
    assert "<b>all" not in refused.body


def test_who_comes_second_hears_who_was_first_and_changes_nothing(ward: Ward) -> None:
    opened = open_link(ward.links("dee")[0])
    assert opened.post(choice="blocked", note="no printer").status == 303
    before = ward.all_rows()
    late = opened.post(choice="blocked", note="no printer")
    assert (late.status, "Already answered: Dee Park said" in late.body, "2026-03-02 09:30" in late.body) == (
        409,
        True,
        True,
    )
    assert ward.all_rows() == before
    again = opened.again()
    assert (again.status, "<form" in again.body, "Dee Park said" in again.body) == (200, False, True)


def test_a_hand_over_is_taken_by_the_link_of_the_one_who_was_asked_and_by_nobody_else(ward: Ward) -> None:
    dee = open_link(ward.links("dee")[0])
    assert dee.post(choice="take").status == 409
    assert dee.post(choice="hand-over", note="on leave", to="gao").status == 303
    gao = open_link(ward.links("gao")[0])
    assert "Dee Park" in gao.said.body and 'value="done"' not in gao.said.body
    assert gao.post(choice="done", note="I am not the owner yet").status == 422
    assert gao.post(choice="take").status == 303
    assert "接手" in ask(f"{gao.page}/receipt", cookie=gao.cookie).body
    # The former owner still has the old mail.
    page = dee.again()
    assert ("<form" in page.body, "not yours to answer" in page.body) == (False, True)
    assert dee.post(choice="acknowledge").status == 422


def test_a_stand_in_answers_by_a_link_of_their_own(ward: Ward, now: datetime) -> None:
    database, today = ward.walk.database, now.date()
    with database.transaction("test") as session:
        people = directory(session)
        dee, gao = people.person("dee").id, people.person("gao").id
        session.add(Absence(person_id=dee, from_on=today, until_on=today + timedelta(days=20), stand_in_id=gao))
        people_changed(session)
    ward.clock.now = datetime.fromisoformat("2026-03-06T01:00:00+00:00")
    ward.walk.sweep(ward.clock.now)
    opened = open_link(ward.links("gao")[0])
    assert "Dee Park" in opened.said.body
    assert opened.post(choice="acknowledge").status == 303
    assert ward.rows(ANSWERS) == [("acknowledge", gao, "link")]


@pytest.mark.parametrize("field", ["choice", "note", "until", "to", "other", "form", "evidence", "lang"])
def test_no_string_in_any_field_breaks_the_page_or_runs_in_it(ward: Ward, field: str) -> None:
    opened = open_link(ward.links("dee")[0])
    for hostile in HOSTILE:
        fields = {"choice": "hand-over", "note": "on leave", "other": "gao"} | {field: hostile}
        if field == "until":
            fields["choice"] = "extend"
        if field == "note":
            fields["other"] = "nobody-here"
        said = opened.post(**fields)
        assert said.status in (303, 403, 422), hostile
        assert "<script" not in said.body and "<img" not in said.body
    page = opened.again().body
    assert "<script" not in page


def test_what_others_wrote_is_shown_as_text(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> None:
    title = {"en": HOSTILE[0], "zh": HOSTILE[0]}
    first = task("first", title=title, guidance=title)
    written = template(stage("work", first, task("second", after=["first"], title=title)), title=title)
    with ward_at_work(database, rules, tmp_path, now, written) as ward:
        ward.walk.answer("first", "done", "dee", now, note=HOSTILE[0])
        said = open_link(ward.links("dee")[-1]).said
    assert "<script" not in said.body and "<img" not in said.body
    assert said.body.count("&lt;script&gt;") >= 4


def test_a_file_that_is_too_large_is_refused_while_it_comes(ward: Ward) -> None:
    opened = open_link(ward.links("dee")[0])
    large = b"\x89PNG\r\n" + b"0" * 10_200_000
    for length in (True, False):
        status, said = upload(opened, large, length=length)
        assert (status, "more than 10 MB" in said) == (413, True)
    assert upload(opened, b"MZ not a picture")[0] == 422
    assert upload(opened, b"\x89PNG\r\n0", name="a\u202eb\u0000c/../photo.png")[0] == 303
    assert ward.rows("SELECT name FROM evidence") == [("photo.png",)]
