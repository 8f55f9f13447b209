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
from notifications.channels import Voice
from notifications.claim import anything_due
from notifications.deliver import DOOR, by_chance, deliver_due

log = logging.getLogger(__name__)

LOOP = "sender"
POLL_S = 1.0
AWAY_S = 5.0  # between two looks while the database is away
BEAT_EVERY = timedelta(seconds=30)


def run_sender(
    database: Database,
    *,
    voice: Voice,
    now: Callable[[], datetime],
    stop: Callable[[], bool],
    wait: Callable[[float], object] = time.sleep,
    random: Callable[[], float] = by_chance,
) -> None:
    """Deliver until `stop` says so; a database that is away is waited for. wait: sleeps up to so many seconds."""
    away, beat_at = False, None
    while not stop():
        try:
            moment = now()
            if beat_at is None or not timedelta(0) <= moment - beat_at < BEAT_EVERY:
                beat(database, LOOP, now=moment)
                beat_at = moment
            with database.reading() as session:
                due = anything_due(session, now=moment)
            if due:
                deliver_due(database, voice=voice, now=now, random=random, stop=stop, pause=wait_of(wait))
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
