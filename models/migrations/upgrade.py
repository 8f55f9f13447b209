"""Bring a database to this program's schema."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from models.db import SCHEMA, Database
from models.errors import SchemaNewer
from models.migrations import HEAD, VERSIONS

LOCK = 0x77617264  # one upgrade at a time on PostgreSQL; SQLite's write lock does the same


def upgrade(database: Database) -> str:
    """Create or upgrade the tables. Returns the version before ('' for an empty database).

    Raises SchemaNewer when the database was made by a newer program.
    """
    found = database.version()
    if found is not None and found not in VERSIONS:
        raise SchemaNewer(found=found, wanted=HEAD)
    if found == HEAD:
        return found
    if database.file is not None:
        database.file.parent.mkdir(parents=True, exist_ok=True)
    with database._spoken(), database.engine.begin() as connection:
        if not database.is_sqlite:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            connection.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        command.upgrade(config(connection), "head")
    return found or ""


def config(connection: sa.Connection) -> Config:
    """Make Alembic's configuration for an open connection."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["connection"] = connection
    return made
