"""`wardcycle template`: list, check, show, and the JSON Schema for editors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.groups import group
from cli.mistakes import FileUnreadable
from cli.options import BASIC, Basic
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.door import Door
    from config.problems import Problem
    from config.shapes import TaskTemplate, Template

app = group("template", say("Templates: activities written as data.", "模板：以数据写成的活动流程。"))


@app.command(name="list", help=say("List the templates that can be launched.", "列出可启动的模板。"))
def list_(*, basic: Basic = BASIC) -> Shown:
    from cli.door import open_door
    from cli.tables import table
    from config.words import Text

    with open_door(basic) as door:
        found = sorted(door.catalogue.templates.values(), key=lambda one: one.id)
        headings = (Text("Template", "模板"), Text("Version", "版本"), Text("Title", "标题"), Text("Kind", "类型"),
                    Text("Stages", "阶段"), Text("Tasks", "任务"), Text("Escalation", "升级规则"))  # fmt: skip
        rows = (
            [one.id, str(one.version), door.say(one.title), one.kind.value, str(len(one.stages)),
             str(len(list(one.tasks))), one.escalation]
            for one in found
        )  # fmt: skip
        facts = {
            "templates": [
                {"id": one.id, "version": one.version, "title": {"en": one.title.en, "zh": one.title.zh},
                 "kind": one.kind.value, "stages": [stage.id for stage in one.stages],
                 "n_tasks": len(list(one.tasks)), "escalation": one.escalation}
                for one in found
            ],
            "problems": _facts(door.catalogue.problems),
        }  # fmt: skip
        parts = [table(door, headings, rows), *(problem.text(door.language) for problem in door.catalogue.problems)]
        return Shown(facts, parts, [_launch_command(found[0].id)] if found else [])


@app.command(
    help=say("Check YAML files or folders; without any, everything in use.", "检查 YAML 文件或目录；不指定则检查全部。")
)
def check(
    paths: Annotated[tuple[Path, ...], Parameter(help=say("Files or folders.", "文件或目录。"))] = (),
    /,
    *,
    basic: Basic = BASIC,
) -> Shown:
    from cli.door import open_door
    from config.words import Text

    with open_door(basic) as door:
        n_good, problems = _check_paths(door, paths) if paths else _check_all(door)
        good = Text(f"{n_good} templates are in order.", f"{n_good} 个模板没有问题。")
        bad = Text(
            f"{len(problems)} problems; a file with a problem is not used.",
            f"{len(problems)} 处问题；有问题的文件不会被使用。",
        )
        parts = [*(problem.text(door.language) for problem in problems), door.say(bad if problems else good)]
        facts = {"n_templates": n_good, "problems": _facts(problems)}
        following = (
            ["wardcycle template check " + " ".join(map(str, paths))] if problems else ["wardcycle template list"]
        )
        return Shown(facts, parts, [one.strip() for one in following], exit_code=1 if problems else 0)


@app.command(help=say("Show a template: stages, tasks, owners, deadlines.", "查看模板：阶段、任务、负责人、期限。"))
def show(
    name: Annotated[str, Parameter(help=say("The template's id.", "模板编号。"))], /, *, basic: Basic = BASIC
) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from engine.launch import pick_template

    with open_door(basic) as door:
        found = pick_template(name, door.rules)
        version = Text(f"version {found.version}, {found.kind.value}, escalation {found.escalation}",
                       f"第 {found.version} 版，类型 {found.kind.value}，升级规则 {found.escalation}")  # fmt: skip
        heading = f"{found.id}  {door.say(found.title)} ({door.say(version)})"
        ladder = " > ".join(f"{level.after} {level.to}" for level in door.catalogue.policies[found.escalation])
        parts = [heading, ladder, "", _task_table(door, found)]
        return Shown({"template": found.model_dump(mode="json")}, parts, [_launch_command(found.id)])


@app.command(
    help=say("Print the JSON Schema with which editors check a template.", "输出供编辑器校验模板的 JSON Schema。")
)
def schema(*, basic: Basic = BASIC) -> Shown:
    import json

    from config.schema import template_schema

    text = template_schema()
    return Shown(json.loads(text), [text.rstrip()])


def _task_table(door: Door, template: Template) -> RenderableType:
    from cli.tables import table
    from config.words import Text

    headings = (Text("Stage", "阶段"), Text("Task", "任务"), Text("Title", "标题"), Text("Owner", "负责人"),
                Text("Due", "期限"), Text("Remind", "提醒"), Text("Evidence", "佐证"),
                Text("After", "前置任务"))  # fmt: skip
    rows = ([stage.id, *_task_cells(door, task)] for stage in template.stages for task in stage.tasks)
    return table(door, headings, rows)


def _task_cells(door: Door, task: TaskTemplate) -> list[str]:
    return [
        task.id,
        door.say(task.title),
        task.owner,
        task.due,
        ", ".join(task.remind),
        task.evidence.value,
        ", ".join(task.after),
    ]


def _check_all(door: Door) -> tuple[int, tuple[Problem, ...]]:
    return len(door.catalogue.templates), door.catalogue.problems


def _check_paths(door: Door, paths: tuple[Path, ...]) -> tuple[int, tuple[Problem, ...]]:
    """Check each file by itself, each folder as a hospital's own; an id may stand in one file only."""
    from config.catalogue import SHIPPED, read_catalogue

    n_good = 0
    problems: list[Problem] = []
    files: dict[str, str] = {}  # id -> the file that gave it
    for path in paths:
        if path.is_dir():
            read, shipped = read_catalogue(path), read_catalogue() if path != SHIPPED else None
            n_good += len(read.templates) - (len(shipped.templates) if shipped else 0)
            problems += read.problems
            continue
        template, found = _check_file(door, path)
        if template and template.id in files:
            found = (_taken(path, template.id, files[template.id]),)
        elif template:
            files[template.id] = str(path)
        n_good += not found
        problems += found
    return n_good, tuple(problems)


def _check_file(door: Door, path: Path) -> tuple[Template | None, tuple[Problem, ...]]:
    from config.catalogue import check_template

    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise FileUnreadable(file=path, why=error.strerror or "") from error
    return check_template(
        text,
        str(path),
        roles=door.catalogue.roles,
        policies=door.catalogue.policies,
        indicators=door.catalogue.indicators,
    )


def _taken(path: Path, name: str, other: str) -> Problem:
    from config.problems import Problem
    from config.words import Text

    what = Text(f"The id `{name}` is already used by {other}", f"编号“{name}”已在 {other} 中使用")
    return Problem(str(path), 1, "id", what, Text("Give this template its own id", "请为本模板另取编号"))


def _facts(problems: tuple[Problem, ...]) -> list[dict[str, object]]:
    return [
        {
            "file": one.file,
            "line": one.line,
            "path": one.path,
            "what": {"en": one.what.en, "zh": one.what.zh},
            "mend": {"en": one.mend.en, "zh": one.mend.zh},
        }
        for one in problems
    ]


def _launch_command(name: str) -> str:
    return f"wardcycle launch {name} --unit UNIT --lead PERSON --dry-run"
