"""The way from the command line to the hospital: its database, its rules, the moment, who acts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from cli.mistakes import CalendarUnknown, DatabaseBusy, DateUnreadable, MomentUnreadable, SettingWrong
from cli.options import Basic
from config.calendar import calendar_of
from config.catalogue import Catalogue, read_catalogue
from config.settings import Settings
from config.words import Text
from engine.rules import Rules
from models.db import Database
from models.queries import get_person

DOOR = "cli"
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Door:
    """One run of one command."""

    options: Basic
    settings: Settings
    language: str

    @cached_property
    def database(self) -> Database:
        """The database of `--database`, else of the settings."""
        url = getattr(self.options, "database", None) or self.settings.database
        return Database(url, journal=self.settings.sqlite_journal)

    @cached_property
    def catalogue(self) -> Catalogue:
        """What the hospital wrote in YAML."""
        folder = self.settings.config_folder
        return read_catalogue(*([folder] if folder else []))

    @cached_property
    def rules(self) -> Rules:
        """The hospital's calendar and catalogue."""
        calendar = self.catalogue.calendars.get(self.settings.calendar)
        if calendar is None:
            known = ", ".join(sorted(self.catalogue.calendars))
            raise CalendarUnknown(name=self.settings.calendar, known=known)
        return Rules(calendar_of(calendar), self.catalogue)

    @cached_property
    def now(self) -> datetime:
        """The moment of `--now`, else of the clock; a date alone is its midnight."""
        written = getattr(self.options, "now", None)
        return self.moment(written, "--now") if written else datetime.now(UTC)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that only reads, on a database of the right form."""
        with self._patient():
            self.database.check()
            with self.database.reading() as session:
                yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction that commits at its end, on a database of the right form."""
        with self._patient():
            self.database.check()
            with self.database.transaction(DOOR) as session:
                yield session

    def by(self, session: Session) -> int:
        """Find who acts. Raises NotFound."""
        return get_person(session, getattr(self.options, "by", None) or "").id

    def by_or_none(self, session: Session) -> int | None:
        """Find who acts, where nobody needs to be named."""
        return self.by(session) if getattr(self.options, "by", None) else None

    def told(self, code: str) -> str:
        """Give the code of a changed cycle when the Prefect server of this installation works on this database."""
        named = getattr(self.options, "database", None)
        return code if named in (None, self.settings.database) else ""

    def say(self, text: Text) -> str:
        """Say something in the reader's language."""
        return text.in_(self.language)

    def moment(self, written: str, option: str, *, hour: time = time.min) -> datetime:
        """Read a moment; without an offset it is in the hospital's zone, a date alone means that `hour` of it."""
        zone = self.rules.calendar.zone
        try:
            if len(written.strip()) == len("2026-03-31"):
                return datetime.combine(date.fromisoformat(written.strip()), hour, zone).astimezone(UTC)
            read = datetime.fromisoformat(written.strip())
            return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise MomentUnreadable(written=written, option=option) from error

    def start(self, written: str | None) -> datetime | None:
        """Read the start of a cycle; a date alone means its opening hour, or now if that has passed today."""
        if not written:
            return None
        read = self.moment(written, "--start", hour=self.rules.calendar.window_opens)
        is_today = len(written.strip()) == len("2026-03-31") and self._is_today(read)
        return max(read, self.now) if is_today else read

    def end(self, written: str | None, days: int) -> datetime:
        """Read the end of a span; a date alone is included in it."""
        if not written:
            return self.now + timedelta(days=days)
        read = self.moment(written, "--until")
        return read + ONE_DAY if len(written.strip()) == len("2026-03-31") else read

    def shown(self, moment: datetime | None) -> str:
        """Write a moment as people of the hospital read it."""
        return f"{moment.astimezone(self.rules.calendar.zone):%Y-%m-%d %H:%M}" if moment else ""

    def _is_today(self, moment: datetime) -> bool:
        return self.rules.calendar.local_date(moment) == self.rules.calendar.local_date(self.now)

    @contextmanager
    def _patient(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            if "database is locked" in str(error.orig) or "lock timeout" in str(error.orig):
                raise DatabaseBusy(url=self.database.shown) from error
            raise


@contextmanager
def open_door(options: Basic) -> Iterator[Door]:
    """Read the settings and open what a command needs as it needs it; closed at the end."""
    settings = read_settings()
    door = Door(options, settings, options.language or settings.reader_language)
    try:
        yield door
    finally:
        if "database" in vars(door):
            door.database.dispose()


def read_settings() -> Settings:
    """Read the environment. Raises SettingWrong, naming the variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SettingWrong(name=f"WARDCYCLE_{str(first['loc'][0]).upper()}", why=first["msg"]) from error


def read_date(written: str | None, option: str) -> date | None:
    """Read a date. Raises DateUnreadable."""
    if not written:
        return None
    try:
        return date.fromisoformat(written.strip())
    except ValueError as error:
        raise DateUnreadable(written=written, option=option) from error
