"""Named reads of patients' feedback: lists, rounds, departments, the cycles that were launched for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.assessment import OriginKind
from models.cycle import Cycle
from models.feedback import Feedback, FeedbackRound, FeedbackStatus, FeedbackUnit, SaidAndDone
from models.people import Unit
from models.reads.names import unit_names
from models.reads.origins import cycles_from
from models.reads.tasks import task_lines
from models.reads.views import Page, TaskLine, UnitName
from models.task import Answer, AnswerKind, Task

UNANSWERED = (FeedbackStatus.RECEIVED, FeedbackStatus.WORKING)


@dataclass(frozen=True)
class FeedbackFilter:
    """Which feedback is wanted; empty: any. concerned: only what one of these units was named for; None: all."""

    statuses: tuple[FeedbackStatus, ...] = ()
    kind: str = ""
    unit: str = ""
    late: bool = False
    concerned: frozenset[int] | None = None


@dataclass(frozen=True)
class FeedbackLine:
    """One in a list. units: those concerned by its present round; unit: what the patient named."""

    id: int
    kind: str
    status: FeedbackStatus
    round_no: int
    unit: UnitName | None
    units: tuple[UnitName, ...]
    received_at: datetime
    answer_due_at: datetime
    answered_at: datetime | None
    n_drafts: int

    def is_late(self, now: datetime) -> bool:
        """Answer whether the patient should have had an answer by now."""
        return self.status in UNANSWERED and self.answer_due_at < now


@dataclass(frozen=True)
class DraftView:
    """What a department wrote for the answer."""

    unit: UnitName
    text: str
    at: datetime


@dataclass(frozen=True)
class RoundView:
    """One round with the departments concerned, what they drafted, and the tasks that are open in it."""

    row: FeedbackRound
    units: tuple[UnitName, ...]
    drafts: tuple[DraftView, ...]
    open_tasks: tuple[TaskLine, ...]


def find_by_mark(session: Session, mark: str) -> Feedback | None:
    """Find one by what is stored of its receipt's code."""
    return session.exec(select(Feedback).where(Feedback.code_fingerprint == mark)).one_or_none()


def current_round(session: Session, one: Feedback) -> FeedbackRound:
    """Get the round that is at work, or the last one."""
    wanted = select(FeedbackRound).where(FeedbackRound.feedback_id == one.id, FeedbackRound.no == one.round_no)
    return session.exec(wanted.execution_options(populate_existing=True)).one()


def units_of_round(session: Session, round_id: int) -> tuple[int, ...]:
    """Read the departments concerned by a round."""
    wanted = select(FeedbackUnit.unit_id).where(FeedbackUnit.round_id == round_id)
    return tuple(session.exec(wanted.order_by(col(FeedbackUnit.unit_id))))


def cycles_of_round(session: Session, feedback_id: int, no: int, template: str = "") -> list[Cycle]:
    """Read the cycles that a round launched, oldest first. template: only those of this one."""
    own = f"{OriginKind.FEEDBACK.value}:{feedback_id}:r{no}"
    return [
        cycle
        for cycle in cycles_from(session, OriginKind.FEEDBACK, feedback_id)
        if (cycle.launch_key or "") == own or (cycle.launch_key or "").startswith((f"{own}.", f"{own}:"))
        if template in ("", cycle.template)
    ]


def improvements_from(session: Session, feedback_id: int) -> list[Cycle]:
    """Read the cycles that somebody launched because of it, besides those that only answer it."""
    rounds = f"{OriginKind.FEEDBACK.value}:{feedback_id}:r"
    found = cycles_from(session, OriginKind.FEEDBACK, feedback_id)
    return [cycle for cycle in found if not (cycle.launch_key or "").startswith(rounds)]


def list_feedback(
    session: Session, wanted: FeedbackFilter, *, now: datetime, limit: int, offset: int = 0
) -> Page[FeedbackLine]:
    """List feedback: what waits for an answer first, by its deadline."""
    asked = _wanted(wanted, now)
    n_all: int = session.execute(sa.select(sa.func.count()).select_from(Feedback).where(*asked)).scalar_one()
    order = (col(Feedback.answered_at).is_not(None), col(Feedback.answer_due_at), col(Feedback.id))
    rows = session.exec(select(Feedback).where(*asked).order_by(*order).limit(limit).offset(offset)).all()
    return Page(_lines(session, rows), n_all)


def rounds_of(session: Session, one: Feedback) -> tuple[RoundView, ...]:
    """Read the rounds of one, oldest first."""
    rows = session.exec(
        select(FeedbackRound).where(FeedbackRound.feedback_id == one.id).order_by(col(FeedbackRound.no))
    )
    return tuple(_round(session, one, row) for row in rows.all())


def list_said_and_done(session: Session, *, limit: int, offset: int = 0) -> Page[tuple[SaidAndDone, UnitName | None]]:
    """List what may be told to everybody, the newest first."""
    n_all: int = session.execute(sa.select(sa.func.count()).select_from(SaidAndDone)).scalar_one()
    newest = select(SaidAndDone).order_by(col(SaidAndDone.approved_at).desc(), col(SaidAndDone.feedback_id).desc())
    rows = session.exec(newest.limit(limit).offset(offset)).all()
    about = select(Feedback).where(col(Feedback.id).in_([row.feedback_id for row in rows]))
    places = {row.id: row.unit_id for row in session.exec(about)}
    names = unit_names(session, [unit for unit in places.values() if unit])
    return Page(tuple((row, names.get(places.get(row.feedback_id) or 0)) for row in rows), n_all)


def opened_between(session: Session, first: datetime, end: datetime) -> Sequence[FeedbackRound]:
    """Read the rounds that began, were due or were judged in a span; the end is not part of it."""
    moments = (FeedbackRound.opened_at, FeedbackRound.answer_due_at, FeedbackRound.judged_at)
    within = sa.or_(*(sa.and_(col(one) >= first, col(one) < end) for one in moments))
    return session.exec(select(FeedbackRound).where(within).order_by(col(FeedbackRound.id))).all()


def first_at(session: Session) -> datetime | None:
    """Find when the first one came."""
    return session.execute(sa.select(sa.func.min(col(Feedback.received_at)))).scalar_one_or_none()


def _wanted(wanted: FeedbackFilter, now: datetime) -> list[sa.ColumnElement[bool]]:
    asked: list[sa.ColumnElement[bool]] = []
    if wanted.statuses:
        asked.append(col(Feedback.status).in_(wanted.statuses))
    if wanted.kind:
        asked.append(col(Feedback.kind) == wanted.kind)
    if wanted.late:
        asked += [col(Feedback.status).in_(UNANSWERED), col(Feedback.answer_due_at) < now]
    if wanted.unit:
        unit = sa.select(col(Unit.id)).where(col(Unit.slug) == wanted.unit).scalar_subquery()
        asked.append((col(Feedback.unit_id) == unit) | _named(col(FeedbackUnit.unit_id) == unit))
    if wanted.concerned is not None:
        asked.append(_named(col(FeedbackUnit.unit_id).in_(sorted(wanted.concerned))))
    return asked


def _named(units: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Answer whether units were named in any round."""
    rounds = sa.select(col(FeedbackRound.feedback_id)).join(
        FeedbackUnit, col(FeedbackUnit.round_id) == col(FeedbackRound.id)
    )
    return col(Feedback.id).in_(rounds.where(units))


def _lines(session: Session, rows: Sequence[Feedback]) -> tuple[FeedbackLine, ...]:
    ids = [row.id for row in rows]
    named = (
        sa.select(col(FeedbackRound.feedback_id), col(FeedbackRound.no), col(FeedbackUnit.unit_id))
        .join(FeedbackUnit, col(FeedbackUnit.round_id) == col(FeedbackRound.id))
        .where(col(FeedbackRound.feedback_id).in_(ids))
        .order_by(col(FeedbackUnit.unit_id))
    )
    concerned: dict[tuple[int, int], list[int]] = {}
    for feedback_id, no, unit_id in session.execute(named).tuples():
        concerned.setdefault((feedback_id, no), []).append(unit_id)
    names = unit_names(
        session, {*(u for some in concerned.values() for u in some), *(r.unit_id for r in rows if r.unit_id)}
    )
    drafts = _n_drafts(session, ids)
    return tuple(
        FeedbackLine(
            row.id,
            row.kind,
            row.status,
            row.round_no,
            names.get(row.unit_id or 0),
            tuple(names[unit] for unit in concerned.get((row.id, row.round_no), ())),
            row.received_at,
            row.answer_due_at,
            row.answered_at,
            drafts.get(f"{row.id}:r{row.round_no}", 0),
        )
        for row in rows
    )


def _n_drafts(session: Session, ids: Sequence[int]) -> dict[str, int]:
    """Count the departments whose draft is in, by feedback and round: `12:r1`."""
    said = _drafted().with_only_columns(col(Cycle.launch_key)).order_by(None).distinct()
    keys = [f"{OriginKind.FEEDBACK.value}:{one}:" for one in ids]
    found: dict[str, int] = {}
    if not keys:
        return found
    for key in session.execute(said.where(sa.or_(*(col(Cycle.launch_key).startswith(key) for key in keys)))).scalars():
        _, number, part = key.split(":", 2)
        place = f"{number}:{part.partition(':')[0]}"
        found[place] = found.get(place, 0) + 1
    return found


def _drafted() -> sa.Select[tuple[Answer, Cycle]]:
    return (
        sa.select(Answer, Cycle)
        .join(Task, col(Task.id) == col(Answer.task_id))
        .join(Cycle, col(Cycle.id) == col(Task.cycle_id))
        .where(
            col(Task.slug) == "draft",
            col(Cycle.template) == "feedback-department",
            col(Answer.kind) == AnswerKind.DONE,
            col(Answer.undone_at).is_(None),
        )
        .order_by(col(Answer.id))
    )


def _round(session: Session, one: Feedback, row: FeedbackRound) -> RoundView:
    cycles = cycles_of_round(session, one.id, row.no)
    ids = [cycle.id for cycle in cycles]
    said = session.execute(_drafted().where(col(Cycle.id).in_(ids))).tuples().all() if ids else ()
    newest = {cycle.unit_id: answer for answer, cycle in said}
    concerned = units_of_round(session, row.id)
    names = unit_names(session, {*concerned, *newest})
    at_work = select(Task).where(col(Task.cycle_id).in_(ids), col(Task.deadline_at).is_not(None))
    tasks = task_lines(session, session.exec(at_work.order_by(col(Task.id))).all()) if ids else ()
    return RoundView(
        row,
        tuple(names[unit] for unit in concerned),
        tuple(DraftView(names[unit], answer.note, answer.at) for unit, answer in newest.items()),
        tuple(line for line in tasks if line.done_at is None and line.status.value in ("open", "deciding", "paused")),
    )
