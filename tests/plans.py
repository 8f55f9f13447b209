"""Scheduled assessments as tests walk them: a schedule by the real verb, rounds at moments, what stands afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, select

from engine.assessment_round import Round, assess_due
from engine.observation_checks import Given
from engine.people import directory
from engine.rules import Rules
from engine.scheduling import GivenSchedule, add_schedule
from models.assessment import Assessment
from models.cycle import Cycle
from models.db import Database
from models.notification import Notification, NotificationKind
from models.schedule import DueAssessment
from tests.indicators import put, unit_of
from tests.proofs import CASES, HYGIENE


@dataclass
class Plan:
    """One hospital with schedules."""

    database: Database
    rules: Rules

    def add(self, what: str, now: datetime, unit: str = "ward-3", **more: object) -> int:
        """Add a schedule; returns its number."""
        given = GivenSchedule.model_validate({"what": what, "unit": unit} | more)
        with self.database.transaction("test") as session:
            return add_schedule(session, given, rules=self.rules, by=None, now=now).id

    def round(self, now: datetime) -> Round:
        """Do what is due; nothing may fail."""
        done = assess_due(self.database, rules=self.rules, now=now, door="test")
        assert done.n_failed == 0, done
        return done

    def enter(self, period: date, value: float, now: datetime, *, provisional: bool = False, **more: str) -> None:
        """Enter one month of hand hygiene."""
        unit = unit_of(self.database, more.get("unit", "ward-3"))
        given = Given(more.get("indicator", HYGIENE), unit, period, value, CASES, provisional)
        done = put(self.database, [given], rules=self.rules, now=now)
        assert not done.faults, done.faults

    def rows(self) -> Sequence[tuple[Assessment, DueAssessment]]:
        """Read what was created, in its order."""
        found = (
            select(Assessment, DueAssessment)
            .join(DueAssessment, col(DueAssessment.assessment_id) == col(Assessment.id))
            .order_by(col(DueAssessment.period_on), col(Assessment.id))
        )
        with self.database.reading() as session:
            return list(session.exec(found))

    def statuses(self) -> list[str]:
        """Read the statuses of what was created, in its order."""
        return [made.status.value for made, _ in self.rows()]

    def cycles(self) -> list[Cycle]:
        """Read all cycles."""
        with self.database.reading() as session:
            return list(session.exec(select(Cycle).order_by(col(Cycle.id))))

    def told(self, kind: NotificationKind) -> list[tuple[str, Notification]]:
        """List who was told something of a kind, by id of the person."""
        with self.database.reading() as session:
            people = directory(session).persons
            rows = session.exec(select(Notification).where(Notification.kind == kind).order_by(col(Notification.id)))
            return [(people[row.person_id].slug, row) for row in rows]
