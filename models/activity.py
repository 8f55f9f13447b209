"""Activities by plan, the gatherings that people attend, and the goals of a year."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row, word


class ActivitySchedule(Row, table=True):
    """An activity is launched in a unit, or in each department below it, once a period. Only `next_on` ever moves."""

    __tablename__: ClassVar[str] = "activity_schedule"
    __table_args__ = (sa.CheckConstraint("stopped_at IS NOT NULL OR stopped_by IS NULL", name="stopped"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    # A template's id.
    activity: str = Field(max_length=80)
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    units_below: bool = False
    # As config.recurrence reads it: weekly mon, monthly 3wd.
    every: str = Field(max_length=40)
    # What the launched cycles are called, before their period; empty: as the template.
    title_en: str = Field(default="", max_length=200)
    title_zh: str = Field(default="", max_length=200)
    # The first day of the first period that was not launched yet: the plan itself, whatever came late.
    next_on: date
    added_at: datetime
    added_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    stopped_at: datetime | None = None
    stopped_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)


class Gathering(Row, table=True):
    """A training, seminar, drill or meeting of a cycle, at a time and place."""

    __table_args__ = (
        sa.CheckConstraint("starts_at < ends_at", name="times"),
        sa.CheckConstraint("pass_percent BETWEEN 1 AND 100", name="pass_percent"),
        sa.Index("ix_gathering_cycle_id", "cycle_id"),
        sa.Index("ix_gathering_unheard", "ends_at", sqlite_where=sa.text("missing_told_at IS NULL"),
                 postgresql_where=sa.text("missing_told_at IS NULL")),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    cycle_id: int = Field(foreign_key="cycle.id", sa_type=BigId)
    title: str = Field(max_length=200)
    place: str = Field(max_length=200)
    starts_at: datetime
    ends_at: datetime
    # Together with a key outside of the database it makes the changing code on the trainer's screen.
    salt: str = Field(max_length=40)
    # A JSON list of config.shapes.Question: the test, as it was when the gathering was entered.
    questions: str = Field(default="[]", sa_type=sa.Text)
    pass_percent: int = 80
    added_at: datetime
    added_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    # When those who were missing were told, once.
    missing_told_at: datetime | None = None


class Invitee(Row, table=True):
    """Somebody is expected at a gathering."""

    __table_args__ = (sa.UniqueConstraint("gathering_id", "person_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    gathering_id: int = Field(foreign_key="gathering.id", sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)


class CameBy(StrEnum):
    """How somebody's presence became known."""

    CODE = "code"  # typed their own id after the code on the screen
    LOGIN = "login"  # logged in, after the code on the screen
    HAND = "hand"  # entered by the trainer


class Attendance(Row, table=True):
    """Somebody was there; what the test and the evaluation brought."""

    __table_args__ = (
        sa.UniqueConstraint("gathering_id", "person_id"),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        sa.CheckConstraint("(score_percent IS NULL) = (tested_at IS NULL)", name="tested"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    gathering_id: int = Field(foreign_key="gathering.id", sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    came_at: datetime
    came_by: CameBy = Field(sa_type=word(CameBy))
    # The best of the tries.
    score_percent: int | None = None
    n_tries: int = 0
    tested_at: datetime | None = None
    rating: int | None = None
    note: str = Field(default="", max_length=500)


class YearlyGoal(Row, table=True):
    """What a unit wants of an indicator in a year. The hospital's comes from a programme, a department's from that."""

    __tablename__: ClassVar[str] = "yearly_goal"
    __table_args__ = (
        sa.UniqueConstraint("year", "code", "unit_id"),
        sa.Index("ix_yearly_goal_parent_id", "parent_id"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    year: int
    # Of the national goal, such as NIT-2026-I, or the hospital's own.
    code: str = Field(max_length=60)
    programme: str = Field(default="", max_length=80)
    indicator: str = Field(max_length=80)
    title_en: str = Field(max_length=300)
    title_zh: str = Field(max_length=300)
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    parent_id: int | None = Field(default=None, foreign_key="yearly_goal.id", sa_type=BigId)
    # In the indicator's display units; None: nothing was measured, or nothing was set.
    baseline: float | None = None
    target: float | None = None
    added_at: datetime
    added_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
