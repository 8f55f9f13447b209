"""`wardcycle indicator`: what is counted, values in and out of files, an empty form, tokens of other systems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.groups import group
from cli.mistakes import NOT_THERE, FileThere, FileUnreadable, FileUnwritable
from cli.options import SIGNED, STORED, TIMED, Signed, Stored, Timed
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.door import Door
    from config.indicators import Indicator
    from engine.indicator_import import Imported, Tables

app = group("indicator", say("Indicators and their values.", "指标及其数值。"))

Sheet = Annotated[Path, Parameter(help=say("An .xlsx, .xls, .ods or .csv file.", ".xlsx、.xls、.ods 或 .csv 文件。"))]
Made = Annotated[Path, Parameter(help=say("The .xlsx or .csv file to write.", "要写入的 .xlsx 或 .csv 文件。"))]
Set = Annotated[str | None, Parameter(name="--set", help=say("Only this set.", "只限该指标集。"))]
Unit = Annotated[str | None, Parameter(help=say("Only this unit and those below it.", "只限该科室及其下级。"))]
Overwrite = Annotated[bool, Parameter(help=say("Write over what is there.", "覆盖已有内容。"), negative="")]
System = Annotated[str, Parameter(help=say("The system, such as his.", "系统名称，如 his。"))]


@app.command(name="list", help=say("List the indicators and how many values each has.", "列出指标及已有的数值个数。"))
def list_(*, set_: Set = None, stored: Stored = STORED) -> Shown:
    from cli.door import open_door
    from cli.tables import table
    from config.periods import spelled
    from config.words import Text
    from models.reads.observations import count_observations
    from spc.icons import Better
    from spc.sign_words import BETTERS

    with open_door(stored) as door, door.reading() as session:
        held = count_observations(session)
        found = _of_set(door, set_)
        headings = (Text("Indicator", "指标"), Text("Title", "名称"), Text("Set", "指标集"), Text("Unit", "单位"),
                    Text("Better", "改进方向"), Text("Target", "目标"), Text("Values", "数值"),
                    Text("Last", "最近"))  # fmt: skip
        rows = [
            [one.id, door.say(one.title), one.set, door.say(one.unit),
             BETTERS[Better(one.better.value)].in_(door.language), "" if one.target is None else f"{one.target:g}",
             str(held[one.id].n) if one.id in held else "0",
             spelled(one.frequency, held[one.id].last_on) if one.id in held else ""]
            for one in found
        ]  # fmt: skip
        facts = {
            "indicators": [
                one.model_dump(mode="json")
                | {"n_values": held[one.id].n if one.id in held else 0,
                   "last": held[one.id].last_on.isoformat() if one.id in held else None}
                for one in found
            ]
        }  # fmt: skip
        return Shown(facts, [table(door, headings, rows)], ["wardcycle indicator template values.xlsx"])


@app.command(
    name="import",
    help=say(
        "Take in values: good rows are kept, refused ones come back in a marked copy.",
        "导入数值：正确的行导入，有误的行在标注副本中退回。",
    ),
)
def import_(
    file: Sheet,
    /,
    *,
    all_or_nothing: Annotated[
        bool, Parameter(help=say("Import nothing if one row is wrong.", "只要有一行有误就都不导入。"), negative="")
    ] = False,
    marked: Annotated[Path | None, Parameter(help=say("Where the marked copy goes.", "标注副本的存放位置。"))] = None,
    why: Annotated[str, Parameter(help=say("The reason of corrections.", "更正的理由。"))] = "",
    signed: Signed = SIGNED,
) -> Shown:
    from cli.door import open_door
    from config.words import Refused
    from engine.grids import read_content
    from engine.indicator_import import FileUseless, import_observations, tables_in

    if not file.exists():
        raise FileUnreadable(file=file, why=NOT_THERE)
    try:
        content = read_content(file)
    except Refused as refusal:
        raise FileUseless(what=refusal.what, mend=refusal.mend) from refusal
    tables = tables_in(file.name, content)
    with open_door(signed) as door:
        with door.writing() as session:
            done = import_observations(
                session, tables, rules=door.rules, by=door.by_or_none(session), now=door.now, why=why,
                whole=all_or_nothing,
            )  # fmt: skip
        copy = _write_marked(door, marked or _beside(file), tables, done) if done.refused else None
        return _shown(door, done, copy)


@app.command(help=say("Write stored values in the form that import reads.", "按导入格式导出已有数值。"))
def export(
    file: Made,
    /,
    *,
    set_: Set = None,
    unit: Unit = None,
    overwrite: Overwrite = False,
    stored: Stored = STORED,
) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from engine.indicator_export import export_values
    from engine.indicator_files import values_bytes, values_csv

    with open_door(stored) as door, door.reading() as session:
        rows = export_values(session, door.catalogue.indicators, [one.id for one in _of_set(door, set_)], unit)
        write = values_csv if file.suffix.lower() == ".csv" else values_bytes
        _write(file, write(rows, door.language), overwrite)
        said = door.say(Text(f"Written: {file} ({len(rows)} values)", f"已写入：{file}（{len(rows)} 个数值）"))
        return Shown({"file": str(file), "n_values": len(rows)}, [said], [f"wardcycle indicator import {file}"])


@app.command(help=say("Write an empty form with lists to choose from.", "生成带下拉列表的空白表格。"))
def template(
    file: Made, /, *, set_: Set = None, unit: Unit = None, overwrite: Overwrite = False, timed: Timed = TIMED
) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from engine.indicator_export import offer_of
    from engine.indicator_files import template_bytes

    with open_door(timed) as door, door.reading() as session:
        offer = offer_of(session, _of_set(door, set_), unit, today=door.rules.calendar.local_date(door.now))
        _write(file, template_bytes(offer, door.language), overwrite)
        said = door.say(Text(f"Written: {file}", f"已写入：{file}"))
        return Shown({"file": str(file)}, [said], [f"wardcycle indicator import {file}"])


@app.command(help=say("Give a system of the hospital a token; it is shown once.", "为院内系统生成令牌，仅显示一次。"))
def token(
    system: System,
    /,
    *,
    unit: Annotated[
        str | None, Parameter(help=say("It may send only for this unit and below.", "只允许该科室及其下级。"))
    ] = None,
    revoke: Annotated[bool, Parameter(help=say("Take its token away.", "撤销该系统的令牌。"), negative="")] = False,
    signed: Signed = SIGNED,
) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from engine.people import directory
    from engine.systems import make_token, revoke_token

    with open_door(signed) as door:
        with door.writing() as session:
            by = door.by_or_none(session)
            if revoke:
                revoke_token(session, system, by=by, now=door.now)
                said = door.say(Text(f"{system} is let in no more.", f"已撤销 {system} 的令牌。"))
                return Shown({"system": system, "revoked": True}, [said], ["wardcycle indicator tokens"])
            unit_id = directory(session).unit(unit).id if unit else None
            made = make_token(session, system, unit_id=unit_id, rules=door.rules, by=by, now=door.now)
        once = Text(
            "This is the only time it is shown; a former token of this system no longer works.",
            "令牌只显示这一次；该系统以前的令牌已失效。",
        )
        return Shown({"system": system, "token": made}, [made, door.say(once)], ["wardcycle indicator tokens"])


@app.command(help=say("List the systems that have a token.", "列出持有令牌的系统。"))
def tokens(*, stored: Stored = STORED) -> Shown:
    from cli.door import open_door
    from cli.facts import plain
    from cli.tables import table
    from config.words import Text
    from engine.people import directory
    from engine.systems import list_systems

    with open_door(stored) as door, door.reading() as session:
        units = directory(session).units
        found = [
            {"system": one.system, "unit": units[one.unit_id].slug if one.unit_id else None, "made_at": one.made_at,
             "revoked_at": one.revoked_at}
            for one in list_systems(session)
        ]  # fmt: skip
        headings = (Text("System", "系统"), Text("Unit", "科室"), Text("Made", "生成"), Text("Revoked", "撤销"))
        rows = [
            [one.system, units[one.unit_id].slug if one.unit_id else "", door.shown(one.made_at),
             door.shown(one.revoked_at)]
            for one in list_systems(session)
        ]  # fmt: skip
        facts = {"systems": plain(found, door.rules.calendar.zone)}
        return Shown(facts, [table(door, headings, rows)], ["wardcycle indicator token SYSTEM"])


def _of_set(door: Door, name: str | None) -> Sequence[Indicator]:
    from engine.indicators import indicators_of

    return indicators_of(door.catalogue, name)


def _shown(door: Door, done: Imported, copy: Path | None) -> Shown:
    from config.words import Text
    from engine.observations import Fate

    counts = {fate.value: done.n(fate) for fate in Fate}
    lines = [
        Text(
            f"New {counts['new']}, unchanged {counts['same']}, corrected {counts['corrected']}, "
            f"refused {counts['refused']}, left {counts['left']}; rows without a number: {done.n_blank}.",
            f"新增 {counts['new']}，未变 {counts['same']}，更正 {counts['corrected']}，"
            f"退回 {counts['refused']}，未导入 {counts['left']}；无数字的行：{done.n_blank}。",
        )
    ]
    lines += [
        Text(
            f"The past of a sealed baseline changed: {key[0]}, {key[2]}, cycle {cycle.code}. It is in the record.",
            f"已封存的基线发生变化：{key[0]}，{key[2]}，循环 {cycle.code}，已记录在案。",
        )
        for key, cycle in ((one.key, cycle) for one in done.sealed for cycle in one.sealed)
    ]
    if copy is not None:
        lines.append(Text(f"Mend the red cells and import it: {copy}", f"请修改红色单元格后重新导入：{copy}"))
    found = [*done.refused[:MOST_SHOWN], *done.warnings[:MOST_SHOWN]]
    parts = [*(door.say(line) for line in lines), *(one.text(door.language) for one in found)]
    facts = {
        **counts,
        "blank": done.n_blank,
        "problems": [{"where": str(one.place), "text": one.fault.text(door.language)} for one in done.refused],
        "warnings": [{"where": str(one.place), "text": one.fault.text(door.language)} for one in done.warnings],
        "sealed": [
            {"indicator": one.key[0], "unit_id": one.key[1], "period": one.key[2].isoformat(),
             "cycles": [cycle.code for cycle in one.sealed]}
            for one in done.sealed
        ],
        "marked": str(copy) if copy else None,
    }  # fmt: skip
    following = f"wardcycle indicator import {copy}" if copy else "wardcycle indicator list"
    return Shown(facts, parts, [following], exit_code=1 if done.refused else 0)


MOST_SHOWN = 100  # in the terminal; all of them are in the marked copy and in --json


def _write_marked(door: Door, file: Path, tables: Tables, done: Imported) -> Path:
    from engine.indicator_files import marked_bytes

    _write(file, marked_bytes(tables, done, door.language), overwrite=True)
    return file


def _beside(file: Path) -> Path:
    """Name the marked copy so that one that somebody is mending stays."""
    stem = file.stem.removesuffix("-refused")
    found = file.with_name(f"{stem}-refused.xlsx")
    number = 2
    while found.exists():
        found = file.with_name(f"{stem}-refused-{number}.xlsx")
        number += 1
    return found


def _write(file: Path, content: bytes, overwrite: bool) -> None:
    from engine.hospital_files import put_file

    if file.exists() and not overwrite:
        raise FileThere(file=file)
    try:
        put_file(file, content)
    except OSError as error:
        raise FileUnwritable(file=file, why=error.strerror or "") from error
