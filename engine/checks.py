"""A Check with too little data: the lead waits longer or gives it up, with a reason that the record keeps."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from config.calendar import MORNING
from engine.deed import Deed, lock_cycle, require_running
from engine.proof import require_proof
from engine.rules import Rules
from models.assessment import CheckChoice, CheckDecision
from models.audit import record
from models.cycle import Cycle, Stage, StageStatus
from models.errors import DateInThePast, DateMissing, NotAllowed, ReasonMissing, Refused
from models.reads.assessments import find_gate
from models.task import Decision, DecisionKind


class NoCheckOpen(Refused):
    """Cycle {code} has no open Check, so there is nothing to extend or to abandon."""

    zh = "循环 {code} 没有进行中的检查阶段，无需延长或放弃。"


def extend_check(
    session: Session, cycle_id: int, *, until: date | None, why: str, rules: Rules, by: int, now: datetime
) -> CheckDecision:
    """Keep Check open until more data are there. The question of approval rests until that day."""
    deed, cycle, check = _begin(session, cycle_id, why, rules, by, now)
    if until is None:
        raise DateMissing()
    if until <= deed.today:
        raise DateInThePast(until=until, today=deed.today)
    calendar = rules.calendar
    asked = (
        col(Decision.stage_id) == check.id,
        col(Decision.kind) == DecisionKind.APPROVAL,
        col(Decision.ended_at).is_(None),
    )
    moment = calendar.at(calendar.next_working_day(until), MORNING)
    session.connection().execute(sa.update(Decision).where(*asked).values(next_at=moment))
    return _keep(deed, cycle, CheckChoice.EXTEND, why, until)


def abandon_check(session: Session, cycle_id: int, *, why: str, rules: Rules, by: int, now: datetime) -> CheckDecision:
    """Let Check close without a verdict; nothing can be adopted afterwards."""
    deed, cycle, _ = _begin(session, cycle_id, why, rules, by, now)
    return _keep(deed, cycle, CheckChoice.ABANDON, why, None)


def _begin(
    session: Session, cycle_id: int, why: str, rules: Rules, by: int, now: datetime
) -> tuple[Deed, Cycle, Stage]:
    require_proof(session)
    deed = Deed(session, rules, by, now)
    cycle = lock_cycle(session, cycle_id)
    require_running(cycle)
    check = find_gate(session, cycle_id, "check")
    if check is None or check.status not in (StageStatus.OPEN, StageStatus.READY):
        raise NoCheckOpen(code=cycle.code)
    if by not in (cycle.lead_id, deed.people.told(cycle.lead_id, deed.today)):
        raise NotAllowed(who=deed.name(by), allowed=deed.name(cycle.lead_id))
    if not why.strip():
        raise ReasonMissing()
    return deed, cycle, check


def _keep(deed: Deed, cycle: Cycle, choice: CheckChoice, why: str, until: date | None) -> CheckDecision:
    by = deed.by or 0
    made = CheckDecision(
        cycle_id=cycle.id, choice=choice, until_on=until, reason=why, decided_at=deed.now, decided_by=by
    )
    deed.session.add(made)
    deed.session.flush()
    after = {"choice": choice.value} | ({"until": until.isoformat()} if until else {})
    record(deed.session, "cycle.check", "cycle", cycle.id, by=by, now=deed.now, after=after, why=why)
    return made
