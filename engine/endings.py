"""What comes of a cycle when Act closes: a watch over what was adopted, or the next cycle with its plan filled in."""

from datetime import date, datetime

from sqlmodel import Session

from config.words import Text
from engine.deed import Deed, lock_cycle
from engine.launch import Launch, launch_cycle
from engine.people import OFFICE
from engine.rules import Rules
from models.assessment import Aim, Assessment, CycleEnding, Ending, Origin, OriginKind, Watch
from models.audit import record
from models.cycle import Cycle
from models.errors import NotAllowed, Refused
from models.reads.assessments import find_aim, latest_assessment, open_proposal
from models.records import record_from

WATCH_YEARS = 1
NEXT = {Ending.ADAPT: OriginKind.ADAPT, Ending.CONTINUE: OriginKind.CONTINUE}
TITLES = {
    OriginKind.ADAPT: Text("adapted", "调整后"),
    OriginKind.CONTINUE: Text("continued", "继续"),
    OriginKind.SIGNAL: Text("after a signal", "因预警信号"),
}
MOST_TITLE = 300


class NothingProposed(Refused):
    """No new cycle is proposed after {code}: nothing of concern has come up since, or it was launched already."""

    zh = "循环 {code} 之后没有提议新的循环：此后未出现预警信号，或已启动。"


def end_cycle(deed: Deed, cycle: Cycle, ending: Ending, reason: str) -> Cycle | None:
    """Write what comes of a cycle and bring it about; returns the next cycle, if one was opened."""
    assessed = latest_assessment(deed.session, cycle.id)
    made = CycleEnding(
        cycle_id=cycle.id,
        ending=ending,
        reason=reason,
        assessment_id=assessed.id if assessed and not assessed.too_little else None,
        signed_at=deed.now,
        signed_by=deed.by or 0,
    )
    deed.session.add(made)
    facts = {"outcome": ending.value}
    record(deed.session, "cycle.end", "cycle", cycle.id, by=deed.by, now=deed.now, after=facts, why=reason)
    if ending is Ending.ADOPT and assessed:
        _begin_watch(deed, cycle, assessed)
    if ending in NEXT:
        return _open_next(deed, cycle, NEXT[ending], assessed, None)
    return None


def follow_cycle(session: Session, cycle_id: int, *, rules: Rules, by: int, now: datetime) -> Cycle:
    """Launch the cycle that a signal of concern proposed, filled in from the one that is watched.

    Its lead or the quality office. Raises NothingProposed, NotAllowed.
    """
    deed = Deed(session, rules, by, now)
    cycle = lock_cycle(session, cycle_id)
    allowed = {cycle.lead_id, *deed.people.holders(OFFICE, cycle.unit_id, deed.today)}
    if by not in allowed | {deed.people.told(person, deed.today) for person in allowed}:
        raise NotAllowed(who=deed.name(by), allowed=", ".join(deed.name(person) for person in sorted(allowed)))
    proposal = open_proposal(session, cycle_id)
    if proposal is None:
        raise NothingProposed(code=cycle.code)
    assessed = session.get_one(Assessment, proposal.assessment_id)
    return _open_next(deed, cycle, OriginKind.SIGNAL, assessed, proposal.id)


def _begin_watch(deed: Deed, cycle: Cycle, assessed: Assessment) -> None:
    reached = record_from(assessed.record).after
    assert reached.first and reached.last, "nothing is adopted without points after the change"
    watch = Watch(
        cycle_id=cycle.id,
        indicator=assessed.indicator,
        unit_id=assessed.unit_id,
        level_first_on=reached.first,
        level_last_on=reached.last,
        from_on=deed.today,
        until_on=_a_year_after(deed.today),
    )
    deed.session.add(watch)
    deed.session.flush()
    facts = {"indicator": watch.indicator, "until": watch.until_on}
    record(deed.session, "cycle.watch", "cycle", cycle.id, by=deed.by, now=deed.now, after=facts)


def _a_year_after(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return day.replace(year=day.year + WATCH_YEARS, day=28)
    return day.replace(year=day.year + WATCH_YEARS)


def _open_next(
    deed: Deed, cycle: Cycle, kind: OriginKind, assessed: Assessment | None, proposal_id: int | None
) -> Cycle:
    """Launch a cycle of the same template, unit and lead; twice for one reason finds the first."""
    people, words = deed.people, TITLES[kind]
    launch = Launch(
        template=cycle.template,
        unit=people.units[cycle.unit_id].slug,
        lead=people.persons[cycle.lead_id].slug,
        title=f"{cycle.title_en[: MOST_TITLE - 20]} ({words.en})",
        title_zh=f"{cycle.title_zh[: MOST_TITLE - 20]}（{words.zh}）",
        launch_key=f"{kind.value}:{cycle.code}:{proposal_id or ''}",
        allow_unstaffed=True,
    )
    opened = launch_cycle(deed.session, launch, rules=deed.rules, by=deed.by, now=deed.now)
    deed.session.add(Origin(cycle_id=opened.id, previous_id=cycle.id, kind=kind, proposal_id=proposal_id))
    _fill_plan(deed, cycle, opened, assessed)
    facts = {"previous": cycle.code, "kind": kind.value}
    record(deed.session, "cycle.follow", "cycle", opened.id, by=deed.by, now=deed.now, after=facts)
    return opened


def _fill_plan(deed: Deed, cycle: Cycle, opened: Cycle, assessed: Assessment | None) -> None:
    """Give the next cycle the aim of this one; date and prediction are for its team to say.

    The level that was reached is its baseline, where there is one.
    """
    aim = find_aim(deed.session, cycle.id)
    if aim is None:
        return
    reached = record_from(assessed.record).after if assessed else None
    deed.session.add(
        Aim(
            cycle_id=opened.id,
            indicator=aim.indicator,
            indicator_version=aim.indicator_version,
            unit_id=aim.unit_id,
            target=aim.target,
            baseline_first_on=reached.first if reached and reached.first else aim.baseline_first_on,
            baseline_last_on=reached.last if reached and reached.last else aim.baseline_last_on,
            wash_in=aim.wash_in,
            worthwhile=aim.worthwhile,
            set_at=deed.now,
            set_by=deed.by or cycle.lead_id,
        )
    )
