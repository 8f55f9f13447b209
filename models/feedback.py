"""What patients say: their words, each round until they are content, the departments concerned, what came of it."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row, word

MARKS = (1, 2, 3, 4, 5)  # of satisfaction, 5 is the best


class FeedbackStatus(StrEnum):
    """`answered`: the patient may still say that it is not solved. That something is late is a question, no status."""

    RECEIVED = "received"
    WORKING = "working"
    ANSWERED = "answered"
    CLOSED = "closed"


class Feedback(Row, table=True):
    """One patient's word. Its receipt's code is kept as a fingerprint only; `contact` is sealed, '' when none was left.

    kind: of config/feedback.yaml. answer_due_at: that of the present round.
    """

    __table_args__ = (sa.Index("ix_feedback_status", "status", "answer_due_at", "id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    code_fingerprint: str = Field(max_length=64, unique=True)
    kind: str = Field(max_length=64)
    unit_id: int | None = Field(default=None, foreign_key="unit.id", sa_type=BigId)
    said: str = Field(sa_type=sa.Text)
    contact: str = Field(default="", sa_type=sa.Text)
    language: str = Field(max_length=5)
    door: str = Field(max_length=20)
    status: FeedbackStatus = Field(sa_type=word(FeedbackStatus))
    round_no: int = 1
    received_at: datetime
    answer_due_at: datetime
    answered_at: datetime | None = None
    closed_at: datetime | None = None


class FeedbackRound(Row, table=True):
    """From the patient's word to the answer; `not solved` opens the next one."""

    __tablename__: ClassVar[str] = "feedback_round"
    __table_args__ = (
        sa.UniqueConstraint("feedback_id", "no"),
        sa.Index("ix_feedback_round_answer_due_at", "answer_due_at"),
        sa.CheckConstraint("(answered_at IS NULL) = (answered_by IS NULL)", name="answered"),
        sa.CheckConstraint("(judged_at IS NULL) = (solved IS NULL)", name="judged"),
        sa.CheckConstraint("satisfaction BETWEEN 1 AND 5", name="satisfaction"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    feedback_id: int = Field(foreign_key="feedback.id", sa_type=BigId)
    no: int
    # What the patient added when it was not solved.
    said: str = Field(default="", sa_type=sa.Text)
    opened_at: datetime
    acknowledge_due_at: datetime
    answer_due_at: datetime
    acknowledged_at: datetime | None = None
    answer: str = Field(default="", sa_type=sa.Text)
    answered_at: datetime | None = None
    answered_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    judged_at: datetime | None = None
    solved: bool | None = None
    satisfaction: int | None = None


class FeedbackUnit(Row, table=True):
    """A department is concerned by a round."""

    __tablename__: ClassVar[str] = "feedback_unit"
    __table_args__ = (sa.Index("ix_feedback_unit_unit_id", "unit_id"),)

    round_id: int = Field(primary_key=True, foreign_key="feedback_round.id", sa_type=BigId)
    unit_id: int = Field(primary_key=True, foreign_key="unit.id", sa_type=BigId)


class SaidAndDone(Row, table=True):
    """One sentence for everybody: what was said and what was done about it, as the office approved it."""

    __tablename__: ClassVar[str] = "said_and_done"

    feedback_id: int = Field(primary_key=True, foreign_key="feedback.id", sa_type=BigId,
                             sa_column_kwargs={"autoincrement": False})  # fmt: skip
    text_en: str = Field(max_length=500)
    text_zh: str = Field(max_length=500)
    approved_at: datetime
    approved_by: int = Field(foreign_key="person.id", sa_type=BigId)


class FeedbackMonth(Row, table=True):
    """The feedback of a month was counted into the indicators."""

    __tablename__: ClassVar[str] = "feedback_month"

    month_on: date = Field(primary_key=True)
    counted_at: datetime
