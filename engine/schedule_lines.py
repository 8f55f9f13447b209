"""What is shown of schedules: where, when the next assessments are made, what came of the last ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from engine.people import directory
from engine.rules import Rules
from engine.schedules import spell, turn
from models.people import Unit
from models.reads.schedules import LastTurn, last_turns
from models.schedule import Schedule


@dataclass(frozen=True)
class ScheduleLine:
    """One schedule. next_period is '' and next_at None once it is stopped; last is None before its first turn."""

    schedule: Schedule
    unit: Unit
    next_period: str
    next_at: datetime | None
    last: LastTurn | None

    @property
    def last_period(self) -> str:
        """Name the period of the last turn."""
        return spell(self.schedule.frequency, None, self.last.period_on) if self.last else ""

    @property
    def what(self) -> str:
        """Give the slug of the set or the indicator."""
        return self.schedule.indicator_set or self.schedule.indicator


def schedule_lines(session: Session, found: Sequence[Schedule], *, rules: Rules) -> list[ScheduleLine]:
    """Read what is shown of some schedules, in their order."""
    units = directory(session).units
    last = last_turns(session, [one.id for one in found])
    return [_line(one, units[one.unit_id], last.get(one.id), rules) for one in found]


def _line(one: Schedule, unit: Unit, last: LastTurn | None, rules: Rules) -> ScheduleLine:
    ended = one.stopped_at is not None
    return ScheduleLine(
        schedule=one,
        unit=unit,
        next_period="" if ended else spell(one.frequency, None, one.next_on),
        next_at=None if ended else turn(one.frequency, one.next_on, one.after, rules.calendar).due_at,
        last=last,
    )
