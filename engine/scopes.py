"""What an assessment looks at: of a cycle, what it sealed or reached; of an indicator alone, that too where it can."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import Session

from config.indicators import Indicator
from engine.baselines import find_changes, until
from engine.indicators import get_indicator
from engine.looks import Look
from engine.people import Directory
from engine.rules import Rules
from engine.seals import sealed_baseline, sealed_series, today_series
from models.assessment import Watch
from models.cycle import Cycle
from models.errors import Refused
from models.reads.assessments import (
    find_aim,
    find_gate,
    find_watch,
    latest_assessment,
    latest_signals,
    standing_cycles,
)
from models.reads.series import Series, Wanted, read_many, read_series
from models.records import Signal, signals_from

# Without a cycle the first periods are the baseline; it is never moved by itself.
LONG, SHORT, LONG_SERIES = 24, 12, 32
Known = Mapping[tuple[str, date], date]


class NothingSealed(Refused):
    """Plan of {code} has not closed with an aim, so there is no sealed baseline to hold the data against."""

    zh = "循环 {code} 的计划阶段尚未带目标结束，没有可对照的封存基线。"


@dataclass(frozen=True)
class Place:
    """An indicator in a unit. through: the last day whose periods count; the day of the look where it is empty."""

    indicator: Indicator
    unit_id: int
    through: date | None = None


@dataclass(frozen=True)
class Scope:
    """What is looked at, and whose it is."""

    series: Series
    look: Look
    unit_id: int
    watch: Watch | None = None


@dataclass(frozen=True)
class Eyes:
    """Who looks, when, and by which rules. on: the last day whose periods count."""

    session: Session
    rules: Rules
    people: Directory
    as_of: datetime
    on: date

    @classmethod
    def of(cls, session: Session, rules: Rules, people: Directory, as_of: datetime) -> "Eyes":
        """Look as of a moment."""
        return cls(session, rules, people, as_of, rules.calendar.local_date(as_of))

    def unit(self, unit_id: int) -> str:
        """Name a unit."""
        return self.people.units[unit_id].slug


def scope_of_cycle(eyes: Eyes, cycle: Cycle) -> Scope:
    """Hold a cycle against its sealed baseline; one whose adopted change is watched, against the level it reached.

    Raises NothingSealed.
    """
    last = latest_assessment(eyes.session, cycle.id)
    known = known_from(signals_from(last.record)) if last else {}
    watch = find_watch(eyes.session, cycle.id)
    if watch is not None and watch.ended_at is None:
        return _of_watch(eyes, cycle, watch, known)
    return _of_running(eyes, cycle, known)


def scopes_of(eyes: Eyes, places: Sequence[Place]) -> list[Scope]:
    """Look at many indicators, each against the baseline of the cycle that runs or is watched there, if there is one.

    Otherwise the first periods are the baseline. The results have the order of the places.
    """
    keys = [(one.indicator.id, one.unit_id) for one in places]
    indicators, unit_ids = {slug for slug, _ in keys}, {unit_id for _, unit_id in keys}
    cycles = standing_cycles(eyes.session, indicators, unit_ids)
    signals = latest_signals(eyes.session, indicators, unit_ids)
    series = read_many(
        eyes.session,
        [Wanted(one.indicator.id, one.unit_id, one.indicator.frequency, one.through or eyes.on) for one in places],
    )
    found = []
    for place, key, values in zip(places, keys, series, strict=True):
        known = known_from(signals.get(key, ()))
        scope = _of_cycle_there(eyes, place, cycles[key]) if key in cycles else _alone(eyes, place, values)
        found.append(replace(scope, look=replace(scope.look, known=known)))
    return found


def known_from(signals: Sequence[Signal]) -> Known:
    """Remember when each signal was found first."""
    return {(each.rule, each.first): each.detected_on for each in signals}


def _of_cycle_there(eyes: Eyes, place: Place, cycle_id: int) -> Scope:
    """Look with the eyes of a cycle, so that its words and those about the indicator agree."""
    there = replace(eyes, on=place.through or eyes.on)
    return replace(scope_of_cycle(there, eyes.session.get_one(Cycle, cycle_id)), watch=None)


def _alone(eyes: Eyes, place: Place, series: Series) -> Scope:
    n_baseline = LONG if len(series.periods) >= LONG_SERIES else SHORT
    look = Look(
        place.indicator,
        eyes.unit(place.unit_id),
        eyes.as_of,
        eyes.rules.calendar.local_date(eyes.as_of),
        n_baseline=min(n_baseline, len(series.periods)),
        target=place.indicator.target,
    )
    return Scope(series, look, place.unit_id)


def _of_running(eyes: Eyes, cycle: Cycle, known: Known) -> Scope:
    """Hold what came after Do was opened against the sealed baseline; what lies between counts for nothing."""
    session, cycle_id = eyes.session, cycle.id
    baseline, aim = sealed_baseline(session, cycle_id), find_aim(session, cycle_id)
    if baseline is None or aim is None:
        raise NothingSealed(code=cycle.code)
    indicator = get_indicator(eyes.rules.catalogue.indicators, baseline.indicator)
    series = until(sealed_series(session, baseline, aim.unit_id), eyes.on)
    n_baseline = len(baseline.periods)
    look = Look(
        indicator,
        baseline.unit,
        eyes.as_of,
        eyes.rules.calendar.local_date(eyes.as_of),
        n_baseline=n_baseline,
        wash_in=_n_before(series.periods[n_baseline:], _change_on(eyes, cycle_id)) + baseline.wash_in,
        cycle=cycle.code,
        target=baseline.target,
        worthwhile=baseline.worthwhile,
        prediction=baseline.prediction,
        definition_changed=indicator.version != baseline.version,
        n_changed=len(find_changes(baseline, today_series(session, baseline, aim.unit_id))),
        known=known,
    )
    return Scope(series, look, aim.unit_id)


def _of_watch(eyes: Eyes, cycle: Cycle, watch: Watch, known: Known) -> Scope:
    session, indicator = eyes.session, get_indicator(eyes.rules.catalogue.indicators, watch.indicator)
    series = read_series(
        session, watch.indicator, watch.unit_id, first=watch.level_first_on, last=eyes.on, frequency=indicator.frequency
    )
    baseline = sealed_baseline(session, cycle.id)
    look = Look(
        indicator,
        eyes.unit(watch.unit_id),
        eyes.as_of,
        eyes.rules.calendar.local_date(eyes.as_of),
        n_baseline=sum(period <= watch.level_last_on for period in series.periods),
        cycle=cycle.code,
        target=baseline.target if baseline else None,
        definition_changed=baseline is not None and indicator.version != baseline.version,
        known=known,
    )
    return Scope(series, look, watch.unit_id, watch)


def _change_on(eyes: Eyes, cycle_id: int) -> date | None:
    do = find_gate(eyes.session, cycle_id, "do")
    return eyes.rules.calendar.local_date(do.opened_at) if do and do.opened_at else None


def _n_before(periods: tuple[date, ...], change_on: date | None) -> int:
    """Count the periods that begin before the change does; all of them while it has not begun."""
    return sum(change_on is None or period < change_on for period in periods)
