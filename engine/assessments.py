"""Assessing an indicator: read its series, judge it, keep the complete record, ask or propose what follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, select

from config.indicators import Indicator
from config.words import Text
from engine.assessing import Look, assess
from engine.baselines import find_changes, until
from engine.deed import Deed, lock_cycle
from engine.indicators import get_indicator
from engine.people import OFFICE
from engine.rules import Rules
from engine.seals import sealed_baseline, sealed_series, today_series
from engine.watches import look_out
from models.assessment import Assessment, AssessmentStatus, Watch
from models.audit import record
from models.cycle import Cycle, StageStatus
from models.errors import Refused
from models.notification import NotificationKind
from models.reads.assessments import find_aim, find_gate, find_watch, latest_assessment, latest_of_indicator
from models.reads.series import Series, read_series
from models.records import Record, record_from, written

# Without a cycle the first periods are the baseline; it is never moved by itself.
LONG, SHORT, LONG_SERIES = 24, 12, 32
TOO_LITTLE = ("too_few_points", "too_few_baseline_points", "too_few_post_points", "too_few_events")
GOOD = ("met", "improving")


class NothingSealed(Refused):
    """Plan of {code} has not closed with an aim, so there is no sealed baseline to hold the data against."""

    zh = "循环 {code} 的计划阶段尚未带目标结束，没有可对照的封存基线。"


@dataclass(frozen=True)
class _Scope:
    """What is looked at, and whose it is."""

    series: Series
    look: Look
    unit_id: int
    cycle: Cycle | None = None
    watch: Watch | None = None


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
    scope = _scope(deed, cycle_id, indicator, unit_id, as_of, through)
    found = assess(scope.series, scope.look)
    made = _keep(deed, scope, found, waiting, schedule_key)
    if scope.watch is not None and scope.cycle is not None:
        look_out(deed, scope.cycle, scope.watch, found, made.id or 0)
    elif scope.cycle is not None and made.too_little:
        _ask_for_data(deed, scope.cycle, scope.look.indicator, scope.unit_id, found)
    deed.finish()
    return made


def _find_scheduled(session: Session, key: str | None) -> Assessment | None:
    if key is None:
        return None
    return session.exec(select(Assessment).where(Assessment.schedule_key == key).with_for_update()).one_or_none()


def _scope(
    deed: Deed,
    cycle_id: int | None,
    indicator: str | None,
    unit_id: int | None,
    as_of: datetime,
    through: date | None,
) -> _Scope:
    if cycle_id is None:
        assert indicator is not None and unit_id is not None, "a cycle, or an indicator and a unit"
        found = get_indicator(deed.rules.catalogue.indicators, indicator)
        return _of_indicator(deed, found, unit_id, as_of, through)
    cycle = lock_cycle(deed.session, cycle_id)
    watch = find_watch(deed.session, cycle_id)
    if watch is not None and watch.ended_at is None:
        return _of_watch(deed, cycle, watch, as_of)
    return _of_cycle(deed, cycle, as_of)


def _of_indicator(deed: Deed, indicator: Indicator, unit_id: int, as_of: datetime, through: date | None) -> _Scope:
    on = deed.rules.calendar.local_date(as_of)
    series = read_series(deed.session, indicator.id, unit_id, last=through or on, frequency=indicator.frequency)
    n_baseline = LONG if len(series.periods) >= LONG_SERIES else SHORT
    look = Look(
        indicator,
        deed.people.units[unit_id].slug,
        as_of,
        on,
        n_baseline=min(n_baseline, len(series.periods)),
        target=indicator.target,
        known=_known(latest_of_indicator(deed.session, indicator.id, unit_id)),
    )
    return _Scope(series, look, unit_id)


def _of_cycle(deed: Deed, cycle: Cycle, as_of: datetime) -> _Scope:
    """Hold what came after Do was opened against the sealed baseline; what lies between counts for nothing."""
    session, cycle_id = deed.session, cycle.id or 0
    baseline, aim = sealed_baseline(session, cycle_id), find_aim(session, cycle_id)
    if baseline is None or aim is None:
        raise NothingSealed(code=cycle.code)
    indicator = get_indicator(deed.rules.catalogue.indicators, baseline.indicator)
    on = deed.rules.calendar.local_date(as_of)
    series = until(sealed_series(session, baseline, aim.unit_id), on)
    n_baseline = len(baseline.periods)
    look = Look(
        indicator,
        baseline.unit,
        as_of,
        on,
        n_baseline=n_baseline,
        wash_in=_n_before(series.periods[n_baseline:], _change_on(deed, cycle_id)) + baseline.wash_in,
        cycle=cycle.code,
        target=baseline.target,
        worthwhile=baseline.worthwhile,
        prediction=baseline.prediction,
        definition_changed=indicator.version != baseline.version,
        n_changed=len(find_changes(baseline, today_series(session, baseline, aim.unit_id))),
        known=_known(latest_assessment(session, cycle_id)),
    )
    return _Scope(series, look, aim.unit_id, cycle)


def _of_watch(deed: Deed, cycle: Cycle, watch: Watch, as_of: datetime) -> _Scope:
    session, on = deed.session, deed.rules.calendar.local_date(as_of)
    indicator = get_indicator(deed.rules.catalogue.indicators, watch.indicator)
    series = read_series(
        session, watch.indicator, watch.unit_id, first=watch.level_first_on, last=on, frequency=indicator.frequency
    )
    baseline = sealed_baseline(session, cycle.id or 0)
    look = Look(
        indicator,
        deed.people.units[watch.unit_id].slug,
        as_of,
        on,
        n_baseline=sum(period <= watch.level_last_on for period in series.periods),
        cycle=cycle.code,
        target=baseline.target if baseline else None,
        definition_changed=baseline is not None and indicator.version != baseline.version,
        known=_known(latest_assessment(session, cycle.id or 0)),
    )
    return _Scope(series, look, watch.unit_id, cycle, watch)


def _change_on(deed: Deed, cycle_id: int) -> date | None:
    do = find_gate(deed.session, cycle_id, "do")
    return deed.rules.calendar.local_date(do.opened_at) if do and do.opened_at else None


def _n_before(periods: tuple[date, ...], change_on: date | None) -> int:
    """Count the periods that begin before the change does; all of them while it has not begun."""
    return sum(change_on is None or period < change_on for period in periods)


def _known(last: Assessment | None) -> Mapping[tuple[str, date], date]:
    if last is None:
        return {}
    return {(each.rule, each.first): each.detected_on for each in record_from(last.record).signals}


def _keep(deed: Deed, scope: _Scope, found: Record, waiting: Assessment | None, schedule_key: str | None) -> Assessment:
    session = deed.session
    values: dict[str, object] = {
        "as_of": found.as_of,
        "made_by": deed.by,
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
    if waiting is not None:
        deed.move(Assessment, [waiting.id or 0], AssessmentStatus.DUE, AssessmentStatus.DONE, values=values)
        session.refresh(waiting)
        return waiting
    made = Assessment(
        schedule_key=schedule_key,
        status=AssessmentStatus.DONE,
        cycle_id=scope.cycle.id if scope.cycle else None,
        indicator=found.indicator,
        unit_id=scope.unit_id,
    )
    for name, value in values.items():
        setattr(made, name, value)
    session.add(made)
    session.flush()
    after = {"indicator": found.indicator, "verdict": found.verdict, "data_hash": found.data_hash}
    record(session, "assessment.make", "assessment", made.id or 0, by=deed.by, now=deed.now, after=after)
    return made


def _ask_for_data(deed: Deed, cycle: Cycle, indicator: Indicator, unit_id: int, found: Record) -> None:
    """Ask the data owner, once for each state of the data, while Check waits for them."""
    check = find_gate(deed.session, cycle.id or 0, "check")
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
