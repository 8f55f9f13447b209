"""The pages of feedback through real browsers: patients without account, the office, departments."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from engine.rules import Rules
from models.base import Row
from models.db import Database
from models.feedback import FeedbackStatus
from tests.corpus import HOSTILE, HTML
from tests.patients import Patients
from tests.places import make_hospital
from tests.visitors import Answer, Pages, Visitor, pages_of
from web.access import Policy
from web.app import make_app
from web.intake import MOST_GUESSED
from web.next_page import policy_of

SAID = {"kind": "complaint", "unit": "ward-3", "said": "The lift is broken", "contact": "", "homepage": ""}


@pytest.fixture(scope="module")
def hospital(migrated_file: Path, rules: Rules, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """One hospital for all tests here: each says its own words, an hour after the test before."""
    folder = tmp_path_factory.mktemp("feedback")
    shutil.copy(migrated_file, folder / "wardcycle.db")
    database = Database(f"sqlite:///{folder / 'wardcycle.db'}", durable=False)
    make_hospital(database)
    with pages_of(database, rules, folder, datetime(2026, 3, 2, 1, 30, tzinfo=UTC)) as opened:
        yield opened
    database.dispose()


@pytest.fixture
def pages(hospital: Pages) -> Pages:
    """The hospital's pages when nobody has sent anything for an hour."""
    hospital.later(minutes=61)
    return hospital


@pytest.fixture(scope="module")
def patients(hospital: Pages) -> Patients:
    return Patients(hospital.database, hospital.rules)


def logged_in(pages: Pages, slug: str) -> Visitor:
    """Log somebody in at a new browser, with an account from the first time on."""
    if pages.person(slug).id not in {account.person_id for account in pages.accounts()}:
        pages.account(slug)
    visitor = pages.visitor()
    assert visitor.log_in(slug).status == 303
    return visitor


def newest(pages: Pages) -> int:
    """Give the number of what was said last; 0 when nobody has said anything."""
    return max((int(str(row[0])) for row in rows(pages, "feedback")), default=0)


def hidden(page: Answer) -> dict[str, str]:
    """Read the hidden fields of a public form."""
    found = re.search(r'name="ticket" value="([^"]+)"', page.body)
    return {"form": page.form, "ticket": found[1] if found else ""}


def send(pages: Pages, visitor: Visitor, **other: str) -> Answer:
    """Open the form, take one's time, send it."""
    page = visitor.get("/feedback?lang=en")
    pages.later(seconds=5)
    return visitor.post("/feedback?lang=en", SAID | other | hidden(page))


def code_of(visitor: Visitor) -> str:
    """Read the code of the receipt."""
    found = re.search(r"<code>([0-9A-Z-]{14})</code>", visitor.get("/feedback/receipt?lang=en").body)
    assert found
    return found[1]


def type_code(pages: Pages, visitor: Visitor, code: str) -> Answer:
    """Type a code on its page."""
    page = visitor.get("/feedback/answer?lang=en")
    return visitor.post("/feedback/answer?lang=en", {"code": code} | hidden(page))


def rows(pages: Pages, table: str) -> list[tuple[object, ...]]:
    """Read all rows of a table."""
    with pages.database.reading() as session:
        return [tuple(row) for row in session.execute(sa.select(Row.metadata.tables[table]))]


def test_a_patient_says_something_hears_back_and_reopens_it_in_one_tap(pages: Pages, patients: Patients) -> None:
    phone = pages.visitor()
    assert send(pages, phone).to == "/feedback/receipt?lang=en"
    code = code_of(phone)
    other = pages.visitor()
    assert type_code(pages, other, code.lower().replace("-", " ")).to == "/feedback/answer?lang=en"
    waiting = other.get("/feedback/answer?lang=en").body
    assert "We are working on it" in waiting and "Mon 9 Mar" in waiting and "Hospital (Quality office)" in waiting
    number = newest(pages)
    patients.approve(number, "The lift runs <again>.", now=pages.now)
    page = other.get("/feedback/answer?lang=en")
    assert "The lift runs &lt;again&gt;." in page.body and "Not solved" in page.body
    judged = {"judged": "not-solved", "mark": "2", "more": "Still broken"} | hidden(page)
    assert other.post("/feedback/judge?lang=en", judged).to == "/feedback/answer?lang=en"
    assert patients.row(number).round_no == 2
    assert other.post("/feedback/judge?lang=en", judged).status == 409  # pressed twice: nothing more happens
    assert [turn.row.satisfaction for turn in patients.rounds(number)] == [2, None]
    assert other.post("/feedback/leave", hidden(page)).status == 303
    assert "The code of your receipt" in other.get("/feedback/answer?lang=en").body


def test_a_late_answer_is_late_for_the_patient_and_the_office(pages: Pages, patients: Patients) -> None:
    send(pages, phone := pages.visitor())
    number, code = newest(pages), code_of(phone)
    patients.assign(number, "ward-3", now=pages.now)
    pages.later(days=8)
    type_code(pages, phone, code)
    page = phone.get("/feedback/answer?lang=en").body
    assert "We are late" in page and "Mon 9 Mar" in page and "Ward 3 (Department quality officer)" in page
    assert "答复已逾期" in phone.get("/feedback/answer?lang=zh").body
    eva = logged_in(pages, "eva")
    assert "1 working day late" in eva.get("/feedback/inbox?show=late&lang=en").body
    assert "1 working day late" in eva.get(f"/feedback/{number}?lang=en").body


def test_a_form_that_is_sent_twice_is_one_word_with_one_code(pages: Pages) -> None:
    visitor, before = pages.visitor(), newest(pages)
    page = visitor.get("/feedback")
    pages.later(seconds=5)
    codes = []
    for _ in range(2):
        assert visitor.post("/feedback", SAID | hidden(page)).status == 303
        codes.append(code_of(visitor))
    assert len(set(codes)) == 1
    assert newest(pages) == before + 1


def test_a_robot_and_a_foreign_form_write_nothing(pages: Pages) -> None:
    visitor, before = pages.visitor(), rows(pages, "feedback")
    page = visitor.get("/feedback?lang=en")
    hasty = visitor.post("/feedback?lang=en", SAID | hidden(page))
    assert (hasty.status, "press once more" in hasty.body, "The lift is broken" in hasty.body) == (422, True, True)
    assert send(pages, visitor, homepage="http://spam.test").status == 422
    assert send(pages, visitor, said=" ").status == 422
    assert send(pages, visitor, kind="rumour").status == 422
    assert visitor.post("/feedback", SAID).status == 403
    assert visitor.post("/feedback", SAID | hidden(page), Origin="http://evil.test").status == 403
    assert pages.visitor().post("/feedback", SAID | hidden(page)).status == 403  # another browser's form
    assert rows(pages, "feedback") == before


def test_a_flood_is_held_off_and_what_was_typed_stays_on_the_page(pages: Pages) -> None:
    visitor, before = pages.visitor(), newest(pages)
    page = visitor.get("/feedback?lang=en")
    pages.later(seconds=3)
    for number in range(20):
        assert visitor.post("/feedback?lang=en", SAID | hidden(page) | {"said": f"word {number}"}).status == 303
    refused = send(pages, visitor, said="one too many")
    assert (refused.status, "one too many" in refused.body) == (429, True)
    pages.later(minutes=11)
    assert send(pages, visitor, said="one too many").status == 303
    assert newest(pages) == before + 21


def test_codes_are_not_guessed(pages: Pages) -> None:
    send(pages, phone := pages.visitor())
    code, guesser = code_of(phone), pages.visitor()
    page = hidden(guesser.get("/feedback/answer?lang=en"))
    wrong = [f"ABCD-EFGH-{n:04d}" for n in range(MOST_GUESSED)]
    said = [guesser.post("/feedback/answer?lang=en", {"code": each} | page) for each in wrong]
    assert {(one.status, "No receipt has this code" in one.body) for one in said} == {(422, True)}
    assert [type_code(pages, guesser, right).status for right in ("ABCD-EFGH-9999", code)] == [429, 429]
    pages.later(minutes=11)
    assert type_code(pages, guesser, code).status == 303
    assert not [row for row in rows(pages, "feedback") if code in map(str, row)]


def test_contact_is_sealed_read_by_the_office_only_and_forgotten_at_the_end(pages: Pages, patients: Patients) -> None:
    send(pages, phone := pages.visitor(), contact="canary 138-0013-8000")
    number = newest(pages)
    patients.assign(number, "ward-3", now=pages.now)
    assert "canary" in logged_in(pages, "eva").get(f"/feedback/{number}").body
    for other in ("dee", "feng"):  # of the department, the head of the hospital
        assert "canary" not in logged_in(pages, other).get(f"/feedback/{number}").body
    assert "canary" not in phone.get("/feedback/receipt").body
    patients.approve(number, now=pages.now)
    patients.judge(number, solved=True, now=pages.now)
    with pages.database.reading() as session:
        everything = [
            str(tuple(row)) for table in Row.metadata.sorted_tables for row in session.execute(sa.select(table))
        ]
    assert [row for row in everything if "canary" in row] == []
    assert patients.row(number).contact == ""


def test_departments_concerned_read_it_masked_and_others_do_not(pages: Pages, patients: Patients) -> None:
    number = patients.say(pages.now, "I am at 138 0013 8000, bed 12")
    dee, ana = logged_in(pages, "dee"), logged_in(pages, "ana")
    assert dee.get(f"/feedback/{number}").status == 404
    patients.assign(number, "ward-3", now=pages.now)
    page = dee.get(f"/feedback/{number}?lang=en")
    assert (page.status, "I am at ***, bed 12" in page.body, "8000" in page.body) == (200, True, False)
    assert "/reply" not in page.body
    assert ana.get(f"/feedback/{number}").status == 404
    assert [dee.get(path).status for path in ("/feedback/9999", "/feedback/x")] == [404] * 2
    foreign = patients.say(pages.now)
    listed = [who.get("/feedback/inbox?lang=en").body.count(f"/feedback/{number}?") for who in (dee, ana)]
    assert (listed, f"/feedback/{foreign}?" in dee.get("/feedback/inbox?lang=en").body) == ([1, 0], False)


def test_the_office_assigns_answers_opens_a_cycle_and_tells_everybody(pages: Pages, patients: Patients) -> None:
    number = patients.say(pages.now, unit="ward-3")
    eva = logged_in(pages, "eva")

    def press(what: str, **fields: str) -> Answer:
        form = eva.get(f"/feedback/{number}").form
        return eva.post(f"/feedback/{number}/{what}?lang=en", {"form": form} | fields)

    assert press("assign", units="ward-3").to == f"/feedback/{number}?lang=en"
    patients.draft(number, "ward-3", "We oil it daily.", now=pages.now)
    page = eva.get(f"/feedback/{number}?lang=en").body
    assert "We oil it daily.</textarea>" in page
    assert "Ward 3：投诉".replace("Ward 3", "三病区") in page  # the cycle's title is filled in
    refused = press("reply", text="Call 13800138000")
    assert (refused.status, "seems to hold" in refused.body) == (422, True)
    assert press("reply", text="").status == 303
    assert patients.rounds(number)[0].row.answer == "We oil it daily."
    cycle = {"template": "pdca", "unit": "ward-3", "lead": "ana", "title": "Lifts", "title_zh": "电梯"}
    assert [press("cycle", **cycle).status for _ in range(2)] == [303, 303]
    page = eva.get(f"/feedback/{number}?lang=en").body
    code = re.findall(r"/cycles/(C2026-\d{4})[^#]*\">\1</a> Lifts", page)
    assert len(code) == 1
    assert f"/feedback/{number}" in eva.get(f"/cycles/{code[0]}?lang=en").body
    sentence = {"text_en": "The lift has a new motor.", "text_zh": "电梯换了新电机。"}
    assert press("tell", **sentence).status == 422
    patients.judge(number, solved=True, now=pages.now)
    assert press("tell", **sentence).status == 303
    assert "The lift has a new motor." in pages.visitor().get("/feedback/said-and-done?lang=en").body
    assert patients.row(number).status is FeedbackStatus.CLOSED


def test_who_is_not_of_the_office_cannot_press_its_buttons(pages: Pages, patients: Patients) -> None:
    number = patients.say(pages.now)
    feng = logged_in(pages, "feng")  # the head of the hospital sees all, but the answer is the office's
    form = feng.get("/me").form
    assert feng.get(f"/feedback/{number}").form == ""
    assert feng.post(f"/feedback/{number}/reply", {"form": form, "text": "x"}).status == 422
    assert feng.post(f"/feedback/{number}/reply", {"text": "x"}).status == 403
    assert patients.row(number).status is FeedbackStatus.RECEIVED


def test_hostile_words_stay_words_on_every_page(pages: Pages, patients: Patients) -> None:
    first = patients.say(pages.now, "\n".join(HOSTILE)[:2900])
    number = patients.say(pages.now, "\n".join(HTML))
    patients.approve(number, "\n".join(HTML), now=pages.now)
    patients.judge(number, solved=False, said="\n".join(HTML), now=pages.now)
    eva = logged_in(pages, "eva")
    typed = send(pages, phone := pages.visitor(), said="\n".join(HTML))
    bodies = [eva.get(f"/feedback/{first}").body, eva.get(f"/feedback/{number}").body, typed.body]
    bodies += [phone.get("/feedback/answer").body, send(pages, phone, kind="<script>", said="\n".join(HTML)).body]
    bodies += [phone.get("/feedback?unit=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").body]
    for body in bodies:
        assert [text for text in HTML if text in body and "<" in text] == []
        assert "\x1b" not in body and "\u202e" not in body


def test_a_poster_opens_the_form_with_its_department_filled_in(pages: Pages) -> None:
    ana = logged_in(pages, "ana")
    assert "/feedback/posters/ward-3" in ana.get("/feedback/posters").body
    poster = ana.get("/feedback/posters/ward-3?lang=en")
    assert "<svg" in poster.body and "三病区 · Ward 3" in poster.body
    assert ana.get("/feedback/posters/nowhere").status == 404
    assert 'value="ward-3" selected' in pages.visitor().get("/feedback?unit=ward-3").body
    assert send(pages, pages.visitor(), unit="closed-long-ago").status == 303
    assert rows(pages, "feedback")[-1][3] is None


def test_a_hospital_may_keep_what_was_done_to_its_staff(hospital: Pages) -> None:
    catalogue = hospital.rules.catalogue
    for everybody, wanted in ((True, Policy.PUBLIC), (False, Policy.READER)):
        kept = replace(catalogue, feedback=replace(catalogue.feedback, for_everybody=everybody))
        app = make_app(hospital.database, hospital.settings, kept)
        board = [one for one in app.state.routes if isinstance(one, APIRoute) and one.path.endswith("said-and-done")]
        assert [policy_of(one) for one in board] == [wanted]
