"""Asking somebody to decide, one level at a time: the lead, then the levels of the cycle's ladder."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.deadlines import STAGNANT_DAYS, morning_after
from engine.deed import Deed, lock_cycle
from engine.people import OFFICE
from engine.rules import Rules
from models.audit import record
from models.base import table_of
from models.cycle import Cycle
from models.notification import NotificationKind
from models.task import Answer, Decision, DecisionKind, Outcome, Task, TaskOwner

DECISION_DAYS = 2  # a decision that is not taken by 09:00 of the second working day goes one level up


def ask(
    deed: Deed,
    cycle: Cycle,
    kind: DecisionKind,
    *,
    stage_id: int,
    task: Task | None = None,
    level: int,
    answer_id: int | None = None,
    until: str = "",
    why: str = "",
    patience: int = DECISION_DAYS,
) -> Decision:
    """Ask for a decision at a level (0 = lead), or at the next one whose holders are not the askers themselves.

    patience: working days until it goes one level up.
    """
    level, persons = _first_level(deed, cycle, level, _askers(deed, task))
    decision = Decision(
        cycle_id=cycle.id,
        stage_id=stage_id,
        task_id=task.id if task else None,
        answer_id=answer_id,
        kind=kind,
        level=level,
        asked_at=deed.now,
        next_at=morning_after(deed.now, patience, deed.rules.calendar),
    )
    deed.session.add(decision)
    deed.session.flush()
    after = {"kind": kind.value, "level": level, "to": list(persons)}
    record(deed.session, "decision.ask", "decision", decision.id, by=deed.by, now=deed.now, after=after, why=why)
    _tell(deed, cycle, decision, persons, until=until, note=why)
    return decision


def deciders(deed: Deed, cycle: Cycle, level: int) -> tuple[int, ...]:
    """Find who decides at a level: the lead, the holders of the ladder's role, or for want of them the office."""
    if level == 0:
        return (cycle.lead_id,)
    role = deed.plan(cycle).ladder[level - 1].to
    return holders_or_office(deed, cycle, role)


def holders_or_office(deed: Deed, cycle: Cycle, role: str) -> tuple[int, ...]:
    """Find the holders of a role from the cycle's unit upwards; nobody there: the quality office, then the lead."""
    if role == "lead":
        return (cycle.lead_id,)
    people = deed.people
    return (
        people.holders(role, cycle.unit_id, deed.today)
        or people.holders(OFFICE, cycle.unit_id, deed.today)
        or (cycle.lead_id,)
    )


def may_decide(deed: Deed, cycle: Cycle, level: int) -> set[int]:
    """Find everybody who may decide what was asked at a level: that level, those below it, their stand-ins."""
    named = {person for below in range(level + 1) for person in deciders(deed, cycle, below)}
    return named | {deed.people.told(person, deed.today) for person in named}


def pass_up(session: Session, decision_id: int, *, rules: Rules, now: datetime) -> int:
    """Take what nobody decided in time one level up; at the top ask again after a while.

    Returns 0 when somebody was faster.
    """
    lock_cycle(session, sa.select(col(Decision.cycle_id)).where(col(Decision.id) == decision_id).scalar_subquery())
    decision = session.get_one(Decision, decision_id, populate_existing=True)
    if decision.next_at is None or decision.next_at > now:  # what stops a cycle stops the clocks of its decisions
        return 0
    _pass_up(Deed(session, rules, None, now), session.get_one(Cycle, decision.cycle_id), decision)
    return 1


def end_decisions(deed: Deed, about: sa.ColumnElement[bool], outcome: Outcome, why: str) -> None:
    """End the decisions that are still asked for."""
    ended = {"ended_at": deed.now, "outcome": outcome, "next_at": None, "decided_by": deed.by, "why": why}
    for decision_id in deed.session.connection().execute(_END.where(about), ended).scalars().all():
        after = {"outcome": outcome.value}
        record(deed.session, "decision.end", "decision", decision_id, by=deed.by, now=deed.now, after=after, why=why)


_decision = table_of(Decision)
_END = sa.update(_decision).where(_decision.c.ended_at.is_(None)).returning(_decision.c.id)


def _pass_up(deed: Deed, cycle: Cycle, decision: Decision) -> None:
    end_decisions(deed, col(Decision.id) == decision.id, Outcome.PASSED_UP, "")
    task = deed.session.get(Task, decision.task_id) if decision.task_id else None
    answer = deed.session.get(Answer, decision.answer_id) if decision.answer_id else None
    top = len(deed.plan(cycle).ladder)
    ask(
        deed,
        cycle,
        decision.kind,
        stage_id=decision.stage_id,
        task=task,
        level=min(decision.level + 1, top),
        answer_id=decision.answer_id,
        until=answer.until_on.isoformat() if answer and answer.until_on else "",
        why=answer.note if answer else "",
        patience=STAGNANT_DAYS if decision.level >= top else DECISION_DAYS,
    )
    deed.finish()


def _tell(deed: Deed, cycle: Cycle, decision: Decision, persons: tuple[int, ...], *, until: str, note: str) -> None:
    """Tell those who decide what they are asked."""
    key, who = f"decision:{decision.id}", deed.name(deed.by)
    for person in persons:
        deed.note(
            cycle,
            NotificationKind.DECISION,
            key,
            person,
            task_id=decision.task_id,
            decision_id=decision.id,
            decision=decision.kind.value,
            until=until,
            note=note,
            who=who,
        )


def _first_level(deed: Deed, cycle: Cycle, level: int, askers: set[int]) -> tuple[int, tuple[int, ...]]:
    top = len(deed.plan(cycle).ladder)
    for candidate in range(level, top + 1):
        persons = deciders(deed, cycle, candidate)
        if not set(persons) <= askers:
            return candidate, persons
    return top, deciders(deed, cycle, top)


def _askers(deed: Deed, task: Task | None) -> set[int]:
    if task is None:
        return set()
    owners = deed.session.exec(select(TaskOwner.person_id).where(TaskOwner.task_id == task.id))
    return {*owners, *([deed.by] if deed.by is not None else [])}
