"""Reading the mailbox of the answers: one round over what is unread, and what the office hears when none succeeds."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from config.words import Text
from engine.health import Finding, Severity, alarm_office
from engine.mail_replies import DOOR, take_reply
from engine.rules import Rules
from engine.sweep import beat
from models.db import Database
from models.errors import DatabaseBusy, DatabaseFull, DatabaseMissing, DatabaseReadOnly, DatabaseUnreachable
from models.notification import Heartbeat
from models.reply import Reply, ReplyOutcome

log = logging.getLogger(__name__)

LOOP = "mail-replies"
SILENT_FOR = timedelta(minutes=30)
AWAY = (OperationalError, DatabaseBusy, DatabaseFull, DatabaseMissing, DatabaseReadOnly, DatabaseUnreachable)


class Inbox(Protocol):
    """A mailbox that is read."""

    def unread(self) -> Iterator[Reply | None]:
        """Read what nobody has dealt with. None: it is gone meanwhile."""
        ...

    def done(self, uid: int, *, aside: bool = False) -> None:
        """Mark a mail as dealt with. aside: somebody should look at it."""
        ...


@dataclass(frozen=True)
class ReadReplies:
    """What became of the mails of one round; n_known: read before, and nothing changed."""

    n_answered: int = 0
    n_refused: int = 0
    n_notes: int = 0
    n_ignored: int = 0
    n_failed: int = 0
    n_known: int = 0


def read_replies(database: Database, inbox: Inbox, *, rules: Rules, now: datetime) -> ReadReplies:
    """Take every unread mail, each in a transaction of its own, and mark it after the commit.

    Any number of these may run at once, and each may die anywhere: a mail is taken once.
    """
    counts: Counter[ReplyOutcome | None] = Counter()
    for reply in inbox.unread():
        if reply is not None:
            outcome = _take_or_put_aside(database, reply, rules=rules, now=now)
            inbox.done(reply.uid, aside=outcome is ReplyOutcome.FAILED)
            counts[outcome] += 1
    with database.transaction(DOOR) as session:
        beat(session, LOOP, now)
    found = ReplyOutcome
    return ReadReplies(
        counts[found.ANSWERED],
        counts[found.REFUSED],
        counts[found.NOTE],
        counts[found.IGNORED],
        counts[found.FAILED],
        counts[None],
    )


def tell_office(database: Database, *, en: str, zh: str, rules: Rules, now: datetime) -> None:
    """Alarm the quality office of a mailbox that has not been read for half an hour: once until it is read again."""
    with database.transaction(DOOR) as session:
        last = last_read(session)
        if last is None or now - last > SILENT_FOR:
            key = f"mailbox:{int(last.timestamp()) if last else 0}"
            alarm_office(session, [Finding(key, Severity.ERROR, Text(en, zh), last)], rules=rules, now=now)


def last_read(session: Session) -> datetime | None:
    """Find when the mailbox was read to its end."""
    found = session.get(Heartbeat, LOOP)
    return found.beat_at if found else None


def _take_or_put_aside(database: Database, reply: Reply, *, rules: Rules, now: datetime) -> ReplyOutcome | None:
    """Take one mail; one that breaks something is put aside, so that it never stops the next."""
    try:
        with database.transaction(DOOR) as session:
            return take_reply(session, reply, rules=rules, now=now)
    except AWAY:
        raise  # the mail stays unread
    except Exception as error:
        log.exception("reply not taken", extra={"action": "mail_reply_failed", "uid": reply.uid})
        broken = Reply(reply.uid, reply.digest, unreadable=type(error).__name__)
        with database.transaction(DOOR) as session:
            return take_reply(session, broken, rules=rules, now=now)
