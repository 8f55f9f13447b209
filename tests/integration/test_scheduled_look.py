"""A look that the schedule asks for is made once, whoever asks for it and however often."""

from datetime import datetime

from sqlmodel import Session, select

from engine.assessments import run_assessment
from engine.people import directory
from engine.rules import Rules
from models.assessment import Assessment, AssessmentStatus
from models.audit import Audit
from models.db import Database
from tests.places import make_hospital
from tests.proofs import HYGIENE, observe, shares
from tests.walks import at_once

KEY = "core:ward-3:2026-02"


def look(session: Session, rules: Rules, now: datetime) -> int:
    unit = directory(session).unit("ward-3").id
    made = run_assessment(
        session, indicator=HYGIENE, unit_id=unit, as_of=now, rules=rules, by=None, now=now, schedule_key=KEY
    )
    return made.id


def counted(database: Database, rules: Rules, now: datetime, status: AssessmentStatus) -> int:
    """Count a ward for three years, and let one look at it be due, or be over."""
    make_hospital(database)
    observe(database, rules, shares(0.6, 24), now=now)
    with database.transaction("test") as session:
        unit = directory(session).unit("ward-3").id
        row = Assessment(schedule_key=KEY, status=status, indicator=HYGIENE, unit_id=unit)
        session.add(row)
        session.flush()
        return row.id


def test_a_due_look_is_filled_once_by_many_at_once(database: Database, rules: Rules, now: datetime) -> None:
    due = counted(database, rules, now, AssessmentStatus.DUE)

    def ask(own: Database) -> int:
        with own.transaction("test") as session:
            return look(session, rules, now)

    assert at_once(database, [ask] * 3, durable=False) == [due] * 3
    with database.reading() as session:
        row = session.exec(select(Assessment)).one()
        moves = session.exec(select(Audit).where(Audit.what == "assessment.assess")).all()
    assert (row.status, row.as_of, row.verdict is not None, len(moves)) == (AssessmentStatus.DONE, now, True, 1)


def test_a_missed_look_stays_missed(database: Database, rules: Rules, now: datetime) -> None:
    missed = counted(database, rules, now, AssessmentStatus.MISSED)
    with database.transaction("test") as session:
        assert look(session, rules, now) == missed
    with database.reading() as session:
        assert session.exec(select(Assessment)).one().verdict is None


def test_a_look_of_nobodys_schedule_is_a_row_of_its_own(database: Database, rules: Rules, now: datetime) -> None:
    counted(database, rules, now, AssessmentStatus.MISSED)
    with database.transaction("test") as session:
        unit = directory(session).unit("ward-3").id
        for _ in range(2):
            run_assessment(session, indicator=HYGIENE, unit_id=unit, as_of=now, rules=rules, by=None, now=now)
    with database.reading() as session:
        assert len(session.exec(select(Assessment)).all()) == 3
