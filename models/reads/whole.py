"""One cycle with everything in it: stages, tasks, answers, evidence, decisions, messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.shapes import TaskTemplate, Template
from config.words import Text
from models.cycle import Cycle, Snapshot, Stage
from models.reads.cycles import cycle_lines
from models.reads.decisions import cycle_decisions
from models.reads.messages import cycle_messages
from models.reads.names import NO_ONE, get_cycle, get_task, person_names
from models.reads.snapshots import read_ladder, read_template
from models.reads.tasks import task_lines
from models.reads.views import (
    AnswerView,
    CycleView,
    DecisionView,
    EvidenceLine,
    MessageView,
    PersonName,
    StageView,
    TaskLine,
    TaskView,
)
from models.task import Answer, Evidence, Task


@dataclass(frozen=True)
class _Parts:
    """What belongs to a cycle, before it is sorted into stages and tasks."""

    template: Template
    lines: tuple[TaskLine, ...]
    answers: dict[int, tuple[AnswerView, ...]]
    decisions: tuple[DecisionView, ...]
    messages: tuple[MessageView, ...]


def cycle_view(session: Session, code: str, *, now: datetime) -> CycleView:
    """Read a whole cycle; a fixed number of queries for any number of tasks. Raises NotFound."""
    cycle = get_cycle(session, code)
    cycle_id = cycle.id
    snapshot = session.exec(select(Snapshot).where(Snapshot.digest == cycle.snapshot)).one()
    tasks = session.exec(select(Task).where(Task.cycle_id == cycle_id).order_by(col(Task.position))).all()
    stages = session.exec(select(Stage).where(Stage.cycle_id == cycle_id).order_by(col(Stage.position))).all()
    people = person_names(session, [cycle.launched_by, *(stage.closed_by for stage in stages)])
    parts = _Parts(
        read_template(snapshot.template),
        task_lines(session, tasks),
        _answers(session, [task.id for task in tasks]),
        cycle_decisions(session, cycle_id),
        cycle_messages(session, cycle_id),
    )
    return CycleView(
        line=cycle_lines(session, [cycle], now)[0],
        kind=parts.template.kind.value,
        template=parts.template.title,
        launched_by=people.get(cycle.launched_by or 0),
        ladder=read_ladder(snapshot.ladder),
        stages=tuple(_stage(stage, parts, people) for stage in stages),
        messages=tuple(message for message in parts.messages if message.task is None),
    )


def task_view(session: Session, address: str, *, now: datetime) -> TaskView:
    """Read everything about one task, by its address CODE/task-slug. Raises NotFound."""
    task = get_task(session, address)
    code = session.exec(select(Cycle.code).where(Cycle.id == task.cycle_id)).one()
    return next(view for view in cycle_view(session, code, now=now).tasks() if view.line.id == task.id)


def _stage(stage: Stage, parts: _Parts, people: dict[int, PersonName]) -> StageView:
    return StageView(
        id=stage.id,
        slug=stage.slug,
        title=Text(stage.title_en, stage.title_zh),
        gate=stage.gate,
        status=stage.status,
        open_count=stage.open_count,
        opened_at=stage.opened_at,
        closed_at=stage.closed_at,
        closed_by=people.get(stage.closed_by or 0),
        note=stage.note,
        tasks=tuple(_task(line, parts) for line in parts.lines if line.stage == stage.slug),
        decisions=tuple(one for one in parts.decisions if one.task_id is None and one.stage_id == stage.id),
    )


def _task(line: TaskLine, parts: _Parts) -> TaskView:
    written: TaskTemplate | None = next((task for task in parts.template.tasks if task.id == line.slug), None)
    return TaskView(
        line=line,
        guidance=written.guidance if written else None,
        safety=written.safety if written else False,
        after=written.after if written else (),
        remind=written.remind if written else (),
        answers=parts.answers.get(line.id, ()),
        decisions=tuple(one for one in parts.decisions if one.task_id == line.id),
        messages=tuple(message for message in parts.messages if message.task == line.slug),
    )


def _answers(session: Session, task_ids: Sequence[int]) -> dict[int, tuple[AnswerView, ...]]:
    rows = session.exec(select(Answer).where(col(Answer.task_id).in_(task_ids)).order_by(col(Answer.id))).all()
    people = person_names(session, [one for row in rows for one in (row.by_id, row.to_id, row.taken_by, row.undone_by)])
    files = _evidence(session, [row.id for row in rows])
    found: dict[int, tuple[AnswerView, ...]] = {}
    for row in rows:
        view = AnswerView(
            id=row.id,
            kind=row.kind,
            at=row.at,
            by=people.get(row.by_id, NO_ONE),
            door=row.door,
            note=row.note,
            until_on=row.until_on,
            to=people.get(row.to_id or 0),
            taken_at=row.taken_at,
            taken_by=people.get(row.taken_by or 0),
            undone_at=row.undone_at,
            undone_by=people.get(row.undone_by or 0),
            evidence=files.get(row.id, ()),
        )
        found[row.task_id] = (*found.get(row.task_id, ()), view)
    return found


def _evidence(session: Session, answer_ids: Sequence[int]) -> dict[int, tuple[EvidenceLine, ...]]:
    # Never the content: a page of file names must not read megabytes.
    columns = (Evidence.answer_id, Evidence.id, Evidence.name, Evidence.media_type, Evidence.n_bytes, Evidence.sha256)
    wanted = sa.select(*map(col, columns)).where(col(Evidence.answer_id).in_(answer_ids)).order_by(col(Evidence.id))
    found: dict[int, tuple[EvidenceLine, ...]] = {}
    for row in session.execute(wanted) if answer_ids else ():
        found[row[0]] = (*found.get(row[0], ()), EvidenceLine(*row[1:]))
    return found
