"""Launching a cycle from what is no cycle: an event, a patient's word, a bottleneck, a special action, a measure."""

from datetime import datetime

from sqlmodel import Session

from engine.launch import Launch, launch_cycle
from engine.rules import Rules
from models.assessment import Origin, OriginKind
from models.audit import record
from models.cycle import Cycle
from models.reads.origins import find_origin


def launch_from(
    session: Session,
    kind: OriginKind,
    subject_id: int,
    launch: Launch,
    *,
    rules: Rules,
    by: int | None,
    now: datetime,
    part: str = "",
) -> Cycle:
    """Launch a cycle and write what it began from; the same kind, subject and part a second time finds the first.

    part: tells apart several cycles of one subject, such as one for each unit.

    Raises what `launch_cycle` raises.
    """
    keyed = launch.model_copy(update={"launch_key": f"{kind.value}:{subject_id}:{part}"})
    opened = launch_cycle(session, keyed, rules=rules, by=by, now=now)
    if find_origin(session, opened.id) is None:
        session.add(Origin(cycle_id=opened.id, kind=kind, subject_id=subject_id))
        facts = {"kind": kind.value, "subject": subject_id}
        record(session, "cycle.origin", "cycle", opened.id, by=by, now=now, after=facts)
        session.flush()
    return opened
