"""Decisions: what was asked of whom, and how it ended."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.cycle import Cycle, CycleStatus
from models.reads.messages import asked_people
from models.reads.names import person_names
from models.reads.snapshots import ladders, role_at
from models.reads.views import DecisionView
from models.task import Decision, DecisionKind


def cycle_decisions(session: Session, cycle_id: int) -> tuple[DecisionView, ...]:
    """Read all decisions asked for in a cycle, oldest first."""
    return views(
        session, session.exec(select(Decision).where(Decision.cycle_id == cycle_id).order_by(col(Decision.id))).all()
    )


def open_decisions(session: Session, task_ids: Sequence[int]) -> dict[int, DecisionView]:
    """Read the newest decision of each task that nobody has taken yet, by task."""
    pending = select(Decision).where(col(Decision.task_id).in_(task_ids), col(Decision.ended_at).is_(None))
    rows = session.exec(pending.order_by(col(Decision.id))).all() if task_ids else []
    return {view.task_id: view for view in views(session, rows) if view.task_id is not None}


def longest_waiting(session: Session, limit: int) -> tuple[DecisionView, ...]:
    """Read the pending decisions of running cycles that wait longest; escalations are found with their tasks."""
    pending = (
        select(Decision)
        .join(Cycle, col(Cycle.id) == col(Decision.cycle_id))
        .where(
            col(Decision.ended_at).is_(None),
            col(Decision.kind) != DecisionKind.OVERDUE,
            col(Cycle.status) == CycleStatus.ACTIVE,
        )
        .order_by(first_asked(), col(Decision.id))
        .limit(limit)
    )
    return views(session, session.exec(pending).all())


def pending() -> sa.ColumnElement[bool]:
    """Ask of a decision: does it wait, by itself rather than beside an overdue task?"""
    return col(Decision.ended_at).is_(None) & (col(Decision.kind) != DecisionKind.OVERDUE)


def first_asked() -> sa.ScalarSelect[datetime]:
    """Find when a decision was asked for at its first level, before it was passed up."""
    first = aliased(Decision)
    same = [col(first.stage_id) == col(Decision.stage_id), col(first.kind) == col(Decision.kind)]
    for mine, its in ((first.task_id, Decision.task_id), (first.answer_id, Decision.answer_id)):
        same.append(sa.func.coalesce(col(mine), 0) == sa.func.coalesce(col(its), 0))
    return sa.select(sa.func.min(col(first.asked_at))).where(*same).correlate(Decision).scalar_subquery()


def views(session: Session, rows: Sequence[Decision]) -> tuple[DecisionView, ...]:
    """Put the names beside decisions, four queries for all."""
    if not rows:
        return ()
    people = person_names(session, [row.decided_by for row in rows])
    asked = asked_people(session, [row.id for row in rows if row.id])
    of_these = sa.select(col(Decision.id), first_asked()).where(col(Decision.id).in_([row.id for row in rows]))
    first = dict(session.execute(of_these).tuples().all())
    rungs = ladders(session, {row.cycle_id for row in rows})
    return tuple(
        DecisionView(
            id=row.id,
            kind=row.kind,
            level=row.level,
            role=role_at(rungs.get(row.cycle_id, ()), row.level),
            cycle_id=row.cycle_id,
            stage_id=row.stage_id,
            task_id=row.task_id,
            answer_id=row.answer_id,
            asked_at=row.asked_at,
            first_asked_at=first.get(row.id) or row.asked_at,
            next_at=row.next_at,
            ended_at=row.ended_at,
            outcome=row.outcome,
            decided_by=people.get(row.decided_by or 0),
            why=row.why,
            asked=asked.get(row.id, ()),
        )
        for row in rows
    )
