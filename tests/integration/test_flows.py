"""The flows without a server: what they ask the engine, what they say, what running them twice brings."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
import sqlalchemy as sa
from prefect.client.schemas.objects import State
from sqlmodel import select

from config.settings import Settings
from engine.evidence import GivenFile
from engine.launch import Launch
from engine.rules import Rules
from engine.scheduling import GivenSchedule, add_schedule
from engine.special_actions import GivenAction
from engine.tasks import GivenAnswer, submit_answer
from flows import action_report
from flows.cycle_report import end_of_run, markdown, waited_for
from flows.deployments import DEPLOYMENTS, flow_of, special_actions
from flows.hospital import Hospital, hospital
from flows.improvement_cycle import OneOfBoth, advance, launch_or_find, look
from flows.special_action import work as work_on_action
from models.cycle import StageStatus
from models.db import Database
from models.errors import NotFound
from models.notification import Heartbeat, Notification, NotificationKind
from models.queries import get_person, get_task
from models.task import AnswerKind
from tests.actions import RETURNS, enter
from tests.places import make_hospital

LAUNCH = Launch(template="pdca", unit="ward-3", lead="ana", allow_unstaffed=True)


@pytest.fixture
def house(database: Database, rules: Rules) -> Hospital:
    """The small hospital."""
    make_hospital(database)
    return Hospital(Settings(language="en"), database, rules)


@pytest.fixture
def as_process(house: Hospital, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hospital]:
    """The small hospital as a run's own process finds it: by the settings."""
    monkeypatch.setenv("WARDCYCLE_DATABASE_URL", database_url)
    hospital.cache_clear()
    yield house
    hospital().database.dispose()
    hospital.cache_clear()


def test_a_run_that_is_tried_again_finds_the_cycle_it_has_launched(house: Hospital, now: datetime) -> None:
    first = launch_or_find(house, LAUNCH, None, key="prefect:run-1", now=now)
    again = launch_or_find(house, LAUNCH, None, key="prefect:run-1", now=now + timedelta(minutes=1))
    other = launch_or_find(house, LAUNCH, None, key="prefect:run-2", now=now)
    assert first == again
    assert other.code != first.code
    assert first.stages == ("plan", "do", "check", "act")


def test_the_key_that_somebody_wrote_into_the_form_counts_rather_than_the_runs(house: Hospital, now: datetime) -> None:
    keyed = LAUNCH.model_copy(update={"launch_key": "event-7"})
    first = launch_or_find(house, keyed, None, key="prefect:run-1", now=now)
    assert launch_or_find(house, keyed, None, key="prefect:run-2", now=now) == first


@pytest.mark.parametrize(("launch", "cycle"), [(None, None), (None, ""), (LAUNCH, "C2026-0001")])
def test_a_run_needs_a_launch_or_a_cycle_and_not_both(
    house: Hospital, now: datetime, launch: Launch | None, cycle: str | None
) -> None:
    with pytest.raises(OneOfBoth):
        launch_or_find(house, launch, cycle, key="prefect:run-1", now=now)


def test_a_cycle_that_is_not_there_is_refused_by_name(house: Hospital, now: datetime) -> None:
    with pytest.raises(NotFound, match="C2026-9999"):
        launch_or_find(house, None, "C2026-9999", key="prefect:run-1", now=now)


def test_advancing_twice_changes_nothing_and_names_who_is_waited_for(house: Hospital, now: datetime) -> None:
    code = launch_or_find(house, LAUNCH, None, key="k", now=now).code
    before = _rows(house.database)
    views = [advance(house, code, now), advance(house, code, now)]
    assert _rows(house.database) == before
    assert [end_of_run(view) for view in views] == ["Awaiting plan", "Awaiting plan"]
    assert waited_for(views[0].stages[0], "en") == "present-state: Ana Ferro"
    assert waited_for(views[0].stages[1], "zh") == "等待中"


def test_a_stage_that_an_interrupted_answer_left_waiting_is_opened(house: Hospital, now: datetime) -> None:
    code = launch_or_find(house, LAUNCH, None, key="k", now=now).code
    _interrupt(house, code)
    view = advance(house, code, now)
    assert view.stages[0].status is StageStatus.OPEN


def test_the_picture_shows_tasks_owners_deadlines_and_the_way_to_the_page(house: Hospital, now: datetime) -> None:
    code = launch_or_find(house, LAUNCH.model_copy(update={"title": "Falls | <b>"}), None, key="k", now=now).code
    text = markdown(look(house, code, now), zone=house.rules.calendar.zone, page=f"http://page/{code}", language="en")
    assert text.startswith(f"# [{code}](http://page/{code}) Falls \\| &lt;b>")
    assert "| Ana Ferro | 2026-03-09 17:30 | open | Ana Ferro |" in text
    assert "| not open yet | present-state |" in text


def test_the_picture_names_the_decider_when_a_stage_waits_for_approval(house: Hospital, now: datetime) -> None:
    code = launch_or_find(house, LAUNCH, None, key="k", now=now).code
    for slug in ("present-state", "causes", "main-causes", "target-and-plan"):
        _answer(house, f"{code}/{slug}", now)
    view = look(house, code, now)
    assert view.stages[0].status is StageStatus.READY
    assert waited_for(view.stages[0], "en") == "approval of the stage: Ana Ferro"
    assert end_of_run(view) == "Awaiting plan"


def test_the_sweep_run_plans_and_leaves_a_heartbeat(as_process: Hospital) -> None:
    said = _run("sweep-deadlines")
    assert said.startswith("fired 0")
    assert "sweep" in _beats(as_process.database)


def test_the_delivery_run_says_what_it_sent(as_process: Hospital) -> None:
    assert _run("deliver-notifications").startswith("sent 0")


def test_the_reconciling_run_mends_what_was_interrupted_once(as_process: Hospital) -> None:
    code = launch_or_find(as_process, LAUNCH, None, key="k", now=datetime.now(UTC)).code
    _interrupt(as_process, code)
    assert _run("reconcile") == "looked at 1, mended 1, failed 0"
    assert _run("reconcile") == "looked at 1, mended 0, failed 0"


def test_the_watch_alarms_the_office_once_for_what_it_finds(as_process: Hospital) -> None:
    launch_or_find(as_process, LAUNCH, None, key="k", now=datetime.now(UTC))
    said = [_run("watch"), _run("watch")]
    assert "has never run here" in said[0]
    with as_process.database.reading() as session:
        alarms = session.exec(select(Notification).where(Notification.kind == NotificationKind.ALARM)).all()
    assert sorted(alarm.key.rpartition(":")[0] for alarm in alarms) == [
        "alarm:watch:silent-loop:sender",
        "alarm:watch:silent-loop:sweep",
    ]


def test_the_run_of_assessments_makes_what_is_due_once(as_process: Hospital) -> None:
    given = GivenSchedule(what="hand-hygiene", unit="ward-3", since=datetime.now(UTC).date() - timedelta(days=70))
    with as_process.database.transaction("test") as session:
        add_schedule(session, given, rules=as_process.rules, by=None, now=datetime.now(UTC))
    first = _run("quality-assessment")
    assert first.startswith("created ") and not first.startswith("created 0") and first.endswith("failed 0")
    assert _run("quality-assessment").startswith("created 0, made 0, missed 0, asked 0")


def test_the_run_of_a_special_action_launches_it_only_when_told_and_twice_changes_nothing(
    as_process: Hospital, now: datetime
) -> None:
    given = GivenAction(action="surgery", allow_unstaffed=True)
    assert work_on_action(as_process, given, launch=False) is None
    enter(as_process.database, as_process.rules, datetime.now(UTC), RETURNS, {"surgery": 3})
    done = work_on_action(as_process, given, launch=True)
    assert done is not None and done.is_new
    assert action_report.end_of_run(done.board) == "Awaiting launch"
    assert action_report.said(done, "en") == "opened 1, asked for data 1"
    page = action_report.markdown(done.board, page="http://page/actions/surgery", language="zh")
    assert page.startswith("# [手术质量安全提升行动](http://page/actions/surgery)") and "| 未达标 |" in page
    before = _rows(as_process.database)[:3]
    for launch in (True, False):
        again = work_on_action(as_process, given, launch=launch)
        assert again is not None and not again.is_new
    assert _rows(as_process.database)[:3] == before


def test_each_special_action_has_its_deployment(house: Hospital) -> None:
    rows = special_actions(house.catalogue)
    assert [row.name for row in rows] == [
        "surgery", "breaking-walls", "record-substance", "patient-safety", "net-weaving",
    ]  # fmt: skip
    assert {flow_of(row).name for row in rows} == {"special-action"}
    assert all(row.parameters == {"given": {"action": row.name}} for row in rows)


def _run(name: str) -> str:
    """Run a flow's own function; returns what its end says."""
    from prefect.logging import disable_run_logger

    found = flow_of(next(row for row in DEPLOYMENTS if row.name == name))
    work = cast(Callable[[], Coroutine[None, None, State[None]]], found.fn)
    with disable_run_logger():
        return str(asyncio.run(work()).message)


def _answer(house: Hospital, address: str, now: datetime) -> None:
    with house.database.transaction("test") as session:
        by = get_person(session, "ana").id
        paper = GivenFile(name="proof.txt", content=b"counted\n")
        given = GivenAnswer(kind=AnswerKind.DONE, note="done", evidence=(paper,))
        submit_answer(session, get_task(session, address).id, given, rules=house.rules, by=by, now=now)


def _interrupt(house: Hospital, code: str) -> None:
    """Bring the rows into the form that a launch leaves which wrote everything and opened nothing."""
    with house.database.engine.begin() as connection:
        where = f"cycle_id = (SELECT id FROM cycle WHERE code = '{code}')"
        connection.execute(
            sa.text(f"UPDATE stage SET status = 'waiting', opened_at = NULL WHERE status = 'open' AND {where}")
        )
        values = "status = 'waiting', next_fire_at = NULL, opened_at = NULL, deadline_at = NULL, deadline_no = 0"
        connection.execute(sa.text(f"UPDATE task SET {values} WHERE status = 'open' AND {where}"))


def _rows(database: Database) -> list[object]:
    with database.reading() as session:
        tables = ("cycle", "stage", "task", "notification", "delivery", "audit")
        return [session.execute(sa.text(f"SELECT * FROM {name} ORDER BY id")).all() for name in tables]


def _beats(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.exec(select(Heartbeat.loop)))


def test_the_process_of_these_tests_keeps_prefect_out_of_the_home_folder() -> None:
    assert "PREFECT_HOME" in os.environ
