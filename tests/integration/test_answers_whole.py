"""Answers to the letter: everything that is refused and why, who may take what was handed over, who leaves with what.

The stories stand in tests/data/chronicle; a change that is meant is written with WARDCYCLE_CHRONICLE=1.
"""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import Session

from engine.absences import add_absence
from engine.cycles import cancel_cycle
from engine.evidence import GivenFile
from engine.people import Directory
from engine.rules import Rules
from engine.tasks import take_task
from engine.undo import undo_answer
from models.cycle import Cycle
from models.db import Database
from models.notification import Delivery
from models.people import Absence, Person, RoleHolding
from models.task import Answer, Decision, Evidence, Task, TaskOwner
from tests.chronicle import (
    MONDAY,
    SENT,
    SWEPT,
    Act,
    Chronicle,
    answer,
    away,
    by_hand,
    by_link,
    comes_out_to_the_letter,
    decided,
    given,
    launches,
    left,
    looks,
    moved,
    of_cycle,
    stands,
    take,
    undo,
)
from tests.e2e.answering import Ward, open_link
from tests.places import make_hospital
from tests.walks import PDF, Part, launched, stage, task, template

AT_ONCE, MINUTE, SOON, DAY = timedelta(0), timedelta(minutes=1), timedelta(minutes=5), timedelta(days=1)
FRIDAY, DUE, NEXT, LATER = date(2026, 2, 27), date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 20)
SHEET = GivenFile(name="figures.exe", content=b"MZ")
Step = tuple[timedelta, Act]

STRICT = template(
    stage(
        "work",
        task("count", evidence="required", accept=True),
        task("tell", owner="data-owner", names_nobody=True),
        task("sign", owner="lead", safety=True),
        task("close", after=["count"]),
    )
)
TWO = template(stage("work", task("study"), task("teach", owner="data-owner"), task("report", owner="lead")))


def _resigns(session: Session, people: Directory) -> None:
    session.get_one(Person, people.person("feng").id).left_on = MONDAY.date()


def _hurries(session: Session, people: Directory) -> None:
    session.get_one(Cycle, 2).urgent = True


def _loses_address(slug: str) -> Act:
    def write(session: Session, people: Directory) -> None:
        session.get_one(Person, people.person(slug).id).email = None

    return by_hand(f"{slug} has no address any more", write)


def _holds(slug: str, role: str, unit: str, first: date | None, last: date | None) -> Act:
    def write(session: Session, people: Directory) -> None:
        who, where = people.person(slug).id, people.unit(unit).id
        session.add(RoleHolding(person_id=who, role=role, unit_id=where, from_on=first, until_on=last))

    return by_hand(f"{slug} is {role} of {unit} from {first} to {last}", write)


STORIES: dict[str, tuple[Part, tuple[Step, ...]]] = {
    "refused for what it lacks": (
        STRICT,
        (
            (MINUTE, answer("count", "done", "dee", note=" ")),
            (MINUTE, answer("count", "done", "dee")),
            (MINUTE, answer("count", "done", "dee", evidence=(PDF, SHEET))),
            (MINUTE, answer("count", "blocked", "dee", note=" ")),
            (MINUTE, answer("count", "extend", "dee", note="", until=LATER)),
            (MINUTE, answer("count", "extend", "dee")),
            (MINUTE, answer("count", "extend", "dee", until=FRIDAY)),
            (MINUTE, answer("count", "extend", "dee", until=DUE)),
            (MINUTE, answer("count", "hand-over", "dee")),
            (MINUTE, answer("count", "hand-over", "dee", to="goa")),
            (MINUTE, answer("count", "hand-over", "dee", to="zzz")),
            (MINUTE, answer("count", "hand-over", "dee", to="dee")),
            (MINUTE, by_hand("feng resigns", _resigns)),
            (MINUTE, answer("count", "hand-over", "dee", to="feng")),
            (MINUTE, answer("tell", "acknowledge", "gao", note="患者姓名：王小明")),
            (MINUTE, answer("count", "acknowledge", "dee", note="患者姓名：王小明")),
            (MINUTE, by_link(answer("sign", "done", "ana"))),
            (MINUTE, by_link(answer("sign", "extend", "ana", until=NEXT))),
            (MINUTE, answer("count", "done", "dee", evidence=(PDF, PDF))),
            (MINUTE, decided("count", "accept", "ana", note="")),
            (MINUTE, stands(Task, Answer, Evidence, Decision)),
        ),
    ),
    "refused for who asks or when": (
        STRICT,
        (
            (MINUTE, undo("count", "dee")),
            (MINUTE, answer("count", "acknowledge", "chen")),
            (MINUTE, answer("tell", "acknowledge", "dee")),
            (MINUTE, answer("close", "done", "dee")),
            (MINUTE, take("count", "gao")),
            (MINUTE, given("count", "gao", "dee")),
            (MINUTE, given("count", "gao", "ana", why=" ")),
            (MINUTE, given("count", "goa", "ana")),
            (MINUTE, given("close", "gao", "eva")),
            (MINUTE, moved("count", LATER, "gao")),
            (MINUTE, moved("count", LATER, "ana", why="")),
            (MINUTE, moved("count", FRIDAY, "eva")),
            (MINUTE, moved("close", LATER, "ana")),
            (MINUTE, of_cycle("pause", "ana")),
            (MINUTE, answer("count", "acknowledge", "dee")),
            (MINUTE, take("count", "gao")),
            (MINUTE, given("count", "gao", "ana")),
            (MINUTE, of_cycle("resume", "ana")),
            (MINUTE, answer("count", "extend", "dee", until=LATER)),
            (MINUTE, moved("count", LATER, "ana")),
            (MINUTE, take("count", "gao")),
            (MINUTE, given("count", "chen", "ana")),
            (MINUTE, undo("count", "gao")),
            (MINUTE, undo("count", "dee", answer_id=999)),
            (MINUTE, undo("count", "ana")),
            (MINUTE, undo("count", "ana", answer_id=1)),
            (MINUTE, answer("count", "blocked", "chen")),
            (MINUTE, decided("count", "stop", "bo", note="merged with another")),
            (MINUTE, answer("count", "done", "chen", evidence=(PDF,))),
            (MINUTE, given("count", "gao", "ana")),
            (MINUTE, answer("sign", "acknowledge", "ana")),
            (MINUTE, undo("sign", "gao")),
            (9 * MINUTE, undo("sign", "ana")),
            (MINUTE, stands(Task, TaskOwner, Answer, Decision)),
        ),
    ),
    "offers": (
        TWO,
        (
            (SOON, answer("study", "acknowledge", "dee", to="gao")),
            (SOON, take("study", "gao")),
            (SOON, answer("teach", "hand-over", "chen", to="eva", note="in the evening")),
            (SOON, take("study", "eva")),
            (SOON, answer("study", "hand-over", "dee", to="eva", note="first")),
            (SOON, answer("study", "hand-over", "dee", to="eva", note="second")),
            (SOON, take("study", "eva")),
            (SOON, take("teach", "eva")),
            (SOON, answer("study", "hand-over", "eva", to="dee")),
            (SOON, take("study", "dee")),
            (SOON, take("study", "eva")),
            (SOON, given("study", "gao", "ana")),
            (SOON, answer("study", "hand-over", "ana", to="bo", note="by the lead")),
            (SOON, take("study", "bo")),
            (SOON, answer("report", "hand-over", "ana", to="dee")),
            (SOON, take("report", "dee")),
            (SOON, stands(Task, TaskOwner, Answer)),
        ),
    ),
    "stand-ins": (
        TWO,
        (
            (SOON, away("dee", "eva", DUE)),
            (SOON, answer("study", "acknowledge", "eva")),
            (SOON, answer("study", "hand-over", "eva", to="gao", note="she is ill")),
            (SOON, away("gao", "bo", DUE)),
            (SOON, take("study", "chen")),
            (SOON, take("study", "bo")),
            (SOON, away("ana", "feng", DUE)),
            (SOON, given("teach", "gao", "feng")),
            (SOON, moved("teach", LATER, "feng")),
            (SOON, answer("report", "done", "feng")),
            (SOON, given("report", "dee", "feng")),
            (SOON, answer("study", "extend", "bo", until=LATER)),
            (SOON, decided("study", "grant", "feng")),
            (SOON, stands(Task, TaskOwner, Answer, Absence)),
        ),
    ),
    "a leaver with much": (
        TWO,
        (
            (SOON, SENT),
            (SOON, launches("bo")),
            (SOON, by_hand("the second is urgent", _hurries)),
            (SOON, launches("ana")),
            (SOON, launches("ana")),
            (
                SOON,
                Act("ana cancels the fourth", lambda told: told.walk.run(cancel_cycle, 4, "ana", told.now, why="no")),
            ),
            (SOON, answer("study", "extend", "dee", until=LATER, note="more data")),
            (SOON, SENT),
            (SOON, answer("teach", "blocked", "gao", note="no room")),
            (SOON, answer("report", "done", "ana")),
            (SOON, away("eva", "ana", LATER)),
            (SOON, _holds("ana", "dept-quality-officer", "surgery", None, LATER)),
            (SOON, _holds("ana", "data-owner", "ward-3", DUE, None)),
            (SOON, _holds("ana", "lab-lead", "ward-3", None, MONDAY.date())),
            (SOON, _holds("ana", "pharmacist", "ward-3", None, FRIDAY)),
            (SOON, left("ana", "ana")),
            (SOON, left("eva", "eva")),
            (SOON, left("ana", "eva")),
            (SOON, left("ana", "gao", by="eva", why="")),
            (SOON, left("chen", "ana")),
            (SOON, looks("gao")),
            (SOON, _loses_address("dee")),
            (SOON, given("teach", "dee", "gao")),
            (SOON, decided("study", "refuse", "gao", note="it is urgent")),
            (SOON, left("ana", "gao")),
            (SOON, left("dee", "chen", days=5)),
            (SOON, left("dee", "bo", days=5)),
            (SOON, left("dee", "bo", days=3)),
            (SOON, stands(Cycle, TaskOwner, RoleHolding, Absence, Person, Decision)),
            (8 * DAY, SWEPT),
            (SOON, SENT),
            (DAY, SWEPT),
            (SOON, left("bo", "feng")),
        ),
    ),
    "leavers for whom others hear": (
        TWO,
        (
            (SOON, _loses_address("ana")),
            (SOON, answer("study", "extend", "dee", until=LATER, note="more data")),
            (SOON, answer("teach", "hand-over", "chen", to="ana", note="she knows it")),
            (SOON, given("study", "ana", "ana")),
            (SOON, left("ana", "dee", days=1)),
            (SOON, looks("dee")),
            (SOON, _loses_address("bo")),
            (SOON, away("gao", "chen", DUE)),
            (8 * DAY, SWEPT),
            (SOON, left("chen", "eva", why="")),
            (SOON, SENT),
            (SOON, moved("teach", LATER, "dee")),
            (SOON, answer("report", "done", "dee")),
            (SOON, left("bo", "gao")),
            (SOON, stands(TaskOwner, Absence, Delivery)),
        ),
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_of_answers_comes_out_to_the_letter(database: Database, rules: Rules, name: str) -> None:
    make_hospital(database)
    written, steps = STORIES[name]
    comes_out_to_the_letter(Chronicle(launched(database, rules, MONDAY, written)), steps, name)


def test_the_page_of_a_link_lets_take_what_a_stand_in_offered(ward: Ward, now: datetime) -> None:
    with ward.walk.database.transaction("test") as session:
        add_absence(session, person="dee", stand_in="eva", from_on=now.date(), until_on=now.date(),
                    rules=ward.walk.rules, by=None, now=now)  # fmt: skip
    ward.walk.answer("photograph", "hand-over", "eva", now, to="gao", note="she is ill")
    gao = open_link(ward.links("gao")[0])
    assert 'value="take"' in gao.said.body
    assert gao.post(choice="take").status == 303
    ward.walk.answer("photograph", "acknowledge", "gao", now)


def test_only_the_newest_offer_that_stands_can_be_taken_and_the_page_says_so(ward: Ward, now: datetime) -> None:
    for note in ("first", "second"):
        ward.walk.answer("photograph", "hand-over", "dee", now, to="gao", note=note)
    ward.walk.run(undo_answer, 2, "dee", now)
    gao = open_link(ward.links("gao")[0])
    assert 'value="take"' in gao.said.body, "the first stands"
    assert gao.post(choice="take").status == 303
    ward.walk.answer("photograph", "hand-over", "gao", now, to="dee")
    ward.walk.run(take_task, ward.walk.task_id("photograph"), "dee", now)
    assert 'value="take"' not in gao.again().body
    assert gao.post(choice="take").status == 409
