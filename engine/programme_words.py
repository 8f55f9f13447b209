"""What is said of a programme's statements and differences, in both languages, and which edition is meant."""

from collections.abc import Mapping

from config.programme import Op, Programme, Target, Where
from config.programme_parts import Standing
from config.words import Text
from engine.programme_diff import Change, Subject
from models.errors import NotFound

STANDINGS = {
    Standing.CONFIRMED: Text("confirmed", "已证实"),
    Standing.CORROBORATED: Text("corroborated", "部分印证"),
    Standing.UNCONFIRMED: Text("unconfirmed", "待核实"),
    Standing.PRODUCT_DEFAULT: Text("product default", "产品默认"),
}
MARKS = {
    Standing.CONFIRMED: "●",
    Standing.CORROBORATED: "◐",
    Standing.UNCONFIRMED: "○",
    Standing.PRODUCT_DEFAULT: "◇",
}
PLACES = {
    Where.HOSPITAL: Text("the hospital", "全院"),
    Where.DEPARTMENTS: Text("every department", "各科室"),
    Where.OWNERS: Text("where the owner's role is held", "承担该角色的科室"),
}
CHANGES = {
    Change.ADDED: Text("new", "新增"),
    Change.REMOVED: Text("gone", "删除"),
    Change.CHANGED: Text("changed", "变更"),
}
SUBJECTS = {
    Subject.MEASURE: Text("measure", "举措"),
    Subject.REQUIREMENT: Text("requirement", "要求"),
    Subject.TARGET: Text("target", "目标"),
}
OPS = {Op.AT_LEAST: "≥", Op.AT_MOST: "≤", Op.MORE: ">", Op.LESS: "<", Op.EQUAL: "="}


def target_words(target: Target) -> Text:
    """Write a target as people do: ≤ 1.8 ‰ by 2025-12-31."""
    sign = f"{OPS[target.op]} {target.value:g}"
    return Text(f"{sign} {target.unit.en} by {target.by}", f"{target.by} 前 {sign} {target.unit.zh}")


def pick_edition(programmes: Mapping[str, Programme], name: str | None) -> Programme:
    """Get an edition by its id, or without one that whose period begins last. Raises NotFound, naming those known."""
    found = programmes.get(name) if name else max(programmes.values(), key=lambda one: one.period.start, default=None)
    if found is None:
        known = ", ".join(sorted(programmes)) or "-"
        mend = Text(f"Known: {known}.", f"已有：{known}。")
        raise NotFound(noun=Text("programme edition", "行动计划版本"), name=name or "-", mend=mend)
    return found
