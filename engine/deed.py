"""What a verb holds while it works: the session, the rules, who acts and when, and what is to be told at its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from config.shapes import Level, Template
from engine.outbox import Note, tell
from engine.people import Directory, directory
from engine.rules import Rules
from engine.words import CYCLE_WORDS
from models.audit import record
from models.base import Row
from models.cycle import Cycle, CycleStatus, Snapshot
from models.errors import CycleNotRunning
from models.notification import NotificationKind
from models.task import Task
from models.transitions import move


@dataclass(frozen=True)
class Plan:
    """The template and the ladder that a cycle was launched with."""

    template: Template
    ladder: tuple[Level, ...]


@dataclass
class Deed:
    """One run of one verb. `by` is None when the clock acts."""

    session: Session
    rules: Rules
    by: int | None
    now: datetime
    notes: list[Note] = field(default_factory=list)

    @cached_property
    def people(self) -> Directory:
        """The hospital's people at this moment."""
        return directory(self.session)

    @property
    def today(self) -> date:
        """The date in the hospital's zone."""
        return self.rules.calendar.local_date(self.now)

    def plan(self, cycle: Cycle) -> Plan:
        """Get what the cycle was launched with."""
        return plan_of(self.session, cycle.snapshot)

    def note(
        self,
        cycle: Cycle,
        kind: NotificationKind,
        key: str,
        person_id: int,
        *,
        task_id: int | None = None,
        decision_id: int | None = None,
        deadline_no: int = 0,
        **facts: str,
    ) -> None:
        """Keep in mind that somebody is to be told; empty facts are left out."""
        self.notes.append(
            Note(
                key=key,
                kind=kind,
                person_id=person_id,
                at=self.now,
                cycle_id=cycle.id,
                task_id=task_id,
                decision_id=decision_id,
                deadline_no=deadline_no,
                urgent=cycle.urgent,
                facts={name: fact for name, fact in facts.items() if fact},
            )
        )

    def move(
        self,
        noun: type[Row],
        ids: Sequence[int],
        old: StrEnum,
        new: StrEnum,
        *,
        why: str = "",
        values: Mapping[str, object] | None = None,
        each: Mapping[str, Mapping[int, object]] | None = None,
        own: Mapping[int, Mapping[str, object]] | None = None,
    ) -> None:
        """Change a status, as models.transitions.move does it, by who acts now."""
        move(self.session, noun, ids, old, new, by=self.by, now=self.now, why=why, values=values, each=each, own=own)

    def record_deadline(self, task: Task, new: datetime, why: str) -> None:
        """Note in the trail that a deadline moves, before it is written."""
        before, after = {"deadline_at": task.deadline_at}, {"deadline_at": new}
        record(self.session, "task.deadline", "task", task.id, by=self.by, now=self.now, before=before,
               after=after, why=why)  # fmt: skip

    def finish(self) -> None:
        """Write everything that is to be told, at once."""
        if self.notes:
            tell(self.session, self.notes, rules=self.rules, now=self.now, people=self.people)
        self.notes.clear()

    def name(self, person_id: int | None) -> str:
        """The name of a person, for messages."""
        return self.people.persons[person_id].name if person_id is not None else ""


_PLANS: dict[str, Plan] = {}
_LADDER = TypeAdapter(tuple[Level, ...])


def plan_of(session: Session, digest: str) -> Plan:
    """Read a snapshot once in a process's life: it is named by its content and never changes."""
    if digest not in _PLANS:
        row = session.get_one(Snapshot, digest)
        _PLANS[digest] = Plan(Template.model_validate_json(row.template), ladder_from(row.ladder))
    return _PLANS[digest]


def ladder_from(text: str) -> tuple[Level, ...]:
    """Read a stored ladder."""
    return _LADDER.validate_json(text)


def lock_cycle(session: Session, cycle_id: int | sa.ScalarSelect[int]) -> Cycle:
    """Get a cycle and keep others from working on it until the end of the transaction."""
    # key_share: a sweep holds tasks and then refers to their cycle; with a stronger lock the two would wait in a ring.
    return session.exec(select(Cycle).where(col(Cycle.id) == cycle_id).with_for_update(key_share=True)).one()


def require_running(cycle: Cycle, statuses: tuple[CycleStatus, ...] = (CycleStatus.ACTIVE,)) -> None:
    """Refuse work on a cycle that is not in one of `statuses`."""
    if cycle.status not in statuses:
        raise CycleNotRunning(code=cycle.code, status=CYCLE_WORDS[cycle.status])
