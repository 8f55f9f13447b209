"""What becomes of each answer, decision and change of plan, written out whole: receipt, trail, and every word told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.absences import add_absence
from engine.case import Receipt
from engine.changes import move_deadline, reassign_task
from engine.cycles import cancel_cycle, pause_cycle, resume_cycle
from engine.effects import Effect, Ending
from engine.launch import Launch, launch_cycle
from engine.leaving import leave
from engine.people import Directory, directory, people_changed
from engine.stages import approve_stage
from engine.tasks import take_task
from engine.undo import newest_answer, undo_answer
from engine.waiting import Waits, waiting_for
from models.audit import Audit
from models.base import Row, table_of
from models.errors import WardcycleError
from models.notification import Delivery, DeliveryStatus, Notification
from models.transitions import move
from notifications.letters import gather
from notifications.render import Renderer
from tests.invariants import hold
from tests.letter import is_to_the_letter, words_of
from tests.walks import Walk

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in the hospital


@dataclass(frozen=True)
class Act:
    """Something that happens, and how it is called."""

    title: str
    do: Callable[["Chronicle"], object]


@dataclass
class Chronicle:
    """A cycle and what has been written of it so far."""

    walk: Walk
    now: datetime = MONDAY
    n_trail: int = 0
    n_told: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The day in the hospital."""
        return self.now.astimezone(ZONE).date()

    def run(self, verb: Callable[..., object], slug: str, by: str, **parts: object) -> object:
        """Run a verb on a task."""
        return self.walk.run(verb, self.walk.task_id(slug), by, self.now, **parts)

    def step(self, act: Act, *, after: timedelta) -> None:
        """Let something happen and write what came of it."""
        self.now += after
        try:
            made: object = act.do(self)
        except WardcycleError as refused:
            made = refused
        self.lines += ["", f"== {self.now.astimezone(ZONE):%a %d %b %H:%M} {act.title}"]
        if isinstance(made, Receipt):
            self.lines += [f"   {_receipt(made)}"]
        if isinstance(made, WardcycleError):
            self.lines += [f"   {made.text(language)}" for language in ("en", "zh")]
        if isinstance(made, list):
            self.lines += [f"   {line}" for line in made]
        with self.walk.database.reading() as session:
            self._write_trail(session)
            self._write_told(session)

    def send(self) -> None:
        """Mark everything queued as sent, without a sender."""
        with self.walk.database.transaction("test") as session:
            queued = session.exec(select(Delivery.id).where(Delivery.status == DeliveryStatus.QUEUED))
            ids, shift = list(queued), partial(move, session, Delivery, by=None, now=self.now)
            shift(ids, DeliveryStatus.QUEUED, DeliveryStatus.SENDING)
            shift(ids, DeliveryStatus.SENDING, DeliveryStatus.SENT, values={"settled_at": self.now})

    def _write_trail(self, session: Session) -> None:
        rows = session.exec(select(Audit).where(col(Audit.id) > self.n_trail).order_by(col(Audit.id))).all()
        self.n_trail = rows[-1].id if rows else self.n_trail
        people = directory(session)
        for row in rows:
            changed = " -> ".join(filter(None, (row.before, row.after)))
            parts = (f"{row.what} {row.entity} {row.entity_id}", _who(people, row.by_id), changed, row.why)
            said = [*parts, "" if row.outcome == "done" else row.outcome]
            self.lines.append(f"   . {' | '.join(filter(None, said))}")

    def _write_told(self, session: Session) -> None:
        told = select(Notification, Delivery).join(Delivery, col(Delivery.notification_id) == col(Notification.id))
        new = told.where(col(Notification.id) > self.n_told).order_by(col(Notification.id), col(Delivery.rank))
        rows = session.exec(new).all()
        self.n_told = max([self.n_told, *(row.id for row, _ in rows)])
        people = directory(session)
        letters = gather(session, [one.id for _, one in rows], on=self.today)
        for row, delivery in rows:
            self.lines += ["", f"   {_head(row, delivery, people)}"]
            for language in ("en", "zh"):
                letter = replace(letters[delivery.id], language=language)
                self.lines += [f"      {line}" for line in words_of(RENDERER.write(letter))]


_OF_CYCLE: dict[str, Callable[..., None]] = {"pause": pause_cycle, "resume": resume_cycle, "cancel": cancel_cycle}
RENDERER = Renderer(ZONE, roles={})
UNTOLD = ("token", "snapshot", "addresses", "title_en", "title_zh")  # drawn by chance, or as they were launched


def _receipt(made: Receipt) -> str:
    due = f", due {made.deadline_at.astimezone(ZONE):%d %b %H:%M}" if made.deadline_at else ""
    opened = f", opens {', '.join(made.opened)}" if made.opened else ""
    at = made.at.astimezone(ZONE)
    return (
        f"receipt: {made.kind} of {made.cycle_code}/{made.task} by {made.by_name} at {at:%H:%M}: "
        f"{made.status.value}{due}{opened}; cycle {made.cycle_status.value}"
    )


def _who(people: Directory, person_id: int | None) -> str:
    return people.persons[person_id].slug if person_id else "the clock"


def _head(row: Notification, delivery: Delivery, people: Directory) -> str:
    at = row.planned_at.astimezone(ZONE)
    stands_in = f" for {_who(people, row.for_id)}" if row.for_id else ""
    more = [row.rung, f"level {row.level}" if row.level else "", "urgent" if row.urgent else ""]
    about = (row.task_id, row.decision_id, row.deadline_no)
    return " ".join(
        [f"-> {_who(people, row.person_id)}{stands_in}: {row.kind.value}", *filter(None, more), f"{at:%d %b %H:%M}",
         f"{row.key} about={about} {delivery.channel} {delivery.status.value}"]
    )  # fmt: skip


def comes_out_to_the_letter(told: Chronicle, steps: Iterable[tuple[timedelta, Act]], name: str) -> None:
    """Tell a story and hold it against its file; WARDCYCLE_CHRONICLE=1 writes the file anew, to be read as a diff."""
    told.step(LAUNCHED, after=timedelta(0))
    for after, act in steps:
        told.step(act, after=after)
        hold(told.walk.database, told.now)
    is_to_the_letter("chronicle", name, told.lines)


def _waits(waits: Waits, people: Directory) -> list[str]:
    about = waits.task.slug if waits.task else waits.stage.slug
    owners = ", ".join(_who(people, one) for one in waits.owners)
    asked = f"{waits.decision.kind.value} of {about} ({owners}) since {_at(waits.since)}"
    ending = [f"  approve: {_ending(waits.ending)}"] if waits.ending else []
    return [asked, *ending, *(f"  {one.verdict.value}: {_effect(one, people)}" for one in waits.effects)]


def _effect(effect: Effect, people: Directory) -> str:
    said = ["moves"] if effect.moves else []
    said += ["needs a date"] if effect.needs_date else []
    said += [_ending(effect.ending)] if effect.ending else []
    if coming := effect.coming:
        reminders = ", ".join(_at(moment) for moment in coming.reminders)
        asked = ", ".join(_who(people, one) for one in coming.asked)
        at = _at(coming.asked_at) if coming.asked_at else "never"
        said.append(
            f"due {_at(coming.deadline_at)}; reminded {reminders or 'never'}; {coming.role} asked {at}: {asked}"
        )
    return "; ".join(said)


def _ending(ending: Ending) -> str:
    flags = [name for name in ("stage_ends", "asks_approval", "cycle_ends") if getattr(ending, name)]
    return " ".join([*flags, f"opens {', '.join(ending.opens) or 'nothing'}"])


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%d %b %H:%M}"


def answer(slug: str, kind: str, by: str, **parts: object) -> Act:
    """Somebody answers."""
    return Act(f"{by} answers {slug}: {kind}", lambda told: told.walk.answer(slug, kind, by, told.now, **parts))


def by_link(act: Act) -> Act:
    """The same through the link of a message, which does not show who opens it."""

    def do(told: Chronicle) -> object:
        told.walk.door = "link"
        try:
            return act.do(told)
        finally:
            told.walk.door = "test"

    return Act(f"{act.title}, by a link", do)


def take(slug: str, by: str) -> Act:
    """Somebody takes over what they were handed."""
    return Act(f"{by} takes {slug}", lambda told: told.run(take_task, slug, by))


def undo(slug: str, by: str, *, answer_id: int = 0) -> Act:
    """Somebody takes the newest answer back, or the one named."""

    def do(told: Chronicle) -> object:
        with told.walk.database.reading() as session:
            newest = answer_id or newest_answer(session, told.walk.task_id(slug))
        return told.walk.run(undo_answer, newest, by, told.now)

    which = f"answer {answer_id}" if answer_id else "the answer"
    return Act(f"{by} takes back {which} to {slug}", do)


def decided(slug: str, verdict: str, by: str, **parts: object) -> Act:
    """Somebody decides."""
    return Act(
        f"{by} decides on {slug}: {verdict}", lambda told: told.walk.decide(slug, verdict, by, told.now, **parts)
    )


def moved(slug: str, until: date, by: str, why: str = "the ward is full") -> Act:
    """The lead or the office moves a deadline."""
    return Act(f"{by} moves {slug} to {until}", lambda told: told.run(move_deadline, slug, by, until=until, why=why))


def given(slug: str, to: str, by: str, why: str = "closer to it") -> Act:
    """The lead or the office gives a task to somebody else."""
    return Act(f"{by} gives {slug} to {to}", lambda told: told.run(reassign_task, slug, by, to=to, why=why))


def approved(slug: str, by: str) -> Act:
    """Somebody lets a stage pass."""

    def do(told: Chronicle) -> object:
        return told.walk.run(approve_stage, told.walk.stage(slug).id, by, told.now, note="all is there")

    return Act(f"{by} approves {slug}", do)


def of_cycle(what: str, by: str) -> Act:
    """The cycle is paused, goes on or is cancelled."""

    def do(told: Chronicle) -> object:
        return told.walk.run(_OF_CYCLE[what], told.walk.cycle_id, by, told.now, why="works on the ward")

    return Act(f"{by}: {what} cycle", do)


def left(person: str, to: str, *, days: int = 0, by: str | None = None, why: str = "moved away") -> Act:
    """Somebody leaves the hospital in so many days, as somebody enters it or a program does."""

    def do(told: Chronicle) -> object:
        with told.walk.database.transaction("test") as session:
            who = directory(session).person(by).id if by else None
            went = leave(session, person, to=to, on=told.today + timedelta(days=days), rules=told.walk.rules, by=who,
                         why=why, now=told.now)  # fmt: skip
            return [str(went)]

    return Act(f"{person} leaves{f' in {days} days' if days else ''}, {to} takes over", do)


def away(person: str, to: str, until: date) -> Act:
    """Somebody is away, somebody else stands in."""

    def do(told: Chronicle) -> object:
        with told.walk.database.transaction("test") as session:
            return add_absence(session, person=person, stand_in=to, from_on=told.today, until_on=until,
                               rules=told.walk.rules, by=None, now=told.now)  # fmt: skip

    return Act(f"{person} is away until {until}, {to} stands in", do)


def stands(*nouns: type[Row]) -> Act:
    """Look at the rows as they are kept, every column that says something."""

    def do(told: Chronicle) -> object:
        with told.walk.database.reading() as session:
            return [line for noun in nouns for line in _rows(session, table_of(noun))]

    return Act("what is kept", do)


def _rows(session: Session, table: sa.Table) -> list[str]:
    rows = session.connection().execute(sa.select(table).order_by(*table.primary_key)).mappings()
    kept = [{str(name): value for name, value in row.items() if name not in UNTOLD} for row in rows]
    return [f"{table.name} " + " ".join(f"{name}={_kept(one)}" for name, one in row.items() if one) for row in kept]


def _kept(value: object) -> object:
    return _at(value) if isinstance(value, datetime) else getattr(value, "value", value)


def launches(lead: str) -> Act:
    """Another cycle of the same template begins."""

    def do(told: Chronicle) -> object:
        first = told.walk.cycle()
        wanted = Launch(template=first.template, unit="ward-3", lead=lead)
        with told.walk.database.transaction("test") as session:
            return launch_cycle(session, wanted, rules=told.walk.rules, by=None, now=told.now)

    return Act(f"another begins, led by {lead}", do)


def by_hand(title: str, write: Callable[[Session, Directory], None]) -> Act:
    """Something is other than before that no verb here has done."""

    def do(told: Chronicle) -> object:
        with told.walk.database.transaction("test") as session:
            write(session, directory(session))
            people_changed(session)
        return None

    return Act(title, do)


LAUNCHED = Act("launched", lambda told: told.walk.cycle())


def looks(by: str) -> Act:
    """Somebody looks at what waits for their decision, and what each verdict would bring."""

    def do(told: Chronicle) -> object:
        with told.walk.database.reading() as session:
            people = directory(session)
            mine = waiting_for(session, people.person(by).id, rules=told.walk.rules, now=told.now, most=5)
            return [line for waits in mine.first for line in _waits(waits, people)]

    return Act(f"{by} looks at what waits", do)


SWEPT = Act("the clock", lambda told: told.walk.sweep(told.now))
SENT = Act("all that waits is sent", lambda told: told.send())
