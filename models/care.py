"""Analyses of care processes: what was found, never the events themselves, and whose waiting a unit counts."""

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row


class CareAnalysis(Row, table=True):
    """One event table that somebody had looked at. No case of it is kept; a row never changes."""

    __tablename__: ClassVar[str] = "care_analysis"
    __table_args__ = (sa.Index("ix_care_analysis_unit_id", "unit_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    title: str = Field(max_length=200)
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    # A models.care_records.CareRecord as JSON.
    record: str = Field(sa_type=sa.Text)
    made_at: datetime
    made_by: int = Field(foreign_key="person.id", sa_type=BigId)


class CareWait(Row, table=True):
    """The one hand-over whose waiting a unit counts as its indicator; the analysis is the first that named it."""

    __tablename__: ClassVar[str] = "care_wait"

    unit_id: int = Field(primary_key=True, foreign_key="unit.id", sa_type=BigId,
                         sa_column_kwargs={"autoincrement": False})  # fmt: skip
    before: str = Field(max_length=80)
    after: str = Field(max_length=80)
    analysis_id: int = Field(foreign_key="care_analysis.id", sa_type=BigId)
