"""Reading schedules, what waits by them, what alerts were told."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.assessment import Assessment
from models.cycle import Cycle
from models.indicator import Observation
from models.schedule import Alert, DueAssessment, Schedule
from models.task import Task, TaskStatus


def list_schedules(session: Session, *, stopped: bool = False) -> list[Schedule]:
    """List schedules, oldest first; stopped ones too where wanted."""
    found = select(Schedule).order_by(col(Schedule.id))
    return list(session.exec(found if stopped else found.where(col(Schedule.stopped_at).is_(None))))


@dataclass(frozen=True)
class Waiting:
    """A due assessment that is not made yet. n_there: final values of its period.

    answered_at: when the data owner said that the request is done.
    """

    assessment_id: int
    schedule_id: int
    indicator: str
    unit_id: int
    period_on: date
    until_at: datetime
    request_id: int | None
    n_values: int
    n_there: int
    answered_at: datetime | None = None

    @property
    def is_ready(self) -> bool:
        """Answer whether its data have come."""
        return self.n_there >= self.n_values


def list_waiting(session: Session) -> tuple[Waiting, ...]:
    """List what is due and not made, the oldest period first."""
    there = (
        sa.select(sa.func.count())
        .select_from(Observation)
        .where(
            col(Observation.indicator) == col(Assessment.indicator),
            col(Observation.unit_id) == col(Assessment.unit_id),
            col(Observation.period_on) >= col(DueAssessment.period_on),
            col(Observation.period_on) < col(DueAssessment.end_on),
            col(Observation.provisional).is_(False),
        )
        .correlate(Assessment, DueAssessment)
        .scalar_subquery()
    )
    answered = (
        sa.select(sa.func.max(col(Task.done_at)))
        .where(col(Task.cycle_id) == col(DueAssessment.request_id), col(Task.status) == TaskStatus.DONE)
        .correlate(DueAssessment)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(
            col(DueAssessment.assessment_id), col(DueAssessment.schedule_id), col(Assessment.indicator),
            col(Assessment.unit_id), col(DueAssessment.period_on), col(DueAssessment.until_at),
            col(DueAssessment.request_id), col(DueAssessment.n_values), there,
            answered,
        )
        .join(Assessment, col(Assessment.id) == col(DueAssessment.assessment_id))
        .where(col(DueAssessment.closed_at).is_(None))
        .order_by(col(DueAssessment.period_on), col(DueAssessment.assessment_id))
    )  # fmt: skip
    return tuple(Waiting(*row) for row in rows.tuples())


def open_requests(session: Session, cycle_id: int) -> int:
    """Count the due assessments that a request for data still waits for."""
    waiting = col(DueAssessment.request_id) == cycle_id, col(DueAssessment.closed_at).is_(None)
    return session.exec(select(sa.func.count()).select_from(DueAssessment).where(*waiting)).one()


def known_alerts(session: Session, keys: Collection[str]) -> frozenset[str]:
    """Tell which episodes were told before."""
    return frozenset(session.exec(select(Alert.key).where(col(Alert.key).in_(keys))))


def alert_of_cycle(session: Session, cycle_id: int) -> Alert | None:
    """Find the alert that a cycle was launched from."""
    return session.exec(select(Alert).where(Alert.cycle_id == cycle_id)).first()


def cycle_of_alert(session: Session, alert: Alert) -> Cycle | None:
    """Find the cycle that was launched from an alert."""
    return session.get(Cycle, alert.cycle_id) if alert.cycle_id else None


def alerts_of(session: Session, indicator: str, unit_id: int, *, limit: int = 20) -> list[Alert]:
    """List the alerts of an indicator in a unit, newest first."""
    found = select(Alert).where(Alert.indicator == indicator, Alert.unit_id == unit_id)
    return list(session.exec(found.order_by(col(Alert.id).desc()).limit(limit)))
