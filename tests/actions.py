"""A hospital with figures for special actions: quarters of departments, given as they would be entered."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import Session

from config.periods import after, start_of
from engine.observation_checks import Given
from engine.people import directory
from engine.rules import Rules
from engine.special_actions import GivenAction, Opened, launch_action
from models.db import Database
from tests.indicators import person_of, put, unit_of

RETURNS, HARM, STEMI = "unplanned-reoperation", "post-surgical-acquired", "stemi-reperfusion"


def enter(
    database: Database,
    rules: Rules,
    now: datetime,
    indicator: str,
    shares: Mapping[str, float],
    *,
    n: int = 4,
    ago: int = 1,
    cases: int = 1000,
) -> None:
    """Enter n full periods, the last one `ago` before the running one. shares: unit -> value as shown."""
    one = rules.catalogue.indicators[indicator]
    running = start_of(one.frequency, rules.calendar.local_date(now))
    periods = [after(one.frequency, running, -k) for k in range(ago, ago + n)]
    given = [
        Given(indicator, unit_of(database, unit), period, round(share / one.multiply * cases), cases, provisional=False)
        for unit, share in shares.items()
        for period in periods
    ]
    assert not put(database, given, rules=rules, now=now).faults


def launch(database: Database, rules: Rules, now: datetime, action: str = "surgery", **more: object) -> Opened:
    """Launch an action by the quality office; roles that nobody holds go to it too."""
    with database.transaction("test") as session:
        return launch_in(session, rules, now, action, **more)


def launch_in(session: Session, rules: Rules, now: datetime, action: str, **more: object) -> Opened:
    """Launch an action in a transaction that is open."""
    given = GivenAction.model_validate({"action": action, "allow_unstaffed": True} | more)
    return launch_action(session, given, rules=rules, by=directory(session).person("eva").id, now=now)


def office(database: Database) -> int:
    """The quality office."""
    return person_of(database, "eva")


def in_a_year(day: date) -> date:
    return date(day.year + 1, day.month, day.day)
