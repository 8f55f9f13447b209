"""What goes out: stored values in the form that import reads, and the lists of an empty form."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlmodel import Session

from config.indicators import Indicator
from config.periods import spelled
from engine.indicator_files import Offer, StoredRow, last_periods
from engine.people import Directory, directory
from models.reads.observations import ObservationFilter, list_observations


def export_values(
    session: Session, indicators: Mapping[str, Indicator], wanted: Sequence[str], unit: str | None
) -> list[StoredRow]:
    """Read the values of some indicators, in a unit and those below it. Raises NotFound for an unknown unit."""
    people = directory(session)
    units = None if unit is None else units_below(people, people.unit(unit).id)
    lines = list_observations(session, ObservationFilter(wanted, units))
    return [
        (
            line.indicator,
            line.unit,
            spelled(indicators[line.indicator].frequency, line.period_on),
            line.value,
            line.denominator,
            line.provisional,
            line.note,
        )
        for line in lines
    ]


def offer_of(session: Session, indicators: Sequence[Indicator], unit: str | None, *, today: date) -> Offer:
    """Offer everything, or with a unit begin with a row for each indicator's last period there."""
    people = directory(session)
    if unit is None:
        return Offer(indicators, people, today)
    slug = people.unit(unit).slug
    begun = [(one.id, slug, spelled(one.frequency, last_periods(one.frequency, today, 1)[0])) for one in indicators]
    return Offer(indicators, people, today, begun)


def units_below(people: Directory, unit_id: int) -> tuple[int, ...]:
    """List a unit and all that are below it."""
    return tuple(key for key in people.units if unit_id in people.upwards(key))
