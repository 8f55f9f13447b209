"""The valve: when far more is due at once than on any usual day, people look first."""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from models.audit import record
from models.channel_state import Valve
from models.notification import Delivery, DeliveryStatus

log = logging.getLogger(__name__)

TIMES = 5  # as many as on the largest day of the last month: a mistake, or a template that grew wild
MONTH = timedelta(days=30)


def check_valve(
    session: Session, *, floor: int, largest_day: Callable[[], int], now: datetime, without: Collection[str] = ()
) -> int | None:
    """Shut the valve where far more is due than usual.

    floor: so many never shut it; largest_day: how many were sent on the largest day of the last month, asked only when
    more are due; without: channels that are shut, whose messages become a few digests when they work again.
    None: the valve is open. Else only what is urgent may go, and deliveries up to the id returned.
    """
    row = session.execute(_STATE).one_or_none()
    released_id = row.released_id if row else 0
    if row and row.shut_at is not None:
        return released_id
    if _n_due(session, now, released_id, without, most=floor + 1) <= floor:
        return None
    most = max(floor, TIMES * largest_day())
    n_due = _n_due(session, now, released_id, without)
    if n_due <= most:
        return None
    _shut(session, n_due, most, now)
    return released_id


def largest_day(session: Session, *, now: datetime) -> int:
    """Count the messages of the day of the last month on which most were sent; days are UTC's."""
    # Both databases write a moment as text with the date in front.
    day = sa.func.substr(sa.cast(col(Delivery.settled_at), sa.String), 1, 10)
    sent = sa.select(sa.func.count().label("n")).where(
        col(Delivery.status) == DeliveryStatus.SENT, col(Delivery.settled_at) >= now - MONTH
    )
    return session.execute(sa.select(sa.func.max(sent.group_by(day).subquery().c.n))).scalar_one() or 0


def release(session: Session, *, by: int | None, now: datetime) -> int | None:
    """Let everything go that is queued now, whatever its number; returns how many were due, None if it was open."""
    row = session.execute(_STATE).one_or_none()
    if row is None or row.shut_at is None:
        return None
    last = session.execute(sa.select(sa.func.max(col(Delivery.id)))).scalar_one() or 0
    n_due = _n_due(session, now, row.released_id, ())
    values = {"shut_at": None, "released_id": last, "released_at": now, "released_by": by}
    session.execute(sa.update(Valve).values(values))
    record(session, "valve.release", "valve", 1, by=by, now=now, after={"n_waiting": n_due})
    return n_due


def _shut(session: Session, n_due: int, usual: int, now: datetime) -> None:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values = {"shut_at": now, "n_waiting": n_due, "usual": usual}
    made = dialect.insert(Valve).values(id=1, released_id=0, **values)
    shut = made.on_conflict_do_update(index_elements=["id"], set_=values, where=col(Valve.shut_at).is_(None))
    if session.execute(shut.returning(col(Valve.id))).first() is None:
        return  # another sender was quicker
    record(session, "valve.shut", "valve", 1, by=None, now=now, after={"n_waiting": n_due, "usual": usual})
    log.warning("valve shut", extra={"action": "valve_shut", "n": n_due})


def _n_due(session: Session, now: datetime, released_id: int, without: Collection[str], most: int | None = None) -> int:
    due = sa.select(sa.literal(1)).where(
        col(Delivery.status) == DeliveryStatus.QUEUED,
        col(Delivery.next_try_at) <= now,
        col(Delivery.id) > released_id,
        col(Delivery.channel).not_in(without),
    )
    counted = (due.limit(most) if most is not None else due).subquery()
    n: int = session.execute(sa.select(sa.func.count()).select_from(counted)).scalar_one()
    return n


_STATE = sa.select(col(Valve.shut_at), col(Valve.released_id))
