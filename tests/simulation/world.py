"""The world around the engine in the simulation: a clock, a post that behaves as told, a database that may fail."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from greenlet import getcurrent
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from models.db import Database
from models.notification import ASKING
from models.task import TaskStatus
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

    copies: what really arrived, by delivery.
    """

    database: Database
    fates: list[str] = field(default_factory=list)
    copies: Counter[int] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)  # an error in a sender would count as its outcome

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
        self._refuse_unwanted(to.delivery_id)
        pause()
        fate = self.fates.pop(0) if self.fates else "accept"
        if fate in ("accept", "arrives", "dies after"):
            self.copies[to.delivery_id] += 1
        if fate in ("dies before", "dies after"):
            raise Killed
        return _ANSWERS.get(fate, accepted)("said so")

    def _refuse_unwanted(self, delivery_id: int) -> None:
        """V5: nothing is sent for a task after its answer's commit; what began before may be in flight."""
        with self.database.reading() as session:
            row = session.execute(_ABOUT, {"id": delivery_id}).one()
        over = row.status in (TaskStatus.DONE.value, TaskStatus.STOPPED.value)
        assert not (over and row.kind in {kind.value for kind in ASKING}), f"V5 delivery {delivery_id} of {row}"


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
_ABOUT = sa.text(
    "SELECT n.kind, t.status FROM delivery d JOIN notification n ON n.id = d.notification_id"
    " LEFT JOIN task t ON t.id = n.task_id WHERE d.id = :id"
)


@dataclass
class Clock:
    """The moment that everybody is told."""

    at: datetime

    def __call__(self) -> datetime:
        """Read it."""
        return self.at
