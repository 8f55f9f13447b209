"""Working through what is due in transactions of their own: what fails is logged and counted, the next one goes on."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sqlmodel import Session

from models.db import Database

log = logging.getLogger("wardcycle.rounds")
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass
class Rounds:
    """The verbs of one tick."""

    database: Database
    door: str
    n_failed: int = 0

    def each(self, items: Iterable[Item], verb: Callable[[Session, Item], int]) -> int:
        """Run a verb on each; returns how many things it changed."""
        return sum(self._one(partial(_on, verb, item), 0) for item in items)

    def all_of(self, due: bool, verb: Callable[[Session], int]) -> int:
        """Run a verb on batch after batch until nothing is left; returns how many rows it saw."""
        total = n = self._one(verb, 0) if due else 0
        while n:
            n = self._one(verb, 0)
            total += n
        return total

    def in_batches(
        self, items: Sequence[Item], verb: Callable[[Session, Sequence[Item]], Result], *, size: int
    ) -> list[Result]:
        """Run a verb on batches; one that fails is done item by item, so that a bad item costs nothing but itself."""
        found: list[Result] = []
        for start in range(0, len(items), size):
            batch = items[start : start + size]
            try:
                found.append(self._run(partial(_on, verb, batch)))
            except Exception as error:
                kind = type(error).__name__
                log.warning("a batch is done one by one", extra={"action": "batch_failed", "error": kind})
                alone = (self._one(partial(_on, verb, [item]), None) for item in batch)
                found += [result for result in alone if result is not None]
        return found

    def _one(self, verb: Callable[[Session], Result], otherwise: Result) -> Result:
        try:
            return self._run(verb)
        except Exception:
            log.exception("something due could not be done", extra={"action": "due_failed"})
            self.n_failed += 1
            return otherwise

    def _run(self, verb: Callable[[Session], Result]) -> Result:
        with self.database.transaction(self.door) as session:
            return verb(session)


def _on(verb: Callable[[Session, Item], Result], item: Item, session: Session) -> Result:
    return verb(session, item)
