"""Links that let one person answer one task from a message; the row is the authority, its signature only a filter."""

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field

from models.base import BigId, Row


class AnswerLink(Row, table=True):
    """A link lets the person of its notification answer the task of its notification, until it expires or is revoked.

    It names neither itself: the locks of such foreign keys would make senders wait for sweeps, which lock tasks.
    """

    __tablename__: ClassVar[str] = "answer_link"

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    # 128 bits; without the key outside of the database they make no link.
    token: str = Field(max_length=40, unique=True)
    notification_id: int = Field(foreign_key="notification.id", unique=True, sa_type=BigId)
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
