"""A leaver hands over: nothing is left without an owner, and the other person is told what is theirs now."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from engine.absences import AbsenceRefused, add_absence
from engine.hospital import ImportRefused, import_hospital
from engine.launch import Launch, launch_cycle
from engine.leaving import LeaveRefused, Left, leave
from engine.outbox import Note, tell
from engine.people import directory
from engine.rules import Rules
from models.audit import Audit
from models.cycle import Cycle
from models.db import Database
from models.errors import NotFound
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from models.people import Absence, Person, RoleHolding
from models.task import Decision, DecisionKind, Task, TaskOwner, TaskStatus
from tests.chaos.sizes import size
from tests.invariants import hold
from tests.places import make_hospital
from tests.workbooks import write_xlsx

TODAY = date(2026, 3, 2)


@pytest.fixture
def cycle_id(database: Database, rules: Rules, now: datetime) -> int:
    """A running cycle that ana leads in ward 3."""
    make_hospital(database)
    with database.transaction("test") as session:
        cycle = launch_cycle(session, Launch(template="pdca", unit="ward-3", lead="ana"), rules=rules, by=None, now=now)
        return cycle.id


def person_id(session: Session, slug: str) -> int:
    return directory(session).person(slug).id


def gone(session: Session, rules: Rules, now: datetime, person: str = "ana", to: str = "bo", on: date = TODAY) -> Left:
    return leave(session, person, to=to, on=on, rules=rules, by=None, why="retired", now=now)


def owned(session: Session, slug: str) -> list[TaskStatus]:
    query = select(Task).join(TaskOwner, col(TaskOwner.task_id) == col(Task.id))
    return [task.status for task in session.exec(query.where(TaskOwner.person_id == person_id(session, slug)))]


def told(session: Session, slug: str, status: DeliveryStatus = DeliveryStatus.QUEUED) -> list[Notification]:
    query = (
        select(Notification)
        .join(Delivery, col(Delivery.notification_id) == col(Notification.id))
        .where(Notification.person_id == person_id(session, slug), Delivery.status == status)
    )
    return list(session.exec(query.order_by(col(Notification.id))))


def test_tasks_and_cycle_go_to_the_other_person(database: Database, rules: Rules, now: datetime, cycle_id: int) -> None:
    with database.transaction("test") as session:
        before = owned(session, "ana")
        left = gone(session, rules, now)
        assert before
        assert (left.n_tasks, left.n_cycles) == (len(before), 1)
        assert owned(session, "ana") == []
        assert session.get_one(Cycle, cycle_id, populate_existing=True).lead_id == person_id(session, "bo")
        assert directory(session).person("ana").left_on == TODAY
        n_unowned = session.execute(
            sa.select(sa.func.count()).select_from(Task).where(col(Task.id).not_in(sa.select(col(TaskOwner.task_id))))
        ).scalar_one()
        assert n_unowned == 0
    with database.reading() as session:
        whats = set(session.exec(select(Audit.what).where(Audit.why == "retired")))
        assert {"task.give", "cycle.lead", "person.leave"} <= whats
    hold(database, now)


def test_the_other_person_is_told_once_for_each_open_task_and_for_each_cycle_that_they_lead_now(
    database: Database, rules: Rules, now: datetime, cycle_id: int
) -> None:
    with database.transaction("test") as session:
        n_open = owned(session, "ana").count(TaskStatus.OPEN)
        gone(session, rules, now)
        notes = told(session, "bo")
        assert [note.kind for note in notes] == [*[NotificationKind.ASSIGNED] * n_open, NotificationKind.LEAD]
        assert all(note.key.endswith(f":assigned:handed:{person_id(session, 'bo')}") for note in notes[:-1])
        assert (notes[-1].cycle_id, notes[-1].task_id) == (cycle_id, None)
        assert told(session, "ana") == []
        assert len(told(session, "ana", DeliveryStatus.DROPPED)) == n_open


def test_a_second_call_changes_nothing(database: Database, rules: Rules, now: datetime, cycle_id: int) -> None:
    with database.transaction("test") as session:
        gone(session, rules, now)
    with database.transaction("test") as session:
        assert gone(session, rules, now) == Left(0, 0, 0, 0)
        assert session.info.get("audit", []) == []


def test_roles_end_the_day_before_and_begin_for_the_other(
    database: Database, rules: Rules, now: datetime, cycle_id: int
) -> None:
    with database.transaction("test") as session:
        assert gone(session, rules, now, "dee", "chen").n_roles == 1
        people = directory(session)
        ward, dee, chen = people.unit("ward-3").id, person_id(session, "dee"), person_id(session, "chen")
        assert people.holders("dept-quality-officer", ward, TODAY - timedelta(days=1)) == (dee,)
        assert people.holders("dept-quality-officer", ward, TODAY) == (chen,)
    with database.reading() as session:
        [given] = session.exec(select(Audit.after).where(Audit.what == "role.give")).all()
    facts = {"role": "dept-quality-officer", "unit": ward, "from": str(TODAY), "until": None}
    assert json.loads(given) == {"value": {"person": chen, **facts}}
    hold(database, now)


def test_a_hand_over_ahead_of_time_leaves_no_day_on_which_new_tasks_go_to_the_leaver(
    database: Database, rules: Rules, now: datetime, cycle_id: int
) -> None:
    with database.transaction("test") as session:
        gone(session, rules, now, "dee", "chen", on=TODAY + timedelta(days=30))
        people = directory(session)
        assert people.person("dee").left_on == TODAY + timedelta(days=30)
        assert people.holders("dept-quality-officer", people.unit("ward-3").id, TODAY) == (person_id(session, "chen"),)


def test_a_role_that_had_not_begun_moves_as_it_is(
    database: Database, rules: Rules, now: datetime, cycle_id: int
) -> None:
    begins, ends = TODAY + timedelta(days=10), TODAY + timedelta(days=20)
    with database.transaction("test") as session:
        unit = directory(session).unit("ward-3").id
        ana, bo = person_id(session, "ana"), person_id(session, "bo")
        session.add(RoleHolding(person_id=ana, role="dept-head", unit_id=unit, from_on=begins, until_on=ends))
        session.add(RoleHolding(person_id=bo, role="dept-head", unit_id=unit, from_on=begins, until_on=begins))
        session.flush()
        gone(session, rules, now)
        rows = session.exec(
            select(RoleHolding).where(RoleHolding.unit_id == unit, RoleHolding.role == "dept-head")
        ).all()
        assert [(row.person_id, row.from_on, row.until_on) for row in rows] == [(bo, begins, ends)]


def test_places_as_stand_in_go_too(database: Database, rules: Rules, now: datetime, cycle_id: int) -> None:
    with database.transaction("test") as session:
        away(session, rules, now, "chen", 0, 5, "ana")
        assert gone(session, rules, now).n_absences == 1
        people = directory(session)
        assert people.told(person_id(session, "chen"), TODAY) == person_id(session, "bo")


def test_the_absent_person_cannot_take_over_from_their_own_stand_in(
    database: Database, rules: Rules, now: datetime, cycle_id: int
) -> None:
    with database.transaction("test") as session:
        away(session, rules, now, "bo", 0, 5, "ana")
    with pytest.raises(LeaveRefused, match="bo is away from 2026-03-02"), database.transaction("test") as session:
        gone(session, rules, now)
    with database.reading() as session:
        assert directory(session).person("ana").left_on is None
        assert owned(session, "ana") != []


@pytest.mark.parametrize(("to", "error"), [("ana", LeaveRefused), ("nobody", NotFound)])
def test_who_cannot_take_over_is_refused(
    database: Database, rules: Rules, now: datetime, cycle_id: int, to: str, error: type[Exception]
) -> None:
    with pytest.raises(error), database.transaction("test") as session:
        gone(session, rules, now, to=to)


def test_who_has_left_cannot_take_over(database: Database, rules: Rules, now: datetime, cycle_id: int) -> None:
    with database.transaction("test") as session:
        gone(session, rules, now)
    with pytest.raises(LeaveRefused, match="leaves too"), database.transaction("test") as session:
        gone(session, rules, now, "chen", "ana")


def test_a_decision_that_was_asked_and_sent_is_asked_again(
    database: Database, rules: Rules, now: datetime, cycle_id: int
) -> None:
    with database.transaction("test") as session:
        task = session.exec(select(Task).where(Task.status == TaskStatus.OPEN)).first()
        assert task is not None
        asked = Decision(
            cycle_id=cycle_id,
            stage_id=task.stage_id,
            task_id=task.id,
            kind=DecisionKind.EXTENSION,
            level=0,
            asked_at=now,
        )
        session.add(asked)
        session.flush()
        ana = person_id(session, "ana")
        facts = {"note": "more time"}
        note = Note(
            f"decision:{asked.id}", NotificationKind.DECISION, ana, now, cycle_id, task.id, asked.id, facts=facts
        )
        tell(session, [note], rules=rules, now=now)
        session.execute(sa.update(Delivery).values(status=DeliveryStatus.SENT))
        gone(session, rules, now)
        [again] = [one for one in told(session, "bo") if one.kind is NotificationKind.DECISION]
        assert again.decision_id == asked.id and "more time" in again.facts


def test_what_the_leaver_was_told_for_somebody_absent_goes_to_the_new_stand_in(
    database: Database, rules: Rules, now: datetime, cycle_id: int
) -> None:
    with database.transaction("test") as session:
        away(session, rules, now, "dee", 0, 5, "ana")
        task = session.exec(select(Task).where(Task.status == TaskStatus.OPEN)).first()
        assert task is not None
        note = Note("task:x", NotificationKind.REMINDER, person_id(session, "dee"), now, cycle_id, task.id)
        tell(session, [note], rules=rules, now=now)
        gone(session, rules, now)
        [again] = [one for one in told(session, "bo") if one.kind is NotificationKind.REMINDER]
        assert again.for_id == person_id(session, "dee")


@settings(max_examples=size(15, 500), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg")), max_size=5))
def test_whoever_leaves_in_whatever_order_every_open_task_has_an_owner_who_is_here(
    database: Database, rules: Rules, now: datetime, cycle_id: int, moves: list[tuple[str, str]]
) -> None:
    names = {slug[0]: slug for slug in ("ana", "bo", "chen", "dee", "eva", "feng", "gao")}
    with database.reading() as session:  # rolled back: each example begins with the same hospital
        session.autoflush = True
        for person, to in moves:
            try:
                gone(session, rules, now, names[person], names[to])
            except LeaveRefused:
                continue
        here = select(Person.id).where(col(Person.left_on).is_(None))
        owned_here = sa.select(col(TaskOwner.task_id)).where(col(TaskOwner.person_id).in_(here))
        running = col(Task.status).not_in([TaskStatus.DONE, TaskStatus.STOPPED])
        assert session.exec(select(Task.slug).where(running, col(Task.id).not_in(owned_here))).all() == []
        assert session.exec(select(Cycle.code).where(col(Cycle.lead_id).not_in(here))).all() == []


# --- absences -------------------------------------------------------------------------------------------------------
def away(session: Session, rules: Rules, now: datetime, person: str, first: int, last: int, stand_in: str) -> Absence:
    from_on, until_on = TODAY + timedelta(days=first), TODAY + timedelta(days=last)
    return add_absence(
        session, person=person, from_on=from_on, until_on=until_on, stand_in=stand_in, rules=rules, by=None, now=now
    )


def test_an_absence_decides_who_is_told_and_tells_nobody(
    database: Database, rules: Rules, now: datetime, cycle_id: int
) -> None:
    with database.transaction("test") as session:
        before = session.execute(sa.select(sa.func.count()).select_from(Notification)).scalar_one()
        away(session, rules, now, "ana", 1, 3, "bo")
        people, ana = directory(session), person_id(session, "ana")
        told_on = [people.persons[people.told(ana, TODAY + timedelta(days=n))].slug for n in range(5)]
        assert told_on == ["ana", "bo", "bo", "bo", "ana"]
        assert session.execute(sa.select(sa.func.count()).select_from(Notification)).scalar_one() == before


def test_the_same_first_day_again_changes_the_absence(
    database: Database, rules: Rules, now: datetime, cycle_id: int
) -> None:
    with database.transaction("test") as session:
        first = away(session, rules, now, "ana", 1, 3, "bo")
        again = away(session, rules, now, "ana", 1, 9, "chen")
        assert again.id == first.id
        assert len(session.exec(select(Absence)).all()) == 1


@pytest.mark.parametrize(
    ("person", "first", "last", "stand_in", "said"),
    [
        ("ana", 0, 1, "ana", "themselves"),
        ("ana", 3, 1, "bo", "lies before"),
        ("ana", -5, -1, "bo", "was over"),
        ("bo", 5, 9, "ana", "bo > ana > bo"),
    ],
)
def test_an_absence_that_cannot_be_is_refused(
    database: Database,
    rules: Rules,
    now: datetime,
    cycle_id: int,
    person: str,
    first: int,
    last: int,
    stand_in: str,
    said: str,
) -> None:
    with database.transaction("test") as session:
        away(session, rules, now, "ana", 2, 5, "bo")
    with pytest.raises(AbsenceRefused, match=said), database.transaction("test") as session:
        away(session, rules, now, person, first, last, stand_in)
    with database.reading() as session:
        assert len(session.exec(select(Absence)).all()) == 1


def test_who_leaves_before_the_end_cannot_stand_in(
    database: Database, rules: Rules, now: datetime, cycle_id: int
) -> None:
    with database.transaction("test") as session:
        gone(session, rules, now, "dee", "chen", on=TODAY + timedelta(days=5))
        away(session, rules, now, "ana", 0, 4, "dee")
    with pytest.raises(AbsenceRefused, match="leaves on"), database.transaction("test") as session:
        away(session, rules, now, "bo", 0, 5, "dee")


def test_import_cannot_let_somebody_leave_who_has_open_work(
    database: Database, rules: Rules, now: datetime, cycle_id: int, tmp_path: Path
) -> None:
    people = (("ana", "Ana Ferro", "ana@hospital.test", "en", "email", "", "2026-03-02"),)
    file = write_xlsx(tmp_path / "h.xlsx", {"units": (), "people": people, "roles": (), "absences": ()})
    with pytest.raises(ImportRefused) as refused, database.transaction("test") as session:
        import_hospital(session, file, rules=rules, by=None, now=now)
    [problem] = refused.value.problems
    assert problem.where == "people!G2" and "wardcycle hospital leave ana" in problem.text("en")
    with database.transaction("test") as session:
        gone(session, rules, now)
        assert import_hospital(session, file, rules=rules, by=None, now=now).n_written == 0
