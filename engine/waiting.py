"""Which decisions wait for a person, each with its possible verdicts and what they would bring."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.asking import deciders, may_decide
from engine.deed import Deed
from engine.effects import Effect, Ending, effects, ending_of_stage
from engine.rules import Rules
from models.cycle import Cycle, CycleStatus, Stage
from models.reads.decisions import first_asked
from models.task import Answer, Decision, DecisionKind, Task, TaskOwner


@dataclass(frozen=True)
class Waits:
    """One decision that waits: about a task, or the approval of a stage (then task is None)."""

    decision: Decision
    cycle: Cycle
    stage: Stage
    task: Task | None
    owners: tuple[int, ...]
    answer: Answer | None
    since: datetime
    effects: tuple[Effect, ...]
    ending: Ending | None


@dataclass(frozen=True)
class Mine:
    """What waits for somebody, the longest first; only the first ones are told in full."""

    first: tuple[Waits, ...]
    n_all: int


def waiting_for(
    session: Session, person_id: int, *, rules: Rules, now: datetime, most: int, also: int | None = None
) -> Mine:
    """Find what waits for a person or for whom they stand in for; also: one decision that they may still take."""
    deed = Deed(session, rules, None, now)
    found: dict[tuple[str, int], tuple[Decision, Cycle, datetime]] = {}
    for decision, cycle, since in _pending(session):
        key = ("task", decision.task_id) if decision.task_id else ("stage", decision.stage_id)
        # One question a task, as `decide` takes it: the owner's before the ladder's, the furthest level first.
        if key not in found or _rank(decision) < _rank(found[key][0]):
            found[key] = (decision, cycle, since)
    mine = [one for one in found.values() if _is_mine(deed, one[0], one[1], person_id, also)]
    mine.sort(key=lambda one: (one[2], one[0].id))
    return Mine(_in_full(deed, mine[:most]), len(mine))


def _pending(session: Session) -> list[tuple[Decision, Cycle, datetime]]:
    query = (
        sa.select(Decision, Cycle, first_asked())
        .join(Cycle, col(Cycle.id) == col(Decision.cycle_id))
        .where(col(Decision.ended_at).is_(None), col(Cycle.status) == CycleStatus.ACTIVE)
    )
    return [(decision, cycle, since or decision.asked_at) for decision, cycle, since in session.execute(query).tuples()]


def _rank(decision: Decision) -> tuple[bool, int]:
    return (decision.kind is DecisionKind.OVERDUE, -decision.level)


def _is_mine(deed: Deed, decision: Decision, cycle: Cycle, person_id: int, also: int | None) -> bool:
    asked = deciders(deed, cycle, decision.level)
    if person_id in asked or person_id in {deed.people.told(one, deed.today) for one in asked}:
        return True
    return decision.id == also and person_id in may_decide(deed, cycle, decision.level)


def _in_full(deed: Deed, some: list[tuple[Decision, Cycle, datetime]]) -> tuple[Waits, ...]:
    session, decisions = deed.session, [decision for decision, _, _ in some]
    task_ids = [one.task_id for one in decisions if one.task_id]
    tasks = {one.id: one for one in session.exec(select(Task).where(col(Task.id).in_(task_ids)))}
    of_stages = select(Stage).where(col(Stage.id).in_([one.stage_id for one in decisions]))
    stages = {one.id: one for one in session.exec(of_stages)}
    of_answers = select(Answer).where(col(Answer.id).in_([one.answer_id for one in decisions if one.answer_id]))
    answers = {one.id: one for one in session.exec(of_answers)}
    owners: dict[int, list[int]] = defaultdict(list)
    owned = select(TaskOwner).where(col(TaskOwner.task_id).in_(task_ids)).order_by(col(TaskOwner.person_id))
    for row in session.exec(owned):
        owners[row.task_id].append(row.person_id)
    made = []
    for decision, cycle, since in some:
        task, stage = tasks.get(decision.task_id or 0), stages[decision.stage_id]
        answer = answers.get(decision.answer_id or 0)
        own = tuple(owners[decision.task_id or 0])
        proposed = answer.until_on if answer else None
        made.append(
            Waits(
                decision,
                cycle,
                stage,
                task,
                own,
                answer,
                since,
                effects(deed, cycle, task, own, decision, proposed) if task else (),
                None if task else ending_of_stage(deed, cycle, stage),
            )
        )
    return tuple(made)
