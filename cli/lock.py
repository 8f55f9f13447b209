"""One `wardcycle up` for each database and data folder: locks that end with their process, and say who holds them."""

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from flows.environment import note_file
from models.db import Database
from models.errors import Refused

if TYPE_CHECKING:
    from psycopg import Connection

KEY = 0x7761726463
PATIENCE_S = 10.0  # for the children of one that was killed
LONGEST_NAME = 63  # of a connection, in PostgreSQL


class AlreadyUp(Refused):
    """wardcycle is already up on this database ({who}). Its pages: {page}. Stop it first with Ctrl+C or kill {pid}."""

    zh = "本数据库的 wardcycle 已在运行（{who}），页面：{page}。如需重启，请先按 Ctrl+C 或运行 kill {pid} 停止它。"


class Lock:
    """What keeps a second `up` away."""

    def __init__(self, files: list[int], connection: "Connection[tuple[object, ...]] | None") -> None:
        self.descriptors, self._connection = files, connection

    def note(self, facts: Mapping[str, object]) -> None:
        """Write down what runs where, for a second `up` and for commands that look for Prefect."""
        for descriptor in self.descriptors:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(dict(facts)).encode(), 0)
        if self._connection:
            said = f"wardcycle up {facts.get('pid')}@{socket.gethostname()[:20]} {facts.get('page', '')}"
            self._connection.execute("SELECT set_config('application_name', %s, false)", [said[:LONGEST_NAME]])

    def is_held(self) -> bool:
        """Answer whether the lock in PostgreSQL, if there is one, outlived the server's restarts."""
        if self._connection is None:
            return True
        import psycopg

        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True


@contextlib.contextmanager
def only_one(database: Database, data_folder: Path, *, sleep: Callable[[float], None] = time.sleep) -> Iterator[Lock]:
    """Hold the locks while the block runs. Raises AlreadyUp."""
    data_folder.mkdir(parents=True, exist_ok=True)
    names = [note_file(data_folder)]
    if database.file is not None and database.file.resolve().parent != data_folder.resolve():
        names.append(database.file.with_name(f"{database.file.name}.up"))
        names[1].parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        files = [held.enter_context(_file(name, sleep)) for name in names]
        connection = None if database.is_sqlite else held.enter_context(_connection(database))
        lock = Lock(files, connection)
        lock.note({"pid": os.getpid()})
        yield lock
        lock.note({})


@contextlib.contextmanager
def _file(name: Path, sleep: Callable[[float], None]) -> Iterator[int]:
    descriptor = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        for _ in range(int(PATIENCE_S / 0.2)):
            if _try(descriptor):
                break
            holder = _holder(descriptor)
            if _is_alive(holder.get("pid", "")):
                raise _already(f"pid {holder['pid']}", holder.get("page", "..."), holder["pid"])
            sleep(0.2)  # killed: its guard ends its children and lets go
        else:
            raise _already("?", "?", "")
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _connection(database: Database) -> "Iterator[Connection[tuple[object, ...]]]":
    import psycopg

    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True, application_name="wardcycle up") as connection:
        taken = connection.execute("SELECT pg_try_advisory_lock(%s)", [KEY]).fetchone()
        if not taken or not taken[0]:
            row = connection.execute(_WHO, [KEY]).fetchone()
            _, _, said = str(row[0] if row else "").partition("wardcycle up ")
            who, _, page = said.partition(" ")
            raise _already(who or "?", page or "...", who.partition("@")[0])
        yield connection


_WHO = (
    "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)"
    " WHERE locktype = 'advisory' AND (classid::bigint << 32) + objid::bigint = %s"
)


def _already(who: str, page: str, pid: str) -> AlreadyUp:
    return AlreadyUp(who=who, page=page, pid=pid)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> dict[str, str]:
    try:
        found = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
