"""The valve and the gate, to the letter: what counts as due and as usual, what goes through, who let it go."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from engine.people import directory
from engine.rules import Rules
from models.channel_state import ChannelState
from models.db import Database
from models.notification import Delivery, DeliveryStatus, NotificationKind
from notifications.breaker import worked
from notifications.claim import LEASE, anything_due, claim, due_channels
from notifications.render import Message
from notifications.senders import Address, SendResult, accepted, transient
from notifications.valve import check_valve, largest_day, release
from tests.invariants import hold
from tests.places import make_hospital
from tests.sendings import MONDAY, Act, Sendings, Step, at, deliver, die, put, reached, sends, story_of, written

K, D = NotificationKind, DeliveryStatus
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FLOOR = 3
DOWN = transient("the mail server cannot be reached", down=True)
GATED = {"floor": FLOOR}


def released(by: str | None) -> Act:
    """Somebody lets everything go."""

    def do(told: Sendings) -> str:
        with told.database.transaction("test") as session:
            who = directory(session).person(by).id if by else None
            return str(release(session, by=who, now=told.now))

    return Act(f"{by or 'the clock'} lets everything go", do)


def shut(channel: str, until: timedelta, **other: object) -> Act:
    """A channel has failed five times."""
    values = {"channel": channel, "n_failed": 5, "shut_until": MONDAY + until, "failed_at": MONDAY, "why": "x", **other}
    return written(f"{channel} is shut until {at(MONDAY + until)}", sa.insert(ChannelState).values(values))


def quiet(channel: str, until: timedelta) -> Act:
    """A channel works again since the night."""
    values = {"channel": channel, "n_failed": 0, "quiet_until": MONDAY + until, "why": ""}
    return written(f"{channel} is quiet until {at(MONDAY + until)}", sa.insert(ChannelState).values(values))


def _others_open_email(told: Sendings) -> str:
    def answer(message: Message, to: Address) -> SendResult:
        with told.database.transaction("test") as session:
            worked(session, "email", now=told.now, opens_at=told.now)
        return accepted("250 ok")

    return str(deliver(told, {"ntfy": answer}).n_sent)


MANY = put("a", "b", "c", "d")
STORIES: dict[str, tuple[Step, ...]] = {
    "far too much": (
        released("eva"), put("a", "b", "c"), put("later", after=HOUR), sends(floor=FLOOR), (HOUR, sends(floor=FLOOR)),
        (31 * DAY, MANY), put("e", "f", "g", "h"), put("alarm", kind=K.ALARM), put("urgent", urgent=True),
        sends(floor=FLOOR), (HOUR, sends(floor=FLOOR)), released("eva"), released("eva"), put("i", "j", "k"),
        sends(floor=FLOOR), (31 * DAY, put("l", "m", "n", "o")), sends(floor=FLOOR), released(None),
        sends(floor=FLOOR),
    ),
    "what waits for a channel that is shut does not count": (
        reached("bo", "ntfy"), reached("gao", "bell", "bell=g"), shut("email", HOUR), quiet("bell", HOUR), MANY,
        put("e", "f", "g", "h", person="gao"), put("i", "j", "k", person="bo"), sends(floor=FLOOR),
        put("l", "m", "n", "o", person="bo"), sends(floor=FLOOR), sends(floor=FLOOR, only="ntfy"),
        (HOUR, sends(floor=FLOOR)), released("eva"), sends(floor=FLOOR),
    ),
    "the probe of a shut valve is urgent": (
        reached("bo", "ntfy"), put("x", "y", person="bo"), sends(floor=FLOOR), (31 * DAY, shut("email", HOUR)), MANY,
        put("i", "j", "k", "l", person="bo"), put("m", after=SECOND, kind=K.DECISION),
        sends(floor=FLOOR), (SECOND, sends({"email": DOWN}, floor=FLOOR)), released("eva"),
        put("n", person="dee"), sends(floor=FLOOR),
    ),
    "one that cannot be tried": (
        reached("bo", "ntfy"), shut("email", -SECOND), shut("ntfy", -SECOND), MANY, put("e", person="bo"),
        sends({"email": DOWN}, only="email"), sends({"email": DOWN}, only="email"), sends({"ntfy": die}, only="ntfy"),
        sends(only="ntfy"), (3 * MINUTE, sends(only="ntfy")),
    ),
    "what waited goes as one": (
        reached("bo", "ntfy"), shut("email", -SECOND), put("a", "b", "c", "d", rung=""),
        put("e", "f", "g", "h", person="dee", rung=""), put("i", person="bo", rung=""), sends(batch=1),
    ),
    "another sender finds that the channel works": (
        reached("bo", "ntfy"), shut("email", HOUR), put("a", "b", "c", "d", rung=""), put("i", person="bo", rung=""),
        Act("email is opened while a sender goes round", _others_open_email),
    ),
    "not the probe at night": (
        (12 * HOUR, shut("email", HOUR)), put("a", "b", "c", "d", rung=""), put("hour", person="dee"),
        put("urgent", person="gao", rung="", urgent=True), sends({"email": DOWN}, window=True),
        (10 * MINUTE, sends({"email": DOWN}, window=True)), (10 * HOUR, sends({"email": DOWN}, window=True)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_what_the_gate_lets_through_comes_out_to_the_letter(database: Database, rules: Rules, name: str) -> None:
    told = story_of(name, STORIES[name], database, rules)
    hold(database, told.now)


def test_the_largest_day_is_of_what_was_sent_on_one_day_of_the_last_month(database: Database, rules: Rules) -> None:
    make_hospital(database)
    told = Sendings(database, rules)
    put(*(f"k{n}" for n in range(12))).do(told)
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    month = MONDAY - 30 * DAY
    ends = [
        (D.SENT, midnight), (D.SENT, midnight + DAY - SECOND), (D.SENT, midnight - SECOND), (D.DEAD, midnight),
        (D.DEAD, midnight), (D.SENT, month), *((D.SENT, month - SECOND),) * 4,
    ]  # fmt: skip
    with database.transaction("test") as session:
        assert largest_day(session, now=MONDAY) == 0
        for key, (status, settled_at) in enumerate(ends, start=1):
            values = {"status": status, "settled_at": settled_at}
            session.execute(sa.update(Delivery).where(col(Delivery.id) == key).values(values))
        assert largest_day(session, now=MONDAY) == 2
        assert largest_day(session, now=MONDAY - SECOND) == 5
        assert largest_day(session, now=midnight + 30 * DAY) == 2
        assert largest_day(session, now=midnight + 30 * DAY + SECOND) == 1
        assert largest_day(session, now=midnight + 31 * DAY) == 0
        session.rollback()


@pytest.mark.parametrize(("floor", "largest", "n", "is_shut"), [
    (4, 0, 4, False), (4, 0, 5, True), (0, 1, 5, False), (0, 1, 6, True), (6, 1, 6, False), (2, 2, 9, False),
])  # fmt: skip
def test_more_than_the_floor_and_five_times_the_largest_day_shuts_it(
    database: Database, rules: Rules, floor: int, largest: int, n: int, is_shut: bool
) -> None:
    make_hospital(database)
    told = Sendings(database, rules)
    put(*(f"k{number}" for number in range(n))).do(told)
    put("later", after=SECOND).do(told)
    with database.transaction("test") as session:
        for _ in range(2):
            found = check_valve(session, floor=floor, largest_day=lambda: largest, now=MONDAY)
            assert found == (0 if is_shut else None)


def test_what_was_released_or_waits_for_a_shut_channel_is_not_counted_again(database: Database, rules: Rules) -> None:
    make_hospital(database)
    told = Sendings(database, rules)
    for act in (reached("bo", "ntfy"), put(*(f"old{n}" for n in range(5)))):
        act.do(told)

    def looks(*without: str) -> bool:
        with database.transaction("test") as session:
            found = check_valve(session, floor=3, largest_day=lambda: 1, now=MONDAY, without=without)
        return found is not None

    assert not looks()
    put("old5").do(told)
    assert not looks("email")
    assert looks()
    assert released("eva").do(told) == "6"
    put(*(f"new{n}" for n in range(5))).do(told)
    assert not looks()
    put(*(f"bo{n}" for n in range(4)), person="bo").do(told)
    assert [looks("email"), looks("ntfy"), looks()] == [False, False, True]
    assert released("eva").do(told) == "9"


def test_what_is_due_is_taken_in_its_order_and_by_the_channels_that_are_wanted(
    database: Database, rules: Rules
) -> None:
    make_hospital(database)
    told = Sendings(database, rules)
    for act in (reached("bo", "ntfy"), reached("gao", "bell", "bell=g"), put("later", after=SECOND), put("b"),
                put("early", after=-SECOND), put("n", person="bo"), put("g", person="gao", after=SECOND),
                put("day", rung="", after=-MINUTE), put("hour", rung="", urgent=True)):  # fmt: skip
        act.do(told)
    with database.transaction("test") as session:
        names = dict(session.execute(sa.text("SELECT d.id, n.key FROM delivery d JOIN notification n "
                                             "ON n.id = d.notification_id")).tuples().all())  # fmt: skip
        numbers = {key.partition(":")[0]: number for number, key in names.items()}

        def taken(**choice: object) -> str:
            with session.begin_nested() as one:
                found = claim(session, **{"now": MONDAY, "batch": 9, **choice})  # type: ignore[arg-type]
                one.rollback()
            return " ".join(names[number].partition(":")[0] for number in found)

        assert taken() == "day early b n hour"
        assert taken(batch=2) == "day early"
        assert taken(now=MONDAY + SECOND) == "day early b n hour later g"
        assert taken(without=["ntfy"]) == "day early b hour"
        assert taken(only="ntfy") == "n"
        assert taken(quiet=["email"]) == "early b n hour"
        assert taken(released_id=0) == "hour"
        assert taken(released_id=numbers["early"]) == "early b hour"
        assert due_channels(session, now=MONDAY - SECOND) == ["email"]
        assert due_channels(session, now=MONDAY) == ["email", "ntfy"]
        assert due_channels(session, now=MONDAY + SECOND) == ["bell", "email", "ntfy"]
        assert [anything_due(session, now=MONDAY - by) for by in (MINUTE + SECOND, MINUTE)] == [False, True]
        claim(session, now=MONDAY, batch=9)
        left = (MONDAY, MONDAY + SECOND, MONDAY + LEASE - SECOND, MONDAY + LEASE)
        assert [anything_due(session, now=moment) for moment in left] == [False, True, True, True]
        claim(session, now=MONDAY + SECOND, batch=9)
        assert [anything_due(session, now=moment) for moment in left] == [False, False, False, True]
        session.rollback()
