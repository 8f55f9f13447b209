"""What a leaver held goes to the other person from the day on, to the day; links of the leaver are closed."""

from datetime import date, timedelta
from typing import overload

import pytest
from sqlmodel import Session, select

from engine.leaving import LeaveRefused, leave
from engine.people import Directory, directory, people_changed
from engine.rules import Rules
from models.db import Database
from models.links import AnswerLink
from models.notification import Notification, NotificationKind
from models.people import Absence, RoleHolding
from tests.chronicle import MONDAY
from tests.places import make_hospital
from tests.walks import launched

Held = tuple[str, int | None, int | None]  # who, first and last day counted from the day of leaving; None: open
TODAY = date(2026, 3, 2)


@overload
def day(n: int) -> date: ...
@overload
def day(n: None) -> None: ...
def day(n: int | None) -> date | None:
    return None if n is None else TODAY + timedelta(days=n)


def gone(session: Session, rules: Rules, *, on: date = TODAY) -> None:
    leave(session, "bo", to="chen", on=on, rules=rules, by=None, why="", now=MONDAY)


def hold(session: Session, people: Directory, held: Held, *, role: str = "pharmacist", unit: str = "ward-3") -> None:
    who, first, last = held
    where, begins, ends = people.unit(unit).id, day(first), day(last)
    session.add(RoleHolding(person_id=people.person(who).id, role=role, unit_id=where, from_on=begins, until_on=ends))
    session.flush()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([("bo", None, None)], [("bo", None, -1), ("chen", 0, None)]),
        ([("bo", None, 0)], [("bo", None, -1), ("chen", 0, 0)]),
        ([("bo", None, -1)], [("bo", None, -1)]),
        ([("bo", -1, 0)], [("bo", -1, -1), ("chen", 0, 0)]),
        ([("bo", 0, None)], [("chen", 0, None)]),
        ([("bo", 3, 9)], [("chen", 3, 9)]),
        ([("bo", 3, 9), ("chen", 3, 9)], [("chen", 3, 9)]),
        ([("bo", None, None), ("chen", None, None)], [("bo", None, -1), ("chen", None, None)]),
        ([("bo", None, 9), ("chen", None, 8)], [("bo", None, -1), ("chen", None, 8), ("chen", 0, 9)]),
        ([("bo", None, 9), ("chen", 1, None)], [("bo", None, -1), ("chen", 0, 9), ("chen", 1, None)]),
        ([("bo", None, 9), ("chen", 0, 5)], [("bo", None, -1), ("chen", 0, 9)]),
        ([("bo", None, None), ("chen", 0, 5)], [("bo", None, -1), ("chen", 0, None)]),
        ([("bo", None, 9), ("chen", 0, None)], [("bo", None, -1), ("chen", 0, None)]),
        ([("bo", None, 9), ("chen", 0, 9)], [("bo", None, -1), ("chen", 0, 9)]),
        ([("bo", None, 9), ("gao", None, None)], [("bo", None, -1), ("chen", 0, 9), ("gao", None, None)]),
    ],
)
def test_a_role_goes_on_without_a_gap_and_without_a_double(
    database: Database, rules: Rules, before: list[Held], after: list[Held]
) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        people = directory(session)
        for held in before:
            hold(session, people, held)
        people_changed(session)
        gone(session, rules)
        names = {person.id: person.slug for person in people.persons.values()}
        rows = session.exec(select(RoleHolding).where(RoleHolding.role == "pharmacist")).all()
        kept = {(names[row.person_id], row.from_on, row.until_on) for row in rows}
    assert kept == {(who, day(first), day(last)) for who, first, last in after}
    assert len(rows) == len(after)


def test_another_role_and_another_unit_of_the_other_person_do_not_count(database: Database, rules: Rules) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        people = directory(session)
        hold(session, people, ("bo", None, None))
        hold(session, people, ("chen", None, None), role="lab-lead")
        hold(session, people, ("chen", 0, 5), unit="surgery")
        people_changed(session)
        gone(session, rules)
        assert directory(session).holders("pharmacist", people.unit("ward-3").id, TODAY + timedelta(days=9)) == (
            people.person("chen").id,
        )
        chens = select(RoleHolding).where(RoleHolding.person_id == people.person("chen").id)
        kept = [(row.role, row.unit_id, row.from_on, row.until_on) for row in session.exec(chens)]
    surgery, ward = people.unit("surgery").id, people.unit("ward-3").id
    assert sorted(kept, key=str) == sorted(
        [
            ("data-owner", surgery, None, None),
            ("dept-head", surgery, TODAY, None),
            ("lab-lead", ward, None, None),
            ("pharmacist", surgery, TODAY, day(5)),
            ("pharmacist", ward, TODAY, None),
        ],
        key=str,
    )


def test_who_is_entered_late_held_nothing_since_the_day_they_went(database: Database, rules: Rules) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        people = directory(session)
        hold(session, people, ("bo", None, -3))
        hold(session, people, ("bo", None, -4), unit="surgery")
        people_changed(session)
        gone(session, rules, on=TODAY - timedelta(days=3))
        rows = session.exec(select(RoleHolding).where(RoleHolding.role == "pharmacist")).all()
        kept = {(row.person_id, row.from_on, row.until_on) for row in rows}
        assert directory(session).person("bo").left_on == day(-3)
    bo, chen = people.person("bo").id, people.person("chen").id
    assert kept == {(bo, None, day(-4)), (chen, day(-3), day(-3))}


def test_only_days_from_the_day_on_pass_to_another_stand_in(database: Database, rules: Rules) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        people = directory(session)
        bo, chen, dee, gao = (people.person(slug).id for slug in ("bo", "chen", "dee", "gao"))
        for who, first, last in ((dee, -9, -1), (gao, -9, 0), (gao, 3, 5), (chen, -9, -1)):
            session.add(Absence(person_id=who, from_on=day(first), until_on=day(last), stand_in_id=bo))
        session.add(Absence(person_id=dee, from_on=day(2), until_on=day(9), stand_in_id=gao))
        people_changed(session)
        left = leave(session, "bo", to="chen", on=TODAY, rules=rules, by=None, why="", now=MONDAY)
        rows = session.exec(select(Absence)).all()
        kept = {(row.person_id, row.from_on): row.stand_in_id for row in rows}
    assert left.n_absences == 2
    assert kept == {(dee, day(-9)): bo, (gao, day(-9)): chen, (gao, day(3)): chen, (chen, day(-9)): bo,
                    (dee, day(2)): gao}  # fmt: skip


def test_a_circle_that_goes_by_others_is_refused_with_its_way(database: Database, rules: Rules) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        people = directory(session)
        for who, stand_in in (("gao", "bo"), ("chen", "dee"), ("dee", "gao")):
            away, other = people.person(who).id, people.person(stand_in).id
            session.add(Absence(person_id=away, from_on=day(1), until_on=day(2), stand_in_id=other))
        people_changed(session)
    with pytest.raises(LeaveRefused, match=r"gao > chen > dee > gao$"), database.transaction("test") as session:
        gone(session, rules)


def test_the_links_of_the_leaver_are_closed_and_no_others(database: Database, rules: Rules) -> None:
    make_hospital(database)
    launched(database, rules, MONDAY, lead="bo")
    earlier = MONDAY - timedelta(days=1)
    with database.transaction("test") as session:
        people = directory(session)
        told = [_told(session, people.person(slug).id, key) for slug, key in (("bo", "a"), ("bo", "b"), ("gao", "c"))]
        for notification_id, revoked_at in zip(told, (None, earlier, None), strict=True):
            session.add(
                AnswerLink(token=str(notification_id), notification_id=notification_id, created_at=earlier,
                           expires_at=MONDAY, revoked_at=revoked_at)
            )  # fmt: skip
        session.flush()
        gone(session, rules)
    with database.reading() as session:
        revoked = dict(session.exec(select(AnswerLink.notification_id, AnswerLink.revoked_at)).all())
    assert [revoked[one] for one in told] == [MONDAY, earlier, None]


def _told(session: Session, person_id: int, key: str) -> int:
    row = Notification(key=key, kind=NotificationKind.RECEIPT, person_id=person_id, planned_at=MONDAY)
    session.add(row)
    session.flush()
    return row.id
