"""`wardcycle care`: where a care process waits, from an event table; kept for a unit, and a cycle started there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.cycle import show_cycle
from cli.groups import group
from cli.mistakes import NOT_THERE, FileThere, FileUnreadable, FileUnwritable
from cli.options import TIMED, Acting, Timed
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from cli.door import Door
    from models.care_records import CareRecord

app = group("care", say("Care processes: map, waiting, bottlenecks.", "诊疗流程：流程图、等待、瓶颈。"))

Events = Annotated[
    Path,
    Parameter(
        help=say("CSV or a workbook with case, step and time.", "CSV 或工作簿，含 病例、环节、时间 三列。"),
    ),
]
Number = Annotated[int, Parameter(help=say("The analysis's number, as listed.", "分析编号（见列表）。"))]
Svg = Annotated[Path | None, Parameter(help=say("Write the map here.", "将流程图写入此文件。"))]
Overwrite = Annotated[bool, Parameter(help=say("Write over what is there.", "覆盖已有内容。"), negative="")]


@app.command(help=say("Look at an event table; nothing is kept.", "查看事件表，不保存。"))
def look(file: Events, /, *, svg: Svg = None, overwrite: Overwrite = False, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door

    with open_door(timed) as door:
        found = _found(file, door)
        if svg:
            _draw(found, svg, door, overwrite=overwrite)
        return _shown(found, door, [f"wardcycle care keep {file} --title TITLE --unit UNIT --by PERSON"])


@app.command(help=say("Keep the analysis of an event table for a unit.", "为科室保存事件表的分析。"))
def keep(
    file: Events,
    /,
    *,
    title: Annotated[str, Parameter(help=say("What the process is called.", "流程名称。"))],
    unit: Annotated[str, Parameter(help=say("The unit's id.", "科室编号。"))],
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from engine.care import keep_analysis

    with open_door(acting) as door:
        found = _found(file, door)
        with door.writing() as session:
            by = door.by(session)
            kept = keep_analysis(session, found, title=title, unit=unit, rules=door.rules, by=by, now=door.now)
            number = kept.id
        return _shown(found, door, [f"wardcycle care follow {number} --by {acting.by}"], number)


@app.command(name="list", help=say("List the analyses.", "列出流程分析。"))
def list_(*, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door
    from cli.tables import table
    from config.words import Text
    from engine.people import directory
    from models.reads.care import list_analyses

    with open_door(timed) as door, door.reading() as session:
        units = directory(session).units
        kept = list_analyses(session)
        headings = (Text("Number", "编号"), Text("Title", "标题"), Text("Unit", "科室"), Text("Made", "时间"))
        rows = [
            [
                str(one.id),
                one.title,
                units[one.unit_id].slug,
                f"{one.made_at.astimezone(door.rules.calendar.zone):%Y-%m-%d}",
            ]
            for one in kept
        ]
        facts = [{"id": one.id, "title": one.title, "unit": units[one.unit_id].slug} for one in kept]
        return Shown({"analyses": facts}, [table(door, headings, rows)], ["wardcycle care show 1"])


@app.command(help=say("Show an analysis.", "查看流程分析。"))
def show(number: Number, /, *, svg: Svg = None, overwrite: Overwrite = False, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door
    from engine.care import get_analysis
    from models.care_records import care_record_from

    with open_door(timed) as door, door.reading() as session:
        found = care_record_from(get_analysis(session, number).record)
        if svg:
            _draw(found, svg, door, overwrite=overwrite)
        return _shown(found, door, [f"wardcycle care follow {number} --by PERSON"], number)


@app.command(help=say("Start a cycle at a bottleneck.", "在瓶颈处启动改进循环。"))
def follow(
    number: Number,
    /,
    *,
    rank: Annotated[int, Parameter(help=say("Which bottleneck; 1 is the first.", "第几个瓶颈，1 为首位。"))] = 1,
    lead: Annotated[str | None, Parameter(help=say("Who leads it.", "项目负责人。"))] = None,
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from engine.care import follow_bottleneck

    with open_door(acting) as door:
        with door.writing() as session:
            by = door.by(session)
            code = follow_bottleneck(session, number, rank, rules=door.rules, by=by, now=door.now, lead=lead).code
        return show_cycle(door, code, changed=True)


def _found(file: Path, door: Door) -> CareRecord:
    from engine.care import look_at_care
    from engine.care_tables import read_events

    if not file.is_file():
        raise FileUnreadable(file=file, why=NOT_THERE)
    content = file.read_bytes()
    calendar = door.rules.calendar
    return look_at_care(file.name, content, read_events(file.name, content, zone=calendar.zone, now=door.now), calendar)


def _shown(found: CareRecord, door: Door, following: list[str], number: int | None = None) -> Shown:
    from dataclasses import asdict

    from careflow.words import say_bottleneck, say_flow

    lines = [door.say(say_flow(found.flow)), *_left_out(found, door)]
    lines += [
        f"{n}. {door.say(say_bottleneck(found.flow, one.hand_over))}" for n, one in enumerate(found.bottlenecks, 1)
    ]
    facts = {
        "id": number,
        "file": found.file,
        "left_out": found.n_left_out,
        "repeats": found.n_repeats,
        "rows_left_out": [door.say(one) for one in found.left_out],
    }
    return Shown(facts | asdict(found.flow), lines, following)


def _left_out(found: CareRecord, door: Door) -> list[str]:
    from careflow.words import say_left_out
    from config.words import Text
    from engine.care import rows_left_out

    if not (found.n_left_out or found.n_repeats):
        return []
    headline = door.say(Text("Left out: ", "未计入：")) + door.say(say_left_out(found.n_left_out, found.n_repeats))
    return [headline, *(f"  {door.say(one)}" for one in rows_left_out(found))]


def _draw(found: CareRecord, file: Path, door: Door, *, overwrite: bool) -> None:
    from careflow.draw import Texts, draw_flow
    from careflow.words import say_flow
    from config.words import Text

    texts = Texts(door.language, found.file, door.say(say_flow(found.flow)), door.say(Text("cases", "例")))
    try:
        with file.open("w" if overwrite else "x", encoding="utf-8") as out:
            out.write(draw_flow(found.flow, texts))
    except FileExistsError as error:
        raise FileThere(file=file) from error
    except OSError as error:
        raise FileUnwritable(file=file, why=error.strerror or "") from error
