"""What a cycle aims at, what was sealed before it was tried, what was found, and what was made of it."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row, word


class AssessmentStatus(StrEnum):
    """`due`: the schedule asks for it; `missed`: the data did not come in time."""

    DUE = "due"
    DONE = "done"
    MISSED = "missed"


class CheckChoice(StrEnum):
    """What the lead may decide about a Check that has too little data."""

    EXTEND = "extend"
    ABANDON = "abandon"


class Ending(StrEnum):
    """What comes of a cycle; said when Act closes."""

    ADOPT = "adopt"
    ADAPT = "adapt"
    ABANDON = "abandon"
    CONTINUE = "continue"


class OriginKind(StrEnum):
    """What a cycle began from; the first three are a cycle before it."""

    ADAPT = "adapt"
    CONTINUE = "continue"
    SIGNAL = "signal"  # a signal of concern while what was adopted is watched
    EVENT = "event"
    FEEDBACK = "feedback"
    BOTTLENECK = "bottleneck"
    ACTION = "action"
    MEASURE = "measure"
    REPORT = "report"  # a closed cycle of the unit below


class Aim(Row, table=True):
    """What a cycle wants of an indicator; what is still empty keeps Plan open. Levels are as shown (85 for 85 %)."""

    __table_args__ = (sa.UniqueConstraint("cycle_id"), sa.CheckConstraint("wash_in >= 0", name="wash_in"))

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    cycle_id: int = Field(foreign_key="cycle.id", sa_type=BigId)
    indicator: str = Field(max_length=80)
    indicator_version: int
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    target: float | None = None
    target_on: date | None = None
    # The value that the team expects, and what makes them expect it.
    prediction: float | None = None
    prediction_note: str = Field(default="", sa_type=sa.Text)
    # The first days of the first and the last period of the baseline; empty where there are no values yet.
    baseline_first_on: date | None = None
    baseline_last_on: date | None = None
    short_baseline_reason: str = Field(default="", sa_type=sa.Text)
    # Periods after the start of Do that count for nothing: the change is being brought in.
    wash_in: int = 0
    # The smallest change worth the work; from the baseline to the target without it.
    worthwhile: float | None = None
    set_at: datetime
    set_by: int = Field(foreign_key="person.id", sa_type=BigId)


class Seal(Row, table=True):
    """Aim, baseline and prediction as they were when Plan closed; the database refuses to change it."""

    __table_args__ = (sa.UniqueConstraint("cycle_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    cycle_id: int = Field(foreign_key="cycle.id", sa_type=BigId)
    sealed_at: datetime
    sealed_by: int = Field(foreign_key="person.id", sa_type=BigId)
    # Canonical JSON of engine.baselines.Baseline, and its SHA-256.
    baseline: str = Field(sa_type=sa.Text)
    digest: str = Field(max_length=64)
    prediction: float


class Assessment(Row, table=True):
    """One look at one indicator. Once it is done or missed the database refuses to change it."""

    __table_args__ = (
        sa.Index("ix_assessment_cycle_id", "cycle_id"),
        sa.Index("ix_assessment_indicator", "indicator", "unit_id", "id"),
        sa.CheckConstraint("(status = 'done') = (verdict IS NOT NULL)", name="done"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    # Given by the schedule, so that each look is made once; empty for one that somebody asked for.
    schedule_key: str | None = Field(default=None, max_length=160, unique=True)
    status: AssessmentStatus = Field(sa_type=word(AssessmentStatus))
    cycle_id: int | None = Field(default=None, foreign_key="cycle.id", sa_type=BigId)
    indicator: str = Field(max_length=80)
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    due_on: date | None = None
    as_of: datetime | None = None
    made_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    data_hash: str = Field(default="", max_length=64)
    engine_version: str = Field(default="", max_length=40)
    rule_set: str = Field(default="", max_length=60)
    # Words of spc.verdict.Verdict; a look without baseline or direction says `cannot_tell`.
    verdict: str | None = Field(default=None, max_length=20)
    confidence: str = Field(default="", max_length=20)
    # Not enough points on one of the sides: Check stays open.
    too_little: bool = False
    needs_signature: bool = False
    # The complete record as JSON (models.records.Record).
    record: str = Field(default="", sa_type=sa.Text)
    text_en: str = Field(default="", sa_type=sa.Text)
    text_zh: str = Field(default="", sa_type=sa.Text)


class CheckDecision(Row, table=True):
    """The lead's decision about a Check that has too little data; rows are never changed."""

    __tablename__: ClassVar[str] = "check_decision"
    __table_args__ = (sa.Index("ix_check_decision_cycle_id", "cycle_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    cycle_id: int = Field(foreign_key="cycle.id", sa_type=BigId)
    choice: CheckChoice = Field(sa_type=word(CheckChoice))
    until_on: date | None = None
    reason: str = Field(sa_type=sa.Text)
    decided_at: datetime
    decided_by: int = Field(foreign_key="person.id", sa_type=BigId)


class CycleEnding(Row, table=True):
    """What came of a cycle, and the assessment that it rests on (none where Check was abandoned)."""

    __tablename__: ClassVar[str] = "cycle_ending"
    __table_args__ = (sa.UniqueConstraint("cycle_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    cycle_id: int = Field(foreign_key="cycle.id", sa_type=BigId)
    ending: Ending = Field(sa_type=word(Ending))
    reason: str = Field(sa_type=sa.Text)
    assessment_id: int | None = Field(default=None, foreign_key="assessment.id", sa_type=BigId)
    signed_at: datetime
    signed_by: int = Field(foreign_key="person.id", sa_type=BigId)


class Signature(Row, table=True):
    """Somebody weighed the doubts about a good verdict and let it pass all the same."""

    __table_args__ = (sa.UniqueConstraint("assessment_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    assessment_id: int = Field(foreign_key="assessment.id", sa_type=BigId)
    reason: str = Field(sa_type=sa.Text)
    signed_at: datetime
    signed_by: int = Field(foreign_key="person.id", sa_type=BigId)


class Watch(Row, table=True):
    """What was adopted is looked at for twelve months, against the level that the cycle reached."""

    __table_args__ = (sa.UniqueConstraint("cycle_id"), sa.Index("ix_watch_indicator", "indicator", "unit_id"))

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    cycle_id: int = Field(foreign_key="cycle.id", sa_type=BigId)
    indicator: str = Field(max_length=80)
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
    # The periods that made the new level: first days of the first and the last one.
    level_first_on: date
    level_last_on: date
    from_on: date
    until_on: date
    ended_at: datetime | None = None


class Proposal(Row, table=True):
    """A new cycle is proposed, because a signal of concern came up while something was watched; once per episode."""

    __table_args__ = (sa.Index("ix_proposal_cycle_id", "cycle_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    # The watch, the rule and the first period of its signal.
    key: str = Field(max_length=160, unique=True)
    cycle_id: int = Field(foreign_key="cycle.id", sa_type=BigId)
    assessment_id: int = Field(foreign_key="assessment.id", sa_type=BigId)
    proposed_at: datetime


class Origin(Row, table=True):
    """What a cycle began from: the cycle that it follows, or a row of the table that its kind names."""

    __table_args__ = (
        sa.CheckConstraint("(previous_id IS NULL) <> (subject_id IS NULL)", name="one_of_both"),
        sa.Index("ix_origin_previous_id", "previous_id"),
        sa.Index("ix_origin_subject", "kind", "subject_id"),
    )

    cycle_id: int = Field(primary_key=True, foreign_key="cycle.id", sa_type=BigId,
                          sa_column_kwargs={"autoincrement": False})  # fmt: skip
    previous_id: int | None = Field(default=None, foreign_key="cycle.id", sa_type=BigId)
    subject_id: int | None = Field(default=None, sa_type=BigId)
    kind: OriginKind = Field(sa_type=word(OriginKind))
    proposal_id: int | None = Field(default=None, foreign_key="proposal.id", sa_type=BigId)
