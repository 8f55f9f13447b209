"""Addresses under which a calendar program reads somebody's deadlines."""

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row


class CalendarFeed(Row, table=True):
    """Somebody's deadlines may be read at an address. Its secret part is derived (models/derived.py), never stored."""

    __tablename__: ClassVar[str] = "calendar_feed"
    __table_args__ = (
        sa.Index("ix_calendar_feed_open", "person_id", unique=True, sqlite_where=sa.text("ended_at IS NULL"),
                 postgresql_where=sa.text("ended_at IS NULL")),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    salt: str = Field(max_length=40)
    made_at: datetime
    ended_at: datetime | None = None
