"""Leaving a channel out for a person whose address was refused for ever, and trying it again."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.audit import record
from models.channel_state import NOT_LIFTED, SuspendedAddress
from models.notification import Delivery, Notification
from models.people import PeopleVersion, Person
from models.queries import get_person
from models.reads.suspended import address_digest


def suspend(session: Session, delivery_id: int, *, why: str, now: datetime) -> None:
    """Leave the channel of a delivery out for its person, as long as the address there is the same."""
    channel, person = session.execute(_TOLD, {"id": delivery_id}).one()
    digest = address_digest(channel, person.email, person.addresses)
    standing = select(SuspendedAddress).where(
        NOT_LIFTED, SuspendedAddress.person_id == person.id, SuspendedAddress.channel == channel
    )
    before = session.exec(standing.with_for_update()).first()
    if before and before.digest == digest:
        return
    if before:  # of an address that the person no longer has
        before.lifted_at = now
        session.flush()
    session.add(SuspendedAddress(person_id=person.id, channel=channel, digest=digest, since_at=now, why=why[:500]))
    _changed(session, "person.suspend_channel", person.id, channel, by=None, why=why, now=now)


def lift(session: Session, slug: str, *, by: int | None, now: datetime) -> tuple[str, ...]:
    """Try all channels of a person again; returns those that were left out. Raises NotFound."""
    person = get_person(session, slug)
    standing = select(SuspendedAddress).where(NOT_LIFTED, SuspendedAddress.person_id == person.id)
    rows = session.exec(standing.order_by(col(SuspendedAddress.id)).with_for_update()).all()
    for row in rows:
        row.lifted_at, row.lifted_by = now, by
        _changed(session, "person.lift_channel", person.id, row.channel, by=by, why="", now=now)
    session.flush()
    return tuple(row.channel for row in rows)


def _changed(
    session: Session, what: str, person_id: int, channel: str, *, by: int | None, why: str, now: datetime
) -> None:
    record(session, what, "person", person_id, by=by, now=now, after={"channel": channel}, why=why)
    # Whoever plans messages keeps a copy of the people's tables, which says who is left out where.
    session.execute(sa.update(PeopleVersion).values(n=PeopleVersion.n + 1))


_TOLD = (
    sa.select(col(Delivery.channel), Person)
    .join(Notification, col(Notification.id) == col(Delivery.notification_id))
    .join(Person, col(Person.id) == col(Notification.person_id))
    .where(col(Delivery.id) == sa.bindparam("id"))
)
