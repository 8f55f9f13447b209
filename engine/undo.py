"""Taking an answer back: for ten minutes, as long as nothing that followed from it has been touched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.words import Text
from engine.asking import end_decisions
from engine.case import Case, Receipt, open_case, receipt
from engine.deed import require_running
from engine.rules import Rules
from engine.steps import next_at
from engine.taken_back import WHY, drop_what_followed, reopen_escalations, tell_again, tell_taken_back
from engine.timing import progress_of
from models.audit import record
from models.cycle import Stage, StageStatus
from models.errors import NotAllowed, NotFound, Refused
from models.task import Answer, AnswerKind, Decision, DecisionKind, Outcome, Task, TaskStatus

UNDO_FOR = timedelta(minutes=10)


class UndoTooLate(Refused):
    """An answer can be taken back for ten minutes; this one was given on {at}. Ask the lead of the cycle instead."""

    zh = "答复只能在十分钟内撤回；该答复于 {at} 提交。请联系项目负责人。"


class UndoneAlready(Refused):
    """{who} took this answer back on {at}. Nothing was changed."""

    zh = "{who} 已于 {at} 撤回该答复。没有任何改动。"


class NothingToUndo(Refused):
    """This task has no answer that could be taken back."""

    zh = "该任务没有可撤回的答复。"


class Overtaken(Refused):
    """This answer can no longer be taken back: {what}. Nothing was changed."""

    zh = "该答复已无法撤回：{what}。没有任何改动。"


ANSWERED_SINCE = Text("the task has a later answer", "任务已有新的答复")
DECIDED_SINCE = Text("it has been decided", "已作出决定")
TAKEN_SINCE = Text("the other person has taken the task over", "对方已接手任务")
STAGE_SINCE = Text("its stage has been closed since", "所在阶段已结束")


@dataclass(frozen=True)
class Followed:
    """What an answer brought about: tasks that it opened, the questions that it asked, where its stage stands."""

    tasks: tuple[Task, ...]
    decisions: tuple[int, ...]
    stage: Stage


def undo_answer(session: Session, answer_id: int, *, rules: Rules, by: int, now: datetime) -> Receipt:
    """Take an answer back, by whoever gave it or the lead; its row stays and says so.

    Raises NotFound, NotAllowed, UndoneAlready, UndoTooLate, CycleNotRunning, Overtaken; then nothing has changed.
    """
    answer = session.get(Answer, answer_id)
    if answer is None:
        raise NotFound(noun=Text("answer", "答复"), name=str(answer_id), mend=Text("", ""))
    case = open_case(session, answer.task_id, rules=rules, by=by, now=now)
    session.refresh(answer)  # another undo may have ended while the lock was waited for
    _refuse(case, answer)
    followed = _followed(case, answer)
    _mark(case, answer)
    _take_back(case, answer, followed)
    case.deed.finish()
    return receipt(case, "undo", [])


def newest_answer(session: Session, task_id: int) -> int:
    """Find the last answer of a task that was not taken back. Raises NothingToUndo."""
    given = select(Answer.id).where(Answer.task_id == task_id, col(Answer.undone_at).is_(None))
    found = session.exec(given.order_by(col(Answer.id).desc())).first()
    if found is None:
        raise NothingToUndo
    return found


def _refuse(case: Case, answer: Answer) -> None:
    deed, lead = case.deed, case.cycle.lead_id
    if deed.by not in (answer.by_id, lead):
        allowed = ", ".join(dict.fromkeys(deed.name(person) for person in (answer.by_id, lead)))
        raise NotAllowed(who=deed.name(deed.by), allowed=allowed)
    if answer.undone_at is not None:
        raise UndoneAlready(who=deed.name(answer.undone_by), at=_local(case, answer.undone_at))
    if deed.now >= answer.at + UNDO_FOR:
        raise UndoTooLate(at=_local(case, answer.at))
    require_running(case.cycle)


def _local(case: Case, moment: datetime) -> str:
    return f"{moment.astimezone(case.deed.rules.calendar.zone):%Y-%m-%d %H:%M}"


def _followed(case: Case, answer: Answer) -> Followed:
    """Read what the answer brought about. Raises Overtaken when any of it was touched."""
    session = case.deed.session
    if answer.taken_at is not None:
        raise Overtaken(what=TAKEN_SINCE)
    _refuse_answered(session, (answer.task_id,), since=answer.id)
    asked = session.exec(select(Decision).where(Decision.answer_id == answer.id)).all()
    if any(decision.outcome is not None for decision in asked) or _status_of(answer, bool(asked)) != case.task.status:
        raise Overtaken(what=DECIDED_SINCE)
    opened = _opened(case, answer)
    stage = session.get_one(Stage, case.task.stage_id, populate_existing=True)
    moved_on = stage.status is StageStatus.CLOSED and all(task.stage_id == stage.id for task in opened)
    if moved_on or stage.status in (StageStatus.WAITING, StageStatus.CANCELLED):
        raise Overtaken(what=STAGE_SINCE)
    approvals = _approvals(session, stage) if stage.status is StageStatus.READY else ()
    return Followed(opened, (*(decision.id for decision in asked), *approvals), stage)


def _status_of(answer: Answer, asks: bool) -> TaskStatus:
    """Say how the task stands as long as nothing happened after the answer."""
    if answer.kind in (AnswerKind.ACKNOWLEDGE, AnswerKind.HAND_OVER):
        return TaskStatus.OPEN
    return TaskStatus.DECIDING if asks else TaskStatus.DONE


def _opened(case: Case, answer: Answer) -> tuple[Task, ...]:
    session, slugs = case.deed.session, [slug for slug in answer.opened.split(",") if slug]
    if not slugs:
        return ()
    found = select(Task).where(Task.cycle_id == case.cycle.id, col(Task.slug).in_(slugs)).order_by(col(Task.id))
    tasks = tuple(session.exec(found.with_for_update().execution_options(populate_existing=True)))
    ids = [task.id for task in tasks]
    _refuse_answered(session, ids)
    # A question that was taken back with its answer is as if it had not been asked.
    asked = select(Decision.id).where(col(Decision.task_id).in_(ids), Decision.why != WHY)
    if session.exec(asked).first() or any(task.status is not TaskStatus.OPEN for task in tasks):
        raise Overtaken(what=DECIDED_SINCE)
    return tasks


def _refuse_answered(session: Session, task_ids: Sequence[int], *, since: int = 0) -> None:
    later = select(Answer.id).where(
        col(Answer.task_id).in_(task_ids), col(Answer.id) > since, col(Answer.undone_at).is_(None)
    )
    if session.exec(later).first():
        raise Overtaken(what=ANSWERED_SINCE)


def _approvals(session: Session, stage: Stage) -> tuple[int, ...]:
    asked = select(Decision.id).where(
        Decision.stage_id == stage.id, Decision.kind == DecisionKind.APPROVAL, col(Decision.ended_at).is_(None)
    )
    return tuple(session.exec(asked))


def _mark(case: Case, answer: Answer) -> None:
    deed = case.deed
    marked = sa.update(Answer).where(col(Answer.id) == answer.id).values(undone_at=deed.now, undone_by=deed.by)
    deed.session.execute(marked)
    before, after = {"answer": answer.kind.value}, {"undone_by": deed.by}
    record(deed.session, "answer.undo", "answer", answer.id, by=deed.by, now=deed.now, before=before, after=after)


def _take_back(case: Case, answer: Answer, followed: Followed) -> None:
    ended = col(Decision.id).in_(followed.decisions)
    if followed.decisions:
        end_decisions(case.deed, ended, Outcome.MOOT, WHY)
    _close_again(case, followed.tasks)
    if case.task.status is not TaskStatus.OPEN:
        _open_again(case, followed)
        reopen_escalations(case, answer)
        tell_again(case, answer)
    told = drop_what_followed(case, answer, [task.id for task in followed.tasks], followed.decisions)
    tell_taken_back(case, answer, told)


def _close_again(case: Case, tasks: Sequence[Task]) -> None:
    """Let tasks wait again; the number of their deadline stays, so that the next opening tells anew."""
    values: dict[str, object] = dict.fromkeys(
        ("opened_at", "deadline_at", "next_fire_at", "reminded_until", "ladder_from_at")
    )
    values |= {"level": 0, "n_stagnant": 0, "provisional": False}
    case.deed.move(Task, [task.id for task in tasks], TaskStatus.OPEN, TaskStatus.WAITING, why=WHY, values=values)


def _open_again(case: Case, followed: Followed) -> None:
    """Open the task with the deadline, rungs and level that it had: an answer only stops them, it changes none."""
    deed, task = case.deed, case.task
    next_fire_at = next_at(progress_of(task, deed.plan(case.cycle).ladder), deed.rules.calendar)
    values = {"next_fire_at": next_fire_at, "done_at": None, "done_by": None}
    deed.move(Task, [task.id], task.status, TaskStatus.OPEN, why=WHY, values=values)
    if task.status is TaskStatus.DONE:
        _count_in(case, followed)


def _count_in(case: Case, followed: Followed) -> None:
    """Count the task into its stage again; a stage that was finished or closed by it is open again."""
    deed, stage = case.deed, followed.stage
    one_more = {"open_count": col(Stage.open_count) + 1}
    if stage.status is StageStatus.OPEN:
        deed.session.execute(sa.update(Stage).where(col(Stage.id) == stage.id).values(one_more))
        return
    values = {**one_more, "closed_at": None, "closed_by": None, "note": ""}
    deed.move(Stage, [stage.id], stage.status, StageStatus.OPEN, why=WHY, values=values)
    later = {task.stage_id for task in followed.tasks} - {stage.id}
    deed.move(Stage, sorted(later), StageStatus.OPEN, StageStatus.WAITING, why=WHY, values={"opened_at": None})
