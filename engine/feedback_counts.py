"""What the feedback of a month comes to, as observations of each department and the hospital: exactly once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from config.calendar import MORNING, Calendar
from config.indicators import Frequency
from config.periods import after, start_of
from engine.feedback_tasks import kind_of, root_of
from engine.observation_checks import Given
from engine.observations import put_observations
from engine.people import Directory, directory
from engine.rules import Rules
from models.feedback import Feedback, FeedbackMonth, FeedbackRound, FeedbackUnit
from models.reads.feedback import first_at, opened_between

COUNT_AFTER = 3  # working days after the month: what came on its last day has its departments by then
SATISFIED, ON_TIME, COMPLAINTS = "feedback-satisfied", "feedback-on-time", "feedback-complaints"
GOOD = 4  # of 5


@dataclass
class Tally:
    """What was counted in one unit."""

    n_marks: int = 0
    n_good: int = 0
    n_due: int = 0
    n_on_time: int = 0
    n_complaints: int = 0


def count_at(month_on: date, calendar: Calendar) -> datetime:
    """Find when a month is counted; pure."""
    return calendar.at(calendar.shift(after(Frequency.MONTH, month_on) - timedelta(days=1), COUNT_AFTER), MORNING)


def find_months(session: Session, *, rules: Rules, now: datetime) -> tuple[date, ...]:
    """Find the months that are to be counted and were not."""
    first = first_at(session)
    if first is None:
        return ()
    counted = set(session.execute(sa.select(col(FeedbackMonth.month_on))).scalars())
    month = start_of(Frequency.MONTH, rules.calendar.local_date(first))
    found = []
    while count_at(month, rules.calendar) <= now:
        if month not in counted:
            found.append(month)
        month = after(Frequency.MONTH, month)
    return tuple(found)


def count_month(session: Session, month_on: date, *, rules: Rules, now: datetime) -> int:
    """Write the observations of a month; 0 when somebody has, just now too."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(FeedbackMonth).values(month_on=month_on, counted_at=now)
    made = session.execute(row.on_conflict_do_nothing().returning(col(FeedbackMonth.month_on))).first()
    if made is None:
        return 0
    tallies = _tallies(session, month_on, rules)
    given = [one for unit_id, tally in sorted(tallies.items()) for one in _given(unit_id, month_on, tally)]
    given = [one for one in given if one.indicator in rules.catalogue.indicators]
    put_observations(session, given, rules=rules, by=None, now=now, why="counted from the feedback")
    return 1


def _tallies(session: Session, month_on: date, rules: Rules) -> Mapping[int, Tally]:
    calendar = rules.calendar
    first, end = (calendar.at(day, time.min) for day in (month_on, after(Frequency.MONTH, month_on)))
    people, units = directory(session), _units(session, end)
    found: dict[int, Tally] = {unit: Tally() for unit in _ever(session, end, people)}
    for turn in opened_between(session, first, end):
        one = session.get_one(Feedback, turn.feedback_id)
        for unit in _concerned(units.get(turn.id, ()), one, people):
            _add(found.setdefault(unit, Tally()), turn, one, (first, end), rules)
    return found


def _add(tally: Tally, turn: FeedbackRound, one: Feedback, span: tuple[datetime, datetime], rules: Rules) -> None:
    first, end = span
    if turn.satisfaction is not None and turn.judged_at and first <= turn.judged_at < end:
        tally.n_marks += 1
        tally.n_good += turn.satisfaction >= GOOD
    if first <= turn.answer_due_at < end:
        tally.n_due += 1
        tally.n_on_time += turn.answered_at is not None and turn.answered_at <= turn.answer_due_at
    if turn.no == 1 and first <= turn.opened_at < end and kind_of(rules, one.kind).complaint:
        tally.n_complaints += 1


def _given(unit_id: int, month_on: date, tally: Tally) -> Iterator[Given]:
    yield Given(COMPLAINTS, unit_id, month_on, tally.n_complaints, provisional=False)
    if tally.n_marks:
        yield Given(SATISFIED, unit_id, month_on, tally.n_good, tally.n_marks, provisional=False)
    if tally.n_due:
        yield Given(ON_TIME, unit_id, month_on, tally.n_on_time, tally.n_due, provisional=False)


def _units(session: Session, end: datetime) -> dict[int, list[int]]:
    """Read the departments of each round that began before a moment."""
    wanted = (
        select(FeedbackUnit)
        .join(FeedbackRound, col(FeedbackRound.id) == col(FeedbackUnit.round_id))
        .where(FeedbackRound.opened_at < end)
    )
    found: dict[int, list[int]] = defaultdict(list)
    for row in session.exec(wanted):
        found[row.round_id].append(row.unit_id)
    return found


def _concerned(units: list[int] | tuple[int, ...], one: Feedback, people: Directory) -> set[int]:
    """Name the units that a round counts for: those concerned, else what the patient named; the hospital always."""
    own = set(units) or ({one.unit_id} if one.unit_id else set())
    roots = [root_of(people, unit) for unit in own or [None]]
    return own | {root.id for root in roots if root}


def _ever(session: Session, end: datetime, people: Directory) -> set[int]:
    """Name the units that ever had feedback, so that a month without any reads 0 complaints."""
    named = select(Feedback.unit_id).where(Feedback.received_at < end, col(Feedback.unit_id).is_not(None)).distinct()
    found = {unit for unit in session.exec(named) if unit}
    found |= {unit for units in _units(session, end).values() for unit in units}
    roots = [root_of(people, unit) for unit in found or [None]]
    return found | {root.id for root in roots if root}
