"""What a decision would bring about, found by the functions that plan and forecast; nothing is written."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import select

from engine.decisions import POSSIBLE, Verdict
from engine.deed import Deed
from engine.outbox import address, send_at
from engine.people import OFFICE
from engine.reminders import is_skipped, step_notes
from engine.steps import Progress, fire, next_at
from engine.timing import Timed, progress_of, renewed
from models.cycle import Cycle, Stage
from models.notification import NotificationKind
from models.task import Decision, Task, TaskStatus

MOST_STEPS = 40  # of a task that nobody answers, until the ladder speaks


@dataclass(frozen=True)
class Coming:
    """What a task's deadline brings by itself: reminders, then who is asked because nobody answered, and when."""

    deadline_at: datetime
    reminders: tuple[datetime, ...]
    asked_at: datetime | None = None
    asked: tuple[int, ...] = ()
    role: str = ""


@dataclass(frozen=True)
class Ending:
    """What the end of a task or a stage brings: the slugs of tasks that open, whether a stage or the cycle ends."""

    opens: tuple[str, ...] = ()
    stage_ends: bool = False
    asks_approval: bool = False
    cycle_ends: bool = False


@dataclass(frozen=True)
class Effect:
    """One verdict and what would follow. needs_date: nothing can be said before somebody chooses a date."""

    verdict: Verdict
    moves: bool = False
    needs_date: bool = False
    coming: Coming | None = None
    ending: Ending | None = None


def effects(
    deed: Deed, cycle: Cycle, task: Task, owners: tuple[int, ...], decision: Decision, proposed: date | None
) -> tuple[Effect, ...]:
    """Say for each possible verdict what would follow, if it were taken at the deed's moment."""
    return tuple(
        _effect(deed, cycle, task, owners, verdict, proposed if verdict is Verdict.GRANT else None)
        for verdict in POSSIBLE[decision.kind]
    )


def ending_of_stage(deed: Deed, cycle: Cycle, stage: Stage) -> Ending:
    """Say what the approval of a stage brings."""
    stages = deed.plan(cycle).template.stages
    if stage.position + 1 >= len(stages):
        return Ending(stage_ends=True, cycle_ends=True)
    following = stages[stage.position + 1].tasks
    own = {task.id for task in following}  # what they wait for in earlier stages is over
    return Ending(tuple(task.id for task in following if own.isdisjoint(task.after)), stage_ends=True)


def _effect(
    deed: Deed, cycle: Cycle, task: Task, owners: tuple[int, ...], verdict: Verdict, until: date | None
) -> Effect:
    if verdict in (Verdict.ACCEPT, Verdict.STOP):
        return Effect(verdict, ending=ending_of_task(deed, cycle, task))
    calendar, ladder = deed.rules.calendar, deed.plan(cycle).ladder
    if until is not None and calendar.end_of(until) > deed.now:
        timed = renewed(task, calendar.end_of(until), ladder, calendar, deed.now)
        return Effect(verdict, moves=True, coming=coming(deed, cycle, task, owners, timed))
    passed = task.deadline_at is None or task.deadline_at <= deed.now
    if verdict is Verdict.GRANT or (passed and verdict in (Verdict.GIVE, Verdict.REMOVE)):
        return Effect(verdict, moves=True, needs_date=True)
    same = Timed.same(task, ladder, calendar, deed.now)
    return Effect(verdict, coming=coming(deed, cycle, task, owners, same))


def coming(deed: Deed, cycle: Cycle, task: Task, owners: tuple[int, ...], timed: Timed) -> Coming:
    """Let a task come to its moments until the ladder speaks. timed: its time from now on."""
    calendar, progress = deed.rules.calendar, _progress(deed, cycle, task, timed)
    number = timed.deadline_no
    reminders: list[datetime] = []
    for _ in range(MOST_STEPS):
        moment = max(next_at(progress, calendar), deed.now)
        fired = fire(progress, moment, calendar, lambda level: is_skipped(deed, cycle, owners, level))
        for step in fired.steps:
            notes = step_notes(deed, cycle, task.id, number, owners, step, moment)
            told = [note for note in address(notes, deed.people, calendar).values() if note.kind is step.kind]
            at = min((send_at(note, calendar, deed.people.persons[note.person_id]) for note in told), default=moment)
            if step.kind is NotificationKind.REMINDER:
                reminders.append(at)
                continue
            role = progress.ladder[step.level - 1].to if step.level else OFFICE
            return Coming(progress.deadline_at, tuple(reminders), at, tuple(note.person_id for note in told), role)
        progress = fired.after
    return Coming(progress.deadline_at, tuple(reminders))


def _progress(deed: Deed, cycle: Cycle, task: Task, timed: Timed) -> Progress:
    return replace(
        progress_of(task, deed.plan(cycle).ladder),
        deadline_at=timed.deadline_at,
        reminded_until=timed.reminded_until,
        level=timed.level,
        ladder_from_at=timed.ladder_from_at,
        n_stagnant=timed.n_stagnant,
    )


def ending_of_task(deed: Deed, cycle: Cycle, task: Task) -> Ending:
    """Say what the end of a task brings: what waited for it opens, its stage may end with it."""
    rows = deed.session.exec(select(Task.slug, Task.status).where(Task.stage_id == task.stage_id)).all()
    over = {slug for slug, status in rows if status in (TaskStatus.DONE, TaskStatus.STOPPED)} | {task.slug}
    stage = deed.session.get_one(Stage, task.stage_id)
    if len(over) == len(rows):
        if stage.gate is not None:
            return Ending(asks_approval=True)
        return ending_of_stage(deed, cycle, stage)
    of_stage = deed.plan(cycle).template.stages[stage.position].tasks
    waiting = {slug for slug, status in rows if status is TaskStatus.WAITING}
    own = {one.id for one in of_stage}
    return Ending(tuple(one.id for one in of_stage if one.id in waiting and set(one.after) & own <= over))
