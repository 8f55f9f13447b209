"""Launching, starting, resting, stopping and mending a cycle: every row, every refusal, whole."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.cycles import cancel_cycle, pause_cycle, resume_cycle, start_due_cycle
from engine.launch import Launch, launch_cycle
from engine.people import Directory, directory
from engine.provisional import settle_provisional
from engine.rules import Rules
from engine.stages import advance_cycle
from models.cycle import Snapshot, Stage
from models.db import Database
from models.people import RoleHolding
from models.task import Task
from tests.chronicle import LAUNCHED, SENT, SWEPT, Act, Chronicle, answer, away, by_hand, left, moved
from tests.day_book import DayBook, Step, refused, tell
from tests.places import make_hospital
from tests.walks import Part, launched, stage, task, template

AT_ONCE, SECOND, MINUTE = timedelta(0), timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in the hospital
DECEMBER = datetime(2026, 12, 28, 1, 0, tzinfo=UTC)  # of a year whose successor's calendar is not out
LATER = date(2026, 3, 20)


@pytest.fixture
def system() -> str:
    """What is kept and said is the same on both systems; the verbs are tested on each."""
    return "sqlite"


def launches(by: str = "ana", **fields: object) -> Act:
    """Somebody launches a cycle."""
    wanted = Launch.model_validate({"template": "trial", "unit": "ward-3", "lead": "ana"} | fields)

    def do(told: Chronicle) -> object:
        def launch() -> str:
            with told.walk.database.transaction("test") as session:
                who = directory(session).person(by).id if by else None
                return launch_cycle(session, wanted, rules=told.walk.rules, by=who, now=told.now).code

        return refused(launch)

    return Act(f"{by or 'the clock'} launches {fields or ''}".strip(), do)


def by_clock(title: str, verb: Callable[..., object]) -> Act:
    """The clock does something with a cycle."""

    def do(told: Chronicle) -> object:
        with told.walk.database.transaction("test") as session:
            return [f"{title}: {verb(session, rules=told.walk.rules, now=told.now)}"]

    return Act(title, do)


def starts(cycle_id: int) -> Act:
    """The clock comes to a planned cycle."""
    return by_clock(f"start of {cycle_id}", partial(start_due_cycle, cycle_id=cycle_id))


def advances(cycle_id: int) -> Act:
    """The clock mends what was interrupted."""
    return by_clock(f"advance {cycle_id}", partial(advance_cycle, cycle_id=cycle_id))


def settles(batch: int) -> Act:
    """The clock computes provisional deadlines again."""
    return by_clock(f"settle at most {batch}", partial(settle_provisional, batch=batch))


OF_CYCLE: dict[str, Callable[..., None]] = {"pause": pause_cycle, "resume": resume_cycle, "cancel": cancel_cycle}


def does(what: str, cycle_id: int, by: str, why: str = "works on the ward") -> Act:
    """Somebody pauses, resumes or cancels a cycle."""
    return Act(f"{by}: {what} {cycle_id}", lambda told: told.walk.run(OF_CYCLE[what], cycle_id, by, told.now, why=why))


def announced(year: int | None, off: date) -> Act:
    """The official calendar comes out, with a day off that nobody knew of."""

    def do(told: Chronicle) -> object:
        known = told.walk.rules.calendar
        calendar = replace(known, announced_until=year, works_on=lambda day: day != off and known.works_on(day),
                           _known={})  # fmt: skip
        told.walk.rules = replace(told.walk.rules, calendar=calendar)
        return [f"announced until {year}"]

    return Act("the calendar comes out", do)


def held(person: str, role: str, unit: str) -> Act:
    """Somebody alone holds a role."""

    def write(session: Session, people: Directory) -> None:
        session.execute(sa.delete(RoleHolding).where(col(RoleHolding.role) == role))
        if person:
            session.add(RoleHolding(person_id=people.person(person).id, role=role, unit_id=people.unit(unit).id))

    return by_hand(f"{person or 'nobody'} alone holds {role} of {unit}", write)


def interrupted(noun: type[Stage | Task], slug: str, **values: object) -> Act:
    """A restored copy, or a crash of another program, has left something as it should not be."""

    def write(session: Session, _: Directory) -> None:
        session.execute(sa.update(noun).where(col(noun.slug) == slug).values(values))

    return by_hand(f"{slug} is left {values}", write)


FULL = template(
    stage("one", task("read", owner="lead", due="24h", remind=["-2h"]), task("count", owner="data-owner", accept=True),
          task("draw", owner="circle-leader", evidence="required", after=["count"]), gate="do"),
    stage("two", task("teach", due="10d!", remind=[], evidence="optional"), task("test", owner="circle-member"),
          title={"en": "Second", "zh": "第二"}),
    urgent=True, version=3, title={"en": "Falls", "zh": "跌倒"},
)  # fmt: skip
DATED = template(stage("one", task("read", due="2027-03-03")), announce=False)
THREE = template(
    stage("one", task("a")),
    stage("two", task("b", owner="data-owner"), task("c", owner="lead", after=["b"])),
    stage("three", task("d", owner="circle-leader")),
)
REST = template(
    stage("work", task("a"), task("b", owner="lead", due="24h"), task("c", owner="data-owner", accept=True),
          task("d", after=["a"]), task("e", owner="lead", after=["d"])),
    stage("then", task("f")),
)  # fmt: skip
YEAR = template(stage("w", task("long", due="20wd"), task("short", due="5wd"),
                      task("data", owner="data-owner", due="19wd"),
                      task("far", due="2028-01-04"), task("moved", due="18wd")))  # fmt: skip
STORIES: dict[str, tuple[Part, tuple[Step, ...]]] = {
    "launched": (
        FULL,
        (
            (AT_ONCE, launches(template="trail")),
            (AT_ONCE, launches(template="nothing-like-it")),
            (AT_ONCE, launches(unit="ward-33")),
            (AT_ONCE, launches(lead="anna")),
            (AT_ONCE, launches()),
            (AT_ONCE, launches(launch_key="monday", allow_unstaffed=True, title="Fewer falls")),
            (MINUTE, launches(launch_key="monday", allow_unstaffed=True)),
            (MINUTE, held("eva", "quality-office", "quality-dept")),
            (AT_ONCE, launches(by="", lead="dee", allow_unstaffed=True, title="Fewer", title_zh="减少")),
            (MINUTE, held("", "quality-office", "hospital")),
            (AT_ONCE, launches(allow_unstaffed=True)),
            (MINUTE, left("feng", to="bo")),
            (AT_ONCE, launches(lead="feng")),
        ),
    ),
    "started": (
        DATED,
        (
            (MINUTE, launches(start=MONDAY - 10 * HOUR)),
            (AT_ONCE, launches(start=MONDAY - 10 * HOUR, allow_past=True)),
            (AT_ONCE, launches(start=MONDAY + 10 * HOUR)),
            (AT_ONCE, launches(start=MONDAY + 366 * DAY + 8.5 * HOUR)),
            (AT_ONCE, launches(start=MONDAY + 366 * DAY + 8.5 * HOUR - SECOND, unit="surgery", allow_unstaffed=True)),
            (10 * HOUR - MINUTE - SECOND, starts(3)),
            (SECOND, starts(3)),
            (AT_ONCE, starts(3)),
            (AT_ONCE, launches(start=MONDAY + 10 * HOUR)),
            (AT_ONCE, answer("read", "done", "dee")),
            (AT_ONCE, launches(start=MONDAY + 330 * DAY)),
            (MINUTE, does("cancel", 6, "ana")),
            (330 * DAY, starts(6)),
            (AT_ONCE, launches()),
        ),
    ),
    "mended": (
        THREE,
        (
            (AT_ONCE, advances(1)),
            (MINUTE, answer("a", "done", "dee")),
            (MINUTE, interrupted(Task, "b", status="waiting", next_fire_at=None, deadline_at=None, opened_at=None)),
            (AT_ONCE, interrupted(Stage, "two", status="waiting", opened_at=None)),
            (MINUTE, held("dee", "data-owner", "ward-3")),
            (AT_ONCE, advances(1)),
            (AT_ONCE, advances(1)),
            (MINUTE, interrupted(Task, "b", status="done", next_fire_at=None, done_at=MONDAY, done_by=4)),
            (MINUTE, interrupted(Stage, "two", open_count=1)),
            (AT_ONCE, advances(1)),
            (MINUTE, interrupted(Task, "c", status="stopped", next_fire_at=None)),
            (AT_ONCE, interrupted(Stage, "two", open_count=0)),
            (AT_ONCE, held("gao", "circle-leader", "surgery")),
            (AT_ONCE, advances(1)),
            (MINUTE, does("pause", 1, "ana")),
            (MINUTE, advances(1)),
            (MINUTE, does("resume", 1, "ana")),
            (MINUTE, interrupted(Task, "d", status="stopped", next_fire_at=None)),
            (AT_ONCE, interrupted(Stage, "three", open_count=0)),
            (AT_ONCE, advances(1)),
            (AT_ONCE, advances(1)),
        ),
    ),
    "at rest": (
        REST,
        (
            (MINUTE, launches()),
            (MINUTE, away("dee", "gao", LATER)),
            (MINUTE, answer("a", "done", "gao")),
            (MINUTE, answer("c", "done", "chen")),
            (MINUTE, does("pause", 1, "dee")),
            (MINUTE, does("pause", 1, "ana", " ")),
            (MINUTE, does("resume", 1, "ana")),
            (MINUTE, does("pause", 1, "ana", "w" * 501)),
            (MINUTE, does("pause", 1, "ana")),
            (MINUTE, answer("b", "done", "ana")),
            (3 * HOUR, does("resume", 1, "eva")),
            (MINUTE, does("pause", 1, "ana")),
            (MINUTE, SENT),
            (9 * DAY, SWEPT),
            (MINUTE, away("ana", "bo", LATER)),
            (MINUTE, does("resume", 1, "bo")),
            (MINUTE, moved("b", LATER, "bo")),
            (20 * DAY, SWEPT),
            (MINUTE, does("pause", 1, "ana")),
            (10 * DAY, does("resume", 1, "ana")),
            (DAY, SWEPT),
        ),
    ),
    "cancelled": (
        REST,
        (
            (MINUTE, launches()),
            (MINUTE, answer("a", "done", "dee")),
            (MINUTE, answer("d", "extend", "dee", until=LATER)),
            (MINUTE, answer("c", "done", "gao")),
            (MINUTE, does("cancel", 1, "bo")),
            (MINUTE, does("cancel", 1, "ana", "")),
            (MINUTE, does("cancel", 1, "eva", "s" * 501)),
            (MINUTE, does("cancel", 1, "eva")),
            (MINUTE, does("pause", 2, "ana")),
            (MINUTE, does("cancel", 2, "ana")),
            (MINUTE, does("resume", 2, "ana")),
        ),
    ),
    "cancelled later": (
        THREE,
        (
            (MINUTE, answer("a", "done", "dee")),
            (MINUTE, answer("b", "done", "gao")),
            (MINUTE, does("cancel", 1, "ana")),
            (MINUTE, advances(1)),
        ),
    ),
    "not yet certain": (
        YEAR,
        (
            (MINUTE, moved("moved", date(2027, 1, 25), "ana")),
            (MINUTE, settles(9)),
            (MINUTE, announced(None, date(2027, 1, 11))),
            (MINUTE, settles(9)),
            (MINUTE, announced(2027, date(2027, 1, 11))),
            (MINUTE, answer("short", "done", "dee")),
            (MINUTE, settles(1)),
            (MINUTE, does("pause", 1, "ana")),
            (MINUTE, settles(9)),
            (MINUTE, does("resume", 1, "ana")),
            (MINUTE, settles(9)),
            (MINUTE, settles(9)),
        ),
    ),
}  # fmt: skip
STAFFED = {
    "launched": {"allow_unstaffed": True},
    "mended": {"allow_unstaffed": True},
    "cancelled later": {"allow_unstaffed": True},
}


@pytest.mark.parametrize("name", STORIES)
def test_what_becomes_of_a_cycle_is_kept_whole(database: Database, rules: Rules, name: str) -> None:
    make_hospital(database)
    written, steps = STORIES[name]
    begun = DECEMBER if written is YEAR else MONDAY
    book = DayBook(launched(database, rules, begun, written, **STAFFED.get(name, {})), now=begun)
    book.step(LAUNCHED, after=AT_ONCE)
    tell(book, steps, f"launch {name}", holds=name != "mended")


def test_a_snapshot_is_named_by_its_content(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, THREE, allow_unstaffed=True)
    with database.reading() as session:
        kept = session.exec(select(Snapshot)).one()
    assert kept.digest == hashlib.sha256(f"{kept.template}\n{kept.ladder}".encode()).hexdigest()
    assert walk.cycle().snapshot == kept.digest
