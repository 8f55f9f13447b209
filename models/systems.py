"""The hospital's own systems that send values: their tokens, and what each request was answered."""

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row


class SystemToken(Row, table=True):
    """What a system shows to be let in; only the hash is kept, the token itself is printed once."""

    __tablename__: ClassVar[str] = "system_token"

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    # The system's name, such as `his` or `lis`; it has one token at a time.
    system: str = Field(max_length=64, unique=True)
    digest: str = Field(max_length=64, unique=True)
    # Values may be sent for this unit and those below it; empty: for all.
    unit_id: int | None = Field(default=None, foreign_key="unit.id", sa_type=BigId)
    made_at: datetime
    made_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    revoked_at: datetime | None = None


class SystemRequest(Row, table=True):
    """One request under its idempotency key, with the answer that it gets again."""

    __tablename__: ClassVar[str] = "system_request"
    __table_args__ = (sa.UniqueConstraint("token_id", "key"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    token_id: int = Field(foreign_key="system_token.id", sa_type=BigId)
    key: str = Field(max_length=200)
    body_digest: str = Field(max_length=64)
    answer: str = Field(sa_type=sa.Text)
    at: datetime
