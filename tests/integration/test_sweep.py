"""The sweep: on time, late, twice, by several at once, killed, and with rows that cannot be read."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import col, select

from engine.people import people_changed
from engine.rules import Rules
from engine.sweep import Swept
from models.audit import Audit
from models.db import Database
from models.notification import Notification, NotificationKind
from models.people import Absence, Person
from models.task import Outcome, Task
from tests.invariants import hold
from tests.places import make_hospital
from tests.walks import Walk, at_once, launched, person_id, stage, task, template

LEVEL_1 = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)  # 09:00 after the deadline of 9 March
SECOND = timedelta(seconds=1)


def many(database: Database, rules: Rules, now: datetime, n: int) -> list[Walk]:
    return [launched(database, rules, now) for _ in range(n)]


def n_told(database: Database, kind: NotificationKind) -> int:
    with database.reading() as session:
        return len(session.exec(select(Notification.id).where(Notification.kind == kind)).all())


def test_a_rung_and_a_level_fire_at_their_moment_and_once(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    reminder = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
    fired = [
        (walk.sweep(at).n_fired, len(walk.told("reminder", "escalation")))
        for due in (reminder, reminder + timedelta(days=3), LEVEL_1)
        for at in (due - SECOND, due, due)
    ]
    assert fired == [(0, 0), (1, 1), (0, 1), (0, 1), (1, 2), (0, 2), (0, 2), (1, 3), (0, 3)]
    hold(database, LEVEL_1, swept=True)


def test_four_sweepers_at_once_fire_everything_once(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = many(database, rules, now, 20)[0]
    walk.answer("report", "extend", "dee", now, until=date(2026, 3, 20))
    launched(database, rules, now, start=now + timedelta(days=1))
    results = at_once(database, [lambda own: Walk(own, walk.rules, walk.cycle_id).sweep(LEVEL_1)] * 4)
    swept = [result for result in results if isinstance(result, Swept)]
    assert len(swept) == 4, results
    assert (sum(result.n_fired for result in swept), sum(result.n_failed for result in swept)) == (19, 0)
    assert (n_told(database, NotificationKind.ESCALATION), n_told(database, NotificationKind.REMINDER)) == (19, 19)
    assert walk.told("decision") == [("decision", "", "ana"), ("decision", "", "bo")]
    hold(database, LEVEL_1, swept=True)


KILLED = """
import sys, time
from datetime import datetime
from sqlalchemy import event
from config.catalogue import read_catalogue
from config.calendar import calendar_of
from engine.rules import Rules
from engine.sweep import sweep
from models.db import Database
catalogue = read_catalogue(environ={})
rules = Rules(calendar_of(catalogue.calendars["cn"]), catalogue)
database = Database(sys.argv[1])
n = 0
@event.listens_for(database.engine, "commit")
def wait(connection):
    global n
    n += 1
    if n == 3:
        print("in the middle", flush=True)
        time.sleep(60)
sweep(database, rules=rules, now=datetime.fromisoformat(sys.argv[2]), batch=4)
"""


def test_what_a_killed_sweeper_left_is_done_by_the_next_and_nothing_twice(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = many(database, rules, now, 20)[0]
    url = database.url.render_as_string(hide_password=False)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", KILLED, url, LEVEL_1.isoformat()]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "in the middle\n"
        child.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while n_told(database, NotificationKind.ESCALATION) < 20 and time.monotonic() < deadline:
        walk.sweep(LEVEL_1)  # PostgreSQL notices after a moment that the other is gone
    assert n_told(database, NotificationKind.ESCALATION) == 20
    hold(database, LEVEL_1, swept=True)


def test_a_row_that_cannot_be_read_is_put_off_where_people_see_it_and_stops_nobody(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    poisoned, *others = many(database, rules, now, 5)
    with database.transaction("test") as session:
        session.execute(sa.update(Task).where(col(Task.cycle_id) == poisoned.cycle_id).values(remind="soon"))
    swept = poisoned.sweep(LEVEL_1)
    assert (swept.n_fired, swept.n_failed) == (4, 1)
    assert all(("escalation", "1", "bo") in walk.told() for walk in others)
    assert poisoned.task("report").next_fire_at == LEVEL_1 + timedelta(minutes=15)
    with database.reading() as session:
        rows = session.exec(select(Audit).where(Audit.what == "task.put_off")).all()
    assert [(row.entity_id, row.outcome) for row in rows] == [(poisoned.task_id("report"), "failed")]
    with database.transaction("test") as session:
        session.execute(sa.update(Task).where(col(Task.cycle_id) == poisoned.cycle_id).values(remind=""))
    poisoned.sweep(LEVEL_1 + timedelta(minutes=15))
    assert poisoned.told("escalation") == [("escalation", "1", "bo")]
    hold(database, LEVEL_1, swept=True)


@pytest.mark.parametrize("broken", ["start", "decision"])
def test_a_start_or_a_decision_that_fails_does_not_stop_the_reminders(
    database: Database, rules: Rules, now: datetime, broken: str
) -> None:
    make_hospital(database)
    walk, asked = many(database, rules, now, 2)
    asked.answer("report", "extend", "dee", now, until=date(2026, 3, 20))
    planned = [launched(database, rules, now, start=now + timedelta(days=1)) for _ in range(2)]
    with database.transaction("test") as session:
        poison = {
            "start": "UPDATE task SET due = 'soon' WHERE cycle_id = :id",
            "decision": "UPDATE decision SET kind = '?'",
        }
        session.execute(sa.text(poison[broken]), {"id": planned[0].cycle_id} if broken == "start" else {})
    swept = walk.sweep(LEVEL_1)
    assert ("escalation", "1", "bo") in walk.told()
    assert planned[1].told("assigned") == [("assigned", "", "dee")]
    assert swept.n_failed == 1


def test_after_three_days_of_outage_one_reminder_and_one_level_survive(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, template(stage("w", task("report", remind=["-3wd", "-2wd", "-1wd", "0wd"]))))
    back = datetime(2026, 3, 13, 2, 0, tzinfo=UTC)  # everything since the launch was missed: two levels as well
    walk.sweep(back)
    assert walk.told("reminder", "escalation") == [("escalation", "1", "bo"), ("reminder", "0wd", "dee")]
    with database.reading() as session:
        (row,) = session.exec(select(Audit).where(Audit.what == "task.reminder")).all()
    assert '"missed": 3' in row.after
    walk.sweep(datetime(2026, 3, 17, 1, 0, tzinfo=UTC) - SECOND)
    assert walk.task("report").level == 1
    walk.sweep(datetime(2026, 3, 17, 1, 0, tzinfo=UTC))  # the whole two working days between the levels again
    assert walk.task("report").level == 2
    hold(database, datetime(2026, 3, 17, 1, 0, tzinfo=UTC), swept=True)


def test_nobody_decides_for_ever_and_the_office_hears_of_it_every_ten_working_days(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    end = datetime(2026, 6, 30, 1, 0, tzinfo=UTC)
    walk.sweep_until(LEVEL_1 - timedelta(days=7), end, every=timedelta(days=1))
    stagnant = walk.told("stagnant")
    assert stagnant == [("stagnant", f"stagnant-{n}", "eva") for n in range(1, len(stagnant) + 1)]
    assert len(stagnant) == 7
    hold(database, end, swept=True)


def test_who_is_away_when_the_message_arrives_is_replaced(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    away = Absence(
        person_id=person_id(database, "dee"),
        from_on=date(2026, 3, 6),
        until_on=date(2026, 3, 8),
        stand_in_id=person_id(database, "gao"),
    )
    with database.transaction("test") as session:
        session.add(away)
        people_changed(session)
    walk.sweep(datetime(2026, 3, 6, 1, 0, tzinfo=UTC))
    walk.sweep(datetime(2026, 3, 9, 1, 0, tzinfo=UTC))
    assert walk.told("reminder") == [("reminder", "-1wd", "gao"), ("reminder", "0wd", "dee")]
    hold(database, now)


def test_an_owner_without_an_address_is_never_met_with_silence(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(col(Person.slug) == "dee").values(email=None))
        people_changed(session)
    walk = launched(database, rules, now)
    walk.sweep(datetime(2026, 3, 6, 1, 0, tzinfo=UTC))
    assert walk.told() == [("alarm", "", "eva"), ("assigned", "", "bo"), ("reminder", "-1wd", "bo")]
    hold(database, now)


def test_a_provisional_deadline_moves_when_the_calendar_comes_out_and_only_then_is_the_owner_told(
    database: Database, rules: Rules
) -> None:
    make_hospital(database)
    before = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)
    walk = launched(database, rules, before, template(stage("w", task("long", due="20wd"), task("short", due="5wd"))))
    assert (walk.task("long").provisional, walk.task("short").provisional) == (True, True)
    walk.sweep(before)
    assert walk.task("long").provisional
    off = date(2027, 1, 11)
    calendar = rules.calendar
    announced = replace(
        calendar, announced_until=2027, works_on=lambda day: day != off and calendar.works_on(day), _known={}
    )
    walk.rules = replace(walk.rules, calendar=announced)
    old = {slug: walk.task(slug).deadline_at for slug in ("long", "short")}
    for _ in range(2):
        walk.sweep(before + timedelta(hours=1))
    assert walk.task("short").deadline_at == old["short"]
    assert walk.task("long").deadline_at == announced.end_of(announced.shift(date(2026, 12, 28), 20))
    assert walk.task("long").deadline_at != old["long"]
    assert not walk.task("long").provisional and not walk.task("short").provisional
    assert walk.told("deadline") == [("deadline", "", "dee")]
    hold(database, before, swept=True)


def test_a_level_that_nobody_answered_is_over_when_the_next_one_fires(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    walk.sweep(LEVEL_1)
    walk.sweep(LEVEL_1 + timedelta(days=2))
    assert [(one.level, one.outcome, one.ended_at) for one in walk.decisions()] == [
        (1, Outcome.PASSED_UP, LEVEL_1 + timedelta(days=2)),
        (2, None, None),
    ]
    hold(database, LEVEL_1 + timedelta(days=2), swept=True)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(database.engine, "before_cursor_execute", count)
    yield statements
    event.remove(database.engine, "before_cursor_execute", count)


def test_ten_due_cost_the_same_of_50_open_and_of_5000(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walks = many(database, rules, now, 20)
    for walk in walks[10:]:
        walk.answer("report", "extend", "dee", now, until=date(2026, 3, 20))
        walk.decide("report", "grant", "ana", now)
    walks[0].sweep(LEVEL_1 - timedelta(days=1))
    walks[0].sweep(LEVEL_1)
    with counted(database) as few:
        assert walks[0].sweep(LEVEL_1 + timedelta(days=2)).n_fired == 10
    _copies(database, walks[10], 5000)
    with counted(database) as many_:
        assert walks[0].sweep(LEVEL_1 + timedelta(days=6)).n_fired == 10
    assert len(many_) == len(few), (few, many_)


def test_a_tick_with_nothing_to_do_costs_one_look_and_one_heartbeat(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    with counted(database) as statements:
        assert walk.sweep(now).n_fired == 0
    assert [statement.split()[0] for statement in statements if not statement.startswith("BEGIN")] == [
        "SELECT",
        "INSERT",
    ]


def _copies(database: Database, walk: Walk, n: int) -> None:
    """Write further open tasks beside one that is not due for long."""
    with database.transaction("test") as session:
        row = session.get_one(Task, walk.task_id("report")).model_dump(exclude={"id"})
        rows = [row | {"slug": f"copy-{i}", "token": f"copy-{i}"} for i in range(n)]
        session.execute(sa.insert(Task), rows)
