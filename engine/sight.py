"""Who may see what: the quality office and the head of the hospital everything, others their own part of the tree."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from sqlmodel import Session

from engine.people import OFFICE, Directory, directory
from models.people import RoleHolding
from models.sight import EVERYTHING, NOTHING, Sight

SEE_ALL = (OFFICE, "hospital-head")
HEAD = "dept-head"


def visible_to(session: Session, person_id: int | None, *, on: date) -> Sight:
    """Find what a person may see on a date; nobody, and whoever has left, nothing."""
    people = directory(session)
    person = people.persons.get(person_id or 0)
    if person is None or (person.left_on is not None and person.left_on <= on):
        return NOTHING
    if any(holds(people, person.id, role, on) for role in SEE_ALL):
        return EVERYTHING
    own = {unit for (_, unit), held in people.holdings.items() if _any(held, person.id, on)}
    mine = {other for other in people.persons if other == person.id or people.told(other, on) == person.id}
    below = _and_below(people, own)
    heads = (pair for pair in people.holdings.items() if pair[0][0] == HEAD)
    headed = {unit for (_, unit), held in heads if any(_any(held, one, on) for one in mine)}
    above = {unit for one in own for unit in people.upwards(one)}
    return Sight(unit_ids=below, person_ids=frozenset(mine), figures_of=below | above,
                 heads_of=_and_below(people, headed))  # fmt: skip


def holds(people: Directory, person_id: int, role: str, on: date) -> bool:
    """Answer whether a person holds a role in any unit on a date."""
    held = (one for (name, _), some in people.holdings.items() if name == role for one in some)
    return any(is_held(one, person_id, on) for one in held)


def is_held(held: RoleHolding, person_id: int, on: date) -> bool:
    """Answer whether this is the person's and covers the date."""
    begun, ended = held.from_on or on, held.until_on or on
    return held.person_id == person_id and begun <= on <= ended


def _any(held: Iterable[RoleHolding], person_id: int, on: date) -> bool:
    return any(is_held(one, person_id, on) for one in held)


def _and_below(people: Directory, units: set[int]) -> frozenset[int]:
    """Add every unit below some units."""
    below: dict[int, list[int]] = defaultdict(list)
    for key, unit in people.units.items():
        if unit.parent_id is not None:
            below[unit.parent_id].append(key)
    found, waiting = set[int](), list(units)
    while waiting:
        unit_id = waiting.pop()
        if unit_id not in found:
            found.add(unit_id)
            waiting += below[unit_id]
    return frozenset(found)
