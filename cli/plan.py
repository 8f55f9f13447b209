"""`wardcycle plan`: the work plan of a year, on the screen or as a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.groups import group
from cli.mistakes import FileThere, FileUnwritable
from cli.options import TIMED, Timed
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from datetime import datetime

    from cli.door import Door
    from engine.work_plan import PlanLine, WorkPlan

app = group("plan", say("The work plan of a year.", "年度工作计划。"))

Year = Annotated[int | None, Parameter(help=say("Which year; this one.", "年份，默认今年。"))]
Unit = Annotated[str | None, Parameter(help=say("Only this unit and those below it.", "只限该科室及其下级。"))]


@app.command(help=say("Show the plan of a year beside what has happened.", "查看年度计划及实际进展。"))
def show(*, year: Year = None, unit: Unit = None, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door
    from cli.tables import table
    from config.words import Text
    from engine.plan_files import COURSES, KINDS

    with open_door(timed) as door:
        plan = _read(door, year, unit)
        day = door.rules.calendar.local_date
        headings = (Text("Kind", "类别"), Text("Code", "编号"), Text("Title", "标题"), Text("Unit", "科室"),
                    Text("From", "开始"), Text("To", "结束"), Text("Course", "进展"))  # fmt: skip
        rows = [
            [door.say(KINDS[line.kind]), line.code, door.say(line.title), door.say(line.unit), str(day(line.begins_at)),
             str(day(line.ends_at)), door.say(COURSES[line.course])]
            for line in plan.lines
        ]  # fmt: skip
        facts = {"year": plan.year, "lines": [_facts(line) for line in plan.lines]}
        return Shown(facts, [table(door, headings, rows)], [f"wardcycle plan export plan-{plan.year}.xlsx"])


@app.command(help=say("Write the plan of a year as an Excel workbook.", "将年度计划导出为 Excel 工作簿。"))
def export(
    file: Annotated[Path, Parameter(help=say("The .xlsx file to write.", "要写入的 .xlsx 文件。"))],
    /,
    *,
    year: Year = None,
    unit: Unit = None,
    overwrite: Annotated[bool, Parameter(help=say("Write over what is there.", "覆盖已有内容。"), negative="")] = False,
    timed: Timed = TIMED,
) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from engine.plan_files import plan_bytes

    with open_door(timed) as door:
        plan = _read(door, year, unit)
        try:
            with file.open("wb" if overwrite else "xb") as out:
                out.write(plan_bytes(plan, door.language, door.rules.calendar))
        except FileExistsError as error:
            raise FileThere(file=file) from error
        except OSError as error:
            raise FileUnwritable(file=file, why=error.strerror or "") from error
        n = len(plan.lines)
        said = Text(f"Wrote {n} lines to {file}.", f"已将 {n} 项写入 {file}。")
        return Shown({"file": str(file), "lines": n}, [door.say(said)], [])


def _read(door: Door, year: int | None, unit: str | None) -> WorkPlan:
    from engine.indicator_export import units_below
    from engine.people import directory
    from engine.work_plan import read_work_plan

    with door.reading() as session:
        people = directory(session)
        units = units_below(people, people.unit(unit).id) if unit else None
        wanted = year or door.rules.calendar.local_date(door.now).year
        return read_work_plan(session, wanted, rules=door.rules, now=door.now, units=units)


def _facts(line: PlanLine) -> dict[str, object]:
    def iso(moment: datetime | None) -> str | None:
        return moment.isoformat() if moment else None

    return {
        "kind": line.kind.value,
        "code": line.code,
        "title": line.title.en,
        "title_zh": line.title.zh,
        "unit": line.unit.en,
        "lead": line.lead,
        "objective": line.objective.en,
        "begins_at": iso(line.begins_at),
        "ends_at": iso(line.ends_at),
        "ended_at": iso(line.ended_at),
        "course": line.course.value,
        "turns": [iso(turn) for turn in line.turns],
        "stages": [
            {"title": stage.title.en, "begins_at": iso(stage.begins_at), "ends_at": iso(stage.ends_at),
             "tasks": [{"title": task.title.en, "planned_at": iso(task.planned_at), "done_at": iso(task.done_at)}
                       for task in stage.tasks]}
            for stage in line.stages
        ],
    }  # fmt: skip
