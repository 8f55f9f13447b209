"""Channels that fail, to the letter: what is counted, who tries, what goes by the next channel, what waits for day."""

from datetime import timedelta

import pytest
from sqlmodel import select

from engine.rules import Rules
from models.channel_state import ChannelState
from models.db import Database
from models.notification import AttemptOutcome, NotificationKind
from notifications.breaker import MOST_PASSED_ON, Breakers, failed, look, may_probe, pass_on, worked
from notifications.senders import SendResult, permanent, transient
from tests.invariants import hold
from tests.places import make_hospital
from tests.sendings import MONDAY, Act, Sendings, Step, die, put, reached, sends, story_of

K = NotificationKind
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DOWN = transient("the mail server cannot be reached", down=True)
BUSY = transient("20 a minute", down=True, free_at=MONDAY + timedelta(minutes=9))
ALL_DOWN = {"email": DOWN, "ntfy": DOWN}
NOBODY = permanent("550 5.1.1 no such user", nobody=True)
CRASH = SendResult(AttemptOutcome.UNKNOWN, "the sender ended", crashed=True)
NIGHT = timedelta(hours=12)


def fails(n: int, *, window: bool = False) -> tuple[Step, ...]:
    """Both channels fail, a minute and a second apart."""
    return tuple((MINUTE + SECOND, sends(ALL_DOWN, window=window)) for _ in range(n))


def passes(*more: str) -> Act:
    """What need not wait is given to the next channel, and nothing is sent."""

    def do(told: Sendings) -> int:
        with told.database.transaction("test") as session:
            seen = look(session, now=told.now)
            shut = seen.shut | set(more)
            return pass_on(session, Breakers(seen.troubled, shut, seen.probed, seen.given_up), now=told.now)

    return Act(" and ".join(["what need not wait is passed on", *(f"{one} is shut" for one in more)]), do)


SEVERAL = (reached("ana", "email,ntfy"), reached("gao", "ntfy"), reached("chen", "email,ntfy,bell", "ntfy=c,bell=c"))
STORIES: dict[str, tuple[Step, ...]] = {
    "fails and works": (
        put("a"), put("b", person="bo"), put("c", person="chen"), *fails(5),
        (MINUTE - SECOND, sends(ALL_DOWN)), (SECOND, sends(ALL_DOWN, only="ntfy")), sends(ALL_DOWN, only="email"),
        (2 * MINUTE, sends({"email": transient("451 later")})), sends(),
    ),
    "a probe that is no answer": (
        put("a"), put("b", person="bo"), put("c", person="chen", kind=K.MISSED), *fails(5),
        (MINUTE, sends({"email": die})), (3 * MINUTE - SECOND, sends()),
        (SECOND, sends({"email": BUSY})), (10 * MINUTE, sends({"email": DOWN})), (8 * MINUTE, sends()),
    ),
    "one that only wants to be left alone": (
        put("a"), put("b", person="bo"), sends({"email": DOWN}), (MINUTE, sends({"email": BUSY})), (HOUR, sends()),
    ),
    "ends its sender while it fails": (
        put("a", "b"), sends({"email": DOWN}), (MINUTE, sends({"email": CRASH})), sends({"email": CRASH}),
    ),
    "passed on": (
        *SEVERAL, put("ordinary"), put("urgent", urgent=True), put("decision", kind=K.DECISION),
        put("three", person="chen", kind=K.DECISION), put("alone", person="bo", kind=K.DECISION),
        put("flag", person="chen", urgent=True), put("plain", person="chen"),
        put("later", kind=K.DECISION, after=3 * HOUR), put("ntfy", person="gao"),
        *fails(5), put("alarm", kind=K.ALARM), put("lonely", person="bo", kind=K.ALARM),
        put("bell", person="chen", kind=K.ALARM), passes(),
        (56 * MINUTE - 5 * SECOND, passes()), (SECOND, passes()), passes(),
        sends(only="email"), sends(only="ntfy"), sends(),
    ),
    "passed on past a refused address": (
        *SEVERAL, put("known", person="chen"), put("first", person="chen", kind=K.DECISION, after=MINUTE),
        put("second", person="chen", after=SECOND), put("bo", person="bo", after=MINUTE),
        sends({"email": NOBODY, "ntfy": NOBODY}), (MINUTE, passes()), sends(), passes(),
    ),
    "refused, without another channel": (
        put("a"), put("b", after=MINUTE), put("c", person="bo", after=MINUTE), sends({"email": NOBODY}),
        (MINUTE - SECOND, passes()), (SECOND, passes()), passes(),
    ),
    "refused and shut": (
        put("a"), put("b", after=MINUTE), sends({"email": NOBODY}), (MINUTE, passes("email")), passes(),
    ),
    "works again at night": (
        (8 * HOUR, put("a", rung="")), put("b", person="bo", rung="-2h"), put("c", person="chen", urgent=True),
        put("d", "e", "f", "g", person="dee", rung=""), *fails(5, window=True), (4 * HOUR, sends(window=True)),
        put("h", person="eva", urgent=True), sends(ALL_DOWN, window=True), (MINUTE, sends(window=True)),
        (2 * MINUTE, sends(window=True)), (10 * HOUR + 22 * MINUTE - 6 * SECOND, sends(window=True)),
        (SECOND, sends(window=True)), sends(window=True),
    ),
    "fails once at night": (
        (NIGHT, put("a", urgent=True)), sends(ALL_DOWN, window=True), (MINUTE, sends(window=True)),
    ),
    "works again by day": (
        put("a", "b", "c", "d", rung=""), put("e", "f", "g", "h", person="bo", rung=""), *fails(5, window=True),
        (MINUTE, sends(window=True)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_what_a_failing_channel_brings_about_comes_out_to_the_letter(
    database: Database, rules: Rules, name: str
) -> None:
    told = story_of(name, STORIES[name], database, rules)
    hold(database, told.now)


def test_so_many_are_passed_on_at_once_and_the_rest_at_the_next_round(database: Database, rules: Rules) -> None:
    make_hospital(database)
    told = Sendings(database, rules)
    for act in (reached("ana", "email,ntfy"), put(*(f"k{n}" for n in range(MOST_PASSED_ON + 1)), kind=K.ALARM)):
        act.do(told)
    assert [passes("email").do(told) for _ in range(3)] == [MOST_PASSED_ON, 1, 0]


def test_how_channels_do_is_read_at_the_moment_before_and_after(database: Database) -> None:
    morning = MONDAY + HOUR
    with database.transaction("test") as session:
        assert look(session, now=MONDAY) == Breakers()
        assert [failed(session, "email", why="x" * 501, now=MONDAY + n * SECOND) for n in range(6)] == [*range(1, 7)]
        assert failed(session, "ntfy", why="busy", now=MONDAY) == 1
        assert session.exec(select(ChannelState.why).where(ChannelState.channel == "email")).one() == "x" * 500
        both, email = frozenset({"email", "ntfy"}), frozenset({"email"})
        for moment, seen in (
            (MONDAY + 124 * SECOND, Breakers(both, email)),
            (MONDAY + 125 * SECOND, Breakers(both, email, email)),
            (morning - SECOND, Breakers(both, email, email)),
            (morning, Breakers(both, email, email, email)),
        ):
            assert look(session, now=moment) == seen, moment
            assert may_probe(session, "email", now=moment) is bool(seen.probed)
        for channel in both:
            worked(session, channel, now=MONDAY, opens_at=morning)
        assert look(session, now=morning - SECOND) == Breakers(quiet=email)
        assert look(session, now=morning) == Breakers()
        failed(session, "email", why="again", now=MONDAY)
        worked(session, "email", now=MONDAY, opens_at=morning + HOUR)
        assert look(session, now=morning - SECOND) == Breakers(quiet=email), "it was not shut since"
        assert look(session, now=morning) == Breakers()
