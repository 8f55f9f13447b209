"""Assessing an indicator: read its series, judge it, keep the complete record, ask or propose what follows."""

from datetime import date, datetime

from sqlmodel import Session, select

from config.indicators import Indicator
from config.words import Text
from engine.assessing import assess
from engine.deed import Deed, lock_cycle
from engine.indicators import get_indicator
from engine.people import OFFICE
from engine.rules import Rules
from engine.scopes import Eyes, Place, Scope, scope_of_cycle, scopes_of
from engine.watches import look_out
from models.assessment import Assessment, AssessmentStatus
from models.audit import record
from models.cycle import Cycle, StageStatus
from models.notification import NotificationKind
from models.reads.assessments import find_gate
from models.records import Record, written

TOO_LITTLE = ("too_few_points", "too_few_baseline_points", "too_few_post_points", "too_few_events")
GOOD = ("met", "improving")


def run_assessment(
    session: Session,
    *,
    cycle_id: int | None = None,
    indicator: str | None = None,
    unit_id: int | None = None,
    as_of: datetime,
    rules: Rules,
    by: int | None,
    now: datetime,
    schedule_key: str | None = None,
    through: date | None = None,
) -> Assessment:
    """Look at a cycle, against its sealed baseline, or at an indicator in a unit, and keep the complete record.

    A cycle whose adopted change is watched is held against the level it reached; a signal of concern then proposes a
    new cycle. In an open Check too little data ask the data owner. schedule_key: this look is made once for ever, and
    fills the row that waits for it. through: the last day whose periods count, for an indicator alone; today's date
    where it is empty. Raises NothingSealed, NotFound.
    """
    deed = Deed(session, rules, by, now)
    waiting = _find_scheduled(session, schedule_key)
    if waiting is not None and waiting.status is not AssessmentStatus.DUE:
        return waiting
    eyes = Eyes.of(session, rules, deed.people, as_of)
    cycle = None if cycle_id is None else lock_cycle(session, cycle_id)
    if cycle is not None:
        scope = scope_of_cycle(eyes, cycle)
    else:
        assert indicator is not None and unit_id is not None, "a cycle, or an indicator and a unit"
        (scope,) = scopes_of(eyes, [Place(get_indicator(rules.catalogue.indicators, indicator), unit_id, through)])
    found = assess(scope.series, scope.look)
    made = _keep(deed, scope, cycle_id, found, waiting, schedule_key)
    if scope.watch is not None and cycle is not None:
        look_out(deed, cycle, scope.watch, found, made.id)
    elif cycle is not None and made.too_little:
        _ask_for_data(deed, cycle, scope.look.indicator, scope.unit_id, found)
    deed.finish()
    return made


def _find_scheduled(session: Session, key: str | None) -> Assessment | None:
    if key is None:
        return None
    return session.exec(select(Assessment).where(Assessment.schedule_key == key).with_for_update()).one_or_none()


def written_row(found: Record, by: int | None) -> dict[str, object]:
    """Fill the columns of an assessment from its record."""
    return {
        "as_of": found.as_of,
        "made_by": by,
        "data_hash": found.data_hash,
        "engine_version": found.engine_version,
        "rule_set": found.rule_set,
        "verdict": found.verdict,
        "confidence": found.confidence,
        "too_little": any(reason in TOO_LITTLE for reason in found.reasons),
        "needs_signature": bool(found.flags) and found.verdict in GOOD,
        "record": written(found),
        "text_en": found.said.sentence.en,
        "text_zh": found.said.sentence.zh,
    }


def _keep(
    deed: Deed, scope: Scope, cycle_id: int | None, found: Record, waiting: Assessment | None, schedule_key: str | None
) -> Assessment:
    session, values = deed.session, written_row(found, deed.by)
    if waiting is not None:
        deed.move(Assessment, [waiting.id], AssessmentStatus.DUE, AssessmentStatus.DONE, values=values)
        session.refresh(waiting)
        return waiting
    made = Assessment(
        schedule_key=schedule_key,
        status=AssessmentStatus.DONE,
        cycle_id=cycle_id,
        indicator=found.indicator,
        unit_id=scope.unit_id,
    )
    for name, value in values.items():
        setattr(made, name, value)
    session.add(made)
    session.flush()
    after = {"indicator": found.indicator, "verdict": found.verdict, "data_hash": found.data_hash}
    record(session, "assessment.make", "assessment", made.id, by=deed.by, now=deed.now, after=after)
    return made


def _ask_for_data(deed: Deed, cycle: Cycle, indicator: Indicator, unit_id: int, found: Record) -> None:
    """Ask the data owner, once for each state of the data, while Check waits for them."""
    check = find_gate(deed.session, cycle.id, "check")
    if check is None or check.status not in (StageStatus.OPEN, StageStatus.READY):
        return
    people, today = deed.people, deed.today
    asked = people.holders(indicator.data_owner, unit_id, today) or people.holders(OFFICE, unit_id, today)
    title = indicator.title
    why = Text(*(" ".join(each.in_(tag) for each in found.said.reasons) for tag in ("en", "zh")))
    for person in asked or (cycle.lead_id,):
        deed.note(
            cycle,
            NotificationKind.DATA,
            f"cycle:{cycle.id}:data:{found.data_hash[:16]}",
            person,
            indicator=indicator.id,
            indicator_en=title.en,
            indicator_zh=title.zh,
            why_en=why.en,
            why_zh=why.zh,
        )
