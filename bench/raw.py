"""The other side: the same meaning in plain SQL and the fewest rows, as fast as the two drivers go."""

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import psycopg

from bench.assess import Matrix, assess_matrix, make_series
from bench.mail import render, send
from bench.place import Place
from bench.raw_sql import ANSWER, CLOSE, COUNTS, MADE_DUE, OPEN_NEXT, POSTGRES, SQLITE, TABLES
from bench.ward import DUE_HOURS, PERSONS, STAGES

HOUR = 3600
START = 1_772_415_000  # the same Monday, as seconds
FAR = START + 900 * 24 * HOUR
FIRST, SECOND = -72 * HOUR, -24 * HOUR
LEAD = 7
BATCH = 50

Value = int | str | None
Row = tuple[int, ...]


class Connection(Protocol):
    """What both drivers share of their connections."""

    def execute(self, statement: str, given: Sequence[Value] = ()) -> "Cursor": ...
    def close(self) -> None: ...


class Cursor(Protocol):
    """What both drivers share of their cursors."""

    rowcount: int

    def fetchone(self) -> Row | None: ...
    def fetchall(self) -> list[Row]: ...


class Raw:
    """Rows of a hospital as a driver of the database sees them."""

    name = "raw SQL"

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | psycopg.Connection | None = None
        self.is_sqlite, self.n_open = True, 0
        self.values = make_series(0)

    def reset(self, place: Place) -> None:
        """Make empty tables."""
        self.close()
        place.clear()
        self.is_sqlite, self.n_open = place.is_sqlite, 0
        self._connection = _open_sqlite(place) if place.is_sqlite else _open_postgres(place)
        for statement in TABLES.split(";"):
            if statement.strip():
                self._run(statement if place.is_sqlite else statement.replace("INTEGER PRIMARY KEY", SERIAL))
        for step, (after, kind) in enumerate(
            ((FIRST, "reminder"), (SECOND, "reminder"), (0, "lead"), (48 * HOUR, "director"))
        ):
            self._run("INSERT INTO step VALUES (?, ?, ?)", step, after, kind)

    def populate(self, n_open: int) -> None:
        """Fill the tables with open tasks."""
        self.n_open = n_open
        numbers = "WITH RECURSIVE g(v) AS (SELECT 0 UNION ALL SELECT v + 1 FROM g WHERE v + 1 < ?)"
        with self._transaction():
            self._run(
                f"""INSERT INTO cycle (id, title, lead, status, at)
                {numbers} SELECT v + 1, 'P', {LEAD}, 1, {START} FROM g""",
                n_open // 5,
            )
            self._run(
                """INSERT INTO stage (id, cycle, position, slug, status, n_left)
                SELECT id, id, 0, 'plan', 1, 5 FROM cycle"""
            )
            self._run(
                f"""INSERT INTO task (id, cycle, stage, slug, title, owner, status, hours, deadline, fire, step, token)
                {numbers} SELECT v + 1, v / 5 + 1, v / 5 + 1, 'plan-' || (v % 5), 'Task', 100 + v % {PERSONS}, 1, 168,
                {FAR}, {FAR + FIRST}, 0, 'populated-' || v FROM g""",
                n_open,
            )
            for table in () if self.is_sqlite else ("cycle", "stage", "task"):
                self._run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        for statement in ("ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)") if self.is_sqlite else ("VACUUM ANALYZE",):
            self._run(statement)

    def assess_prepare(self, values: Matrix) -> None:
        """Take series."""
        self.values = values

    def next_month(self) -> None:
        """Do nothing: the same series come again."""

    def assess(self) -> int:
        """Do the arithmetic of every series; nothing is stored."""
        assess_matrix(self.values)
        return len(self.values)

    def launch(self, n: int) -> list[int]:
        """Launch cycles, one transaction each."""
        launched = _launch_sqlite if self.is_sqlite else _launch_postgres
        return [launched(self) for _ in range(n)]

    def all_tokens(self, cycle: int) -> list[str]:
        """Read the tokens of a cycle's tasks in the order of their stages."""
        return [
            str(row[0]) for row in self._run("SELECT token FROM task WHERE cycle = ? ORDER BY id", cycle).fetchall()
        ]

    def answer(self, tokens: Sequence[str]) -> int:
        """Answer tasks, one transaction each."""
        return sum(self._answer(token) for token in tokens)

    def make_due(self, n_due: int, seed: int) -> int:
        """Make so many tasks due at the moment returned."""
        now, apart = START + 100 * (1 + seed), max(1, self.n_open // max(n_due, 1))
        with self._transaction():
            for n in range(n_due):
                task = 1 + (n * apart + seed) % self.n_open
                self._run(MADE_DUE, now - 10, now - 10 - FIRST, task)
                self._run("DELETE FROM notification WHERE task = ?", task)
        return now

    def sweep(self, now: int) -> int:
        """Fire all that is due in one transaction."""
        if not self.is_sqlite:
            return _number(self._run(POSTGRES["sweep"], now, now, now))
        with self._transaction():
            n = self._run(SQLITE["notify"], now, now).rowcount
            if n:
                self._run(SQLITE["record"], now, now)
                self._run(SQLITE["move_on"], now)
        return n

    def queue(self, n: int) -> None:
        """Queue mails about open tasks."""
        if not self.n_open:
            self.populate(n)
        with self._transaction():
            self._run("DELETE FROM notification")
            self._run("INSERT INTO notification (task, step, kind, person, status, at) "
                      f"SELECT id, 0, 'assigned', owner, 0, {START} FROM task ORDER BY id LIMIT ?", n)  # fmt: skip

    def dispatch(self, host: str, port: int) -> int:
        """Claim in batches; write, send and mark one mail after the other, a commit each."""
        n_sent = 0
        with send(host, port) as hand_over:
            while claimed := self._run(CLAIM, BATCH).fetchall():
                for told, task, person in claimed:
                    hand_over(f"person-{person}@hospital.test", render(task, person))
                    self._run("UPDATE notification SET status = 2 WHERE id = ? AND status = 1", told)
                    n_sent += 1
        return n_sent

    def counts(self) -> dict[str, int]:
        """Count what is durable."""
        return {name: _number(self._run(statement)) for name, statement in COUNTS.items()}

    def close(self) -> None:
        """Let the database go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self, statement: str, *given: Value) -> Cursor:
        connection: Connection = self._connection  # type: ignore[assignment]
        return connection.execute(
            statement if self.is_sqlite else statement.replace("%", "%%").replace("?", "%s"), given
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def _answer(self, token: str) -> bool:
        now = START + HOUR
        with self._transaction():
            found = self._run(ANSWER, now, LEAD, token).fetchone()
            if found is None:
                return False
            task, stage, cycle = found
            left = self._run("UPDATE stage SET n_left = n_left - 1 WHERE id = ? RETURNING n_left, position", stage)
            n_left, position = left.fetchone() or (0, 0)
            self._record(now, "done", "task", task)
            if n_left == 0:
                self._end_stage(now, stage, cycle, position, task)
        return True

    def _end_stage(self, now: int, stage: int, cycle: int, position: int, task: int) -> None:
        self._run("UPDATE stage SET status = 2 WHERE id = ?", stage)
        opened = self._run(
            "UPDATE stage SET status = 1 WHERE cycle = ? AND position = ? RETURNING id", cycle, position + 1
        )
        following = opened.fetchone()
        if following is None:
            self._run(CLOSE, cycle)
            self._run(
                "INSERT INTO notification (task, step, kind, person, status, at) VALUES (?, -2, 'closed', ?, 0, ?)",
                task,
                LEAD,
                now,
            )
            return self._record(now, "done", "cycle", cycle)
        for row in self._run(OPEN_NEXT, now, now + FIRST, following[0]).fetchall():
            self._run(
                "INSERT INTO notification (task, step, kind, person, status, at) VALUES (?, -1, 'assigned', ?, 0, ?)",
                row[0],
                row[1],
                now,
            )
        return self._record(now, "open", "stage", following[0])

    def _record(self, now: int, what: str, entity: str, entity_id: int) -> None:
        self._run(
            "INSERT INTO audit (at, by, what, entity, entity_id, after) VALUES (?, ?, ?, ?, ?, '{}')",
            now,
            LEAD,
            what,
            entity,
            entity_id,
        )


SERIAL = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
CLAIM = """UPDATE notification SET status = 1
  WHERE id IN (SELECT id FROM notification WHERE status = 0 ORDER BY id LIMIT ?)
  RETURNING id, task, person"""


def _launch_sqlite(side: Raw) -> int:
    connection = side._connection
    assert isinstance(connection, sqlite3.Connection)
    with side._transaction():
        cycle = _number(side._run(SQLITE["cycle"], LEAD, START))
        # The write lock is ours, so the next ids are known.
        stage, task = (
            _number(side._run("SELECT max(id) FROM stage")) + 1,
            _number(side._run("SELECT max(id) FROM task")) + 1,
        )
        connection.executemany(SQLITE["stage"], [(stage + n, cycle, n, slug, n == 0) for n, slug in enumerate(STAGES)])
        rows = [(task + n, cycle, stage + n // 5, *row) for n, row in enumerate(_tasks())]
        connection.executemany(SQLITE["task"], rows)
        connection.executemany(SQLITE["assigned"], [(row[0], row[5], START) for row in rows[:5]])
        side._record(START, "launch", "cycle", cycle)
    return cycle


def _launch_postgres(side: Raw) -> int:
    columns = list(zip(*_tasks(), strict=True))
    connection = side._connection
    assert isinstance(connection, psycopg.Connection)
    given = {"lead": LEAD, "now": START, "positions": [n // 5 for n in range(20)], "stages": list(STAGES)}
    names = ("slugs", "titles", "owners", "opens", "hours", "deadlines", "fires", "tokens")
    named = given | {name: list(column) for name, column in zip(names, columns, strict=True)}
    found = connection.execute(POSTGRES["launch"].encode(), named).fetchone()
    assert found
    return int(found[0])


def _tasks() -> Iterator[tuple[Value, ...]]:
    """Make the columns of twenty tasks: slug, title, owner, open, hours, deadline, fire, token."""
    for stage in STAGES:
        for n, hours in enumerate(DUE_HOURS):
            deadline = START + hours * HOUR if stage == "plan" else None
            fire = deadline + FIRST if deadline else None
            token = secrets.token_urlsafe(16)
            yield f"{stage}-{n}", f"Task {n} of {stage}", 100 + n, int(stage == "plan"), hours, deadline, fire, token


def _open_sqlite(place: Place) -> sqlite3.Connection:
    connection = sqlite3.connect(place.name, isolation_level=None, cached_statements=256)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _open_postgres(place: Place) -> psycopg.Connection:
    connection = psycopg.connect(place.name, autocommit=True)
    connection.prepare_threshold = 1
    return connection


def _number(cursor: Cursor) -> int:
    row = cursor.fetchone()
    return int(row[0] or 0) if row else 0
