"""The world around the engine in the simulation: a clock, a post that behaves as told, a database that may fail."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from greenlet import getcurrent
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from models.db import Database
from models.notification import ASKING
from models.task import TaskStatus
from notifications.claim import LEASE
from notifications.render import Message
from notifications.senders import Address, SendResult, accepted, permanent, transient, unknown

MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """The process ends here: nothing after this point runs, no handler of the product's may save it."""


@dataclass
class Crash:
    """Where the process ends: at the n-th commit from now (0 = never), before or after the database has it."""

    at_commit: int = 0
    after: bool = False
    lost: bool = False  # the process lives on, but the answer to its COMMIT never comes


class Unsteady(Database):
    """A database whose process may end around a commit, or whose answer to COMMIT may get lost."""

    crash = Crash()
    after_sender: Callable[[], None] = staticmethod(lambda: None)  # looks at what a sender has just committed

    @contextmanager
    def transaction(self, door: str) -> Iterator[Session]:
        """Open a transaction; the crash strikes around its commit."""
        crash, strikes = self.crash, False
        if crash.at_commit:
            crash.at_commit -= 1
            strikes = crash.at_commit == 0
        with super().transaction(door) as session:
            yield session
            if strikes and not crash.after:
                raise Killed
        if strikes and crash.lost:
            raise OperationalError("COMMIT", None, OSError("the connection was lost"), connection_invalidated=True)
        if strikes:
            raise Killed
        if door == "sender":
            self.after_sender()
            pause()

    @contextmanager
    def struck(self, crash: Crash) -> Iterator[None]:
        """Let the crash strike inside; a process that ended is simply gone."""
        self.crash = crash
        try:
            yield
        except (Killed, OperationalError):
            pass
        finally:
            self.crash = Crash()


@dataclass
class Post:
    """The senders' other end. `fates` are used up one by one, then everything is accepted.

    copies: what really arrived, by delivery. looked: the last attempt whose beginning was looked at.
    """

    database: Database
    clock: "Clock"
    fates: list[str] = field(default_factory=list)
    copies: Counter[int] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)  # an error in a sender would count as its outcome
    looked: int = 0

    def send(self, message: Message, to: Address) -> SendResult:
        """Behave as fate says."""
        try:
            return self._take(message, to)
        except OperationalError:  # struck while it stood still
            raise
        except Exception as error:
            self.broken.append(repr(error))
            raise

    def _take(self, message: Message, to: Address) -> SendResult:
        assert message.subject.strip() and message.text.strip(), "nothing empty is ever sent"
        self._refuse_late(to.delivery_id)
        pause()
        fate = self.fates.pop(0) if self.fates else "accept"
        if fate in ("accept", "arrives", "dies after"):
            self.copies[to.delivery_id] += 1
        if fate in ("dies before", "dies after"):
            raise Killed
        return _ANSWERS.get(fate, accepted)("said so")

    def refuse_unwanted(self) -> None:
        """V5: no send begins for a task after its answer's commit; what began before it may be in flight."""
        with self.database.reading() as session:
            rows = session.execute(_BEGUN, {"after": self.looked}).all()
        for row in rows:
            self.looked = row.id
            over = row.status in (TaskStatus.DONE.value, TaskStatus.STOPPED.value)
            if over and row.kind in {kind.value for kind in ASKING}:
                self.broken.append(f"V5 {row}")

    def _refuse_late(self, delivery_id: int) -> None:
        """V5: what is in flight is not so for days, because its sender stood still."""
        with self.database.reading() as session:
            began = session.execute(_LAST, {"id": delivery_id}).scalar_one()
        late = self.clock.at - datetime.fromisoformat(began).replace(tzinfo=UTC)
        assert late < LEASE, f"V5 delivery {delivery_id} is sent {late} after it began"


def pause() -> None:
    """Let the others work, if this runs in a sender of its own."""
    above = getcurrent().parent
    if above is not None:
        above.switch()


_ANSWERS: dict[str, Callable[[str], SendResult]] = {
    "refused": permanent,
    "busy": transient,
    "lost": unknown,
    "arrives": unknown,
}
FATES = ("accept", "refused", "busy", "lost", "arrives", "dies before", "dies after")
_BEGUN = sa.text(
    "SELECT a.id, n.kind, t.status FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
    " JOIN notification n ON n.id = d.notification_id LEFT JOIN task t ON t.id = n.task_id"
    " WHERE a.id > :after ORDER BY a.id"
)
_LAST = sa.text("SELECT began_at FROM attempt WHERE delivery_id = :id ORDER BY id DESC LIMIT 1")


@dataclass
class Clock:
    """The moment that everybody is told."""

    at: datetime

    def __call__(self) -> datetime:
        """Read it."""
        return self.at
