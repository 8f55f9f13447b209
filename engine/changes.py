"""Changes by the lead or the quality office: give a task to somebody else, move its deadline."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from engine.asking import end_decisions, may_decide
from engine.case import Case, Receipt, give_to, new_deadline, open_case, receipt, refuse_closed, refuse_past
from engine.people import OFFICE
from engine.rules import Rules
from engine.words import TASK_WORDS
from models.errors import (
    NotAllowed,
    ReasonMissing,
    TaskClosed,
)
from models.notification import Notification, NotificationKind
from models.task import Decision, Outcome, TaskStatus


def reassign_task(
    session: Session, task_id: int, *, to: str, why: str, rules: Rules, by: int, now: datetime
) -> Receipt:
    """Give a task to somebody else, by the lead or the quality office; the deadline stays."""
    case = open_case(session, task_id, rules=rules, by=by, now=now)
    person = case.deed.people.taker(to, case.deed.today)
    _require_lead(case, why)
    if case.task.status in (TaskStatus.DONE, TaskStatus.STOPPED):
        raise TaskClosed(task=case.task.slug, status=TASK_WORDS[case.task.status], why=case.task.why)
    n_given = session.execute(sa.select(sa.func.count()).where(col(Notification.task_id) == task_id)).scalar_one()
    give_to(case, (person.id,), why=why, key=f"given:{n_given}" if case.task.status is TaskStatus.OPEN else "")
    case.deed.finish()
    return receipt(case, "reassign", [])


def move_deadline(
    session: Session, task_id: int, *, until: date, why: str, rules: Rules, by: int, now: datetime
) -> Receipt:
    """Change the deadline of an open task, by the lead or the quality office: new rungs, a new ladder."""
    case = open_case(session, task_id, rules=rules, by=by, now=now)
    _require_lead(case, why)
    refuse_closed(case)
    refuse_past(case, until)
    new_deadline(case, until, why)
    end_decisions(case.deed, col(Decision.task_id) == task_id, Outcome.MOOT, why)
    number = case.task.deadline_no
    for person in case.owners:
        key = f"task:{task_id}:{number}:deadline"
        case.deed.note(case.cycle, NotificationKind.DEADLINE, key, person, task_id=task_id, deadline_no=number, why=why)
    case.deed.finish()
    return receipt(case, "move", [])


def _require_lead(case: Case, why: str) -> None:
    deed = case.deed
    office = deed.people.holders(OFFICE, case.cycle.unit_id, deed.today)
    allowed = may_decide(deed, case.cycle, case.task.level) | set(office)
    if deed.by not in allowed:
        raise NotAllowed(who=deed.name(deed.by), allowed=", ".join(deed.name(person) for person in sorted(allowed)))
    if not why.strip():
        raise ReasonMissing()
