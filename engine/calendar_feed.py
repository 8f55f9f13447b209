"""Somebody's deadlines and gatherings for their own calendar program: the feed, and the address that opens it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from icalendar import Calendar as Feed
from icalendar import Event
from sqlmodel import Session, col, or_, select

from config.numbers import row_number
from config.seen import visible
from config.words import Text
from engine.deed import Deed
from engine.rules import Rules
from models.activity import Gathering, Invitee
from models.audit import record
from models.calendar_feed import CalendarFeed
from models.cycle import Cycle
from models.derived import feed_part, is_feed
from models.people import Person
from models.task import Task, TaskOwner, TaskStatus

SHOWN = timedelta(minutes=30)  # how long before its deadline a task stands in the calendar
KEPT = timedelta(days=31)  # gatherings that are over stay so long
DUE = Text("Due", "到期")


def open_feed(session: Session, person_id: int, *, rules: Rules, now: datetime) -> CalendarFeed:
    """Give somebody an address, another one where they had one already: the old one opens nothing any more."""
    session.get_one(Person, person_id, with_for_update=True)  # two at once: the second ends the first one's
    end_feed(session, person_id, now=now)
    made = CalendarFeed(person_id=person_id, salt=rules.new_token(), made_at=now)
    session.add(made)
    session.flush()
    record(session, "calendar_feed.open", "person", person_id, by=person_id, now=now)
    return made


def end_feed(session: Session, person_id: int, *, now: datetime) -> None:
    """Let somebody's address open nothing any more; nothing happens where there is none."""
    former = find_feed(session, person_id)
    if former is None:
        return
    former.ended_at = now
    session.add(former)
    session.flush()
    record(session, "calendar_feed.end", "person", person_id, by=person_id, now=now)


def find_feed(session: Session, person_id: int) -> CalendarFeed | None:
    """Find somebody's address."""
    mine = select(CalendarFeed).where(CalendarFeed.person_id == person_id, col(CalendarFeed.ended_at).is_(None))
    return session.exec(mine).one_or_none()


def feed_address(feed: CalendarFeed, keys: Sequence[str]) -> str:
    """Write the path of a feed. keys: of the links in messages, the newest first."""
    return f"/feed/{feed_part(keys[0], f'{feed.id}.{feed.salt}')}.ics"


def whose_feed(session: Session, part: str, keys: Sequence[str], *, rules: Rules, now: datetime) -> Person | None:
    """Find whose feed an address opens: nobody's once it has ended, or its person has left."""
    feed = session.get(CalendarFeed, row_number(part.partition(".")[0]))
    if feed is None or feed.ended_at is not None or not is_feed(keys, f"{feed.id}.{feed.salt}", part):
        return None
    person = session.get_one(Person, feed.person_id)
    return None if person.left_on and person.left_on <= rules.calendar.local_date(now) else person


def write_feed(session: Session, person: Person, *, rules: Rules, now: datetime, address: str) -> bytes:
    """Write the feed: open tasks at their deadline, gatherings; titles and numbers only, as in messages.

    address: of the pages, without a slash at its end. A moved deadline has the same event with a higher number.
    """
    deed, feed = Deed(session, rules, None, now), Feed()
    feed.add("prodid", "-//wardcycle//deadlines//EN")
    feed.add("version", "2.0")
    feed.add("x-wr-calname", "wardcycle")
    for task, cycle in _open_tasks(deed, person.id):
        feed.add_component(_of_task(task, cycle, person.language, address))
    for gathering in _gatherings(session, person.id, now):
        feed.add_component(_of_gathering(gathering))
    return bytes(feed.to_ical())


def _open_tasks(deed: Deed, person_id: int) -> Iterator[tuple[Task, Cycle]]:
    """Read what somebody owns, and what those own for whom they stand in today."""
    mine = [one for one in deed.people.persons if one == person_id or deed.people.told(one, deed.today) == person_id]
    owned = select(TaskOwner.task_id).where(col(TaskOwner.person_id).in_(mine))
    found = (
        select(Task, Cycle)
        .join(Cycle, col(Cycle.id) == col(Task.cycle_id))
        .where(or_(Task.status == TaskStatus.OPEN, Task.status == TaskStatus.DECIDING), col(Task.id).in_(owned))
    )
    yield from deed.session.exec(found.order_by(col(Task.deadline_at), col(Task.id)))


def _of_task(task: Task, cycle: Cycle, language: str, address: str) -> Event:
    assert task.deadline_at is not None, "an open task has a deadline"
    title = Text(task.title_en, task.title_zh).in_(language)
    of = Text(cycle.title_en, cycle.title_zh).in_(language)
    event = Event()
    event.add("uid", f"task-{task.id}@wardcycle")
    event.add("sequence", task.deadline_no)
    event.add("dtstamp", task.opened_at or task.deadline_at - SHOWN)
    event.add("dtstart", task.deadline_at - SHOWN)
    event.add("dtend", task.deadline_at)
    event.add("summary", f"{DUE.in_(language)}: {visible(title)}")
    event.add("description", f"{cycle.code}/{task.slug}\n{visible(of)}")
    if address:
        event.add("url", f"{address}/cycles/{cycle.code}#{task.slug}")
    return event


def _gatherings(session: Session, person_id: int, now: datetime) -> Sequence[Gathering]:
    invited = select(Gathering).join(Invitee, col(Invitee.gathering_id) == col(Gathering.id))
    found = invited.where(Invitee.person_id == person_id, Gathering.ends_at > now - KEPT)
    return session.exec(found.order_by(col(Gathering.starts_at), col(Gathering.id))).all()


def _of_gathering(gathering: Gathering) -> Event:
    event = Event()
    event.add("uid", f"gathering-{gathering.id}@wardcycle")
    event.add("dtstamp", gathering.added_at)
    event.add("dtstart", gathering.starts_at)
    event.add("dtend", gathering.ends_at)
    event.add("summary", visible(gathering.title))
    event.add("location", visible(gathering.place))
    return event
