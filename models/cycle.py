"""Improvement cycles and their stages."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row, word


class CycleStatus(StrEnum):
    """What the machine may do with a cycle."""

    PLANNED = "planned"
    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class StageStatus(StrEnum):
    """A stage is `ready` when its tasks are done and somebody must still let it pass."""

    WAITING = "waiting"
    OPEN = "open"
    READY = "ready"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Snapshot(Row, table=True):
    """The template and ladder as they were at a launch; rows are shared by content and never change."""

    digest: str = Field(primary_key=True, max_length=64)
    template: str = Field(sa_type=sa.Text)
    ladder: str = Field(sa_type=sa.Text)


class Cycle(Row, table=True):
    """One improvement cycle (or one run of another activity) of one unit."""

    __table_args__ = (
        sa.Index("ix_cycle_starts_at", "starts_at", sqlite_where=sa.text("status = 'planned'"),
                 postgresql_where=sa.text("status = 'planned'")),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    code: str = Field(max_length=40, unique=True)
    # Given by whoever launches twice for one reason (a form sent again, a run repeated): the second finds the first.
    launch_key: str | None = Field(default=None, max_length=120, unique=True)
    template: str = Field(max_length=80)
    template_version: int
    snapshot: str = Field(foreign_key="snapshot.digest", max_length=64)
    title_en: str = Field(max_length=300)
    title_zh: str = Field(max_length=300)
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    lead_id: int = Field(foreign_key="person.id", sa_type=BigId)
    urgent: bool = False
    status: CycleStatus = Field(sa_type=word(CycleStatus))
    why: str = Field(default="", max_length=500)
    launched_at: datetime
    launched_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    starts_at: datetime
    paused_at: datetime | None = None
    ended_at: datetime | None = None


class Stage(Row, table=True):
    """One stage of a cycle; `open_count` tasks of it have not ended."""

    __table_args__ = (
        sa.UniqueConstraint("cycle_id", "position"),
        sa.CheckConstraint("open_count >= 0", name="open_count"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    cycle_id: int = Field(foreign_key="cycle.id", sa_type=BigId)
    position: int
    slug: str = Field(max_length=80)
    title_en: str = Field(max_length=200)
    title_zh: str = Field(max_length=200)
    gate: str | None = Field(default=None, max_length=20)
    status: StageStatus = Field(sa_type=word(StageStatus))
    open_count: int
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    note: str = Field(default="", sa_type=sa.Text)


class CodeCounter(Row, table=True):
    """The last number given to a cycle's code in a year, so that codes have no gaps and no twins."""

    __tablename__: ClassVar[str] = "code_counter"

    year: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    n: int
