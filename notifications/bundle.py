"""One message in place of many: what is due to one person at once goes as a digest."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from models.base import table_of
from models.notification import Attempt, Delivery, DeliveryStatus, Notification, NotificationKind, Outage
from models.once import one_at_a_time
from models.people import Person, Rhythm
from models.transitions import move
from notifications.letters import URGENT, read_facts

K = NotificationKind
MOST_SINGLE = 3  # so many messages at once are still read one by one
LATE = timedelta(hours=2)  # what is sent later than this was kept back by an outage
REMEMBERED = timedelta(days=14)  # longer than any holiday: what an outage left waits for the sending window
LONGEST_RETRY = timedelta(hours=8)  # six hours and a fifth, by notifications.settle
MOST = 20_000
# A code to log in or an invitation, say, is read alone.
BUNDLED = frozenset(
    {K.ASSIGNED, K.REMINDER, K.ESCALATION, K.STAGNANT, K.DECISION, K.DECIDED, K.HAND_OVER, K.RECEIPT, K.DEADLINE,
     K.STOPPED, K.CLOSED, K.ALARM, K.DATA, K.PROPOSAL}
)  # fmt: skip
NEWER = "a newer reminder goes"


@dataclass(frozen=True)
class Due:
    """A delivery that is due and may go with others."""

    id: int
    notification_id: int
    kind: NotificationKind
    person_id: int
    task_id: int | None
    planned_at: datetime
    channel: str
    rank: int
    next_try_at: datetime
    rhythm: Rhythm
    first_tried_at: datetime | None

    @property
    def wanted_at(self) -> datetime:
        """Find when it should have gone: a try in vain moves the next one."""
        return self.first_tried_at or self.next_try_at

    @property
    def group(self) -> tuple[int, str, int]:
        """Name what goes together: one person's, by one channel."""
        return self.person_id, self.channel, self.rank


@dataclass(frozen=True)
class Gap:
    """An outage as the digest names it. engine: the whole system did not run, else only the sending stood still."""

    from_at: datetime
    until_at: datetime
    engine: bool


@dataclass(frozen=True)
class Bundle:
    """What goes as one message. into: a digest that waits already."""

    members: tuple[Due, ...]
    into: Due | None
    gap: Gap | None


def bundle(
    session: Session,
    *,
    now: datetime,
    without: Collection[str] = (),
    only: str | None = None,
    after: datetime | None = None,
) -> int:
    """Put what is due into digests, before it is claimed; returns how many deliveries went into one.

    without: channels that do not work at the moment; what waits for them is bundled when they do. only: this one alone.
    after: what was due by then has been looked at already in this round.
    """
    query = _due(without, only, after)
    due, gaps = _read(session, query, now), _gaps(session, now)
    if not _worth_it(due, gaps, now):
        return 0
    # Two at once would share the rows of one person among them, and write a digest each.
    if one_at_a_time(session, "digests"):
        due = _read(session, query, now)
    kept_back = {one.group for one in due if _gap_of([one], gaps, now)}
    if kept_back:  # nor does what was tried in vain meanwhile come after the digest
        due += [one for one in _read(session, _RETRIED, now) if one.group in kept_back]
    older = older_reminders(due)
    bundles = plan_bundles([one for one in due if one.id not in older], gaps, now)
    mine = _lock(session, [*older, *(one.id for each in bundles for one in _all_of(each))])
    values = {"why": NEWER, "settled_at": now}
    dropped = sorted(older & mine)
    move(session, Delivery, dropped, DeliveryStatus.QUEUED, DeliveryStatus.DROPPED,
         by=None, now=now, why=NEWER, values=values)  # fmt: skip
    return sum(_write(session, each, mine, now) for each in bundles)


def _worth_it(due: Sequence[Due], gaps: Sequence[Gap], now: datetime) -> bool:
    return bool(due) and bool(older_reminders(due) or plan_bundles(due, gaps, now))


def older_reminders(due: Sequence[Due]) -> set[int]:
    """Find the reminders of a task behind which a newer one for the same person waits; pure."""
    newest: dict[tuple[object, ...], Due] = {}
    older: set[int] = set()
    for one in sorted(due, key=lambda one: one.notification_id):
        if one.kind is K.REMINDER:
            before = newest.get(key := (*one.group, one.task_id))
            older |= {before.id} if before else set()
            newest[key] = one
    return older


def plan_bundles(due: Sequence[Due], gaps: Sequence[Gap], now: datetime) -> list[Bundle]:
    """Decide what goes together: more than three at once, more than one where a digest was asked for, and everything
    that an outage kept back; pure."""
    groups: dict[tuple[int, str, int], list[Due]] = defaultdict(list)
    for one in due:
        groups[one.group].append(one)
    found = []
    for group in groups.values():
        members = tuple(one for one in group if one.kind is not K.DIGEST)
        into = next((one for one in group if one.kind is K.DIGEST), None)
        gap = _gap_of(group, gaps, now)
        if into and gap and not members:
            found.append(Bundle((), into, gap))
        most = 0 if into or gap else 1 if members and members[0].rhythm is not Rhythm.AT_ONCE else MOST_SINGLE
        if len(members) > most:
            found.append(Bundle(members, into, gap))
    return found


def _gap_of(group: Sequence[Due], gaps: Sequence[Gap], now: datetime) -> Gap | None:
    """Find the outage that kept any of these back."""
    known = [gap for gap in gaps if any(_was_kept(one, gap) for one in group)]
    late = [one.wanted_at for one in group if one.wanted_at < now - LATE]
    if known:
        return Gap(min(gap.from_at for gap in known), max(gap.until_at for gap in known), engine=True)
    return Gap(min(late), now, engine=False) if late else None


def _was_kept(one: Due, gap: Gap) -> bool:
    return one.planned_at == gap.until_at or gap.from_at <= one.wanted_at <= gap.until_at


def _all_of(one: Bundle) -> tuple[Due, ...]:
    return (*one.members, one.into) if one.into else one.members


def _due(without: Collection[str], only: str | None, after: datetime | None) -> sa.Select[tuple[object, ...]]:
    query = _DUE if after is None else _DUE.where(_delivery.c.next_try_at > after)
    if without:
        query = query.where(_delivery.c.channel.not_in(without))
    return query.where(_delivery.c.channel == only) if only is not None else query


def _read(session: Session, query: sa.Select[tuple[object, ...]], now: datetime) -> list[Due]:
    rows = session.connection().execute(query, {"now": now, "soon": now + LONGEST_RETRY})
    return [Due(*row) for row in rows]


def _gaps(session: Session, now: datetime) -> list[Gap]:
    rows = session.connection().execute(_OUTAGES, {"since": now - REMEMBERED})
    return [Gap(row.from_at, row.until_at, engine=True) for row in rows]


def _lock(session: Session, ids: Sequence[int]) -> set[int]:
    """Keep other senders from these rows; what one of them holds already is left to it."""
    return set(session.connection().execute(_MINE, {"ids": list(ids)}).scalars()) if ids else set()


def _write(session: Session, one: Bundle, mine: Collection[int], now: datetime) -> int:
    members = [member for member in one.members if member.id in mine]
    waiting = one.into if one.into and one.into.id in mine else None
    if not members and not waiting:
        return 0
    into = _wake(session, waiting, now) if waiting else _new_digest(session, members, now)
    gap = _widest(session, waiting, one.gap) if one.gap and waiting else one.gap
    facts = json.dumps(_facts(gap)) if gap else None
    urgent = any(member.kind in URGENT for member in members)
    connection = session.connection()
    connection.execute(_TELL, {"digest": into, "facts": facts, "urgent": urgent})
    if members:
        connection.execute(_JOIN, [{"digest": into, "member": member.notification_id} for member in members])
    ids = [member.id for member in members]
    move(session, Delivery, ids, DeliveryStatus.QUEUED, DeliveryStatus.BUNDLED, by=None, now=now)
    return len(members)


def _wake(session: Session, digest: Due, now: datetime) -> int:
    """Take a digest that waits already; it goes now."""
    wake = sa.update(_delivery).where(_delivery.c.id == digest.id).values(next_try_at=min(digest.next_try_at, now))
    session.connection().execute(wake)
    return digest.notification_id


def _widest(session: Session, digest: Due, gap: Gap) -> Gap:
    """Widen an outage by the one that a waiting digest names already: it was kept back by both."""
    said = read_facts(session.connection().execute(_SAID, {"digest": digest.notification_id}).scalar_one())
    if "stood" not in said:
        return gap
    from_at, until_at = (datetime.fromisoformat(said[name]) for name in ("from", "until"))
    both = gap.engine and said["stood"] == "engine"
    return Gap(min(gap.from_at, from_at), max(gap.until_at, until_at), engine=both)


def _facts(gap: Gap) -> Mapping[str, str]:
    stood = "engine" if gap.engine else "sending"
    return {"stood": stood, "from": gap.from_at.isoformat(), "until": gap.until_at.isoformat()}


def _new_digest(session: Session, members: Sequence[Due], now: datetime) -> int:
    """Write the digest's own message, queued where its members were; it is named by the first of them."""
    person_id, channel, rank = members[0].group
    first = min(member.notification_id for member in members)
    connection = session.connection()
    row = {"key": f"digest:{first}:{person_id}", "kind": K.DIGEST, "person_id": person_id, "planned_at": now}
    made: int = connection.execute(_NEW, row).scalar_one()
    wanted_at = min(member.wanted_at for member in members)
    queued = {"notification_id": made, "rank": rank, "channel": channel, "status": DeliveryStatus.QUEUED,
              "next_try_at": wanted_at}  # fmt: skip
    connection.execute(sa.insert(_delivery), queued)
    return made


_delivery, _told, _attempt = table_of(Delivery), table_of(Notification), table_of(Attempt)
_MAY_GO = sa.or_(
    _told.c.kind == K.DIGEST,
    sa.and_(
        _told.c.kind.in_(sorted(BUNDLED)),
        _told.c.urgent.is_(sa.false()),
        _told.c.rung.not_like("%h"),  # a rung in hours has its hour; nobody would find it in a list
    ),
)
_ALL: sa.Select[tuple[object, ...]] = (
    sa.select(
        _delivery.c.id, _delivery.c.notification_id, _told.c.kind, _told.c.person_id, _told.c.task_id,
        _told.c.planned_at, _delivery.c.channel, _delivery.c.rank, _delivery.c.next_try_at, col(Person.digest),
        _attempt.c.began_at,
    )
    .join_from(_delivery, _told, _told.c.id == _delivery.c.notification_id)
    .join(Person, col(Person.id) == _told.c.person_id)
    .outerjoin(
        _attempt,
        sa.and_(_delivery.c.n_attempts > 0, _attempt.c.delivery_id == _delivery.c.id, _attempt.c.no == 1),
    )
    .where(_delivery.c.status == DeliveryStatus.QUEUED, _MAY_GO)
    .order_by(_delivery.c.next_try_at, _delivery.c.id)
    .limit(MOST)
)  # fmt: skip
_NOW, _SOON = (sa.bindparam(name, type_=_delivery.c.next_try_at.type) for name in ("now", "soon"))
_DUE = _ALL.where(_delivery.c.next_try_at <= _NOW)
_RETRIED = _ALL.where(_delivery.c.next_try_at > _NOW, _delivery.c.next_try_at <= _SOON, _delivery.c.n_attempts > 0)
_OUTAGES = sa.select(col(Outage.from_at), col(Outage.until_at)).where(col(Outage.until_at) >= sa.bindparam("since"))
_MINE = (
    sa.select(_delivery.c.id)
    .where(_delivery.c.id.in_(sa.bindparam("ids", expanding=True)), _delivery.c.status == DeliveryStatus.QUEUED)
    .with_for_update(skip_locked=True)
)
_SAID = sa.select(_told.c.facts).where(_told.c.id == sa.bindparam("digest"))
_NEW = sa.insert(_told).returning(_told.c.id)
_TELL = (
    sa.update(_told)
    .where(_told.c.id == sa.bindparam("digest"))
    .values(
        facts=sa.func.coalesce(sa.bindparam("facts", type_=sa.Text), _told.c.facts),
        urgent=sa.or_(_told.c.urgent, sa.bindparam("urgent", type_=sa.Boolean)),
    )
)
_JOIN = sa.update(_told).where(_told.c.id == sa.bindparam("member")).values(digest_id=sa.bindparam("digest"))
