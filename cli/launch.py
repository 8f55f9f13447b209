"""`wardcycle launch` and `wardcycle forecast`: starting a cycle, and who would be told what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.options import SIGNED, TIMED, Signed, Timed
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from sqlmodel import Session

    from cli.door import Door
    from engine.forecast import Told
    from engine.launch import Launch

DAYS_AHEAD = 60
Template = Annotated[
    str, Parameter(help=say("Template, such as pdca; see template list.", "模板编号，如 pdca；见 template list。"))
]
Unit = Annotated[str, Parameter(help=say("The unit that improves.", "开展改进的科室编号。"))]
Lead = Annotated[str, Parameter(help=say("The person who leads.", "项目负责人编号。"))]
UntilMoment = Annotated[
    str | None, Parameter(help=say(f"Look ahead until then; {DAYS_AHEAD} days.", f"预测到何时，默认 {DAYS_AHEAD} 天。"))
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What may be said about a launch beside template, unit and lead."""

    start: Annotated[
        str | None,
        Parameter(help=say("When it starts: a date or moment; now.", "开始日期或时间，默认现在。")),
    ] = None
    title: Annotated[str | None, Parameter(help=say("What is to improve.", "改进内容（标题）。"))] = None
    launch_key: Annotated[
        str | None, Parameter(help=say("The same key never launches twice.", "防重号：同号不会重复启动。"))
    ] = None
    allow_unstaffed: Annotated[
        bool,
        Parameter(help=say("Tasks without holder go to the quality office.", "缺员任务交质控办代管。"), negative=""),
    ] = False
    allow_past: Annotated[
        bool, Parameter(help=say("The start may lie before today.", "开始时间可早于今天。"), negative="")
    ] = False


WISHES = Wishes()


class _DryRun(Exception):
    """Nothing of this transaction is kept."""


def launch(
    template: Template,
    /,
    *,
    unit: Unit,
    lead: Lead,
    wishes: Wishes = WISHES,
    dry_run: Annotated[
        bool, Parameter(help=say("Change nothing; say who would be told.", "不作更改，只预测将通知谁。"), negative="")
    ] = False,
    signed: Signed = SIGNED,
) -> Shown:
    from cli.door import open_door

    with open_door(signed) as door:
        wanted = _launch(door, template, unit, lead, wishes)
        return _rehearse(door, wanted) if dry_run else _launch_now(door, wanted)


def forecast(
    template: Annotated[
        str | None, Parameter(help=say("A template that is not launched yet.", "尚未启动的模板编号。"))
    ] = None,
    /,
    *,
    cycle: Annotated[str | None, Parameter(help=say("Only this running cycle.", "只预测该循环。"))] = None,
    unit: Unit | None = None,
    lead: Lead | None = None,
    wishes: Wishes = WISHES,
    until: UntilMoment = None,
    timed: Timed = TIMED,
) -> Shown:
    from cli.door import open_door
    from cli.mistakes import OptionsMissing
    from engine.forecast import forecast_cycle, forecast_hospital, forecast_launch
    from models.queries import get_cycle

    if template and not (unit and lead):
        raise OptionsMissing(options="--unit, --lead")
    with open_door(timed) as door, door.reading() as session:
        rules, now, end = door.rules, door.now, door.end(until, DAYS_AHEAD)
        if template:
            wanted = _launch(door, template, unit or "", lead or "", wishes)
            told = forecast_launch(session, wanted, rules=rules, now=now, until=end)
            return _forecast(door, told, [_as_command(wanted)])
        if cycle:
            found = get_cycle(session, cycle)
            told = forecast_cycle(session, found.id, rules=rules, now=now, until=end)
            return _forecast(door, told, [f"wardcycle cycle show {found.code}"])
        return _forecast(
            door, forecast_hospital(session, rules=rules, now=now, until=end), ["wardcycle task list --overdue"]
        )


def _launch(door: Door, template: str, unit: str, lead: str, wishes: Wishes) -> Launch:
    from pydantic import ValidationError

    from cli.mistakes import FieldWrong, TemplateUnusable
    from config.words import Text
    from engine.launch import Launch

    if template not in door.catalogue.templates and door.catalogue.problems:
        listed = Text(*("\n".join(one.text(tag) for one in door.catalogue.problems) for tag in ("en", "zh")))
        raise TemplateUnusable(name=template, listed=listed)
    try:
        return Launch(
            template=template,
            unit=unit,
            lead=lead,
            title=wishes.title,
            start=door.start(wishes.start),
            launch_key=wishes.launch_key,
            allow_unstaffed=wishes.allow_unstaffed,
            allow_past=wishes.allow_past,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise FieldWrong(field=f"--{str(first['loc'][0]).replace('_', '-')}", why=first["msg"]) from error


def _launch_now(door: Door, wanted: Launch) -> Shown:
    from cli.facts import plain
    from cli.next_step import after_cycle
    from cli.tables import task_table
    from config.words import Text
    from engine.launch import launch_cycle
    from models.queries import cycle_view

    with door.writing() as session:
        cycle = launch_cycle(session, wanted, rules=door.rules, by=_by(door, session, wanted), now=door.now)
        code, is_new = cycle.code, cycle.launched_at == door.now
    with door.reading() as session:
        view = cycle_view(session, code, now=door.now)
    title = door.say(view.line.title)
    said = (
        Text(f"Launched {code}: {title}", f"已启动 {code}：{title}")
        if is_new
        else Text(f"Launched before with this key: {code}", f"该防重号此前已启动：{code}")
    )
    lines = [task.line for task in view.tasks()]
    facts = {
        "cycle": plain(view.line, door.rules.calendar.zone),
        "is_new": is_new,
        "tasks": plain(lines, door.rules.calendar.zone),
    }
    opened = [line for line in lines if line.opened_at]
    starts = Text(f"It starts at {door.shown(view.line.starts_at)}.", f"将于 {door.shown(view.line.starts_at)} 开始。")
    parts = [door.say(said), task_table(door, opened, stage=True) if opened else door.say(starts)]
    following = after_cycle(view) if opened else [f"wardcycle cycle show {code}"]
    return Shown(facts, parts, following, told=door.told(code))


def _by(door: Door, session: Session, wanted: Launch) -> int | None:
    """Whoever is named launches, else the lead."""
    from engine.people import directory

    return door.by_or_none(session) or directory(session).person(wanted.lead).id


def _rehearse(door: Door, wanted: Launch) -> Shown:
    """Launch, look ahead, and keep nothing: what the launch would refuse is refused here too."""
    from engine.forecast import forecast_launch
    from engine.launch import launch_cycle

    try:
        with door.writing() as session:
            launch_cycle(session, wanted, rules=door.rules, by=_by(door, session, wanted), now=door.now)
            raise _DryRun
    except _DryRun:
        pass
    with door.reading() as session:
        told = forecast_launch(session, wanted, rules=door.rules, now=door.now, until=door.end(None, DAYS_AHEAD))
    return _forecast(door, told, [_as_command(wanted)])


def _forecast(door: Door, told: list[Told], following: list[str]) -> Shown:
    from cli.facts import told_facts
    from cli.tables import told_table
    from config.words import Text

    zone = door.rules.calendar.zone
    said = Text("If nobody answers, these will be told:", "若无人答复，将发出以下通知：")
    return Shown(
        {"events": [told_facts(one, zone) for one in told]}, [door.say(said), told_table(door, told)], following
    )


def _as_command(wanted: Launch) -> str:
    import shlex

    words = ["wardcycle", "launch", wanted.template, "--unit", wanted.unit, "--lead", wanted.lead]
    words += ["--start", wanted.start.isoformat()] if wanted.start else []
    words += ["--title", wanted.title] if wanted.title else []
    words += ["--allow-unstaffed"] if wanted.allow_unstaffed else []
    return shlex.join(words)
