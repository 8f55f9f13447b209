"""Assessments by plan: schedules, what is due by them, signals of concern that were told, bulletins that went out."""

from datetime import date, datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from config.indicators import Frequency
from models.base import BigId, Row, word

WAITING = sa.text("closed_at IS NULL")


class Schedule(Row, table=True):
    """A set of indicators, or a single one, is assessed in a unit after each period. Only `next_on` ever moves."""

    __table_args__ = (
        sa.CheckConstraint("(indicator_set = '') <> (indicator = '')", name="one_of_both"),
        sa.CheckConstraint("stopped_at IS NOT NULL OR stopped_by IS NULL", name="stopped"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    # Slugs of config/indicators; one of the two is empty.
    indicator_set: str = Field(default="", max_length=80)
    indicator: str = Field(default="", max_length=80)
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    units_below: bool = False
    frequency: Frequency = Field(sa_type=word(Frequency))
    # How long after the end of a period it is assessed, and how long its data are then waited for: 5wd, 10d.
    after: str = Field(max_length=20)
    waits: str = Field(max_length=20)
    # The role that is asked for missing data; empty: that of each indicator.
    data_owner: str = Field(default="", max_length=60)
    # The first day of the first period whose assessments were not created yet: the plan itself, whatever came late.
    next_on: date
    added_at: datetime
    added_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    stopped_at: datetime | None = None
    stopped_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)


class DueAssessment(Row, table=True):
    """What the plan says of one assessment. Its indicator, unit and status stand in the assessment itself."""

    __tablename__: ClassVar[str] = "due_assessment"
    __table_args__ = (
        sa.Index("ix_due_assessment_waiting", "assessment_id", sqlite_where=WAITING, postgresql_where=WAITING),
        sa.Index("ix_due_assessment_month_on", "month_on"),
        sa.Index("ix_due_assessment_schedule_id", "schedule_id", "due_at"),
    )

    assessment_id: int = Field(primary_key=True, foreign_key="assessment.id", sa_type=BigId,
                               sa_column_kwargs={"autoincrement": False})  # fmt: skip
    schedule_id: int = Field(foreign_key="schedule.id", sa_type=BigId)
    # From the first day of the period to the first day after it: so many values of the indicator lie between.
    period_on: date
    end_on: date
    n_values: int
    # The month of its bulletin: the one in which the period ends.
    month_on: date
    due_at: datetime
    # Created on a later day than planned, after an outage.
    late: bool = False
    # Until then the data are waited for.
    until_at: datetime
    # The cycle in which the data owner is asked.
    request_id: int | None = Field(default=None, foreign_key="cycle.id", sa_type=BigId)
    closed_at: datetime | None = None


class Alert(Row, table=True):
    """A signal of concern, told once per episode: a rule and the first period that it marks."""

    __table_args__ = (sa.Index("ix_alert_indicator", "indicator", "unit_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    key: str = Field(max_length=200, unique=True)
    indicator: str = Field(max_length=80)
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    rule: str = Field(max_length=40)
    first_on: date
    assessment_id: int = Field(foreign_key="assessment.id", sa_type=BigId)
    told_at: datetime
    # The cycle that somebody launched because of it.
    cycle_id: int | None = Field(default=None, foreign_key="cycle.id", sa_type=BigId)


class Bulletin(Row, table=True):
    """The bulletin of a unit for a month has gone out."""

    __table_args__ = (sa.UniqueConstraint("unit_id", "month_on"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    month_on: date
    made_at: datetime
