"""How a flow gets the hospital that it works for: database and rules from the settings, once in a process."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import ParamSpec, TypeVar

from anyio import to_thread

from config.calendar import calendar_of
from config.catalogue import Catalogue, read_catalogue
from config.settings import Settings
from engine.rules import Rules
from models.db import Database

Given = ParamSpec("Given")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Hospital:
    """One installation."""

    settings: Settings
    database: Database
    rules: Rules

    @property
    def catalogue(self) -> Catalogue:
        """What the hospital wrote in YAML."""
        return self.rules.catalogue


def open_hospital(settings: Settings) -> Hospital:
    """Read what the settings name; the database is not touched yet."""
    catalogue = read_catalogue(*filter(None, [settings.config_folder]))
    rules = Rules(calendar_of(catalogue.calendars[settings.calendar]), catalogue)
    return Hospital(settings, Database(settings.database, journal=settings.sqlite_journal), rules)


@cache
def hospital() -> Hospital:
    """Get this process's hospital. Raises what stands between it and the database."""
    opened = open_hospital(Settings())
    opened.database.check()
    return opened


def utc_now() -> datetime:
    """Read the clock: flows are doors."""
    return datetime.now(UTC)


async def aside(work: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
    """Do blocking work in a thread, so that a flow's timeout and its heartbeat go on meanwhile."""
    return await to_thread.run_sync(lambda: work(*args, **kwargs), abandon_on_cancel=True)
