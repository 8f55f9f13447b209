"""Tasks of an event that are done on its page: they cannot be called done before that."""

from sqlmodel import Session

from config.events import ANSWER, STATUTORY, TRIAGE
from engine.rules import Rules
from models.assessment import OriginKind
from models.cycle import Cycle
from models.errors import Refused
from models.event import Event, EventStatus
from models.reads.origins import find_origin


class DoneOnItsPage(Refused):
    """This ends by itself when it is done on the page of event {code}: open “Events”. Nothing was changed."""

    zh = "请在事件 {code} 的页面上完成此项（“不良事件”页面），本任务随之自动完成。没有任何改动。"


def refuse_undone(session: Session, rules: Rules, cycle: Cycle, slug: str) -> None:
    """Refuse to call a task done whose matter was not settled on the event's page. Raises DoneOnItsPage."""
    events = rules.catalogue.events
    if events is None or cycle.template not in events.templates or slug not in (TRIAGE, STATUTORY, ANSWER):
        return
    origin = find_origin(session, cycle.id)
    if origin is None or origin.kind is not OriginKind.EVENT:
        return
    event = session.get_one(Event, origin.subject_id, populate_existing=True)
    is_done = {
        TRIAGE: event.status is not EventStatus.RECEIVED,
        STATUTORY: event.reported_at is not None,
        ANSWER: event.closed_at is not None,
    }
    if not is_done[slug]:
        raise DoneOnItsPage(code=event.code)
