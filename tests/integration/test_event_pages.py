"""Adverse events by the real doors: the public page with its floods and guesses, the office's pages, who sees what."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from config.events import Severity
from engine.absences import add_absence
from engine.people import people_changed
from engine.rules import Rules
from models.audit import verify
from models.base import Row
from models.db import Database
from models.event import Event, EventPhoto, EventReporter, EventStatus
from models.people import Person, RoleHolding, Unit
from notifications.deliver import deliver_due
from tests.corpus import HOSTILE
from tests.events import WHAT, Ward
from tests.places import make_hospital
from tests.security.world import Skeleton
from tests.unit.test_public_words import SECRET
from tests.visitors import Answer, Pages, Visitor, pages_of
from tests.voices import Recorder, voice
from web.intake import MOST_GUESSED, MOST_SENT

CANARY = "Canary Nurse Zhao 7F"
PHOTO = (
    b"\x89PNG\r\n\x1a\n"
    + b"\x00\x00\x00\x21tEXt"
    + SECRET[:33]
    + b"0000\x00\x00\x00\x00IDAT0000\x00\x00\x00\x00IEND0000"
)


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened


def test_a_report_to_a_hospital_without_units_is_refused_in_words(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    with pages_of(database, rules, tmp_path, now) as pages:
        said = send(pages, pages.visitor(), unit="")
    assert (said.status, "has no units yet" in said.body) == (422, True)


@pytest.fixture
def system(request: pytest.FixtureRequest) -> str:
    """Pages speak to the database through verbs that are tested on both."""
    return str(getattr(request, "param", "sqlite"))


def send(pages: Pages, visitor: Visitor, *, photo: bytes | None = None, at_once: bool = False, **typed: str) -> Answer:
    """Open the form, fill it in and send it."""
    fields = _fields(visitor.get("/report"))
    if not at_once:
        pages.later(seconds=30)
    given = fields | {"what": WHAT, "unit": "ward-3", "kind": "medication", "harm": "near-miss"} | typed
    if photo is None:
        return visitor.post("/report", given)
    return visitor.post_file("/report", given, name="IMG_1.png", content=photo, field="photo")


def ask(pages: Pages, visitor: Visitor, code: str) -> Answer:
    """Ask what came of a report."""
    return visitor.post("/report/answer", _fields(visitor.get("/report/answer")) | {"code": code})


def test_anybody_reports_on_a_phone_and_hears_what_came_of_it_by_the_code(pages: Pages, rules: Rules) -> None:
    nurse = pages.visitor()
    said = send(pages, nurse, photo=PHOTO, happened="2026-03-02T08:15", done="Stopped the pump.", name=CANARY)
    assert said.status == 200 and "has arrived" in said.body
    code = _code(said)
    event = _event(pages)
    assert (event.kind, event.done_at_once, f"{event.happened_at:%H:%M}") == (
        "medication",
        "Stopped the pump.",
        "00:15",
    )
    with pages.database.reading() as session:
        photo = session.exec(select(EventPhoto.content)).one()
        assert SECRET[:20] not in photo and photo.startswith(b"\x89PNG")
    body = ask(pages, pages.visitor(), code.lower().replace("-", " ")).body
    assert "received" in body and "An answer stands here by" in body and WHAT[:20] not in body
    ward = Ward(pages.database, rules)
    ward.triage(event, Severity.IV, pages.now)
    ward.close(event, pages.now, "The label is new.")
    assert "The label is new." in ask(pages, pages.visitor(), code).body
    assert "处理结果" in pages.visitor().get("/report/answer?lang=zh").body


def test_an_answer_that_is_late_says_so(pages: Pages) -> None:
    code = _code(send(pages, pages.visitor()))
    pages.later(days=60)
    assert "The answer is late" in ask(pages, pages.visitor(), code).body


def test_the_form_has_at_most_eight_fields_and_works_without_script(pages: Pages) -> None:
    body = pages.visitor().get("/report").body
    named = set(re.findall(r'<(?:input|select|textarea)[^>]* name="([a-z]+)"', body)) - {"form", "ticket", "homepage"}
    assert named == {"what", "harm", "kind", "unit", "happened", "done", "photo", "name"}
    assert "<script" not in body and len(body) < 60_000
    chosen = pages.visitor().get("/report?unit=ward-3").body
    assert '<option value="ward-3" selected>' in chosen


def test_what_is_refused_keeps_what_was_typed(pages: Pages) -> None:
    visitor = pages.visitor()
    for language, word in (("en", "identity"), ("zh", "身份证号")):
        fields = _fields(visitor.get(f"/report?lang={language}"))
        pages.later(seconds=30)
        said = visitor.post(f"/report?lang={language}", fields | {"what": "Fell. 13812345678", "done": "Helped up."})
        assert said.status == 422 and word in said.body
        assert "Fell. 13812345678" in said.body and "Helped up." in said.body
    assert _count(pages) == 0
    again = _fields(said) | {"what": "Fell.", "done": "Helped up."}
    pages.later(seconds=5)
    assert visitor.post("/report", again).status == 200


def test_a_form_sent_twice_is_one_report_with_one_code_and_another_text_is_another(pages: Pages) -> None:
    visitor = pages.visitor()
    fields = _fields(visitor.get("/report")) | {"what": WHAT}
    pages.later(seconds=30)
    first, second = (_code(visitor.post("/report", fields)) for _ in range(2))
    assert first == second and _count(pages) == 1
    assert _code(visitor.post("/report", fields | {"what": "Something else."})) != first
    assert _count(pages) == 2


@pytest.mark.parametrize("trick", ["no cookie", "another form", "old page", "too fast", "trap"])
def test_what_no_person_sends_is_not_kept_and_a_person_presses_again(pages: Pages, trick: str) -> None:
    visitor = pages.visitor()
    fields = _fields(visitor.get("/report")) | {"what": WHAT}
    if trick != "too fast":
        pages.later(seconds=30)
    if trick == "no cookie":
        visitor.cookies.clear()
    if trick == "another form":
        fields["form"] = _fields(pages.visitor().get("/report"))["form"]
    if trick == "old page":
        pages.later(hours=13)
    said = visitor.post("/report", fields | ({"homepage": "http://spam.test"} if trick == "trap" else {}))
    assert said.status == 403 and "press once more" in said.body and WHAT in said.body
    assert _count(pages) == 0
    pages.later(seconds=5)
    assert visitor.post("/report", _fields(said) | {"what": WHAT}).status == 200


def test_another_site_cannot_send_the_form(pages: Pages) -> None:
    visitor = pages.visitor()
    fields = _fields(visitor.get("/report")) | {"what": WHAT}
    pages.later(seconds=30)
    for header in ({"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://evil.test"}):
        assert visitor.post("/report", fields, **header).status == 403
    assert _count(pages) == 0


def test_a_flood_from_one_place_is_held_off_and_nothing_typed_is_lost(pages: Pages) -> None:
    visitor = pages.visitor()
    fields = _fields(visitor.get("/report"))
    pages.later(seconds=30)
    statuses = [visitor.post("/report", fields | {"what": f"Event {n}."}).status for n in range(MOST_SENT + 2)]
    assert statuses == [200] * MOST_SENT + [429] * 2
    said = visitor.post("/report", fields | {"what": "The one that counts."})
    assert "The one that counts." in said.body and "wait ten minutes" in said.body
    assert _count(pages) == MOST_SENT
    pages.later(minutes=10)
    assert visitor.post("/report", fields | {"what": "The one that counts."}).status == 200


def test_codes_cannot_be_guessed(pages: Pages) -> None:
    code, robot = _code(send(pages, pages.visitor())), pages.visitor()
    fields = _fields(robot.get("/report/answer"))
    statuses = [
        robot.post("/report/answer", fields | {"code": f"AAAA-BBBB-{n:04d}"}).status for n in range(MOST_GUESSED + 2)
    ]
    assert statuses == [404] * MOST_GUESSED + [429] * 2
    pages.later(minutes=10)
    assert ask(pages, pages.visitor(), code).status == 200
    for typed in ("", "x", "'; DROP TABLE event; --", "\x00"):
        assert ask(pages, pages.visitor(), typed).status == 404


@pytest.mark.parametrize("system", ["sqlite", "postgresql"], indirect=True)
def test_the_office_deals_with_an_event_on_its_page(pages: Pages) -> None:
    send(pages, pages.visitor(), harm="temporary", name=CANARY)
    office = pages.logged_in("eva")
    assert "E0001" in office.get("/events").body

    def act(do: str, **parts: str) -> Answer:
        return office.post("/events/1", {"form": office.get("/events/1").form, "do": do} | parts)

    assert act("triage").status == 422 and act("nothing").status == 404
    assert act("triage", severity="II", kind="device", unit="surgery").to == "/events/1"
    assert act("close", answer="Too early.").status == 422
    assert "Statutory report" in office.get("/events/1").body
    assert act("statutory", note="2026/17").status == 303
    assert act("reclassify", severity="III").status == 422
    assert act("reclassify", severity="III", why="no harm was found").status == 303
    opened = act("cycle", template="pdca", title_en="Pumps", title_zh="输液泵", lead="bo")
    assert opened.to == "/cycles/C2026-0005" and "/events/1" in office.get(opened.to).body
    assert act("close", answer="The label is new.").status == 303
    page = office.get("/events/1?lang=zh").body
    assert "已办结" in page and "The label is new." in page and "/cycles/C2026-0005" in page
    assert _event(pages).status is EventStatus.CLOSED
    with pages.database.reading() as session:
        assert verify(session).bad_id is None


def test_the_list_is_filtered_and_the_quarter_is_analysed(pages: Pages, rules: Rules, now: datetime) -> None:
    ward = Ward(pages.database, rules)
    for n, kind in enumerate(["fall", "fall", "fall", "tube"]):
        event = ward.report(now, code=f"AAAA-BBBB-{n:04d}", kind=kind)
        if n < 2:
            ward.triage(event, Severity.III if n else Severity.IV, now)
    office = pages.logged_in("eva")
    body = office.get("/events").body
    assert body.count('href="/events/') == 4 and "<svg" in body and "Quarter 2026Q1" in body
    for query, n in (("kind=tube", 1), ("severity=III", 1), ("status=received", 2), ("unit=surgery", 0),
                     ("status=x", 4), ("overdue=1", 0), ("quarter=nonsense", 4), ("page=9", 0)):  # fmt: skip
        assert office.get(f"/events?{query}").body.count('href="/events/') == n, query
    pages.later(days=4)
    office = pages.logged_in("eva")
    assert office.get("/events?overdue=1").body.count('href="/events/') == 2
    assert "No event was reported" in office.get("/events?quarter=2025Q4").body
    assert "<svg" in office.get("/report/poster?unit=ward-3").body.partition("poster")[2]


def test_who_may_see_an_event(pages: Pages, rules: Rules, now: datetime) -> None:
    with pages.database.transaction("test") as session:
        medicine = Unit(slug="medicine", name_en="Medicine", name_zh="内科", parent_id=1)
        hua = Person(slug="hua", name="Hua", email="hua@hospital.test")
        session.add_all([medicine, hua])
        session.flush()
        session.add(RoleHolding(person_id=hua.id, role="dept-head", unit_id=medicine.id))
        people_changed(session)
    ward = Ward(pages.database, rules)
    ward.triage(ward.report(now), Severity.II, now, lead="ana")
    seen = {slug: _sees(pages.logged_in(slug)) for slug in ("eva", "feng", "bo", "ana", "gao", "dee", "hua")}
    # The office, the heads, who leads its analysis or has a task in it (gao: the figures); nobody else of the ward.
    assert seen == {"eva": 200, "feng": 200, "bo": 200, "ana": 200, "gao": 200, "dee": 404, "hua": 404}
    assert pages.visitor().get("/events/1").to.startswith("/login")
    assert "No event was reported" in pages.logged_in("hua").get("/events").body  # nor counted for whom it is not
    today = pages.today
    with pages.database.transaction("test") as session:
        add_absence(session, person="bo", from_on=today, until_on=today, stand_in="hua", rules=rules, by=None, now=now)
    assert _sees(pages.logged_in("hua")) == 200


def test_who_reported_stands_nowhere_but_where_the_rule_shows_it(
    pages: Pages, rules: Rules, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    assert send(pages, pages.visitor(), name=CANARY, harm="death").status == 200
    ward = Ward(pages.database, rules)
    ward.triage(_event(pages), Severity.I, pages.now)
    office, director, head = (pages.logged_in(slug) for slug in ("eva", "feng", "bo"))
    assert "Who reported" not in director.get("/events/1").body + head.get("/events/1").body
    for visitor in (director, head):
        form = visitor.get("/me").form
        said = visitor.post("/events/1", {"form": form, "do": "reporter"})
        assert said.status == 422 and CANARY not in said.body
    looked = office.post("/events/1", {"form": office.get("/events/1").form, "do": "reporter"})
    assert CANARY in looked.body
    box = Recorder()
    deliver_due(pages.database, voice=voice(box), now=lambda: pages.now)
    assert box.sent
    places = {
        "pages": "".join(_body(one, path) for one in (office, director, head) for path in
                         ("/events", "/events/1", "/", "/tasks", "/messages", "/cycles/C2026-0001")),
        "mails": str([(message, address) for message, address in box.sent]),
        "log": caplog.text,
        "rows": str(_rows(pages)),
        "files": "".join(one.read_text("utf-8", "replace") for one in tmp_path.rglob("*") if one.is_file()),
    }  # fmt: skip
    assert [name for name, text in places.items() if CANARY in text or "Nurse Zhao" in text] == []
    assert [name for name, text in places.items() if WHAT[:30] in text] == ["pages", "rows"]  # of no message either
    with pages.database.reading() as session:
        assert len(session.exec(select(EventReporter)).all()) == 1


def test_hostile_words_are_shown_as_words(pages: Pages, rules: Rules) -> None:
    ward = Ward(pages.database, rules)
    visitor = pages.visitor()
    for n in range(0, len(HOSTILE), 12):
        pages.later(minutes=11)
        word = "\n".join(HOSTILE[n : n + 12])[:4000]
        said = send(pages, visitor, what=word, done=word, name=word[:120])
        assert said.status == 200
    office = pages.logged_in("eva")
    plain = Ward(pages.database, rules).report(pages.now, code="AAAA-BBBB-CCCC", done_at_once="x")
    shape = Skeleton(office.get(f"/events/{plain.id}").body).parts
    for number in range(1, plain.id):
        ward.event(number)
        page = Skeleton(office.get(f"/events/{number}").body)
        # The one difference: only the other events have somebody who may have said who they are; all see the button.
        assert page.parts == shape, number
        assert not [one for one in page.addresses if not one.startswith(("/", "#"))]


def _fields(page: Answer) -> dict[str, str]:
    """Take the hidden fields of a form."""
    found = re.findall(r'<input type="hidden" name="(form|ticket)" value="([^"]+)"', page.body)
    return dict(found)


def _code(said: Answer) -> str:
    found = re.search(r"<code>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</code>", said.body)
    assert found, said.status
    return found[1]


def _event(pages: Pages) -> Event:
    with pages.database.reading() as session:
        return session.exec(select(Event)).one()


def _body(visitor: Visitor, path: str) -> str:
    said = visitor.get(path)
    assert said.status == 200, path
    return said.body


def _count(pages: Pages) -> int:
    with pages.database.reading() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(Event)).scalar_one())


def _sees(visitor: Visitor) -> int:
    listed = "E0001" in visitor.get("/events").body
    status = visitor.get("/events/1").status
    assert listed is (status == 200)
    return status


def _rows(pages: Pages) -> dict[str, list[tuple[object, ...]]]:
    with pages.database.reading() as session:
        tables = Row.metadata.sorted_tables
        return {table.name: [tuple(row) for row in session.execute(sa.select(table))] for table in tables}
