"""Reading schedules, what waits by them, what alerts were told."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.words import Text
from models.assessment import Assessment, AssessmentStatus, CycleEnding, Watch
from models.cycle import Cycle
from models.indicator import Observation
from models.schedule import Alert, DueAssessment, Schedule
from models.task import Task, TaskStatus


def list_schedules(session: Session, *, stopped: bool = False) -> list[Schedule]:
    """List schedules, oldest first; stopped ones too where wanted."""
    found = select(Schedule).order_by(col(Schedule.id))
    return list(session.exec(found if stopped else found.where(col(Schedule.stopped_at).is_(None))))


TURN_STATUSES = (AssessmentStatus.DONE, AssessmentStatus.MISSED, AssessmentStatus.DUE)  # in the order of LastTurn


@dataclass(frozen=True)
class LastTurn:
    """What came of the newest turn of a schedule; month_on is the month of its bulletin."""

    period_on: date
    month_on: date
    n_done: int = 0
    n_missed: int = 0
    n_due: int = 0

    @property
    def said(self) -> Text:
        """Say it in words."""
        en = [f"{n} {word}" for n, word in zip(self._counts, ("assessed", "missed", "waiting"), strict=True) if n]
        zh = [f"{word} {n} 项" for n, word in zip(self._counts, ("已评估", "缺数据", "等待"), strict=True) if n]
        return Text(", ".join(en), "，".join(zh))

    @property
    def _counts(self) -> tuple[int, int, int]:
        return self.n_done, self.n_missed, self.n_due


def last_turns(session: Session, schedule_ids: Collection[int]) -> dict[int, LastTurn]:
    """Read the newest turn of each schedule; one without any is left out."""
    newest = (
        sa.select(col(DueAssessment.schedule_id).label("no"), sa.func.max(col(DueAssessment.due_at)).label("at"))
        .where(col(DueAssessment.schedule_id).in_(schedule_ids))
        .group_by(col(DueAssessment.schedule_id))
        .subquery()
    )
    is_newest = (col(DueAssessment.schedule_id) == newest.c.no) & (col(DueAssessment.due_at) == newest.c.at)
    due = col(DueAssessment.period_on), col(DueAssessment.month_on)
    rows = session.execute(
        sa.select(newest.c.no, col(Assessment.status), sa.func.count(), *(sa.func.max(one) for one in due))
        .select_from(DueAssessment)
        .join(newest, is_newest)
        .join(Assessment, col(Assessment.id) == col(DueAssessment.assessment_id))
        .group_by(newest.c.no, col(Assessment.status))
    )
    counts: dict[int, dict[AssessmentStatus, int]] = defaultdict(dict)
    days: dict[int, tuple[date, date]] = {}
    for no, status, n, period_on, month_on in rows.tuples():
        counts[no][status] = n
        days[no] = max((period_on, month_on), days.get(no, (period_on, month_on)))
    return {no: LastTurn(*days[no], *(found.get(one, 0) for one in TURN_STATUSES)) for no, found in counts.items()}


def assessing_since(session: Session) -> datetime | None:
    """Find since when there is anything to assess by the clock, a schedule or a watch; None where there is nothing."""
    added = sa.select(sa.func.min(col(Schedule.added_at))).where(col(Schedule.stopped_at).is_(None))
    watched = (
        sa.select(sa.func.min(col(CycleEnding.signed_at)))
        .join(Watch, col(Watch.cycle_id) == col(CycleEnding.cycle_id))
        .where(col(Watch.ended_at).is_(None))
    )
    found = [session.execute(look).scalar() for look in (added, watched)]
    return min((moment for moment in found if moment is not None), default=None)


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
    answered_at: datetime | None
    end_on: date

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
            answered, col(DueAssessment.end_on),
        )
        .join(Assessment, col(Assessment.id) == col(DueAssessment.assessment_id))
        .where(col(DueAssessment.closed_at).is_(None))
        .order_by(col(DueAssessment.period_on), col(DueAssessment.assessment_id))
    )  # fmt: skip
    return tuple(Waiting(*row) for row in rows.tuples())


def final_periods(
    session: Session, indicators: Collection[str], *, since: date
) -> dict[tuple[str, int], tuple[date, ...]]:
    """List the periods, from a day on, of which indicators in units have final values."""
    found: dict[tuple[str, int], tuple[date, ...]] = {}
    rows = session.execute(
        sa.select(col(Observation.indicator), col(Observation.unit_id), col(Observation.period_on)).where(
            col(Observation.indicator).in_(indicators),
            col(Observation.period_on) >= since,
            col(Observation.provisional).is_(False),
        )
    )
    for indicator, unit_id, period in rows.tuples():
        found[indicator, unit_id] = (*found.get((indicator, unit_id), ()), period)
    return found


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
