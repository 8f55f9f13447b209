"""Counting adverse events into their indicators: month by month, for each unit and all units above it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.calendar import Calendar
from config.events import Severity
from config.indicators import Frequency
from config.periods import after, start_of
from engine.observation_checks import Given
from engine.observations import Fate, put_observations
from engine.people import Directory, directory
from engine.rules import Rules
from models.base import table_of
from models.event import Event
from models.indicator import Observation
from models.once import one_at_a_time

MONTH = Frequency.MONTH
ALL, NEAR_MISS = "adverse-events", "near-miss-share"
TRIAGED_IN_TIME, ANSWERED_IN_TIME = "event-triage-on-time", "event-answer-on-time"
BY_CLASS = {severity: f"adverse-events-class-{n}" for n, severity in enumerate(Severity, 1)}
OURS = (ALL, *BY_CLASS.values(), NEAR_MISS, TRIAGED_IN_TIME, ANSWERED_IN_TIME)
NOBODY = "no event to count · 无可统计的事件"
WHY = "counted from the events"


@dataclass(frozen=True)
class Counted:
    """What of an event is counted. `in_time`: None as long as it is still to come."""

    unit_id: int
    month_on: date
    severity: Severity | None
    triaged_in_time: bool | None
    answered_in_time: bool | None


def count_events(session: Session, *, rules: Rules, now: datetime) -> int:
    """Bring the indicators up to date: from the first month that is not final yet to the present one.

    Returns how many values were new or corrected; a second time none. Nothing where the definitions are not there.
    """
    if not set(OURS) <= set(rules.catalogue.indicators):
        return 0
    one_at_a_time(session, "event-counts")
    first = _first_month(session, rules.calendar)
    if first is None:
        return 0
    people, last = directory(session), start_of(MONTH, rules.calendar.local_date(now))
    begun = _begun(session, people, rules.calendar)
    wanted = [(unit, month) for unit, day in begun.items() for month in _months(max(first, day), last)]
    return _put(session, wanted, rules=rules, now=now)


def count_event(session: Session, event: Event, *, rules: Rules, now: datetime) -> int:
    """Count the month of one event anew, when its class changed: that month may be final. Returns how many changed.

    Triage and answers need no such thing: as long as they are to come, the month is not final and counted each time.
    """
    if not set(OURS) <= set(rules.catalogue.indicators):
        return 0
    one_at_a_time(session, "event-counts")
    month = start_of(MONTH, rules.calendar.local_date(event.received_at))
    return _put(session, [(unit, month) for unit in directory(session).upwards(event.unit_id)], rules=rules, now=now)


def _put(session: Session, wanted: Sequence[tuple[int, date]], *, rules: Rules, now: datetime) -> int:
    if not wanted:
        return 0
    found = _by_place(_read(session, {month for _, month in wanted}, rules.calendar, now), directory(session))
    given = [one for unit, month in wanted for one in values_of(unit, month, found.get((unit, month), ()))]
    batch = put_observations(session, given, rules=rules, by=None, now=now, why=WHY)
    return batch.n(Fate.NEW) + batch.n(Fate.CORRECTED)


def values_of(unit_id: int, month: date, events: Collection[Counted]) -> Iterator[Given]:
    """Count the events of one unit and month; what is still to come leaves the month provisional; pure."""
    classes = Counter(one.severity for one in events)
    waits = classes[None] > 0

    def share(indicator: str, part: int, whole: int, unfinished: bool) -> Given:
        return Given(indicator, unit_id, month, part, whole, unfinished, "" if whole else NOBODY)

    yield Given(ALL, unit_id, month, len(events), None, False, "")
    for severity, indicator in BY_CLASS.items():
        yield Given(indicator, unit_id, month, classes[severity], None, waits, "")
    yield share(NEAR_MISS, classes[Severity.IV], sum(n for severity, n in classes.items() if severity), waits)
    for indicator, said in (
        (TRIAGED_IN_TIME, [one.triaged_in_time for one in events]),
        (ANSWERED_IN_TIME, [one.answered_in_time for one in events]),
    ):
        known = [one for one in said if one is not None]
        yield share(indicator, sum(known), len(known), len(known) < len(said))


def _first_month(session: Session, calendar: Calendar) -> date | None:
    """Find from which month on values may still change or are missing; None where no event ever was."""
    seen = table_of(Observation)
    ours = seen.c.indicator.in_(OURS)
    open_on: date | None = session.execute(
        sa.select(sa.func.min(seen.c.period_on)).where(ours, seen.c.provisional.is_(True))
    ).scalar()
    if open_on is not None:
        return open_on
    newest: date | None = session.execute(sa.select(sa.func.max(seen.c.period_on)).where(ours)).scalar()
    if newest is not None:
        return after(MONTH, newest)
    oldest = session.exec(select(Event.received_at).order_by(col(Event.received_at))).first()
    return start_of(MONTH, calendar.local_date(oldest)) if oldest is not None else None


def _begun(session: Session, people: Directory, calendar: Calendar) -> Mapping[int, date]:
    """Find since which month each unit has been counted: its first event, or its first value."""
    told, seen = table_of(Event), table_of(Observation)
    found: dict[int, date] = {}
    first = sa.select(told.c.unit_id, sa.func.min(told.c.received_at, type_=told.c.received_at.type))
    events = session.execute(first.group_by(told.c.unit_id)).tuples()
    values = sa.select(seen.c.unit_id, sa.func.min(seen.c.period_on)).where(seen.c.indicator == ALL)
    begun = [(unit, start_of(MONTH, calendar.local_date(at))) for unit, at in events]
    for unit, day in [*begun, *session.execute(values.group_by(seen.c.unit_id)).tuples()]:
        for above in people.upwards(unit):
            found[above] = min(found.get(above, day), day)
    return found


def _read(session: Session, months: Collection[date], calendar: Calendar, now: datetime) -> Iterator[Counted]:
    """Read the events of these months, without those that were none."""
    first, last = calendar.at(min(months), time.min), calendar.at(after(MONTH, max(months)), time.min)
    rows = select(Event).where(Event.received_at >= first, Event.received_at < last, col(Event.set_aside).is_(False))
    for one in session.exec(rows.order_by(col(Event.id))):
        triaged, answered = one.triaged_at or one.closed_at, one.closed_at
        yield Counted(
            one.unit_id,
            start_of(MONTH, calendar.local_date(one.received_at)),
            one.severity,
            _in_time(triaged, one.triage_due_at, now),
            _in_time(answered, one.answer_due_at, now),
        )


def _in_time(done: datetime | None, due: datetime, now: datetime) -> bool | None:
    if done is not None:
        return done <= due
    return False if now > due else None


def _by_place(events: Iterable[Counted], people: Directory) -> dict[tuple[int, date], list[Counted]]:
    found: dict[tuple[int, date], list[Counted]] = defaultdict(list)
    for one in events:
        for unit in people.upwards(one.unit_id):
            found[unit, one.month_on].append(one)
    return found


def _months(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first = after(MONTH, first)
