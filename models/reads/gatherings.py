"""Named reads of gatherings: who is expected, who came, what test and evaluation brought."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from models.activity import Attendance, Gathering, Invitee
from models.cycle import Cycle
from models.people import Person


@dataclass(frozen=True)
class Present:
    """Somebody who came; invited or not."""

    slug: str
    name: str
    invited: bool
    attendance: Attendance


@dataclass(frozen=True)
class GatheringView:
    """One gathering with everybody, by name. missing: slug and name of those who were expected and did not come."""

    gathering: Gathering
    cycle: Cycle
    present: tuple[Present, ...]
    missing: tuple[tuple[str, str], ...]

    @property
    def n_passed(self) -> int:
        """Count who passed the test."""
        scores = (one.attendance.score_percent for one in self.present)
        return sum(score is not None and score >= self.gathering.pass_percent for score in scores)

    @property
    def ratings(self) -> tuple[int, ...]:
        """List what the evaluations gave, 1 to 5."""
        return tuple(one.attendance.rating for one in self.present if one.attendance.rating is not None)

    @property
    def notes(self) -> tuple[str, ...]:
        """List what was written in the evaluations, without names and in an order that names nobody."""
        return tuple(sorted(one.attendance.note for one in self.present if one.attendance.note))


def list_gatherings(session: Session, cycle_id: int) -> list[Gathering]:
    """List the gatherings of a cycle, the next first."""
    found = select(Gathering).where(Gathering.cycle_id == cycle_id)
    return list(session.exec(found.order_by(col(Gathering.starts_at), col(Gathering.id))))


def find_gathering(session: Session, gathering_id: int) -> GatheringView | None:
    """Find a gathering that the session may see, with everybody."""
    found = session.exec(
        select(Gathering, Cycle)
        .join(Cycle, col(Cycle.id) == col(Gathering.cycle_id))
        .where(Gathering.id == gathering_id)
    ).one_or_none()
    if found is None:
        return None
    gathering, cycle = found
    invited = _people(session, gathering_id)
    came = session.exec(
        select(Attendance, Person)
        .join(Person, col(Person.id) == col(Attendance.person_id))
        .where(Attendance.gathering_id == gathering_id)
        .order_by(col(Attendance.came_at), col(Attendance.id))
    ).all()
    there = {row.person_id for row, _ in came}
    present = tuple(Present(person.slug, person.name, row.person_id in invited, row) for row, person in came)
    missing = tuple(named for key, named in invited.items() if key not in there)
    return GatheringView(gathering, cycle, present, missing)


def _people(session: Session, gathering_id: int) -> dict[int, tuple[str, str]]:
    found = session.exec(
        select(Person)
        .join(Invitee, col(Invitee.person_id) == col(Person.id))
        .where(Invitee.gathering_id == gathering_id)
        .order_by(col(Person.name))
    )
    return {person.id: (person.slug, person.name) for person in found}
