"""What a run says of a cycle: the name of its end, who is waited for, and a page for Prefect's own window."""

from zoneinfo import ZoneInfo

from config.words import Text
from engine.words import DECISION_WORDS, STAGE_WORDS, TASK_WORDS
from models.cycle import CycleStatus, StageStatus
from models.queries import CycleView, DecisionView, StageView, TaskView
from models.task import DecisionKind, TaskStatus

ENDS = {
    CycleStatus.PLANNED: "Awaiting start",
    CycleStatus.PAUSED: "Paused",
    CycleStatus.CLOSED: "Closed",
    CycleStatus.CANCELLED: "Cancelled",
}
OVER = (TaskStatus.DONE, TaskStatus.STOPPED)
AT_WORK = (StageStatus.OPEN, StageStatus.READY)


def end_of_run(view: CycleView) -> str:
    """Name the state in which a run ends: `Awaiting do` while that stage is at work."""
    if view.line.status is CycleStatus.ACTIVE and view.line.stage:
        return f"Awaiting {view.line.stage.slug}"
    return ENDS.get(view.line.status, "Active")


def waited_for(stage: StageView, language: str) -> str:
    """Say in one line what a stage waits for."""
    if stage.status not in AT_WORK:
        return STAGE_WORDS[stage.status].in_(language)
    asked = [_decision(one, language) for one in stage.decisions if one.ended_at is None]
    tasks = [
        f"{task.line.slug}: {_waiting(task, language)}"
        for task in stage.tasks
        if task.line.status not in (*OVER, TaskStatus.WAITING)
    ]
    return "; ".join([*asked, *tasks])


def markdown(view: CycleView, *, zone: ZoneInfo, page: str, language: str) -> str:
    """Write a cycle as Markdown: tasks, owners, deadlines, who waits for whom, and the way to our own page."""
    line, words = view.line, Text(*_HEAD).in_(language)
    title = f"# [{line.code}]({page}) {_cell(line.title.in_(language))}" if page else f"# {line.code}"
    facts = f"{_cell(line.unit.name.in_(language))} · {_cell(line.lead.name)} · {end_of_run(view)}"
    parts = [title, "", facts, ""]
    for stage in view.stages:
        heading = f"## {_cell(stage.title.in_(language))} · {STAGE_WORDS[stage.status].in_(language)}"
        parts += [heading, "", *words.split("\n")]
        parts += [_row(task, zone, language) for task in stage.tasks]
        parts += [f"\n**{_decision(one, language)}**" for one in stage.decisions if one.ended_at is None]
        parts.append("")
    return "\n".join(parts)


_HEAD = (
    "| Task | Owner | Deadline | Status | Waits for |\n|---|---|---|---|---|",
    "| 任务 | 负责人 | 期限 | 状态 | 等待 |\n|---|---|---|---|---|",
)


def _row(task: TaskView, zone: ZoneInfo, language: str) -> str:
    line = task.line
    owners = ", ".join(owner.name for owner in line.owners)
    deadline = f"{line.deadline_at.astimezone(zone):%Y-%m-%d %H:%M}" if line.deadline_at else line.owner_role and "-"
    cells = (
        line.title.in_(language),
        owners,
        deadline or "-",
        TASK_WORDS[line.status].in_(language),
        "-" if line.status in OVER else _waiting(task, language),
    )
    return f"| {' | '.join(map(_cell, cells))} |"


def _waiting(task: TaskView, language: str) -> str:
    if task.line.status is TaskStatus.WAITING:
        return ", ".join(task.after) or "-"
    pending = task.line.decision
    if pending and pending.kind is not DecisionKind.OVERDUE:
        return _decision(pending, language)
    return ", ".join(owner.name for owner in task.line.owners)


def _decision(decision: DecisionView, language: str) -> str:
    asked = ", ".join(person.name for person in decision.asked) or decision.role
    return f"{DECISION_WORDS[decision.kind].in_(language)}: {asked}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
