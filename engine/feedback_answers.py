"""The answer to a patient: approved by the office, judged by the patient, closed or worked on again."""

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, col, select

from config.words import Text
from engine.asking import end_decisions
from engine.case import Case, answered_by, finish_task, leave_task, open_case
from engine.cycles import AT_WORK, stop_tasks
from engine.deed import Deed
from engine.feedback import MOST_SAID, NotAtWork, TooMuchSaid, lock_feedback, require_office
from engine.feedback_tasks import ANSWER, DEPARTMENT, DRAFT, REPLY, acknowledge, end_task_of, find_task, open_round
from engine.identifiers import refuse_identifiers
from engine.rules import Rules
from engine.words import Said
from models.audit import record
from models.cycle import Cycle, CycleStatus
from models.errors import NoteMissing, Refused
from models.feedback import MARKS, Feedback, FeedbackRound, FeedbackStatus, SaidAndDone
from models.notification import NotificationKind
from models.reads.feedback import UNANSWERED, current_round, cycles_of_round, rounds_of
from models.task import Decision, DecisionKind, Outcome, TaskStatus
from models.transitions import move

MOST_SENTENCE = 500
BY_OFFICE = "answered by the office"
ANSWER_WORD, SENTENCE_WORD = Text("Answer", "答复"), Text("Sentence", "公示内容")


class NothingToJudge(Refused):
    """There is no answer that waits for your opinion. Look at the page again."""

    zh = "目前没有等待您评价的答复，请重新查看页面。"


class TooLateToReopen(Refused):
    """This was answered more than {days} days ago and is closed. Please write to us again with the form."""

    zh = "答复已超过 {days} 天，本次反馈已结束。如仍有问题，请重新填写反馈。"


class NoMark(Refused):
    """A mark goes from 1 to 5."""

    zh = "评分为 1 至 5 分。"


class LoopOpen(Refused):
    """Only what the patient called solved is told to everybody."""

    zh = "只有患者确认已解决的反馈才能公示。"
    status: ClassVar[int] = 409


class Judgement(BaseModel):
    """What a patient says of an answer; said: what is still open."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    solved: bool
    satisfaction: int | None = None
    said: Said = ""


def approve_answer(session: Session, feedback_id: int, text: str, *, rules: Rules, by: int, now: datetime) -> None:
    """Let an answer go out: the patient can read it from now on, and every task about it is over.

    text: '' takes what the departments drafted.
    Raises NotAtWork, NotAllowed, NoteMissing, TooMuchSaid, IdentifierFound; then nothing has changed.
    """
    deed = Deed(session, rules, by, now)
    one = lock_feedback(session, feedback_id)
    require_office(deed)
    if one.status not in UNANSWERED:
        raise NotAtWork
    text = text.strip() or drafted(session, one)
    _check_answer(text)
    turn = current_round(session, one)
    acknowledge(deed, one, turn)
    for cycle in cycles_of_round(session, feedback_id, turn.no):
        _end_cycle(deed, cycle)
    turn.answer, turn.answered_at, turn.answered_by = text, now, by
    session.add(turn)
    move(session, Feedback, [feedback_id], one.status, FeedbackStatus.ANSWERED, by=by, now=now,
         values={"answered_at": now})  # fmt: skip
    session.flush()


def drafted(session: Session, one: Feedback) -> str:
    """Put together what the departments drafted in the present round."""
    return "\n\n".join(draft.text for draft in rounds_of(session, one)[-1].drafts)


def judge_answer(session: Session, feedback_id: int, given: Judgement, *, rules: Rules, now: datetime) -> Feedback:
    """Take the patient's word on the answer: solved closes, not solved begins a new round.

    Raises NothingToJudge, TooLateToReopen, NoMark, TooMuchSaid; then nothing has changed.
    """
    one = lock_feedback(session, feedback_id)
    if one.status is not FeedbackStatus.ANSWERED:
        raise NothingToJudge
    if given.satisfaction is not None and given.satisfaction not in MARKS:
        raise NoMark
    if len(given.said) > MOST_SAID:
        raise TooMuchSaid(most=MOST_SAID)
    if not given.solved and now >= open_until(one, rules):
        raise TooLateToReopen(days=rules.catalogue.feedback.reopen_days)
    turn = current_round(session, one)
    turn.judged_at, turn.solved, turn.satisfaction = now, given.solved, given.satisfaction
    session.add(turn)
    facts = {"solved": given.solved, "satisfaction": given.satisfaction}
    record(session, "feedback.judge", "feedback", feedback_id, by=None, now=now, after=facts)
    if given.solved:
        _close(session, one, now)
    else:
        _reopen(session, one, given.said, rules, now)
    return lock_feedback(session, feedback_id)


def open_until(one: Feedback, rules: Rules) -> datetime:
    """Find until when the patient may say that it is not solved."""
    assert one.answered_at is not None, "only what was answered is judged"
    return one.answered_at + timedelta(days=rules.catalogue.feedback.reopen_days)


def close_quiet(session: Session, feedback_id: int, *, rules: Rules, now: datetime) -> int:
    """Close what was answered so long ago that the patient has nothing more to say; 0 when somebody was faster."""
    one = lock_feedback(session, feedback_id)
    if one.status is not FeedbackStatus.ANSWERED or now < open_until(one, rules):
        return 0
    _close(session, one, now)
    return 1


def tell_everybody(session: Session, feedback_id: int, sentence: Text, *, rules: Rules, by: int, now: datetime) -> None:
    """Put one sentence on the page `you said, we did`, or mend the one that is there.

    Raises LoopOpen, NotAllowed, NoteMissing, TooMuchSaid, IdentifierFound.
    """
    deed = Deed(session, rules, by, now)
    one = lock_feedback(session, feedback_id)
    require_office(deed)
    if one.status is not FeedbackStatus.CLOSED or not current_round(session, one).solved:
        raise LoopOpen
    for text in (sentence.en, sentence.zh):
        if not text.strip():
            raise NoteMissing
        if len(text) > MOST_SENTENCE:
            raise TooMuchSaid(most=MOST_SENTENCE)
        refuse_identifiers({SENTENCE_WORD: text})
    row = session.get(SaidAndDone, feedback_id) or SaidAndDone(
        feedback_id=feedback_id, text_en="", text_zh="", approved_at=now, approved_by=by
    )
    row.text_en, row.text_zh, row.approved_at, row.approved_by = sentence.en.strip(), sentence.zh.strip(), now, by
    session.add(row)
    record(session, "feedback.tell", "feedback", feedback_id, by=by, now=now)
    session.flush()


def _check_answer(text: str) -> None:
    if not text:
        raise NoteMissing
    if len(text) > MOST_SAID:
        raise TooMuchSaid(most=MOST_SAID)
    refuse_identifiers({ANSWER_WORD: text})


def _end_cycle(deed: Deed, cycle: Cycle) -> None:
    """End what is still to do in a cycle of the round: the office's task, and drafts that came or did not come."""
    if cycle.status is not CycleStatus.ACTIVE:
        return
    if cycle.template == ANSWER:
        end_task_of(deed, cycle, REPLY)
        return
    task = find_task(deed.session, cycle, DRAFT) if cycle.template == DEPARTMENT else None
    if task is None or task.status not in AT_WORK:
        return
    case = open_case(deed.session, task.id, rules=deed.rules, by=deed.by or 0, now=deed.now)
    if _waits_for_approval(case):
        _accept_draft(case)
    else:
        stop_tasks(case.deed, [case.task], BY_OFFICE)
        leave_task(case, BY_OFFICE)
    case.deed.finish()


def _waits_for_approval(case: Case) -> bool:
    asked = select(Decision).where(
        Decision.task_id == case.task.id, Decision.kind == DecisionKind.ACCEPTANCE, col(Decision.ended_at).is_(None)
    )
    return case.task.status is TaskStatus.DECIDING and case.deed.session.exec(asked).first() is not None


def _accept_draft(case: Case) -> None:
    """Accept a department's draft, by whoever of the office approves the answer, and tell its owners."""
    deed, task = case.deed, case.task
    end_decisions(deed, col(Decision.task_id) == task.id, Outcome.ACCEPTED, "")
    finish_task(case, TaskStatus.DECIDING, done_by=answered_by(case), why="")
    for person in case.owners:
        if person != deed.by:
            key = f"task:{task.id}:accepted"
            deed.note(case.cycle, NotificationKind.DECIDED, key, person, task_id=task.id,
                      outcome=Outcome.ACCEPTED.value, who=deed.name(deed.by))  # fmt: skip


def _close(session: Session, one: Feedback, now: datetime) -> None:
    """Close it; how the patient can be reached is needed no more and forgotten."""
    move(session, Feedback, [one.id], FeedbackStatus.ANSWERED, FeedbackStatus.CLOSED, by=None, now=now,
         values={"closed_at": now, "contact": ""})  # fmt: skip


def _reopen(session: Session, one: Feedback, said: str, rules: Rules, now: datetime) -> FeedbackRound:
    no = one.round_no + 1
    move(session, Feedback, [one.id], FeedbackStatus.ANSWERED, FeedbackStatus.RECEIVED, by=None, now=now,
         values={"round_no": no, "answered_at": None})  # fmt: skip
    one = lock_feedback(session, one.id)
    turn = open_round(session, one, no, said, rules=rules, now=now)
    one.answer_due_at = turn.answer_due_at
    session.add(one)
    session.flush()
    return turn
