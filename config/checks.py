"""Whether the parts of a template, a ladder or a calendar fit together: what one field alone cannot tell."""

from collections.abc import Collection, Iterator, Mapping
from datetime import time

from config.indicators import IndicatorSet, check_definition
from config.problems import Finding, Loc, nearest
from config.recurrence import parse_recurrence
from config.shapes import PDCA, CalendarFile, Kind, Level, TaskTemplate, Template
from config.words import Refused, Text
from config.written import parse_after


def check_parts(
    template: Template, *, roles: Collection[str], policies: Collection[str], indicators: Collection[str] = ()
) -> Iterator[Finding]:
    """Find every unknown name, repeated id, wrong stage and `after` that could never open its task."""
    for k, slug in enumerate(template.indicators):
        if slug not in indicators:
            yield _unknown(("indicators", k), slug, indicators, Text("indicator", "指标"))
    if template.escalation not in policies:
        yield _unknown(("escalation",), template.escalation, policies, Text("escalation policy", "升级规则"))
    yield from _check_plan(template, roles)
    yield from _check_stages(template)
    seen: set[str] = set()
    for loc, task in _placed(template):
        if task.owner not in roles:
            yield _unknown((*loc, "owner"), task.owner, roles, Text("role", "角色"))
        for key, named in (("consulted", task.consulted), ("informed", task.informed)):
            yield from (
                _unknown((*loc, key, k), role, roles, Text("role", "角色"))
                for k, role in enumerate(named)
                if role not in roles
            )
        if task.id in seen:
            yield _repeated((*loc, "id"), task.id)
        yield from (
            _repeated((*loc, "remind", k), rung) for k, rung in enumerate(task.remind) if rung in task.remind[:k]
        )
        seen.add(task.id)
    yield from _check_after(template)


def check_indicators(sheet: IndicatorSet, *, roles: Collection[str], given: Mapping[str, str]) -> Iterator[Finding]:
    """Find definitions whose parts disagree, unknown roles, and ids used twice; `given` says which file has an id."""
    seen: set[str] = set()
    for i, one in enumerate(sheet.indicators):
        loc: Loc = ("indicators", i)
        yield from check_definition(loc, one)
        if one.data_owner not in roles:
            yield _unknown((*loc, "data_owner"), one.data_owner, roles, Text("role", "角色"))
        if one.id in seen:
            yield _repeated((*loc, "id"), one.id)
        elif one.id in given:
            what = Text(f"`{one.id}` stands already in {given[one.id]}", f"“{one.id}”已在 {given[one.id]} 中")
            yield Finding((*loc, "id"), what, Text("Define each indicator once", "每个指标只能定义一次"))
        seen.add(one.id)


def check_ladder(name: str, ladder: tuple[Level, ...], *, roles: Collection[str]) -> Iterator[Finding]:
    """Find unknown roles, and a level that would come before the one below it."""
    latest: dict[str, int] = {}
    for i, level in enumerate(ladder):
        if level.to not in roles:
            yield _unknown((name, i, "to"), level.to, roles, Text("role", "角色"))
        after = parse_after(level.after)
        if after.n < latest.get(after.unit, 0):
            what = Text(f"`{level.after}` lies before the level above it", f"“{level.after}”早于上一级")
            yield Finding((name, i, "after"), what, Text("Order the levels by time", "请按时间先后排列各级"))
        latest[after.unit] = after.n


def check_calendar(calendar: CalendarFile) -> Iterator[Finding]:
    """Find an unknown region, a day that ends before it begins, and days both off and worked."""
    import holidays  # takes a while, and only calendars need it

    regions = holidays.list_supported_countries()[calendar.country]
    if calendar.subdivision is not None and calendar.subdivision not in regions:
        yield _unknown(("subdivision",), calendar.subdivision, regions, Text("region", "地区"))
    yield from _check_hours("closes", calendar.opens, calendar.closes)
    yield from _check_hours("window_closes", calendar.window_opens, calendar.window_closes)
    for i, day in enumerate(calendar.extra_working_days):
        if day in calendar.extra_days_off:
            what = Text(f"{day} is a day off and a working day", f"{day} 既是休息日又是工作日")
            yield Finding(("extra_working_days", i), what, Text("Keep it in one list", "请只保留在一个列表中"))


def _check_hours(key: str, opens: time, closes: time) -> Iterator[Finding]:
    if closes <= opens:
        what = Text("The day closes before it opens", "结束时间早于开始时间")
        yield Finding((key,), what, Text(f"Write a time after {opens:%H:%M}", f"请写 {opens:%H:%M} 之后的时间"))


def _check_plan(template: Template, roles: Collection[str]) -> Iterator[Finding]:
    """Check who leads it and how often it comes back, and the questions of its test."""
    if template.led_by is not None and template.led_by not in roles:
        yield _unknown(("led_by",), template.led_by, roles, Text("role", "角色"))
    try:
        if template.every:
            parse_recurrence(template.every)
    except Refused as refusal:
        yield Finding(("every",), refusal.what, refusal.mend)
    for k, one in enumerate(template.questions):
        if len(one.choices) < 2:
            what = Text("One choice is no question", "只有一个选项不成题目")
            yield Finding(("questions", k, "choices"), what, Text("Write 2 to 6 choices", "请写 2 至 6 个选项"))
        if one.right > len(one.choices):
            what = Text(f"There is no choice {one.right}", f"没有第 {one.right} 个选项")
            mend = Text(f"Count from 1 to {len(one.choices)}", f"请写 1 到 {len(one.choices)}")
            yield Finding(("questions", k, "right"), what, mend)


def _check_stages(template: Template) -> Iterator[Finding]:
    ids = tuple(stage.id for stage in template.stages)
    if template.kind is Kind.PDCA and ids != PDCA:
        what = Text(f"A PDCA cycle cannot have the stages {', '.join(ids)}", f"PDCA 循环的阶段不能是 {'、'.join(ids)}")
        yield Finding(
            ("stages",), what, Text("Write plan, do, check, act in this order", "请依次写 plan、do、check、act")
        )
    for i, stage in enumerate(template.stages):
        if stage.id in ids[:i]:
            yield _repeated(("stages", i, "id"), stage.id)
        if template.kind is Kind.PDCA and stage.gate not in (None, stage.id):
            what = Text(
                f"The gate `{stage.gate}` stands at the stage {stage.id}", f"{stage.id} 阶段的关口写成了“{stage.gate}”"
            )
            yield Finding(("stages", i, "gate"), what, Text(f"Write `gate: {stage.id}`", f"请写“gate: {stage.id}”"))


def _check_after(template: Template) -> Iterator[Finding]:
    # Backwards, so that of a repeated id (told elsewhere) the first counts.
    stage_of = {task.id: i for i, stage in reversed(list(enumerate(template.stages))) for task in stage.tasks}
    waits = {task.id: task.after for task in template.tasks}
    told: set[str] = set()
    for loc, task in _placed(template):
        for k, before in enumerate(task.after):
            if before not in stage_of:
                yield _unknown((*loc, "after", k), before, stage_of, Text("task", "任务"))
            elif stage_of[before] > stage_of[task.id]:
                yield _later((*loc, "after", k), before)
        circle = find_circle(task.id, waits)
        if circle and not told & set(circle):
            told |= set(circle)
            yield _circle((*loc, "after"), circle)


def find_circle(start: str, waits: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Follow `after` from a task back to itself; the ids on the way, first and last the same, or empty."""
    paths: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    while paths:
        path = paths.pop()
        for before in waits.get(path[-1], ()):
            if before == start:
                return (*path, before)
            if before not in seen:
                seen.add(before)
                paths.append((*path, before))
    return ()


def _placed(template: Template) -> Iterator[tuple[Loc, TaskTemplate]]:
    for i, stage in enumerate(template.stages):
        for j, task in enumerate(stage.tasks):
            yield ("stages", i, "tasks", j), task


def _unknown(loc: Loc, word: str, known: Collection[str], noun: Text) -> Finding:
    return Finding(loc, Text(f"The {noun.en} `{word}` is not known", f"未知的{noun.zh}“{word}”"), nearest(word, known))


def _repeated(loc: Loc, word: str) -> Finding:
    what = Text(f"`{word}` appears twice", f"“{word}”重复")
    return Finding(loc, what, Text("Use each one only once", "每一个都应不同"))


def _later(loc: Loc, before: str) -> Finding:
    what = Text(
        f"`{before}` belongs to a later stage and would never open this task",
        f"“{before}”属于后面的阶段，本任务将永远不会开始",
    )
    return Finding(loc, what, Text("Name a task of this stage", "请写本阶段的任务"))


def _circle(loc: Loc, circle: tuple[str, ...]) -> Finding:
    way = " -> ".join(circle)
    what = Text(f"These tasks wait for each other: {way}", f"这些任务互相等待：{way}")
    return Finding(loc, what, Text("Remove one of them from `after`", "请从“after”中去掉其中一个"))
