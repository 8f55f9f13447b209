"""What senders do, written out whole: each row that changes, each line of the trail, each address that is sent to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.calendar import Calendar
from engine.outbox import Note, tell
from engine.people import directory
from engine.rules import Rules
from models.audit import Audit
from models.base import Row
from models.channel_state import ChannelState, SuspendedAddress, Valve
from models.db import Database
from models.links import AnswerLink
from models.notification import Attempt, Delivery, Notification, NotificationKind
from models.people import Person
from notifications.channels import Voice
from notifications.deliver import BATCH, Delivered, deliver_due
from notifications.letters import Letter
from notifications.render import Message, Renderer
from notifications.senders import Address, SendResult, accepted
from tests.letter import is_to_the_letter
from tests.places import make_hospital

K = NotificationKind
ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)  # 09:30 in the hospital
AT_ONCE = timedelta(0)
Answer = SendResult | Callable[[Message, Address], SendResult]


class Killed(BaseException):
    """The process ends here."""


def die(message: Message, to: Address) -> SendResult:
    """End the process while it sends."""
    raise Killed


class Half(Renderer):
    """Writes everything but who was missed."""

    def write(self, letter: Letter) -> Message:
        """Write a message."""
        if letter.kind is K.MISSED:
            raise KeyError("missed")
        return super().write(letter)


@dataclass(frozen=True)
class Act:
    """Something that happens, and how it is called."""

    title: str
    do: Callable[["Sendings"], object]


@dataclass
class Sendings:
    """The rows of a hospital, and what has been written of them so far."""

    database: Database
    rules: Rules
    now: datetime = MONDAY
    n_trail: int = 0
    seen: dict[str, str] = field(default_factory=dict)
    sent: list[tuple[int, str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def step(self, act: Act, *, after: timedelta = AT_ONCE) -> None:
        """Let something happen and write what came of it."""
        self.now += after
        self.sent.clear()
        try:
            made = act.do(self)
        except Killed:
            made = "died"
        self.lines += ["", f"== {at(self.now)} {act.title}" + ("" if made is None else f": {made}")]
        with self.database.reading() as session:
            labels = _labels(session)
            for key, said, text in self.sent:
                self.lines.append(f"   > {labels[key]} {said}")
                self.lines += [
                    f"     | {line}" for line in text.splitlines() if line and labels[key].startswith("digest:")
                ]
            self._write_trail(session, labels)
            changed = [(label, said) for label, said in _rows(session, labels) if self.seen.get(label) != said]
        self.seen |= dict(changed)
        for said, alike in groupby(changed, lambda each: each[1]):
            self.lines.append(f"   {' '.join(label for label, _ in alike)}: {said}")

    def send(self, message: Message, to: Address, answers: Mapping[str, Answer]) -> SendResult:
        """Write down what is sent, and answer by the address, or else by the channel."""
        thread = f" in {to.thread}" if to.thread else ""
        number, _, mark = to.mark.partition(".")
        assert number == str(to.delivery_id)
        said = f"{to.channel} {to.value}{thread} {at(to.at)} {mark} {message.subject}"
        self.sent.append((to.delivery_id, said, message.text))
        answer = answers.get(to.value) or answers.get(to.channel) or accepted("250 ok")
        return answer if isinstance(answer, SendResult) else answer(message, to)

    def _write_trail(self, session: Session, labels: Mapping[int, str]) -> None:
        rows = session.exec(select(Audit).where(col(Audit.id) > self.n_trail).order_by(col(Audit.id))).all()
        self.n_trail = rows[-1].id if rows else self.n_trail
        for said, same in groupby(rows, _change):
            ids = (labels[row.entity_id] if row.entity == "delivery" else f"{row.entity_id}" for row in same)
            self.lines.append(f"   . {said.replace('*', ' '.join(ids), 1)}")


def _change(row: Audit) -> str:
    changed = " -> ".join(filter(None, (row.before, row.after)))
    who = f"person {row.by_id}" if row.by_id else ""
    outcome = "" if row.outcome == "done" else row.outcome
    return " | ".join(filter(None, (f"{row.what} {row.entity} * at {at(row.at)}", who, changed, row.why, outcome)))


def at(moment: datetime) -> str:
    """Write a moment as the hospital's clock shows it."""
    said = f"{moment.astimezone(ZONE):%d %b %H:%M:%S.%f}"
    return said.removesuffix(".000000")


def _labels(session: Session) -> dict[int, str]:
    rows = session.exec(select(Delivery.id, Notification.key, Delivery.rank).join(
        Notification, col(Notification.id) == col(Delivery.notification_id)))  # fmt: skip
    return {key: f"{name}/{rank}" for key, name, rank in rows}


def _rows(session: Session, labels: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    told = {one.id: one for one in session.exec(select(Notification))}
    for delivery in session.exec(select(Delivery).order_by(col(Delivery.id))):
        yield labels[delivery.id], _whole(delivery, "id", "notification_id", "rank")
    for no, attempt in enumerate(session.exec(select(Attempt).order_by(col(Attempt.id))), start=1):
        yield f"attempt {no}", f"of {labels[attempt.delivery_id]} {_whole(attempt, 'id', 'delivery_id')}"
    for channel in session.exec(select(ChannelState).order_by(col(ChannelState.channel))):
        yield f"channel {channel.channel}", _whole(channel, "channel")
    for valve in session.exec(select(Valve)):
        yield "valve", f"{_whole(valve, 'released_id')} up to {labels.get(valve.released_id)}"
    for address in session.exec(select(SuspendedAddress).order_by(col(SuspendedAddress.id))):
        yield f"left out {address.person_id} {address.channel}", _whole(address, "id", "person_id", "channel", "digest")
    for link in session.exec(select(AnswerLink).order_by(col(AnswerLink.notification_id))):
        yield f"link of {told[link.notification_id].key}", _whole(link, "id", "token", "notification_id")
    for one in sorted(told.values(), key=lambda one: one.id):
        into = told[one.digest_id].key if one.digest_id else None
        if into:
            yield f"message {one.key}", f"goes with {into}"
        if one.kind is K.DIGEST:
            yield f"message {one.key}", _whole(one, "id", "key")


def _whole(row: Row, *but: str) -> str:
    """Write every column that says something."""
    said = {name: getattr(row, name) for name in type(row).model_fields if name not in but}
    return " ".join(
        f"{name}={at(value) if isinstance(value, datetime) else value}"
        for name, value in said.items()
        if value not in (None, "", 0, "{}") and value is not False
    )


def put(
    *keys: str,
    kind: NotificationKind = K.RECEIPT,
    person: str = "ana",
    urgent: bool = False,
    rung: str = "0h",
    after: timedelta = AT_ONCE,
    **about: int,
) -> Act:
    """Tell somebody something. rung: one in hours goes alone. after: when it is due; about: task, cycle, deadline."""

    def do(told: Sendings) -> None:
        moment = told.now + after
        with told.database.transaction("test") as session:
            who = directory(session).person(person).id
            facts = {"who": "Ana", "why": "x", "text": "x", "from": "x"}
            notes = [
                Note(key, kind, who, moment, urgent=urgent, rung=rung, any_hour=True, facts=facts, **about)
                for key in keys
            ]
            tell(session, notes, rules=told.rules, now=told.now)

    said = ["urgent"] if urgent else []
    return Act(" ".join([f"{person} is told", *said, f"{kind.value}:", *keys]), do)


def sends(
    answers: Mapping[str, Answer] | None = None,
    *,
    only: str | None = None,
    floor: int | None = None,
    batch: int = BATCH,
    limit: int | None = None,
    window: bool = False,
    random: float = 0.0,
    until: int | None = None,
) -> Act:
    """Let a sender go round. answers: by address or channel; window: it keeps to the sending window;
    until: it is stopped after so many messages."""

    def do(told: Sendings) -> str:
        made = deliver(told, answers, only=only, floor=floor, batch=batch, limit=limit, random=random, until=until,
                       calendar=told.rules.calendar if window else None)  # fmt: skip
        counted = (f"{name.removeprefix('n_')} {n}" for name, n in vars(made).items() if n)
        return ", ".join(counted) or "nothing"

    return Act("a sender goes round" + (f" for {only}" if only else ""), do)


def deliver(
    told: Sendings,
    answers: Mapping[str, Answer] | None = None,
    *,
    only: str | None = None,
    floor: int | None = None,
    batch: int = BATCH,
    limit: int | None = None,
    random: float = 0.0,
    until: int | None = None,
    calendar: Calendar | None = None,
    now: datetime | None = None,
) -> Delivered:
    """Run one round of a sender."""
    voice = Voice(Half(ZONE), _Sender(told, answers or {}), frozenset({"email"}), calendar)
    return deliver_due(
        told.database, voice=voice, now=lambda: now or told.now, random=lambda: random, only=only, floor=floor,
        batch=batch, limit=limit, stop=lambda: until is not None and len(told.sent) >= until,
    )  # fmt: skip


@dataclass
class _Sender:
    told: Sendings
    answers: Mapping[str, Answer]

    def send(self, message: Message, to: Address) -> SendResult:
        """Hand it over."""
        return self.told.send(message, to, self.answers)


def reached(person: str, channels: str, addresses: str = "ntfy=door") -> Act:
    """Change by which channels somebody is told."""
    return written(f"{person} is told by {channels}", _person(person, channels=channels, addresses=addresses))


def asks(person: str, digest: str) -> Act:
    """Change how often somebody is told."""
    return written(f"{person} asks to be told {digest}", _person(person, digest=digest))


def left_without(person: str) -> Act:
    """Somebody has no address any more."""
    return written(f"{person} has no address", _person(person, email=None))


def _person(slug: str, **values: str | None) -> sa.Executable:
    return sa.update(Person).where(col(Person.slug) == slug).values(values)


def written(title: str, *statements: sa.Executable) -> Act:
    """Write something into the rows that is no matter of senders."""

    def do(told: Sendings) -> None:
        with told.database.transaction("test") as session:
            for statement in (*statements, sa.text("UPDATE people_version SET n = n + 1")):
                session.execute(statement)

    return Act(title, do)


Step = Act | tuple[timedelta, Act]


def story_of(title: str, steps: Sequence[Step], database: Database, rules: Rules) -> Sendings:
    """Let a story happen in the small hospital, and compare it to the letter with what is written of it.

    A change that is meant is written with WARDCYCLE_CHRONICLE=1, and read as a diff.
    """
    make_hospital(database)
    told = Sendings(database, rules)
    for step in steps:
        after, act = step if isinstance(step, tuple) else (AT_ONCE, step)
        told.step(act, after=after)
    is_to_the_letter("sendings", title, [title, *told.lines])
    return told
