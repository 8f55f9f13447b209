"""What the demo hospital counted: weekly values that scatter by a fixed pattern, and the proof its gates ask for."""

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlmodel import Session

from cli.story import Counted
from config.indicators import Frequency
from config.periods import after, start_of
from engine.aims import GivenAim, set_aim
from engine.assessments import run_assessment
from engine.checks import abandon_check
from engine.observation_checks import Given
from engine.observations import put_observations
from engine.rules import Rules
from models.assessment import Ending
from models.cycle import Cycle, Stage
from models.people import Person
from models.reads.assessments import find_gate, find_seal, latest_assessment
from models.records import record_from

WEEKS_BEFORE = 24
UNCOUNTED = "hand-hygiene"
# Scatter of chance size without a trend or an echo, in standard errors; fixed, so that each demo shows the same.
SCATTER = (0.3, -0.8, 1.1, -0.2, 0.6, -1.3, 0.9, 0.1, -0.5, 1.4, -0.9, -0.3, 0.7, -1.0, 0.2, 1.0, -0.6, -0.1, 0.8, -1.2)


def count_before(session: Session, cycle: Cycle, counted: Counted, *, rules: Rules, at: datetime) -> None:
    """Enter the half year before a cycle."""
    week = start_of(Frequency.WEEK, rules.calendar.local_date(at))
    first = after(Frequency.WEEK, week, -WEEKS_BEFORE)
    _enter(session, cycle, counted, list(_weeks(first, week)), counted.before, rules, at)


def prove(session: Session, stage: Stage, counted: Counted | None, *, rules: Rules, at: datetime) -> Ending | None:
    """Give what a gate asks for; returns what comes of the cycle, for Act."""
    cycle = session.get_one(Cycle, stage.cycle_id)
    if stage.gate == "plan":
        set_aim(session, stage.cycle_id, _aim(counted, rules, at), rules=rules, by=cycle.lead_id, now=at)
    elif stage.gate == "check" and counted is not None:
        _look(session, cycle, counted, rules, at)
    elif stage.gate == "check":
        lead = session.get_one(Person, cycle.lead_id)
        why = "没有按期统计数据" if lead.language.startswith("zh") else "Nothing was counted in time"
        abandon_check(session, stage.cycle_id, why=why, rules=rules, by=cycle.lead_id, now=at)
    return _ending(session, stage.cycle_id) if stage.gate == "act" else None


def _aim(counted: Counted | None, rules: Rules, at: datetime) -> GivenAim:
    target_on = rules.calendar.local_date(at) + timedelta(days=120)
    if counted is None:
        why = "Counting begins with this cycle 自本循环起开始统计"
        return GivenAim(indicator=UNCOUNTED, target=80, target_on=target_on, prediction=75, short_baseline_reason=why)
    return GivenAim(
        indicator=counted.indicator, target=counted.target, target_on=target_on, prediction=counted.prediction
    )


def _look(session: Session, cycle: Cycle, counted: Counted, rules: Rules, at: datetime) -> None:
    """Enter the weeks since, and assess them."""
    do, seal = find_gate(session, cycle.id, "do"), find_seal(session, cycle.id)
    assert do and do.opened_at and seal, "Check comes after Do"
    begun = start_of(Frequency.WEEK, rules.calendar.local_date(do.opened_at))
    now = start_of(Frequency.WEEK, rules.calendar.local_date(at))
    sealed = start_of(Frequency.WEEK, rules.calendar.local_date(cycle.starts_at))
    _enter(session, cycle, counted, list(_weeks(sealed, after(Frequency.WEEK, begun))), counted.before, rules, at)
    _enter(session, cycle, counted, list(_weeks(after(Frequency.WEEK, begun), now)), counted.after, rules, at)
    run_assessment(session, cycle_id=cycle.id, as_of=at, rules=rules, by=cycle.lead_id, now=at)


def _ending(session: Session, cycle_id: int) -> Ending:
    assessed = latest_assessment(session, cycle_id)
    good = assessed is not None and record_from(assessed.record).verdict in ("met", "improving")
    return Ending.ADOPT if good else Ending.ABANDON


def _weeks(first: date, until: date) -> Iterator[date]:
    while first < until:
        yield first
        first = after(Frequency.WEEK, first)


def _enter(
    session: Session, cycle: Cycle, counted: Counted, weeks: list[date], level: float, rules: Rules, at: datetime
) -> None:
    error = math.sqrt(level * (100 - level) / counted.cases)
    given = []
    for n, week in enumerate(weeks):
        share = level + error * SCATTER[n % len(SCATTER)]
        value = _numerator(share, counted.cases)
        given.append(Given(counted.indicator, cycle.unit_id, week, value, counted.cases, provisional=False))
    put_observations(session, given, rules=rules, by=None, now=at)


def _numerator(percent: float, cases: int) -> float:
    return float(min(cases, max(0, round(percent / 100 * cases))))
