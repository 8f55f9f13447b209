"""The door to the database: one engine, transactions that seal the audit trail, reads that never write."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from models.audit import seal
from models.errors import (
    DatabaseBusy,
    DatabaseFull,
    DatabaseMissing,
    DatabaseReadOnly,
    DatabaseUnreachable,
    SchemaNewer,
    SchemaOlder,
    WardcycleError,
)
from models.migrations import HEAD, VERSION_TABLE, VERSIONS

SCHEMA = "wardcycle"  # on PostgreSQL our tables have a schema of their own, beside Prefect's
# WAL may lose pages when several processes write with an older SQLite: https://sqlite.org/wal.html#walresetbug
WAL_SAFE = (3, 51, 3)
PG_OPTIONS = (
    f"-csearch_path={SCHEMA} -clock_timeout=5s -cstatement_timeout=15s -cidle_in_transaction_session_timeout=15s"
)

BUSY = ("database is locked", "lock timeout", "statement timeout", "deadlock detected")
UNREACHABLE = ("unable to open", "not a database", "connection failed")
FORMS = "sqlite:///file.db | postgresql://user@host/name"


class _Sealed(Session):
    """A session that cannot commit without its audit trail."""


event.listen(_Sealed, "before_commit", seal)


class Database:
    """One database and its engine."""

    def __init__(self, url: str, *, journal: str = "auto", durable: bool = True) -> None:
        """url: SQLAlchemy's form, sqlite:///file or postgresql://...; journal: auto, wal or delete (SQLite only).

        durable: False for a SQLite file that may be lost at any time, such as a simulation's.
        """
        self.url = normal_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.journal = _journal(journal) if durable else "MEMORY"
        self.synchronous = "FULL" if durable else "OFF"
        self.engine = self._engine()
        # One snapshot for a whole reading; SQLite's transactions are that anyway.
        snapshot = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reader = self.engine.execution_options(wardcycle_reading=True, **snapshot)

    def __reduce__(self) -> tuple[Callable[[], "Database"], tuple[()]]:
        """Make a copy for another process: it opens connections of its own."""
        url = self.url.render_as_string(hide_password=False)
        durable = self.synchronous == "FULL"
        return partial(Database, url, journal=self.journal.lower() if durable else "auto", durable=durable), ()

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database; None for one in memory and for PostgreSQL."""
        name = (self.url.database or "").removeprefix("file:")
        return Path(name) if self.is_sqlite and name and name != ":memory:" else None

    @property
    def shown(self) -> str:
        """The address without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def transaction(self, door: str) -> Iterator[Session]:
        """Open one transaction: commit at the end, roll back on any error. door: who writes (cli, flow, web...)."""
        with self._spoken(), _Sealed(self.engine, expire_on_commit=False) as session:
            session.info["door"] = door
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that only reads; whatever it tried to write is rolled back."""
        with self._spoken(), Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    def check(self) -> None:
        """Raise what stands between this program and the database: unreachable, missing, older, newer."""
        found = self.version()
        if found is None:
            raise DatabaseMissing(url=self.shown)
        if found not in VERSIONS:
            raise SchemaNewer(found=found, wanted=HEAD)
        if found != HEAD:
            raise SchemaOlder(found=found, wanted=HEAD)

    def version(self) -> str | None:
        """Read the version of the schema; None when there are no tables."""
        if self.file is not None and not self.file.exists():
            return None
        with self._spoken(), self._reader.connect() as connection:
            schema = None if self.is_sqlite else SCHEMA
            if not sa.inspect(connection).has_table(VERSION_TABLE, schema=schema):
                return None
            found = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
            return str(found) if found else None

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _engine(self) -> sa.Engine:
        if not self.is_sqlite:
            arguments = {"options": PG_OPTIONS, "connect_timeout": 5}
            return sa.create_engine(self.url, pool_pre_ping=True, connect_args=arguments, hide_parameters=True)
        # What stands in the rows, tokens among it, has no place in the text of an error, which goes into logs.
        engine = sa.create_engine(self.url, hide_parameters=True)
        event.listen(engine, "connect", self._prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _prepare_sqlite(self, connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # we send BEGIN ourselves
        for pragma in (
            "busy_timeout=5000",
            "foreign_keys=ON",
            f"journal_mode={self.journal}",
            f"synchronous={self.synchronous}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        """Say in a ward's words what the driver says in its own."""
        try:
            yield
        except DBAPIError as error:
            words = self._in_words(error)
            if words is None:
                raise
            raise words from error

    def _in_words(self, error: DBAPIError) -> WardcycleError | None:
        text = str(error.orig)
        if "readonly database" in text or "read-only transaction" in text:
            return DatabaseReadOnly(url=self.shown)
        if error.connection_invalidated or any(part in text for part in UNREACHABLE):
            return DatabaseUnreachable(url=self.shown, why=text.strip().splitlines()[0])
        if any(part in text for part in BUSY):
            return DatabaseBusy(url=self.shown)
        if "disk is full" in text or "No space left" in text:
            return DatabaseFull(url=self.shown)
        if "no such table" in text or "UndefinedTable" in type(error.orig).__name__:
            return DatabaseMissing(url=self.shown)
        return None


def normal_url(url: str) -> sa.URL:
    """Read an address; a bare `postgresql://` means the driver that we ship."""
    try:
        made = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise DatabaseUnreachable(url=url, why=FORMS) from error
    if made.drivername in ("postgresql", "postgres"):
        return made.set(drivername="postgresql+psycopg")
    if made.drivername not in ("postgresql+psycopg", "sqlite", "sqlite+pysqlite"):
        raise DatabaseUnreachable(url=made.render_as_string(), why=FORMS)
    return made


def _journal(wish: str) -> str:
    if wish != "auto":
        return wish.upper()
    return "WAL" if sqlite3.sqlite_version_info >= WAL_SAFE else "DELETE"


def _begin_sqlite(connection: sa.Connection) -> None:
    # IMMEDIATE: two writers that both read first would otherwise lose an update.
    reading = connection.get_execution_options().get("wardcycle_reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
