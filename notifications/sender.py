"""The long-lived loop that delivers: it looks every second and sends what is due."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from models.db import Database
from models.errors import WardcycleError
from models.notification import Heartbeat
from notifications.breaker import look, pass_on
from notifications.channels import Voice
from notifications.claim import anything_due
from notifications.deliver import DOOR, by_chance
from notifications.lanes import Lanes

log = logging.getLogger(__name__)

LOOP = "sender"
POLL_S = 1.0
AWAY_S = 5.0  # between two looks while the database is away
BEAT_EVERY = timedelta(seconds=30)
STOP_S = 2.0  # whoever stops us kills after four seconds


def run_sender(
    database: Database,
    *,
    voice: Voice,
    now: Callable[[], datetime],
    stop: Callable[[], bool],
    wait: Callable[[float], object] = time.sleep,
    random: Callable[[], float] = by_chance,
    floor: int | None = None,
    give_up: Callable[[], object] = lambda: None,
) -> None:
    """Deliver until `stop` says so, each channel in a lane of its own; a database that is away is waited for.

    wait: sleeps up to so many seconds; floor: see `deliver_due`; give_up: ends the sends that hang after the stop.
    """
    pause = wait_of(wait)
    lanes = Lanes(database, voice=voice, now=now, random=random, stop=stop, pause=pause, floor=floor)
    try:
        _look_and_look(database, lanes, now, stop, wait)
    finally:
        lanes.close(seconds=STOP_S, give_up=give_up)


def _look_and_look(
    database: Database,
    lanes: Lanes,
    now: Callable[[], datetime],
    stop: Callable[[], bool],
    wait: Callable[[float], object],
) -> None:
    away, beat_at = False, None
    while not stop():
        try:
            moment = now()
            if beat_at is None or not timedelta(0) <= moment - beat_at < BEAT_EVERY:
                beat(database, LOOP, now=moment)
                _pass_on(database, moment)
                beat_at = moment
            with database.reading() as session:
                due = anything_due(session, now=moment)
            if due:
                lanes.start_due()
        except (DBAPIError, WardcycleError) as error:
            if not away:
                log.warning("database away", extra={"action": "database_away", "error": type(error).__name__})
            away = True
            wait(AWAY_S)
            continue
        if away:
            log.info("database back", extra={"action": "database_back"})
            away = False
        wait(POLL_S)


def _pass_on(database: Database, now: datetime) -> None:
    """Look after what waits for a channel that is shut: no lane does."""
    with database.transaction(DOOR) as session:
        pass_on(session, look(session, now=now), now=now)


def wait_of(wait: Callable[[float], object]) -> Callable[[float], None]:
    """Drop what a waiter answers, such as `Event.wait`'s truth."""

    def waited(seconds: float) -> None:
        wait(seconds)

    return waited


def beat(database: Database, loop: str, *, now: datetime) -> None:
    """Write down that a loop came round."""
    with database.transaction(DOOR) as session:
        dialect = sqlite if database.is_sqlite else postgresql
        insert = dialect.insert(Heartbeat).values(loop=loop, beat_at=now)
        session.execute(insert.on_conflict_do_update(index_elements=["loop"], set_={"beat_at": now}))
