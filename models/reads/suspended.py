"""Addresses that were refused for ever: which still stand, because the person still has the same address."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from models.channel_state import NOT_LIFTED, SuspendedAddress
from models.people import Person

EMAIL = "email"


@dataclass(frozen=True)
class Suspension:
    """A person is not sent anything by a channel."""

    id: int
    person_id: int
    slug: str
    name: str
    channel: str
    since_at: datetime
    why: str


def list_suspended(session: Session) -> tuple[Suspension, ...]:
    """List what stands, the oldest first. One query over a table that stays small."""
    return tuple(_standing(session))


def standing_of(session: Session, person_id: int) -> frozenset[str]:
    """Read the channels that are left out for one person."""
    return frozenset(one.channel for one in _standing(session, col(SuspendedAddress.person_id) == person_id))


def channels_of(written: str) -> tuple[str, ...]:
    """Read a person's channels in their order; none means e-mail."""
    return tuple(slug.strip() for slug in written.split(",") if slug.strip()) or (EMAIL,)


def address_digest(channel: str, email: str | None, addresses: str) -> str:
    """Name the address that a person has on a channel without telling it."""
    pairs = (pair.partition("=") for pair in addresses.replace(";", ",").replace("\n", ",").split(","))
    other = next((value.strip() for slug, _, value in pairs if slug.strip() == channel), "")
    address = (email or "") if channel == EMAIL else other
    return hashlib.sha256(f"{channel}={address.casefold()}".encode()).hexdigest()


def _standing(session: Session, *where: sa.ColumnElement[bool]) -> Iterator[Suspension]:
    for row in session.execute(_ALL.where(*where)):
        if row.digest == address_digest(row.channel, row.email, row.addresses):
            yield Suspension(row.id, row.person_id, row.slug, row.name, row.channel, row.since_at, row.why)


_ALL = (
    sa.select(
        SuspendedAddress.id, SuspendedAddress.person_id, SuspendedAddress.channel, SuspendedAddress.digest,
        SuspendedAddress.since_at, SuspendedAddress.why, Person.slug, Person.name, Person.email, Person.addresses,
    )  # type: ignore[call-overload]
    .select_from(SuspendedAddress)
    .join(Person, col(Person.id) == SuspendedAddress.person_id)
    .where(NOT_LIFTED)
    .order_by(col(SuspendedAddress.id))
)  # fmt: skip
