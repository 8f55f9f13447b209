"""Analysing a care process from an event table, and starting a cycle where most time is waited."""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session

from careflow.flow import HandOver, find_flow, waits_of
from careflow.log import EventLog
from config.calendar import Calendar
from config.indicators import Frequency, Indicator
from config.periods import start_of
from config.words import Text
from engine.care_tables import ReadEvents
from engine.concerns import HEAD, concerned
from engine.deed import Deed
from engine.identifiers import refuse_identifiers
from engine.indicators import get_indicator
from engine.launch import Launch
from engine.observation_checks import Given
from engine.observations import put_observations
from engine.origins import launch_from
from engine.people import OFFICE, Directory
from engine.rules import Rules
from models.assessment import Aim, OriginKind
from models.audit import record
from models.care import CareAnalysis, CareWait
from models.care_records import Bottleneck, CareRecord, WeekOfWaiting, care_record_from, written
from models.cycle import Cycle
from models.errors import NotAllowed, NotFound, Refused
from models.reads.assessments import find_aim

INDICATOR = "care-waiting"
BASELINE_WEEKS = 24
WEEK = timedelta(days=7)
HOUR = 3600


class AnotherWait(Refused):
    """{unit} already counts the waiting between “{before}” and “{after}”. A unit counts one hand-over at a time."""

    zh = "{unit}已在统计“{before}”到“{after}”之间的等待时间。每个科室同时只统计一处。"


def look_at_care(name: str, content: bytes, read: ReadEvents, calendar: Calendar) -> CareRecord:
    """Find what an event table shows; nothing is stored, and no case has a name in it."""
    log, flow = read.log, find_flow(read.log)
    days = [datetime.fromtimestamp(float(at), calendar.zone).date() for at in (log.at.min(), log.at.max())]
    return CareRecord(
        file=name,
        sha256=hashlib.sha256(content).hexdigest(),
        first_on=days[0],
        last_on=days[1],
        n_left_out=read.n_left_out,
        n_repeats=read.n_repeats,
        flow=flow,
        bottlenecks=tuple(Bottleneck(one, tuple(_weeks(log, one, calendar, days[1]))) for one in flow.bottlenecks),
        left_out=read.left_out,
    )


def keep_analysis(
    session: Session, found: CareRecord, *, title: str, unit: str, rules: Rules, by: int, now: datetime
) -> CareAnalysis:
    """Keep an analysis for a unit. By its head, the data owner or the quality office.

    Raises NotFound, NotAllowed, IdentifierFound for a title or a step that names a patient.
    """
    deed = Deed(session, rules, by, now)
    unit_id = deed.people.unit(unit).id
    _require_allowed(deed, unit_id)
    steps = " · ".join(one.name for one in found.flow.steps)
    refuse_identifiers({Text("Title", "标题"): title, Text("Steps", "环节"): steps})
    kept = CareAnalysis(title=title, unit_id=unit_id, record=written(found), made_at=now, made_by=by)
    session.add(kept)
    session.flush()
    facts = {"unit": unit, "cases": found.flow.n_cases, "events": found.flow.n_events, "sha256": found.sha256}
    record(session, "care.analyse", "care_analysis", kept.id, by=by, now=now, after=facts)
    return kept


def follow_bottleneck(
    session: Session,
    analysis_id: int,
    rank: int,
    *,
    rules: Rules,
    by: int,
    now: datetime,
    template: str = "pdca",
    lead: str | None = None,
) -> Cycle:
    """Launch a cycle from a bottleneck (1 is the first), its weeks entered as values and taken for the baseline.

    A second call finds the first one's cycle. Raises NotFound, NotAllowed, AnotherWait.
    """
    deed = Deed(session, rules, by, now)
    analysis, bottleneck = get_bottleneck(session, analysis_id, rank)
    _require_allowed(deed, analysis.unit_id)
    one, hand_over = get_indicator(rules.catalogue.indicators, INDICATOR), bottleneck.hand_over
    _claim_wait(deed, analysis, hand_over)
    unit = deed.people.units[analysis.unit_id]
    heads = deed.people.holders(HEAD, analysis.unit_id, deed.today)
    launch = Launch(
        template=template,
        unit=unit.slug,
        lead=lead or deed.people.persons[heads[0] if heads else by].slug,
        title=f"Waiting between {hand_over.before} and {hand_over.after}",
        title_zh=f"{hand_over.before}到{hand_over.after}的等待时间",
        allow_unstaffed=True,
    )
    kind = OriginKind.BOTTLENECK
    opened = launch_from(session, kind, analysis_id, launch, rules=rules, by=by, now=now, part=str(rank))
    if find_aim(session, opened.id) is None:
        _fill_plan(deed, analysis, bottleneck, one, opened)
    return opened


def rows_left_out(found: CareRecord) -> tuple[Text, ...]:
    """Name the rows that could not be read; the last line counts those that are not named."""
    n_more = found.n_left_out - len(found.left_out)
    if not found.left_out or not n_more:
        return found.left_out
    return (*found.left_out, Text(f"and {n_more} more", f"另有 {n_more} 行"))


def units_to_analyse(people: Directory, rules: Rules, person_id: int, today: date) -> tuple[int, ...]:
    """List the units whose processes a person may analyse: as their head, their data owner or the quality office."""
    one = get_indicator(rules.catalogue.indicators, INDICATOR)
    roles = (HEAD, one.data_owner, OFFICE)
    return tuple(
        unit
        for unit in people.units
        if person_id
        in {
            told
            for role in roles
            for held in people.holders(role, unit, today)
            for told in (held, people.told(held, today))
        }
    )


def get_analysis(session: Session, analysis_id: int) -> CareAnalysis:
    """Get an analysis. Raises NotFound."""
    found = session.get(CareAnalysis, analysis_id)
    if found is None:
        raise NotFound(noun=Text("analysis", "流程分析"), name=str(analysis_id), mend="")
    return found


def get_bottleneck(session: Session, analysis_id: int, rank: int) -> tuple[CareAnalysis, Bottleneck]:
    """Get an analysis and one of its bottlenecks, 1 being the first. Raises NotFound."""
    analysis = get_analysis(session, analysis_id)
    found = care_record_from(analysis.record).bottlenecks
    if not 1 <= rank <= len(found):
        raise NotFound(noun=Text("bottleneck", "瓶颈"), name=str(rank), mend="")
    return analysis, found[rank - 1]


def _require_allowed(deed: Deed, unit_id: int) -> None:
    if deed.by is None or unit_id not in units_to_analyse(deed.people, deed.rules, deed.by, deed.today):
        one = get_indicator(deed.rules.catalogue.indicators, INDICATOR)
        allowed = concerned(deed, one, unit_id)
        raise NotAllowed(who=deed.name(deed.by), allowed=", ".join(deed.name(person) for person in allowed))


def _weeks(log: EventLog, one: HandOver, calendar: Calendar, last_on: date) -> Iterator[WeekOfWaiting]:
    """Count the whole weeks of a hand-over; the one in which the table ends is left out unless it ends on a Sunday."""
    ended, waited = waits_of(log, one.before, one.after)
    days = [datetime.fromtimestamp(float(at), calendar.zone).date() for at in ended]
    week_of = np.array([start_of(Frequency.WEEK, day).toordinal() for day in days])
    for ordinal in np.unique(week_of):
        week_on, hours = date.fromordinal(int(ordinal)), waited[week_of == ordinal] / HOUR
        if week_on + WEEK - timedelta(days=1) <= last_on:
            yield WeekOfWaiting(week_on, int(hours.size), round(float(np.median(hours)), 3))


def _claim_wait(deed: Deed, analysis: CareAnalysis, hand_over: HandOver) -> None:
    """Make the hand-over the one that its unit counts. Raises AnotherWait where it counts another."""
    claim = {
        "unit": analysis.unit_id,
        "before": hand_over.before,
        "after": hand_over.after,
        "analysis": analysis.id,
    }
    deed.session.connection().execute(_CLAIM, claim)
    held = deed.session.get_one(CareWait, analysis.unit_id)
    if (held.before, held.after) != (hand_over.before, hand_over.after):
        unit = deed.people.units[analysis.unit_id]
        raise AnotherWait(unit=Text(unit.name_en, unit.name_zh), before=held.before, after=held.after)


# Two at once: the first one's row stands. Both systems read the same words.
_CLAIM = sa.text(
    'INSERT INTO care_wait (unit_id, "before", "after", analysis_id) VALUES (:unit, :before, :after, :analysis)'
    " ON CONFLICT (unit_id) DO NOTHING"
)


def _fill_plan(deed: Deed, analysis: CareAnalysis, bottleneck: Bottleneck, one: Indicator, opened: Cycle) -> None:
    """Enter the weeks as values, by the product itself, and take them for the baseline; the target is its team's."""
    today = start_of(Frequency.WEEK, deed.today)
    weeks = [week for week in bottleneck.weeks if week.week_on < today]
    given = [Given(one.id, analysis.unit_id, week.week_on, week.median_h) for week in weeks]
    why = f"event table {analysis.id}"
    if given:
        put_observations(deed.session, given, rules=deed.rules, by=None, now=deed.now, why=why)
    baseline = weeks[-BASELINE_WEEKS:]
    aim = Aim(
        cycle_id=opened.id,
        indicator=one.id,
        indicator_version=one.version,
        unit_id=analysis.unit_id,
        baseline_first_on=baseline[0].week_on if baseline else None,
        baseline_last_on=baseline[-1].week_on if baseline else None,
        set_at=deed.now,
        set_by=deed.by or opened.lead_id,
    )
    deed.session.add(aim)
    deed.session.flush()
