"""Sessions: who is expected, checking in by the code on the screen, the test, the evaluation, who was missing."""

import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import col, select

from engine.activity_round import ActivityRound, run_activities
from engine.attendance import NotTheTime, check_in
from engine.gathering_forms import attendance_bytes
from engine.gatherings import questions_of
from engine.grids import workbook_in
from engine.launch import Launch, launch_cycle
from engine.people import directory
from engine.rules import Rules
from models.activity import Attendance, CameBy, Gathering
from models.audit import Audit
from models.db import Database
from models.notification import Notification, NotificationKind
from models.reads.gatherings import find_gathering
from tests.invariants import hold
from tests.places import make_hospital
from tests.visitors import Answer, Pages, Visitor, pages_of
from tests.walks import at_once

DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
FORM = {"title": "Fire drill", "place": "Ward 3", "starts_at": "2026-03-02T10:30", "minutes": "60",
        "invited": "ward-3, bo, gao",
        "questions": "Who calls? | the first who sees it | nobody\nWhere to? | door B | door A"}  # fmt: skip


@dataclass
class Drill:
    """A drill that is entered, and its pages."""

    pages: Pages
    trainer: Visitor
    path: str

    @property
    def number(self) -> int:
        """The gathering's id."""
        return int(self.path.rpartition("/")[2])

    @property
    def gathering(self) -> Gathering:
        """The row."""
        with self.pages.database.reading() as session:
            return session.get_one(Gathering, self.number)

    def at(self, moment: datetime) -> None:
        """Let it be this moment."""
        self.pages.moment[0] = moment

    def code(self) -> str:
        """What the screen shows now: the path behind the QR code."""
        found = re.search(r"/attend/\d+-[a-z2-7]{8}", self.trainer.get(f"{self.path}/code").body)
        assert found
        return found[0]

    def arrive(self, visitor: Visitor, name: str, code: str = "") -> Answer:
        """Scan the code and say who one is."""
        entered = visitor.get(code or self.code())
        assert entered.status == 303, entered.body
        page = visitor.get(entered.to)
        return visitor.post(entered.to, {"form": page.form, "step": "in", "name": name})

    def send(self, visitor: Visitor, **fields: str) -> Answer:
        """Send a form of the phone page."""
        page = f"/attendance/{self.number}"
        return visitor.post(page, {"form": visitor.get(page).form, **fields})

    def rows(self) -> dict[str, Attendance]:
        """Who is noted as present, by id."""
        with self.pages.database.reading() as session:
            people = directory(session).persons
            rows = session.exec(select(Attendance).order_by(col(Attendance.id)))
            return {people[row.person_id].slug: row for row in rows}

    def told(self, kind: NotificationKind) -> set[str]:
        """Who was told something of a kind."""
        with self.pages.database.reading() as session:
            people = directory(session).persons
            rows = session.exec(select(Notification).where(Notification.kind == kind))
            return {people[row.person_id].slug for row in rows}


@pytest.fixture
def drill(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Drill]:
    make_hospital(database)
    with database.transaction("test") as session:
        launch = Launch(template="emergency-drill", unit="ward-3", lead="bo")
        launch_cycle(session, launch, rules=rules, by=None, now=now)
    with pages_of(database, rules, tmp_path, now) as pages:
        trainer = pages.logged_in("bo")
        page = trainer.get("/cycles/C2026-0001/gatherings")
        made = trainer.post("/cycles/C2026-0001/gatherings", FORM | {"form": page.form})
        assert made.status == 303, made.body
        drill = Drill(pages, trainer, made.to)
        drill.at(drill.gathering.starts_at)
        yield drill


def test_a_drill_from_invitation_to_the_list_of_the_missing(drill: Drill) -> None:
    assert drill.told(NotificationKind.GATHERING) == {"dee", "bo", "gao"}
    dee, phone = drill.pages.visitor(), drill.pages.visitor()
    assert drill.arrive(dee, " DEE ").status == 303
    assert drill.arrive(phone, "Gao Min").status == 303  # a full name does too
    assert set(drill.rows()) == {"dee", "gao"}
    assert "Send the test" in dee.get(f"/attendance/{drill.number}").body
    assert drill.send(dee, step="test", q0="1").status == 422  # each question wants an answer
    right = {f"q{n}": str(one) for n, one in enumerate(_right(drill))}
    assert drill.send(dee, step="test", q0="1", q1="1").status == 303
    assert drill.send(dee, step="test", **right).status == 303
    assert drill.rows()["dee"].score_percent == 100
    assert drill.send(dee, step="say", rating="4", note="louder alarm").status == 303
    assert drill.send(dee, step="say", rating="4", note="patient 110101199003078515 fell").status == 422
    page = drill.trainer.get(drill.path).body
    assert "louder alarm" in page and "4.0 / 5" in page and "Bo Li" in page.partition("Missing")[2]
    drill.at(drill.gathering.ends_at)
    assert run_activities(drill.pages.database, rules=drill.pages.rules, now=drill.pages.now, door="test") == (
        ActivityRound(n_missing_told=1)
    )
    assert drill.told(NotificationKind.MISSED) == {"bo"}
    assert run_activities(drill.pages.database, rules=drill.pages.rules, now=drill.pages.now + DAY, door="test") == (
        ActivityRound()
    )
    hold(drill.pages.database, drill.pages.now)


def _right(drill: Drill) -> list[int]:
    return [one.right for one in questions_of(drill.gathering)]


@pytest.mark.parametrize("system", ["sqlite"])
def test_the_code_changes_every_minute_and_an_old_one_opens_nothing(drill: Drill) -> None:
    code, begun = drill.code(), drill.pages.now
    assert drill.pages.visitor().get(code).status == 303
    drill.at(begun + 2 * MINUTE - SECOND - timedelta(seconds=begun.second))
    assert drill.pages.visitor().get(code).status == 303
    assert drill.code() != code
    drill.at(begun + 2 * MINUTE)
    said = drill.pages.visitor().get(code)
    assert said.status == 404 and "Scan the one on the screen" in said.body
    for guess in ("/attend/1-aaaaaaaa", "/attend/9-aaaaaaaa", "/attend/1", "/attend/x-1"):
        assert drill.pages.visitor().get(guess).body.count("Scan the one on the screen") == 1
    assert drill.pages.visitor().get(f"/attendance/{drill.number}").status == 404  # without having scanned
    assert drill.rows() == {}


@pytest.mark.parametrize("system", ["sqlite"])
def test_guesses_are_counted_and_whoever_scans_the_screen_is_never_refused(drill: Drill) -> None:
    statuses = {drill.pages.visitor().get(f"/attend/1-aaaaaaa{n % 6 + 2}").status for n in range(32)}
    assert statuses == {404, 429}
    assert drill.pages.visitor().get(drill.code()).status == 303


@pytest.mark.parametrize("system", ["sqlite"])
def test_the_moment_before_and_after_the_time_to_check_in(drill: Drill) -> None:
    gathering, half = drill.gathering, 30 * MINUTE
    for moment, opens in (
        (gathering.starts_at - half - SECOND, False),
        (gathering.starts_at - half, True),
        (gathering.ends_at + half - SECOND, True),
        (gathering.ends_at + half, False),
    ):
        drill.at(moment)
        phone = drill.pages.visitor()
        assert ("not open now" in phone.get(phone.get(drill.code()).to).body) is not opens, moment
        noted = partial(check_in, gathering_id=drill.number, came_by=CameBy.CODE, rules=drill.pages.rules, now=moment)
        with drill.pages.database.transaction("test") as session:
            gao = directory(session).person("gao").id
        with nullcontext() if opens else pytest.raises(NotTheTime), drill.pages.database.transaction("t") as session:
            noted(session, person_id=gao)


@pytest.mark.parametrize("system", ["sqlite"])
def test_one_phone_checks_in_one_person_and_twice_is_once(drill: Drill) -> None:
    phone = drill.pages.visitor()
    drill.arrive(phone, "dee")
    came_at = drill.rows()["dee"].came_at
    drill.pages.later(minutes=5)
    refused = drill.arrive(phone, "gao")
    assert refused.status == 422 and "somebody else" in refused.body
    assert drill.arrive(phone, "dee").status == 303
    # A browser sends to the code's address only the cookie that was set for it.
    scan = Visitor(drill.pages.site, {"wardcycle_came_1": phone.cookies["wardcycle_came_1"]})
    assert scan.get(drill.code()).to == "/attendance/1" and set(scan.cookies) == {"wardcycle_came_1"}
    assert {slug: row.came_at for slug, row in drill.rows().items()} == {"dee": came_at}


def test_two_phones_of_one_person_at_once_make_one_presence(drill: Drill) -> None:
    visitors = [drill.pages.visitor() for _ in range(3)]
    code = drill.code()
    said = at_once(drill.pages.database, [partial(_arrive, drill, one, code) for one in visitors])
    assert [one.status for one in said if isinstance(one, Answer)] == [303] * 3
    assert set(drill.rows()) == {"dee"}
    with drill.pages.database.reading() as session:
        assert len(session.exec(select(Audit).where(Audit.what == "attendance.note")).all()) == 1


def _arrive(drill: Drill, visitor: Visitor, code: str, _: Database) -> Answer:
    return drill.arrive(visitor, "dee", code)


@pytest.mark.parametrize("system", ["sqlite"])
def test_nobody_by_that_name_is_refused_in_words(drill: Drill) -> None:
    for typed in ("", "nobody", "d", "' or 1=1"):
        said = drill.arrive(drill.pages.visitor(), typed)
        assert said.status == 422 and "staff id" in said.body
    assert drill.rows() == {}


@pytest.mark.parametrize("system", ["sqlite"])
def test_whoever_is_logged_in_checks_in_with_one_tap(drill: Drill) -> None:
    eva = drill.pages.logged_in("eva")
    assert drill.arrive(eva, "").status == 303
    assert drill.rows()["eva"].came_by == "login"
    page = drill.trainer.get(drill.path).body
    assert "not invited" in page, page[page.index("<main") :]


@pytest.mark.parametrize("system", ["sqlite"])
def test_only_three_tries_and_only_for_who_is_there(drill: Drill) -> None:
    dee, stranger = drill.pages.visitor(), drill.pages.visitor()
    entered = stranger.get(drill.code())
    assert stranger.post(entered.to, {"form": stranger.get(entered.to).form, "step": "test", "q0": "1"}).status == 422
    drill.arrive(dee, "dee")
    wrong = {f"q{n}": str(3 - one) for n, one in enumerate(_right(drill))}
    form = dee.get(f"/attendance/{drill.number}").form
    said = [dee.post(f"/attendance/{drill.number}", {"form": form, "step": "test", **wrong}).status for _ in range(4)]
    assert said == [303, 303, 303, 422]
    assert (drill.rows()["dee"].score_percent, drill.rows()["dee"].n_tries) == (0, 3)


@pytest.mark.parametrize("system", ["sqlite"])
def test_the_screen_and_the_list_belong_to_lead_and_office(drill: Drill) -> None:
    dee = drill.pages.logged_in("dee")  # owns tasks of the cycle: sees it, and does not run it
    assert dee.get(drill.path).status == 200
    assert dee.get(f"{drill.path}/code").status == 403
    assert dee.get(f"{drill.path}/list.xlsx").status == 403
    assert 'name="title"' not in dee.get("/cycles/C2026-0001/gatherings").body
    form = dee.get("/me").form
    assert dee.post("/cycles/C2026-0001/gatherings", FORM | {"form": form}).status == 422
    assert dee.post(drill.path, {"form": form, "name": "gao"}).status == 403
    assert drill.rows() == {}


@pytest.mark.parametrize("system", ["sqlite"])
def test_the_trainer_enters_somebody_by_hand_and_takes_the_list_home(drill: Drill) -> None:
    drill.arrive(drill.pages.visitor(), "dee")
    drill.pages.later(hours=2)
    form = drill.trainer.get(drill.path).form
    assert drill.trainer.post(drill.path, {"form": form, "name": "gao"}).status == 303
    assert drill.trainer.post(drill.path, {"form": form, "name": "nobody"}).status == 422
    row = drill.rows()["gao"]
    with drill.pages.database.reading() as session:
        noted = session.exec(select(Audit).where(Audit.what == "attendance.note", Audit.entity_id == row.id)).one()
        assert noted.by_id == directory(session).person("bo").id
    (grid,) = workbook_in("list.xlsx", _bytes(drill)).grids.values()
    assert [row[0] for row in grid[1:4]] == ["dee", "gao", "bo"] and grid[3][3] == "missing"


def _bytes(drill: Drill) -> bytes:
    with drill.pages.database.reading() as session:
        view = find_gathering(session, drill.number)
    assert view is not None
    return attendance_bytes(view, "en", drill.pages.rules.calendar.zone)


WRONG = (
    ({"title": ""}, "title"),
    ({"starts_at": "soon"}, "beginning"),
    ({"minutes": "0"}, "24 hours"),
    ({"minutes": "2000"}, "24 hours"),
    ({"invited": "nowhere"}, "nowhere"),
    ({"invited": " , "}, "Nobody is expected"),
    ({"questions": "Only a question"}, "Line 1"),
    ({"questions": "Same? | a | a"}, "Line 1"),
    ({"place": "bed of 110101199003078515"}, "Nothing was stored"),
)


@pytest.mark.parametrize("system", ["sqlite"])
def test_a_wrong_field_is_named_and_nothing_is_entered(drill: Drill) -> None:
    page = "/cycles/C2026-0001/gatherings"
    form = drill.trainer.get(page).form
    for changed, said in WRONG:
        answer = drill.trainer.post(page, FORM | changed | {"form": form})
        assert answer.status == 422 and said in answer.body, changed
    with drill.pages.database.reading() as session:
        assert len(session.exec(select(Gathering)).all()) == 1
