"""A ledger of the clock: what each tick changes in the tables, row by row, and what was forecast of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col

from engine.forecast import Told, forecast_hospital
from engine.people import directory
from engine.rules import Rules
from engine.sweep import sweep
from models.audit import Audit
from models.base import Row, table_of
from models.db import Database
from models.notification import Delivery, Heartbeat, Notification, Outage
from models.task import Decision, Task

ZONE = ZoneInfo("Asia/Shanghai")
TABLES: tuple[type[Row], ...] = (Task, Decision, Notification, Delivery, Heartbeat, Outage, Audit)
# What says nothing of the clock, or is another in each run.
LEFT_OUT = {
    "id",
    "key",
    "notification_id",
    "token",
    "hash",
    "previous_hash",
    "title_en",
    "title_zh",
    "position",
    "stage_id",
    "evidence",
}
EMPTY = (None, "", 0, "{}", "done")
PERSONS = {"person_id", "for_id", "by_id", "decided_by", "done_by"}


def at(written: str) -> datetime:
    return datetime.fromisoformat(f"2026-{written}").replace(tzinfo=ZONE).astimezone(UTC)


@dataclass
class Ledger:
    """Writes down what changes in the tables."""

    database: Database
    rules: Rules
    seen: dict[tuple[str, object], dict[str, str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def head(self, title: str, *said: str) -> None:
        """Begin a paragraph."""
        self.lines += ["", f"== {title}", *(f"   {line}" for line in said)]

    def changes(self, *, without: type[Row] | None = None) -> None:
        """Write every row that is new, and of every other what has changed. without: a table that is passed over."""
        with self.database.reading() as session:
            slugs = {key: person.slug for key, person in directory(session).persons.items()}
            keys = dict(session.execute(sa.select(col(Notification.id), col(Notification.key))).tuples().all())
            for table in TABLES:
                first = next(iter(table_of(table).primary_key)).name
                for row in session.execute(sa.select(table).order_by(getattr(table, first))).scalars():
                    # By their keys: PostgreSQL counts ids on where a message was written already.
                    told = keys.get(row.notification_id if isinstance(row, Delivery) else getattr(row, first))
                    name = told if told and isinstance(row, Delivery | Notification) else getattr(row, first)
                    said = self._change(table.__name__.lower(), name, _columns(row, slugs))
                    self.lines += [] if table is without else said

    def launched(self) -> None:
        """Write what stands before the clock does anything; what a launch notes in the trail is not asked here."""
        self.head("launched")
        self.changes(without=Audit)

    def _change(self, name: str, key: object, new: dict[str, str]) -> list[str]:
        old = self.seen.get((name, key))
        said = [
            f"{column} {value}" if old is None else f"{column} {old.get(column, 'nothing')} -> {value}"
            for column, value in new.items()
            if old is None or old.get(column, "nothing") != value
        ]
        gone = [f"{column} {old[column]} -> nothing" for column in old or () if old and column not in new]
        self.seen[name, key] = new
        return [f"   {'+' if old is None else '~'} {name} {key}: {', '.join(said + gone)}"] if said or gone else []

    def tick(self, moment: datetime, *, live: bool = False, batch: int = 500) -> None:
        """Sweep once and write what came of it."""
        swept = sweep(self.database, rules=self.rules, now=moment, door="clock", live=live, batch=batch)
        counted = ", ".join(f"{n} {name.removeprefix('n_')}" for name, n in vars(swept).items() if n)
        self.head(f"{_shown(moment)} the clock: {counted or 'nothing'}")
        self.changes()

    def foresee(self, title: str, ask: Callable[[Session], list[Told]]) -> None:
        """Write a forecast."""
        with self.database.reading() as session:
            self.head(title, *(_line(told) for told in ask(session)))

    def hospital(self, now: datetime, until: datetime) -> None:
        """Write the forecast of everything."""
        self.foresee(
            f"forecast {_shown(now)} to {_shown(until)}",
            lambda session: forecast_hospital(session, rules=self.rules, now=now, until=until),
        )


def _columns(row: Row, slugs: Mapping[int, str]) -> dict[str, str]:
    """Leave out what is empty."""
    named = {column.name: getattr(row, column.name) for column in table_of(type(row)).columns}
    full = {name: value for name, value in named.items() if name not in LEFT_OUT and value not in EMPTY}
    return {name: slugs[value] if name in PERSONS else _shown(value) for name, value in full.items()}


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(ZONE):%a %d %b %H:%M:%S}".removesuffix(":00")
    return str(value.value if isinstance(value, Enum) else value)


def _line(told: Told) -> str:
    level = f"level {told.level}" if told.level else ""
    parts = (_shown(told.at), told.cycle, told.task, told.kind, told.rung, level, f"to {', '.join(told.to)}")
    return " ".join(filter(None, parts))
