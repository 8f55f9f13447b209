"""Replies by mail: what was read of a mail, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row, word

MOST_REASON = 200  # characters of `why`


class ReplyOutcome(StrEnum):
    """What became of a mail."""

    ANSWERED = "answered"
    REFUSED = "refused"  # understood, and a rule does not allow it: its writer was told why
    NOTE = "note"  # not understood, or from another address: a note for the lead
    IGNORED = "ignored"  # from a machine, or without an address that opens anything
    FAILED = "failed"  # could not be read: put aside


@dataclass(frozen=True)
class ReplyFile:
    """A file that came with a mail."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Reply:
    """A mail as it was read; nobody has judged it yet.

    digest: the same for every copy of the mail. token: of the answer link in the address that it was sent to, empty
    where there is none. sender: the bare address in From, empty where there is not exactly one. automatic: why a
    machine must have written it, empty for people. lines: what its writer wrote, without what they quoted. plain:
    these lines stood in a part of plain text. unreadable: what broke while it was read; then nothing else is known.
    """

    uid: int
    digest: str
    token: str = ""
    sender: str = ""
    automatic: str = ""
    lines: tuple[str, ...] = ()
    plain: bool = True
    files: tuple[ReplyFile, ...] = ()
    too_large: bool = False
    unreadable: str = ""


class MailReply(Row, table=True):
    """A mail that was read. The digest makes that it is read once, whoever reads and however often."""

    __tablename__: ClassVar[str] = "mail_reply"
    __table_args__ = (
        sa.UniqueConstraint("digest"),
        sa.Index("ix_mail_reply_task_id", "task_id", "at"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    digest: str = Field(max_length=64)
    uid: int = Field(sa_type=sa.BigInteger)  # of the mailbox; several mails bear one after the mailbox was made anew
    task_id: int | None = Field(default=None, foreign_key="task.id", sa_type=BigId)
    person_id: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    at: datetime
    outcome: ReplyOutcome = Field(sa_type=word(ReplyOutcome))
    why: str = Field(default="", max_length=MOST_REASON)
