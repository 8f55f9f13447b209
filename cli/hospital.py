"""`wardcycle hospital`: import and export of units and people, an empty form, leavers, absences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cli.groups import group
from cli.mistakes import NOT_THERE, FileThere, FileUnreadable, FileUnwritable
from cli.options import BASIC, SIGNED, STORED, Basic, Signed, Stored
from cli.shown import Shown
from cli.speech import say

app = group("hospital", say("Units, people, roles and absences.", "科室、人员、角色与缺勤。"))

Book = Annotated[Path, Parameter(help=say("An .xlsx file, or a folder of CSV files.", ".xlsx 文件，或 CSV 文件夹。"))]
Person = Annotated[str, Parameter(help=say("The person's id.", "人员编号。"))]
SHEETS = {
    "units": ("units", "科室"),
    "people": ("people", "人员"),
    "roles": ("roles", "角色"),
    "absences": ("absences", "缺勤"),
}


@app.command(
    name="import",
    help=say(
        "Take in a workbook or CSV folder: all of it, or nothing.",
        "导入工作簿或 CSV 文件夹：要么全部导入，要么不导入。",
    ),
)
def import_(file: Book, /, *, signed: Signed = SIGNED) -> Shown:
    from cli.door import open_door
    from cli.tables import table
    from config.words import Text
    from engine.hospital import import_hospital

    if not file.exists():
        raise FileUnreadable(file=file, why=NOT_THERE)
    with open_door(signed) as door:
        with door.writing() as session:
            by = door.by_or_none(session)
            done = import_hospital(session, file, rules=door.rules, by=by, now=door.now)
        headings = (Text("Sheet", "工作表"), Text("New", "新增"), Text("Changed", "变更"), Text("Unchanged", "未变"))
        rows = (
            [door.say(Text(*SHEETS[name])), str(one.n_new), str(one.n_changed), str(one.n_unchanged)]
            for name, one in done.sheets.items()
        )
        facts = {
            "sheets": {name: vars(counts) for name, counts in done.sheets.items()},
            "warnings": [{"where": one.where, "text": one.text(door.language)} for one in done.warnings],
        }
        parts = [table(door, headings, rows), *(one.text(door.language) for one in done.warnings)]
        return Shown(facts, parts, ["wardcycle template list"])


@app.command(help=say("Write everything in the form that import reads.", "按导入格式导出全部内容。"))
def export(
    file: Book,
    /,
    *,
    overwrite: Annotated[bool, Parameter(help=say("Write over what is there.", "覆盖已有内容。"), negative="")] = False,
    stored: Stored = STORED,
) -> Shown:
    from cli.door import open_door
    from engine.hospital import export_hospital

    if not overwrite and (file.is_file() or (file.is_dir() and any(file.iterdir()))):
        raise FileThere(file=file)
    with open_door(stored) as door, door.reading() as session, _writing(file):
        export_hospital(session, file, language=door.language)
        return _written(file, f"wardcycle hospital import {file}", door.language)


@app.command(help=say("Write an empty form to fill in.", "生成待填写的空白表格。"))
def template(file: Book, /, *, basic: Basic = BASIC) -> Shown:
    from cli.door import open_door
    from engine.hospital_files import write_template

    with open_door(basic) as door, _writing(file):
        write_template(file, roles=door.catalogue.roles, language=door.language)
        return _written(file, f"wardcycle hospital import {file}", door.language)


@app.command(help=say("Hand over everything open of a person who leaves.", "离职交接：未完成的工作全部移交。"))
def leave(
    person: Person,
    /,
    *,
    to: Annotated[str, Parameter(help=say("Who takes over: a person's id.", "接手人编号。"))],
    on: Annotated[
        str | None,
        Parameter(help=say("The first day away, such as 2026-03-31; today.", "离开首日，如 2026-03-31，默认今天。")),
    ] = None,
    why: Annotated[str, Parameter(help=say("The reason.", "理由。"))] = "",
    signed: Signed = SIGNED,
) -> Shown:
    from cli.door import open_door, read_date
    from config.words import Text
    from engine.leaving import leave as hand_over

    with open_door(signed) as door:
        day = read_date(on, "--on") or door.rules.calendar.local_date(door.now)
        with door.writing() as session:
            by = door.by_or_none(session)
            left = hand_over(session, person, to=to, on=day, rules=door.rules, by=by, why=why, now=door.now)
        en = f"{to} takes over {left.n_tasks} tasks, {left.n_cycles} cycles, {left.n_roles} roles of {person}."
        zh = f"{to} 接手 {person} 的 {left.n_tasks} 项任务、{left.n_cycles} 个循环、{left.n_roles} 个角色。"
        facts = {"person": person, "to": to, "on": day.isoformat(), **vars(left)}
        return Shown(facts, [door.say(Text(en, zh))], [f"wardcycle task list --person {to}"])


@app.command(help=say("Enter that a person is away, and who stands in.", "登记缺勤及代理人。"))
def absence(
    person: Person,
    /,
    *,
    from_: Annotated[str, Parameter(name="--from", help=say("The first day away.", "缺勤首日。"))],
    until: Annotated[str, Parameter(help=say("The last day away.", "缺勤末日。"))],
    stand_in: Annotated[str, Parameter(help=say("Who stands in: a person's id.", "代理人编号。"))],
    signed: Signed = SIGNED,
) -> Shown:
    from cli.door import open_door, read_date
    from config.words import Text
    from engine.absences import add_absence

    with open_door(signed) as door:
        first, last = read_date(from_, "--from"), read_date(until, "--until")
        assert first and last
        with door.writing() as session:
            add_absence(session, person=person, from_on=first, until_on=last, stand_in=stand_in, rules=door.rules,
                        by=door.by_or_none(session), now=door.now)  # fmt: skip
        said = Text(
            f"{person} is away {first} to {last}; {stand_in} is told instead.",
            f"{person} 于 {first} 至 {last} 缺勤，由 {stand_in} 代为接收通知。",
        )
        facts = {"person": person, "from": first.isoformat(), "until": last.isoformat(), "stand_in": stand_in}
        return Shown(facts, [door.say(said)], ["wardcycle forecast"])


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise FileThere(file=file) from error
    except OSError as error:
        raise FileUnwritable(file=file, why=error.strerror or "") from error


def _written(file: Path, following: str, language: str) -> Shown:
    from config.words import Text

    return Shown({"file": str(file)}, [Text(f"Written: {file}", f"已写入：{file}").in_(language)], [following])
