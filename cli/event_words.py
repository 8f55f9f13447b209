"""An adverse event as a terminal shows it: its clocks, what happened, the cycles that began from it."""

from collections.abc import Sequence

from rich.console import RenderableType
from sqlmodel import Session

from cli.door import Door
from cli.facts import plain
from cli.shown import Shown
from cli.tables import more, status, table
from config.events import ANSWER, STATUTORY, TRIAGE, EventRules
from config.words import Text
from engine.event_rules import STATUS_WORDS, event_rules, get_event, is_overdue
from models.event import Event, EventStatus
from models.reads.events import EventLine, EventPage, EventView, read_event

HEADINGS = (
    Text("Event", "编号"),
    Text("Kind", "类别"),
    Text("Unit", "科室"),
    Text("Class", "级别"),
    Text("Status", "状态"),
    Text("Received", "收到"),
    Text("Answer due", "应回复"),
)


def list_parts(door: Door, page: EventPage) -> Sequence[RenderableType]:
    """Write a list of events for people, one line each."""
    rules = event_rules(door.rules)
    rows = [_line(door, rules, one) for one in page.lines]
    return [table(door, HEADINGS, rows), *more(door, len(rows), page.n_all)]


def _line(door: Door, rules: EventRules, one: EventLine) -> list[str]:
    late = f" ▲ {door.say(Text('overdue', '逾期'))}" if one.overdue else ""
    return [
        one.row.code,
        door.say(rules.kind(one.row.kind)),
        door.say(one.unit.name),
        one.row.severity or "",
        door.say(STATUS_WORDS[one.row.status]) + late,
        door.shown(one.row.received_at),
        door.shown(one.row.answer_due_at),
    ]


def parts_of(door: Door, view: EventView) -> Sequence[RenderableType]:
    """Write an event for people."""
    row, rules = view.row, event_rules(door.rules)
    severity = door.say(rules.classes[row.severity].title) if row.severity else "–"
    harm = rules.harm(row.harm)
    parts: list[RenderableType] = [
        f"{row.code}  {door.say(rules.kind(row.kind))} · {door.say(view.unit.name)}",
        f"{door.say(STATUS_WORDS[row.status])} · {severity} · {door.say(harm.title) if harm else row.harm}",
        _clocks(door, view),
        row.what,
    ]
    if row.done_at_once:
        parts.append(f"{door.say(Text('Done at once', '已采取的措施'))}: {row.done_at_once}")
    if row.answer:
        parts.append(f"{door.say(Text('Answer to the reporter', '回复报告人'))}: {row.answer}")
    for one in view.cycles:
        title = door.say(Text(one.title_en, one.title_zh))
        parts.append(f"{one.code}  {title} · {status(door, one.status)}")
    return parts


def _clocks(door: Door, view: EventView) -> RenderableType:
    row, late = view.row, is_overdue(view.row, door.now)
    headings = (Text("Deadline", "时限"), Text("By", "最迟"), Text("Done", "完成"), Text("Late", "逾期"))
    clocks = (
        (Text("Triage", "定级"), row.triage_due_at, row.triaged_at or row.closed_at, TRIAGE),
        (Text("Statutory report", "法定上报"), row.report_due_at, row.reported_at, STATUTORY),
        (Text("Answer to the reporter", "回复报告人"), row.answer_due_at, row.closed_at, ANSWER),
    )
    rows = [
        [door.say(words), door.shown(due), door.shown(done), "▲" if late[task] else ""]
        for words, due, done, task in clocks
        if due
    ]
    return table(door, headings, rows)


def shown(door: Door, session: Session, number: int) -> Shown:
    """Show one event with what may be done next."""
    event = get_event(session, number)
    view = read_event(session, number)
    assert view is not None
    facts = facts_of(door, event) | {
        "what": event.what,
        "done_at_once": event.done_at_once,
        "answer": event.answer,
        "cycles": plain([one.code for one in view.cycles], door.rules.calendar.zone),
    }
    return Shown({"event": facts}, parts_of(door, view), [_following(event)])


def facts_of(door: Door, event: Event) -> dict[str, object]:
    """Say of an event what lists need: neither its code's mark nor who reported it."""
    zone = door.rules.calendar.zone
    left_out = {"code_mark", "what", "done_at_once", "answer", "id"}
    found = {name: plain(value, zone) for name, value in event.model_dump().items() if name not in left_out}
    late = [task for task, is_late in is_overdue(event, door.now).items() if is_late]
    return {"number": event.id, "code": event.code} | found | {"overdue": late}


def _following(event: Event) -> str:
    if event.status is EventStatus.RECEIVED:
        return f"wardcycle event triage {event.id} --class III --by PERSON"
    if event.report_due_at is not None and event.reported_at is None:
        return f"wardcycle event statutory {event.id} --by PERSON"
    if event.status is EventStatus.CLOSED:
        return "wardcycle event list"
    return f"wardcycle event close {event.id} --answer TEXT --by PERSON"
