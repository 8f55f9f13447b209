"""What was adopted is watched: a signal of concern proposes a new cycle, once per episode."""

from datetime import date

from sqlmodel import select

from engine.deed import Deed
from models.assessment import Proposal, Watch
from models.audit import record
from models.cycle import Cycle
from models.notification import NotificationKind
from models.records import Record, Signal

AFTER = "after"


def look_out(deed: Deed, cycle: Cycle, watch: Watch, found: Record, assessment_id: int) -> Proposal | None:
    """Propose a new cycle where the newest point is of concern; end the watch when its time is over."""
    signal = find_concern(found)
    proposal = _propose(deed, cycle, watch, signal, assessment_id) if signal else None
    if deed.rules.calendar.local_date(found.as_of) > watch.until_on:
        watch.ended_at = deed.now
        deed.session.add(watch)
        record(deed.session, "cycle.watch_end", "cycle", cycle.id, by=deed.by, now=deed.now)
    return proposal


def find_concern(found: Record) -> Signal | None:
    """Find the signal of concern that the newest usable point belongs to; pure."""
    usable = [point.period for point in found.points if point.value is not None and not point.provisional]
    fits = (
        each
        for each in found.signals
        if each.phase == AFTER and each.sense == "unfavourable" and usable and each.first <= usable[-1] <= each.last
    )
    return min(fits, key=lambda each: each.first, default=None)


def _propose(deed: Deed, cycle: Cycle, watch: Watch, signal: Signal, assessment_id: int) -> Proposal | None:
    key = f"{watch.id}:{signal.rule}:{signal.first}"
    if deed.session.exec(select(Proposal).where(Proposal.key == key)).one_or_none():
        return None
    proposal = Proposal(key=key, cycle_id=cycle.id, assessment_id=assessment_id, proposed_at=deed.now)
    deed.session.add(proposal)
    deed.session.flush()
    facts = {"rule": signal.rule, "first": signal.first, "assessment": assessment_id}
    record(deed.session, "cycle.propose", "cycle", cycle.id, by=deed.by, now=deed.now, after=facts)
    tell_proposal(deed, cycle, str(proposal.id), signal.first)
    return proposal


def tell_proposal(deed: Deed, cycle: Cycle, name: str, since: date) -> None:
    """Tell lead and quality office that a new cycle is proposed. name: of the proposal, unique."""
    for person in {cycle.lead_id, *deed.people.office(deed.today, cycle.unit_id)}:
        deed.note(cycle, NotificationKind.PROPOSAL, f"proposal:{name}", person, since=since.isoformat())
