"""Who may enter the values of an indicator in a unit."""

from datetime import date

from config.indicators import Indicator
from engine.people import OFFICE, Directory


def may_enter(people: Directory, one: Indicator, unit_id: int, *, person_id: int, on: date) -> bool:
    """Answer whether a person holds the indicator's role, or that of the quality office, in the unit or above it.

    Whoever stands in for such a person on that date may enter too.
    """
    for above in people.upwards(unit_id):
        for role in (one.data_owner, OFFICE):
            for held in people.holdings.get((role, above), ()):
                begun, ended = held.from_on or on, held.until_on or on
                if begun <= on <= ended and person_id in (held.person_id, people.told(held.person_id, on)):
                    return _is_here(people, person_id, on)
    return False


def units_to_enter(people: Directory, one: Indicator, *, person_id: int, on: date) -> tuple[int, ...]:
    """List the units whose values of an indicator a person may enter."""
    return tuple(unit for unit in people.units if may_enter(people, one, unit, person_id=person_id, on=on))


def _is_here(people: Directory, person_id: int, on: date) -> bool:
    left = people.persons[person_id].left_on
    return left is None or on < left
