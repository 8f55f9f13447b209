"""Looking again at what was adopted: once for each new value of a watched indicator, and when the watch is over."""

from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.calendar import ONE_DAY
from config.periods import after
from engine.assessments import run_assessment
from engine.deed import lock_cycle
from engine.rules import Rules
from models.assessment import Assessment, Watch
from models.indicator import Observation

MIDNIGHT = time(0, 0)


@dataclass(frozen=True)
class Again:
    """A watched cycle to be assessed, under a key that does it once."""

    cycle_id: int
    key: str


def find_looks(session: Session, *, rules: Rules, now: datetime) -> tuple[Again, ...]:
    """Find the watches that have a new final value since the last look, and those whose time is over."""
    today, found = rules.calendar.local_date(now), []
    for watch in session.exec(select(Watch).where(col(Watch.ended_at).is_(None)).order_by(col(Watch.id))):
        newest = _newest(session, watch, rules, today)
        keys = [f"watch:{watch.id}:end"] if today > watch.until_on else []
        keys = [f"watch:{watch.id}:{newest}"] if newest is not None and not keys else keys
        found += [Again(watch.cycle_id, key) for key in keys if not _was_looked(session, key)]
    return tuple(found)


def look_moments(session: Session, *, rules: Rules, now: datetime) -> list[datetime]:
    """List when there is something to look at, if no value comes: now, and when a watch is over."""
    last_days = session.execute(sa.select(col(Watch.until_on)).where(col(Watch.ended_at).is_(None))).scalars()
    ends = {rules.calendar.at(day + ONE_DAY, MIDNIGHT) for day in last_days}
    return [now, *sorted(moment for moment in ends if moment > now)]


def look_again(session: Session, look: Again, *, rules: Rules, now: datetime) -> int:
    """Assess a watched cycle; a signal of concern proposes the next one. Returns 0 when somebody else has done it."""
    lock_cycle(session, look.cycle_id)
    if _was_looked(session, look.key):
        return 0
    run_assessment(session, cycle_id=look.cycle_id, as_of=now, rules=rules, by=None, now=now, schedule_key=look.key)
    return 1


def _newest(session: Session, watch: Watch, rules: Rules, today: date) -> date | None:
    """Find the newest period that is over and has a final value after the level was reached."""
    one = rules.catalogue.indicators.get(watch.indicator)
    if one is None:
        return None
    newest = session.execute(
        sa.select(sa.func.max(Observation.period_on)).where(
            col(Observation.indicator) == watch.indicator,
            col(Observation.unit_id) == watch.unit_id,
            col(Observation.period_on) > watch.level_last_on,
            col(Observation.period_on) <= after(one.frequency, today, -1),
            col(Observation.provisional).is_(False),
        )
    ).scalar_one_or_none()
    return newest if isinstance(newest, date) else None


def _was_looked(session: Session, key: str) -> bool:
    return session.exec(select(Assessment.id).where(Assessment.schedule_key == key)).first() is not None
