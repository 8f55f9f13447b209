"""Adopting a new edition changes exactly the tasks that it words or times anew; the programme counts itself."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from config.programme import Programme
from engine.changes import move_deadline
from engine.deed import plan_of
from engine.measure_template import OWN_INDICATOR
from engine.people import directory
from engine.programme_adopt import Touched, adopt_in_cycle, adoptable, touched_tasks
from engine.programme_counts import count_due, count_month
from engine.programme_launch import batches, launch_batch
from engine.programme_plan import Wanted, compile_programme
from engine.rules import Rules
from models.audit import Audit
from models.cycle import Cycle
from models.db import Database
from models.errors import NotAllowed
from models.indicator import Observation
from models.reads.programme import list_launched
from models.task import Task, TaskStatus
from tests.invariants import hold
from tests.programmes import SMALL, edition_from, staff_hospital, with_editions

NEXT = (
    SMALL.replace("id: small", "id: next")
    .replace("Minutes are kept", "Minutes go to everybody")
    .replace("review: quarterly", "review: half-yearly")
    .replace("title: {en: Small plan, zh: 小计划}", "title: {en: Next plan, zh: 新计划}")
)


@pytest.fixture
def editions(rules: Rules) -> tuple[Programme, Programme]:
    return edition_from(SMALL, rules), edition_from(NEXT, rules)


@pytest.fixture
def running(database: Database, rules: Rules, now: datetime, editions: tuple[Programme, Programme]) -> Database:
    """A hospital of two departments in which the small edition runs."""
    staff_hospital(database, 2)
    with database.reading() as session:
        plan = compile_programme(editions[0], Wanted("hospital"), people=directory(session), rules=rules, now=now)
    for batch in batches(plan):
        with database.transaction("test") as session:
            launch_batch(session, batch, edition="small", rules=rules, by=None, now=now)
    return database


def office(database: Database) -> int:
    with database.reading() as session:
        return directory(session).person("quality-office").id


def adopt(database: Database, new: Programme, rules: Rules, now: datetime) -> list[Touched]:
    rules, by, touched = with_editions(rules, new), office(database), []
    with database.reading() as session:
        cycles = adoptable(session, "small", new)
    for one in cycles:
        with database.transaction("test") as session:
            touched += adopt_in_cycle(session, one, new, rules=rules, by=by, now=now)
    return touched


def tasks(database: Database) -> dict[tuple[int, str], tuple[object, ...]]:
    """Describe every task as it stands."""
    with database.reading() as session:
        return {
            (one.cycle_id, one.slug): (one.title_en, one.due, one.deadline_at, one.status, one.owner_role)
            for one in session.exec(select(Task))
        }


def test_exactly_the_tasks_that_the_diff_names_are_changed(
    running: Database, rules: Rules, now: datetime, editions: tuple[Programme, Programme]
) -> None:
    later, new = now + timedelta(days=3), editions[1]
    with running.reading() as session:
        named = touched_tasks(session, "small", new, rules=rules, now=later)
    assert [(one.slug, one.fields) for one in named] == [
        ("minutes", ("title",)),
        ("as-ruled", ("guidance", "due")), ("look-at-indicators", ("due",)),
        ("as-ruled", ("guidance", "due")), ("look-at-indicators", ("due",)),
    ]  # fmt: skip
    before = tasks(running)
    done = adopt(running, new, rules, later)
    assert [one.task_id for one in done] == [one.task_id for one in named]
    after = tasks(running)
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {(one.launched.cycle_id, one.slug) for one in named}
    minutes = next(after[key] for key in changed if key[1] == "minutes")
    assert minutes[0] == "Minutes go to everybody" and minutes[2] == next(
        before[key] for key in changed if key[1] == "minutes"
    )[2]  # fmt: skip
    moved = {one.until for one in done if one.slug == "as-ruled"}
    assert moved == {date(2026, 8, 31)}  # 180 days after the opening, Saturday the 29th, moved to a working day
    hold(running, later)


def test_the_owner_reads_the_new_words_and_the_audit_trail_says_what_was_there(
    running: Database, rules: Rules, now: datetime, editions: tuple[Programme, Programme]
) -> None:
    adopt(running, editions[1], rules, now)
    with running.reading() as session:
        task = session.exec(select(Task).where(Task.slug == "minutes")).one()
        cycle = session.get_one(Cycle, task.cycle_id)
        shown = {one.id: one for one in plan_of(session, cycle.snapshot).template.tasks}
        assert shown["minutes"].title.en == task.title_en == "Minutes go to everybody"
        assert shown["chair"].title.en == "The head chairs it"
        told = session.exec(select(Audit).where(Audit.what == "task.reword", Audit.entity_id == task.id)).one()
        assert "Minutes are kept" in told.before and "Minutes go" in told.after and told.why == "programme next"
        assert {one.edition for one in list_launched(session)} == {"next"}


def test_adopting_twice_and_an_edition_that_says_the_same_change_no_task(
    running: Database, rules: Rules, now: datetime, editions: tuple[Programme, Programme]
) -> None:
    assert len(adopt(running, editions[1], rules, now)) == 5
    before = tasks(running)
    assert adopt(running, editions[1], rules, now) == []  # nothing of `small` runs any more
    with running.reading() as session:
        assert touched_tasks(session, "next", editions[1], rules=rules, now=now) == []
    assert tasks(running) == before


def test_a_deadline_that_somebody_has_moved_stays_and_a_finished_task_is_left_alone(
    running: Database, rules: Rules, now: datetime, editions: tuple[Programme, Programme]
) -> None:
    by = office(running)
    with running.transaction("test") as session:
        first, second = session.exec(select(Task).where(Task.slug == "as-ruled").order_by(col(Task.id))).all()
        agreed = date(2026, 7, 1)
        move_deadline(session, first.id, until=agreed, why="agreed", rules=rules, by=by, now=now)
        values = {"status": TaskStatus.DONE, "next_fire_at": None, "done_at": now, "done_by": by}
        session.execute(sa.update(Task).where(col(Task.id) == second.id).values(values))
        ids = first.id, second.id
    touched = {one.task_id: one for one in adopt(running, editions[1], rules, now)}
    assert ids[1] not in touched and touched[ids[0] or 0].until is None
    with running.reading() as session:
        kept = session.get_one(Task, ids[0])
        assert kept.deadline_at == rules.calendar.end_of(agreed)


def test_only_the_lead_or_the_office_may_move_deadlines_by_a_new_edition(
    running: Database, rules: Rules, now: datetime, editions: tuple[Programme, Programme]
) -> None:
    before = tasks(running)
    with running.reading() as session:
        rounds = next(one for one in adoptable(session, "small", editions[1]) if one.measure == "rounds")
        stranger = directory(session).person("officer-1").id
    with pytest.raises(NotAllowed), running.transaction("test") as session:
        adopt_in_cycle(session, rounds, editions[1], rules=rules, by=stranger, now=now)
    assert tasks(running) == before


def test_tasks_done_in_time_are_counted_by_month_unit_and_hospital_once(
    running: Database, rules: Rules, now: datetime
) -> None:
    with running.transaction("test") as session:
        for slug, done_at in (("chair", now + timedelta(days=20)), ("minutes", now + timedelta(days=33))):
            values = {"status": TaskStatus.DONE, "next_fire_at": None, "done_at": done_at, "done_by": 1}
            session.execute(sa.update(Task).where(col(Task.slug) == slug).values(values))
    may = now + timedelta(days=61)
    assert count_values(running, rules, may, date(2026, 4, 1)) == {"hospital": (1, 3)}
    assert count_values(running, rules, may, date(2026, 4, 1)) == {"hospital": (1, 3)}
    june = {"hospital": (0, 4), "d-1": (0, 2), "d-2": (0, 2)}
    assert count_values(running, rules, now + timedelta(days=130), date(2026, 6, 1)) == june
    for at, n in (("2026-06-03T08:59", 0), ("2026-06-03T09:00", 0), ("2026-07-03T08:59", 0)):
        moment = datetime.fromisoformat(f"{at}+08:00")
        assert count_due(running, rules=rules, now=moment, door="test") == n, "no task fell in May, June is counted"


def test_a_month_is_counted_by_the_clock_once_its_tasks_had_three_working_days(
    running: Database, rules: Rules, now: datetime
) -> None:
    early, late = (datetime.fromisoformat(f"2026-07-03T{hour}+08:00") for hour in ("08:59", "09:00"))
    assert [count_due(running, rules=rules, now=at, door="test") for at in (early, late, late)] == [0, 3, 0]


def count_values(database: Database, rules: Rules, now: datetime, month: date) -> dict[str, tuple[int, int]]:
    with database.transaction("test") as session:
        count_month(session, month, rules=rules, now=now)
        units = directory(session).units
        wanted = select(Observation).where(Observation.indicator == OWN_INDICATOR, Observation.period_on == month)
        return {
            units[one.unit_id].slug: (int(one.value or 0), int(one.denominator or 0)) for one in session.exec(wanted)
        }
