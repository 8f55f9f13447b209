"""`wardcycle goal`: the goals of a year, from the nation to the hospital to its departments, and what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.groups import group
from cli.options import SIGNED, TIMED, Signed, Timed
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from sqlmodel import Session

    from cli.door import Door

app = group("goal", say("Goals of a year and what was measured.", "年度目标及测量结果。"))

Year = Annotated[int, Parameter(help=say("The year, such as 2026.", "年份，如 2026。"))]
Unit = Annotated[str, Parameter(help=say("The unit's id.", "科室编号。"))]


@app.command(help=say("Adopt the national goals of a year for the hospital.", "医院采纳某年的国家目标。"))
def adopt(
    year: Year,
    /,
    *,
    unit: Unit,
    code: Annotated[
        list[str] | None, Parameter(help=say("Only this goal; may be given again.", "只限该目标，可重复。"))
    ] = None,
    signed: Signed = SIGNED,
) -> Shown:
    from cli.door import open_door
    from engine.yearly_goals import adopt_goals

    with open_door(signed) as door, door.writing() as session:
        by = door.by_or_none(session)
        adopt_goals(session, year, unit, rules=door.rules, by=by, now=door.now, codes=tuple(code or ()))
        return _shown(door, session, year)


@app.command(name="set", help=say("Give a department its target of an adopted goal.", "为科室设定已采纳目标的目标值。"))
def set_(
    code: Annotated[str, Parameter(help=say("The goal, such as NIT-2026-III.", "目标编号，如 NIT-2026-III。"))],
    /,
    *,
    year: Year,
    unit: Unit,
    target: Annotated[
        float | None, Parameter(help=say("As the indicator is shown: 85 for 85 %.", "按指标显示填写：85 % 写作 85。"))
    ] = None,
    signed: Signed = SIGNED,
) -> Shown:
    from cli.door import open_door
    from engine.yearly_goals import set_goal

    with open_door(signed) as door, door.writing() as session:
        by = door.by_or_none(session)
        set_goal(session, year, code, unit, target, rules=door.rules, by=by, now=door.now)
        return _shown(door, session, year)


@app.command(
    name="list", help=say("Goals, baselines, targets and what was measured.", "目标、基线、目标值和测量结果。")
)
def list_(year: Year, /, *, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door

    with open_door(timed) as door, door.reading() as session:
        return _shown(door, session, year)


def _shown(door: Door, session: Session, year: int) -> Shown:
    from cli.facts import plain
    from cli.tables import table
    from config.words import Text
    from engine.goal_values import GOAL_WORDS
    from engine.yearly_goals import goal_lines

    lines = goal_lines(session, year, rules=door.rules, now=door.now)
    facts = [
        {"code": one.goal.code, "title": Text(one.goal.title_en, one.goal.title_zh), "unit": one.unit_slug,
         "indicator": one.goal.indicator, "baseline": one.goal.baseline, "target": one.goal.target,
         "value": one.measured.value, "n_values": one.measured.n_there, "n_wanted": one.measured.n_wanted,
         "change": one.result.change, "verdict": one.result.verdict, "why": one.result.why}
        for one in lines
    ]  # fmt: skip
    headings = (Text("Goal", "目标"), Text("Title", "名称"), Text("Unit", "科室"), Text("Baseline", "基线"),
                Text("Target", "目标值"), Text("Year so far", "本年"), Text("Result", "结果"))  # fmt: skip
    rows = (
        [one.goal.code, door.say(Text(one.goal.title_en, one.goal.title_zh)), one.unit_slug, _number(one.goal.baseline),
         _number(one.goal.target), f"{_number(one.measured.value)} ({one.measured.n_there}/{one.measured.n_wanted})",
         door.say(GOAL_WORDS[one.result.verdict]) + (f": {door.say(one.result.why)}" if one.result.why else "")]
        for one in lines
    )  # fmt: skip
    following = f"wardcycle goal set {lines[0].goal.code} --year {year} --unit UNIT --target NUMBER" if lines else (
        f"wardcycle goal adopt {year} --unit HOSPITAL"
    )  # fmt: skip
    return Shown({"goals": plain(facts, door.rules.calendar.zone)}, [table(door, headings, rows)], [following])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
