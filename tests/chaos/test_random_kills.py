"""kill -9 of senders and schedulers at random while thousands of messages go out; and of the database itself."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from multiprocessing.context import ForkServerProcess
from random import Random

import psycopg
import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.outbox import Note, tell
from engine.people import directory, people_changed
from engine.sweep import sweep
from models.db import Database
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from models.people import Person
from notifications.claim import LEASE
from notifications.deliver import deliver_due
from tests.chaos.children import FORKS, RULES
from tests.chaos.loops import Fast, start_sender, start_sweeper
from tests.chaos.received import explain_copies, received
from tests.chaos.sizes import size
from tests.invariants import hold
from tests.places import make_hospital
from tests.postgres import plain
from tests.simulation.world import Clock
from tests.voices import Behaviour, mail_server, mail_voice

N_MESSAGES = size(150, 25_000)
N_KILLS = size(8, 500)  # on each database
N_RESTARTS = size(2, 100)
SPEED = 1200.0  # a lease of ten minutes ends after half a second
MOST_TWICE = 0.015
PAUSE_S = size(100, 600) / 1000  # a strike comes within this time after the one before


def test_kills_of_senders_and_schedulers_at_random_lose_nothing(
    database: Database, database_url: str, now: datetime
) -> None:
    random = Random(N_KILLS)
    _chaos(database, database_url, now, N_KILLS, lambda workers: _kill_one(workers, random))


@pytest.mark.parametrize("system", ["postgresql"])
def test_restarts_of_the_database_at_random_lose_nothing(database: Database, database_url: str, now: datetime) -> None:
    with psycopg.connect(plain(sa.make_url(database_url)), autocommit=True) as connection:  # as a hospital's server is
        connection.execute(f'ALTER DATABASE "{connection.info.dbname}" SET synchronous_commit = on'.encode())
    _chaos(database, database_url, now, N_RESTARTS, lambda workers: _crash_database(database_url))


def _chaos(
    database: Database, url: str, now: datetime, n_strikes: int, strike: Callable[[list[ForkServerProcess]], None]
) -> None:
    make_hospital(database)
    _queue_many(database, now)
    behaviour, random, stop = Behaviour(), Random(1), FORKS.Event()
    clock = Fast(now, time.monotonic(), SPEED)
    with mail_server(behaviour) as port:
        sender, sweeper = partial(start_sender, url, port, clock, stop), partial(start_sweeper, url, clock, stop)
        starts = [sender, sender, sweeper]
        workers = [start() for start in starts]
        try:
            for _ in range(n_strikes):
                time.sleep(PAUSE_S * random.random())
                strike(list(workers))
                for number, worker in enumerate(workers):
                    if not worker.is_alive():
                        workers[number] = starts[number]()
            _wait(lambda: not _is_due(database, clock()), 600)
            stop.set()
        finally:
            for worker in workers:
                worker.join(20 if stop.is_set() else 0)
                worker.kill()
        later = Clock(clock() + 2 * LEASE)  # nobody works any more: take back what the dead still hold
        for _ in range(3):
            sweep(database, rules=RULES, now=later.at)
            deliver_due(database, voice=mail_voice(port), now=later)
            later.at += timedelta(days=1)
        hold(database, later.at)
    _judge(database, behaviour)


def _judge(database: Database, behaviour: Behaviour) -> None:
    with database.reading() as session:
        n_twice = explain_copies(session, received(behaviour))
        ends = Counter(session.exec(select(Delivery.status)))
        n_all = len(session.exec(select(Notification.id)).all())
    assert set(ends) <= {DeliveryStatus.SENT, DeliveryStatus.HELD, DeliveryStatus.BUNDLED}, ends
    assert n_all >= N_MESSAGES
    print(f"{n_all} messages, {n_twice} second copies, ends {ends}")
    assert n_twice <= max(3, MOST_TWICE * n_all)


def _queue_many(database: Database, now: datetime) -> None:
    """Write many messages, each to somebody of its own: a digest would hide them."""
    with database.transaction("test") as session:
        people = [Person(slug=f"p{n}", name=f"P {n}", email=f"p{n}@hospital.test") for n in range(N_MESSAGES)]
        session.add_all(people)
        people_changed(session)
        session.flush()
        known = directory(session)
        kinds = (NotificationKind.DECISION, NotificationKind.RECEIPT)
        notes = [
            Note(f"note:{number}", kinds[number % 2], person.id, now, any_hour=True)
            for number, person in enumerate(people)
        ]
        tell(session, notes, rules=RULES, now=now, people=known)


def _kill_one(workers: list[ForkServerProcess], random: Random) -> None:
    worker = random.choice(workers)
    worker.kill()
    worker.join()


def _crash_database(url: str) -> None:
    """Kill one backend with signal 9: PostgreSQL then throws everybody out and recovers from its log."""
    with suppress(psycopg.OperationalError):
        connection = psycopg.connect(plain(sa.make_url(url)))
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        connection.close()
    time.sleep(0.1)
    _wait(lambda: _answers(url), 60)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(plain(sa.make_url(url))).close()
    except psycopg.OperationalError:
        return False
    return True


def _is_due(database: Database, now: datetime) -> bool:
    with database.reading() as session:
        return _due(session, now)


def _due(session: Session, now: datetime) -> bool:
    queued = select(Delivery.id).where(Delivery.status == DeliveryStatus.QUEUED, col(Delivery.next_try_at) <= now)
    held = select(Delivery.id).where(Delivery.status == DeliveryStatus.SENDING)
    return bool(session.exec(queued.limit(1)).first() or session.exec(held.limit(1)).first())


def _wait(until: Callable[[], bool], seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < give_up, "it does not come to an end"
        time.sleep(0.05)
