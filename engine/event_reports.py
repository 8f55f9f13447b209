"""Taking a report of an adverse event: from anybody, signed by nobody, kept once."""

import hashlib
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlmodel import Session, select

from config.events import TRIAGE
from config.words import Text
from engine.deed import Deed
from engine.event_cycles import RECEIPT, launch_part
from engine.event_rules import due_at, dues, event_rules, expected, known_kind, listed
from engine.evidence import GivenFile
from engine.identifiers import refuse_identifiers
from engine.photos import clean_photo
from engine.receipt_codes import mark_of
from engine.rules import Rules
from engine.special_actions import hospital_of
from engine.words import Said
from models.audit import record
from models.errors import NoOffice, Refused
from models.event import Event, EventPhoto, EventReporter, EventStatus
from models.once import one_at_a_time

WHAT = "event"
MOST_WORDS, MOST_NAME = 4000, 120
FIELDS = (Text("What happened", "发生了什么"), Text("Done at once", "已采取的措施"))


class WhatMissing(Refused):
    """Say in a few words what happened. Nothing was sent yet."""

    zh = "请用几句话写明发生了什么。尚未提交。"


class TooManyWords(Refused):
    """This is longer than can be taken ({most} characters). Shorten it; nothing was sent yet."""

    zh = "内容过长（最多 {most} 字）。请精简，尚未提交。"


class HarmUnknown(Refused):
    """Choose what harm it did: {known}."""

    zh = "请选择造成的后果：{known}。"


class HappenedLater(Refused):
    """The moment at which it happened lies in the future. Mend it; nothing was sent yet."""

    zh = "发生时间在当前时间之后，请修改。尚未提交。"


class GivenReport(BaseModel):
    """A report as somebody gave it; what is missing is found by the verb.

    unit: slug, or empty where the reporter did not say. sealed_reporter: who reports, sealed by the door; or empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    what: Said
    kind: str = "other"
    harm: str = "unknown"
    unit: str = ""
    happened_at: AwareDatetime | None = None
    done_at_once: Said = ""
    photo: GivenFile | None = None
    sealed_reporter: str = ""


def receive_event(session: Session, given: GivenReport, *, code: str, rules: Rules, now: datetime) -> Event:
    """Keep a report and have it looked at; sent twice with the same code it is kept once.

    Nobody signs a report: whoever is logged in is not kept either. Without anybody in the quality office it is kept
    all the same. Raises WhatMissing, TooManyWords, HappenedLater, KindUnknown, IdentifierFound, PhotoRefused, NotFound,
    NoHospital.
    """
    deed = Deed(session, rules, None, now)
    mark = mark_of(WHAT, code)
    one_at_a_time(session, mark)
    known = session.exec(select(Event).where(Event.code_mark == mark)).one_or_none()
    if known is not None:
        return known
    _check(deed, given)
    photo = clean_photo(given.photo) if given.photo else None
    event = _keep(deed, given, mark)
    if photo:
        media_type, content = photo
        digest = hashlib.sha256(content).hexdigest()
        session.add(EventPhoto(event_id=event.id, media_type=media_type, n_bytes=len(content), sha256=digest,
                               content=content))  # fmt: skip
    if given.sealed_reporter:
        session.add(EventReporter(event_id=event.id, sealed=given.sealed_reporter))
    after = {"kind": event.kind, "harm": event.harm, "unit": event.unit_id, "has_photo": photo is not None}
    record(session, "event.receive", "event", event.id, by=None, now=now, after=after)
    _ask_for_triage(deed, event)
    session.flush()
    return event


def _check(deed: Deed, given: GivenReport) -> None:
    if not given.what:
        raise WhatMissing
    if max(len(given.what), len(given.done_at_once)) > MOST_WORDS:
        raise TooManyWords(most=MOST_WORDS)
    if given.happened_at is not None and given.happened_at > deed.now:
        raise HappenedLater
    harms = event_rules(deed.rules).harms
    known_kind(deed, given.kind)
    if given.harm not in {one.id for one in harms}:
        raise HarmUnknown(known=listed([one.title for one in harms]))
    refuse_identifiers(dict(zip(FIELDS, (given.what, given.done_at_once), strict=True)))


def _keep(deed: Deed, given: GivenReport, mark: str) -> Event:
    severity = expected(deed.rules, given.harm)
    due, answered = due_at(deed.rules, severity, TRIAGE, deed.now), dues(deed.rules, severity, deed.now)
    assert due is not None and answered["answer_due_at"] is not None  # config.events.check_events asks for both
    event = Event(
        code_mark=mark,
        status=EventStatus.RECEIVED,
        unit_id=hospital_of(deed.people, given.unit).id,
        kind=given.kind,
        harm=given.harm,
        what=given.what,
        done_at_once=given.done_at_once,
        happened_at=given.happened_at,
        received_at=deed.now,
        triage_due_at=due,
        answer_due_at=answered["answer_due_at"],
    )
    deed.session.add(event)
    deed.session.flush()
    return event


def _ask_for_triage(deed: Deed, event: Event) -> None:
    """Launch the triage; a hospital without a quality office sees on the page of events that nobody does it."""
    try:
        launch_part(deed, event, RECEIPT, expected(deed.rules, event.harm))
    except NoOffice:
        record(deed.session, "event.unstaffed", "event", event.id, by=None, now=deed.now)
