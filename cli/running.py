"""`wardcycle tick` and `wardcycle simulate`: the engine once now, or ahead of time on a copy."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.mistakes import NOT_THERE, FileUnreadable
from cli.options import TIMED, Timed
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from config.words import Text
    from engine.sweep import Swept
    from notifications.deliver import Delivered


def tick(*, timed: Timed = TIMED) -> Shown:
    from cli.door import DOOR, open_door
    from engine.sweep import sweep
    from notifications.channels import voice_of
    from notifications.deliver import deliver_due

    with open_door(timed) as door:
        with door.reading():
            pass  # a database of another form is refused before anything is planned
        swept = sweep(door.database, rules=door.rules, now=door.now, door=DOOR, live=timed.now is None)
        voice = voice_of(door.settings, door.catalogue, door.database)
        floor = door.settings.valve_floor
        sent = deliver_due(door.database, voice=voice, now=lambda: door.now, floor=floor)
        facts = {"swept": vars(swept), "delivered": vars(sent)}
        said = [door.say(_planned(swept)), door.say(_delivered(sent))]
        went_wrong = sent.n_retry + sent.n_held + sent.n_dead
        following = "wardcycle notifications list" + (" --status queued" if went_wrong else "")
        return Shown(facts, said, [following])


def _planned(swept: Swept) -> Text:
    from config.words import Text

    return Text(
        f"Planned: {swept.n_fired} tasks looked at, {swept.n_passed_up} decisions passed up, "
        f"{swept.n_started} cycles started, {swept.n_alarms} alarms.",
        f"计划：处理任务 {swept.n_fired} 项，上报决定 {swept.n_passed_up} 项，"
        f"启动循环 {swept.n_started} 个，警报 {swept.n_alarms} 条。",
    )


def _delivered(sent: Delivered) -> Text:
    from config.words import Text

    return Text(
        f"Delivered: {sent.n_sent} sent, {sent.n_retry} to be tried again, {sent.n_dropped} no longer needed, "
        f"{sent.n_held} unclear, {sent.n_dead} failed.",
        f"发送：成功 {sent.n_sent} 条，待重试 {sent.n_retry} 条，无需发送 {sent.n_dropped} 条，"
        f"结果不明 {sent.n_held} 条，失败 {sent.n_dead} 条。",
    )


def simulate(
    file: Annotated[
        Path | None,
        Parameter(help=say("A scenario; without one, a copy of the hospital.", "场景文件；不指定则为本院数据的副本。")),
    ] = None,
    /,
    *,
    until: Annotated[
        str | None, Parameter(help=say("End of the hospital's simulation; a year.", "模拟本院到何时，默认一年。"))
    ] = None,
    every: Annotated[int | None, Parameter(help=say("Tick every so many minutes.", "每隔若干分钟运行一次。"))] = None,
    timed: Timed = TIMED,
) -> Shown:
    return _scenario(file, every, timed) if file else _hospital(until, timed)


def _scenario(file: Path, every: int | None, timed: Timed) -> Shown:
    from cli.door import open_door
    from cli.scenario import read_scenario
    from cli.simulate import events
    from cli.simulate import simulate as run
    from cli.tables import told_table
    from config.words import Text

    if not file.is_file():
        raise FileUnreadable(file=file, why=NOT_THERE)
    with open_door(timed) as door:
        scenario = read_scenario(file)
        done = run(scenario, every=timedelta(minutes=every) if every else None)
        facts: dict[str, object] = {"events": events(done.told, scenario.rules()), "cycle": done.cycle}
        if done.refused:
            facts["refused"] = list(done.refused)
        refused = Text("Refused: ", "被拒绝：")
        parts = [told_table(door, done.told), *(door.say(refused) + why for why in done.refused)]
        return Shown(facts, parts, [f"wardcycle simulate {file} --json"])


def _hospital(until: str | None, timed: Timed) -> Shown:
    from cli.door import open_door
    from cli.facts import told_facts
    from cli.simulate import simulate_hospital
    from cli.tables import told_table

    with open_door(timed) as door:
        with door.reading():
            pass
        done = simulate_hospital(door.database, rules=door.rules, now=door.now, until=door.end(until, 365))
        zone = door.rules.calendar.zone
        facts = {"events": [told_facts(one, zone) for one in done.told]}
        return Shown(facts, [told_table(door, done.told)], ["wardcycle forecast"])
