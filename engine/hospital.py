"""Import of units, people, roles and absences, all or nothing, and their export in the same form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.words import Text
from engine.absences import absences_of
from engine.hospital_checks import check_book
from engine.hospital_files import write_files
from engine.hospital_rows import Facts, State
from engine.hospital_writing import Counts, write_wanted
from engine.people import people_changed
from engine.rules import Rules
from engine.workbook import CellProblem, read_book
from models.channel import added_channels
from models.cycle import Cycle, CycleStatus
from models.errors import Refused
from models.people import PeopleVersion, Person, RoleHolding, Unit
from models.task import Task, TaskOwner, TaskStatus

MOST_SHOWN = 100  # problems in the message; all of them are in `problems`


class ImportRefused(Refused):
    """Nothing was imported; mend these {n} and import again:
    {listed}"""

    zh = "没有导入任何内容；请修改以下 {n} 处后重新导入：\n{listed}"

    def __init__(self, problems: tuple[CellProblem, ...]) -> None:
        self.problems = problems
        listed = Text(
            *("\n".join(problem.text(language) for problem in problems[:MOST_SHOWN]) for language in ("en", "zh"))
        )
        super().__init__(n=len(problems), listed=listed)


@dataclass(frozen=True)
class Imported:
    """What an import did, by sheet (units, people, roles, absences), and what looked doubtful in it."""

    sheets: Mapping[str, Counts]
    warnings: tuple[CellProblem, ...]

    @property
    def n_written(self) -> int:
        return sum(counts.n_new + counts.n_changed for counts in self.sheets.values())


def import_hospital(session: Session, path: Path, *, rules: Rules, by: int | None, now: datetime) -> Imported:
    """Add what a workbook or a folder of CSV files has new, and change what it says otherwise.

    Rows are found again by their ids; what the file does not mention stays as it is.
    Raises ImportRefused with every problem; then nothing was written.
    """
    book = read_book(path)
    session.execute(sa.select(col(PeopleVersion.n)).with_for_update())  # two imports at once would add the same rows
    stored = read_state(session)
    channels = {"email", *rules.catalogue.channels, *(one.slug for one in added_channels(session))}
    checked = check_book(book, stored, catalogue=rules.catalogue, channels=channels, busy=_busy(session))
    if checked.problems:
        raise ImportRefused(checked.problems)
    imported = Imported(write_wanted(session, stored, checked.wanted, by=by, now=now), checked.warnings)
    if imported.n_written:
        people_changed(session)
    return imported


def export_hospital(session: Session, path: Path, *, language: str = "en") -> None:
    """Write everything in the form that import reads: an .xlsx file, or a folder of CSV files for any other name.

    Headings are in `language`. Importing the result changes nothing.
    """
    write_files(path, read_state(session), language=language)


def read_state(session: Session) -> State:
    """Read the people's tables as the sheets say them: people and units by their slugs."""
    units = {unit.id: unit for unit in session.exec(select(Unit).order_by(col(Unit.id)))}
    people = {person.id: person for person in session.exec(select(Person).order_by(col(Person.id)))}
    roles = session.exec(select(RoleHolding).order_by(col(RoleHolding.id)))
    return {
        "units": {
            (unit.slug,): _unit_facts(unit, units.get(unit.parent_id) if unit.parent_id else None)
            for unit in units.values()
        },
        "people": {(person.slug,): _person_facts(person) for person in people.values()},
        "roles": {
            (people[held.person_id].slug, held.role, units[held.unit_id].slug, held.from_on): {"until": held.until_on}
            for held in roles
        },
        "absences": {
            (away.person, away.first): {"until": away.last, "stand_in": away.stand_in}
            for aways in absences_of(session).values()
            for away in aways
        },
    }


def _unit_facts(unit: Unit, above: Unit | None) -> Facts:
    return {
        "name_en": unit.name_en,
        "name_zh": unit.name_zh,
        "kind": unit.kind,
        "parent": above.slug if above else None,
    }


def _person_facts(person: Person) -> Facts:
    return {
        "name": person.name,
        "email": person.email,
        "language": person.language,
        "channels": person.channels,
        "addresses": person.addresses,
        "digest": person.digest.value,
        "muted": person.muted,
        "left_on": person.left_on,
    }


def _busy(session: Session) -> set[str]:
    """Find the people who own tasks that have not ended, or lead cycles that have not."""
    owning = (
        sa.select(col(Person.slug))
        .join(TaskOwner, col(TaskOwner.person_id) == col(Person.id))
        .join(Task, col(Task.id) == col(TaskOwner.task_id))
        .where(col(Task.status).not_in([TaskStatus.DONE, TaskStatus.STOPPED]))
    )
    leading = (
        sa.select(col(Person.slug))
        .join(Cycle, col(Cycle.lead_id) == col(Person.id))
        .where(col(Cycle.status).not_in([CycleStatus.CLOSED, CycleStatus.CANCELLED]))
    )
    return set(session.execute(owning.union(leading)).scalars())
