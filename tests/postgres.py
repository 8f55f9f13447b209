"""A PostgreSQL server of the tests' own, on loopback, thrown away at the end."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import sqlalchemy as sa

from models.db import normal_url

# Ends when our end of its input is closed: also when the tests themselves are killed.
WATCHED = '"$@" & read _; kill -INT $!; wait $!'
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SETTINGS = {"listen_addresses": "127.0.0.1", "max_connections": "200", "shared_buffers": "64MB"}
START_SECONDS = 30
ROOM = 4_000_000_000  # bytes that must be free in memory


@dataclass(frozen=True)
class Server:
    """A running server; `url` may create databases."""

    url: sa.URL
    _numbers: Iterator[int] = field(default_factory=count)

    def create(self, template: str = "template0", named: str = "") -> sa.URL:
        """Create a database, empty or like another one that nobody is connected to; named: by a name of its own."""
        name = f"wardcycle_test_{os.getpid()}_{named or next(self._numbers)}"
        with psycopg.connect(plain(self.url), autocommit=True) as connection:
            # Four times faster than the default where nothing waits for the disk; older servers know no other way.
            copy = "STRATEGY FILE_COPY" if connection.info.server_version >= 150_000 else ""
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {copy}'.encode())
        return self.url.set(database=name)

    def drop(self, url: sa.URL) -> None:
        """Drop a database, whoever is still connected to it."""
        with psycopg.connect(plain(self.url), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{url.database}" WITH (FORCE)'.encode())


def in_memory() -> Path | None:
    """Find a folder that lives in memory, where nothing waits for the disk; None where there is no room for one."""
    folder = Path("/dev/shm")
    return folder if folder.is_dir() and shutil.disk_usage(folder).free > ROOM and os.access(folder, os.W_OK) else None


def plain(url: sa.URL) -> str:
    """Write an address as psycopg itself reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def running() -> Iterator[Server]:
    """Give the server that WARDCYCLE_TEST_POSTGRES names, else start one. Without any the tests fail, they never skip.

    WARDCYCLE_TEST_DURABLE=1 starts it with the durability of a hospital's server instead of the quick settings.
    """
    given = os.environ.get("WARDCYCLE_TEST_POSTGRES")
    if given:
        yield Server(normal_url(given))
        return
    durable = bool(os.environ.get("WARDCYCLE_TEST_DURABLE"))
    folder = Path(tempfile.mkdtemp(prefix="wardcycle-pg-", dir=None if durable else in_memory()))
    try:
        with _started(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(folder: Path) -> Iterator[Server]:
    programs, user, port = _programs(), _user(folder), _free_port()
    trust = ["--auth=trust", "--username=wardcycle", "--encoding=UTF8", "--locale=C", "--no-sync"]
    made = [str(programs / "initdb"), f"--pgdata={folder / 'data'}", *trust]
    subprocess.run(made, check=True, cwd=folder, user=user, stdout=subprocess.DEVNULL)
    quick = {} if os.environ.get("WARDCYCLE_TEST_DURABLE") else QUICK
    options = {**SETTINGS, **quick, "port": str(port), "unix_socket_directories": str(folder)}
    serve = [str(programs / "postgres"), "-D", str(folder / "data"), *(f"--{k}={v}" for k, v in options.items())]
    log = folder / "log"
    with log.open("wb") as output:
        watched = subprocess.Popen(
            ["sh", "-c", WATCHED, "sh", *serve],
            cwd=folder,
            user=user,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the tests, which then end the server themselves
        )
    with watched:
        url = normal_url(f"postgresql://wardcycle@127.0.0.1:{port}/postgres")
        _wait(url, watched, log)
        yield Server(url)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    named = shutil.which("initdb")
    if not found and named is None:
        raise FileNotFoundError("No PostgreSQL here: install it, or name a server in WARDCYCLE_TEST_POSTGRES.")
    return found[-1].parent if found else Path(str(named)).resolve().parent


def _user(folder: Path) -> str | None:
    """Hand the folder to whom the server may run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    shutil.chown(folder, "postgres", "postgres")
    return "postgres"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(url: sa.URL, watched: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(plain(url)).close()
        except psycopg.OperationalError as error:
            if watched.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from error
            time.sleep(0.05)
        else:
            return
