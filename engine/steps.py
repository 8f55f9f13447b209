"""What an open task does next: its reminders, its ladder, and after the ladder a notice that nobody decided; pure.

The sweep, the forecast and the simulation all ask here, which is why what is forecast is what is sent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from config.calendar import Calendar
from config.shapes import Level
from engine.deadlines import STAGNANT_DAYS, Rung, ignores_window, level_at, morning_after, next_level_from, rungs
from models.notification import NotificationKind


@dataclass(frozen=True)
class Progress:
    """How far an open task has come within its deadline."""

    opened_at: datetime
    deadline_at: datetime
    remind: tuple[str, ...]
    ladder: tuple[Level, ...]
    reminded_until: datetime
    level: int = 0
    ladder_from_at: datetime | None = None
    n_stagnant: int = 0


@dataclass(frozen=True)
class Step:
    """Something that fires: a reminder (rung), an escalation (level, 1 = first) or a notice of stagnation."""

    kind: NotificationKind
    at: datetime
    rung: str
    level: int
    any_hour: bool


@dataclass(frozen=True)
class Fired:
    """What fires at one moment, how the task stands after it, and how many missed reminders fell away."""

    steps: tuple[Step, ...]
    after: Progress
    n_missed: int


def next_at(progress: Progress, calendar: Calendar) -> datetime:
    """Find when the task must be looked at next; an open task always has such a moment."""
    coming = [rung.at for rung in _rungs(progress, calendar) if rung.at > progress.reminded_until]
    return min([*coming, _ladder_at(progress, calendar)])


def fire(progress: Progress, now: datetime, calendar: Calendar, is_skipped: Callable[[int], bool]) -> Fired:
    """Decide what fires at `now`: of missed reminders the newest only, of the ladder one level.

    Levels that are written for one moment fire together, on time or late: nothing lies between them.
    is_skipped: tells of a level (1 = first) whether all who hold it own the task.
    """
    due = [rung for rung in _rungs(progress, calendar) if progress.reminded_until < rung.at <= now]
    steps = [Step(NotificationKind.REMINDER, due[-1].at, due[-1].name, 0, due[-1].any_hour)] if due else []
    after = replace(progress, reminded_until=now)
    while after.level < len(after.ladder) and _ladder_at(after, calendar) <= now:
        moment, level = _ladder_at(after, calendar), after.ladder[after.level]
        after = replace(after, level=after.level + 1)
        if is_skipped(after.level):
            continue
        steps.append(Step(NotificationKind.ESCALATION, moment, "", after.level, ignores_window(level)))
        late = next_level_from(after.ladder, after.level, after.deadline_at, now, calendar)
        after = replace(after, ladder_from_at=late)
    if after.level == len(after.ladder) and _ladder_at(after, calendar) <= now:
        steps.append(
            Step(NotificationKind.STAGNANT, _ladder_at(after, calendar), f"stagnant-{after.n_stagnant + 1}", 0, False)
        )
        while _ladder_at(after, calendar) <= now:
            after = replace(after, n_stagnant=after.n_stagnant + 1)
    return Fired(tuple(steps), after, max(0, len(due) - 1))


def _rungs(progress: Progress, calendar: Calendar) -> Sequence[Rung]:
    return rungs(progress.remind, progress.opened_at, progress.deadline_at, calendar)


def _ladder_at(progress: Progress, calendar: Calendar) -> datetime:
    """Find the moment of the next level or, after the last one, of the next notice of stagnation."""
    earliest = progress.ladder_from_at or progress.deadline_at
    if progress.level < len(progress.ladder):
        return max(level_at(progress.ladder[progress.level], progress.deadline_at, calendar), earliest)
    last = level_at(progress.ladder[-1], progress.deadline_at, calendar) if progress.ladder else progress.deadline_at
    return morning_after(max(last, earliest), STAGNANT_DAYS * (progress.n_stagnant + 1), calendar)
