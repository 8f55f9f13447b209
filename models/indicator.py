"""What is counted: each version of an indicator's definition, the observations, and what they were before."""

from datetime import date, datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row


class IndicatorVersion(Row, table=True):
    """A definition as it was when it was first used; the same number never means two definitions."""

    __tablename__: ClassVar[str] = "indicator_version"
    __table_args__ = (sa.UniqueConstraint("indicator", "version"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    # The slug of config/indicators.
    indicator: str = Field(max_length=80)
    version: int
    # The definition as JSON (config.indicators.Indicator), and the hash of what gives the numbers their meaning.
    definition: str = Field(sa_type=sa.Text)
    digest: str = Field(max_length=64)
    first_used_at: datetime


class Observation(Row, table=True):
    """One value of one indicator in one unit and period. Without a denominator `value` is what was measured."""

    __table_args__ = (
        sa.UniqueConstraint("indicator", "unit_id", "period_on"),
        sa.CheckConstraint("denominator IS NULL OR denominator >= 0", name="denominator"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    indicator: str = Field(max_length=80)
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    # The first day of the period: of the month, quarter, week or year.
    period_on: date
    # A numerator, or a measurement in the indicator's own unit; empty: it is known that there is no value.
    value: float | None = None
    denominator: float | None = None
    # Still to be corrected by its source; assessments mark it.
    provisional: bool = False
    note: str = Field(default="", max_length=500)
    # Counts the corrections.
    no: int = 0
    entered_at: datetime
    entered_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    door: str = Field(max_length=20)


class FormerObservation(Row, table=True):
    """What an observation said before a correction; rows are never changed."""

    __tablename__: ClassVar[str] = "former_observation"
    __table_args__ = (sa.UniqueConstraint("observation_id", "no"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    observation_id: int = Field(foreign_key="observation.id", sa_type=BigId)
    no: int
    value: float | None = None
    denominator: float | None = None
    provisional: bool = False
    note: str = Field(default="", max_length=500)
    entered_at: datetime
    entered_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    corrected_at: datetime
    corrected_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    why: str = Field(default="", max_length=500)
