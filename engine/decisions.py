"""Taking decisions: what was asked of the lead or of a level of the ladder, and what follows from it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, col, select

from config.words import Text
from engine.asking import end_decisions, may_decide
from engine.case import (
    Case,
    Receipt,
    answered_by,
    finish_task,
    give_to,
    leave_task,
    new_deadline,
    open_case,
    receipt,
    refuse_past,
)
from engine.proof import require_proof
from engine.rules import Rules
from engine.timing import Timed
from engine.words import Said
from models.errors import (
    DateMissing,
    DeadlineNeeded,
    NotAllowed,
    NothingToDecide,
    PersonMissing,
    ReasonMissing,
    Refused,
)
from models.notification import NotificationKind
from models.task import Answer, Decision, DecisionKind, Outcome, Task, TaskStatus


class Verdict(StrEnum):
    """What somebody decides."""

    GRANT = "grant"  # more time
    REFUSE = "refuse"
    GIVE = "give"  # to somebody else
    REMOVE = "remove"  # the obstacle
    STOP = "stop"
    ACCEPT = "accept"
    RETURN = "return"


class GivenDecision(BaseModel):
    """A decision as somebody took it; `note` is the reason, for `remove` what was done about the obstacle.

    about: the question that was looked at, where a page showed one; another one is not decided by it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Verdict
    note: Said = ""
    until: date | None = None
    to: str | None = None
    about: int | None = None


class QuestionGone(Refused):
    """This is no longer the question: it was decided, taken back or passed up. Nothing was changed; look again."""

    zh = "该事项已被决定、撤回或上报，不再等待此决定。没有任何改动，请重新查看。"


POSSIBLE: dict[DecisionKind, tuple[Verdict, ...]] = {
    DecisionKind.EXTENSION: (Verdict.GRANT, Verdict.REFUSE, Verdict.GIVE, Verdict.STOP),
    DecisionKind.OBSTACLE: (Verdict.REMOVE, Verdict.GRANT, Verdict.GIVE, Verdict.REFUSE, Verdict.STOP),
    DecisionKind.ACCEPTANCE: (Verdict.ACCEPT, Verdict.RETURN, Verdict.STOP),
    DecisionKind.OVERDUE: (Verdict.GRANT, Verdict.GIVE, Verdict.REMOVE, Verdict.STOP),
}
OUTCOMES = {
    Verdict.GRANT: Outcome.GRANTED,
    Verdict.REFUSE: Outcome.REFUSED,
    Verdict.GIVE: Outcome.GIVEN,
    Verdict.REMOVE: Outcome.REMOVED,
    Verdict.STOP: Outcome.STOPPED,
    Verdict.ACCEPT: Outcome.ACCEPTED,
    Verdict.RETURN: Outcome.RETURNED,
}


@dataclass
class Asked:
    """A decision that waits, with the task it is about."""

    case: Case
    decision: Decision
    proposed: date | None
    reason: str


def decide(session: Session, task_id: int, given: GivenDecision, *, rules: Rules, by: int, now: datetime) -> Receipt:
    """Take the decision that a task waits for.

    Raises NothingToDecide, NotAllowed, or what the decision lacks; then nothing has changed.
    """
    case = open_case(session, task_id, rules=rules, by=by, now=now)
    require_proof(session)
    asked = _find_asked(case, given.kind, given.about)
    allowed = may_decide(case.deed, case.cycle, asked.decision.level)
    if by not in allowed:
        raise NotAllowed(
            who=case.deed.name(by), allowed=", ".join(case.deed.name(person) for person in sorted(allowed))
        )
    given = _with_reason(asked, given)
    owners = case.owners
    about = (col(Decision.task_id) == task_id) & (col(Decision.kind) == asked.decision.kind)
    end_decisions(case.deed, about, OUTCOMES[given.kind], given.note)
    opened = _EFFECTS[given.kind](asked, given)
    _tell(asked, given, owners)
    case.deed.finish()
    return receipt(case, given.kind.value, opened)


def _with_reason(asked: Asked, given: GivenDecision) -> GivenDecision:
    """Take the owner's own reason where exactly what they asked for is granted. Raises ReasonMissing."""
    if given.kind is Verdict.ACCEPT or given.note.strip():
        return given
    if given.kind is Verdict.GRANT and asked.reason and given.until in (None, asked.proposed):
        return given.model_copy(update={"note": asked.reason})
    raise ReasonMissing()


def _find_asked(case: Case, wanted: Verdict, about: int | None) -> Asked:
    """Find what waits: the owner's question first, else the escalation that has come furthest."""
    pending = select(Decision).where(Decision.task_id == case.task.id, col(Decision.ended_at).is_(None))
    found = list(case.deed.session.exec(pending.order_by(col(Decision.level).desc())))
    found.sort(key=lambda decision: decision.kind is DecisionKind.OVERDUE)
    if about is not None and about not in [decision.id for decision in found[:1]]:
        raise QuestionGone
    possible = POSSIBLE[found[0].kind] if found else ()
    if wanted not in possible:
        words = ", ".join(verdict.value for verdict in possible)
        nothing = Text("nothing", "无")
        raise NothingToDecide(task=case.task.slug, decision=wanted.value, possible=words or nothing)
    answer = case.deed.session.get(Answer, found[0].answer_id) if found[0].answer_id else None
    proposed, reason = (answer.until_on, answer.note) if answer and answer.until_on else (None, "")
    return Asked(case, found[0], proposed, reason)


def _grant(asked: Asked, given: GivenDecision) -> list[str]:
    until = given.until or asked.proposed
    if until is None:
        raise DateMissing()
    refuse_past(asked.case, until)
    _go_on(asked.case, until, given.note)
    return []


def _go_on_as_before(asked: Asked, given: GivenDecision) -> list[str]:
    """Refuse, return or remove the obstacle: the task is open again, with its deadline or a new one."""
    case = asked.case
    if given.until:
        refuse_past(case, given.until)
    elif given.kind is Verdict.REMOVE:
        _require_future(case)
    _go_on(case, given.until, given.note)
    return []


def _give(asked: Asked, given: GivenDecision) -> list[str]:
    case = asked.case
    if not given.to:
        raise PersonMissing()
    person = case.deed.people.taker(given.to, case.deed.today)
    if given.until:
        refuse_past(case, given.until)
    else:
        _require_future(case)
    _go_on(case, given.until, given.note)
    give_to(case, (person.id,), why=given.note, key=f"decision:{asked.decision.id}")
    return []


def _accept(asked: Asked, given: GivenDecision) -> list[str]:
    return finish_task(asked.case, TaskStatus.DECIDING, done_by=answered_by(asked.case), why=given.note)


def _stop(asked: Asked, given: GivenDecision) -> list[str]:
    case, deed = asked.case, asked.case.deed
    values = {"next_fire_at": None, "why": given.note[:500]}
    deed.move(Task, [case.task.id], case.task.status, TaskStatus.STOPPED, why=given.note, values=values)
    return leave_task(case, "stopped")


_EFFECTS: dict[Verdict, Callable[[Asked, GivenDecision], list[str]]] = {
    Verdict.GRANT: _grant,
    Verdict.REFUSE: _go_on_as_before,
    Verdict.GIVE: _give,
    Verdict.REMOVE: _go_on_as_before,
    Verdict.STOP: _stop,
    Verdict.ACCEPT: _accept,
    Verdict.RETURN: _go_on_as_before,
}


def _require_future(case: Case) -> None:
    """Refuse to leave a task with a deadline that has passed: no rung of it would ever fire again."""
    if case.task.deadline_at is None or case.task.deadline_at <= case.deed.now:
        raise DeadlineNeeded(task=case.task.slug)


def _go_on(case: Case, until: date | None, why: str) -> None:
    """Open a task again after a decision, with its old deadline or a new one."""
    deed, task = case.deed, case.task
    if task.status is not TaskStatus.OPEN:  # else an escalation was decided: the task never stood still
        timed = Timed.same(task, deed.plan(case.cycle).ladder, deed.rules.calendar, deed.now)
        deed.move(Task, [task.id], task.status, TaskStatus.OPEN, why=why, values=timed.values())
        deed.session.refresh(task)
    if until:
        new_deadline(case, until, why)


def _tell(asked: Asked, given: GivenDecision, owners: tuple[int, ...]) -> None:
    """Tell the owners, old and new, and the lead what was decided."""
    case, deed = asked.case, asked.case.deed
    kind = NotificationKind.STOPPED if given.kind is Verdict.STOP else NotificationKind.DECIDED
    until = given.until or (asked.proposed if given.kind is Verdict.GRANT else None)
    for person in dict.fromkeys([*owners, case.cycle.lead_id]):
        if person == deed.by:
            continue
        deed.note(
            case.cycle,
            kind,
            f"decision:{asked.decision.id}:taken",
            person,
            task_id=case.task.id,
            deadline_no=case.task.deadline_no,
            outcome=OUTCOMES[given.kind].value,
            until=str(until or ""),
            note=given.note,
            who=deed.name(deed.by),
        )
