"""What the verbs of adverse events ask of the hospital's rules: who may, by when, and what to call an event."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from config.events import ANSWER, STATUTORY, TRIAGE, EventClass, EventRules, Severity
from config.words import Text
from engine.deadlines import deadline
from engine.deed import Deed
from engine.rules import Rules
from engine.sight import is_held
from models.errors import NotAllowed, NotFound, Refused
from models.event import Event, EventStatus

STATUS_WORDS = {
    EventStatus.RECEIVED: Text("received", "已收到"),
    EventStatus.TRIAGED: Text("being dealt with", "处理中"),
    EventStatus.ANALYSING: Text("causes are being looked for", "原因分析中"),
    EventStatus.CLOSED: Text("closed", "已办结"),
}


class NoEventRules(Refused):
    """There are no rules for adverse events: config/events.yaml is missing or has mistakes. See: wardcycle doctor"""

    zh = "没有不良事件规则：config/events.yaml 缺失或有误。请运行：wardcycle doctor"


class KindUnknown(Refused):
    """Choose one of the list: {known}."""

    zh = "请从列表中选择：{known}。"


class EventClosed(Refused):
    """Event {code} is closed. {who} answered the reporter on {at}; nothing was changed."""

    zh = "事件 {code} 已办结：{who}已于 {at} 回复报告人。没有任何改动。"


def event_rules(rules: Rules) -> EventRules:
    """Get the hospital's rules for events. Raises NoEventRules."""
    if rules.catalogue.events is None:
        raise NoEventRules
    return rules.catalogue.events


def get_event(session: Session, number: int, *, lock: bool = False) -> Event:
    """Get an event, for this transaction alone where it is to be changed. Raises NotFound."""
    found = select(Event).where(col(Event.id) == number).execution_options(populate_existing=lock)
    row = session.exec(found.with_for_update() if lock else found).one_or_none()
    if row is None:
        mend = Text("See `wardcycle event list` for all.", "全部事件见 `wardcycle event list`。")
        raise NotFound(noun=Text("event", "不良事件"), name=f"E{number:04d}", mend=mend)
    return row


def refuse_others(deed: Deed, roles: Collection[str]) -> None:
    """Refuse whoever holds none of these roles and stands in for nobody who does. Raises NotAllowed."""
    if not may(deed, roles):
        words = [deed.rules.catalogue.roles[role] for role in roles if role in deed.rules.catalogue.roles]
        allowed = Text(", ".join(one.en for one in words), "、".join(one.zh for one in words))
        raise NotAllowed(who=deed.name(deed.by), allowed=allowed)


def may(deed: Deed, roles: Collection[str]) -> bool:
    """Answer whether who acts holds one of these roles today, anywhere, or stands in for somebody who does."""
    people, on = deed.people, deed.today
    if deed.by is None or ((left := people.persons[deed.by].left_on) is not None and left <= on):
        return False
    return any(
        is_held(one, one.person_id, on) and deed.by in (one.person_id, people.told(one.person_id, on))
        for (role, _), held in people.holdings.items()
        if role in roles
        for one in held
    )


def refuse_closed(deed: Deed, event: Event) -> None:
    """Refuse work on an event that is closed: who comes second hears who was first. Raises EventClosed."""
    if event.status is EventStatus.CLOSED and event.closed_at is not None:
        at = f"{event.closed_at.astimezone(deed.rules.calendar.zone):%Y-%m-%d %H:%M}"
        raise EventClosed(code=event.code, who=deed.name(event.closed_by), at=at)


def known_kind(deed: Deed, kind: str) -> str:
    """Give a kind back where it is on the hospital's list. Raises KindUnknown."""
    kinds = event_rules(deed.rules).kinds
    if kind not in {one.id for one in kinds}:
        raise KindUnknown(known=listed([one.title for one in kinds]))
    return kind


def listed(titles: Sequence[Text]) -> Text:
    """Write titles in a row."""
    return Text(", ".join(one.en for one in titles), "、".join(one.zh for one in titles))


def due_at(rules: Rules, severity: Severity, task: str, received_at: datetime) -> datetime | None:
    """Find by when a task of an event of this class is due; None where the class has no such task."""
    written = class_of(rules, severity).deadlines.get(task)
    return deadline(written, received_at, rules.calendar).at if written else None


def class_of(rules: Rules, severity: Severity) -> EventClass:
    """Get what follows from a class."""
    return event_rules(rules).classes[severity]


def dues(rules: Rules, severity: Severity, received_at: datetime) -> dict[str, datetime | None]:
    """Find the columns of an event that its class sets."""
    return {
        "report_due_at": due_at(rules, severity, STATUTORY, received_at),
        "answer_due_at": due_at(rules, severity, ANSWER, received_at),
    }


def expected(rules: Rules, harm: str) -> Severity:
    """Find the class that a report lets expect; what nobody knows is taken for class II."""
    found = event_rules(rules).harm(harm)
    return found.severity if found else Severity.II


def is_overdue(event: Event, now: datetime) -> dict[str, bool]:
    """Say what of an event was not done in time: triage, statutory report, answer to the reporter; pure."""
    return {
        TRIAGE: (event.triaged_at or event.closed_at or now) > event.triage_due_at,
        STATUTORY: event.report_due_at is not None and (event.reported_at or now) > event.report_due_at,
        ANSWER: (event.closed_at or now) > event.answer_due_at,
    }
