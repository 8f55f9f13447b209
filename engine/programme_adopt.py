"""Adopting a new edition: the running tasks that it changes, and changing exactly those."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.indicators import Indicator
from config.programme import Measure, Programme
from config.shapes import TaskTemplate, Template
from engine.changes import move_deadline
from engine.deadlines import deadline
from engine.deed import lock_cycle, plan_of
from engine.launch import keep_snapshot
from engine.measure_template import derive_template
from engine.rules import Rules
from models.audit import record
from models.cycle import Cycle, CycleStatus
from models.programme import MeasureCycle
from models.reads.programme import RUNNING, UNDONE, LaunchedMeasure, list_launched
from models.task import Task, TaskStatus

# What an edition says of a task; owner, reminders and proof stay as they were launched.
WORDS = ("title", "guidance", "due")


@dataclass(frozen=True)
class Touched:
    """A running task whose words or deadline a new edition changes.

    until: the new deadline's date; None where it stays, because the edition leaves it or a person has moved it.
    """

    launched: LaunchedMeasure
    task_id: int
    slug: str
    before: TaskTemplate
    after: TaskTemplate
    until: date | None

    @property
    def fields(self) -> tuple[str, ...]:
        """What of the task changes."""
        return tuple(
            key for key in ("title", "guidance", "due") if getattr(self.before, key) != getattr(self.after, key)
        )


def touched_tasks(session: Session, old: str, new: Programme, *, rules: Rules, now: datetime) -> list[Touched]:
    """Find the running tasks of an edition that another edition words or times differently."""
    running = [one for one in list_launched(session, [old]) if one.status in RUNNING]
    return [touched for one in running for touched in _touched(session, one, new, rules=rules, now=now)]


def _touched(
    session: Session, launched: LaunchedMeasure, new: Programme, *, rules: Rules, now: datetime
) -> list[Touched]:
    measure = new.measure(launched.measure)
    cycle = session.get_one(Cycle, launched.cycle_id)
    if measure is None:
        return []
    former = {task.id: task for task in plan_of(session, cycle.snapshot).template.tasks}
    wanted = _wanted(new, measure, former, rules.catalogue.indicators)
    asked = select(Task).where(Task.cycle_id == cycle.id, col(Task.status).in_(UNDONE)).order_by(col(Task.position))
    found = []
    for task in session.exec(asked):
        before, after = former[task.slug], wanted.get(task.slug)
        if after is not None and after != before:
            until = _until(task, cycle, before, after, rules=rules, now=now)
            found.append(Touched(launched, task.id, task.slug, before, after, until))
    return found


def _wanted(
    new: Programme, measure: Measure, former: Mapping[str, TaskTemplate], indicators: Mapping[str, Indicator]
) -> dict[str, TaskTemplate]:
    """Word and time the tasks that a cycle has as the new edition does."""
    kept = [one for one in measure.requirements if one.id in former]
    derived = derive_template(new, measure, kept, indicators)
    return {
        task.id: former[task.id].model_copy(update={key: getattr(task, key) for key in WORDS}) for task in derived.tasks
    }


def _until(
    task: Task, cycle: Cycle, before: TaskTemplate, after: TaskTemplate, *, rules: Rules, now: datetime
) -> date | None:
    if before.due == after.due or task.status is not TaskStatus.OPEN or cycle.status is not CycleStatus.ACTIVE:
        return None
    calendar, opened_at = rules.calendar, task.opened_at or now
    if task.deadline_at != deadline(before.due, opened_at, calendar).at:  # a person has moved it, and knew why
        return None
    written = calendar.local_date(deadline(after.due, opened_at, calendar).at)
    return max(written, calendar.shift(calendar.local_date(now), 1))


def adopt_in_cycle(
    session: Session, launched: LaunchedMeasure, new: Programme, *, rules: Rules, by: int, now: datetime
) -> list[Touched]:
    """Put a new edition's words and deadlines into one running cycle; returns the tasks that changed.

    A requirement that is new, or asked no longer, changes nothing here. Raises NotAllowed where `by` is neither lead
    nor quality office.
    """
    cycle = lock_cycle(session, launched.cycle_id)
    touched = _touched(session, launched, new, rules=rules, now=now)
    why = f"programme {new.id}"
    if touched:
        _keep_words(session, cycle, {one.slug: one.after for one in touched})
    for one in touched:
        _reword(session, one, why=why, by=by, now=now)
        if one.until is not None:
            move_deadline(session, one.task_id, until=one.until, why=why, rules=rules, by=by, now=now)
    _mark(session, launched, new.id, by=by, now=now)
    return touched


def adoptable(session: Session, old: str, new: Programme) -> Sequence[LaunchedMeasure]:
    """List the running cycles of an edition whose measures the new edition has too."""
    return [one for one in list_launched(session, [old]) if one.status in RUNNING and new.measure(one.measure)]


def _keep_words(session: Session, cycle: Cycle, changed: Mapping[str, TaskTemplate]) -> None:
    """Give the cycle a template of its own in which only these tasks differ; its ladder stays."""
    plan = plan_of(session, cycle.snapshot)
    stages = tuple(
        stage.model_copy(update={"tasks": tuple(changed.get(task.id, task) for task in stage.tasks)})
        for stage in plan.template.stages
    )
    template: Template = plan.template.model_copy(update={"stages": stages})
    cycle.snapshot = keep_snapshot(session, template, plan.ladder)
    session.add(cycle)
    session.flush()


def _reword(session: Session, one: Touched, *, why: str, by: int, now: datetime) -> None:
    title, facts = one.after.title, [_facts(one.before), _facts(one.after)]
    values = {"title_en": title.en, "title_zh": title.zh, "due": one.after.due}
    session.execute(sa.update(Task).where(col(Task.id) == one.task_id).values(values))
    record(session, "task.reword", "task", one.task_id, by=by, now=now, before=facts[0], after=facts[1], why=why)


def _facts(task: TaskTemplate) -> dict[str, object]:
    guidance = task.guidance.en if task.guidance else ""
    return {"title": task.title.en, "guidance": guidance, "due": task.due}


def _mark(session: Session, launched: LaunchedMeasure, edition: str, *, by: int, now: datetime) -> None:
    row = session.get_one(MeasureCycle, launched.id)
    before = {"edition": row.edition}
    row.edition = edition
    session.add(row)
    session.flush()
    after = {"edition": edition}
    record(session, "cycle.edition", "cycle", launched.cycle_id, by=by, now=now, before=before, after=after)
