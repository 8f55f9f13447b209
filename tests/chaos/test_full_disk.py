"""A disk that is full: the verb is refused in words, nothing is half done, and with room again everything goes on."""

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import col, select

from models.db import Database
from models.errors import DatabaseFull
from models.notification import Delivery, DeliveryStatus
from notifications.claim import LEASE
from tests.chaos.children import RULES, VERBS, Deed
from tests.chaos.received import explain_copies, received
from tests.invariants import hold
from tests.places import make_hospital
from tests.voices import Behaviour, mail_server


@pytest.fixture
def system() -> str:
    return "sqlite"


def _counts(database: Database) -> dict[str, int]:
    with database.reading() as session:
        tables = ("cycle", "task", "answer", "notification", "delivery", "audit")
        return {table: session.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}


def _full(database_url: str, n_pages: int) -> Database:
    """A database that may not grow beyond so many pages: SQLite then says what it says of a full disk."""
    database = Database(database_url)
    event.listen(
        database.engine, "connect", lambda connection, _: connection.execute(f"PRAGMA max_page_count={n_pages}")
    )
    return database


def _launch_until(database: Database, now: datetime, keys: range) -> None:
    for number in keys:
        VERBS["launch"](database, RULES, Deed("launch", now, key=f"k{number}"))


def test_launches_on_a_full_disk_are_refused_in_words_and_leave_nothing_half_done(
    database: Database, database_url: str, now: datetime
) -> None:
    make_hospital(database)
    full = _full(database_url, _n_pages(database_url) + 10)
    with pytest.raises(DatabaseFull):
        _launch_until(full, now, range(400))
    full.dispose()
    hold(database, now)
    _launch_until(database, now, range(400))
    assert _counts(database)["cycle"] == 400
    hold(database, now)


def test_a_tick_and_a_sender_on_a_full_disk_lose_nothing(database: Database, database_url: str, now: datetime) -> None:
    make_hospital(database)
    _launch_until(database, now, range(60))
    behaviour, later = Behaviour(), now + timedelta(days=2)
    full = _full(database_url, _n_pages(database_url))
    with mail_server(behaviour) as port:
        for verb in ("sweep", "deliver"):
            with suppress(DatabaseFull):  # it may just have had room enough
                VERBS[verb](full, RULES, Deed(verb, later, port))
        full.dispose()
        hold(database, later)
        later += LEASE
        VERBS["sweep"](database, RULES, Deed("sweep", later))
        VERBS["deliver"](database, RULES, Deed("deliver", later, port))
        hold(database, later)
    with database.reading() as session:
        explain_copies(session, received(behaviour))
        left = session.exec(select(Delivery.status).where(col(Delivery.next_try_at) <= later)).all()
    assert DeliveryStatus.QUEUED not in left and DeliveryStatus.SENDING not in left


def _n_pages(database_url: str) -> int:
    return Path(sa.make_url(database_url).database or "").stat().st_size // 4096
