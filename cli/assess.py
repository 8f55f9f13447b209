"""`wardcycle assess`: one thing now, everything that is due, the schedules, and a cycle from a signal of concern."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cli.aim import assess
from cli.cycle import show_cycle
from cli.groups import group
from cli.options import SIGNED, TIMED, Acting, Signed, Timed
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table
    from sqlmodel import Session

    from cli.door import Door
    from models.schedule import Schedule

app = group("assess", say("Assess a cycle or an indicator, once or by schedule.", "评估循环或指标：单次或按计划。"))
app.default(assess)
schedule = group("schedule", say("Schedules of assessments.", "评估计划。"))
app.command(schedule)

What = Annotated[str, Parameter(help=say("A set of indicators, or one indicator.", "指标集或单个指标。"))]
Number = Annotated[int, Parameter(help=say("The schedule's number, as listed.", "评估计划编号（见列表）。"))]
Frequencies = Literal["month", "quarter", "week", "year"]


@app.command(help=say("Do now what the schedules ask for.", "立即执行到期的评估。"))
def due(*, timed: Timed = TIMED) -> Shown:
    from cli.door import DOOR, open_door
    from config.words import Text
    from engine.assessment_round import assess_due

    with open_door(timed) as door:
        with door.reading():
            pass  # a database of another form is refused before anything is done
        done = assess_due(door.database, rules=door.rules, now=door.now, door=DOOR)
        said = Text(
            f"Created {done.n_created}, made {done.n_made}, missed {done.n_missed}, asked for data {done.n_asked}, "
            f"signals {done.n_alerts}, watched cycles {done.n_watched}, bulletins {done.n_bulletins}, "
            f"failed {done.n_failed}.",
            f"新建 {done.n_created}，完成 {done.n_made}，缺数据未评估 {done.n_missed}，催补数据 {done.n_asked}，"
            f"预警 {done.n_alerts}，持续观察 {done.n_watched}，简报 {done.n_bulletins}，失败 {done.n_failed}。",
        )
        facts = {name.removeprefix("n_"): n for name, n in vars(done).items()}
        following = ["wardcycle assess schedule list", "wardcycle tick"]
        return Shown({"assessed": facts}, [door.say(said)], following, exit_code=3 if done.n_failed else 0)


@app.command(help=say("Launch a cycle from a signal of concern.", "由预警信号启动改进循环。"))
def follow(
    signal: Annotated[int, Parameter(help=say("The signal's number, from its message.", "预警信号编号（见消息）。"))],
    /,
    *,
    template: Annotated[str, Parameter(help=say("By which template.", "使用的模板。"))] = "pdca",
    lead: Annotated[str | None, Parameter(help=say("Who leads; else the head.", "负责人；默认科室主任。"))] = None,
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from engine.concerns import follow_alert

    with open_door(acting) as door:
        with door.writing() as session:
            opened = follow_alert(
                session, signal, rules=door.rules, by=door.by(session), now=door.now, template=template, lead=lead
            )
            code = opened.code
        return show_cycle(door, code, changed=True)


@schedule.command(help=say("Assess indicators of a unit regularly.", "定期评估某科室的指标。"))
def add(
    what: What,
    /,
    *,
    unit: Annotated[str, Parameter(help=say("Where.", "科室。"))],
    units_below: Annotated[
        bool, Parameter(help=say("There and in all units below.", "含全部下级科室。"), negative="")
    ] = False,
    frequency: Annotated[Frequencies, Parameter(help=say("How often.", "频率。"))] = "month",
    after: Annotated[
        str, Parameter(help=say("How long after the period: 5wd, 10d.", "周期结束后几天评估：5wd、10d。"))
    ] = "5wd",
    data_owner: Annotated[
        str, Parameter(help=say("The role asked for missing data; else the indicator's.", "缺数据时催补的岗位。"))
    ] = "",
    waits: Annotated[str, Parameter(help=say("How long data are waited for.", "等待数据的时间。"))] = "15wd",
    since: Annotated[
        str | None, Parameter(help=say("A day of the first period, such as 2026-01-01.", "首个周期中的一天。"))
    ] = None,
    signed: Signed = SIGNED,
) -> Shown:
    from cli.door import open_door, read_date
    from config.indicators import Frequency
    from engine.scheduling import GivenSchedule, add_schedule

    with open_door(signed) as door:
        given = GivenSchedule(
            what=what,
            unit=unit,
            units_below=units_below,
            frequency=Frequency(frequency),
            after=after,
            waits=waits,
            data_owner=data_owner,
            since=read_date(since, "--since"),
        )
        with door.writing() as session:
            made = add_schedule(session, given, rules=door.rules, by=door.by_or_none(session), now=door.now)
            return _shown(door, session, [made])


@schedule.command(name="list", help=say("List the schedules and when each comes next.", "列出评估计划及下次时间。"))
def list_(
    *,
    all_: Annotated[bool, Parameter(name="--all", help=say("Stopped ones too.", "含已停止的。"), negative="")] = False,
    timed: Timed = TIMED,
) -> Shown:
    from cli.door import open_door
    from models.reads.schedules import list_schedules

    with open_door(timed) as door, door.reading() as session:
        return _shown(door, session, list_schedules(session, stopped=all_))


@schedule.command(help=say("Plan nothing further by a schedule.", "停止评估计划。"))
def stop(number: Number, /, *, signed: Signed = SIGNED) -> Shown:
    from cli.door import open_door
    from engine.scheduling import stop_schedule

    with open_door(signed) as door, door.writing() as session:
        found = stop_schedule(session, number, by=door.by_or_none(session), now=door.now)
        return _shown(door, session, [found])


def _shown(door: Door, session: Session, found: Sequence[Schedule]) -> Shown:
    from cli.facts import plain
    from engine.schedule_lines import schedule_lines

    facts: list[dict[str, object]] = []
    for line in schedule_lines(session, found, rules=door.rules):
        one = line.schedule
        facts.append(
            {
                "schedule": one.id,
                "what": line.what,
                "unit": line.unit.slug,
                "units_below": one.units_below,
                "frequency": one.frequency.value,
                "after": one.after,
                "waits": one.waits,
                "data_owner": one.data_owner,
                "next_period": line.next_period or None,
                "next_at": line.next_at,
                "last": line.last,
            }
        )
    named = plain(facts, door.rules.calendar.zone)
    return Shown({"schedules": named}, [_table(door, facts)], ["wardcycle assess due"])


def _table(door: Door, facts: Sequence[dict[str, object]]) -> Table | str:
    from datetime import datetime

    from cli.tables import table
    from config.words import Text
    from models.reads.schedules import LastTurn

    headings = (Text("No.", "编号"), Text("What", "内容"), Text("Unit", "科室"), Text("Every", "频率"),
                Text("After", "周期结束后"), Text("Waits", "等待数据"), Text("Data owner", "数据负责人"),
                Text("Next period", "下一周期"), Text("Due", "时间"), Text("Last", "上次"))  # fmt: skip
    below, stopped = door.say(Text(" and below", "及下级")), door.say(Text("stopped", "已停止"))
    rows = (
        [
            str(one["schedule"]),
            str(one["what"]),
            f"{one['unit']}{below if one['units_below'] else ''}",
            str(one["frequency"]),
            str(one["after"]),
            str(one["waits"]),
            str(one["data_owner"] or "-"),
            str(one["next_period"] or stopped),
            door.shown(one["next_at"] if isinstance(one["next_at"], datetime) else None),
            door.say(one["last"].said) if isinstance(one["last"], LastTurn) else "-",
        ]
        for one in facts
    )
    return table(door, headings, rows)
