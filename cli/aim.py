"""`wardcycle cycle aim`, `extend-check`, `abandon-check`, `follow`, and `wardcycle assess`: proof for the gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.cycle import Code, app, show_cycle
from cli.options import SIGNED, Acting, Signed, Why
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from sqlmodel import Session

    from cli.door import Door
    from engine.aims import GivenAim
    from models.assessment import Aim, Assessment


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What may be said of an aim; what is left out stays as it was."""

    indicator: Annotated[
        str | None, Parameter(help=say("What is counted; see indicator list.", "以哪个指标衡量。"))
    ] = None
    unit: Annotated[str | None, Parameter(help=say("Where it is counted; the cycle's unit.", "在哪个科室统计。"))] = (
        None
    )
    target: Annotated[
        float | None, Parameter(help=say("The target as shown: 85 for 85 %.", "目标值，按显示单位：85 表示 85 %。"))
    ] = None
    by_date: Annotated[str | None, Parameter(help=say("By when, such as 2026-12-31.", "达到目标的日期。"))] = None
    prediction: Annotated[float | None, Parameter(help=say("The value that the team expects.", "团队预期的结果。"))] = (
        None
    )
    because: Annotated[str | None, Parameter(help=say("What makes them expect it.", "预测的依据。"))] = None
    baseline_first: Annotated[
        str | None, Parameter(help=say("A day of the baseline's first period.", "基线首期中的一天。"))
    ] = None
    baseline_last: Annotated[
        str | None, Parameter(help=say("A day of the baseline's last period.", "基线末期中的一天。"))
    ] = None
    short_baseline_reason: Annotated[
        str | None, Parameter(help=say("Why fewer than 12 points must do.", "基线不足 12 个点的理由。"))
    ] = None
    wash_in: Annotated[
        int | None, Parameter(help=say("Periods of Do that count for nothing.", "实施初期不计入的周期数。"))
    ] = None
    worthwhile: Annotated[
        float | None, Parameter(help=say("The smallest change worth the work.", "值得为之努力的最小变化。"))
    ] = None
    as_written: Annotated[
        bool, Parameter(help=say("The small number is really meant.", "确认小数值无误。"), negative="")
    ] = False


NOTHING = Wanted()


@app.command(help=say("Say what a cycle aims at, all at once or part by part.", "设定循环的目标（可分次填写）。"))
def aim(code: Code, /, *, wanted: Wanted = NOTHING, acting: Acting) -> Shown:
    from cli.door import open_door, read_date
    from engine.aims import set_aim
    from models.queries import get_cycle

    with open_door(acting) as door:
        given = _given(wanted, by_date=read_date(wanted.by_date, "--by-date"),
                       first=read_date(wanted.baseline_first, "--baseline-first"),
                       last=read_date(wanted.baseline_last, "--baseline-last"))  # fmt: skip
        with door.writing() as session:
            cycle = get_cycle(session, code)
            made = set_aim(session, cycle.id, given, rules=door.rules, by=door.by(session), now=door.now)
            lines = _aim_lines(door, session, made)
        return show_cycle(door, code, changed=True, first=lines)


@app.command(name="extend-check", help=say("Keep Check open until more data are there.", "延长检查，等待数据。"))
def extend_check(
    code: Code,
    /,
    *,
    until: Annotated[str, Parameter(help=say("Until when, such as 2026-12-31.", "延长到何日。"))],
    why: Why,
    acting: Acting,
) -> Shown:
    from cli.door import open_door, read_date
    from engine import checks
    from models.queries import get_cycle

    with open_door(acting) as door:
        day = read_date(until, "--until")
        with door.writing() as session:
            cycle, by = get_cycle(session, code), door.by(session)
            checks.extend_check(session, cycle.id, until=day, why=why, rules=door.rules, by=by, now=door.now)
        return show_cycle(door, code, changed=True)


@app.command(name="abandon-check", help=say("Let Check close without a verdict.", "放弃检查（不作判断）。"))
def abandon_check(code: Code, /, *, why: Why, acting: Acting) -> Shown:
    from cli.door import open_door
    from engine import checks
    from models.queries import get_cycle

    with open_door(acting) as door:
        with door.writing() as session:
            cycle, by = get_cycle(session, code), door.by(session)
            checks.abandon_check(session, cycle.id, why=why, rules=door.rules, by=by, now=door.now)
        return show_cycle(door, code, changed=True)


@app.command(help=say("Launch the cycle that a signal of concern proposed.", "启动因预警信号提议的新循环。"))
def follow(code: Code, /, *, acting: Acting) -> Shown:
    from cli.door import open_door
    from engine.endings import follow_cycle
    from models.queries import get_cycle

    with open_door(acting) as door:
        with door.writing() as session:
            cycle, by = get_cycle(session, code), door.by(session)
            opened = follow_cycle(session, cycle.id, rules=door.rules, by=by, now=door.now).code
        return show_cycle(door, opened, changed=True)


def assess(
    name: Annotated[
        str, Parameter(help=say("A cycle's code; or an indicator, with --unit.", "循环编号；或指标（配合 --unit）。"))
    ],
    /,
    *,
    unit: Annotated[str | None, Parameter(help=say("Assess this indicator here.", "在该科室评估此指标。"))] = None,
    signed: Signed = SIGNED,
) -> Shown:
    from cli.door import open_door
    from engine.assessments import run_assessment
    from engine.people import directory
    from models.queries import get_cycle

    with open_door(signed) as door:
        with door.writing() as session:
            cycle = None if unit else get_cycle(session, name)
            unit_id = directory(session).unit(unit).id if unit else None
            made = run_assessment(
                session,
                cycle_id=cycle.id if cycle else None,
                indicator=name if unit else None,
                unit_id=unit_id,
                as_of=door.now,
                rules=door.rules,
                by=door.by_or_none(session),
                now=door.now,
            )
            facts, parts = _assessment(door, made)
            code = cycle.code if cycle else ""
        if not code:
            return Shown(facts, parts, [f"wardcycle assess {name} --unit {unit}"])
        shown = show_cycle(door, code)
        return Shown(facts, parts, shown.next_commands, told=door.told(code))


def _given(wanted: Wanted, **dates: object) -> GivenAim:
    from pydantic import ValidationError

    from cli.mistakes import FieldWrong
    from engine.aims import GivenAim

    fields = {
        "indicator": wanted.indicator,
        "unit": wanted.unit,
        "target": wanted.target,
        "target_on": dates["by_date"],
        "prediction": wanted.prediction,
        "prediction_note": wanted.because,
        "baseline_first": dates["first"],
        "baseline_last": dates["last"],
        "short_baseline_reason": wanted.short_baseline_reason,
        "wash_in": wanted.wash_in,
        "worthwhile": wanted.worthwhile,
        "as_written": wanted.as_written,
    }
    try:
        return GivenAim.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise FieldWrong(field=f"--{str(first['loc'][0]).replace('_', '-')}", why=first["msg"]) from error


def _aim_lines(door: Door, session: Session, made: Aim) -> list[str]:
    """Say what is aimed at, and what the indicator can show in the time planned."""
    from config.words import Text
    from engine.aims import baseline_series, n_planned
    from engine.power import find_power

    indicator = door.rules.catalogue.indicators[made.indicator]
    today = door.rules.calendar.local_date(door.now)
    power = find_power(
        baseline_series(session, made, indicator),
        indicator,
        n_after=n_planned(made, indicator, today),
        target=made.target,
    )
    shown = [f"{value:g}" if value is not None else "?" for value in (made.target, made.prediction)]
    said = Text(
        f"Aim: {indicator.title.en}, target {shown[0]} {indicator.unit.en} by {made.target_on or '?'}, "
        f"prediction {shown[1]}; baseline {made.baseline_first_on or '?'} to {made.baseline_last_on or '?'}.",
        f"目标：{indicator.title.zh}，{made.target_on or '?'} 前达到 {shown[0]} {indicator.unit.zh}，"
        f"预测 {shown[1]}；基线 {made.baseline_first_on or '?'} 至 {made.baseline_last_on or '?'}。",
    )
    return [door.say(said), *([door.say(power.said)] if power else []), ""]


def _assessment(door: Door, made: Assessment) -> tuple[object, list[str]]:
    import json

    from config.words import Text
    from models.records import record_from

    found = record_from(made.record)
    parts = [door.say(found.said.headline), door.say(found.said.sentence)]
    parts += [f"  - {door.say(flag)}" for flag in found.said.flags]
    if made.needs_signature:
        parts.append(door.say(Text("A person has to sign before Check closes.", "检查结束前须有人签名确认。")))
    return {"assessment": {"id": made.id, **json.loads(made.record)}}, parts
