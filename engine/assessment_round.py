"""A round of scheduled assessments: create what is due, make what has its data, ask for the rest, close the missed."""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlmodel import Session, col, select

from config.calendar import ONE_DAY
from config.words import Text
from engine.assessments import run_assessment
from engine.bulletins import find_bulletins, make_bulletin
from engine.concerns import tell_concerns
from engine.data_requests import COME, OVER, ask_for_data, end_request, role_of
from engine.deed import Deed
from engine.rules import Rules
from engine.schedules import spell
from engine.scheduling import create_due
from engine.watch_looks import find_looks, look_again
from models.assessment import Assessment, AssessmentStatus
from models.db import Database
from models.reads.schedules import Waiting, list_schedules, list_waiting
from models.schedule import DueAssessment, Schedule

log = logging.getLogger("wardcycle.assessments")
Made = TypeVar("Made")


@dataclass
class Round:
    """What a round did."""

    n_created: int = 0
    n_made: int = 0
    n_missed: int = 0
    n_asked: int = 0
    n_alerts: int = 0
    n_watched: int = 0
    n_bulletins: int = 0
    n_failed: int = 0


@dataclass(frozen=True)
class _Work:
    """Runs verbs in transactions of their own; one that fails is logged and counted, and the next one goes on."""

    database: Database
    door: str
    done: Round

    def do(self, verb: Callable[[Session], Made], otherwise: Made) -> Made:
        try:
            with self.database.transaction(self.door) as session:
                return verb(session)
        except Exception:
            log.exception("an assessment could not be done", extra={"action": "assessment_failed"})
            self.done.n_failed += 1
            return otherwise


def assess_due(database: Database, *, rules: Rules, now: datetime, door: str) -> Round:
    """Do everything about assessments that is due at `now`. Twice, late or twice at once brings nothing twice."""
    done = Round()
    work = _Work(database, door, done)
    with database.reading() as session:
        schedules = {one.id or 0: one for one in list_schedules(session, stopped=True)}
    for key, one in schedules.items():
        while one.stopped_at is None and (n := work.do(partial(create_due, schedule_id=key, rules=rules, now=now), 0)):
            done.n_created += n
    with database.reading() as session:
        waiting = list_waiting(session)
    for each in waiting:
        if each.is_ready and each.indicator in rules.catalogue.indicators:
            made, alerted = work.do(partial(make_due, assessment_id=each.assessment_id, rules=rules, now=now), (0, 0))
            done.n_made, done.n_alerts = done.n_made + made, done.n_alerts + alerted
        elif each.until_at <= now:
            done.n_missed += work.do(partial(_miss, each, schedules[each.schedule_id], rules, now), 0)
    for (schedule_id, role), lacking in _unasked(waiting, schedules, rules, now).items():
        done.n_asked += work.do(partial(_ask, schedule_id[0], role, lacking, rules, now), 0)
    _look_at_watches(work, rules, now)
    _make_bulletins(work, rules, now)
    return done


def make_due(session: Session, assessment_id: int, *, rules: Rules, now: datetime) -> tuple[int, int]:
    """Make a due assessment whose data have come; returns how many were made and how many alerts were told."""
    due = _lock(session, assessment_id)
    if due is None:
        return 0, 0
    row = session.get_one(Assessment, assessment_id)
    made = run_assessment(
        session,
        indicator=row.indicator,
        unit_id=row.unit_id,
        as_of=now,
        through=due.end_on - ONE_DAY,
        rules=rules,
        by=None,
        now=now,
        schedule_key=row.schedule_key,
    )
    deed = Deed(session, rules, None, now)
    _close(deed, due, COME)
    return 1, int(tell_concerns(deed, made) is not None)


def miss_due(session: Session, assessment_id: int, schedule: Schedule, *, rules: Rules, now: datetime) -> int:
    """Close a due assessment whose data did not come in time, in words that nobody can take for a result."""
    due = _lock(session, assessment_id)
    if due is None:
        return 0
    deed = Deed(session, rules, None, now)
    one = rules.catalogue.indicators.get(session.get_one(Assessment, assessment_id).indicator)
    said = _not_assessed(spell(schedule.frequency, one.frequency if one else None, due.period_on), due, rules)
    values = {"as_of": now, "text_en": said.en, "text_zh": said.zh}
    why = "no data in time"
    deed.move(Assessment, [assessment_id], AssessmentStatus.DUE, AssessmentStatus.MISSED, why=why, values=values)
    _close(deed, due, OVER)
    return 1


def _not_assessed(period: str, due: DueAssessment, rules: Rules) -> Text:
    until = rules.calendar.local_date(due.until_at)
    return Text(
        f"Not assessed: the final values for {period} had not come by {until}. "
        "This says nothing about the result, neither good nor bad.",
        f"未评估：截至 {until}，{period} 的正式数据仍未补齐。这不代表结果好或坏。",
    )


def _close(deed: Deed, due: DueAssessment, why: str) -> None:
    due.closed_at = deed.now
    deed.session.add(due)
    if due.request_id is not None:
        end_request(deed, due.request_id, why)
    deed.finish()


def _lock(session: Session, assessment_id: int) -> DueAssessment | None:
    """Get what is still waiting, for this transaction alone."""
    found = select(DueAssessment).where(
        DueAssessment.assessment_id == assessment_id, col(DueAssessment.closed_at).is_(None)
    )
    return session.exec(found.with_for_update()).one_or_none()


Asked = tuple[tuple[int, int, object], str]


def _unasked(
    waiting: tuple[Waiting, ...], schedules: Mapping[int, Schedule], rules: Rules, now: datetime
) -> dict[Asked, list[Waiting]]:
    """Group what lacks its data and is to be asked for: by schedule, unit, period, and the role that is asked.

    Whoever said `done` without entering it is asked again from the next day on.
    """
    today = rules.calendar.local_date(now)
    found: dict[Asked, list[Waiting]] = defaultdict(list)
    for each in waiting:
        if each.is_ready or each.until_at <= now:
            continue
        unheard = each.answered_at is not None and rules.calendar.local_date(each.answered_at) < today
        if each.request_id is None or unheard:
            role = role_of(schedules[each.schedule_id], each, rules)
            found[(each.schedule_id, each.unit_id, each.period_on), role].append(each)
    return found


def _miss(each: Waiting, schedule: Schedule, rules: Rules, now: datetime, session: Session) -> int:
    return miss_due(session, each.assessment_id, schedule, rules=rules, now=now)


def _ask(schedule_id: int, role: str, lacking: list[Waiting], rules: Rules, now: datetime, session: Session) -> int:
    still = [each for each in lacking if _lock(session, each.assessment_id) is not None]
    if still:
        ask_for_data(session, schedule_id, role, still, rules=rules, now=now)
    return int(bool(still))


def _look_at_watches(work: _Work, rules: Rules, now: datetime) -> None:
    with work.database.reading() as session:
        looks = find_looks(session, rules=rules, now=now)
    for each in looks:
        work.done.n_watched += work.do(partial(look_again, look=each, rules=rules, now=now), 0)


def _make_bulletins(work: _Work, rules: Rules, now: datetime) -> None:
    with work.database.reading() as session:
        found = find_bulletins(session, rules=rules, now=now)
    for unit_id, month_on in found:
        work.done.n_bulletins += work.do(partial(make_bulletin, unit_id, month_on, rules, now), 0)
