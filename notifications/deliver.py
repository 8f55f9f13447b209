"""Delivering what is due: claim, still wanted?, write, send, settle. One commit for each message."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import SystemRandom

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from models.channel import personal_added
from models.db import Database
from models.errors import WardcycleError
from models.notification import DeliveryStatus
from notifications.channels import Voice, address_of
from notifications.claim import LEASE, Begun, Unwanted, begin
from notifications.digest import NOTHING_LEFT, fill, is_empty
from notifications.gate import Gate
from notifications.letters import Letter, gather
from notifications.links import with_links
from notifications.reap import reap
from notifications.senders import Address, SendResult, permanent, transient, unknown
from notifications.settle import Terms, Tried, drop, release, settle

log = logging.getLogger(__name__)
by_chance = SystemRandom().random

DOOR = "sender"
BATCH = 50
REAP_BATCH = 500
DOWN_FOR = timedelta(minutes=1)  # a channel that does not work is left alone for so long
RESCUES_S = (0.2, 1.0, 5.0)


@dataclass(frozen=True)
class Delivered:
    """What became of what was due."""

    n_sent: int = 0
    n_retry: int = 0
    n_dropped: int = 0
    n_held: int = 0
    n_dead: int = 0

    @property
    def n_all(self) -> int:
        """Count everything that was touched."""
        return self.n_sent + self.n_retry + self.n_dropped + self.n_held + self.n_dead


def never() -> bool:
    """Never stop before the work is done."""
    return False


def deliver_due(
    database: Database,
    *,
    voice: Voice,
    now: Callable[[], datetime],
    limit: int | None = None,
    random: Callable[[], float] = by_chance,
    stop: Callable[[], bool] = never,
    pause: Callable[[float], None] = time.sleep,
    batch: int = BATCH,
    only: str | None = None,
    floor: int | None = None,
) -> Delivered:
    """Deliver all that is due, oldest first, until nothing is left, `limit` were taken or `stop` says so.

    Any number of these may run at once: each delivery belongs to one of them. Nothing is sent inside a transaction.
    random: between 0 and 1, spreads the retries; pause: waits so many seconds while the database is away.
    only: by this channel alone; floor: so many due at once never shut the valve; without it there is none.
    """
    round_ = _Round(database, voice, now, random, stop, pause, Gate(only, floor, voice.calendar))
    round_.reap()
    n_left = limit
    while not stop() and (n_left is None or n_left > 0):
        n_taken = round_.deliver_batch(batch if n_left is None else min(batch, n_left))
        if not n_taken:
            break
        n_left = None if n_left is None else n_left - n_taken
    return round_.delivered()


@dataclass
class _Round:
    """One run of `deliver_due`."""

    database: Database
    voice: Voice
    now: Callable[[], datetime]
    random: Callable[[], float]
    stop: Callable[[], bool]
    pause: Callable[[float], None]
    gate: Gate
    down: set[str] = field(default_factory=set)
    counts: Counter[DeliveryStatus] = field(default_factory=Counter)
    personal: frozenset[str] = frozenset()  # channels by which a link to answer may go

    def delivered(self) -> Delivered:
        n = self.counts
        return Delivered(
            n[DeliveryStatus.SENT],
            n[DeliveryStatus.QUEUED],
            n[DeliveryStatus.DROPPED],
            n[DeliveryStatus.HELD],
            n[DeliveryStatus.DEAD],
        )

    def reap(self) -> None:
        """Take back what dead senders left, in small transactions."""
        while True:
            with self.database.transaction(DOOR) as session:
                reaped = reap(session, now=self.now(), batch=REAP_BATCH)
            self.counts[DeliveryStatus.QUEUED] += reaped.n_retry
            self.counts[DeliveryStatus.HELD] += reaped.n_held
            self.counts[DeliveryStatus.DEAD] += reaped.n_dead
            n_all = reaped.n_retry + reaped.n_held + reaped.n_dead
            if n_all:
                log.info("leases reaped", extra={"action": "leases_reaped", "n": n_all})
            if n_all < REAP_BATCH:
                return

    def deliver_batch(self, size: int) -> int:
        """Claim and send one batch; returns how many were claimed."""
        with self.database.transaction(DOOR) as session:
            now = self.now()
            ids = self.gate.take(session, batch=size, down=self.down, now=now)
            today = now.astimezone(self.voice.renderer.zone).date()
            letters = gather(session, ids, on=today) if ids else {}
            if letters:
                self.personal = self.voice.personal | personal_added(session)
            if letters and self.voice.renderer.is_linked:  # else there is nothing to link to
                letters = with_links(session, letters, channels=self.personal, now=now)
        tried: Tried | None = None
        left: list[Letter] = []
        for delivery_id in ids:
            letter = letters[delivery_id]
            if self.stop() or letter.channel in self.down:
                left.append(letter)
                continue
            ready = self._settle_and_begin(tried, letter)
            tried = self._try(*ready) if ready else None
        self._settle_and_release(tried, left)
        return len(ids)

    def _settle_and_begin(self, tried: Tried | None, letter: Letter) -> tuple[Letter, Begun] | None:
        """Settle the message before this one and begin this one, with one commit between two sends."""
        try:
            with self.database.transaction(DOOR) as session:
                settled = self._settle(session, tried)
                letter = fill(session, letter, channels=self.personal, now=self.now())
                begun = (
                    Unwanted(NOTHING_LEFT)
                    if is_empty(letter)
                    else begin(session, letter.delivery_id, epoch=letter.epoch, now=self.now())
                )
                if isinstance(begun, Unwanted):
                    drop(session, letter, why=begun.why, now=self.now())
        except (DBAPIError, WardcycleError):
            self._rescue(tried)
            raise
        self._count(settled, DeliveryStatus.DROPPED if isinstance(begun, Unwanted) else None)
        return (letter, begun) if isinstance(begun, Begun) else None

    def _settle_and_release(self, tried: Tried | None, left: list[Letter]) -> None:
        """End a batch: the last result, and what was not begun goes back into the queue."""
        if tried is None and not left:
            return
        try:
            with self.database.transaction(DOOR) as session:
                settled, now = self._settle(session, tried), self.now()
                waiting = [letter for letter in left if letter.channel in self.down]
                stopped = [letter for letter in left if letter.channel not in self.down]
                release(session, waiting, why="the channel does not work at the moment", now=now, until=now + DOWN_FOR)
                release(session, stopped, why="the sender was stopped before", now=now, until=now)
        except (DBAPIError, WardcycleError):
            self._rescue(tried)
            raise
        self._count(settled)

    def _settle(self, session: Session, tried: Tried | None) -> DeliveryStatus | None:
        if tried is None:
            return None
        # What failed in this round is not among the breakers as they were at its beginning.
        terms = Terms(self.random, self.voice.calendar, self.gate.breakers.troubled | self.down)
        return settle(session, tried, terms=terms, now=self.now())

    def _rescue(self, tried: Tried | None) -> None:
        """Hold on to a result while the database is away: forgotten, it would mean a second copy or a held message."""
        for seconds in RESCUES_S if tried else ():
            self.pause(seconds)
            try:
                with self.database.transaction(DOOR) as session:
                    settled = self._settle(session, tried)
            except (DBAPIError, WardcycleError):
                continue
            self._count(settled)
            return

    def _try(self, letter: Letter, begun: Begun) -> Tried:
        """Write and send one message. Whatever breaks here breaks this one only."""
        try:
            message = self.voice.renderer.write(letter)
        except Exception as error:
            log.exception(
                "message not written", extra={"action": "message_not_written", "delivery_id": letter.delivery_id}
            )
            why = f"the message could not be written: {type(error).__name__}: {error}"
            return Tried(letter, begun, permanent(why), broken=True)
        to = Address(
            channel=letter.channel,
            value=address_of(letter, letter.channel),
            mark=letter.mark,
            thread=_thread(letter),
            at=self.now(),
            delivery_id=letter.delivery_id,
        )
        if not timedelta(0) <= to.at - begun.at < LEASE:
            # A process that was frozen (or whose clock was set) may be days late: others have taken over long ago.
            return Tried(letter, begun, transient("the sender stood still before it could send"))
        try:
            result = self.voice.sender.send(message, to)
        except Exception as error:
            # Its text may hold an address with a password; it may have happened after the message had left.
            log.error("sender failed", extra={"action": "sender_failed", "delivery_id": letter.delivery_id})
            result = unknown(f"the sender failed: {type(error).__name__}")
        self._note(letter, result)
        return Tried(letter, begun, result)

    def _note(self, letter: Letter, result: SendResult) -> None:
        if result.down:
            self.down.add(letter.channel)
        extra = {"action": "sent", "delivery_id": letter.delivery_id, "outcome": result.outcome.value}
        log.debug("message handed over", extra=extra)

    def _count(self, *statuses: DeliveryStatus | None) -> None:
        self.counts.update(status for status in statuses if status is not None)


def _thread(letter: Letter) -> str:
    """Name the thread of a mail: all that is said of one task, or of a cycle, stays together."""
    parts = [part for part in (letter.code, letter.task_slug) if part]
    named = ".".join(parts)
    return named if named.isascii() and named.isprintable() and " " not in named else ""
