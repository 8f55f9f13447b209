"""Closing what is due: made, where its data have come; missed, where they have not come in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.calendar import ONE_DAY
from config.words import Text
from engine.assessing import assess
from engine.assessments import written_row
from engine.concerns import Seen, tell_concerns
from engine.data_requests import COME, OVER, end_request
from engine.deed import Deed
from engine.indicators import get_indicator
from engine.rules import Rules
from engine.schedules import spell
from engine.scopes import Eyes, Place, scopes_of
from models.assessment import Assessment, AssessmentStatus
from models.reads.schedules import Waiting
from models.schedule import DueAssessment, Schedule


@dataclass(frozen=True)
class Closed:
    """How many were made or missed, and how many of them tell of a signal of concern."""

    n: int
    n_alerts: int = 0


def make_due(session: Session, ids: Sequence[int], *, rules: Rules, now: datetime) -> Closed:
    """Make due assessments whose data have come, all or none; what somebody else works on or has made is left out."""
    deed, dues = Deed(session, rules, None, now), lock_due(session, ids)
    rows = _still_due(session, [due.assessment_id for due in dues])
    ends = {due.assessment_id: due.end_on - ONE_DAY for due in dues}
    known = rules.catalogue.indicators
    places = [Place(get_indicator(known, slug), unit_id, ends[key]) for key, slug, unit_id in rows]
    scopes = scopes_of(Eyes.of(session, rules, deed.people, now), places)
    own, seen = {}, []
    for (key, _, unit_id), scope in zip(rows, scopes, strict=True):
        found = assess(scope.series, scope.look)
        own[key] = written_row(found, None)
        seen.append(Seen.of(key, unit_id, found))
    deed.move(Assessment, list(own), AssessmentStatus.DUE, AssessmentStatus.DONE, own=own)
    _close(deed, dues, COME)
    n_alerts = tell_concerns(deed, seen)
    deed.finish()
    return Closed(len(seen), n_alerts)


def miss_due(session: Session, over: tuple[Waiting, Schedule], *, rules: Rules, now: datetime) -> int:
    """Close a due assessment whose data did not come in time, in words that nobody can take for a result."""
    waiting, schedule = over
    deed, dues = Deed(session, rules, None, now), lock_due(session, [waiting.assessment_id])
    for due in dues:
        one = rules.catalogue.indicators.get(waiting.indicator)
        said = _not_assessed(spell(schedule.frequency, one.frequency if one else None, due.period_on), due, rules)
        values = {"as_of": now, "text_en": said.en, "text_zh": said.zh}
        old, new = AssessmentStatus.DUE, AssessmentStatus.MISSED
        deed.move(Assessment, [due.assessment_id], old, new, why="no data in time", values=values)
    _close(deed, dues, OVER)
    deed.finish()
    return len(dues)


def lock_due(session: Session, ids: Sequence[int]) -> Sequence[DueAssessment]:
    """Get what still waits, for this transaction alone, without waiting for others."""
    found = select(DueAssessment).where(
        col(DueAssessment.assessment_id).in_(ids), col(DueAssessment.closed_at).is_(None)
    )
    # In one order, so that two rounds at once never wait for one another in a ring.
    return session.exec(found.order_by(col(DueAssessment.assessment_id)).with_for_update(skip_locked=True)).all()


def _still_due(session: Session, ids: Sequence[int]) -> Sequence[tuple[int, str, int]]:
    """Read id, indicator and unit of the assessments that nobody has made."""
    due = sa.select(col(Assessment.id), col(Assessment.indicator), col(Assessment.unit_id)).where(
        col(Assessment.id).in_(ids), col(Assessment.status) == AssessmentStatus.DUE
    )
    return list(session.execute(due.order_by(col(Assessment.id)).with_for_update()).tuples())


def _close(deed: Deed, dues: Sequence[DueAssessment], why: str) -> None:
    ids = [due.assessment_id for due in dues]
    closed = sa.update(DueAssessment).where(col(DueAssessment.assessment_id).in_(ids)).values(closed_at=deed.now)
    deed.session.execute(closed)
    for request_id in sorted({due.request_id for due in dues if due.request_id is not None}):
        end_request(deed, request_id, why)


def _not_assessed(period: str, due: DueAssessment, rules: Rules) -> Text:
    until = rules.calendar.local_date(due.until_at)
    return Text(
        f"Not assessed: the final values for {period} had not come by {until}. "
        "This says nothing about the result, neither good nor bad.",
        f"未评估：截至 {until}，{period} 的正式数据仍未补齐。这不代表结果好或坏。",
    )
