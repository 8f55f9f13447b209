"""A round of scheduled assessments: create what is due, make what has its data, ask for the rest, close the missed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from sqlmodel import Session

from engine.bulletins import find_bulletins, make_bulletin
from engine.data_requests import ask_for_data, role_of
from engine.due_assessments import Closed, lock_due, make_due, miss_due
from engine.event_counts import count_events
from engine.health import ASSESSING
from engine.rounds import Rounds
from engine.rules import Rules
from engine.scheduling import create_due
from engine.sweep import beat
from engine.watch_looks import find_looks, look_again
from models.db import Database
from models.reads.schedules import Waiting, list_schedules, list_waiting
from models.schedule import Schedule

BATCH = 100  # about a fifth of a second: so long others wait to write on SQLite
Request = tuple[int, int, date, date, str]  # schedule, unit, first day, day after the last, the role that is asked


@dataclass(frozen=True)
class Round:
    """What a round did."""

    n_created: int = 0
    n_made: int = 0
    n_missed: int = 0
    n_asked: int = 0
    n_alerts: int = 0
    n_watched: int = 0
    n_bulletins: int = 0
    n_failed: int = 0


def assess_due(database: Database, *, rules: Rules, now: datetime, door: str) -> Round:
    """Do everything about assessments that is due at `now`. Twice, late or twice at once brings nothing twice."""
    rounds = Rounds(database, door)
    rounds.all_of(rules.catalogue.events is not None, partial(count_events, rules=rules, now=now))
    with database.reading() as session:
        schedules = {one.id: one for one in list_schedules(session, stopped=True)}
    n_created = _create(rounds, schedules, rules, now)
    with database.reading() as session:
        waiting = list_waiting(session)
    made = _make(rounds, waiting, rules, now)
    n_missed = _miss(rounds, waiting, schedules, rules, now)
    n_asked = rounds.each(_unasked(waiting, schedules, rules, now).items(), partial(_ask, rules=rules, now=now))
    with database.reading() as session:
        looks = find_looks(session, rules=rules, now=now)
    n_watched = rounds.each(looks, partial(look_again, rules=rules, now=now))
    with database.reading() as session:
        bulletins = find_bulletins(session, rules=rules, now=now)
    n_bulletins = rounds.each(bulletins, partial(make_bulletin, rules=rules, now=now))
    with database.transaction(door) as session:
        beat(session, ASSESSING, now)
    n_failed = rounds.n_failed
    return Round(n_created, made.n, n_missed, n_asked, made.n_alerts, n_watched, n_bulletins, n_failed)


def _create(rounds: Rounds, schedules: Mapping[int, Schedule], rules: Rules, now: datetime) -> int:
    running = [key for key, one in schedules.items() if one.stopped_at is None]
    return sum(rounds.all_of(True, partial(create_due, schedule_id=key, rules=rules, now=now)) for key in running)


def _make(rounds: Rounds, waiting: Sequence[Waiting], rules: Rules, now: datetime) -> Closed:
    """Make what has its data; an indicator that is no longer defined waits until it is, or until its time is over."""
    ready = [each.assessment_id for each in waiting if _is_ready(each, rules)]
    done = rounds.in_batches(ready, partial(make_due, rules=rules, now=now), size=BATCH)
    return Closed(sum(one.n for one in done), sum(one.n_alerts for one in done))


def _is_ready(each: Waiting, rules: Rules) -> bool:
    return each.is_ready and each.indicator in rules.catalogue.indicators


def _miss(
    rounds: Rounds, waiting: Sequence[Waiting], schedules: Mapping[int, Schedule], rules: Rules, now: datetime
) -> int:
    over = [(each, schedules[each.schedule_id]) for each in waiting if each.until_at <= now]
    return rounds.each([one for one in over if not _is_ready(one[0], rules)], partial(miss_due, rules=rules, now=now))


def _unasked(
    waiting: Sequence[Waiting], schedules: Mapping[int, Schedule], rules: Rules, now: datetime
) -> dict[Request, list[Waiting]]:
    """Group what lacks its data and is to be asked for: by schedule, unit, period, and the role that is asked.

    Whoever said `done` without entering it is asked again from the next day on.
    """
    today = rules.calendar.local_date(now)
    found: dict[Request, list[Waiting]] = defaultdict(list)
    for each in waiting:
        if each.is_ready or each.until_at <= now:
            continue
        unheard = each.answered_at is not None and rules.calendar.local_date(each.answered_at) < today
        if each.request_id is None or unheard:
            role = role_of(schedules[each.schedule_id], each, rules)
            found[each.schedule_id, each.unit_id, each.period_on, each.end_on, role].append(each)
    return found


def _ask(session: Session, asked: tuple[Request, list[Waiting]], *, rules: Rules, now: datetime) -> int:
    (schedule_id, *_, role), lacking = asked
    free = {due.assessment_id for due in lock_due(session, [each.assessment_id for each in lacking])}
    still = [each for each in lacking if each.assessment_id in free]
    if still:
        ask_for_data(session, schedule_id, role, still, rules=rules, now=now)
    return int(bool(still))
