"""The columns of a task that hold its time: deadline, next moment, how far reminders and ladder have come; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from config.calendar import Calendar
from config.shapes import Level
from engine.deadlines import level_at, morning_after
from engine.steps import Progress, next_at
from models.task import Task


@dataclass(frozen=True)
class Timed:
    """What `move()` writes beside the status of a task that (again) has a running deadline."""

    deadline_at: datetime
    deadline_no: int
    provisional: bool
    reminded_until: datetime
    next_fire_at: datetime
    level: int = 0
    ladder_from_at: datetime | None = None
    n_stagnant: int = 0

    def values(self) -> dict[str, object]:
        """Give the columns."""
        return dict(vars(self))

    @staticmethod
    def same(task: Task, ladder: Sequence[Level], calendar: Calendar, now: datetime) -> "Timed":
        """Go on with the same deadline after a standstill: missed reminders are gone, a missed level waits for the
        next working morning."""
        progress = replace(progress_of(task, ladder), reminded_until=now)
        if progress.level < len(ladder) and level_at(ladder[progress.level], progress.deadline_at, calendar) <= now:
            progress = replace(progress, ladder_from_at=morning_after(now, 1, calendar))
        return _timed(progress, task.deadline_no, task.provisional, calendar)


def fresh(
    remind: str, deadline_at: datetime, provisional: bool, ladder: Sequence[Level], calendar: Calendar, now: datetime
) -> Timed:
    """Begin the first deadline of a task that opens now."""
    progress = Progress(now, deadline_at, _names(remind), tuple(ladder), reminded_until=now)
    return _timed(progress, 1, provisional, calendar)


def renewed(task: Task, deadline_at: datetime, ladder: Sequence[Level], calendar: Calendar, now: datetime) -> Timed:
    """Begin a new deadline of an opened task: new rungs, a new ladder."""
    progress = Progress(task.opened_at or now, deadline_at, _names(task.remind), tuple(ladder), reminded_until=now)
    provisional = calendar.is_provisional(calendar.local_date(deadline_at)) and task.provisional
    return _timed(progress, task.deadline_no + 1, provisional, calendar)


def progress_of(task: Task, ladder: Sequence[Level]) -> Progress:
    """Read how far an opened task has come."""
    assert task.opened_at and task.deadline_at and task.reminded_until, "only a task that was opened has come anywhere"
    return Progress(
        task.opened_at,
        task.deadline_at,
        _names(task.remind),
        tuple(ladder),
        task.reminded_until,
        task.level,
        task.ladder_from_at,
        task.n_stagnant,
    )


def _timed(progress: Progress, deadline_no: int, provisional: bool, calendar: Calendar) -> Timed:
    return Timed(
        progress.deadline_at,
        deadline_no,
        provisional,
        progress.reminded_until,
        next_at(progress, calendar),
        progress.level,
        progress.ladder_from_at,
        progress.n_stagnant,
    )


def _names(remind: str) -> tuple[str, ...]:
    return tuple(name for name in remind.split(",") if name)
