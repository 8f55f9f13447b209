"""A person's channels in their order: which comes after one that did not work."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from models.notification import Delivery, DeliveryStatus, Notification
from models.people import Person
from models.reads.suspended import channels_of, standing_of
from notifications.letters import ALONE


@dataclass(frozen=True)
class NextRank:
    """What is to be queued when the rank before it is over."""

    notification_id: int
    rank: int
    channel: str


def find_next(session: Session, delivery_id: int, *, without: Collection[str] = ()) -> NextRank | None:
    """Find the channel that comes after this delivery's; None after the last. Refused addresses are left out.

    without: channels that would be no better at the moment.
    """
    row = session.execute(_PLACE, {"id": delivery_id}).one()
    if row.kind in ALONE:
        return None
    left_out = {*without, *standing_of(session, row.person_id)}
    channel = after(channels_of(row.channels), row.channel, left_out)
    return NextRank(row.notification_id, row.rank + 1, channel) if channel else None


def after(channels: Sequence[str], channel: str, left_out: Collection[str]) -> str | None:
    """Find what follows in the person's order; a channel that the person no longer has stands before all."""
    following = channels[channels.index(channel) + 1 :] if channel in channels else channels
    return next((one for one in following if one not in left_out), None)


def queue_next(session: Session, following: NextRank, *, at: datetime) -> None:
    """Queue the next rank; a second time nothing."""
    row = {
        "notification_id": following.notification_id,
        "rank": following.rank,
        "channel": following.channel,
        "status": DeliveryStatus.QUEUED,
        "next_try_at": at,
    }
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(Delivery).values(row).on_conflict_do_nothing(index_elements=["notification_id", "rank"])
    )


_PLACE = (
    sa.select(
        Delivery.notification_id,
        Delivery.rank,
        Delivery.channel,
        Notification.person_id,
        Person.channels,
        Notification.kind,
    )  # type: ignore[call-overload]
    .select_from(Delivery)
    .join(Notification, col(Notification.id) == Delivery.notification_id)
    .join(Person, col(Person.id) == Notification.person_id)
    .where(col(Delivery.id) == sa.bindparam("id"))
)
