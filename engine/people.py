"""Who holds a role, who stands in for whom: a copy of the people's tables that answers without the database."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.words import Text
from models.errors import NotFound, PersonLeft
from models.people import Absence, PeopleVersion, Person, RoleHolding, Unit
from models.reads.suspended import EMAIL, channels_of, list_suspended

MOST_STAND_INS = 3  # a stand-in may be away too; nobody is followed further than this
OFFICE = "quality-office"


@dataclass(frozen=True)
class Directory:
    """Units, persons, roles and absences as they were at one version."""

    version: int
    units: Mapping[int, Unit]
    persons: Mapping[int, Person]
    holdings: Mapping[tuple[str, int], tuple[RoleHolding, ...]]
    absences: Mapping[int, tuple[Absence, ...]]
    home: Mapping[int, int]  # person -> unit of the first role held
    # person -> channels where their address was refused for ever
    suspended: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def holders(self, role: str, unit_id: int, on: date) -> tuple[int, ...]:
        """Find who holds a role on a date, in the unit or the nearest unit above it with a holder; may be empty."""
        for unit in self.upwards(unit_id):
            held = self.holdings.get((role, unit), ())
            found = sorted(
                {h.person_id for h in held if _covers(h.from_on, h.until_on, on) and self.is_here(h.person_id, on)}
            )
            if found:
                return tuple(found)
        return ()

    def upwards(self, unit_id: int) -> Iterator[int]:
        """Walk from a unit to the root."""
        current: int | None = unit_id
        while current is not None:
            yield current
            current = self.units[current].parent_id

    def told(self, person_id: int, on: date) -> int:
        """Find who is told in place of a person on a date: the stand-in, followed at most three times."""
        for _ in range(MOST_STAND_INS):
            absence = next((a for a in self.absences.get(person_id, ()) if _covers(a.from_on, a.until_on, on)), None)
            if absence is None:
                return person_id
            person_id = absence.stand_in_id
        return person_id

    def head_of(self, person_id: int, on: date) -> int | None:
        """Find who hears what a person without an address cannot: the head of the person's unit, else the office."""
        unit_id = self.home.get(person_id)
        if unit_id is None:
            unit_id = next((key for key, unit in self.units.items() if unit.parent_id is None), None)
        if unit_id is None:
            return None
        found = (*self.holders("dept-head", unit_id, on), *self.holders(OFFICE, unit_id, on))
        return next((p for p in found if p != person_id and self.channels(p)), None)

    def channels(self, person_id: int) -> tuple[str, ...]:
        """Find by which channels a person may be told, in their order; may be empty."""
        person, left_out = self.persons[person_id], self.suspended.get(person_id, frozenset())
        return tuple(
            slug for slug in channels_of(person.channels) if slug not in left_out and (slug != EMAIL or person.email)
        )

    def office(self, on: date, unit_id: int | None = None) -> tuple[int, ...]:
        """Find the quality office, seen from a unit or, without one, anywhere."""
        if unit_id is not None:
            return self.holders(OFFICE, unit_id, on)
        units = [unit for role, unit in self.holdings if role == OFFICE]
        return tuple(sorted({person for unit in units for person in self.holders(OFFICE, unit, on)}))

    def person(self, slug: str) -> Person:
        """Get a person by slug. Raises NotFound."""
        found = next((p for p in self.persons.values() if p.slug == slug), None)
        if found is None:
            mend = nearest(slug, [p.slug for p in self.persons.values()], EXPORT)
            raise NotFound(noun=Text("person", "人员"), name=slug, mend=mend)
        return found

    def taker(self, slug: str, on: date) -> Person:
        """Get somebody who can take something on. Raises NotFound, PersonLeft."""
        found = self.person(slug)
        if found.left_on is not None and found.left_on <= on:
            raise PersonLeft(who=found.name)
        return found

    def unit(self, slug: str) -> Unit:
        """Get a unit by slug. Raises NotFound."""
        found = next((u for u in self.units.values() if u.slug == slug), None)
        if found is None:
            raise NotFound(
                noun=Text("unit", "科室"), name=slug, mend=nearest(slug, [u.slug for u in self.units.values()], EXPORT)
            )
        return found

    def staff(self, unit_id: int, on: date) -> tuple[int, ...]:
        """Find everybody who holds a role in a unit or below it on a date."""
        below = (held for (_, unit), held in self.holdings.items() if unit_id in self.upwards(unit))
        found = {one.person_id for some in below for one in some if _covers(one.from_on, one.until_on, on)}
        return tuple(sorted(person for person in found if self.is_here(person, on)))

    def is_here(self, person_id: int, on: date) -> bool:
        """Answer whether a person has not left by a date."""
        left = self.persons[person_id].left_on
        return left is None or on < left


def stand_ins_too(people: Directory, persons: Iterable[int]) -> set[int]:
    """Add to persons whoever stands in for them, on whatever days."""
    found = set(persons)
    for _ in range(MOST_STAND_INS):
        found |= {away.stand_in_id for person in found for away in people.absences.get(person, ())}
    return found


def _covers(first: date | None, last: date | None, on: date) -> bool:
    return (first is None or first <= on) and (last is None or on <= last)


EXPORT = "wardcycle hospital export"


def nearest(name: str, known: Sequence[str], listing: str) -> Text:
    """Name what somebody may have meant, else the command that lists everything."""
    near = ", ".join(get_close_matches(name, known, n=3, cutoff=0.5))
    if near:
        return Text(f"Did you mean: {near}?", f"是否指：{near}？")
    return Text(f"See `{listing}` for all.", f"全部见 `{listing}`。")


_COPIES: WeakKeyDictionary[sa.Pool, Directory] = WeakKeyDictionary()


_VERSION = sa.select(col(PeopleVersion.n))


def directory(session: Session) -> Directory:
    """Read the people's tables, or give the copy kept from the last time when nothing has changed since."""
    version: int = session.connection().execute(_VERSION).scalar_one()
    if session.info.get("people_changed"):  # not committed yet: nobody else may see this copy
        return _read(session, version)
    pool = session.connection().engine.pool
    kept = _COPIES.get(pool)
    if kept is None or kept.version != version:
        kept = _COPIES[pool] = _read(session, version)
    return kept


def people_changed(session: Session) -> None:
    """Tell readers that units, persons, roles or absences change, in the same transaction."""
    session.info["people_changed"] = True
    session.execute(sa.update(PeopleVersion).values(n=PeopleVersion.n + 1))


def _read(session: Session, version: int) -> Directory:
    holdings: dict[tuple[str, int], tuple[RoleHolding, ...]] = {}
    home: dict[int, int] = {}
    for held in session.exec(select(RoleHolding).order_by(col(RoleHolding.id))):
        key = (held.role, held.unit_id)
        holdings[key] = (*holdings.get(key, ()), held)
        home.setdefault(held.person_id, held.unit_id)
    absences: dict[int, tuple[Absence, ...]] = {}
    for absence in session.exec(select(Absence).order_by(col(Absence.from_on))):
        absences[absence.person_id] = (*absences.get(absence.person_id, ()), absence)
    units = {unit.id: unit for unit in session.exec(select(Unit))}
    persons = {person.id: person for person in session.exec(select(Person))}
    session.flush()
    held_rows = [row for rows in holdings.values() for row in rows]
    away_rows = [row for rows in absences.values() for row in rows]
    for row in [*units.values(), *persons.values(), *held_rows, *away_rows]:
        session.expunge(row)  # the copy outlives the session
    suspended: dict[int, frozenset[str]] = {}
    for one in list_suspended(session):
        suspended[one.person_id] = suspended.get(one.person_id, frozenset()) | {one.channel}
    return Directory(version, units, persons, holdings, absences, home, suspended)
