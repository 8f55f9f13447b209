"""How channels and addresses do: breakers of channels, refused addresses, the valve."""

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row

# Queries say it in the index's own words, as in models/notification.py.
NOT_LIFTED = sa.text("lifted_at IS NULL")


class ChannelState(Row, table=True):
    """How a channel does, for all senders together. No row: it has never failed.

    shut_until: set while it is shut; at that moment one sender may try one message. failed_at: the first of the
    failures in a row. quiet_until: it works again since a moment outside of the sending window; until then only what is
    urgent goes.
    """

    __tablename__: ClassVar[str] = "channel_state"

    channel: str = Field(primary_key=True, max_length=40)
    n_failed: int = 0
    shut_until: datetime | None = None
    why: str = Field(default="", max_length=500)
    failed_at: datetime | None = None
    worked_at: datetime | None = None
    quiet_until: datetime | None = None


class SuspendedAddress(Row, table=True):
    """A person's address was refused for ever; the channel is left out for them while the address stays the same.

    digest: of the address, so that a new address is tried without anybody's doing.
    """

    __tablename__: ClassVar[str] = "suspended_address"
    __table_args__ = (
        sa.Index("ix_suspended_address_standing", "person_id", "channel", unique=True,
                 sqlite_where=NOT_LIFTED, postgresql_where=NOT_LIFTED),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    channel: str = Field(max_length=40)
    digest: str = Field(max_length=64)
    since_at: datetime
    why: str = Field(default="", max_length=500)
    lifted_at: datetime | None = None
    lifted_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)


class Valve(Row, table=True):
    """One row, written when it first shuts: far more messages were due at once than on any usual day.

    released_id: deliveries up to this one may go whatever their number; who let them go and when stands beside it.
    """

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    shut_at: datetime | None = None
    n_waiting: int = 0
    usual: int = 0
    released_id: int = Field(default=0, sa_type=BigId)
    released_at: datetime | None = None
    released_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
