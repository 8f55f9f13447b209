"""A special action as a hospital runs it, and its roll-ups: where it stood against the programme's targets."""

from datetime import date, datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row


class ActionRun(Row, table=True):
    """One run of a special action in a hospital: its own cycle, and the date by which its targets are to be reached."""

    __tablename__: ClassVar[str] = "action_run"
    __table_args__ = (
        sa.UniqueConstraint("action", "unit_id", "number"),
        sa.UniqueConstraint("cycle_id"),
        sa.CheckConstraint("number >= 1", name="number"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    # The id of the action's template, and the edition of the programme that its targets come from ('' for none).
    action: str = Field(max_length=80)
    programme: str = Field(default="", max_length=80)
    # Counts from 1: another run may begin when the one before has ended.
    number: int
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    cycle_id: int = Field(foreign_key="cycle.id", sa_type=BigId)
    until_on: date
    launched_at: datetime
    launched_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)


class RollUp(Row, table=True):
    """Where a run stood at a moment; the database refuses to change it."""

    __tablename__: ClassVar[str] = "roll_up"
    __table_args__ = (sa.Index("ix_roll_up_cycle_id", "cycle_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    run_id: int = Field(foreign_key="action_run.id", sa_type=BigId)
    cycle_id: int = Field(foreign_key="cycle.id", sa_type=BigId)
    kept_at: datetime
    kept_by: int = Field(foreign_key="person.id", sa_type=BigId)
    # JSON of models.scoreboard.Scoreboard, and its SHA-256.
    record: str = Field(sa_type=sa.Text)
    digest: str = Field(max_length=64)
