"""Tables of cycles, tasks, messages and deeds for a terminal, in the reader's language."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text as Styled

from cli.door import Door
from config.words import Text
from engine.forecast import Told
from models.notification import NotificationKind
from models.queries import CycleLine, MessageView, PersonName, TaskLine
from web.words import SHAPES, reason, words_of

NONE = {"en": "Nothing to show.", "zh": "没有可显示的内容。"}
LATE = "bold red"


def table(door: Door, headings: Sequence[Text], rows: Iterable[Sequence[str | Styled]]) -> Table | str:
    """Lay rows under headings; where there are none, say so. Cells are shown as written, without markup."""
    cells = [[cell if isinstance(cell, Styled) else Styled(cell) for cell in row] for row in rows]
    if not cells:
        return NONE[door.language]
    made = Table(box=SIMPLE, pad_edge=False, show_edge=False)
    for heading in headings:
        made.add_column(Styled(door.say(heading)), overflow="fold")
    for row in cells:
        made.add_row(*row)
    return made


def more(door: Door, n_shown: int, n_all: int) -> list[str]:
    """Say that there is more than was shown."""
    if n_shown >= n_all:
        return []
    return [
        door.say(Text(f"{n_shown} of {n_all} shown; see --limit.", f"共 {n_all} 条，显示 {n_shown} 条；见 --limit。"))
    ]


def cycle_table(door: Door, lines: Sequence[CycleLine]) -> Table | str:
    """One line a cycle: where it stands, what is late."""
    headings = (Text("Cycle", "编号"), Text("Title", "标题"), Text("Unit", "科室"), Text("Lead", "负责人"),
                Text("Status", "状态"), Text("Stage", "阶段"), Text("Done", "完成"), Text("Overdue", "逾期"),
                Text("Next deadline", "下一期限"))  # fmt: skip
    return table(door, headings, (_cycle_cells(door, line) for line in lines))


def _cycle_cells(door: Door, line: CycleLine) -> list[str | Styled]:
    stage = f"{door.say(line.stage.title)} {line.stage.position + 1}/{line.stage.n_stages}" if line.stage else ""
    return [
        line.code,
        door.say(line.title),
        door.say(line.unit.name),
        line.lead.name,
        status(door, line.status),
        stage,
        f"{line.n_done}/{line.n_tasks}",
        Styled(str(line.n_overdue), style=LATE) if line.n_overdue else "",
        door.shown(line.next_deadline_at),
    ]


def task_table(door: Door, lines: Sequence[TaskLine], *, stage: bool = False) -> Table | str:
    """One line a task; with its stage where the list is that of one cycle."""
    headings = (Text("Stage", "阶段") if stage else Text("Cycle", "循环"), Text("Task", "任务"), Text("Title", "标题"),
                Text("Owners", "负责人"), Text("Status", "状态"), Text("Deadline", "期限"),
                Text("Evidence", "佐证"))  # fmt: skip
    rows: Iterable[list[str | Styled]] = (
        [
            line.stage if stage else line.code,
            line.slug,
            door.say(line.title),
            owners(line),
            status(door, line.status),
            deadline(door, line),
            _EVIDENCE[line.evidence].in_(door.language),
        ]
        for line in lines
    )
    return table(door, headings, rows)


_EVIDENCE = {"required": Text("required", "必须"), "optional": Text("optional", "可选"), "none": Text("", "")}


def owners(line: TaskLine) -> str:
    """Name the owners; before a task opens, the role that will find them."""
    return people(line.owners) or line.owner_role


def people(persons: Iterable[PersonName]) -> str:
    """Name people with the ids that commands take."""
    return ", ".join(f"{person.name} ({person.slug})" for person in persons)


def deadline(door: Door, line: TaskLine) -> Styled:
    """Write a deadline, and whether it has passed."""
    if line.is_overdue(door.now):
        return Styled(f"{door.shown(line.deadline_at)} {door.say(Text('overdue', '已逾期'))}", style=LATE)
    provisional = door.say(Text(" (provisional)", "（暂定）")) if line.provisional else ""
    return Styled(door.shown(line.deadline_at) + provisional)


def status(door: Door, member: StrEnum) -> str:
    """Write a status as a shape and a word."""
    return f"{SHAPES.get(member, '')} {door.say(words_of(member))}".strip()


def message_table(door: Door, messages: Sequence[MessageView]) -> Table | str:
    """One line a message: to whom, by which channel, what came of it and why."""
    headings = (Text("Planned", "计划时间"), Text("To", "收件人"), Text("What", "内容"), Text("About", "事项"),
                Text("Channel", "渠道"), Text("Status", "状态"), Text("Sent or next try", "发送或下次"),
                Text("Why", "原因"))  # fmt: skip
    return table(door, headings, (_message_cells(door, message) for message in messages))


def _message_cells(door: Door, message: MessageView) -> list[str | Styled]:
    last = message.deliveries[-1] if message.deliveries else None
    instead = door.say(Text(" for ", " 代 ")) + message.instead_of.name if message.instead_of else ""
    rung = message.rung or (str(message.level) if message.level else "")
    about = "/".join(filter(None, (message.code, message.task)))
    return [
        door.shown(message.planned_at),
        f"{message.person.name} ({message.person.slug}){instead}",
        f"{door.say(words_of(message.kind))} {rung}".strip(),
        about,
        last.channel if last else "",
        status(door, message.status),
        door.shown(last.settled_at or last.next_try_at) if last else "",
        door.say(reason(last.why)) if last else "",
    ]


def told_table(door: Door, told: Sequence[Told]) -> Table | str:
    """One line for each time that somebody will be told."""
    headings = (Text("When", "时间"), Text("What", "内容"), Text("About", "事项"), Text("To", "收件人"))
    rows = (
        [
            door.shown(one.at),
            f"{door.say(words_of(NotificationKind(one.kind)))} {one.rung or one.level or ''}".strip(),
            "/".join(filter(None, (one.cycle, one.task))),
            ", ".join(one.to),
        ]
        for one in told
    )
    return table(door, headings, rows)
