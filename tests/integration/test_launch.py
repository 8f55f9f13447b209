"""Launching: who is found, what is refused, what is written, and what two at once do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from config.shapes import Template
from engine.cycles import cancel_cycle
from engine.deed import plan_of
from engine.launch import Launch, launch_cycle
from engine.people import people_changed
from engine.rules import Rules
from models.audit import Audit
from models.cycle import CodeCounter, Cycle, CycleStatus, Snapshot, Stage
from models.db import Database
from models.errors import DeadlineInThePast, NoOffice, NotFound, StartInThePast, Unstaffed, WardcycleError
from models.notification import Delivery, Notification
from models.people import RoleHolding
from models.task import Task, TaskOwner, TaskStatus
from tests.invariants import hold
from tests.places import make_hospital
from tests.walks import ONE, at_once, launched, person_id, stage, task, template, with_template

WRITTEN = (Cycle, Stage, Task, TaskOwner, Notification, Delivery, Snapshot, CodeCounter, Audit)
TWO_UNSTAFFED = template(
    stage("work", task("count", owner="statistician"), task("report"), task("teach", owner="trainer"))
)


def roles(rules: Rules, *names: str) -> Rules:
    """Add roles that nobody holds."""
    known = {**rules.catalogue.roles, **dict.fromkeys(names, rules.catalogue.roles["dept-head"])}
    return replace(rules, catalogue=replace(rules.catalogue, roles=known))


def n_rows(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            noun.__name__: session.execute(sa.select(sa.func.count()).select_from(noun)).scalar_one()
            for noun in WRITTEN
        }


def test_a_launch_opens_the_first_stage_and_tells_the_owners(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(
        database, rules, now, template(stage("a", task("x"), task("y", after=["x"])), stage("b", task("z")))
    )
    assert walk.cycle().code == "C2026-0001"
    assert walk.cycle().status is CycleStatus.ACTIVE
    assert [walk.task(slug).status.value for slug in "xyz"] == ["open", "waiting", "waiting"]
    assert walk.told() == [("assigned", "", "dee")]
    assert walk.task("x").deadline_at == datetime(2026, 3, 9, 9, 30, tzinfo=UTC)
    hold(database, now)


@pytest.mark.parametrize(
    ("field", "name", "mend"),
    [("unit", "ward-4", "ward-3"), ("lead", "anna", "ana"), ("template", "trail", "trial")],
)
def test_an_unknown_name_is_refused_with_the_nearest_one_and_leaves_no_row(
    database: Database, rules: Rules, now: datetime, field: str, name: str, mend: str
) -> None:
    make_hospital(database)
    before = n_rows(database)
    with pytest.raises(NotFound, match=mend):
        launched(database, rules, now, ONE, **{field: name})
    assert n_rows(database) == before


def test_everybody_who_is_missing_is_named_at_once_and_nothing_is_written(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    before = n_rows(database)
    with pytest.raises(Unstaffed) as refused:
        launched(database, roles(rules, "statistician", "trainer"), now, TWO_UNSTAFFED)
    assert "count (statistician), teach (trainer)" in str(refused.value)
    assert "report" not in str(refused.value)
    assert n_rows(database) == before


def test_unstaffed_tasks_go_to_the_office_and_are_marked_when_that_is_allowed(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, roles(rules, "statistician", "trainer"), now, TWO_UNSTAFFED, allow_unstaffed=True)
    assert [walk.task(slug).unstaffed for slug in ("count", "report", "teach")] == [True, False, True]
    assert walk.told() == [("assigned", "", "dee"), ("assigned", "", "eva"), ("assigned", "", "eva")]
    hold(database, now)


def test_without_an_office_unstaffed_tasks_have_no_place_to_go(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        session.execute(sa.delete(RoleHolding).where(col(RoleHolding.role) == "quality-office"))
        people_changed(session)
    with pytest.raises(NoOffice):
        launched(database, roles(rules, "statistician", "trainer"), now, TWO_UNSTAFFED, allow_unstaffed=True)


@pytest.mark.parametrize(
    ("start", "refused"),
    [
        ("2026-03-01T23:59:59+08:00", True),  # the last second of yesterday, in the hospital's zone
        ("2026-03-02T00:00:00+08:00", False),
        ("2026-03-01T16:00:00+00:00", False),  # the same moment, written in UTC
    ],
)
def test_a_start_before_today_is_refused_to_the_second(
    database: Database, rules: Rules, now: datetime, start: str, refused: bool
) -> None:
    make_hospital(database)
    if refused:
        with pytest.raises(StartInThePast, match="2026-03-01"):
            launched(database, rules, now, start=start)
    walk = launched(database, rules, now, start=start, allow_past=refused)
    assert walk.cycle().status is CycleStatus.ACTIVE
    assert walk.task("report").opened_at == now
    hold(database, now)


@pytest.mark.parametrize(("due", "refused"), [("2026-03-02", True), ("2026-03-03", False)])
def test_a_written_date_that_has_passed_at_the_opening_is_refused(
    database: Database, rules: Rules, due: str, refused: bool
) -> None:
    make_hospital(database)
    evening = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    written = template(stage("work", task("report", due=due)))
    if refused:
        for start in (None, "2026-03-02T08:00:00+08:00"):  # started in the morning, launched in the evening
            with pytest.raises(DeadlineInThePast):
                launched(database, rules, evening, written, start=start)
    else:
        launched(database, rules, evening, written)
        hold(database, evening)


def test_a_future_start_begins_when_it_is_due_and_not_a_second_before(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    start = now + timedelta(days=3)
    walk = launched(database, rules, now, start=start)
    for moment, status in (
        (now, CycleStatus.PLANNED),
        (start - timedelta(seconds=1), CycleStatus.PLANNED),
        (start, CycleStatus.ACTIVE),
        (start, CycleStatus.ACTIVE),
    ):
        walk.sweep(moment)
        assert walk.cycle().status is status
    assert walk.task("report").opened_at == start
    assert walk.told() == [("assigned", "", "dee")]
    hold(database, start, swept=True)


def test_a_future_start_is_cancelled_without_ever_starting(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, start=now + timedelta(days=3))
    walk.run(cancel_cycle, walk.cycle_id, "ana", now, why="not needed")
    walk.sweep(now + timedelta(days=4))
    assert walk.cycle().status is CycleStatus.CANCELLED
    assert walk.task("report").status is TaskStatus.STOPPED
    hold(database, now)


def test_the_same_key_finds_the_first_launch_again(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    first = launched(database, rules, now, launch_key="form-1")
    before = n_rows(database)
    assert launched(database, rules, now + timedelta(hours=1), launch_key="form-1").cycle_id == first.cycle_id
    assert n_rows(database) == before
    assert launched(database, rules, now, launch_key="form-2").cycle().code == "C2026-0002"


def test_the_same_key_at_the_same_time_launches_once(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    acts = [lambda own: launched(own, rules, now, launch_key="form-1").cycle_id] * 4
    assert len(set(at_once(database, acts))) == 1
    assert n_rows(database)["Cycle"] == 1
    hold(database, now)


def test_codes_have_no_gaps_and_no_twins_when_four_launch_at_once(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)

    def launch_five(own: Database) -> None:
        for n in range(5):
            launched(own, rules, now)
            if n % 2:  # a refused launch takes no number with it
                with pytest.raises(WardcycleError):
                    launched(own, rules, now, unit="nowhere")

    at_once(database, [launch_five] * 4)
    with database.reading() as session:
        codes = sorted(session.exec(select(Cycle.code)))
    assert codes == [f"C2026-{n:04d}" for n in range(1, 21)]
    hold(database, now)


def test_a_running_cycle_keeps_the_template_and_the_ladder_of_its_launch(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    changed = with_template(rules, ONE | {"version": 2, "title": {"en": "New", "zh": "新"}}, [("9wd", "hospital-head")])
    with database.transaction("test") as session:
        launch = Launch(template="trial", unit="ward-3", lead="ana")
        newer = launch_cycle(session, launch, rules=changed, by=None, now=now)
    with database.reading() as session:
        old, new = plan_of(session, walk.cycle().snapshot), plan_of(session, newer.snapshot)
    assert isinstance(old.template, Template)
    assert (old.template.version, new.template.version) == (1, 2)
    assert [level.after for level in old.ladder] == ["1wd", "3wd", "5wd"]
    assert [level.after for level in new.ladder] == ["9wd"]
    walk.rules = changed
    walk.sweep(datetime(2026, 3, 10, 1, 0, tzinfo=UTC))  # the first level of the old ladder, for the old cycle only
    assert ("escalation", "1", "bo") in walk.told()
    hold(database, now)


def test_cycles_of_one_template_share_their_snapshot(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    launched(database, rules, now)
    launched(database, rules, now)
    assert n_rows(database)["Snapshot"] == 1


def test_owners_are_found_upwards_and_several_own_one_task(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    written = template(stage("work", task("count", owner="data-owner"), task("plan", owner="lead")))
    walk = launched(database, rules, now, written)
    assert walk.told() == [("assigned", "", "ana"), ("assigned", "", "chen"), ("assigned", "", "gao")]
    hold(database, now)


def test_who_takes_a_role_over_before_a_task_opens_owns_it(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, start=now + timedelta(days=3))
    gao = person_id(database, "gao")
    with database.transaction("test") as session:
        held = sa.update(RoleHolding).where(col(RoleHolding.role) == "dept-quality-officer")
        session.execute(held.values(person_id=gao))
        people_changed(session)
    walk.sweep(now + timedelta(days=3))
    assert walk.told() == [("assigned", "", "gao")]
    hold(database, now)
