"""What `wardcycle programme` says: an edition with its evidence, a plan with its load, a comparison, what was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.programme_parts import PARTS, evidence
from cli.shown import Shown
from cli.tables import table
from config.words import Text
from engine.programme_launch import Launched
from engine.programme_words import CHANGES, SUBJECTS

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.door import Door
    from config.programme import Programme
    from engine.people import Directory
    from engine.programme_adopt import Touched
    from engine.programme_diff import Difference
    from engine.programme_plan import ProgrammePlan


def editions_shown(door: Door, editions: Sequence[Programme]) -> Shown:
    """List editions, the latest last."""
    found = sorted(editions, key=lambda one: one.period.start)
    headings = (Text("Edition", "版本"), Text("Title", "名称"), Text("Document", "文号"), Text("Period", "期间"),
                Text("Measures", "举措"), Text("Special actions", "专项行动"))  # fmt: skip
    rows = (
        [one.id, door.say(one.title), one.document, f"{one.period.start} – {one.period.end}", str(len(one.measures)),
         str(len(one.special_actions))]
        for one in found
    )  # fmt: skip
    facts = {
        "editions": [
            one.model_dump(mode="json", include={"id", "title", "document", "period", "status"})
            | {"n_measures": len(one.measures), "n_special_actions": len(one.special_actions)}
            for one in found
        ]
    }
    following = [f"wardcycle programme show {found[-1].id}"] if found else []
    return Shown(facts, [table(door, headings, rows)], following)


def edition_shown(door: Door, programme: Programme, part: str) -> Shown:
    """Show one part of an edition, below what the edition is and what the marks of evidence mean."""
    legend = "  ".join(f"{evidence(door, status)}: {door.say(words)}" for status, words in programme.legend.items())
    head = [
        f"{door.say(programme.title)} · {programme.document} · {programme.period.start} – {programme.period.end}",
        door.say(programme.status),
        door.say(programme.note),
        legend,
    ]
    following = [f"wardcycle programme plan {programme.id} --unit UNIT"]
    return Shown(programme.model_dump(mode="json"), [*head, PARTS[part](door, programme)], following)


def difference_shown(
    door: Door, old: Programme, new: Programme, differences: Sequence[Difference], touched: Sequence[Touched]
) -> Shown:
    """Show what differs, and the running tasks that an adoption would change."""
    headings = (Text("What", "类型"), Text("Which", "对象"), Text("Change", "变化"), Text("Before", "原"),
                Text("After", "新"))  # fmt: skip
    rows = [
        [door.say(SUBJECTS[one.subject]), one.where, _change(door, one, name), before, after]
        for one in differences
        for name, (before, after) in (one.fields or {"": ("", "")}).items()
    ]
    facts = {
        "old": old.id,
        "new": new.id,
        "differences": [
            {"change": one.change.value, "subject": one.subject.value, "where": one.where,
             "fields": {key: list(pair) for key, pair in one.fields.items()}}
            for one in differences
        ],
        "tasks": _touched_facts(touched),
    }  # fmt: skip
    said = door.say(Text(f"Running tasks touched: {len(touched)}", f"涉及进行中的任务：{len(touched)} 项"))
    following = [f"wardcycle programme adopt {new.id} --from {old.id} --by PERSON --yes"] if touched else []
    return Shown(facts, [table(door, headings, rows), said, *_touched_table(door, touched)], following)


def plan_shown(door: Door, plan: ProgrammePlan, people: Directory, *, n_known: int) -> Shown:
    """Show what a launch opens, who gets how much, and every role that nobody holds."""
    load = plan.load().most_common()
    name = {person: people.persons[person] for person, _ in load}
    headings = (Text("Person", "人员"), Text("Tasks", "任务"))
    vacancies = [f"{one.role} ({one.unit.slug}): {', '.join(one.measures)}" for one in plan.vacancies]
    facts = {
        "edition": plan.programme.id,
        "unit": plan.root.slug,
        "n_cycles": len(plan.cycles),
        "n_tasks": plan.n_tasks,
        "n_known": n_known,
        "load": {name[person].slug: n for person, n in load},
        "unstaffed": [
            {"role": one.role, "unit": one.unit.slug, "measures": list(one.measures)} for one in plan.vacancies
        ],
        "cycles": [
            {"measure": one.measure.id, "unit": one.unit.slug, "tasks": [
                {"task": task.slug, "role": task.role, "owners": [people.persons[p].slug for p in task.owners],
                 "deadline": task.deadline_at.isoformat(), "unstaffed": task.unstaffed}
                for task in one.tasks
            ], "indicators": list(one.template.indicators)}
            for one in plan.cycles
        ],
    }  # fmt: skip
    rows = ([f"{name[person].name} ({name[person].slug})", str(n)] for person, n in load)
    said = Text(
        f"A launch opens {len(plan.cycles)} cycles with {plan.n_tasks} tasks for {len(load)} people; "
        f"{n_known} were launched already.",
        f"将启动 {len(plan.cycles)} 个循环、{plan.n_tasks} 项任务，涉及 {len(load)} 人；{n_known} 个此前已启动。",
    )
    lacking = [door.say(Text("Nobody holds these roles:", "以下角色无人担任：")), *vacancies] if vacancies else []
    extra = " --allow-unstaffed" if vacancies else ""
    following = [f"wardcycle programme launch {plan.programme.id} --unit {plan.root.slug}{extra}"]
    return Shown(facts, [door.say(said), table(door, headings, rows), *lacking], following)


def launched_shown(door: Door, plan: ProgrammePlan, done: Launched) -> Shown:
    """Say what was opened, and what ran already."""
    facts = {"edition": plan.programme.id, "opened": done.n_opened, "known": done.n_known}
    said = Text(f"Opened {done.n_opened} cycles; {done.n_known} were there already.",
                f"已启动 {done.n_opened} 个循环；{done.n_known} 个此前已启动。")  # fmt: skip
    return Shown(facts, [door.say(said)], ["wardcycle cycle list"])


def adopted_shown(door: Door, new: Programme, old: str, touched: Sequence[Touched], *, done: bool, by: str) -> Shown:
    """Say which tasks changed, or would."""
    facts = {"edition": new.id, "from": old, "done": done, "tasks": _touched_facts(touched)}
    n = len(touched)
    said = Text(f"Changed {n} tasks.", f"已更新 {n} 项任务。") if done else Text(
        f"{n} tasks would change; nothing was changed yet.", f"将更新 {n} 项任务；目前尚未改动。"
    )  # fmt: skip
    following = [] if done else [f"wardcycle programme adopt {new.id} --from {old} --by {by} --yes"]
    return Shown(facts, [door.say(said), *_touched_table(door, touched)], following)


def _change(door: Door, one: Difference, name: str) -> str:
    return f"{door.say(CHANGES[one.change])} {name}".strip()


def _touched_table(door: Door, touched: Sequence[Touched]) -> list[RenderableType]:
    headings = (Text("Cycle", "编号"), Text("Task", "任务"), Text("What", "内容"), Text("New title", "新标题"),
                Text("New deadline", "新期限"))  # fmt: skip
    rows = (
        [one.launched.code, one.slug, ", ".join(one.fields), door.say(one.after.title), str(one.until or "")]
        for one in touched
    )
    return [table(door, headings, rows)] if touched else []


def _touched_facts(touched: Sequence[Touched]) -> list[dict[str, object]]:
    return [
        {"cycle": one.launched.code, "task": one.slug, "fields": list(one.fields),
         "until": one.until.isoformat() if one.until else None}
        for one in touched
    ]  # fmt: skip
