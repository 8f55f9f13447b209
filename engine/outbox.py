"""Writing the outbox: who is told instead of whom, from when on, by which channel first. No network here."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from config.calendar import Calendar
from engine.people import Directory, directory
from engine.rules import Rules
from models.notification import ASKING, STOPPABLE, Delivery, DeliveryStatus, Notification, NotificationKind
from models.people import Person, Rhythm
from models.reads.suspended import EMAIL
from models.transitions import move


@dataclass(frozen=True)
class Note:
    """Something that one person is to be told. `key` names the thing told, without person and without clock."""

    key: str
    kind: NotificationKind
    person_id: int
    at: datetime
    cycle_id: int | None = None
    task_id: int | None = None
    decision_id: int | None = None
    rung: str = ""
    level: int = 0
    deadline_no: int = 0
    urgent: bool = False
    any_hour: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    for_id: int | None = None


def tell(
    session: Session, notes: Sequence[Note], *, rules: Rules, now: datetime, people: Directory | None = None
) -> int:
    """Write notifications with their first deliveries. What was written before under the same key stays as it is.

    people: read by the caller in this transaction already. Returns how many were new.
    """
    if not notes:
        return 0
    people = people or directory(session)
    addressed = address(notes, people, rules.calendar)
    connection = session.connection()
    n_new = connection.execute(_ADD, [_row(note, now) for note in addressed.values()]).rowcount
    connection.execute(_QUEUE, [_first_try(note, people, rules.calendar) for note in addressed.values()])
    _stop(session, [key for key, note in addressed.items() if is_stopped(note, people)], now)
    return n_new


def address(notes: Iterable[Note], people: Directory, calendar: Calendar) -> dict[str, Note]:
    """Decide who is really told: stand-ins for the absent, the head for those without an address. Key -> note; pure.

    Two owners with one stand-in make one message. The quality office learns of every person without an address.
    """
    found: dict[str, Note] = {}
    for note in notes:
        arrives = send_at(note, calendar, people.persons[note.person_id])
        on = calendar.local_date(arrives)  # who is away when it arrives, not when it is written
        told = people.told(note.person_id, on)
        facts = dict(note.facts)
        if not people.channels(told):
            for alarm in _alarms(note, told, people, calendar):
                found.setdefault(f"{alarm.key}:{alarm.person_id}", alarm)
            told, facts["instead"] = people.head_of(told, on) or told, "no-address"
        for_id = note.for_id or (note.person_id if told != note.person_id else None)
        found.setdefault(f"{note.key}:{told}", replace(note, person_id=told, for_id=for_id, facts=facts))
    return found


def reachable(person: Person) -> bool:
    """Answer whether any of the person's channels has an address."""
    return bool(person.email) or any(slug != "email" for slug in person.channels.split(",") if slug)


DIGEST_AT = time(9)
NEVER_WAITS = (NotificationKind.ALARM,)


def send_at(note: Note, calendar: Calendar, person: Person) -> datetime:
    """Find when a note may be sent: at its moment, at the next opening of the sending window, or with the digest.

    person: who is told; only what is not urgent waits for the digest that they asked for.
    """
    if note.urgent or note.any_hour:
        return note.at
    opens = calendar.sendable(note.at)
    if person.digest is Rhythm.AT_ONCE or note.kind in NEVER_WAITS:
        return opens
    weekly = person.digest is Rhythm.WEEKLY and note.kind not in ASKING
    day = calendar.local_date(opens)
    first = day - timedelta(days=day.weekday()) if weekly else day
    while calendar.at(digest_day := calendar.shift(first - timedelta(days=1), 1), DIGEST_AT) < opens:
        first = first + timedelta(days=7) if weekly else digest_day + timedelta(days=1)
    return calendar.at(digest_day, DIGEST_AT)


def is_stopped(note: Note, people: Directory) -> bool:
    """Answer whether a note is news that its person has stopped."""
    return note.kind in STOPPABLE and note.kind.value in people.persons[note.person_id].muted.split(",")


def drop_unsent(
    session: Session,
    task_ids: Sequence[int],
    *,
    by: int | None,
    now: datetime,
    why: str,
    before_deadline: int | None = None,
    kinds: Collection[NotificationKind] | None = None,
) -> int:
    """Take back what is still queued for tasks: all that reminds or asks, or only that of earlier deadlines.

    kinds: those alone.
    """
    given = {"tasks": task_ids, "kinds": kinds or ASKING, "before": before_deadline}
    queued = _UNSENT if before_deadline is None else _UNSENT.where(_told.c.deadline_no < sa.bindparam("before"))
    ids = list(session.connection().execute(queued, given).scalars())
    values = {"why": why, "settled_at": now}
    move(session, Delivery, ids, DeliveryStatus.QUEUED, DeliveryStatus.DROPPED, by=by, now=now, why=why, values=values)
    return len(ids)


_told, _delivered = Notification.__table__, Delivery.__table__  # type: ignore[attr-defined]
_UNSENT = (
    sa.select(_delivered.c.id)
    .join(_told, _told.c.id == _delivered.c.notification_id)
    .where(
        _told.c.task_id.in_(sa.bindparam("tasks", expanding=True)),
        _told.c.kind.in_(sa.bindparam("kinds", expanding=True)),
        _delivered.c.status == DeliveryStatus.QUEUED,
    )
    .with_for_update(of=_delivered)
)
STOPPED_BY = "stopped by the person"
_FRESH = (
    sa.select(_delivered.c.id)
    .join(_told, _told.c.id == _delivered.c.notification_id)
    .where(_delivered.c.status == DeliveryStatus.QUEUED, _delivered.c.rank == 0)
)

# What is said to owners as owners; a decision that waits for somebody does not end when the task changes hands.
TO_OWNERS = (NotificationKind.ASSIGNED, NotificationKind.REMINDER, NotificationKind.HAND_OVER)


def _stop(session: Session, keys: Sequence[str], now: datetime) -> None:
    """Take out of the queue what somebody has stopped: it stays on record as not sent, with the reason."""
    if keys:
        queued = _FRESH.where(_told.c.key.in_(keys))
        ids = list(session.connection().execute(queued).scalars())
        values = {"why": STOPPED_BY, "settled_at": now}
        move(session, Delivery, ids, DeliveryStatus.QUEUED, DeliveryStatus.DROPPED,
             by=None, now=now, why=STOPPED_BY, values=values)  # fmt: skip


def _alarms(note: Note, told: int, people: Directory, calendar: Calendar) -> list[Note]:
    key, facts = f"alarm:no-address:{note.task_id}:{told}", {"alarm": "no-address", "person": people.persons[told].name}
    office = people.office(calendar.local_date(note.at))
    return [
        Note(key, NotificationKind.ALARM, person, note.at, note.cycle_id, note.task_id, facts=facts)
        for person in office
        if people.channels(person)
    ]


def _row(note: Note, now: datetime) -> dict[str, object]:
    return {
        "key": f"{note.key}:{note.person_id}",
        "kind": note.kind,
        "cycle_id": note.cycle_id,
        "task_id": note.task_id,
        "decision_id": note.decision_id,
        "person_id": note.person_id,
        "for_id": note.for_id,
        "rung": note.rung,
        "level": note.level,
        "deadline_no": note.deadline_no,
        "urgent": note.urgent,
        "planned_at": now,
        "facts": json.dumps(dict(note.facts), ensure_ascii=False),
    }


def _first_try(note: Note, people: Directory, calendar: Calendar) -> dict[str, object]:
    return {
        "key": f"{note.key}:{note.person_id}",
        "channel": next(iter(people.channels(note.person_id)), EMAIL),
        "next_try_at": send_at(note, calendar, people.persons[note.person_id]),
    }


# As text: SQLAlchemy would compile its own ON CONFLICT anew for every message. Both systems read the same words.
_ADD = (
    sa.text(
        "INSERT INTO notification (key, kind, cycle_id, task_id, decision_id, person_id, for_id, rung, level,"
        " deadline_no, urgent, planned_at, facts)"
        " VALUES (:key, :kind, :cycle_id, :task_id, :decision_id, :person_id, :for_id, :rung, :level,"
        " :deadline_no, :urgent, :planned_at, :facts) ON CONFLICT (key) DO NOTHING"
    )
    .bindparams(*(sa.bindparam(c.name, type_=c.type) for c in _told.c if c.name not in ("id", "digest_id")))
    .execution_options(preserve_rowcount=True)
)
_QUEUE = sa.text(
    "INSERT INTO delivery (notification_id, rank, channel, status, next_try_at, n_attempts, epoch, unheard, why)"
    " SELECT id, 0, :channel, 'queued', :next_try_at, 0, 0, FALSE, '' FROM notification WHERE key = :key"
    " ON CONFLICT (notification_id, rank) DO NOTHING"
).bindparams(
    *(sa.bindparam(c.name, type_=c.type) for c in (_told.c.key, _delivered.c.channel, _delivered.c.next_try_at))
)
