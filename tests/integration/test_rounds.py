"""What a tick is made of: verbs in transactions of their own, what is put off, a cycle that is still to be launched."""

import logging
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.ahead import unwritten_cycle
from engine.forecast import forecast_launch
from engine.launch import Launch, launch_cycle
from engine.people import people_changed
from engine.reminders import find_due_ids, plan_reminders, put_off
from engine.rounds import Rounds
from engine.rules import Rules
from engine.sweep import sweep
from models.audit import Audit, record
from models.db import Database
from models.errors import NotFound, PersonLeft, Unstaffed
from models.people import Person
from models.task import Task
from tests.places import make_hospital
from tests.walks import Walk, launched, stage, task, template, with_template

DUE = datetime.fromisoformat("2026-03-06T09:00+08:00")


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.CRITICAL):
        yield


def note_down(session: Session, item: int) -> int:
    """Write a row of the trail; threes are refused after that."""
    record(session, "round.test", "task", item, by=None, now=DUE)
    if item == 3:
        raise ValueError("three")
    return item * 10


def noted(database: Database) -> list[tuple[int, str]]:
    with database.reading() as session:
        query = select(Audit.entity_id, Audit.door).where(Audit.what == "round.test")
        return list(session.exec(query.order_by(col(Audit.id))))


@pytest.mark.usefixtures("quiet")
def test_what_fails_leaves_nothing_behind_and_the_next_one_goes_on(database: Database) -> None:
    rounds = Rounds(database, "night")
    assert rounds.n_failed == 0
    assert rounds.each([1, 3, 3, 2], note_down) == 30
    assert rounds.n_failed == 2
    assert noted(database) == [(1, "night"), (2, "night")]
    assert (rounds.each([], note_down), rounds.n_failed) == (0, 2)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("seen", "total", "calls", "n_failed"),
    [([0], 0, 1, 0), ([2, 2, 1, 0, 9], 5, 4, 0), ([1, 0], 1, 2, 0), ([4, None, 9], 4, 2, 1), ([None, 9], 0, 1, 1)],
)
@pytest.mark.parametrize("system", ["sqlite"])
def test_batch_after_batch_until_nothing_is_left_or_one_fails(
    database: Database, seen: Sequence[int | None], total: int, calls: int, n_failed: int
) -> None:
    coming, made = iter(seen), list[int]()

    def verb(session: Session) -> int:
        n = next(coming)
        made.append(note_down(session, 3 if n is None else 1))
        return n or 0

    rounds = Rounds(database, "night")
    assert rounds.all_of(False, verb) == 0 and not made
    assert (rounds.all_of(True, verb), rounds.n_failed) == (total, n_failed)
    assert len(made) == calls - n_failed
    assert noted(database) == [(1, "night")] * (calls - n_failed)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("items", "size", "batches", "found", "n_failed"),
    [
        ([], 2, [], [], 0),
        ([1, 2], 2, [[1, 2]], [30], 0),
        ([1, 2, 4], 2, [[1, 2], [4]], [30, 40], 0),
        ([1, 3, 2, 4, 5], 3, [[1, 3, 2], [1], [3], [2], [4, 5]], [10, 20, 90], 1),
        ([3, 3], 1, [[3], [3], [3], [3]], [], 2),
    ],
)
@pytest.mark.parametrize("system", ["sqlite"])
def test_a_bad_item_of_a_batch_costs_itself_alone(
    database: Database, items: list[int], size: int, batches: list[list[int]], found: list[int], n_failed: int
) -> None:
    seen: list[list[int]] = []

    def verb(session: Session, batch: Sequence[int]) -> int:
        seen.append(list(batch))
        return sum(note_down(session, item) for item in batch)

    rounds = Rounds(database, "night")
    assert (rounds.in_batches(items, verb, size=size), rounds.n_failed) == (found, n_failed)
    assert seen == batches
    assert sum(item * 10 for item, _ in noted(database)) == sum(found)


@pytest.fixture
def walks(database: Database, rules: Rules, now: datetime) -> list[Walk]:
    """Three cycles whose tasks are due: the second at 8, the third at 9, the first at 9 too."""
    make_hospital(database)
    found = [launched(database, rules, now) for _ in range(3)]
    with database.transaction("test") as session:
        session.execute(sa.update(Task).where(col(Task.id) == 2).values(next_fire_at=DUE - timedelta(hours=1)))
    return found


def test_what_is_due_is_listed_the_longest_due_first(database: Database, walks: list[Walk]) -> None:
    with database.reading() as session:
        listed = [
            (minutes, batch, find_due_ids(session, now=DUE + timedelta(minutes=minutes), batch=batch))
            for minutes, batch in ((-61, 9), (-60, 9), (-1, 9), (0, 9), (0, 2))
        ]
    assert listed == [(-61, 9, []), (-60, 9, [2]), (-1, 9, [2]), (0, 9, [2, 1, 3]), (0, 2, [2, 1])]


def test_a_batch_takes_the_longest_due_first_and_one_alone_that_one(database: Database, walks: list[Walk]) -> None:
    rules = walks[0].rules

    def plan(batch: int, only: int | None = None) -> tuple[int, list[int]]:
        with database.transaction("test") as session:
            n = plan_reminders(session, rules=rules, now=DUE, batch=batch, only=only)
        with database.reading() as session:
            return n, find_due_ids(session, now=DUE, batch=9)

    assert plan(1) == (1, [1, 3])
    assert plan(1, only=2) == (0, [1, 3])  # it moved on
    assert plan(5, only=3) == (1, [1])
    assert plan(5) == (1, [])
    assert plan(5) == (0, [])


def test_what_is_put_off_comes_later_and_what_rests_meanwhile_stays_at_rest(
    database: Database, walks: list[Walk], now: datetime
) -> None:
    walks[0].answer("report", "extend", "dee", now, until=date(2026, 3, 20))
    later = DUE + timedelta(minutes=15)
    with database.transaction("test") as session:
        for task_id in (1, 2):
            put_off(session, task_id, until=later, why="ValueError", now=DUE)
    assert [walk.task("report").next_fire_at for walk in walks] == [None, later, DUE]
    with database.reading() as session:
        rows = session.exec(select(Audit).where(Audit.what == "task.put_off").order_by(col(Audit.id))).all()
    assert [(row.at, row.by_id, row.entity, row.entity_id, row.before, row.after, row.why, row.outcome)
            for row in rows] == [(DUE, None, "task", n, "", "", "ValueError", "failed") for n in (1, 2)]  # fmt: skip


def test_a_sweep_signs_with_its_own_name_unless_told_otherwise(database: Database, walks: list[Walk]) -> None:
    sweep(database, rules=walks[0].rules, now=DUE)
    with database.reading() as session:
        doors = session.exec(select(Audit.door).where(Audit.what == "task.reminder")).all()
    assert doors == ["sweep"] * 3


UNKNOWN = {"id", "code", "snapshot", "launched_by"}  # before it is launched


@pytest.mark.parametrize("urgent", [True, False])
@pytest.mark.parametrize("system", ["sqlite"])
def test_a_cycle_to_come_is_the_row_that_its_launch_writes(
    database: Database, rules: Rules, now: datetime, urgent: bool
) -> None:
    make_hospital(database)
    written = template(stage("work", task("report")), urgent=urgent, title={"en": "Falls", "zh": "跌倒"}, version=3)
    known = with_template(rules, written)
    walk = launched(database, rules, now, written)
    row = walk.cycle()
    made = unwritten_cycle(-7, known.catalogue.templates["trial"], row.unit_id, row.lead_id, now)
    same = row.model_dump(exclude=UNKNOWN)
    assert made.model_dump(exclude=UNKNOWN) == same
    assert (made.id, made.code, made.snapshot) == (-7, "", "")


REFUSED = [
    ({"template": "nothing"}, NotFound),
    ({"unit": "nowhere"}, NotFound),
    ({"lead": "nobody"}, NotFound),
    ({"lead": "gao"}, PersonLeft),
    ({}, Unstaffed),
]


@pytest.mark.parametrize(("more", "refusal"), REFUSED)
@pytest.mark.parametrize("system", ["sqlite"])
def test_a_forecast_refuses_what_the_launch_would_refuse_in_the_same_words(
    database: Database, rules: Rules, now: datetime, more: dict[str, str], refusal: type[Exception]
) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(col(Person.slug) == "gao").values(left_on=date(2026, 3, 2)))
        people_changed(session)
    known = with_template(rules, template(stage("work", task("report", owner="pharmacy"))))
    launch = Launch.model_validate({"template": "trial", "unit": "ward-3", "lead": "ana"} | more)
    with pytest.raises(refusal) as launching, database.transaction("test") as session:
        launch_cycle(session, launch, rules=known, by=None, now=now)
    with pytest.raises(refusal) as foreseen, database.reading() as session:
        forecast_launch(session, launch, rules=known, now=now, until=now + timedelta(days=9))
    assert str(foreseen.value) == str(launching.value)
