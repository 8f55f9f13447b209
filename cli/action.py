"""`wardcycle action`: special actions of a programme: where they stand, launching them, keeping the roll-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.groups import group
from cli.options import SIGNED, TIMED, Acting, Signed, Timed
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.door import Door
    from engine.special_actions import Opened
    from models.scoreboard import Scoreboard

app = group("action", say("Special actions: launch them, see where they stand.", "专项行动：启动与进展。"))

Slug = Annotated[
    str, Parameter(help=say("The action, such as surgery; see action list.", "专项行动编号，如 surgery。"))
]
Unit = Annotated[str | None, Parameter(help=say("The hospital; else the first one.", "医院编号，默认本院。"))]


@app.command(
    name="list", help=say("Where each special action stands, and who must decide.", "各专项行动进展与待决定者。")
)
def list_(*, unit: Unit = None, timed: Timed = TIMED) -> Shown:
    from cli.action_tables import board_facts, board_table
    from cli.door import open_door
    from engine.action_targets import list_actions
    from engine.people import directory
    from engine.scoreboards import read_scoreboards
    from engine.special_actions import hospital_of

    with open_door(timed) as door, door.reading() as session:
        here = hospital_of(directory(session), unit)
        actions = list_actions(door.catalogue)
        boards = read_scoreboards(session, actions, here.id, rules=door.rules, now=door.now)
        following = [f"wardcycle action {'show' if one.code else 'launch'} {one.action}" for one in boards[:1]]
        return Shown({"actions": [board_facts(door, one) for one in boards]}, [board_table(door, boards)], following)


@app.command(help=say("The scoreboard of an action: indicators, departments, who must decide.", "查看一项行动的进展。"))
def show(slug: Slug, /, *, unit: Unit = None, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door
    from engine.action_targets import get_action
    from engine.people import directory
    from engine.scoreboards import read_scoreboards
    from engine.special_actions import hospital_of

    with open_door(timed) as door, door.reading() as session:
        here = hospital_of(directory(session), unit)
        action = get_action(door.catalogue, slug)
        (board,) = read_scoreboards(session, [action], here.id, rules=door.rules, now=door.now)
        return _shown(door, board)


@app.command(
    help=say(
        "Launch actions: a cycle for each department that falls short.", "启动专项行动，未达标科室各启动一个循环。"
    )
)
def launch(
    slugs: Annotated[tuple[str, ...], Parameter(help=say("One or several actions.", "一项或多项行动编号。"))] = (),
    /,
    *,
    all_: Annotated[bool, Parameter(name="--all", help=say("All of them.", "全部专项行动。"), negative="")] = False,
    unit: Unit = None,
    lead: Annotated[
        str | None, Parameter(help=say("Who leads; else the quality office.", "负责人，默认质控办。"))
    ] = None,
    until: Annotated[
        str | None,
        Parameter(help=say("The date of the cycles' aims; the programme's own.", "目标日期，默认按行动计划。")),
    ] = None,
    allow_unstaffed: Annotated[
        bool,
        Parameter(help=say("Tasks without holder go to the quality office.", "缺员任务交质控办代管。"), negative=""),
    ] = False,
    signed: Signed = SIGNED,
) -> Shown:
    from cli.door import open_door, read_date
    from cli.mistakes import OptionsMissing
    from engine.action_targets import list_actions
    from engine.special_actions import GivenAction, launch_action

    with open_door(signed) as door:
        chosen = tuple(one.template.id for one in list_actions(door.catalogue)) if all_ else slugs
        if not chosen:
            raise OptionsMissing(options="SLUG, --all")
        done = []
        with door.writing() as session:
            for slug in chosen:
                given = GivenAction(
                    action=slug,
                    unit=unit,
                    lead=lead,
                    until=read_date(until, "--until"),
                    allow_unstaffed=allow_unstaffed,
                )
                by = door.by_or_none(session)
                done.append(launch_action(session, given, rules=door.rules, by=by, now=door.now))
        return _done(door, done)


@app.command(help=say("Look again: opens only what is newly short.", "重新核对，只对新出现的未达标启动循环。"))
def run(slug: Slug, /, *, unit: Unit = None, signed: Signed = SIGNED) -> Shown:
    from cli.door import open_door
    from engine.special_actions import look_again

    with open_door(signed) as door:
        with door.writing() as session:
            by = door.by_or_none(session)
            opened = look_again(session, slug, unit, rules=door.rules, by=by, now=door.now)
        return _done(door, [opened])


@app.command(
    help=say("Keep the roll-up for ever; the evaluation closes with one.", "保存汇总（不可更改），评价阶段凭此结束。")
)
def keep(slug: Slug, /, *, unit: Unit = None, acting: Acting) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from engine.special_actions import keep_roll_up

    with open_door(acting) as door:
        with door.writing() as session:
            by = door.by(session)
            kept, board = keep_roll_up(session, slug, unit, rules=door.rules, by=by, now=door.now)
            number, digest = kept.id, kept.digest
        said = Text(f"Roll-up {number} is kept: {digest}", f"已保存汇总 {number}：{digest}")
        shown = _shown(door, board)
        facts = {"roll_up": {"id": number, "digest": digest}, "board": shown.facts}
        return Shown(facts, [door.say(said), *shown.parts], shown.next_commands)


def _done(door: Door, done: Sequence[Opened]) -> Shown:
    from cli.action_tables import board_facts, board_table
    from config.words import Text

    parts = [
        door.say(
            Text(
                f"{'Launched' if one.is_new else 'Looked again at'} {one.board.action} ({one.board.code}): "
                f"{len(one.cycles)} cycles opened, {len(one.requests)} requests for data.",
                f"{'已启动' if one.is_new else '已重新核对'} {one.board.action}（{one.board.code}）："
                f"启动循环 {len(one.cycles)} 个，催补数据 {len(one.requests)} 项。",
            )
        )
        for one in done
    ]
    facts = [
        {"is_new": one.is_new, "opened": list(one.cycles), "requests": list(one.requests)}
        | board_facts(door, one.board)
        for one in done
    ]
    first = done[0].board
    following = [f"wardcycle action show {first.action}"]
    action = first.action if len(done) == 1 and door.told(first.code) else ""
    return Shown({"actions": facts}, [*parts, board_table(door, [one.board for one in done])], following, action=action)


def _shown(door: Door, board: Scoreboard) -> Shown:
    from cli.action_tables import asked_lines, board_facts, department_table, head_of, score_table

    parts = [head_of(door, board), score_table(door, board), department_table(door, board), *asked_lines(door, board)]
    following = [f"wardcycle action run {board.action}" if board.code else f"wardcycle action launch {board.action}"]
    return Shown(board_facts(door, board), parts, following)
