"""The parts of a programme's edition as tables, each line with how sure it is."""

from collections.abc import Callable, Mapping

from rich.table import Table

from cli.door import Door
from cli.tables import table
from config.programme import Programme
from config.programme_parts import Standing
from config.words import Text
from engine.measure_template import REVIEWED
from engine.programme_words import MARKS, PLACES, STANDINGS, target_words

Drawn = Table | str

NUMBER, TITLE, EVIDENCE = Text("No.", "序号"), Text("Title", "名称"), Text("Evidence", "核实程度")
OWNERS, INDICATORS, ID = Text("Owners", "承担角色"), Text("Indicators", "指标"), Text("Id", "编号")


def evidence(door: Door, status: Standing) -> str:
    """Write how sure a statement is, as a shape and a word."""
    return f"{MARKS[status]} {door.say(STANDINGS[status])}"


def _measures(door: Door, programme: Programme) -> Drawn:
    short = {one.id: one.short for one in programme.dimensions}
    headings = (
        NUMBER,
        ID,
        Text("Dimension", "维度"),
        TITLE,
        Text("Looked at", "检查周期"),
        OWNERS,
        INDICATORS,
        EVIDENCE,
    )
    rows = (
        [str(one.number), one.id, door.say(short[one.dimension]), door.say(one.title), door.say(REVIEWED[one.review]),
         ", ".join(one.owners), str(len(one.indicators)), evidence(door, one.evidence.status)]
        for one in programme.measures
    )  # fmt: skip
    return table(door, headings, rows)


def _requirements(door: Door, programme: Programme) -> Drawn:
    headings = (NUMBER, ID, Text("Requirement", "要求"), Text("Owner", "承担角色"), Text("Where", "范围"), EVIDENCE)
    rows = (
        [str(measure.number), f"{measure.id}/{one.id}", door.say(one.text), one.owner, door.say(PLACES[one.where]),
         evidence(door, measure.evidence.status)]
        for measure in programme.measures
        for one in measure.requirements
    )  # fmt: skip
    return table(door, headings, rows)


def _actions(door: Door, programme: Programme) -> Drawn:
    headings = (NUMBER, ID, TITLE, Text("Target or step", "目标或步骤"), EVIDENCE)
    rows = []
    for one in programme.special_actions:
        rows.append([str(one.number), one.id, door.say(one.title), door.say(one.aim),
                     evidence(door, one.evidence.status)])  # fmt: skip
        rows += [
            ["", "", target.indicator, door.say(target_words(target)), evidence(door, target.evidence.status)]
            for target in one.targets
        ]
        rows += [["", "", "", door.say(step.text), evidence(door, step.evidence.status)] for step in one.steps]
    return table(door, headings, rows)


def _goals(door: Door, programme: Programme) -> Drawn:
    headings = (Text("Year", "年份"), Text("Code", "编码"), TITLE, INDICATORS, Text("Changed", "调整"), EVIDENCE)
    rows = (
        [str(year.year), one.code, door.say(one.title), one.indicator, "*" if one.changed else "",
         evidence(door, year.evidence.status)]
        for year in programme.goals
        for one in year.goals
    )  # fmt: skip
    return table(door, headings, rows)


def _systems(door: Door, programme: Programme) -> Drawn:
    core = programme.core_systems
    headings = (NUMBER, ID, TITLE, Text("Limit", "时限"), INDICATORS, EVIDENCE)
    rows = (
        [str(one.number), one.id, door.say(one.title), door.say(one.limit) if one.limit else "",
         ", ".join(one.indicators), evidence(door, core.evidence.status)]
        for one in core.systems
    ) if core else ()  # fmt: skip
    return table(door, headings, rows)


def _indicators(door: Door, programme: Programme) -> Drawn:
    known = door.catalogue.indicators
    headings = (Text("Label", "标号"), ID, TITLE, Text("Local example", "地方示例"), EVIDENCE)
    rows = (
        [known[one.indicator].label or "", one.indicator, door.say(known[one.indicator].title),
         f"{door.say(one.example.place)}: {door.say(one.example.text)}" if one.example else "",
         evidence(door, one.evidence.status)]
        for one in programme.definitions
    )  # fmt: skip
    return table(door, headings, rows)


def _phases(door: Door, programme: Programme) -> Drawn:
    headings = (ID, TITLE, Text("Period", "期间"), Text("Work", "工作"), EVIDENCE)
    rows = (
        [one.id, door.say(one.title), f"{one.period.start} – {one.period.end}", door.say(one.work),
         evidence(door, one.evidence.status)]
        for one in programme.phases
    )  # fmt: skip
    return table(door, headings, rows)


def _levels(door: Door, programme: Programme) -> Drawn:
    headings = (ID, TITLE, Text("Does", "职责"), Text("Reports to", "报告对象"), EVIDENCE)
    rows = (
        [one.id, door.say(one.title), door.say(one.does), one.reports_to or "", evidence(door, one.evidence.status)]
        for one in programme.levels
    )
    return table(door, headings, rows)


def _sources(door: Door, programme: Programme) -> Drawn:
    headings = (ID, TITLE, Text("Supports", "支持内容"))
    rows = ([key, door.say(one.title), door.say(one.supports)] for key, one in programme.sources.items())
    return table(door, headings, rows)


PARTS: Mapping[str, Callable[[Door, Programme], Drawn]] = {
    "measures": _measures,
    "requirements": _requirements,
    "actions": _actions,
    "goals": _goals,
    "systems": _systems,
    "indicators": _indicators,
    "phases": _phases,
    "levels": _levels,
    "sources": _sources,
}
