"""How each channel does: what its latest attempts and tests brought."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge

import sqlalchemy as sa
from sqlmodel import Session, col

from models.audit import Audit
from models.notification import Attempt, AttemptOutcome, Delivery

MOST_ATTEMPTS, MOST_TESTS = 20_000, 200
TEST = "channel.test"


@dataclass(frozen=True)
class Record:
    """works_since: the first message taken after the last error; None while the last one was not taken."""

    works_since: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None


@dataclass(frozen=True)
class Try:
    """One attempt or test."""

    at: datetime
    channel: str
    outcome: AttemptOutcome
    why: str


def channel_records(session: Session) -> dict[str, Record]:
    """Read how each channel did lately, by its slug; one that was never used is absent."""
    return fold(merge(_attempts(session), _tests(session), key=lambda one: one.at))


def fold(tries: Iterable[Try]) -> dict[str, Record]:
    """Put tries together, the oldest first."""
    found: dict[str, Record] = {}
    for one in tries:
        so_far = found.get(one.channel, Record())
        if one.outcome is AttemptOutcome.ACCEPTED:
            found[one.channel] = replace(so_far, works_since=so_far.works_since or one.at)
        else:
            found[one.channel] = Record(None, one.why, one.at)
    return found


def _attempts(session: Session) -> Iterator[Try]:
    newest = sa.select(sa.func.max(col(Attempt.id))).scalar_subquery()
    chosen = (
        sa.select(col(Attempt.ended_at), col(Delivery.channel), col(Attempt.outcome), col(Attempt.why))
        .join(Delivery, col(Delivery.id) == Attempt.delivery_id)
        .where(col(Attempt.id) > newest - MOST_ATTEMPTS, col(Attempt.ended_at).is_not(None))
        .order_by(col(Attempt.ended_at), col(Attempt.id))
    )
    return (Try(*row) for row in session.execute(chosen).tuples() if row[2] is not None)


def _tests(session: Session) -> list[Try]:
    chosen = (
        sa.select(col(Audit.at), col(Audit.after), col(Audit.outcome), col(Audit.why))
        .where(col(Audit.entity) == "channel", col(Audit.what) == TEST)
        .order_by(col(Audit.id).desc())
        .limit(MOST_TESTS)
    )
    rows = list(session.execute(chosen).tuples())[::-1]
    read = [Try(at, str(json.loads(after)["slug"]), AttemptOutcome(outcome), why) for at, after, outcome, why in rows]
    return sorted(read, key=lambda one: one.at)
