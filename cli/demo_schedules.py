"""What the demo hospital assesses by plan: figures of last month, with a signal where there is one, and a bulletin."""

from datetime import datetime, timedelta

from sqlmodel import Session

from engine.people import directory
from engine.rules import Rules
from engine.scheduling import GivenSchedule, add_schedule

ASSESSED = (
    ("unplanned-reoperation", "surgery"),
    ("unplanned-reoperation", "day-surgery"),
    ("adverse-event-reporting", "surgery"),
    ("adverse-event-reporting", "internal"),
    ("adverse-event-reporting", "emergency"),
)
DAY = timedelta(days=1)


def show_schedules(session: Session, *, rules: Rules, now: datetime) -> None:
    """Plan the assessments, from last month on."""
    office = directory(session).office(rules.calendar.local_date(now))[0]
    last_month = rules.calendar.local_date(now).replace(day=1) - DAY
    for indicator, unit in ASSESSED:
        given = GivenSchedule(what=indicator, unit=unit, since=last_month)
        add_schedule(session, given, rules=rules, by=office, now=now)
