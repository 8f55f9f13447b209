"""Where a side of the benchmark keeps its rows: a SQLite file or a PostgreSQL database, made anew for each workload."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
import sqlalchemy as sa

from models.db import normal_url
from tests.postgres import plain


@dataclass(frozen=True)
class Place:
    """One database. Both sides use WAL with synchronous=FULL on SQLite, and the server's own fsync on PostgreSQL."""

    url: sa.URL

    @property
    def is_sqlite(self) -> bool:
        """Tell the two systems apart."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def system(self) -> str:
        """The name in the tables."""
        return "sqlite" if self.is_sqlite else "postgresql"

    @property
    def name(self) -> str:
        """The file, or what psycopg connects to."""
        return str(self.url.database) if self.is_sqlite else plain(self.url)

    def clear(self) -> None:
        """Leave an empty database, whatever was there."""
        if self.is_sqlite:
            for ending in ("", "-wal", "-shm", "-journal"):
                Path(f"{self.url.database}{ending}").unlink(missing_ok=True)
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
            return
        with psycopg.connect(plain(self.url.set(database="postgres")), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{self.url.database}" WITH (FORCE)'.encode())
            connection.execute(f'CREATE DATABASE "{self.url.database}"'.encode())


def file_place(path: Path) -> Place:
    """Name a SQLite file."""
    return Place(sa.URL.create("sqlite", database=str(path)))


def server_place(server: str, name: str) -> Place:
    """Name a database on a server whose address may create databases."""
    return Place(normal_url(server).set(database=name))
