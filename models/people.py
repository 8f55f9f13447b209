"""Who is there: the tree of units, persons, the roles they hold, their absences."""

from datetime import date
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row, word


class Unit(Row, table=True):
    """A place in the tree: region, hospital, department, ward, committee, quality-control centre."""

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    slug: str = Field(max_length=80, unique=True)
    kind: str = Field(default="", max_length=40)
    name_en: str = Field(max_length=200)
    name_zh: str = Field(max_length=200)
    parent_id: int | None = Field(default=None, foreign_key="unit.id", sa_type=BigId)


class Rhythm(StrEnum):
    """How often a person is told what is not urgent. Weekly: news on Monday, what asks for something daily."""

    AT_ONCE = "at-once"
    DAILY = "daily"
    WEEKLY = "weekly"


class Person(Row, table=True):
    """A member of staff. `email` may be empty: then the head of the unit is told instead."""

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    slug: str = Field(max_length=80, unique=True)
    name: str = Field(max_length=200)
    email: str | None = Field(default=None, max_length=254, unique=True)
    language: str = Field(default="zh", max_length=8)
    # Channel slugs of config/channels.yaml in the order in which they are tried, e.g. "email,ntfy".
    channels: str = Field(default="email", max_length=200)
    # Filled per channel: the value put for {address} in a channel's URL, e.g. "ntfy=ward-3".
    addresses: str = Field(default="", max_length=1000)
    digest: Rhythm = Field(default=Rhythm.AT_ONCE, sa_type=word(Rhythm), sa_column_kwargs={"server_default": "at-once"})
    # Kinds of messages that the person has stopped, e.g. "receipt,closed"; only those of models.notification.STOPPABLE.
    muted: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})
    left_on: date | None = None


class RoleHolding(Row, table=True):
    """A person holds a role in a unit, from a date, to a date (both inclusive, both may be open)."""

    __tablename__: ClassVar[str] = "role_holding"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "role", "unit_id", "from_on"),
        sa.CheckConstraint("from_on IS NULL OR until_on IS NULL OR from_on <= until_on", name="dates"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    role: str = Field(max_length=60)
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    from_on: date | None = None
    until_on: date | None = None


class Absence(Row, table=True):
    """A person is away on these dates (inclusive); the stand-in is told instead."""

    __table_args__ = (
        sa.CheckConstraint("from_on <= until_on", name="dates"),
        sa.CheckConstraint("person_id <> stand_in_id", name="stand_in"),
        sa.UniqueConstraint("person_id", "from_on"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    from_on: date
    until_on: date
    stand_in_id: int = Field(foreign_key="person.id", sa_type=BigId)


class PeopleVersion(Row, table=True):
    """One row, counted up with each change of the tables above, so that a reader may keep its copy."""

    __tablename__: ClassVar[str] = "people_version"

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    n: int = 0
