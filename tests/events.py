"""Adverse events as tests report them, in the small hospital of tests/places.py; eva is the quality office."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from config.events import Severity
from engine.event_closing import close_event, report_statutory
from engine.event_reports import GivenReport, receive_event
from engine.events import GivenTriage, reclassify_event, triage_event
from engine.people import directory
from engine.rules import Rules
from models.assessment import OriginKind
from models.cycle import Cycle
from models.db import Database
from models.event import Event
from models.indicator import Observation
from models.reads.origins import cycles_from
from models.task import Task

CODE = "7K2M-9QXW-4TBN"
WHAT = "The pump ran at ten times its rate for a minute; noticed at the change of shift."


@dataclass(frozen=True)
class Ward:
    """The hospital and its verbs, each in a transaction of its own."""

    database: Database
    rules: Rules

    def report(self, now: datetime, *, code: str = CODE, **parts: object) -> Event:
        """Report an event of ward 3: a near miss, unless told otherwise."""
        given: dict[str, object] = {"what": WHAT, "kind": "medication", "harm": "near-miss", "unit": "ward-3"}
        with self.database.transaction("test") as session:
            report = GivenReport.model_validate(given | parts)
            return receive_event(session, report, code=code, rules=self.rules, now=now)

    def triage(self, event: Event, severity: Severity, now: datetime, *, by: str = "eva", **parts: object) -> Event:
        """Give it a class."""
        given = GivenTriage.model_validate({"severity": severity} | parts)
        with self.database.transaction("test") as session:
            return triage_event(session, event.id, given, rules=self.rules, by=_id(session, by), now=now)

    def reclassify(self, event: Event, severity: Severity, now: datetime, *, why: str = "looked again") -> Event:
        """Give it another class."""
        with self.database.transaction("test") as session:
            by = _id(session, "eva")
            return reclassify_event(session, event.id, severity, why=why, rules=self.rules, by=by, now=now)

    def tell_authority(self, event: Event, now: datetime) -> Event:
        """Note the statutory report."""
        with self.database.transaction("test") as session:
            by = _id(session, "eva")
            return report_statutory(session, event.id, note="no. 17", rules=self.rules, by=by, now=now)

    def close(
        self, event: Event, now: datetime, answer: str = "The label is new.", *, by: str = "eva", aside: bool = False
    ) -> Event:
        """Answer the reporter."""
        with self.database.transaction("test") as session:
            who = _id(session, by)
            return close_event(session, event.id, answer, rules=self.rules, by=who, now=now, set_aside=aside)

    def event(self, number: int = 1) -> Event:
        """Read an event."""
        with self.database.reading() as session:
            return session.get_one(Event, number)

    def cycles(self, number: int = 1) -> list[Cycle]:
        """Read the cycles that began from an event."""
        with self.database.reading() as session:
            return cycles_from(session, OriginKind.EVENT, number)

    def tasks(self, number: int = 1) -> dict[str, Task]:
        """Read the newest task of each name in the cycles of an event."""
        ids = [cycle.id for cycle in self.cycles(number)]
        with self.database.reading() as session:
            rows = session.exec(select(Task).order_by(Task.id))  # type: ignore[arg-type]
            return {task.slug: task for task in rows if task.cycle_id in ids}

    def values(self, unit: str = "hospital") -> Mapping[tuple[str, str], tuple[float | None, float | None]]:
        """Read what was counted in a unit: (indicator, month) -> value, out of."""
        with self.database.reading() as session:
            unit_id = directory(session).unit(unit).id
            rows = session.exec(select(Observation).where(Observation.unit_id == unit_id))
            return {(one.indicator, f"{one.period_on:%Y-%m}"): (one.value, one.denominator) for one in rows}


def _id(session: Session, slug: str) -> int:
    return directory(session).person(slug).id
