"""Looking at indicators as they stand now: many on a board, one on its page. Nothing is stored; an assessment is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from config.indicators import Indicator
from engine.assessing import Look, assess
from engine.assessments import LONG, LONG_SERIES, SHORT
from engine.people import Directory
from engine.rules import Rules
from models.reads.boards import places_with_values
from models.reads.series import read_series
from models.records import Record


@dataclass(frozen=True)
class Place:
    """An indicator in a unit."""

    indicator: Indicator
    unit_id: int


def list_places(
    session: Session, indicators: Sequence[Indicator], unit_ids: Sequence[int], people: Directory
) -> tuple[Place, ...]:
    """List where there are values, in the order of the definitions, then of the units' names."""
    found = places_with_values(session, [one.id for one in indicators], unit_ids)
    by_name = sorted(unit_ids, key=lambda unit_id: people.units[unit_id].slug)
    return tuple(Place(one, unit_id) for one in indicators for unit_id in by_name if (one.id, unit_id) in found)


def look_now(session: Session, place: Place, people: Directory, *, rules: Rules, now: datetime) -> Record | None:
    """Hold the newest values of an indicator against its first ones; None where there are no values."""
    on, one = rules.calendar.local_date(now), place.indicator
    series = read_series(session, one.id, place.unit_id, last=on, frequency=one.frequency)
    if not series.periods:
        return None
    n_baseline = LONG if len(series.periods) >= LONG_SERIES else SHORT
    look = Look(
        one,
        people.units[place.unit_id].slug,
        now,
        on,
        n_baseline=min(n_baseline, len(series.periods)),
        target=one.target,
    )
    return assess(series, look)
