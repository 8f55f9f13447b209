"""The outbox: what somebody is to be told, by which channel, and what each attempt brought."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row, word


class NotificationKind(StrEnum):
    """Each has its triple of templates in notifications/templates."""

    ASSIGNED = "assigned"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    STAGNANT = "stagnant"
    DECISION = "decision"  # somebody is asked to decide
    DECIDED = "decided"  # the owner learns what was decided
    HAND_OVER = "hand-over"  # somebody is asked to take a task
    RECEIPT = "receipt"
    DEADLINE = "deadline"  # a deadline moved
    STOPPED = "stopped"  # a task or cycle needs nothing more
    TAKEN_BACK = "taken-back"  # an answer that somebody heard of was taken back
    LEAD = "lead"  # somebody leads a cycle from now on
    CLOSED = "closed"  # a cycle is closed
    ALARM = "alarm"  # the quality office: something could not be told
    INVITATION = "invitation"  # somebody may set a password
    CODE = "code"  # six digits that prove who somebody is
    DIGEST = "digest"  # several messages to one person, sent as one
    NOTE = "note"  # the lead: a reply by mail that is no answer
    DATA = "data-wanted"  # the data owner: a Check waits for values
    PROPOSAL = "proposal"  # a signal of concern proposes a new cycle
    SIGNAL = "signal"  # a scheduled assessment shows a signal of concern
    BULLETIN = "bulletin"  # what the assessments of a month say
    GATHERING = "gathering"  # somebody is expected at a training, seminar, drill or meeting
    MISSED = "missed"  # somebody was expected there and did not come
    PREFERENCES = "preferences"  # how the person is told was changed by the link of a message
    UNCLEAR = "unclear"  # whoever replied by mail: why it was no answer, and how to give one


# What a task's end makes unwanted; receipts and notices of an end are still wanted then.
ASKING = (
    NotificationKind.ASSIGNED,
    NotificationKind.REMINDER,
    NotificationKind.ESCALATION,
    NotificationKind.STAGNANT,
    NotificationKind.DECISION,
    NotificationKind.HAND_OVER,
)
# What a person may stop: news that asks for nothing.
STOPPABLE = (
    NotificationKind.RECEIPT,
    NotificationKind.DEADLINE,
    NotificationKind.CLOSED,
    NotificationKind.BULLETIN,
)


class DeliveryStatus(StrEnum):
    """`held`: the send began and no answer came; somebody must look. `dropped`: no longer wanted.

    `bundled`: it goes with the person's digest, whose own delivery says what became of it.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    HELD = "held"
    DROPPED = "dropped"
    BUNDLED = "bundled"
    DEAD = "dead"


class AttemptOutcome(StrEnum):
    """What a sender answered."""

    ACCEPTED = "accepted"
    PERMANENT = "permanent"
    TRANSIENT = "transient"
    UNKNOWN = "unknown"


# In the index's own words, as below.
BUNDLED = sa.text("digest_id IS NOT NULL")


class Notification(Row, table=True):
    """One person is told one thing. `key` is unique for ever and has no clock in it."""

    __table_args__ = (sa.Index("ix_notification_task_id", "task_id"), sa.Index("ix_notification_cycle_id", "cycle_id"),
                      sa.Index("ix_notification_digest_id", "digest_id",
                               sqlite_where=BUNDLED, postgresql_where=BUNDLED))  # fmt: skip

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    key: str = Field(max_length=160, unique=True)
    kind: NotificationKind = Field(sa_type=word(NotificationKind))
    cycle_id: int | None = Field(default=None, foreign_key="cycle.id", sa_type=BigId)
    task_id: int | None = Field(default=None, foreign_key="task.id", sa_type=BigId)
    decision_id: int | None = Field(default=None, foreign_key="decision.id", sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    # Whose place the person takes, during an absence or for want of an address.
    for_id: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    rung: str = Field(default="", max_length=20)
    level: int = 0
    deadline_no: int = 0
    urgent: bool = False
    planned_at: datetime
    # The digest, a notification too, with which it goes. No foreign key: SQLite would copy the table to add one.
    digest_id: int | None = Field(default=None, sa_type=BigId)
    # A JSON object of strings for the template: note, date, reason.
    facts: str = Field(default="{}", sa_type=sa.Text)


# Queries say it in the index's own words: SQLAlchemy's `unheard = 1` would make SQLite read the whole table.
UNHEARD = sa.text("unheard")


class Delivery(Row, table=True):
    """A notification by one channel; rank 0 first, the next rank when a rank is dead."""

    __table_args__ = (
        sa.UniqueConstraint("notification_id", "rank"),
        sa.Index("ix_delivery_ready", "next_try_at", "id",
                 sqlite_where=sa.text("status = 'queued'"), postgresql_where=sa.text("status = 'queued'")),
        sa.Index("ix_delivery_lane", "channel", "next_try_at", "id",
                 sqlite_where=sa.text("status = 'queued'"), postgresql_where=sa.text("status = 'queued'")),
        sa.Index("ix_delivery_leased", "lease_until",
                 sqlite_where=sa.text("status = 'sending'"), postgresql_where=sa.text("status = 'sending'")),
        sa.Index("ix_delivery_unheard", "id", sqlite_where=UNHEARD, postgresql_where=UNHEARD),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    notification_id: int = Field(foreign_key="notification.id", sa_type=BigId)
    rank: int = 0
    channel: str = Field(max_length=40)
    status: DeliveryStatus = Field(sa_type=word(DeliveryStatus))
    next_try_at: datetime
    n_attempts: int = 0  # the tries that count; those that an outage of the whole channel cost do not
    # How often it ended whatever was sending it: the second time it is held. With a default of the database's own:
    # rows are written in plain SQL too.
    n_crashes: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    # Counts the claims: a sender that lost its lease settles nothing.
    epoch: int = 0
    lease_until: datetime | None = None
    settled_at: datetime | None = None
    # Nobody could be told by this, and the quality office has not been alarmed yet.
    unheard: bool = False
    why: str = Field(default="", max_length=500)


class Attempt(Row, table=True):
    """One try to send; the row is written before the send, its outcome after."""

    __tablename__: ClassVar[str] = "attempt"
    __table_args__ = (sa.UniqueConstraint("delivery_id", "no"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    delivery_id: int = Field(foreign_key="delivery.id", sa_type=BigId)
    no: int
    began_at: datetime
    ended_at: datetime | None = None
    outcome: AttemptOutcome | None = Field(default=None, sa_type=word(AttemptOutcome))
    why: str = Field(default="", max_length=500)


class Outage(Row, table=True):
    """The engine did not run from one moment to another while messages could have gone; the next digests say so."""

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    from_at: datetime
    until_at: datetime


class Heartbeat(Row, table=True):
    """When a loop last came round; the watch looks here."""

    loop: str = Field(primary_key=True, max_length=40)
    beat_at: datetime
