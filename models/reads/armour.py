"""What holds messages back: channels that are shut, the valve."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from models.channel_state import ChannelState, Valve


@dataclass(frozen=True)
class ShutChannel:
    """A channel that failed and failed. since_at: the first of the failures; next_try_at: when it is tried again."""

    channel: str
    since_at: datetime
    next_try_at: datetime
    why: str


@dataclass(frozen=True)
class ShutValve:
    """Far more messages were due at once than usual."""

    since_at: datetime
    n_waiting: int
    usual: int


def shut_channels(session: Session) -> tuple[ShutChannel, ...]:
    """List the channels that are shut, by name."""
    rows = session.execute(
        sa.select(
            col(ChannelState.channel), col(ChannelState.failed_at), col(ChannelState.shut_until), col(ChannelState.why)
        )
        .where(col(ChannelState.shut_until).is_not(None))
        .order_by(col(ChannelState.channel))
    )
    return tuple(
        ShutChannel(channel, failed_at or shut_until, shut_until, why)
        for channel, failed_at, shut_until, why in rows.tuples()
        if shut_until is not None
    )


def quiet_channels(session: Session, *, now: datetime) -> frozenset[str]:
    """Find the channels that work again, but whose backlog waits for the sending window."""
    quiet = sa.select(col(ChannelState.channel)).where(col(ChannelState.quiet_until) > now)
    return frozenset(session.execute(quiet).scalars())


def shut_valve(session: Session) -> ShutValve | None:
    """Read the valve; None while it is open."""
    row = session.execute(
        sa.select(col(Valve.shut_at), col(Valve.n_waiting), col(Valve.usual)).where(col(Valve.shut_at).is_not(None))
    ).one_or_none()
    return ShutValve(row.shut_at, row.n_waiting, row.usual) if row else None
