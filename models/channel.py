"""Channels that the hospital added while it ran; those of channels.yaml have no row."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, col, select

from models.base import BigId, Row

IN_USE = sa.text("removed_at IS NULL")


class Channel(Row, table=True):
    """A way to reach people. A row is never changed but for its seal and its end: a new address is a new row."""

    __table_args__ = (
        sa.Index("uq_channel_slug_in_use", "slug", unique=True, sqlite_where=IN_USE, postgresql_where=IN_USE),
        sa.CheckConstraint("(removed_at IS NULL) = (url_sealed <> '')", name="sealed"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    slug: str = Field(max_length=40)
    title_en: str = Field(max_length=200)
    title_zh: str = Field(max_length=200)
    # Sealed with a key outside of the database; emptied when the channel ends.
    url_sealed: str = Field(sa_type=sa.Text, repr=False)
    base_url: str = Field(default="", max_length=500)
    # Each address there is read by one person only.
    personal: bool = False
    added_at: datetime
    added_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    removed_at: datetime | None = None


def added_channels(session: Session) -> list[Channel]:
    """Read the channels in use that the hospital added, by their slug."""
    return list(session.exec(select(Channel).where(col(Channel.removed_at).is_(None)).order_by(col(Channel.slug))))


def personal_added(session: Session) -> frozenset[str]:
    """Find the added channels by which a link to answer may go."""
    chosen = select(Channel.slug).where(col(Channel.removed_at).is_(None), col(Channel.personal).is_(True))
    return frozenset(session.exec(chosen))


def channels_state(session: Session) -> tuple[int, int]:
    """Read what changes whenever a channel is added or removed; for those who keep a copy."""
    newest, n_removed = session.execute(_STATE).one()
    return newest or 0, n_removed


_STATE = sa.select(sa.func.max(col(Channel.id)), sa.func.count(col(Channel.removed_at)))
