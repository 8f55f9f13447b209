"""Named reads: what they give, and how many queries they take, on both databases."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session

from engine.launch import Launch, launch_cycle
from engine.people import directory
from engine.rules import Rules
from engine.sweep import sweep
from engine.tasks import GivenAnswer, submit_answer
from models.db import Database
from models.errors import NotFound
from models.notification import NotificationKind
from models.queries import (
    CycleFilter,
    MessageFilter,
    TaskFilter,
    cycle_history,
    cycle_view,
    get_cycle,
    get_person,
    get_stage,
    get_task,
    home_counts,
    list_cycles,
    list_notifications,
    list_tasks,
    must_act_first,
    task_view,
    waiting_decisions,
)
from models.task import AnswerKind, DecisionKind, TaskStatus
from tests.places import make_hospital

FIRST = "C2026-0001/present-state"


@pytest.fixture
def hospital(database: Database, rules: Rules, now: datetime) -> Database:
    make_hospital(database)
    _launch(database, rules, 2, now)
    return database


def test_a_name_is_found_in_any_case_and_a_wrong_one_names_the_nearest(hospital: Database) -> None:
    with hospital.reading() as session:
        assert get_cycle(session, " c2026-0001 ").code == "C2026-0001"
        assert get_task(session, FIRST).slug == "present-state"
        assert get_stage(session, "C2026-0001/plan").position == 0
        assert get_person(session, "ana").name == "Ana Ferro"
        for wrong, near in (
            (lambda: get_cycle(session, "C2026-0003"), "C2026-0001"),
            (lambda: get_task(session, "C2026-0001/present"), "present-state"),
            (lambda: get_stage(session, "C2026-0001/pln"), "plan"),
            (lambda: get_person(session, "anna"), "ana"),
            (lambda: get_task(session, "C2026-0001"), "CODE/name"),
        ):
            with pytest.raises(NotFound, match=near):
                wrong()


def test_a_task_is_overdue_from_the_moment_after_its_deadline(hospital: Database, now: datetime) -> None:
    with hospital.reading() as session:
        deadline = get_task(session, FIRST).deadline_at
        assert deadline
        for moment, n in ((deadline, 0), (deadline + timedelta(seconds=1), 2)):
            late = list_tasks(session, TaskFilter(overdue=True), now=moment)
            assert (late.n_all, home_counts(session, now=moment).n_overdue) == (n, n)
            assert list_cycles(session, CycleFilter(overdue=True), now=moment).n_all == n
            assert len(must_act_first(session, now=moment)) == n


def test_lists_are_filtered_counted_and_paged(hospital: Database, now: datetime) -> None:
    with hospital.reading() as session:
        page = list_cycles(session, now=now, limit=1, offset=1)
        assert ([line.code for line in page.rows], page.n_all) == (["C2026-0001"], 2)
        assert page.rows[0].stage
        assert (page.rows[0].stage.slug, page.rows[0].n_open, page.rows[0].n_tasks) == ("plan", 1, 8)
        for wanted, n in (
            (CycleFilter(stage="plan"), 2),
            (CycleFilter(stage="do"), 0),
            (CycleFilter(unit="ward-3", lead="ana", template="pdca"), 2),
            (CycleFilter(lead="bo"), 0),
            (CycleFilter(text="number 1"), 1),
            (CycleFilter(text="%"), 0),
        ):
            assert list_cycles(session, wanted, now=now).n_all == n, wanted
        assert list_tasks(session, TaskFilter(TaskStatus.OPEN, person="ana"), now=now).n_all == 2
        assert list_tasks(session, TaskFilter(cycle="C2026-0002"), now=now).n_all == 8
        assert list_notifications(session, MessageFilter(task=FIRST, kind=NotificationKind.ASSIGNED)).n_all == 1
        assert list_notifications(session, MessageFilter(person="feng")).n_all == 0


def test_a_decision_that_was_passed_up_waits_since_it_was_first_asked(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    until = (now + timedelta(days=20)).date()
    with hospital.transaction("test") as session:
        ana, task_id = directory(session).person("ana").id, get_task(session, FIRST).id
        given = GivenAnswer(kind=AnswerKind.EXTEND, note="two are ill", until=until)
        submit_answer(session, task_id, given, rules=rules, by=ana, now=now)
    later = now + timedelta(days=4)
    sweep(hospital, rules=rules, now=later)
    with hospital.reading() as session:
        (waiting,) = waiting_decisions(session)
        view = task_view(session, FIRST, now=later)
    assert waiting.decision and waiting.task
    assert (waiting.since, waiting.task.address) == (now, FIRST)
    assert waiting.decision.kind is DecisionKind.EXTENSION
    assert waiting.decision.asked_at == later
    assert [person.slug for person in waiting.decision.asked]
    assert [(answer.by.slug, answer.note, answer.until_on) for answer in view.answers] == [
        ("ana", "two are ill", until)
    ]
    assert len(view.decisions) == 2


def test_an_escalation_names_who_was_asked(hospital: Database, rules: Rules, now: datetime) -> None:
    later = now + timedelta(days=8)
    sweep(hospital, rules=rules, now=later)
    with hospital.reading() as session:
        first = must_act_first(session, now=later)
        view = cycle_view(session, "C2026-0001", now=later)
    assert {(item.decision.level, item.decision.role) for item in first if item.decision} == {(1, "dept-head")}
    assert [person.slug for item in first if item.decision for person in item.decision.asked] == ["bo", "bo"]
    kinds = {message.kind for message in view.tasks()[0].messages}
    assert kinds >= {NotificationKind.ASSIGNED, NotificationKind.ESCALATION}


def test_the_history_tells_the_newest_first_and_is_paged(hospital: Database) -> None:
    with hospital.reading() as session:
        whole = cycle_history(session, "C2026-0001")
        last = cycle_history(session, "C2026-0001", limit=1, offset=whole.n_all - 1)
    assert [row.id for row in whole.rows] == sorted((row.id for row in whole.rows), reverse=True)
    assert [row.what for row in last.rows] == ["cycle.launch"]
    assert {row.about for row in whole.rows} == {"", "plan", "present-state"}


def test_every_read_takes_as_many_queries_for_ten_times_the_cycles(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    later = now + timedelta(days=8)
    reads: list[Callable[[Session], object]] = [
        lambda session: home_counts(session, now=later),
        lambda session: must_act_first(session, now=later),
        lambda session: list_cycles(session, now=later, limit=500),
        lambda session: list_tasks(session, now=later, limit=500),
        lambda session: list_notifications(session, limit=500),
        lambda session: cycle_view(session, "C2026-0001", now=later),
        lambda session: cycle_history(session, "C2026-0001"),
    ]
    sweep(hospital, rules=rules, now=later)
    before = [_count(hospital, read) for read in reads]
    _launch(hospital, rules, 18, now)
    sweep(hospital, rules=rules, now=later)
    assert [_count(hospital, read) for read in reads] == before
    assert sum(before[:3]) <= 35  # the overview


def _launch(database: Database, rules: Rules, n: int, now: datetime) -> None:
    with database.transaction("test") as session:
        for number in range(n):
            launch = Launch(template="pdca", unit="ward-3", lead="ana", title=f"Cycle number {number}", start=now)
            launch_cycle(session, launch, rules=rules, by=None, now=now)


def _count(database: Database, read: Callable[[Session], object]) -> int:
    with database.reading() as session, _counting(database) as seen:
        read(session)
    return len(seen)


@contextmanager
def _counting(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def count(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    event.listen(database.engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", count)
