"""Whether the parts of a programme's edition fit together: names, numbers, units, times and sources."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from itertools import chain

from pydantic import BaseModel

from config.indicators import Indicator
from config.problems import Finding, Loc, nearest
from config.programme import Programme, Target
from config.programme_parts import Evidence, Period, Standing
from config.words import Text

LAST = "look-at-indicators"  # the task that follows the requirements of each measure


def check_programme(
    programme: Programme, *, roles: Collection[str], indicators: Mapping[str, Indicator]
) -> Iterator[Finding]:
    """Find every unknown name, everything given twice, a target on another scale, and a time that ends too soon."""
    known = _Known(programme, roles, indicators)
    yield from _walk((), programme, known)
    yield from _check_twice(programme)
    for standing in Standing:
        if standing not in programme.legend:
            what = Text(f"The legend does not explain `{standing}`", f"legend 未说明“{standing}”")
            yield Finding(("legend",), what, Text(f"Add `{standing}: ...`", f"请添加“{standing}: ...”"))


class _Known:
    """What a name may be, by the key that it stands under."""

    def __init__(self, programme: Programme, roles: Collection[str], indicators: Mapping[str, Indicator]) -> None:
        self.indicators = indicators
        nouns: dict[str, tuple[Text, Collection[str]]] = {}
        role, indicator = (Text("role", "角色"), roles), (Text("indicator", "指标"), indicators)
        nouns |= dict.fromkeys(("owner", "instead", "owners"), role)
        nouns |= dict.fromkeys(("indicator", "indicators"), indicator)
        nouns["dimension"] = Text("dimension", "维度"), [one.id for one in programme.dimensions]
        nouns["reports_to"] = Text("level", "层级"), [one.id for one in programme.levels]
        self.nouns = nouns
        self.sources = programme.sources


def _walk(loc: Loc, part: BaseModel, known: _Known) -> Iterator[Finding]:
    """Look at each named thing of each part, wherever it stands."""
    if isinstance(part, Evidence):
        yield from _check_names((*loc, "sources"), part.sources, Text("source", "来源"), known.sources)
        return
    if isinstance(part, Period) and part.end < part.start:
        what = Text(f"The time ends in {part.end}, before it begins", f"结束月份 {part.end} 早于开始月份")
        yield Finding((*loc, "end"), what, Text("Exchange or mend the two", "请对调或修改"))
    if isinstance(part, Target):
        yield from _check_target(loc, part, known)
    for key in type(part).model_fields:
        value: object = getattr(part, key)
        if key in known.nouns:
            yield from _check_names((*loc, key), value, *known.nouns[key])
        for place, inner in _parts_in((*loc, key), value):
            yield from _walk(place, inner, known)


def _parts_in(loc: Loc, value: object) -> Iterator[tuple[Loc, BaseModel]]:
    if isinstance(value, BaseModel):
        yield loc, value
    elif isinstance(value, tuple):
        yield from chain.from_iterable(_parts_in((*loc, i), one) for i, one in enumerate(value))


def _check_names(loc: Loc, value: object, noun: Text, known: Collection[str]) -> Iterator[Finding]:
    """Check one name, or a list of them; in a list each may stand once."""
    named = [(loc, value)] if isinstance(value, str) else []
    if isinstance(value, tuple):
        named = [((*loc, i), one) for i, one in enumerate(value)]
        yield from _check_each_once([((*loc, i), one) for i, one in enumerate(value)])
    for place, name in named:
        if isinstance(name, str) and name not in known:
            what = Text(f"The {noun.en} `{name}` is not known", f"未知的{noun.zh}“{name}”")
            yield Finding(place, what, nearest(name, known))


def _check_target(loc: Loc, target: Target, known: _Known) -> Iterator[Finding]:
    indicator = known.indicators.get(target.indicator)
    if indicator is None:
        return
    if target.unit != indicator.unit:
        what = Text(
            f"The target's unit `{target.unit.en}` is not that of the indicator ({indicator.unit.en})",
            f"目标的单位“{target.unit.zh}”与指标的单位（{indicator.unit.zh}）不同",
        )
        yield Finding(
            (*loc, "unit"), what, Text("Write unit and value as the indicator is shown", "请按指标的单位填写")
        )
    lowest, highest = indicator.lowest, indicator.highest
    if (lowest is not None and target.value < lowest) or (highest is not None and target.value > highest):
        what = Text(f"The indicator can never show {target.value:g}", f"该指标不可能达到 {target.value:g}")
        yield Finding((*loc, "value"), what, Text("Mend the value or its unit", "请修改数值或单位"))


def _check_twice(programme: Programme) -> Iterator[Finding]:
    """Find ids and numbers that are given twice, list by list."""
    lists: dict[str, tuple[str, ...]] = {
        "dimensions": ("id",),
        "measures": ("id", "number"),
        "special_actions": ("id", "number"),
        "definitions": ("indicator",),
        "goals": ("year",),
        "phases": ("id",),
        "levels": ("id",),
    }
    for name, keys in lists.items():
        yield from _check_list((name,), getattr(programme, name), keys)
    for i, measure in enumerate(programme.measures):
        yield from _check_list(("measures", i, "requirements"), measure.requirements, ("id",))
        for j, one in enumerate(measure.requirements):
            if one.id == LAST:
                what = Text(
                    f"`{LAST}` is the name of the last task of every measure", f"“{LAST}”是每项举措最后任务的名称"
                )
                yield Finding(("measures", i, "requirements", j, "id"), what, Text("Choose another", "请另取名称"))
    for i, year in enumerate(programme.goals):
        yield from _check_list(("goals", i, "goals"), year.goals, ("number", "code"))
    if programme.core_systems:
        yield from _check_list(("core_systems", "systems"), programme.core_systems.systems, ("id", "number"))


def _check_list(loc: Loc, entries: Iterable[BaseModel], keys: tuple[str, ...]) -> Iterator[Finding]:
    listed = list(entries)
    for key in keys:
        yield from _check_each_once([((*loc, i, key), getattr(one, key)) for i, one in enumerate(listed)])


def _check_each_once(placed: Iterable[tuple[Loc, Hashable]]) -> Iterator[Finding]:
    seen: set[Hashable] = set()
    for loc, value in placed:
        if value in seen:
            what = Text(f"`{value}` appears twice", f"“{value}”重复")
            yield Finding(loc, what, Text("Use each one only once", "每一个都应不同"))
        seen.add(value)
