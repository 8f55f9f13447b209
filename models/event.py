"""Adverse events as somebody reported them, what was decided about them, and, apart from all else, who reported."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from config.events import Severity
from models.base import BigId, Row, word


class EventStatus(StrEnum):
    """Overdue is a question about the moments below, never a status."""

    RECEIVED = "received"
    TRIAGED = "triaged"
    ANALYSING = "analysing"  # a cycle that began from it looks for causes
    CLOSED = "closed"


class Event(Row, table=True):
    """One report. What somebody wrote in it goes into no message, log or audit row."""

    __table_args__ = (
        sa.Index("ix_event_received_at", "received_at"),
        sa.CheckConstraint("(triaged_at IS NULL) = (severity IS NULL)", name="triaged"),
        sa.CheckConstraint("triaged_at IS NOT NULL OR triaged_by IS NULL", name="triaged_by"),
        sa.CheckConstraint("(reported_at IS NULL) = (reported_by IS NULL)", name="reported"),
        sa.CheckConstraint("(closed_at IS NULL) = (answer = '') AND (closed_at IS NULL) = (closed_by IS NULL)",
                           name="closed"),
        sa.CheckConstraint("closed_at IS NOT NULL OR NOT set_aside", name="set_aside"),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    # Of the code on the receipt (engine/receipt_codes.py); the code itself is stored nowhere.
    code_mark: str = Field(max_length=64, unique=True)
    status: EventStatus = Field(sa_type=word(EventStatus))
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    # Ids of config/events.yaml, as they were reported or as triage put them right.
    kind: str = Field(max_length=64)
    harm: str = Field(max_length=64)
    what: str = Field(sa_type=sa.Text)
    done_at_once: str = Field(default="", sa_type=sa.Text)
    happened_at: datetime | None = None
    received_at: datetime
    # Until when, and when and by whom it was done; a class without a statutory report has no moment for it.
    triage_due_at: datetime
    severity: Severity | None = Field(default=None, sa_type=word(Severity))
    triaged_at: datetime | None = None
    triaged_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    report_due_at: datetime | None = None
    reported_at: datetime | None = None
    reported_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    answer_due_at: datetime
    # What the reporter reads by the code.
    answer: str = Field(default="", sa_type=sa.Text)
    closed_at: datetime | None = None
    closed_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    # It was no event, or one that was reported already; it is counted nowhere.
    set_aside: bool = False

    @property
    def code(self) -> str:
        """How people of the hospital call it; not the code of the receipt."""
        return f"E{self.id:04d}"


class EventPhoto(Row, table=True):
    """A photo of an event, without place, time and device in it."""

    __tablename__: ClassVar[str] = "event_photo"

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    event_id: int = Field(foreign_key="event.id", unique=True, sa_type=BigId)
    media_type: str = Field(max_length=40)
    n_bytes: int
    sha256: str = Field(max_length=64)
    content: bytes


class EventReporter(Row, table=True):
    """Who reported, where they said so: sealed with a key outside of the database, read by one verb only."""

    __tablename__: ClassVar[str] = "event_reporter"

    event_id: int = Field(primary_key=True, foreign_key="event.id", sa_type=BigId,
                          sa_column_kwargs={"autoincrement": False})  # fmt: skip
    sealed: str = Field(sa_type=sa.Text)
