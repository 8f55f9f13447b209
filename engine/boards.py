"""Looking at indicators as they stand now: many on a board, one on its page. Nothing is stored; an assessment is."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from config.indicators import Indicator
from engine.assessing import assess
from engine.people import Directory
from engine.rules import Rules
from engine.scopes import Eyes, Place, scopes_of
from models.reads.boards import places_with_values
from models.records import Record


def list_places(
    session: Session, indicators: Sequence[Indicator], unit_ids: Sequence[int], people: Directory
) -> tuple[Place, ...]:
    """List where there are values, in the order of the definitions, then of the units' names."""
    found = places_with_values(session, [one.id for one in indicators], unit_ids)
    by_name = sorted(unit_ids, key=lambda unit_id: people.units[unit_id].slug)
    return tuple(Place(one, unit_id) for one in indicators for unit_id in by_name if (one.id, unit_id) in found)


def look_at(
    session: Session, places: Sequence[Place], people: Directory, *, rules: Rules, now: datetime
) -> list[Record | None]:
    """Judge what the newest values of each indicator say, as an assessment would; None where there are no values."""
    scopes = scopes_of(Eyes.of(session, rules, people, now), places)
    return [assess(scope.series, scope.look) if scope.series.periods else None for scope in scopes]
