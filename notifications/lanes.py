"""A lane for each channel: a thread that delivers by it alone, so that a channel that hangs holds up no other."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import fields
from datetime import datetime

from models.db import Database
from notifications.breaker import look
from notifications.channels import Voice
from notifications.claim import due_channels
from notifications.deliver import Delivered, by_chance, deliver_due, never

MOST_LANES = 32
LOOK_S = 1.0
# What a lane left behind is held back (by the valve, or others have it): it is not asked for again at once.
REST_S = 5.0


class Lanes:
    """The lanes of one sender. Its arguments are those of `deliver_due`, which each lane runs."""

    def __init__(
        self,
        database: Database,
        *,
        voice: Voice,
        now: Callable[[], datetime],
        random: Callable[[], float] = by_chance,
        stop: Callable[[], bool] = never,
        pause: Callable[[float], None] = time.sleep,
        floor: int | None = None,
    ) -> None:
        self._database, self._now, self._stop = database, now, stop
        self._deliver = lambda channel: deliver_due(
            database, voice=voice, now=now, random=random, stop=stop, pause=pause, floor=floor, only=channel
        )
        self._pool = ThreadPoolExecutor(MOST_LANES, thread_name_prefix="lane")
        self._running: dict[str, Future[Delivered]] = {}
        self._rests_until: dict[str, float] = {}
        self._delivered = Delivered()

    def start_due(self) -> None:
        """Start a lane for each channel that has something due and none yet. Raises what ended a lane."""
        self._gather()
        with self._database.reading() as session:
            moment = self._now()
            breakers = look(session, now=moment)
            due = set(due_channels(session, now=moment)) - (breakers.shut - breakers.probed)
        for channel in due - set(self._running):
            if time.monotonic() >= self._rests_until.get(channel, 0.0):
                self._running[channel] = self._pool.submit(self._deliver, channel)

    def run_dry(self) -> Delivered:
        """Deliver until no channel has anything left to deliver; returns what became of it all."""
        while not self._stop():
            self.start_due()
            if not self._running:
                break
            wait(self._running.values(), LOOK_S, FIRST_COMPLETED)
        return self._delivered

    def close(self, *, seconds: float, give_up: Callable[[], object]) -> None:
        """Wait for the lanes, which end after the message that they are sending.

        give_up: called after so many seconds, to end what still hangs.
        """
        _, hanging = wait(self._running.values(), seconds)
        if hanging:
            give_up()
        self._pool.shutdown()

    def _gather(self) -> None:
        """Take in what has ended."""
        for channel in [channel for channel, lane in self._running.items() if lane.done()]:
            delivered = self._running.pop(channel).result()
            if not delivered.n_all:
                self._rests_until[channel] = time.monotonic() + REST_S
            self._delivered = _sum(self._delivered, delivered)


def _sum(one: Delivered, other: Delivered) -> Delivered:
    return Delivered(*(getattr(one, f.name) + getattr(other, f.name) for f in fields(Delivered)))
