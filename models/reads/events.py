"""Named reads of adverse events: the list, one with all that belongs to it, and what they were about."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.events import Severity
from models.assessment import OriginKind
from models.cycle import Cycle
from models.event import Event, EventPhoto, EventStatus
from models.people import Unit
from models.reads.names import person_names, unit_names
from models.reads.origins import cycles_from
from models.reads.views import PersonName, UnitName


@dataclass(frozen=True)
class EventFilter:
    """Which events a list shows. overdue: something of it was not done by its moment and still is not."""

    status: EventStatus | None = None
    severity: Severity | None = None
    kind: str | None = None
    unit: str | None = None
    overdue: bool = False


@dataclass(frozen=True)
class EventLine:
    """One event in a list."""

    row: Event
    unit: UnitName
    overdue: bool


@dataclass(frozen=True)
class EventPage:
    """Some lines of a list, and how many there are in all."""

    lines: tuple[EventLine, ...]
    n_all: int


@dataclass(frozen=True)
class EventView:
    """One event with the names in it, its cycles and whether there is a photo."""

    row: Event
    unit: UnitName
    persons: dict[int, PersonName]
    cycles: tuple[Cycle, ...]
    photo: tuple[str, int] | None


def open_and_late(now: datetime) -> sa.ColumnElement[bool]:
    """Say in SQL that something of an event is overdue and still to be done."""
    is_open = col(Event.status) != EventStatus.CLOSED
    untriaged = col(Event.triaged_at).is_(None) & (col(Event.triage_due_at) < now)
    # Never NULL: PostgreSQL would sort it before all that is true.
    asked = col(Event.report_due_at).is_not(None) & col(Event.reported_at).is_(None)
    unreported = asked & (col(Event.report_due_at) < now)
    return is_open & (untriaged | unreported | (col(Event.answer_due_at) < now))


def list_events(session: Session, wanted: EventFilter, *, now: datetime, limit: int = 50, offset: int = 0) -> EventPage:
    """List events, the newest first, those that are late before all others."""
    conditions = list(_conditions(session, wanted, now))
    late = open_and_late(now)
    found = select(Event, late.label("late")).where(*conditions).order_by(late.desc(), col(Event.id).desc())
    rows = session.execute(found.limit(limit).offset(offset)).all()
    n_all = session.execute(select(sa.func.count(col(Event.id))).where(*conditions)).scalar_one()
    units = unit_names(session, {row.unit_id for row, _ in rows})
    return EventPage(tuple(EventLine(row, units[row.unit_id], bool(late)) for row, late in rows), n_all)


def _conditions(session: Session, wanted: EventFilter, now: datetime) -> Collection[sa.ColumnElement[bool]]:
    given = [
        (wanted.status, col(Event.status) == wanted.status),
        (wanted.severity, col(Event.severity) == wanted.severity),
        (wanted.kind, col(Event.kind) == wanted.kind),
        (wanted.unit, col(Event.unit_id) == _unit_id(session, wanted.unit)),
        (wanted.overdue, open_and_late(now)),
    ]
    return [condition for value, condition in given if value]


def _unit_id(session: Session, slug: str | None) -> int | None:
    return session.exec(select(Unit.id).where(Unit.slug == slug)).first() if slug else None


def read_event(session: Session, number: int) -> EventView | None:
    """Read an event with all that belongs to it, but who reported; None where there is none to be seen."""
    row = session.exec(select(Event).where(Event.id == number)).one_or_none()
    if row is None:
        return None
    photo = select(EventPhoto.media_type, EventPhoto.n_bytes).where(EventPhoto.event_id == number)
    persons = person_names(session, (row.triaged_by, row.reported_by, row.closed_by))
    cycles = cycles_from(session, OriginKind.EVENT, number)
    return EventView(
        row, unit_names(session, {row.unit_id})[row.unit_id], persons, tuple(cycles), session.exec(photo).one_or_none()
    )


def read_photo(session: Session, number: int) -> EventPhoto | None:
    """Read the photo of an event."""
    return session.exec(select(EventPhoto).where(EventPhoto.event_id == number)).one_or_none()


def find_by_mark(session: Session, mark: str) -> Event | None:
    """Find the event of a receipt's code."""
    return session.exec(select(Event).where(Event.code_mark == mark)).one_or_none()


def count_kinds(session: Session, *, first: datetime, until: datetime) -> dict[str, int]:
    """Count the events that were reported in a span by what they were about; what was none is left out."""
    span = (col(Event.received_at) >= first, col(Event.received_at) < until, col(Event.set_aside).is_(False))
    counted = select(Event.kind, sa.func.count(col(Event.id))).where(*span).group_by(col(Event.kind))
    return dict(session.execute(counted).tuples().all())


def count_classes(session: Session, *, first: datetime, until: datetime) -> dict[Severity | None, int]:
    """Count the events that were reported in a span by class; those without a class yet stand under None."""
    span = (col(Event.received_at) >= first, col(Event.received_at) < until, col(Event.set_aside).is_(False))
    counted = select(Event.severity, sa.func.count(col(Event.id))).where(*span).group_by(col(Event.severity))
    return dict(session.execute(counted).tuples().all())
