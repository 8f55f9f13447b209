"""`wardcycle cycle`: list, show, pause, resume, cancel, and approve a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cli.groups import group
from cli.options import TIMED, Acting, Limit, Timed, Why
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from cli.door import Door
    from models.queries import CycleView

app = group("cycle", say("Improvement cycles.", "改进循环。"))

Code = Annotated[str, Parameter(help=say("The cycle's code, such as C2026-0001.", "循环编号，如 C2026-0001。"))]
Address = Annotated[str, Parameter(help=say("CODE/stage, such as C2026-0001/plan.", "编号/阶段，如 C2026-0001/plan。"))]
Statuses = Literal["planned", "active", "paused", "closed", "cancelled"]
Outcomes = Literal["adopt", "adapt", "abandon", "continue"]


@app.command(name="list", help=say("List cycles: where each stands, what is late.", "列出循环：进行到哪里，有何逾期。"))
def list_(
    *,
    status: Annotated[
        Statuses | None, Parameter(help=say("Only those in this status.", "只列出该状态的循环。"))
    ] = None,
    unit: Annotated[str | None, Parameter(help=say("Only those of this unit.", "只列出该科室的循环。"))] = None,
    lead: Annotated[str | None, Parameter(help=say("Only those led by this person.", "只列出该负责人的循环。"))] = None,
    template: Annotated[str | None, Parameter(help=say("Only those of this template.", "只列出该模板的循环。"))] = None,
    overdue: Annotated[bool, Parameter(help=say("Only those with overdue tasks.", "只列出有逾期任务的循环。"))] = False,
    text: Annotated[
        str, Parameter(help=say("Only those with this in title or code.", "标题或编号中含有的文字。"))
    ] = "",
    limit: Limit = 50,
    timed: Timed = TIMED,
) -> Shown:
    from cli.door import open_door
    from cli.facts import plain
    from cli.tables import cycle_table, more
    from models.cycle import CycleStatus
    from models.queries import CycleFilter, list_cycles

    wanted = CycleFilter(CycleStatus(status) if status else None, unit=unit, lead=lead, template=template,
                         overdue=overdue, text=text)  # fmt: skip
    with open_door(timed) as door, door.reading() as session:
        page = list_cycles(session, wanted, now=door.now, limit=limit)
        facts = {"cycles": plain(page.rows, door.rules.calendar.zone), "n_all": page.n_all}
        parts = [cycle_table(door, page.rows), *more(door, len(page.rows), page.n_all)]
    following = f"wardcycle cycle show {page.rows[0].code}" if page.rows else "wardcycle template list"
    return Shown(facts, parts, [following])


@app.command(help=say("Show a cycle with stages, tasks and what it waits for.", "查看循环的阶段、任务和等待事项。"))
def show(code: Code, /, *, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door

    with open_door(timed) as door:
        return show_cycle(door, code)


@app.command(help=say("Let a cycle rest: nothing is reminded until it is resumed.", "暂停循环：恢复前不再提醒。"))
def pause(code: Code, /, *, why: Why, acting: Acting) -> Shown:
    from engine.cycles import pause_cycle

    return _change(code, why, acting, pause_cycle)


@app.command(help=say("Go on with a paused cycle; its deadlines move on.", "恢复已暂停的循环，期限相应顺延。"))
def resume(code: Code, /, *, why: Why, acting: Acting) -> Shown:
    from engine.cycles import resume_cycle

    return _change(code, why, acting, resume_cycle)


@app.command(help=say("Stop a cycle for good; everybody concerned is told.", "取消循环（不可恢复），并通知相关人员。"))
def cancel(code: Code, /, *, why: Why, acting: Acting) -> Shown:
    from engine.cycles import cancel_cycle

    return _change(code, why, acting, cancel_cycle)


@app.command(help=say("Let a finished stage pass its gate.", "批准任务已完成的阶段。"))
def approve(
    address: Address,
    /,
    *,
    note: Annotated[str, Parameter(help=say("What speaks for it; stays in the record.", "批准依据，将永久留存。"))],
    outcome: Annotated[
        Outcomes | None, Parameter(help=say("What comes of the cycle; for Act.", "处理结论，仅用于处理阶段。"))
    ] = None,
    signed: Annotated[
        bool,
        Parameter(help=say("The doubts were weighed, as the note says.", "已权衡疑点，理由见说明。"), negative=""),
    ] = False,
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from engine.stages import approve_stage
    from models.assessment import Ending
    from models.queries import get_stage

    with open_door(acting) as door:
        with door.writing() as session:
            stage = get_stage(session, address)
            approve_stage(
                session,
                stage.id,
                note=note,
                rules=door.rules,
                by=door.by(session),
                now=door.now,
                ending=Ending(outcome) if outcome else None,
                signed=signed,
            )
        return show_cycle(door, address.partition("/")[0], changed=True)


def _change(code: str, why: str, acting: Acting, verb: Callable[..., None]) -> Shown:
    from cli.door import open_door
    from models.queries import get_cycle

    with open_door(acting) as door:
        with door.writing() as session:
            cycle = get_cycle(session, code)
            verb(session, cycle.id, rules=door.rules, by=door.by(session), why=why, now=door.now)
        return show_cycle(door, code, changed=True)


def show_cycle(door: Door, code: str, *, changed: bool = False, first: Sequence[str] = ()) -> Shown:
    """Show a cycle as it stands now, and what its gate misses. first: what is to be said before."""
    from cli.facts import plain
    from cli.gate import following, lacking, lacking_lines
    from cli.tables import task_table
    from models.queries import cycle_view

    with door.reading() as session:
        view = cycle_view(session, code, now=door.now)
        missing = lacking(door, session, view)
        facts = {"cycle": plain(view, door.rules.calendar.zone), "missing": plain(missing, door.rules.calendar.zone)}
        lines = [task.line for task in view.tasks()]
        parts: list[RenderableType] = [*first, *_heading(door, view), *lacking_lines(door, missing)]
        parts.append(task_table(door, lines, stage=True))
    return Shown(facts, parts, following(view, missing), told=door.told(view.line.code) if changed else "")


def _heading(door: Door, view: CycleView) -> list[str]:
    from cli.tables import status
    from config.words import Text

    line = view.line
    stages = " > ".join(f"{door.say(stage.title)} {status(door, stage.status)}" for stage in view.stages)
    who = Text(f"Lead: {line.lead.name} ({line.lead.slug})", f"负责人：{line.lead.name}（{line.lead.slug}）")
    n = line.template_version
    template = Text(f"Template: {view.template.en}, version {n}", f"模板：{view.template.zh}，第 {n} 版")
    why = f" ({line.why})" if line.why else ""
    return [
        f"{line.code}  {door.say(line.title)}",
        f"{door.say(line.unit.name)} · {door.say(who)} · {door.say(template)} · {status(door, line.status)}{why}",
        stages,
        "",
    ]
