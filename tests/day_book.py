"""A chronicle of rows: what each deed changes in a cycle's tables, trail and outbox, column by column."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.assessment import Aim, CheckDecision, CycleEnding, Origin, Proposal, Signature, Watch
from models.base import Row, table_of
from models.cycle import CodeCounter, Cycle, Stage
from models.errors import WardcycleError
from models.notification import Notification
from models.task import Decision, Task, TaskOwner
from tests.chronicle import ZONE, Act, Chronicle
from tests.invariants import hold
from tests.letter import is_to_the_letter

NOUNS: tuple[type[Row], ...] = (
    CodeCounter, Cycle, Stage, Task, TaskOwner, Decision,
    Aim, CheckDecision, Signature, CycleEnding, Watch, Proposal, Origin,
)  # fmt: skip
LEFT_OUT = {"token", "snapshot"}
Step = tuple[timedelta, Act]
Read = dict[tuple[str, ...], dict[str, str]]


@dataclass
class DayBook(Chronicle):
    """What has been written of a story so far. known: the rows as they were at the last look."""

    known: Read = field(default_factory=dict)

    def step(self, act: Act, *, after: timedelta) -> None:
        """Let something happen and write what came of it, then every column that is new or another."""
        begun = len(self.lines)
        super().step(act, after=after)
        with self.walk.database.reading() as session:
            found = {row: values for noun in NOUNS for row, values in _read(session, noun).items()}
        for row in sorted(found.keys() | self.known.keys(), key=_in_order):
            before, now = self.known.get(row, {}), found.get(row, {})
            if before != now:
                self.lines.append(f"   {' '.join(row)}: {_compared(before, now)}")
        said = [re.sub("[0-9a-f]{64}", "<sha256>", line) for line in self.lines[begun:]]
        self.lines[begun:] = [line for some in groupby(said, _is_of_delivery) for line in _sorted(*some)]
        self.known = found

    def _write_told(self, session: Session) -> None:
        """Write who is told what, as it is kept: what letters make of it others look at."""
        new = select(Notification).where(col(Notification.id) > self.n_told).order_by(col(Notification.id))
        for row in session.exec(new):
            self.n_told = row.id
            about = (row.task_id, row.decision_id, row.deadline_no)
            at = row.planned_at.astimezone(ZONE)
            self.lines.append(f"   -> {row.kind.value} {row.key} about={about} {at:%d %b %H:%M} {row.facts}")


def tell(book: DayBook, steps: Sequence[Step], name: str, *, holds: bool = True) -> None:
    """Let everything happen and hold what was written against what is kept under this name.

    holds: no act leaves behind what no verb would.
    """
    for after, act in steps:
        book.step(act, after=after)
    if holds:
        hold(book.walk.database, book.now)
    stands_as_kept(book.lines, name)


def stands_as_kept(lines: Sequence[str], name: str) -> None:
    """Hold lines against the file of that name; WARDCYCLE_CHRONICLE=1 writes it anew, to be read as a diff."""
    is_to_the_letter("day_book", name, lines)


def refused(act: Callable[[], object]) -> list[str]:
    """Let something be refused; what is said of it in both languages."""
    try:
        return [f"done: {act()}"]
    except WardcycleError as error:
        return [f"{type(error).__name__}: {error.text(language)}" for language in ("en", "zh")]


def _is_of_delivery(line: str) -> bool:
    return line.startswith("   . delivery.")


def _sorted(is_of_delivery: bool, lines: Iterable[str]) -> Iterable[str]:
    """Put into order what happens to messages at once: each database has its own."""
    return sorted(lines) if is_of_delivery else lines


def _read(session: Session, noun: type[Row]) -> Read:
    table = table_of(noun)
    keys = [column.name for column in table.primary_key]
    made: Read = {}
    for row in session.connection().execute(sa.select(table)).mappings():
        values = {str(name): _said(value) for name, value in row.items() if name not in LEFT_OUT}
        made[(table.name, *(_said(row[key]) for key in keys))] = values
    return made


def _said(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(ZONE):%Y-%m-%d %H:%M}"
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None or value is False else value.isoformat() if isinstance(value, date) else str(value)


def _compared(before: dict[str, str], now: dict[str, str]) -> str:
    if not before:
        return "+ " + " ".join(f"{name}={said}" for name, said in now.items() if said)
    if not now:
        return "gone"
    changed = {name: (before[name], said) for name, said in now.items() if before[name] != said}
    return "; ".join(f"{name} {old or '-'} -> {new or '-'}" for name, (old, new) in changed.items())


def _in_order(row: tuple[str, ...]) -> tuple[int, list[int]]:
    name, *numbers = row
    return [table_of(noun).name for noun in NOUNS].index(name), [int(number) for number in numbers]
