"""Reports upward: a quality-control centre's appraisal closes, the body above it gets a cycle with its record."""

from datetime import datetime, timedelta
from functools import partial

from sqlmodel import col, select

from engine.activity_round import ActivityRound, run_activities
from engine.evidence import GivenFile
from engine.launch import Launch, launch_cycle
from engine.people import directory, people_changed
from engine.rules import Rules
from engine.tasks import GivenAnswer, submit_answer
from models.assessment import Origin, OriginKind
from models.cycle import Cycle, CycleStatus
from models.db import Database
from models.people import RoleHolding, Unit
from models.task import AnswerKind, Task, TaskOwner, TaskStatus
from tests.places import make_hospital
from tests.walks import at_once
from web.origin_links import read_origin_link

LEVELS = ("nation", "province", "city", "county")
PAPER = GivenFile(name="account.pdf", content=b"%PDF-1.7 account")
DAY = timedelta(days=1)


def make_levels(database: Database) -> None:
    """Put the small hospital below four levels, each with somebody in its quality-control centre."""
    make_hospital(database)
    with database.transaction("test") as session:
        above = None
        for level in LEVELS:
            unit = Unit(slug=level, name_en=level.title(), name_zh=level, kind="qc-centre", parent_id=above)
            session.add(unit)
            session.flush()
            above = unit.id
            for role in ("qc-centre", "health-authority"):
                person = directory(session).person("ana").id
                session.add(RoleHolding(person_id=person, role=role, unit_id=unit.id))
        session.exec(select(Unit).where(Unit.slug == "hospital")).one().parent_id = above
        people_changed(session)


def finish(database: Database, rules: Rules, cycle_id: int, now: datetime) -> None:
    """Answer every task of a cycle as its owner, until it closes."""
    while True:
        with database.transaction("test") as session:
            open_now = select(Task).where(Task.cycle_id == cycle_id, col(Task.status) == TaskStatus.OPEN)
            task = session.exec(open_now.order_by(col(Task.id))).first()
            if task is None:
                return
            owner = session.exec(select(TaskOwner.person_id).where(TaskOwner.task_id == task.id)).first() or 0
            given = GivenAnswer(kind=AnswerKind("done"), note="as agreed", evidence=(PAPER,))
            submit_answer(session, task.id, given, rules=rules, by=owner, now=now)


def test_a_closed_appraisal_goes_up_one_level_once_and_the_top_reports_to_nobody(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_levels(database)
    tick = partial(run_activities, rules=rules, now=now + DAY, door="test")
    units = ("hospital", "county", "nation")
    ids = []
    for unit in units:
        with database.transaction("test") as session:
            launch = Launch(template="qc-appraisal", unit=unit, lead="ana", allow_unstaffed=True)
            ids.append(launch_cycle(session, launch, rules=rules, by=None, now=now).id)
    assert run_activities(database, rules=rules, now=now, door="test") == ActivityRound()  # nothing has closed
    for cycle_id in ids:
        finish(database, rules, cycle_id, now)
    assert not [one for one in at_once(database, [tick] * 3) if isinstance(one, Exception)]
    assert run_activities(database, rules=rules, now=now + DAY, door="test") == ActivityRound()
    with database.reading() as session:
        people = directory(session)
        assert {session.get_one(Cycle, one).status for one in ids} == {CycleStatus.CLOSED}
        origins = session.exec(select(Origin).where(Origin.kind == OriginKind.REPORT)).all()
        got = {people.units[session.get_one(Cycle, one.cycle_id).unit_id].slug: one.subject_id for one in origins}
        assert got == {"county": ids[0], "city": ids[1]}
        links = {read_origin_link(session, one.cycle_id) for one in origins}
        assert {link.path for link in links if link} == {"/cycles/C2026-0001", "/cycles/C2026-0002"}
        titles = [session.get_one(Cycle, one.cycle_id).title_en for one in origins]
    assert "Report from the level below: Hospital, Appraisal of a quality-control centre" in titles
