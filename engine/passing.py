"""What is written when a stage passes its gate: Plan seals its baseline, Check keeps who weighed the doubts."""

from engine.deed import Deed
from engine.gates import Approval
from engine.indicators import get_indicator
from engine.seals import seal_plan
from models.assessment import Signature
from models.audit import record
from models.cycle import Cycle, Stage
from models.reads.assessments import find_aim, find_signature, latest_assessment


def pass_gate(deed: Deed, cycle: Cycle, stage: Stage, given: Approval) -> None:
    """Keep what a gate has just seen; the gate itself has been asked before."""
    if stage.gate == "plan":
        aim = find_aim(deed.session, cycle.id)
        if aim is not None:
            seal_plan(deed, cycle, aim, get_indicator(deed.rules.catalogue.indicators, aim.indicator))
    elif stage.gate == "check" and given.signed:
        _sign(deed, cycle, given.note)


def _sign(deed: Deed, cycle: Cycle, reason: str) -> None:
    assessed = latest_assessment(deed.session, cycle.id)
    if assessed is None or not assessed.needs_signature or find_signature(deed.session, assessed.id):
        return
    assert deed.by is not None
    deed.session.add(Signature(assessment_id=assessed.id, reason=reason, signed_at=deed.now, signed_by=deed.by))
    facts = {"assessment": assessed.id, "verdict": assessed.verdict}
    record(deed.session, "cycle.sign", "cycle", cycle.id, by=deed.by, now=deed.now, after=facts, why=reason)
