"""`wardcycle task`: list, show, move a deadline, give a task to somebody else, take one over, take an answer back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cli.groups import group
from cli.options import TIMED, Acting, Limit, Timed, Why
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.door import Door
    from engine.case import Receipt
    from models.queries import TaskView

app = group("task", say("Tasks of cycles.", "循环中的任务。"))

Address = Annotated[
    str, Parameter(help=say("CODE/task, such as C2026-0001/causes.", "编号/任务，如 C2026-0001/causes。"))
]
Statuses = Literal["waiting", "open", "deciding", "paused", "done", "stopped"]


@app.command(name="list", help=say("List tasks, the earliest deadline first.", "列出任务，期限最早的在前。"))
def list_(
    *,
    status: Annotated[
        Statuses | None, Parameter(help=say("Only those in this status.", "只列出该状态的任务。"))
    ] = None,
    overdue: Annotated[bool, Parameter(help=say("Only overdue ones.", "只列出逾期任务。"))] = False,
    person: Annotated[str | None, Parameter(help=say("Only those of this owner.", "只列出该负责人的任务。"))] = None,
    cycle: Annotated[str | None, Parameter(help=say("Only those of this cycle.", "只列出该循环的任务。"))] = None,
    unstaffed: Annotated[
        bool, Parameter(help=say("Only those that nobody's role covers.", "只列出缺员任务。"))
    ] = False,
    limit: Limit = 50,
    timed: Timed = TIMED,
) -> Shown:
    from cli.door import open_door
    from cli.facts import plain
    from cli.tables import more, task_table
    from models.queries import TaskFilter, list_tasks
    from models.task import TaskStatus

    wanted = TaskFilter(TaskStatus(status) if status else None, overdue, person, cycle, unstaffed)
    with open_door(timed) as door, door.reading() as session:
        page = list_tasks(session, wanted, now=door.now, limit=limit)
        facts = {"tasks": plain(page.rows, door.rules.calendar.zone), "n_all": page.n_all}
        parts = [task_table(door, page.rows), *more(door, len(page.rows), page.n_all)]
    return Shown(facts, parts, [f"wardcycle task show {page.rows[0].address}" if page.rows else "wardcycle cycle list"])


@app.command(
    help=say("Show a task: answers, decisions, who was told and what failed.", "查看任务：答复、决定、通知及失败原因。")
)
def show(address: Address, /, *, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door
    from cli.facts import plain
    from cli.next_step import after_task
    from models.queries import task_view

    with open_door(timed) as door, door.reading() as session:
        view = task_view(session, address, now=door.now)
        facts = {"task": plain(view, door.rules.calendar.zone)}
        return Shown(facts, _parts(door, view), after_task(view.line))


@app.command(help=say("Move the deadline of an open task.", "变更进行中任务的期限。"))
def move(
    address: Address,
    /,
    *,
    until: Annotated[str, Parameter(help=say("The new date, such as 2026-03-31.", "新的日期，如 2026-03-31。"))],
    why: Why,
    acting: Acting,
) -> Shown:
    from cli.door import open_door, read_date
    from engine.changes import move_deadline
    from models.queries import get_task

    with open_door(acting) as door:
        day = read_date(until, "--until")
        assert day is not None
        with door.writing() as session:
            task = get_task(session, address)
            given = move_deadline(
                session, task.id, until=day, why=why, rules=door.rules, by=door.by(session), now=door.now
            )
        return show_receipt(door, given)


@app.command(help=say("Give a task to somebody else; its deadline stays.", "把任务交给其他人，期限不变。"))
def reassign(
    address: Address,
    /,
    *,
    to: Annotated[str, Parameter(help=say("To whom: a person's id.", "交给谁：人员编号。"))],
    why: Why,
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from engine.changes import reassign_task
    from models.queries import get_task

    with open_door(acting) as door:
        with door.writing() as session:
            task = get_task(session, address)
            given = reassign_task(session, task.id, to=to, why=why, rules=door.rules, by=door.by(session), now=door.now)
        return show_receipt(door, given)


@app.command(help=say("Take over a task that its owner has handed over.", "接手他人移交的任务。"))
def take(address: Address, /, *, acting: Acting) -> Shown:
    from cli.door import open_door
    from engine.tasks import take_task
    from models.queries import get_task

    with open_door(acting) as door:
        with door.writing() as session:
            task = get_task(session, address)
            given = take_task(session, task.id, rules=door.rules, by=door.by(session), now=door.now)
        return show_receipt(door, given)


@app.command(help=say("Take the newest answer back, within ten minutes.", "撤回最新的答复（十分钟内）。"))
def undo(address: Address, /, *, acting: Acting) -> Shown:
    from cli.door import open_door
    from engine.undo import newest_answer, undo_answer
    from models.queries import get_task

    with open_door(acting) as door:
        with door.writing() as session:
            answer_id = newest_answer(session, get_task(session, address).id)
            given = undo_answer(session, answer_id, rules=door.rules, by=door.by(session), now=door.now)
        return show_receipt(door, given)


def show_receipt(door: Door, receipt: Receipt) -> Shown:
    """Show what was understood and what it brought about, with the next step of the whole cycle."""
    from cli.facts import plain
    from cli.gate import following, lacking
    from cli.tables import status
    from config.words import Text
    from models.queries import cycle_view

    with door.reading() as session:
        view = cycle_view(session, receipt.cycle_code, now=door.now)
        missing = lacking(door, session, view)
    address, due = f"{receipt.cycle_code}/{receipt.task}", door.shown(receipt.deadline_at)
    shown = status(door, receipt.status)
    lines = [
        Text(
            f"Noted: {address}, {receipt.kind}, by {receipt.by_name}.",
            f"已记录：{address}，{receipt.kind}，{receipt.by_name}。",
        ),
        Text(f"The task is now: {shown}. Deadline: {due}.", f"任务状态：{shown}。期限：{due}。"),
    ]
    if receipt.opened:
        names = ", ".join(receipt.opened)
        lines.append(Text(f"Opened by this: {names}.", f"由此开始的任务：{names}。"))
    facts = {"receipt": plain(receipt, door.rules.calendar.zone)}
    return Shown(
        facts, [door.say(line) for line in lines], following(view, missing), told=door.told(receipt.cycle_code)
    )


def _parts(door: Door, view: TaskView) -> list[RenderableType]:
    from cli.tables import deadline, message_table, owners, status
    from config.words import Text

    line = view.line
    parts: list[RenderableType] = [
        f"{line.address}  {door.say(line.title)}",
        f"{status(door, line.status)} · {door.say(Text('owners', '负责人'))}: {owners(line)}",
        deadline(door, line),
    ]
    if view.guidance:
        parts.append(door.say(view.guidance))
    for heading, table in (
        (Text("Answers", "答复"), _answers(door, view)),
        (Text("Decisions", "决定"), _decisions(door, view)),
    ):
        if table is not None:
            parts += ["", door.say(heading), table]
    return [*parts, "", door.say(Text("Messages", "通知")), message_table(door, view.messages)]


def _answers(door: Door, view: TaskView) -> RenderableType | None:
    from cli.tables import table
    from config.words import Text
    from web.words import words_of

    if not view.answers:
        return None
    headings = (
        Text("At", "时间"),
        Text("By", "人员"),
        Text("Answer", "答复"),
        Text("Note", "说明"),
        Text("Files", "佐证"),
    )
    rows = (
        [
            door.shown(one.at),
            one.by.name,
            " ".join(
                filter(
                    None,
                    (
                        door.say(words_of(one.kind)),
                        str(one.until_on or ""),
                        one.to.name if one.to else "",
                        door.say(Text("(taken back)", "（已撤回）")) if one.undone_at else "",
                    ),
                )
            ),
            one.note,
            ", ".join(file.name for file in one.evidence),
        ]
        for one in view.answers
    )
    return table(door, headings, rows)


def _decisions(door: Door, view: TaskView) -> RenderableType | None:
    from cli.tables import people, table
    from config.words import Text
    from web.words import reason, words_of

    if not view.decisions:
        return None
    headings = (
        Text("Asked", "提出时间"),
        Text("About", "事项"),
        Text("Of", "决定人"),
        Text("Outcome", "结果"),
        Text("Why", "理由"),
    )
    rows = (
        [
            door.shown(one.asked_at),
            door.say(words_of(one.kind)),
            people(one.asked),
            door.say(words_of(one.outcome)) if one.outcome else "",
            door.say(reason(one.why)),
        ]
        for one in view.decisions
    )
    return table(door, headings, rows)
