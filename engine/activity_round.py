"""A round of activities: launch what is due by plan, tell who was missing, hand reports to the level above."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlmodel import Session

from config.recurrence import parse_recurrence
from engine.activity_schedules import launch_due_activity, prepare
from engine.activity_turns import coming_turns, due_turn, turn_of
from engine.deed import Deed
from engine.gatherings import find_untold, tell_missing
from engine.launch import Launch
from engine.reports_up import find_unreported, report_up
from engine.rounds import Rounds
from engine.rules import Rules
from models.activity import ActivitySchedule
from models.db import Database
from models.errors import WardcycleError
from models.reads.activities import list_activity_schedules

log = logging.getLogger("wardcycle.activities")


@dataclass(frozen=True)
class ActivityRound:
    """What a round did."""

    n_launched: int = 0
    n_missing_told: int = 0
    n_reported: int = 0
    n_failed: int = 0


def run_activities(database: Database, *, rules: Rules, now: datetime, door: str) -> ActivityRound:
    """Do everything about activities that is due at `now`. Twice, late or twice at once brings nothing twice."""
    rounds = Rounds(database, door)
    with database.reading() as session:
        due = [one.id for one in list_activity_schedules(session) if _is_due(one, rules, now)]
        untold, unreported = find_untold(session, now), find_unreported(session, rules)
    n_launched = rounds.each(due, partial(launch_due_activity, rules=rules, now=now))
    n_told = rounds.each(untold, partial(tell_missing, rules=rules, now=now))
    n_reported = rounds.each(unreported, partial(report_up, rules=rules, now=now))
    return ActivityRound(n_launched, n_told, n_reported, rounds.n_failed)


def _is_due(schedule: ActivitySchedule, rules: Rules, now: datetime) -> bool:
    return due_turn(parse_recurrence(schedule.every), schedule.next_on, rules.calendar, now) is not None


@dataclass(frozen=True)
class ComingLaunch:
    """What will be launched by plan, and when."""

    at: datetime
    schedule_id: int
    unit_id: int
    launch: Launch


def coming_launches(session: Session, *, rules: Rules, now: datetime, until: datetime) -> list[ComingLaunch]:
    """List what the plans will launch before a moment, the next first, as far as can be known today."""
    return sorted(
        (one for schedule in list_activity_schedules(session) for one in _coming(session, schedule, rules, now, until)),
        key=lambda one: (one.at, one.schedule_id, one.unit_id),
    )


def next_launch_at(session: Session, *, rules: Rules, now: datetime) -> datetime | None:
    """Find the next moment at which a plan launches something; one that has passed is now."""
    moments = (
        turn_of(parse_recurrence(one.every), one.next_on, rules.calendar).due_at
        for one in list_activity_schedules(session)
    )
    found = min(moments, default=None)
    return max(found, now) if found else None


def _coming(
    session: Session, schedule: ActivitySchedule, rules: Rules, now: datetime, until: datetime
) -> Iterator[ComingLaunch]:
    for here in coming_turns(parse_recurrence(schedule.every), schedule.next_on, rules.calendar, now, until):
        at = max(here.due_at, now)
        try:
            yield from (
                ComingLaunch(at, schedule.id, each.unit_id, each.launch)
                for each in prepare(Deed(session, rules, None, at), schedule, here)
            )
        except WardcycleError:  # an activity that is no longer there, or nobody to lead it: it would not be launched
            log.warning("not to be launched", extra={"action": "activity_unknown", "schedule_id": schedule.id})
            return
