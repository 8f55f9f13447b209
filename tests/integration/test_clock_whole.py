"""What a tick of the clock writes, row by row and column by column, beside what was forecast: to the letter.

A change that is meant is written with WARDCYCLE_CHRONICLE=1, and read as a diff.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.cycles import pause_cycle, resume_cycle
from engine.forecast import Told, forecast_cycle, forecast_launch
from engine.launch import Launch
from engine.outbox import Note, tell
from engine.people import directory, people_changed
from engine.rules import Rules
from models.db import Database
from models.notification import Delivery, DeliveryStatus, NotificationKind
from models.people import Absence, Person, Rhythm, RoleHolding
from models.task import Task
from models.transitions import move
from tests.invariants import hold
from tests.ledger import Ledger, at
from tests.letter import is_to_the_letter
from tests.places import make_hospital
from tests.walks import launched, person_id, stage, task, template, with_template


def a_ward(book: Ledger) -> None:
    """Owners who are away, together or without an address; a head who would escalate to himself; an outage."""
    database, start = book.database, at("03-02 09:00")
    dee, eva = person_id(database, "dee"), person_id(database, "eva")
    with database.transaction("test") as session:
        session.add(Absence(person_id=dee, stand_in_id=eva, from_on=date(2026, 3, 6), until_on=date(2026, 3, 9)))
        session.execute(sa.update(Person).where(col(Person.slug) == "gao").values(email=None))
        session.execute(sa.update(Person).where(col(Person.slug) == "chen").values(digest=Rhythm.DAILY))
        people_changed(session)
    written = template(
        stage(
            "work",
            task("study", remind=["-3wd", "-2wd", "-1wd", "0wd"]),
            task("count", owner="data-owner", due="7d"),
            task("head", owner="dept-head", due="3wd", remind=["0wd", "+1wd"]),
        )
    )
    walk = launched(database, book.rules, start, written)
    planned = template(
        stage("work", task("report"), task("then", after=["report"])), stage("next", task("last")), id="p"
    )
    for soon in ("03-04 10:00", "03-04 09:30"):
        launched(database, book.rules, start, planned, start=at(soon))
    paused = launched(database, book.rules, start)
    paused.run(pause_cycle, paused.cycle_id, "ana", at("03-03 09:00"), why="works")
    book.rules = walk.rules
    book.launched()
    book.hospital(at("03-03 10:00"), at("04-20 09:00"))
    for moment in ("03-04 10:00", "03-06 09:00", "03-06 09:00", "03-09 09:00", "03-10 09:00"):
        book.tick(at(moment))
    paused.run(resume_cycle, paused.cycle_id, "ana", at("03-10 10:00"), why="done")
    book.head("the paused cycle goes on")
    book.changes()
    book.tick(at("03-16 21:00"), live=True)
    book.hospital(at("03-16 21:00"), at("04-30 09:00"))
    for moment in ("03-18 09:00", "03-20 09:00", "03-24 09:00", "04-03 09:00", "06-30 22:00"):
        book.tick(at(moment))


def at_night(book: Ledger) -> None:
    """Levels in hours leave at any hour, those in days with the window, those of an urgent cycle at once; what starts
    after its deadline is late from its start on."""
    hours = (("1h", "dept-head"), ("4h", "quality-office"), ("1wd", "hospital-head"))
    database, start = book.database, at("03-06 20:00")
    parts = stage("work", task("report", due="24h", remind=["-2h", "0wd", "+1wd"]))
    launched(database, with_template(book.rules, template(parts), hours), start, template(parts))
    late = template(stage("work", task("report", due="0wd")), id="late")
    launched(database, with_template(book.rules, late, hours), start, late, start=at("03-06 23:00"))
    walk = launched(database, book.rules, start, template(parts, id="sudden", urgent=True))
    book.rules = walk.rules
    book.launched()
    book.hospital(start, at("03-09 08:00"))  # what waits for the window comes at that moment, and is not in it
    book.hospital(start, at("03-28 09:00"))
    for moment in (
        "03-06 23:00",
        "03-07 17:59",
        "03-07 18:00",
        "03-07 21:30",
        "03-08 00:31",
        "03-08 05:00",
        "03-09 09:00",
    ):
        book.tick(at(moment))
    for moment in ("03-11 09:00", "03-13 09:00", "03-23 09:00", "03-27 09:00"):
        book.tick(at(moment))


def bad_rows(book: Ledger) -> None:
    """What cannot be planned is put off, beside others, in batches of three."""
    walks = [launched(book.database, book.rules, at("03-02 09:00")) for _ in range(6)]
    book.rules = walks[0].rules
    book.launched()
    with book.database.transaction("test") as session:
        poisoned = [walk.cycle_id for walk in walks[1::3]]
        session.execute(sa.update(Task).where(col(Task.cycle_id).in_(poisoned)).values(remind="soon"))
    for moment in ("03-06 09:00", "03-06 09:14", "03-06 09:15"):
        book.tick(at(moment), batch=3)
    with book.database.transaction("test") as session:
        session.execute(sa.update(Task).values(remind="-1wd,0wd"))
    for moment in ("03-06 09:30", "03-09 09:00", "03-09 09:00"):
        book.tick(at(moment), batch=3)


def decisions(book: Ledger) -> None:
    """What is asked goes up, the longest due first; what could not be sent is told to the office."""
    start = at("03-02 09:00")
    written = template(stage("work", task("study"), task("teach"), task("head", owner="dept-head")))
    walk = launched(book.database, book.rules, start, written)
    book.rules = walk.rules
    walk.answer("study", "extend", "dee", start, until=date(2026, 3, 20))
    walk.answer("head", "blocked", "bo", start)  # whom the first level would ask himself
    gated = launched(book.database, book.rules, start, template(stage("one", task("only"), gate="do"), id="gated"))
    gated.answer("only", "done", "dee", start)
    with book.database.transaction("test") as session:
        news = Note("news", NotificationKind.NOTE, person_id(book.database, "eva"), start)
        tell(session, [news], rules=book.rules, now=start)
        lost = session.exec(select(Delivery.id).where(Delivery.status == DeliveryStatus.QUEUED)).first()
        for old, new in pairwise((DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.DEAD)):
            values = {"settled_at": start, "unheard": True, "why": "refused"} if new is DeliveryStatus.DEAD else {}
            move(session, Delivery, [lost or 0], old, new, by=None, now=start, values=values)
    book.head("asked")
    book.changes()
    book.hospital(start, at("04-30 09:00"))
    book.foresee(
        "forecast of the cycle alone until somebody hears of it",
        lambda session: forecast_cycle(session, walk.cycle_id, rules=book.rules, now=start, until=at("03-04 09:00")),
    )
    for moment in ("03-04 08:59", "03-04 09:00", "03-06 09:00", "03-10 09:00", "03-12 09:00", "03-16 09:00"):
        book.tick(at(moment))
    walk.answer("teach", "extend", "dee", at("03-17 10:00"), until=date(2026, 4, 3))
    book.hospital(at("03-17 10:00"), at("04-30 09:00"))
    book.tick(at("03-30 10:00"))


def heartbeats(book: Ledger) -> None:
    """A loop that comes round says so twice a minute; only the real clock knows of outages, and only by day."""
    written = template(stage("work", task("head", owner="dept-head", remind=[])))
    book.rules = launched(book.database, book.rules, at("03-02 09:00"), written).rules
    book.launched()
    for moment in ("03-02 10:00:00", "03-02 10:00:29", "03-02 10:00:30", "03-02 10:00:15", "03-02 12:00:15"):
        book.tick(at(moment), live=True)
    for moment in ("03-02 14:00:14", "03-02 17:30:00", "03-03 09:59:59", "03-03 12:00:00"):
        book.tick(at(moment), live=moment != "03-02 17:30:00")
    book.tick(at("03-13 09:00"))  # a level that is skipped and the one after it


def provisional(book: Ledger) -> None:
    """Deadlines of a year whose calendar is to come: counted again when it is out, and told only if they move."""
    before = at("12-28 10:00")
    parts = (task("long", due="20wd"), task("short", due="5wd"), task("fixed", due="20d!"), task("asked", due="25wd"))
    walk = launched(book.database, book.rules, before, template(stage("w", *parts)))
    walk.answer("asked", "extend", "dee", before, until=date(2027, 3, 1))
    book.rules = walk.rules
    book.launched()
    book.tick(before)
    off, calendar = date(2027, 1, 11), book.rules.calendar
    announced = replace(
        calendar, announced_until=2027, works_on=lambda day: day != off and calendar.works_on(day), _known={}
    )
    book.rules = replace(book.rules, calendar=announced)
    for hour in (1, 2):
        book.tick(before + timedelta(hours=hour), batch=1)


STORIES = (a_ward, at_night, bad_rows, decisions, heartbeats, provisional)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_the_clock_writes_to_the_letter(database: Database, rules: Rules, story: Callable[[Ledger], None]) -> None:
    make_hospital(database)
    book = Ledger(database, rules)
    story(book)
    hold(database, at("07-01 09:00"))
    compare(story.__name__, book.lines)


def compare(name: str, lines: list[str]) -> None:
    is_to_the_letter("clock", name, lines)


LAUNCHES: dict[str, dict[str, object]] = {
    "now": {},
    "later": {"start": at("03-07 20:00")},
    "earlier": {"start": at("02-20 09:00")},
    "in a hurry": {"template": "sudden", "start": at("03-07 20:00")},
}


def test_a_launch_is_forecast_to_the_letter(database: Database, rules: Rules) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        people = directory(session)
        officer = col(RoleHolding.role) == "dept-quality-officer"
        session.execute(sa.update(RoleHolding).where(officer).values(until_on=date(2026, 3, 6)))
        new = people.person("chen").id
        session.add(RoleHolding(person_id=new, role="dept-quality-officer", unit_id=people.unit("ward-3").id,
                                from_on=date(2026, 3, 7)))  # fmt: skip
        session.execute(sa.update(Person).where(col(Person.slug) == "chen").values(email=None))
        people_changed(session)
    parts = stage(
        "work",
        task("study", remind=["-2h", "0wd"]),
        task("lead", owner="lead", due="8d"),
        task("head", owner="dept-head", due="3wd"),
        task("nobody", owner="pharmacy", due="2wd"),
        task("later", after=["study"]),
    )
    known = with_template(rules, template(parts, stage("next", task("never"))))
    book = Ledger(database, with_template(known, template(parts, id="sudden", urgent=True)))
    now = at("03-02 09:00")
    for name, more in LAUNCHES.items():
        given = {"template": "trial", "unit": "ward-3", "lead": "ana", "allow_unstaffed": True} | more
        launch = Launch.model_validate(given)

        for end in (at("03-09 08:00"), at("03-31 09:00")):

            def ask(session: Session, launch: Launch = launch, until: datetime = end) -> list[Told]:
                return forecast_launch(session, launch, rules=book.rules, now=now, until=until)

            book.foresee(f"{name}, to {end:%d %b}", ask)
    compare("launches", book.lines)
