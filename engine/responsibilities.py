"""Who is responsible, accountable, consulted and informed, read from templates as the engine asks people; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from config.catalogue import Catalogue
from config.shapes import TaskTemplate, Template
from config.words import Text
from engine.sheets import table_bytes

LEAD = "lead"


class Part(StrEnum):
    """What somebody has to do with a task."""

    RESPONSIBLE = "R"  # owns the task
    ACCOUNTABLE = "A"  # accepts the answer, or decides when none comes
    CONSULTED = "C"  # is asked for advice
    INFORMED = "I"  # hears of the answer


PART_WORDS = {
    Part.RESPONSIBLE: Text("responsible: does it", "负责：执行"),
    Part.ACCOUNTABLE: Text("accountable: accepts it, or decides when nothing comes", "批准：验收，或逾期时作决定"),
    Part.CONSULTED: Text("consulted before", "咨询：事前征求意见"),
    Part.INFORMED: Text("informed afterwards", "知会：事后告知"),
}


@dataclass(frozen=True)
class DutyLine:
    """One task of an activity: its parts by role. A role that owns and decides is both, `RA`."""

    activity: str
    title: Text
    stage: Text
    task: Text
    parts: Mapping[str, str]


@dataclass(frozen=True)
class Matrix:
    """The roles that occur, in the order of roles.yaml, and a line for each task."""

    roles: Sequence[str]
    lines: Sequence[DutyLine]


def responsibilities(catalogue: Catalogue, activities: Sequence[str] = ()) -> Matrix:
    """Lay out the matrix of some activities, or of all templates."""
    chosen = [one for slug, one in sorted(catalogue.templates.items()) if not activities or slug in activities]
    lines = tuple(
        DutyLine(one.id, one.title, stage.heading, task.title, _parts(catalogue, one, task))
        for one in chosen
        for stage in one.stages
        for task in stage.tasks
    )
    used = {role for line in lines for role in line.parts}
    return Matrix(tuple(role for role in catalogue.roles if role in used), lines)


def _parts(catalogue: Catalogue, template: Template, task: TaskTemplate) -> dict[str, str]:
    """Find the parts of a task. The lead stands as the role that leads by plan, where the template names one."""
    lead = template.led_by or LEAD
    owner = lead if task.owner == LEAD else task.owner
    found = {owner: Part.RESPONSIBLE.value}
    accountable = lead if task.accept else _first_to_decide(catalogue, template, owner)
    found[accountable] = found.get(accountable, "") + Part.ACCOUNTABLE.value
    for role in task.consulted:
        found.setdefault(role, Part.CONSULTED.value)
    for role in (lead, *task.informed):  # the lead gets a receipt of every answer
        found.setdefault(role, Part.INFORMED.value)
    return found


def _first_to_decide(catalogue: Catalogue, template: Template, owner: str) -> str:
    """Find who is asked first when no answer comes: the first level of the ladder that does not own the task itself."""
    ladder = [level.to for level in catalogue.policies[template.escalation]]
    return next((role for role in ladder if role != owner), ladder[-1])


def matrix_bytes(matrix: Matrix, roles: Mapping[str, Text], language: str) -> bytes:
    """Write the matrix as a workbook: a row for each task, a column for each role, the letters explained below."""
    headings = [one.in_(language) for one in _HEADINGS]
    rows = (
        [
            line.title.in_(language),
            line.stage.in_(language),
            line.task.in_(language),
            *(line.parts.get(role, "") for role in matrix.roles),
        ]
        for line in matrix.lines
    )
    legend = [f"{part.value}: {words.in_(language)}" for part, words in PART_WORDS.items()]
    name = Text("Responsibilities", "责任矩阵").in_(language)
    return table_bytes(name, [*headings, *(roles[role].in_(language) for role in matrix.roles)], rows, notes=legend)


_HEADINGS = (Text("Activity", "活动"), Text("Stage", "阶段"), Text("Task", "任务"))
