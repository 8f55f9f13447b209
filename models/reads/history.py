"""What happened to a cycle, read from the audit trail."""

import json
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.words import Text
from models.audit import Audit
from models.cycle import Stage
from models.notification import Heartbeat
from models.reads.names import get_cycle, person_names
from models.reads.views import HistoryLine, Page
from models.task import Answer, Decision, Task


def cycle_history(session: Session, code: str, *, limit: int = 50, offset: int = 0) -> Page[HistoryLine]:
    """Read what happened to a cycle, its stages, tasks, answers and decisions, newest first. Raises NotFound."""
    cycle = get_cycle(session, code)
    where = _about(cycle.id)
    n_all = session.execute(sa.select(sa.func.count()).select_from(Audit).where(where)).scalar_one()
    newest = select(Audit).where(where).order_by(col(Audit.id).desc()).limit(limit).offset(offset)
    rows = session.exec(newest).all()
    people = person_names(session, [row.by_id for row in rows])
    names = _names(session, cycle.id)
    return Page(
        tuple(
            HistoryLine(
                id=row.id,
                at=row.at,
                by=people.get(row.by_id or 0),
                door=row.door,
                what=row.what,
                about=name.slug,
                anchor=name.anchor,
                title=name.title,
                before=_facts(row.before),
                after=_facts(row.after),
                why=row.why,
                outcome=row.outcome,
            )
            for row in rows
            for name in (names.get((row.entity, row.entity_id), _Name()),)
        ),
        n_all,
    )


def heartbeats(session: Session) -> dict[str, datetime]:
    """Read when each loop last came round, by loop."""
    return {beat.loop: beat.beat_at for beat in session.exec(select(Heartbeat))}


def oldest_due(session: Session) -> datetime | None:
    """Find the earliest moment at which a task is to be looked at."""
    return session.exec(
        select(Task.next_fire_at).where(col(Task.next_fire_at).is_not(None)).order_by(col(Task.next_fire_at))
    ).first()


def _about(cycle_id: int) -> sa.ColumnElement[bool]:
    entity, entity_id = col(Audit.entity), col(Audit.entity_id)
    parts = [
        (name, sa.select(col(row.id)).where(col(row.cycle_id) == cycle_id))
        for name, row in (("stage", Stage), ("task", Task), ("decision", Decision))
    ]
    answers = (
        sa.select(col(Answer.id)).join(Task, col(Task.id) == col(Answer.task_id)).where(col(Task.cycle_id) == cycle_id)
    )
    parts.append(("answer", answers))
    of_parts = [(entity == name) & entity_id.in_(ids) for name, ids in parts]
    return sa.or_((entity == "cycle") & (entity_id == cycle_id), *of_parts)


@dataclass(frozen=True)
class _Name:
    slug: str = ""
    title: Text | None = None
    anchor: str = ""


def _names(session: Session, cycle_id: int) -> dict[tuple[str, int], _Name]:
    """Name what audit rows of a cycle are about, its task or stage, by (entity, id)."""
    tasks = session.exec(select(Task).where(Task.cycle_id == cycle_id)).all()
    stages = session.exec(select(Stage).where(Stage.cycle_id == cycle_id)).all()
    of_task = {task.id: _Name(task.slug, Text(task.title_en, task.title_zh), task.slug) for task in tasks}
    of_stage = {
        stage.id: _Name(stage.slug, Text(stage.title_en, stage.title_zh), f"stage-{stage.slug}") for stage in stages
    }
    decisions = sa.select(col(Decision.id), col(Decision.task_id), col(Decision.stage_id)).where(
        col(Decision.cycle_id) == cycle_id
    )
    answers = sa.select(col(Answer.id), col(Answer.task_id)).where(col(Answer.task_id).in_(of_task))
    found: dict[tuple[str, int], _Name] = {}
    found |= {("task", key): name for key, name in of_task.items() if key}
    found |= {("stage", key): name for key, name in of_stage.items() if key}
    for decision_id, task_id, stage_id in session.execute(decisions).tuples():
        found["decision", decision_id] = of_task[task_id] if task_id else of_stage[stage_id]
    for answer_id, task_id in session.execute(answers).tuples():
        found["answer", answer_id] = of_task[task_id]
    return found


def _facts(text: str) -> dict[str, str]:
    return {str(key): str(value) for key, value in json.loads(text).items()} if text else {}
