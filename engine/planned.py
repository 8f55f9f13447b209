"""When stages and tasks of a template would begin and end if everybody were just in time; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from config.calendar import Calendar
from config.shapes import StageTemplate, Template
from engine.deadlines import deadline


@dataclass(frozen=True)
class PlannedStage:
    """One stage by plan. ends: the deadline of each task, by its id."""

    id: str
    begins_at: datetime
    ends_at: datetime
    ends: Mapping[str, datetime]


def plan_stages(template: Template, starts_at: datetime, calendar: Calendar) -> tuple[PlannedStage, ...]:
    """Plan the stages one after the other, each task from the deadlines of those that it comes after."""
    planned: list[PlannedStage] = []
    begins_at = starts_at
    for stage in template.stages:
        ends = _ends(stage, begins_at, calendar)
        planned.append(PlannedStage(stage.id, begins_at, max(ends.values()), ends))
        begins_at = planned[-1].ends_at
    return tuple(planned)


def _ends(stage: StageTemplate, begins_at: datetime, calendar: Calendar) -> dict[str, datetime]:
    ends: dict[str, datetime] = {}
    waiting = list(stage.tasks)
    while waiting:  # a template whose tasks wait for each other in a circle was refused when it was read
        for task in [one for one in waiting if ends.keys() >= _here(one.after, stage)]:
            opens_at = max((ends[one] for one in _here(task.after, stage)), default=begins_at)
            ends[task.id] = deadline(task.due, opens_at, calendar).at
            waiting.remove(task)
    return ends


def _here(after: tuple[str, ...], stage: StageTemplate) -> set[str]:
    return set(after) & {task.id for task in stage.tasks}
