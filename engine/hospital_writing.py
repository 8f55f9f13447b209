"""Writing what an import wants: new rows, changed rows, and an audit row for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from engine.forms import FORMS
from engine.hospital_rows import Facts, Key, State, Table, Wanted
from models.audit import record
from models.people import Absence, Person, Rhythm, RoleHolding, Unit


@dataclass(frozen=True)
class Counts:
    """What became of the rows of one sheet."""

    n_new: int = 0
    n_changed: int = 0
    n_unchanged: int = 0


@dataclass
class _Writing:
    """An import while it writes: ids by slug grow as rows are added."""

    session: Session
    stored: State
    by: int | None
    now: datetime
    unit_ids: dict[str, int]
    person_ids: dict[str, int]


def write_wanted(
    session: Session, stored: State, wanted: Mapping[str, Sequence[Wanted]], *, by: int | None, now: datetime
) -> dict[str, Counts]:
    """Write what differs from what is stored. Returns the counts by sheet."""
    writing = _Writing(session, stored, by, now, _ids(session, Unit), _ids(session, Person))
    return {form.key: _write(writing, form.key, wanted[form.key]) for form in FORMS}


def _ids(session: Session, table: type[Unit] | type[Person]) -> dict[str, int]:
    rows = session.execute(sa.select(col(table.slug), col(table.id))).tuples()
    return {slug: row_id for slug, row_id in rows if row_id is not None}


def _write(writing: _Writing, sheet: str, wanted: Sequence[Wanted]) -> Counts:
    stored: Table = writing.stored[sheet]
    new = [one for one in wanted if one.key not in stored]
    changed = [(one, _difference(stored[one.key], one.facts)) for one in wanted if one.key in stored]
    changed = [(one, facts) for one, facts in changed if facts]
    if sheet == "units":
        _add_units(writing, new)
    if sheet == "people":
        _free_emails(writing, [one.key for one, facts in changed if "email" in facts])
    writers: dict[str, Callable[[_Writing, Wanted, Facts], int]] = {
        "units": _write_unit,
        "people": _write_person,
        "roles": _write_role,
        "absences": _write_absence,
    }
    for one in new:
        _audit(writing, sheet, one, writers[sheet](writing, one, one.facts), one.facts)
    for one, facts in changed:
        _audit(writing, sheet, one, writers[sheet](writing, one, facts), facts)
    return Counts(len(new), len(changed), len(wanted) - len(new) - len(changed))


def _difference(before: Facts, after: Facts) -> Facts:
    return {name: fact for name, fact in after.items() if before.get(name) != fact}


def _audit(writing: _Writing, sheet: str, one: Wanted, row_id: int, facts: Facts) -> None:
    noun = {"units": "unit", "people": "person", "roles": "role", "absences": "absence"}[sheet]
    stored = writing.stored[sheet].get(one.key)
    before = {name: stored.get(name) for name in facts} if stored is not None else None
    after = {"key": [part for part in one.key if part is not None], **facts}
    record(writing.session, f"{noun}.import", noun, row_id, by=writing.by, now=writing.now, before=before, after=after)


def _add_units(writing: _Writing, new: list[Wanted]) -> None:
    """Add new units without the unit above: a sheet may name a child before its parent."""
    for one in new:
        unit = Unit(slug=str(one.key[0]), name_en=str(one.facts["name_en"]), name_zh=str(one.facts["name_zh"]))
        writing.session.add(unit)
        writing.session.flush()
        writing.unit_ids[unit.slug] = unit.id


def _write_unit(writing: _Writing, one: Wanted, facts: Facts) -> int:
    values: dict[str, object] = dict(facts)
    if "parent" in facts:
        parent = values.pop("parent")
        values["parent_id"] = writing.unit_ids[str(parent)] if parent else None
    unit_id = writing.unit_ids[str(one.key[0])]
    writing.session.execute(sa.update(Unit).where(col(Unit.id) == unit_id).values(values))
    return unit_id


def _free_emails(writing: _Writing, keys: list[Key]) -> None:
    """Take the old addresses away first: two people may exchange theirs."""
    slugs = [str(key[0]) for key in keys]
    writing.session.execute(sa.update(Person).where(col(Person.slug).in_(slugs)).values(email=None))


def _write_person(writing: _Writing, one: Wanted, facts: Facts) -> int:
    slug = str(one.key[0])
    if slug not in writing.person_ids:
        defaults = {"language": "zh", "channels": "email", "addresses": "", "digest": Rhythm.AT_ONCE, "muted": ""}
        made = sa.insert(Person).values(slug=slug, **{**defaults, **facts})
        writing.person_ids[slug] = writing.session.execute(made.returning(col(Person.id))).scalar_one()
    else:
        writing.session.execute(sa.update(Person).where(col(Person.slug) == slug).values(facts))
    return writing.person_ids[slug]


def _write_role(writing: _Writing, one: Wanted, facts: Facts) -> int:
    person, role, unit, first = one.key
    found = {
        "person_id": writing.person_ids[str(person)],
        "role": role,
        "unit_id": writing.unit_ids[str(unit)],
        "from_on": first,
    }
    values = {"until_on": facts["until"]} if "until" in facts else {}
    return _upsert(writing, RoleHolding, "roles", one.key, found, values)


def _write_absence(writing: _Writing, one: Wanted, facts: Facts) -> int:
    person, first = one.key
    found = {"person_id": writing.person_ids[str(person)], "from_on": first}
    values: dict[str, object] = {"until_on": facts["until"]} if "until" in facts else {}
    if "stand_in" in facts:
        values["stand_in_id"] = writing.person_ids[str(facts["stand_in"])]
    return _upsert(writing, Absence, "absences", one.key, found, values)


def _upsert(
    writing: _Writing,
    table: type[RoleHolding] | type[Absence],
    sheet: str,
    key: Key,
    found: Mapping[str, object],
    values: Mapping[str, object],
) -> int:
    if key not in writing.stored[sheet]:
        made = sa.insert(table).values(**found, **values).returning(col(table.id))
        return int(writing.session.execute(made).scalar_one())
    same = [sa.column(name).is_(None) if value is None else sa.column(name) == value for name, value in found.items()]
    changed = sa.update(table).where(*same).values(**values).returning(col(table.id))
    return int(writing.session.execute(changed).scalar_one())
