"""`wardcycle activity`: the hospital's own quality work by plan, its sessions, and who is responsible for what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.groups import group
from cli.options import BASIC, SIGNED, TIMED, Basic, Signed, Timed
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from cli.door import Door
    from models.activity import ActivitySchedule

app = group(
    "activity",
    say("Committees, trainings, drills, rounds, reviews: by plan.", "委员会、培训、演练、巡查、复审等活动安排。"),
)

Number = Annotated[int, Parameter(help=say("The plan's number, as listed.", "安排编号（见列表）。"))]
CORE = "core-system"


@app.command(name="list", help=say("List what is planned and when it comes next.", "列出活动安排及下次时间。"))
def list_(
    *,
    all_: Annotated[bool, Parameter(name="--all", help=say("Stopped ones too.", "含已停止的。"), negative="")] = False,
    timed: Timed = TIMED,
) -> Shown:
    from cli.door import open_door
    from models.reads.activities import list_activity_schedules

    with open_door(timed) as door, door.reading() as session:
        return _shown(door, session, list_activity_schedules(session, stopped=all_))


@app.command(help=say("Plan an activity: it is launched once a period.", "安排活动：每个周期启动一次。"))
def schedule(
    activity: Annotated[str, Parameter(help=say("A template: quality-committee.", "模板，如 quality-committee。"))],
    /,
    *,
    unit: Annotated[str, Parameter(help=say("Where.", "科室。"))],
    units_below: Annotated[
        bool, Parameter(help=say("In each department below it.", "在其下每个科室分别启动。"), negative="")
    ] = False,
    every: Annotated[
        str,
        Parameter(help=say("weekly mon, monthly 3wd, monthly 15, quarterly 5wd, yearly 03-15; else the template's own.",
                           "weekly mon、monthly 3wd、monthly 15、quarterly 5wd、yearly 03-15；默认取模板。")),
    ] = "",
    title: Annotated[str, Parameter(help=say("What the cycles are called.", "循环名称。"))] = "",
    title_zh: Annotated[str, Parameter(help=say("The same in Chinese.", "中文名称。"))] = "",
    each_core_system: Annotated[
        bool,
        Parameter(help=say("One plan for each core system of the programme, spread over the year.",
                           "为行动计划的每项核心制度各安排一次，分散在全年。"), negative=""),
    ] = False,
    since: Annotated[
        str | None, Parameter(help=say("A day of the first period, such as 2026-01-01.", "首个周期中的一天。"))
    ] = None,
    signed: Signed = SIGNED,
) -> Shown:  # fmt: skip
    from cli.door import open_door, read_date
    from engine.activity_schedules import GivenActivity, plan_activity
    from engine.rule_reviews import plan_reviews

    with open_door(signed) as door:
        given = GivenActivity(activity=activity, unit=unit, units_below=units_below, every=every, title=title,
                              title_zh=title_zh, since=read_date(since, "--since"))  # fmt: skip
        with door.writing() as session:
            verb = plan_reviews if each_core_system else plan_activity
            made = verb(session, given, rules=door.rules, by=door.by_or_none(session), now=door.now)
            return _shown(door, session, made if isinstance(made, list) else [made])


@app.command(help=say("Launch nothing further by a plan.", "停止活动安排。"))
def stop(number: Number, /, *, signed: Signed = SIGNED) -> Shown:
    from cli.door import open_door
    from engine.activity_schedules import stop_activity

    with open_door(signed) as door, door.writing() as session:
        return _shown(door, session, [stop_activity(session, number, by=door.by_or_none(session), now=door.now)])


@app.command(help=say("Launch what is due by plan now, tell who was missing.", "立即启动到期的活动，并通知缺席人员。"))
def due(*, timed: Timed = TIMED) -> Shown:
    from cli.door import DOOR, open_door
    from config.words import Text
    from engine.activity_round import run_activities

    with open_door(timed) as door:
        with door.reading():
            pass  # a database of another form is refused before anything is done
        done = run_activities(door.database, rules=door.rules, now=door.now, door=DOOR)
        said = Text(
            f"Launched {done.n_launched}, missing people told {done.n_missing_told}, reports upward {done.n_reported}, "
            f"failed {done.n_failed}.",
            f"启动 {done.n_launched}，通知缺席 {done.n_missing_told} 人，"
            f"上报 {done.n_reported}，失败 {done.n_failed}。",
        )
        facts = {name.removeprefix("n_"): n for name, n in vars(done).items()}
        return Shown(
            {"activities": facts}, [door.say(said)], ["wardcycle cycle list"], exit_code=3 * bool(done.n_failed)
        )


@app.command(help=say("What the plans will launch in the next time.", "近期将按计划启动的活动。"))
def upcoming(
    *,
    days: Annotated[int, Parameter(help=say("How many days ahead.", "未来天数。"))] = 60,
    timed: Timed = TIMED,
) -> Shown:
    from datetime import timedelta

    from cli.door import open_door
    from cli.facts import plain
    from cli.tables import table
    from config.words import Text
    from engine.activity_round import coming_launches
    from engine.people import directory

    with open_door(timed) as door, door.reading() as session:
        until = door.now + timedelta(days=max(0, min(days, 3660)))
        found = coming_launches(session, rules=door.rules, now=door.now, until=until)
        units = directory(session).units
        facts = [
            {"at": one.at, "activity": one.launch.template, "unit": units[one.unit_id].slug, "lead": one.launch.lead,
             "title": Text(one.launch.title or "", one.launch.title_zh or ""), "plan": one.schedule_id}
            for one in found
        ]  # fmt: skip
        headings = (Text("When", "时间"), Text("What", "活动"), Text("Unit", "科室"), Text("Lead", "负责人"))
        rows = (
            [door.shown(one.at), door.say(Text(one.launch.title or "", one.launch.title_zh or "")),
             units[one.unit_id].slug, one.launch.lead]
            for one in found
        )  # fmt: skip
        return Shown({"upcoming": plain(facts, door.rules.calendar.zone)}, [table(door, headings, rows)],
                     ["wardcycle activity list"])  # fmt: skip


@app.command(help=say("Who is responsible, accountable, consulted, informed.", "责任矩阵：负责、批准、咨询、知会。"))
def matrix(
    activities: Annotated[
        tuple[str, ...], Parameter(help=say("Templates; all if none.", "模板；不指定则为全部。"))
    ] = (),
    /,
    *,
    xlsx: Annotated[Path | None, Parameter(help=say("Write it to this Excel file.", "写入此 Excel 文件。"))] = None,
    basic: Basic = BASIC,
) -> Shown:
    from cli.door import open_door
    from cli.facts import plain
    from cli.tables import table
    from config.words import Text
    from engine.hospital_files import put_file
    from engine.launch import pick_template
    from engine.responsibilities import PART_WORDS, matrix_bytes, responsibilities

    with open_door(basic) as door:
        for slug in activities:
            pick_template(slug, door.rules)
        found, roles = responsibilities(door.catalogue, activities), door.catalogue.roles
        facts = {"roles": list(found.roles), "tasks": [
            {"activity": line.activity, "stage": line.stage, "task": line.task, "parts": line.parts}
            for line in found.lines]}  # fmt: skip
        legend = "  ".join(f"{part.value} {door.say(words)}" for part, words in PART_WORDS.items())
        if xlsx is not None:
            put_file(xlsx, matrix_bytes(found, roles, door.language))
            parts = [door.say(Text(f"Written: {xlsx}", f"已写入：{xlsx}"))]
        else:
            headings = (Text("Activity", "活动"), Text("Task", "任务"), Text("R", "负责"), Text("A", "批准"),
                        Text("C", "咨询"), Text("I", "知会"))  # fmt: skip
            rows = ([door.say(line.title), door.say(line.task), *_by_part(door, line.parts)] for line in found.lines)
            parts = [table(door, headings, rows), legend]  # type: ignore[list-item]
        return Shown({"matrix": plain(facts, door.rules.calendar.zone)}, parts, ["wardcycle activity list"])


def _by_part(door: Door, parts: object) -> list[str]:
    assert isinstance(parts, dict)
    named = door.catalogue.roles
    return [", ".join(door.say(named[role]) for role, held in parts.items() if letter in held) for letter in "RACI"]


def _shown(door: Door, session: Session, found: Sequence[ActivitySchedule]) -> Shown:
    from cli.facts import plain
    from cli.tables import table
    from config.recurrence import parse_recurrence
    from config.words import Text
    from engine.activity_schedules import title_of
    from engine.activity_turns import turn_of
    from engine.people import directory

    units, calendar = directory(session).units, door.rules.calendar
    facts: list[dict[str, object]] = []
    rows: list[list[str]] = []
    stopped, below = Text("stopped", "已停止"), door.say(Text(", each department", "下每个科室"))
    for one in found:
        every = parse_recurrence(one.every)
        coming = turn_of(every, one.next_on, calendar)
        next_at = None if one.stopped_at else coming.due_at
        title = title_of(one, door.rules.catalogue)
        facts.append({"plan": one.id, "activity": one.activity, "title": title,
                      "unit": units[one.unit_id].slug, "units_below": one.units_below, "every": one.every,
                      "next_at": next_at})  # fmt: skip
        rows.append([str(one.id), one.activity, door.say(title),
                     f"{units[one.unit_id].slug}{below if one.units_below else ''}", door.say(every.words),
                     door.shown(next_at) or door.say(stopped)])  # fmt: skip
    headings = (Text("No.", "编号"), Text("Activity", "活动"), Text("Title", "名称"), Text("Unit", "科室"),
                Text("How often", "频率"), Text("Next", "下次"))  # fmt: skip
    return Shown({"plans": plain(facts, calendar.zone)}, [table(door, headings, rows)], ["wardcycle activity upcoming"])
