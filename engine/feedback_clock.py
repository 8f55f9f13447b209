"""What time does to feedback: quiet answers close, what nobody has a task for is asked again, months are counted."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.feedback import lock_feedback
from engine.feedback_answers import close_quiet
from engine.feedback_counts import count_month, find_months
from engine.feedback_tasks import ANSWER, ask_office, kind_of
from engine.rules import Rules
from models.assessment import Origin, OriginKind
from models.cycle import Cycle, CycleStatus
from models.db import Database
from models.feedback import Feedback, FeedbackStatus
from models.reads.feedback import UNANSWERED, current_round, cycles_of_round

log = logging.getLogger("wardcycle.feedback")
AGAIN = ("1wd", "1wd")  # what was lost has waited already


@dataclass
class Ran:
    """What a round of the clock did."""

    n_closed: int = 0
    n_asked: int = 0
    n_counted: int = 0
    n_failed: int = 0


def run_feedback(database: Database, *, rules: Rules, now: datetime, door: str) -> Ran:
    """Do everything about feedback that is due at `now`. Twice, late or twice at once brings nothing twice."""
    done = Ran()

    def work(verb: Callable[[Session], int]) -> int:
        try:
            with database.transaction(door) as session:
                return verb(session)
        except Exception:
            log.exception("feedback could not be worked on", extra={"action": "feedback_failed"})
            done.n_failed += 1
            return 0

    with database.reading() as session:
        quiet, lost = _quiet(session, rules, now), _lost(session)
        months = find_months(session, rules=rules, now=now)
    for key in quiet:
        done.n_closed += work(partial(close_quiet, feedback_id=key, rules=rules, now=now))
    for key in lost:
        done.n_asked += work(partial(ask_again, feedback_id=key, rules=rules, now=now))
    for month in months:
        done.n_counted += work(partial(count_month, month_on=month, rules=rules, now=now))
    return done


def ask_again(session: Session, feedback_id: int, *, rules: Rules, now: datetime) -> int:
    """Give the office its tasks anew where none is at work: they were stopped, or nobody held the office then."""
    one = lock_feedback(session, feedback_id)
    if one.status not in UNANSWERED:
        return 0
    turn = current_round(session, one)
    before = cycles_of_round(session, feedback_id, turn.no, ANSWER)
    if any(cycle.status in _RUNNING for cycle in before):
        return 0
    part = f"r{turn.no}.{len(before)}" if before else f"r{turn.no}"
    return int(ask_office(session, one, kind_of(rules, one.kind), part, AGAIN, rules=rules, now=now) is not None)


_RUNNING = (CycleStatus.PLANNED, CycleStatus.ACTIVE, CycleStatus.PAUSED)


def _quiet(session: Session, rules: Rules, now: datetime) -> list[int]:
    since = now - timedelta(days=rules.catalogue.feedback.reopen_days)
    found = select(Feedback.id).where(Feedback.status == FeedbackStatus.ANSWERED, col(Feedback.answered_at) <= since)
    return [key for key in session.exec(found.order_by(col(Feedback.id))) if key]


def _lost(session: Session) -> list[int]:
    """Find what waits for an answer while no cycle of the office runs for it."""
    asked = (
        sa.select(col(Origin.subject_id))
        .join(Cycle, col(Cycle.id) == col(Origin.cycle_id))
        .where(
            col(Origin.kind) == OriginKind.FEEDBACK,
            col(Cycle.template) == ANSWER,
            col(Cycle.status).in_(_RUNNING),
        )
    )
    found = select(Feedback.id).where(col(Feedback.status).in_(UNANSWERED), col(Feedback.id).not_in(asked))
    return [key for key in session.exec(found.order_by(col(Feedback.id))) if key]
