"""The forecast is what is sent: before a launch, in the middle, for the whole hospital, to the minute."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col

from cli.simulate import simulate_hospital
from engine.cycles import pause_cycle
from engine.forecast import Told, forecast_cycle, forecast_hospital, forecast_launch
from engine.launch import Launch, launch_cycle
from engine.people import people_changed
from engine.rules import Rules
from models.cycle import Cycle
from models.db import Database
from models.people import Absence, Person
from tests.chaos.sizes import size
from tests.places import make_hospital
from tests.walks import Part, launched, person_id, stage, task, template, with_template

WIDE = template(
    stage(
        "one",
        task("report", remind=["-3wd", "-2h", "0wd", "+2wd"]),
        task("count", owner="data-owner", due="10d"),
        task("head", owner="dept-head", due="3wd"),
        task("later", after=["report"]),
    ),
    stage("two", task("teach")),
)
ABSENCES = (("dee", "gao", date(2026, 3, 6), date(2026, 3, 9)), ("bo", "chen", date(2026, 3, 10), date(2026, 3, 10)))


def write_absences(database: Database) -> None:
    rows = [
        Absence(person_id=person_id(database, who), stand_in_id=person_id(database, by), from_on=first, until_on=last)
        for who, by, first, last in ABSENCES
    ]
    with database.transaction("test") as session:
        session.add_all(rows)
        people_changed(session)


def forecast(database: Database, ask: Callable[[Session], list[Told]]) -> list[Told]:
    with database.reading() as session:
        return ask(session)


def without_code(told: Sequence[Told]) -> list[Told]:
    return sorted(replace(item, cycle="") for item in told)


def same(expected: Sequence[Told], sent: Sequence[Told]) -> None:
    missing, extra = [t for t in sent if t not in expected], [t for t in expected if t not in sent]
    assert list(expected) == list(sent), f"\nsent and not forecast: {missing}\nforecast and not sent: {extra}"


def check_launch(
    database: Database, rules: Rules, written: Part, now: datetime, until: datetime, start: datetime | None = None
) -> None:
    """Forecast a launch, launch it, let nobody answer: the two lists are the same."""
    launch = Launch(template=str(written["id"]), unit="ward-3", lead="ana", start=start, allow_past=True)
    expected = forecast(database, lambda session: forecast_launch(session, launch, rules=rules, now=now, until=until))
    with database.transaction("test") as session:
        launch_cycle(session, launch, rules=rules, by=None, now=now)
    sent = simulate_hospital(database, rules=rules, now=now, until=until).told
    same(without_code(expected), without_code(sent))
    assert expected


def test_the_forecast_of_a_launch_is_what_is_sent_until_somebody_answers(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    write_absences(database)
    for start in (None, now - timedelta(days=3), now + timedelta(days=4, hours=11)):
        check_launch(database, with_template(rules, WIDE), WIDE, now, now + timedelta(days=60), start)
        with database.transaction("test") as session:  # the next one alone
            session.execute(sa.update(Cycle).values(status="paused"))
            session.execute(sa.text("UPDATE task SET status = 'paused', next_fire_at = NULL"))
            session.execute(sa.text("UPDATE delivery SET status = 'dropped', settled_at = next_try_at"))


def test_the_forecast_of_a_hospital_is_what_is_sent_with_everything_that_waits(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    write_absences(database)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(col(Person.slug) == "gao").values(email=None))
        people_changed(session)
    rules = with_template(rules, WIDE)
    running = launched(database, rules, now, WIDE)
    waiting = launched(database, rules, now + timedelta(hours=12), WIDE)  # at night: its messages wait for the morning
    blocked = launched(database, rules, now, WIDE)
    paused = launched(database, rules, now)
    launched(database, rules, now, WIDE, start=now + timedelta(days=5))
    launched(database, rules, now, template(stage("w", task("own", owner="quality-office")), id="office"))
    middle = now + timedelta(days=1, hours=12)
    running.sweep(middle)
    waiting.answer("report", "extend", "dee", middle, until=date(2026, 3, 20))
    blocked.answer("head", "blocked", "bo", middle)
    paused.run(pause_cycle, paused.cycle_id, "ana", middle, why="rebuilding")
    until = middle + timedelta(days=90)
    expected = forecast(database, lambda session: forecast_hospital(session, rules=rules, now=middle, until=until))
    sent = simulate_hospital(database, rules=rules, now=middle, until=until).told
    same(expected, sent)
    assert {item.kind for item in expected} > {"assigned", "reminder", "escalation", "stagnant", "decision", "receipt"}
    one = forecast(
        database,
        lambda session: forecast_cycle(session, running.cycle_id, rules=rules, now=middle, until=until),
    )
    assert one == [item for item in expected if item.cycle == running.cycle().code]


def test_the_forecast_of_an_overdue_cycle_after_an_outage_is_what_is_sent(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    rules = with_template(rules, WIDE)
    launched(database, rules, now, WIDE)
    back = datetime(2026, 3, 18, 5, 0, tzinfo=UTC)
    until = back + timedelta(days=60)
    expected = forecast(database, lambda session: forecast_hospital(session, rules=rules, now=back, until=until))
    same(expected, simulate_hospital(database, rules=rules, now=back, until=until).told)


OWNERS = st.sampled_from(["lead", "dept-quality-officer", "dept-head", "data-owner", "quality-office", "hospital-head"])
DUES = st.one_of(
    st.integers(0, 12).map("{}wd".format),
    st.integers(0, 20).map("{}d".format),
    st.integers(0, 20).map("{}d!".format),
    st.integers(1, 80).map("{}h".format),
)
RUNGS = st.sampled_from(["-3wd", "-2wd", "-1wd", "0wd", "+1wd", "+2wd", "-2h", "-30h", "+1h"])
REMINDERS = st.lists(RUNGS, unique=True, max_size=4)
TASKS = st.lists(st.tuples(OWNERS, DUES, REMINDERS), min_size=1, max_size=3)
LADDERS = st.one_of(
    st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True).map(lambda days: [f"{n}wd" for n in sorted(days)]),
    st.lists(st.integers(0, 60), min_size=1, max_size=3, unique=True).map(
        lambda hours: [f"{n}h" for n in sorted(hours)]
    ),
)
# Weekends, the spring festival, 1 May, the national days with their make-up working days: any minute of half a year.
MOMENTS = st.integers(0, 300 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
LEVELS = ("dept-head", "quality-office", "hospital-head")


@pytest.fixture(scope="module")
def empty_hospital(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A hospital without cycles; SQLite alone, since the forecast's arithmetic does not depend on the database."""
    file = tmp_path_factory.mktemp("forecast") / "wardcycle.db"
    shutil.copy(migrated_file, file)
    database = Database(f"sqlite:///{file}", durable=False)
    make_hospital(database)
    yield database
    database.dispose()


@settings(max_examples=size(8, 500), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tasks=TASKS, ladder=LADDERS, now=MOMENTS, urgent=st.booleans())
def test_whatever_the_template_the_ladder_and_the_moment_the_forecast_is_what_is_sent(
    empty_hospital: Database,
    rules: Rules,
    tasks: list[tuple[str, str, list[str]]],
    ladder: list[str],
    now: datetime,
    urgent: bool,
) -> None:
    parts = [task(f"t{n}", owner=owner, due=due, remind=remind) for n, (owner, due, remind) in enumerate(tasks)]
    written = template(stage("work", *parts), urgent=urgent)
    rules = with_template(rules, written, list(zip(ladder, LEVELS, strict=False)))
    launch = Launch(template="trial", unit="ward-3", lead="ana")
    until = now + timedelta(days=40)
    database = empty_hospital
    expected = forecast(database, lambda session: forecast_launch(session, launch, rules=rules, now=now, until=until))
    with database.transaction("test") as session:
        cycle = launch_cycle(session, launch, rules=rules, by=None, now=now)
    sent = simulate_hospital(database, rules=rules, now=now, until=until).told
    with database.transaction("test") as session:  # the next example has the hospital for itself
        session.execute(sa.text("UPDATE task SET status = 'paused', next_fire_at = NULL"))
        session.execute(sa.text("UPDATE delivery SET status = 'dropped', settled_at = next_try_at"))
    same(without_code(expected), without_code(sent))
    assert cycle.code
