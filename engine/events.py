"""Adverse events: deciding their class, and deciding it anew."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from config.events import TRIAGE, Severity
from engine.deed import Deed
from engine.event_counts import count_event
from engine.event_cycles import ANALYSIS, HANDLING, cycles_of, end_tasks, follow_class, launch_part
from engine.event_rules import dues, event_rules, get_event, known_kind, refuse_closed, refuse_others
from engine.rules import Rules
from models.audit import record
from models.errors import ReasonMissing, Refused
from models.event import Event, EventStatus


class NotTriaged(Refused):
    """Event {code} has no class yet. Decide it first."""

    zh = "事件 {code} 尚未定级，请先定级。"


class TriagedAlready(Refused):
    """{who} has given event {code} the class {severity}. Change the class with a reason, if it is another one."""

    zh = "{who}已将事件 {code} 定为 {severity} 级。如需更改，请写明理由后重新定级。"


class GivenTriage(BaseModel):
    """What triage decides. kind, unit: where the report was wrong about it. lead: of the root cause analysis."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    severity: Severity
    kind: str | None = None
    unit: str | None = None
    lead: str | None = None


def triage_event(session: Session, event_id: int, given: GivenTriage, *, rules: Rules, by: int, now: datetime) -> Event:
    """Give an event its class: what follows from it begins, deadlines count from the report.

    The same class a second time changes nothing. Raises NotAllowed, EventClosed, TriagedAlready, KindUnknown, NotFound.
    """
    deed = Deed(session, rules, by, now)
    event = get_event(session, event_id, lock=True)
    refuse_others(deed, event_rules(rules).handled_by)
    if event.status is not EventStatus.RECEIVED and event.severity is given.severity:
        return event
    refuse_closed(deed, event)
    if event.status is not EventStatus.RECEIVED:
        raise TriagedAlready(who=deed.name(event.triaged_by), code=event.code, severity=event.severity)
    lead = deed.people.taker(given.lead, deed.today).id if given.lead else None
    kind = known_kind(deed, given.kind or event.kind)
    unit_id = deed.people.unit(given.unit).id if given.unit else event.unit_id
    values: dict[str, object] = {
        "severity": given.severity, "kind": kind, "unit_id": unit_id, "triaged_at": now, "triaged_by": by,
        **dues(rules, given.severity, event.received_at),
    }  # fmt: skip
    deed.move(Event, [event_id], EventStatus.RECEIVED, EventStatus.TRIAGED, values=values)
    after = {"severity": given.severity.value, "kind": kind, "unit": unit_id}
    record(session, "event.class", "event", event_id, by=by, now=now, after=after)
    event = get_event(session, event_id, lock=True)
    end_tasks(deed, event, TRIAGE, "triaged")
    launch_part(deed, event, HANDLING, given.severity)
    if launch_part(deed, event, ANALYSIS, given.severity, lead=lead):
        deed.move(Event, [event_id], EventStatus.TRIAGED, EventStatus.ANALYSING)
    deed.finish()
    return get_event(session, event_id, lock=True)


def reclassify_event(
    session: Session, event_id: int, severity: Severity, *, why: str, rules: Rules, by: int, now: datetime
) -> Event:
    """Give an event another class, with a reason; deadlines and counts follow, also of one that is closed.

    Raises NotAllowed, NotTriaged, ReasonMissing.
    """
    deed = Deed(session, rules, by, now)
    event = get_event(session, event_id, lock=True)
    refuse_others(deed, event_rules(rules).handled_by)
    if event.severity is None:
        raise NotTriaged(code=event.code)
    if event.severity is severity:
        return event
    if not why.strip():
        raise ReasonMissing()
    before = {"severity": event.severity.value}
    event.severity = severity
    if event.status is not EventStatus.CLOSED:
        for column, at in dues(rules, severity, event.received_at).items():
            setattr(event, column, at)
    session.add(event)
    session.flush()
    after = {"severity": severity.value}
    record(session, "event.reclassify", "event", event_id, by=by, now=now, before=before, after=after, why=why)
    if event.status is not EventStatus.CLOSED:
        follow_class(deed, event, severity, why)
        if event.status is EventStatus.TRIAGED and cycles_of(session, event, ANALYSIS):
            deed.move(Event, [event_id], EventStatus.TRIAGED, EventStatus.ANALYSING)
        deed.finish()
    count_event(session, event, rules=rules, now=now)
    return get_event(session, event_id, lock=True)
