"""Answers to tasks: acknowledge, done, extend, hand over and take, blocked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, col, select

from config.words import Text
from engine.asking import ask, end_decisions
from engine.case import (
    Case,
    Receipt,
    finish_task,
    give_to,
    open_case,
    receipt,
    refuse_closed,
    refuse_past,
    with_stand_ins,
)
from engine.event_tasks import refuse_undone
from engine.evidence import GivenFile, check_files, keep_files
from engine.identifiers import refuse_identifiers
from engine.outbox import drop_unsent
from engine.proof import require_proof
from engine.rules import Rules
from engine.words import Said
from models.audit import record
from models.base import table_of
from models.errors import (
    AlreadyTheirs,
    DateMissing,
    DateNotLater,
    EvidenceMissing,
    NoteMissing,
    NothingToTake,
    PersonMissing,
    ReasonMissing,
    Stranger,
)
from models.notification import NotificationKind
from models.task import Answer, AnswerKind, Decision, DecisionKind, Outcome, Task, TaskStatus

NOTE_WORD = Text("Note", "说明")


class GivenAnswer(BaseModel):
    """An answer as somebody gave it; what is missing is found by the verb, with its reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: AnswerKind
    note: Said = ""
    until: date | None = None
    to: str | None = None
    evidence: tuple[GivenFile, ...] = ()


def submit_answer(
    session: Session, task_id: int, given: GivenAnswer, *, rules: Rules, by: int, now: datetime
) -> Receipt:
    """Take an owner's answer: the first one wins, everything it brings about happens in this transaction.

    Seen a second time by the same person, with nothing between, is the first one's receipt again (a double tap).
    Raises AlreadyAnswered, TaskClosed, Stranger, CycleNotRunning, or what the answer lacks; then nothing has changed.
    """
    case = open_case(session, task_id, rules=rules, by=by, now=now)
    _refuse_strangers(case)
    refuse_closed(case)
    _check_parts(case, given)
    tapped = _tapped_before(case, given)
    if tapped:
        return replace(receipt(case, given.kind.value, []), at=tapped.at)
    answer = _keep_answer(case, given)
    opened = _EFFECTS[given.kind](case, given, answer)
    if opened:
        session.execute(sa.update(Answer).where(col(Answer.id) == answer.id).values(opened=",".join(opened)))
    _tell_receipts(case, given, answer)
    case.deed.finish()
    return receipt(case, given.kind.value, opened)


def take_task(session: Session, task_id: int, *, rules: Rules, by: int, now: datetime) -> Receipt:
    """Take over a task that its owner has handed to this person, or to whom they stand in for.

    Raises NothingToTake.
    """
    case = open_case(session, task_id, rules=rules, by=by, now=now)
    refuse_closed(case)
    offered = select(Answer).where(
        Answer.task_id == task_id,
        Answer.kind == AnswerKind.HAND_OVER,
        col(Answer.undone_at).is_(None),
    )
    deed = case.deed
    offers = session.exec(offered.order_by(col(Answer.id).desc()))
    offer = next((one for one in offers if by in (one.to_id, deed.people.told(one.to_id or 0, deed.today))), None)
    # Their newest offer outdates those before it, taken or not; another may have been given the task meanwhile.
    if offer is None or offer.taken_at is not None or offer.by_id not in with_stand_ins(case):
        raise NothingToTake(task=case.task.slug, who=deed.name(by))
    session.execute(sa.update(Answer).where(col(Answer.id) == offer.id).values(taken_at=now, taken_by=by))
    had_it = case.owners
    give_to(case, (by,), why=offer.note)
    for person in dict.fromkeys([offer.by_id, *had_it, case.cycle.lead_id]):
        if person == by:
            continue
        key, who = f"task:{task_id}:taken:{offer.id}", deed.name(by)
        deed.note(case.cycle, NotificationKind.RECEIPT, key, person, task_id=task_id, answer="taken", who=who)
    deed.finish()
    return receipt(case, "take", [])


def _refuse_strangers(case: Case) -> None:
    deed = case.deed
    known = {*case.owners, case.cycle.lead_id}
    if deed.by not in known and deed.by not in {deed.people.told(person, deed.today) for person in known}:
        owners = ", ".join(deed.name(person) for person in case.owners)
        raise Stranger(who=deed.name(deed.by), task=case.task.slug, owners=owners)


def _check_parts(case: Case, given: GivenAnswer) -> None:
    kind = given.kind
    if kind is AnswerKind.DONE and is_safety(case):
        require_proof(case.deed.session)
    if kind is AnswerKind.DONE:
        refuse_undone(case.deed.session, case.deed.rules, case.cycle, case.task.slug)
    if given.note and _names_nobody(case):
        refuse_identifiers({NOTE_WORD: given.note})
    if kind is not AnswerKind.ACKNOWLEDGE and not given.note.strip():
        raise NoteMissing() if kind is AnswerKind.DONE else ReasonMissing()
    if kind is AnswerKind.DONE and case.task.evidence == "required" and not given.evidence:
        raise EvidenceMissing(task=case.task.slug)
    check_files(given.evidence)
    if kind is AnswerKind.EXTEND:
        _check_extension(case, given.until)
    if kind is AnswerKind.HAND_OVER:
        _check_taker(case, given.to)


def is_safety(case: Case) -> bool:
    """Answer whether a task is of the safety class: that it is done is said by somebody whom the door knows."""
    return any(task.safety for task in case.deed.plan(case.cycle).template.tasks if task.id == case.task.slug)


def _names_nobody(case: Case) -> bool:
    """Answer whether what is said about a task may name no patient, because it goes on to others."""
    return any(task.names_nobody for task in case.deed.plan(case.cycle).template.tasks if task.id == case.task.slug)


def _check_extension(case: Case, until: date | None) -> None:
    if until is None:
        raise DateMissing()
    refuse_past(case, until)
    calendar = case.deed.rules.calendar
    if case.task.deadline_at and calendar.end_of(until) <= case.task.deadline_at:
        raise DateNotLater(until=until, deadline=calendar.local_date(case.task.deadline_at))


def _check_taker(case: Case, to: str | None) -> None:
    if not to:
        raise PersonMissing()
    person = case.deed.people.taker(to, case.deed.today)
    if person.id in case.owners:
        raise AlreadyTheirs(task=case.task.slug, who=person.name)


def _tapped_before(case: Case, given: GivenAnswer) -> Answer | None:
    """Find the same acknowledgement if it is the last thing that happened to the task."""
    if given.kind is not AnswerKind.ACKNOWLEDGE:
        return None
    newest = select(Answer).where(Answer.task_id == case.task.id).order_by(col(Answer.id).desc())
    last = case.deed.session.exec(newest).first()
    if last is None or last.undone_at or case.task.reminded_until is None or case.task.reminded_until > last.at:
        return None
    same = (last.kind, last.by_id, last.note) == (given.kind, case.deed.by, given.note.strip())
    return last if same else None


_ADD_ANSWER = sa.insert(table_of(Answer)).returning(col(Answer.id))


def _keep_answer(case: Case, given: GivenAnswer) -> Answer:
    deed = case.deed
    assert deed.by is not None
    answer = Answer(
        task_id=case.task.id,
        kind=given.kind,
        at=deed.now,
        by_id=deed.by,
        door=str(deed.session.info.get("door", "code")),
        note=given.note.strip(),
        until_on=given.until,
        to_id=deed.people.taker(given.to, deed.today).id if given.to else None,
    )
    answer.id = deed.session.connection().execute(_ADD_ANSWER, answer.model_dump(exclude={"id"})).scalar_one()
    keep_files(deed.session, answer.id, given.evidence)
    after = {"answer": given.kind.value, "until": given.until, "to": given.to, "n_files": len(given.evidence)}
    record(deed.session, "task.answer", "task", answer.task_id, by=deed.by, now=deed.now, after=after, why=answer.note)
    return answer


def _acknowledge(case: Case, given: GivenAnswer, answer: Answer) -> list[str]:
    return []


def _done(case: Case, given: GivenAnswer, answer: Answer) -> list[str]:
    deed, task = case.deed, case.task
    if task.accept and deed.by != case.cycle.lead_id:
        _stand_still(case)
        ask(
            deed,
            case.cycle,
            DecisionKind.ACCEPTANCE,
            stage_id=task.stage_id,
            task=task,
            level=0,
            answer_id=answer.id,
            why=answer.note,
        )
        return []
    return finish_task(case, TaskStatus.OPEN, done_by=answer.by_id, why=answer.note)


def _extend(case: Case, given: GivenAnswer, answer: Answer) -> list[str]:
    _stand_still(case)
    ask(
        case.deed,
        case.cycle,
        DecisionKind.EXTENSION,
        stage_id=case.task.stage_id,
        task=case.task,
        level=0,
        answer_id=answer.id,
        until=str(given.until),
        why=answer.note,
    )
    return []


def _blocked(case: Case, given: GivenAnswer, answer: Answer) -> list[str]:
    _stand_still(case)
    level = min(case.task.level + 1, len(case.deed.plan(case.cycle).ladder))
    ask(
        case.deed,
        case.cycle,
        DecisionKind.OBSTACLE,
        stage_id=case.task.stage_id,
        task=case.task,
        level=level,
        answer_id=answer.id,
        why=answer.note,
    )
    return []


def _hand_over(case: Case, given: GivenAnswer, answer: Answer) -> list[str]:
    deed = case.deed
    assert answer.to_id is not None
    deed.note(
        case.cycle,
        NotificationKind.HAND_OVER,
        f"answer:{answer.id}:offer",
        answer.to_id,
        task_id=case.task.id,
        deadline_no=case.task.deadline_no,
        who=deed.name(deed.by),
        note=answer.note,
    )
    return []


_EFFECTS: dict[AnswerKind, Callable[[Case, GivenAnswer, Answer], list[str]]] = {
    AnswerKind.ACKNOWLEDGE: _acknowledge,
    AnswerKind.DONE: _done,
    AnswerKind.EXTEND: _extend,
    AnswerKind.HAND_OVER: _hand_over,
    AnswerKind.BLOCKED: _blocked,
}


def _stand_still(case: Case) -> None:
    """Let reminders and ladder rest while somebody decides."""
    deed, task_id = case.deed, case.task.id
    values = {"next_fire_at": None}
    deed.move(Task, [task_id], TaskStatus.OPEN, TaskStatus.DECIDING, values=values)
    drop_unsent(deed.session, [task_id], by=deed.by, now=deed.now, why="answered")
    end_decisions(
        deed,
        (col(Decision.task_id) == task_id) & (col(Decision.kind) == DecisionKind.OVERDUE),
        Outcome.MOOT,
        "answered",
    )


def _tell_receipts(case: Case, given: GivenAnswer, answer: Answer) -> None:
    deed, until = case.deed, str(given.until or "")
    for person in dict.fromkeys([answer.by_id, *case.owners, case.cycle.lead_id]):
        deed.note(
            case.cycle,
            NotificationKind.RECEIPT,
            f"answer:{answer.id}",
            person,
            task_id=case.task.id,
            answer=given.kind.value,
            who=deed.name(deed.by),
            note=answer.note,
            until=until,
        )
