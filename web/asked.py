"""What an answer link's page shows: the task, why it is this person's, what came before, and what may be answered."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from engine.people import Directory, directory, stand_ins_too
from models.cycle import Cycle, CycleStatus
from models.people import Person
from models.queries import AnswerView, CycleView, TaskView, cycle_view
from models.task import AnswerKind, Task, TaskStatus
from notifications.links import Link

TAKE = "take"
MOST_COLLEAGUES = 200


class Standing(StrEnum):
    """Why somebody is asked."""

    OWNER = "owner"
    LEAD = "lead"
    STAND_IN = "stand-in"
    OFFERED = "offered"  # an owner wants to hand the task over to this person
    NOBODY = "nobody"  # it belongs to somebody else by now


@dataclass(frozen=True)
class Asked:
    """One link's page. `kinds`: what may be answered now; `before`: what had to be done first; `said`: what the
    person answered last, or the offer last taken."""

    link_id: int
    person: Person
    standing: Standing
    cycle: CycleView
    task: TaskView
    before: tuple[TaskView, ...]
    offer: AnswerView | None
    said: AnswerView | None
    kinds: tuple[str, ...]
    colleagues: tuple[Person, ...]

    @property
    def took(self) -> bool:
        """Answer whether the last thing this person did was to take the task over."""
        return self.said is not None and self.said.taken_by is not None and self.said.taken_by.id == self.person.id

    @property
    def spoke(self) -> bool:
        """Answer whether the last thing this person did was an answer of their own."""
        return self.said is not None and self.said.by.id == self.person.id and not self.took

    @property
    def newest(self) -> AnswerView | None:
        """Give the last answer of anybody that still counts."""
        return next((one for one in reversed(self.task.answers) if one.undone_at is None), None)


def read_asked(session: Session, link: Link, *, now: datetime, on: date) -> Asked:
    """Read everything for the page of a link; writes nothing."""
    people, person_id = directory(session), link.person_id
    code = session.exec(
        select(Cycle.code).join(Task, col(Task.cycle_id) == col(Cycle.id)).where(Task.id == link.task_id)
    )
    cycle = cycle_view(session, code.one(), now=now)
    task = next(one for one in cycle.tasks() if one.line.id == link.task_id)
    offer = _offer(task, cycle, person_id, people, on)
    standing = _standing(task, cycle, person_id, people, on) or (Standing.OFFERED if offer else Standing.NOBODY)
    open_now = task.line.status is TaskStatus.OPEN and cycle.line.status is CycleStatus.ACTIVE
    return Asked(
        link_id=link.id,
        person=people.persons[person_id],
        standing=Standing.OFFERED if offer and standing is Standing.LEAD else standing,
        cycle=cycle,
        task=task,
        before=tuple(one for one in cycle.tasks() if one.line.slug in task.after),
        offer=offer,
        said=_said(task, person_id),
        kinds=_kinds(standing, offer) if open_now else (),
        colleagues=_colleagues(people, cycle, {person_id, *(one.id for one in task.line.owners)}, on),
    )


def _standing(task: TaskView, cycle: CycleView, person_id: int, people: Directory, on: date) -> Standing | None:
    owners, lead = {one.id for one in task.line.owners}, cycle.line.lead.id
    if person_id in owners:
        return Standing.OWNER
    if person_id == lead:
        return Standing.LEAD
    return Standing.STAND_IN if person_id in {people.told(one, on) for one in {*owners, lead}} else None


def _offer(task: TaskView, cycle: CycleView, person_id: int, people: Directory, on: date) -> AnswerView | None:
    """Find an offer to this person, or to whom they stand in for, that still stands: made by somebody who has the task
    now, and not taken."""
    owners = {one.id for one in task.line.owners}
    offers = [
        one
        for one in task.answers
        if one.kind is AnswerKind.HAND_OVER
        and one.undone_at is None
        and one.to
        and person_id in (one.to.id, people.told(one.to.id, on))
    ]
    last = offers[-1] if offers else None
    open_still = last and last.taken_at is None
    had_it = stand_ins_too(people, {*owners, cycle.line.lead.id})
    stands = last and open_still and last.by.id in had_it and person_id not in owners
    return last if stands else None


def _kinds(standing: Standing, offer: AnswerView | None) -> tuple[str, ...]:
    own = () if standing in (Standing.OFFERED, Standing.NOBODY) else tuple(kind.value for kind in AnswerKind)
    return (*((TAKE,) if offer else ()), *own)


def _said(task: TaskView, person_id: int) -> AnswerView | None:
    own = [(one.at, one) for one in task.answers if one.by.id == person_id]
    took = [one for one in task.answers if one.taken_by and one.taken_by.id == person_id]
    taken = [(one.taken_at, one) for one in took if one.taken_at]
    return max([*own, *taken], key=lambda pair: (pair[0], pair[1].id))[1] if own or taken else None


def _colleagues(people: Directory, cycle: CycleView, without: set[int], on: date) -> tuple[Person, ...]:
    """List who works in the cycle's unit or above it, the nearest first."""
    places = list(people.upwards(cycle.line.unit.id))
    found: dict[int, int] = {}
    for (_, unit_id), held in people.holdings.items():
        if unit_id in places:
            for one in held:
                near = places.index(unit_id)
                found[one.person_id] = min(near, found.get(one.person_id, near))
    found.setdefault(cycle.line.lead.id, 0)
    here = (one for one in sorted(found, key=lambda one: (found[one], people.persons[one].name)) if one not in without)
    staying = (people.persons[one] for one in here)
    return tuple(one for one in staying if one.left_on is None or one.left_on > on)[:MOST_COLLEAGUES]
