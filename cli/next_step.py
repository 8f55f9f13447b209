"""The command that makes sense next, complete with ids, so that it can be copied; pure."""

from engine.decisions import POSSIBLE
from models.cycle import StageStatus
from models.queries import CycleView, DecisionView, StageView, TaskLine
from models.task import TaskStatus

LIST = "wardcycle cycle list"


def after_task(line: TaskLine) -> list[str]:
    """Answer an open task, decide what waits, else look at the cycle."""
    if line.status is TaskStatus.DECIDING and line.decision is not None:
        return [_decide(line, line.decision)]
    if line.status is TaskStatus.OPEN:
        by = line.owners[0].slug if line.owners else "ID"
        file = " --evidence FILE" if line.evidence == "required" else ""
        return [f'wardcycle answer {line.address} done --by {by} --note "..."{file}']
    return [f"wardcycle cycle show {line.code}"]


def after_cycle(view: CycleView) -> list[str]:
    """Approve a finished stage, decide what waits, answer what is open; for a cycle that has ended, see the others."""
    for stage in view.stages:
        if stage.status is StageStatus.READY:
            return [_approve(view, stage)]
    lines = [task.line for task in view.tasks()]
    for wanted in (TaskStatus.DECIDING, TaskStatus.OPEN):
        found = next((line for line in lines if line.status is wanted), None)
        if found:
            return after_task(found)
    if any(line.status is TaskStatus.PAUSED for line in lines):
        return [f'wardcycle cycle resume {view.line.code} --by {view.line.lead.slug} --why "..."']
    return [LIST]


def _approve(view: CycleView, stage: StageView) -> str:
    asked = next((one for one in stage.decisions if one.ended_at is None and one.asked), None)
    by = asked.asked[0].slug if asked else view.line.lead.slug
    return f'wardcycle cycle approve {view.line.code}/{stage.slug} --by {by} --note "..."'


def _decide(line: TaskLine, decision: DecisionView) -> str:
    by = decision.asked[0].slug if decision.asked else "ID"
    return f'wardcycle decide {line.address} {POSSIBLE[decision.kind][0]} --by {by} --note "..."'
