"""Accounts, invitations, sessions and codes of people who log in; no row holds a secret that opens anything."""

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row


class Account(Row, table=True):
    """A person may log in: by a password, by the hospital's single sign-on, or by neither yet.

    locked_until: after too many wrong passwords, or for good (LOCKED) by somebody at the machine.
    """

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", unique=True, sa_type=BigId)
    password_hash: str | None = Field(default=None, max_length=200)  # argon2id
    oidc_subject: str | None = Field(default=None, max_length=400, unique=True)  # issuer, space, subject
    created_at: datetime
    changed_at: datetime  # of the password
    n_failed: int = 0
    locked_until: datetime | None = None


class Invitation(Row, table=True):
    """Somebody may set a password once. The link is derived from salt and key (models/derived.py), never stored."""

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", index=True, sa_type=BigId)
    salt: str = Field(max_length=40)
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class LoginSession(Row, table=True):
    """Somebody is logged in on one device. Only the hash of the cookie's token stands here."""

    __tablename__: ClassVar[str] = "login_session"
    __table_args__ = (sa.Index("ix_login_session_person_id", "person_id", "ended_at"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    token_hash: str = Field(max_length=64, unique=True)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None


class LoginCode(Row, table=True):
    """Six digits prove who somebody is, once. They are derived from salt and key, never stored."""

    __tablename__: ClassVar[str] = "login_code"
    __table_args__ = (sa.Index("ix_login_code_person_id", "person_id", "purpose"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    purpose: str = Field(max_length=60)
    salt: str = Field(max_length=40)
    channel: str = Field(max_length=40)
    made_at: datetime
    expires_at: datetime
    n_tries: int = 0
    used_at: datetime | None = None
