"""What ends an event: statutory report, answer to the reporter, a cycle that begins from it; and who reported."""

from datetime import datetime

from sqlmodel import Session, select

from config.events import ANSWER, STATUTORY, TRIAGE
from config.words import Text
from engine.deed import Deed
from engine.event_cycles import ANALYSIS, cycles_of, end_tasks, is_running
from engine.event_rules import class_of, event_rules, get_event, may, refuse_closed, refuse_others
from engine.identifiers import refuse_identifiers
from engine.launch import Launch
from engine.origins import launch_from
from engine.rules import Rules
from engine.sight import HEAD
from models.assessment import OriginKind
from models.audit import record
from models.cycle import Cycle, Stage, StageStatus
from models.errors import Refused
from models.event import Event, EventReporter, EventStatus

MOST_WORDS = 4000
THE_ANSWER = Text("Answer to the reporter", "回复报告人")


class NoClassYet(Refused):
    """Event {code} has no class yet. Decide it first, or set the event aside with an answer."""

    zh = "事件 {code} 尚未定级。请先定级；如不属于不良事件，请选择“不作为事件处理”并回复报告人。"


class AnswerMissing(Refused):
    """The reporter must hear what came of it. Write in a few sentences what was found and what changes."""

    zh = "必须回复报告人。请用几句话写明发现了什么、有何改进。"


class StatutoryMissing(Refused):
    """The statutory report of event {code} is not noted yet. Report it first, or change the class with a reason."""

    zh = "事件 {code} 尚未登记法定上报。请先上报，或写明理由更改级别。"


class AnalysisOpen(Refused):
    """The causes are not known yet: the plan of {cycle} is still open. Close the event when it is approved."""

    zh = "原因尚未查明：{cycle} 的计划阶段仍在进行。请在其批准后再办结事件。"


class NoStatutoryReport(Refused):
    """Events of this class need no statutory report."""

    zh = "该级别的事件不需要法定上报。"


def report_statutory(session: Session, event_id: int, *, note: str, rules: Rules, by: int, now: datetime) -> Event:
    """Note that the authority was told; a second time changes nothing. note: the number of the report, say.

    Raises NotAllowed, NoClassYet, NoStatutoryReport, EventClosed.
    """
    deed, event = _open(session, event_id, rules, by, now)
    refuse_closed(deed, event)
    if event.severity is None:
        raise NoClassYet(code=event.code)
    if event.report_due_at is None:
        raise NoStatutoryReport
    if event.reported_at is None:
        refuse_identifiers({Text("Note", "备注"): note})
        event.reported_at, event.reported_by = now, by
        session.add(event)
        session.flush()
        record(session, "event.report", "event", event_id, by=by, now=now, why=note.strip()[:300])
        end_tasks(deed, event, STATUTORY, "reported")
        deed.finish()
    return event


def close_event(
    session: Session,
    event_id: int,
    answer: str,
    *,
    rules: Rules,
    by: int,
    now: datetime,
    set_aside: bool = False,
) -> Event:
    """Close an event with what its reporter will read; the same a second time changes nothing.

    set_aside: it was none, or was reported already; only before triage, and it is counted nowhere.
    Raises NotAllowed, AnswerMissing, IdentifierFound, NoClassYet, StatutoryMissing, AnalysisOpen, EventClosed.
    """
    deed, event = _open(session, event_id, rules, by, now)
    answer = answer.strip()[:MOST_WORDS]
    if event.status is EventStatus.CLOSED and (event.answer, event.closed_by) == (answer, by):
        return event
    refuse_closed(deed, event)
    if not answer:
        raise AnswerMissing
    refuse_identifiers({THE_ANSWER: answer})
    if event.status is EventStatus.RECEIVED and not set_aside:
        raise NoClassYet(code=event.code)
    _refuse_unfinished(deed, event)
    aside = event.status is EventStatus.RECEIVED
    values = {"answer": answer, "closed_at": now, "closed_by": by, "set_aside": aside}
    deed.move(Event, [event_id], event.status, EventStatus.CLOSED, values=values)
    event = get_event(session, event_id, lock=True)
    for slug in (TRIAGE, ANSWER):
        end_tasks(deed, event, slug, "closed")
    deed.finish()
    return event


def open_cycle(
    session: Session,
    event_id: int,
    *,
    template: str = "pdca",
    lead: str | None = None,
    title: Text | None = None,
    rules: Rules,
    by: int,
    now: datetime,
) -> Cycle:
    """Launch a cycle from an event, everything filled in from it; pressed twice it is the same cycle.

    By whoever handles events, or the head of the unit. Raises NotAllowed, NoClassYet, EventClosed, Unstaffed.
    """
    deed = Deed(session, rules, by, now)
    event = get_event(session, event_id, lock=True)
    if not _heads(deed, event):
        refuse_others(deed, event_rules(rules).handled_by)
    refuse_closed(deed, event)
    if event.severity is None:
        raise NoClassYet(code=event.code)
    launch = filled_in(deed, event, template=template, lead=lead, title=title)
    opened = launch_from(
        session, OriginKind.EVENT, event_id, launch, rules=rules, by=by, now=now, part=f"cycle:{template}"
    )
    if event.status is EventStatus.TRIAGED:
        deed.move(Event, [event_id], EventStatus.TRIAGED, EventStatus.ANALYSING)
    return opened


def filled_in(
    deed: Deed, event: Event, *, template: str = "pdca", lead: str | None = None, title: Text | None = None
) -> Launch:
    """Fill in the launch of a cycle from an event: template, unit, lead, both titles, start. Nothing is written."""
    people = deed.people
    unit = people.units[event.unit_id]
    kind = event_rules(deed.rules).kind(event.kind)
    heads = people.holders(HEAD, event.unit_id, deed.today)
    default = people.persons[heads[0]].slug if heads else people.persons[deed.by or 0].slug
    title = title or Text(f"{unit.name_en}: {kind.en} ({event.code})", f"{unit.name_zh}：{kind.zh}（{event.code}）")
    return Launch(
        template=template, unit=unit.slug, lead=lead or default, title=title.en, title_zh=title.zh, start=deed.now,
        allow_unstaffed=True,
    )  # fmt: skip


def read_reporter(session: Session, event_id: int, *, rules: Rules, by: int, now: datetime) -> str | None:
    """Give who reported, still sealed; None where nobody said so. Each look is audited. Raises NotAllowed."""
    deed = Deed(session, rules, by, now)
    refuse_others(deed, event_rules(rules).reporter_seen_by)
    found = session.exec(select(EventReporter).where(EventReporter.event_id == event_id)).one_or_none()
    record(session, "event.reporter", "event", event_id, by=by, now=now, after={"is_known": found is not None})
    return found.sealed if found else None


def may_handle(deed: Deed) -> bool:
    """Answer whether who acts may triage and close events."""
    return may(deed, event_rules(deed.rules).handled_by)


def may_open(deed: Deed, event: Event) -> bool:
    """Answer whether who acts may open a cycle from an event that has its class and is not closed."""
    is_ready = event.severity is not None and event.status is not EventStatus.CLOSED
    return is_ready and (_heads(deed, event) or may_handle(deed))


def may_see_reporter(deed: Deed) -> bool:
    """Answer whether who acts may read who reported."""
    return may(deed, event_rules(deed.rules).reporter_seen_by)


def _heads(deed: Deed, event: Event) -> bool:
    heads = deed.people.holders(HEAD, event.unit_id, deed.today)
    return deed.by in {*heads, *(deed.people.told(head, deed.today) for head in heads)}


def _open(session: Session, event_id: int, rules: Rules, by: int, now: datetime) -> tuple[Deed, Event]:
    deed = Deed(session, rules, by, now)
    event = get_event(session, event_id, lock=True)
    refuse_others(deed, event_rules(rules).handled_by)
    return deed, event


def _refuse_unfinished(deed: Deed, event: Event) -> None:
    if event.severity is None:
        return
    if event.report_due_at is not None and event.reported_at is None:
        raise StatutoryMissing(code=event.code)
    if class_of(deed.rules, event.severity).analysis is None:
        return
    for cycle in filter(is_running, cycles_of(deed.session, event, ANALYSIS)):
        plan = deed.session.exec(select(Stage).where(Stage.cycle_id == cycle.id, Stage.position == 0)).one()
        if plan.status is not StageStatus.CLOSED:
            raise AnalysisOpen(cycle=cycle.code)
