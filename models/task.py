"""Tasks with their owners, the answers people gave, the evidence they handed in, the decisions asked for."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row, word


class TaskStatus(StrEnum):
    """`deciding`: an answer waits for somebody's decision; reminders and ladder stand still."""

    WAITING = "waiting"
    OPEN = "open"
    DECIDING = "deciding"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"


class AnswerKind(StrEnum):
    """What an owner may say about a task."""

    ACKNOWLEDGE = "acknowledge"
    DONE = "done"
    EXTEND = "extend"
    HAND_OVER = "hand-over"
    BLOCKED = "blocked"


class DecisionKind(StrEnum):
    """What somebody is asked to decide."""

    EXTENSION = "extension"  # an owner asks for more time
    OBSTACLE = "obstacle"  # an owner is blocked
    ACCEPTANCE = "acceptance"  # an answer waits for the lead
    APPROVAL = "approval"  # a stage is ready to close
    OVERDUE = "overdue"  # an escalation: nobody answered


class Outcome(StrEnum):
    """How a decision ended; `passed-up`: nobody took it in time, `moot`: nothing was left to decide."""

    GRANTED = "granted"
    REFUSED = "refused"
    GIVEN = "given"
    REMOVED = "removed"
    STOPPED = "stopped"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    APPROVED = "approved"
    PASSED_UP = "passed-up"
    MOOT = "moot"


FIRES = sa.text("next_fire_at IS NOT NULL")
# Queries say it in the index's own words: SQLAlchemy's `provisional = 1` would make SQLite read the whole table.
PROVISIONAL = sa.text("provisional")


class Task(Row, table=True):
    """One piece of work with owners and a deadline. `next_fire_at` alone decides whether a sweep looks at it."""

    __table_args__ = (
        sa.Index("ix_task_next_fire_at", "next_fire_at", "id", sqlite_where=FIRES, postgresql_where=FIRES),
        sa.Index("ix_task_provisional", "deadline_at", sqlite_where=PROVISIONAL, postgresql_where=PROVISIONAL),
        sa.Index("ix_task_stage_id", "stage_id"),
        sa.UniqueConstraint("cycle_id", "slug"),
        sa.CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done"),
        sa.CheckConstraint(
            "status <> 'open' OR (deadline_at IS NOT NULL AND next_fire_at IS NOT NULL)", name="never_silent"
        ),
        sa.CheckConstraint("status = 'open' OR next_fire_at IS NULL", name="only_open_remind"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    cycle_id: int = Field(foreign_key="cycle.id", sa_type=BigId)
    stage_id: int = Field(foreign_key="stage.id", sa_type=BigId)
    position: int
    slug: str = Field(max_length=80)
    title_en: str = Field(max_length=300)
    title_zh: str = Field(max_length=300)
    # The role that finds the owners when the task opens; empty when somebody chose the owners by hand.
    owner_role: str = Field(max_length=60)
    due: str = Field(max_length=20)
    remind: str = Field(default="", max_length=200)
    evidence: str = Field(max_length=10)
    accept: bool = False
    unstaffed: bool = False
    # 128 bits that only messages to the owners carry.
    token: str = Field(max_length=40, unique=True)
    status: TaskStatus = Field(sa_type=word(TaskStatus))
    resume_status: str | None = Field(default=None, max_length=24)
    opened_at: datetime | None = None
    deadline_at: datetime | None = None
    # Counts the deadlines of this task: rungs are unique within one.
    deadline_no: int = 0
    provisional: bool = False
    next_fire_at: datetime | None = None
    # Reminders at or before this moment are over, sent or not.
    reminded_until: datetime | None = None
    # Escalation levels that have fired within this deadline.
    level: int = 0
    # The next level comes no earlier than this (after an outage, after a refusal).
    ladder_from_at: datetime | None = None
    n_stagnant: int = 0
    done_at: datetime | None = None
    done_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    why: str = Field(default="", max_length=500)


class TaskOwner(Row, table=True):
    """A person owns a task; with several, the first answer wins."""

    __tablename__: ClassVar[str] = "task_owner"
    __table_args__ = (sa.Index("ix_task_owner_person_id", "person_id"),)

    task_id: int = Field(primary_key=True, foreign_key="task.id", sa_type=BigId)
    person_id: int = Field(primary_key=True, foreign_key="person.id", sa_type=BigId)


class Answer(Row, table=True):
    """What somebody said about a task; rows are never deleted, an answer that was taken back says so."""

    __table_args__ = (
        sa.Index("ix_answer_task_id", "task_id"),
        sa.CheckConstraint("(taken_at IS NULL) = (taken_by IS NULL)", name="taken"),
        sa.CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    task_id: int = Field(foreign_key="task.id", sa_type=BigId)
    kind: AnswerKind = Field(sa_type=word(AnswerKind))
    at: datetime
    by_id: int = Field(foreign_key="person.id", sa_type=BigId)
    door: str = Field(max_length=20)
    note: str = Field(default="", sa_type=sa.Text)
    until_on: date | None = None
    to_id: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    # Only for hand-over: when the other person, or who stands in for them, took it.
    taken_at: datetime | None = None
    # Neither this nor undone_by has a foreign key: SQLite adds none to a table that others refer to.
    taken_by: int | None = Field(default=None, sa_type=BigId)
    # The slugs of the tasks that it opened, with commas: what goes back to waiting when it is taken back.
    opened: str = Field(default="", sa_type=sa.Text, sa_column_kwargs={"server_default": ""})
    undone_at: datetime | None = None
    undone_by: int | None = Field(default=None, sa_type=BigId)


class Evidence(Row, table=True):
    """A file that proves an answer, kept with its hash."""

    __table_args__ = (sa.Index("ix_evidence_answer_id", "answer_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    answer_id: int = Field(foreign_key="answer.id", sa_type=BigId)
    name: str = Field(max_length=200)
    media_type: str = Field(max_length=100)
    n_bytes: int
    sha256: str = Field(max_length=64)
    content: bytes = Field(sa_type=sa.LargeBinary)


class Decision(Row, table=True):
    """Somebody was asked to decide, at one level: 0 is the lead, 1.. the ladder's. One row for each level asked."""

    __table_args__ = (
        sa.Index("ix_decision_next_at", "next_at", "id",
                 sqlite_where=sa.text("next_at IS NOT NULL"), postgresql_where=sa.text("next_at IS NOT NULL")),
        sa.Index("ix_decision_task_id", "task_id"),
        sa.Index("ix_decision_stage_id", "stage_id"),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended"),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    cycle_id: int = Field(foreign_key="cycle.id", sa_type=BigId)
    stage_id: int = Field(foreign_key="stage.id", sa_type=BigId)
    task_id: int | None = Field(default=None, foreign_key="task.id", sa_type=BigId)
    answer_id: int | None = Field(default=None, foreign_key="answer.id", sa_type=BigId)
    kind: DecisionKind = Field(sa_type=word(DecisionKind))
    level: int
    asked_at: datetime
    # When it goes one level up; empty for escalations, which the task's own ladder moves.
    next_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = Field(default=None, sa_type=word(Outcome))
    decided_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    why: str = Field(default="", sa_type=sa.Text)
