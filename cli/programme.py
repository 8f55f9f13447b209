"""`wardcycle programme`: editions of a programme, how sure they are, what a launch opens, what a new one changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cli.groups import group
from cli.mistakes import NOT_THERE, EditionUseless, FileUnreadable
from cli.options import BASIC, SIGNED, TIMED, Acting, Basic, Signed, Timed
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from datetime import date

    from cli.door import Door
    from config.problems import Problem
    from config.programme import Programme

app = group("programme", say("Quality programmes: editions, launch, adoption.", "质量行动计划：版本、启动、换版。"))

Part = Literal["measures", "requirements", "actions", "goals", "systems", "indicators", "phases", "levels", "sources"]
Edition = Annotated[
    str | None, Parameter(help=say("The edition's id; the latest without one.", "版本编号；默认最新。"))
]
Named = Annotated[str, Parameter(help=say("An edition's id, or the file of one.", "版本编号或版本文件。"))]
Unit = Annotated[str, Parameter(help=say("The hospital that launches: a unit's id.", "启动的医院：科室编号。"))]
Measures = Annotated[
    list[str] | None, Parameter(name="--measure", help=say("Only this measure; may be given again.", "只限该举措。"))
]
Without = Annotated[
    list[str] | None,
    Parameter(name="--without", help=say("Leave this unit out; may be given again.", "不含该科室，可重复。")),
]
Unstaffed = Annotated[
    bool,
    Parameter(
        help=say("The quality office takes tasks whose role nobody holds.", "无人担任的任务由质控办代管。"), negative=""
    ),
]


@app.command(name="list", help=say("List the editions.", "列出各版本。"))
def list_(*, basic: Basic = BASIC) -> Shown:
    from cli.door import open_door
    from cli.programme_shown import editions_shown

    with open_door(basic) as door:
        return editions_shown(door, list(door.catalogue.programmes.values()))


@app.command(help=say("Show an edition with the evidence of each statement.", "显示版本内容及核实程度。"))
def show(
    edition: Edition = None,
    /,
    *,
    part: Annotated[Part, Parameter(help=say("What of it.", "显示的部分。"))] = "measures",
    basic: Basic = BASIC,
) -> Shown:
    from cli.door import open_door
    from cli.programme_shown import edition_shown
    from engine.programme_words import pick_edition

    with open_door(basic) as door:
        return edition_shown(door, pick_edition(door.catalogue.programmes, edition), part)


@app.command(help=say("Check the file of an edition, or all editions.", "检查版本文件，或全部版本。"))
def check(
    file: Annotated[Path | None, Parameter(help=say("The YAML file of an edition.", "版本的 YAML 文件。"))] = None,
    /,
    *,
    basic: Basic = BASIC,
) -> Shown:
    from cli.door import open_door
    from config.words import Text

    with open_door(basic) as door:
        problems = _read(door, file)[1] if file else door.catalogue.problems
        said = [one.text(door.language) for one in problems]
        facts = {"ok": not said, "problems": said}
        if said:
            return Shown(facts, said, exit_code=1)
        return Shown(facts, [door.say(Text("Everything is in order.", "全部正确。"))])


@app.command(
    help=say("What changes from one edition to another, and which running tasks.", "比较两个版本及受影响的任务。")
)
def diff(old: Named, new: Named, /, *, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door
    from cli.programme_shown import difference_shown
    from engine.programme_adopt import touched_tasks
    from engine.programme_diff import diff_programmes

    with open_door(timed) as door, door.reading() as session:
        before, after = _edition(door, old), _edition(door, new)
        touched = touched_tasks(session, before.id, after, rules=door.rules, now=door.now)
        return difference_shown(door, before, after, diff_programmes(before, after), touched)


@app.command(help=say("What a launch would open and who gets how much; changes nothing.", "预览启动内容及每人任务量。"))
def plan(
    edition: Edition = None,
    /,
    *,
    unit: Unit,
    measure: Measures = None,
    without: Without = None,
    timed: Timed = TIMED,
) -> Shown:
    from cli.door import open_door
    from cli.programme_shown import plan_shown
    from engine.people import directory
    from engine.programme_launch import still_to_open
    from engine.programme_plan import Wanted, compile_programme
    from engine.programme_words import pick_edition

    with open_door(timed) as door, door.reading() as session:
        wanted = Wanted(unit, frozenset(measure or ()), frozenset(without or ()))
        programme = pick_edition(door.catalogue.programmes, edition)
        people = directory(session)
        whole = compile_programme(programme, wanted, people=people, rules=door.rules, now=door.now)
        made = still_to_open(session, whole)
        return plan_shown(door, made, people, n_known=len(whole.cycles) - len(made.cycles))


@app.command(help=say("Launch an edition: again changes nothing.", "启动行动计划；重复执行不会重复启动。"))
def launch(
    edition: Edition = None,
    /,
    *,
    unit: Unit,
    measure: Measures = None,
    without: Without = None,
    allow_unstaffed: Unstaffed = False,
    signed: Signed = SIGNED,
) -> Shown:
    from cli.door import open_door
    from cli.programme_shown import launched_shown
    from engine.people import directory
    from engine.programme_launch import Launched, batches, launch_batch, refuse_unstaffed, still_to_open
    from engine.programme_plan import Wanted, compile_programme
    from engine.programme_words import pick_edition

    with open_door(signed) as door:
        programme = pick_edition(door.catalogue.programmes, edition)
        wanted = Wanted(unit, frozenset(measure or ()), frozenset(without or ()))
        with door.reading() as session:
            by = door.by_or_none(session)
            whole = compile_programme(programme, wanted, people=directory(session), rules=door.rules, now=door.now)
            made = still_to_open(session, whole)
        if not allow_unstaffed:
            refuse_unstaffed(made)
        done = Launched(n_known=len(whole.cycles) - len(made.cycles))
        for batch in batches(made):
            with door.writing() as session:
                done += launch_batch(
                    session, batch, edition=programme.id, rules=door.rules, by=by, now=door.now,
                    allow_unstaffed=allow_unstaffed,
                )  # fmt: skip
        return launched_shown(door, made, done)


@app.command(help=say("Put a new edition's words and deadlines into running tasks.", "将新版内容更新到进行中的任务。"))
def adopt(
    new: Annotated[str, Parameter(help=say("The new edition's id.", "新版编号。"))],
    /,
    *,
    old: Annotated[str, Parameter(name="--from", help=say("The edition that runs.", "当前执行的版本。"))],
    yes: Annotated[
        bool, Parameter(help=say("Do it; without, only show.", "确认执行；不加则只显示。"), negative="")
    ] = False,
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from cli.programme_shown import adopted_shown
    from engine.programme_adopt import adopt_in_cycle, adoptable, touched_tasks
    from engine.programme_words import pick_edition

    with open_door(acting) as door:
        after = pick_edition(door.catalogue.programmes, new)
        with door.reading() as session:
            by, cycles = door.by(session), adoptable(session, old, after)
            touched = touched_tasks(session, old, after, rules=door.rules, now=door.now)
        if yes:
            touched = []
            for one in cycles:
                with door.writing() as session:
                    touched += adopt_in_cycle(session, one, after, rules=door.rules, by=by, now=door.now)
        return adopted_shown(door, after, old, touched, done=yes, by=acting.by)


@app.command(help=say("Count which measure tasks were done in time in a month.", "统计某月举措任务的按期完成率。"))
def count(
    month: Annotated[str, Parameter(help=say("The month, such as 2026-03.", "月份，如 2026-03。"))],
    /,
    *,
    timed: Timed = TIMED,
) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from engine.measure_template import OWN_INDICATOR
    from engine.programme_counts import count_month

    with open_door(timed) as door, door.writing() as session:
        n = count_month(session, _month(month), rules=door.rules, now=door.now)
        said = door.say(Text(f"Counted in {n} units.", f"已统计 {n} 个科室。"))
        return Shown({"units": n, "indicator": OWN_INDICATOR}, [said], ["wardcycle indicator list"])


def _month(written: str) -> date:
    from datetime import date

    from cli.mistakes import DateUnreadable

    try:
        return date.fromisoformat(f"{written}-01")
    except ValueError:
        raise DateUnreadable(written=written, option="MONTH") from None


def _edition(door: Door, name: str) -> Programme:
    """Get an edition by its id, or from a file that is not in the hospital's folder yet."""
    from config.words import Text
    from engine.programme_words import pick_edition

    if name in door.catalogue.programmes or not name.endswith((".yaml", ".yml")):
        return pick_edition(door.catalogue.programmes, name)
    found, problems = _read(door, Path(name))
    if found is None:
        said = [Text(one.text("en"), one.text("zh")) for one in problems]
        lines = Text("\n".join(one.en for one in said), "\n".join(one.zh for one in said))
        raise EditionUseless(file=name, problems=lines)
    return found


def _read(door: Door, file: Path) -> tuple[Programme | None, tuple[Problem, ...]]:
    from config.catalogue import check_edition

    if not file.exists():
        raise FileUnreadable(file=file, why=NOT_THERE)
    text = file.read_text("utf-8", errors="surrogateescape")
    return check_edition(text, file.name, roles=door.catalogue.roles, indicators=door.catalogue.indicators)
