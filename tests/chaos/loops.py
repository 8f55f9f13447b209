"""Loops that run in processes of their own until they are killed or told to stop: senders and schedulers."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Event
from random import Random

from sqlalchemy.exc import DBAPIError

from engine.sweep import sweep
from models.db import Database
from models.errors import WardcycleError
from notifications.deliver import deliver_due
from tests.chaos.children import FORKS, RULES
from tests.voices import mail_voice


@dataclass(frozen=True)
class Fast:
    """A clock that runs faster than the real one, so that leases end within a test."""

    began: datetime
    real: float
    speed: float

    def __call__(self) -> datetime:
        """Read the simulated moment."""
        return self.began + timedelta(seconds=(time.monotonic() - self.real) * self.speed)


def send_until(url: str, port: int, clock: Fast, stop: Event) -> None:
    """Send what is due, again and again; a database that is away for a moment is asked again."""
    logging.disable()
    database, voice, random = Database(url), mail_voice(port), Random(0)
    while not stop.is_set():
        try:
            deliver_due(database, voice=voice, now=clock, stop=stop.is_set, random=random.random, batch=20)
        except (DBAPIError, WardcycleError):
            time.sleep(0.05)
        time.sleep(0.005)


def sweep_until(url: str, clock: Fast, stop: Event) -> None:
    """Plan what is due, again and again."""
    logging.disable()
    database = Database(url)
    while not stop.is_set():
        try:
            sweep(database, rules=RULES, now=clock(), batch=100)
        except (DBAPIError, WardcycleError):
            time.sleep(0.05)
        time.sleep(0.005)


def start_sender(url: str, port: int, clock: Fast, stop: Event) -> ForkServerProcess:
    """Start a sender."""
    return _start(send_until, (url, port, clock, stop))


def start_sweeper(url: str, clock: Fast, stop: Event) -> ForkServerProcess:
    """Start a scheduler."""
    return _start(sweep_until, (url, clock, stop))


def _start(target: object, given: tuple[object, ...]) -> ForkServerProcess:
    child = FORKS.Process(target=target, args=given)  # type: ignore[arg-type]
    child.start()
    return child
