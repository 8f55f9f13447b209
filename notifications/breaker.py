"""A breaker for each channel, shared by all senders: a channel that fails and fails is left alone, then tried once."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from models.base import table_of
from models.channel_state import ChannelState
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from models.people import Person
from models.reads.suspended import list_suspended
from models.transitions import move
from notifications.letters import URGENT
from notifications.ranks import find_next, queue_next

log = logging.getLogger(__name__)

MOST_FAILURES = 5  # in a row
PAUSES = tuple(timedelta(minutes=m) for m in (1, 2, 4, 8, 15))
PROBE_FOR = timedelta(minutes=3)  # longer than one send may take: meanwhile nobody else tries
WAIT_AT_MOST = timedelta(hours=1)  # then what is urgent goes by the person's next channel
MOST_PASSED_ON = 200


@dataclass(frozen=True)
class Breakers:
    """How the channels do at one moment. Those that never fail are not named."""

    troubled: frozenset[str] = frozenset()  # have failed lately: what works next is written down
    shut: frozenset[str] = frozenset()
    probed: frozenset[str] = frozenset()  # of the shut ones: one message may be tried now
    given_up: frozenset[str] = frozenset()  # shut for so long that what is urgent no longer waits
    quiet: frozenset[str] = frozenset()  # work again since a moment outside of the sending window: urgent things only


def look(session: Session, *, now: datetime) -> Breakers:
    """Read the breakers: one look into a table with a row for each channel that has ever failed."""
    rows = session.execute(_KNOWN, {"now": now}).all()
    shut = [row for row in rows if row.shut_until is not None]
    return Breakers(
        frozenset(row.channel for row in rows if row.n_failed > 0),
        frozenset(row.channel for row in shut),
        frozenset(row.channel for row in shut if row.shut_until <= now),
        frozenset(row.channel for row in shut if row.failed_at and row.failed_at <= now - WAIT_AT_MOST),
        frozenset(row.channel for row in rows if row.quiet_until is not None and row.quiet_until > now),
    )


def may_probe(session: Session, channel: str, *, now: datetime) -> bool:
    """Ask for the right to try one message; only one sender has it, until the end of its transaction."""
    state = sa.select(col(ChannelState.channel)).where(
        col(ChannelState.channel) == channel, col(ChannelState.shut_until) <= now
    )
    return session.execute(state.with_for_update(skip_locked=True)).first() is not None


def probing(session: Session, channel: str, *, now: datetime) -> None:
    """Keep others away while one message is tried."""
    session.execute(_of(channel).values(shut_until=now + PROBE_FOR))


def failed(session: Session, channel: str, *, why: str, now: datetime) -> int:
    """Count a failure of the channel itself, and shut it after too many; returns how many there were in a row."""
    n_failed = _count(session, channel, why, now)
    if n_failed >= MOST_FAILURES:
        session.execute(_of(channel).values(shut_until=now + pause(n_failed)))
    if n_failed == MOST_FAILURES:
        log.warning("channel shut", extra={"action": "channel_shut", "channel": channel})
    return n_failed


def worked(session: Session, channel: str, *, now: datetime, opens_at: datetime) -> None:
    """Open the breaker: the channel took a message, or refused one as a channel does that works.

    opens_at: when the sending window is open, now or next. What waited for a shut channel waits until then as well, but
    for what is urgent: nobody is woken at night because a mail server was mended.
    """
    was_shut = col(ChannelState.shut_until).is_not(None)
    quiet = (
        {"quiet_until": sa.case((was_shut, opens_at), else_=col(ChannelState.quiet_until))} if opens_at > now else {}
    )
    values = {"n_failed": 0, "shut_until": None, "failed_at": None, "why": "", "worked_at": now}
    session.execute(_of(channel).values(values | quiet))
    log.info("channel works", extra={"action": "channel_works", "channel": channel})


def pause(n_failed: int) -> timedelta:
    """Find for how long a channel is left alone after so many failures in a row."""
    return PAUSES[min(n_failed - MOST_FAILURES, len(PAUSES) - 1)]


def pass_on(session: Session, breakers: Breakers, *, now: datetime) -> int:
    """Give what need not wait for its channel to the person's next one; returns how many there were.

    That is: what goes to an address that was refused before; alarms on a shut channel; everything urgent on one that
    has been shut for an hour. Without a next channel the first is over and alarms the office, the others wait.
    """
    suspended = [(one.person_id, one.channel) for one in list_suspended(session)]
    if not suspended and not breakers.shut:
        return 0
    rows = session.execute(_waiting(suspended, breakers, now)).all()
    return sum(_pass_on(session, row, breakers, now) for row in rows)


def _pass_on(session: Session, row: sa.Row[tuple[object, ...]], breakers: Breakers, now: datetime) -> bool:
    is_shut = row.channel in breakers.shut
    following = find_next(session, row.id, without=breakers.shut)
    if following is None and is_shut:
        return False
    why = "the channel does not work; sent by the next one" if is_shut else "this address was refused before"
    values = {"why": why, "settled_at": now, "unheard": following is None}
    move(session, Delivery, [row.id], DeliveryStatus.QUEUED, DeliveryStatus.DEAD, by=None, now=now, why=why,
         values=values)  # fmt: skip
    if following:
        queue_next(session, following, at=now)
    return True


def _waiting(suspended: Collection[tuple[int, str]], breakers: Breakers, now: datetime) -> sa.Select[tuple[int, str]]:
    channel, has_more = col(Delivery.channel), col(Person.channels).contains(",")
    urgent = sa.or_(col(Notification.urgent), col(Notification.kind).in_(URGENT))
    is_alarm = col(Notification.kind) == NotificationKind.ALARM
    return (
        sa.select(col(Delivery.id), channel)
        .join(Notification, col(Notification.id) == col(Delivery.notification_id))
        .join(Person, col(Person.id) == col(Notification.person_id))
        .where(
            col(Delivery.status) == DeliveryStatus.QUEUED,
            col(Delivery.next_try_at) <= now,
            sa.or_(
                sa.tuple_(col(Notification.person_id), channel).in_(suspended),
                sa.and_(channel.in_(breakers.shut), is_alarm, has_more),
                sa.and_(channel.in_(breakers.given_up), urgent, has_more),
            ),
        )
        .order_by(col(Delivery.next_try_at), col(Delivery.id))
        .limit(MOST_PASSED_ON)
        .with_for_update(of=Delivery, skip_locked=True)
    )


def _of(channel: str) -> sa.Update:
    return sa.update(ChannelState).where(col(ChannelState.channel) == channel)


def _count(session: Session, channel: str, why: str, now: datetime) -> int:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    made = dialect.insert(ChannelState).values(channel=channel, n_failed=1, why=why[:500], failed_at=now)
    again = {
        "n_failed": ChannelState.n_failed + 1,
        "why": made.excluded.why,
        "failed_at": sa.func.coalesce(ChannelState.failed_at, made.excluded.failed_at),
    }
    counted = made.on_conflict_do_update(index_elements=["channel"], set_=again)
    n_failed: int = session.execute(counted.returning(col(ChannelState.n_failed))).scalar_one()
    return n_failed


_NOW = sa.bindparam("now", type_=table_of(ChannelState).c.quiet_until.type)
_KNOWN = sa.select(
    col(ChannelState.channel), col(ChannelState.n_failed), col(ChannelState.shut_until), col(ChannelState.failed_at),
    col(ChannelState.quiet_until),
).where(sa.or_(col(ChannelState.n_failed) > 0, col(ChannelState.quiet_until) > _NOW))  # fmt: skip
