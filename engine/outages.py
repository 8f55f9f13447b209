"""Noticing that the engine did not run for a while: the next messages say so."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from config.calendar import Calendar
from models.audit import record
from models.notification import Outage

LONG = timedelta(hours=2)  # shorter ones nobody notices


def is_outage(from_at: datetime, until_at: datetime, calendar: Calendar) -> bool:
    """Answer whether messages could have gone for two hours in which the engine did not run.

    A machine that is switched off overnight has no outage: at night nothing is sent.
    """
    return until_at - calendar.sendable(from_at) >= LONG


def note_outage(session: Session, from_at: datetime, until_at: datetime) -> None:
    """Write an outage down, once, whichever of two sweeps ends it."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite's transactions wait for one another anyway
        session.execute(_LOCK)
    known = sa.select(col(Outage.id)).where(col(Outage.until_at) > from_at)
    if session.execute(known).first() is not None:
        return
    outage = Outage(from_at=from_at, until_at=until_at)
    session.add(outage)
    session.flush()
    after = {"from": from_at.isoformat(), "until": until_at.isoformat()}
    record(session, "outage.end", "outage", outage.id, by=None, now=until_at, after=after)


_LOCK = sa.text("LOCK TABLE outage IN EXCLUSIVE MODE")
