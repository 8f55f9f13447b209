"""A department's draft of an answer: its task, answered by the owner."""

from datetime import datetime
from typing import ClassVar

from sqlmodel import Session

from engine.case import Receipt
from engine.deed import Deed
from engine.feedback import get_feedback
from engine.feedback_tasks import DEPARTMENT, DRAFT, find_task
from engine.rules import Rules
from engine.tasks import GivenAnswer, submit_answer
from models.errors import Refused
from models.reads.feedback import cycles_of_round
from models.task import AnswerKind


class NotAsked(Refused):
    """This department was not asked about it. Name it first."""

    zh = "该科室尚未被指定，请先指定科室。"
    status: ClassVar[int] = 409


def draft_answer(
    session: Session, feedback_id: int, unit: str, text: str, *, rules: Rules, by: int, now: datetime
) -> Receipt:
    """Answer a department's task with what the patient should hear; it waits for the office's approval.

    Raises NoSuchFeedback, NotAsked, and whatever an answer to a task raises.
    """
    one = get_feedback(session, feedback_id)
    unit_id = Deed(session, rules, by, now).people.unit(unit).id
    cycles = [
        cycle for cycle in cycles_of_round(session, feedback_id, one.round_no, DEPARTMENT) if cycle.unit_id == unit_id
    ]
    task = find_task(session, cycles[-1], DRAFT) if cycles else None
    if task is None:
        raise NotAsked
    given = GivenAnswer(kind=AnswerKind.DONE, note=text)
    return submit_answer(session, task.id, given, rules=rules, by=by, now=now)
