"""Digests, to the letter: what goes together, what an outage makes of it, and what it says in both languages."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from engine.rules import Rules
from models.db import Database
from models.notification import NotificationKind, Outage
from models.people import Rhythm
from notifications.bundle import Bundle, Due, Gap, bundle, older_reminders, plan_bundles
from notifications.senders import SendResult, permanent, transient, unknown
from tests.invariants import hold
from tests.sendings import MONDAY, Act, Sendings, Step, asks, at, left_without, put, reached, sends, story_of, written
from tests.walks import Walk, launched, stage, task, template, with_template

K = NotificationKind
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATER = transient("451 later")
DOWN = transient("the mail server cannot be reached", down=True)
FOUR = template(stage("one", *(task(f"t{n}", due=f"{6 - n}wd") for n in range(4))))
LAUNCHED = Act("launched", lambda told: launched(told.database, told.rules, MONDAY, FOUR).cycle().code)


def busy(free_at: timedelta) -> SendResult:
    """The channel takes no more before a moment."""
    return transient("too many", free_at=MONDAY + free_at)


def stood(first: timedelta, last: timedelta) -> Act:
    """The engine did not run."""
    values = {"from_at": MONDAY + first, "until_at": MONDAY + last}
    return written(
        f"the engine stood from {at(MONDAY + first)} to {at(MONDAY + last)}", sa.insert(Outage).values(values)
    )


def bundles(**choice: object) -> Act:
    """What is due is put into digests, and nothing is sent."""

    def do(told: Sendings) -> int:
        with told.database.transaction("test") as session:
            return bundle(session, now=told.now, **choice)  # type: ignore[arg-type]

    return Act(" ".join(["what is due is bundled", *(f"{name}={said}" for name, said in choice.items())]), do)


def answered(*slugs: str) -> Act:
    """Dee is done with tasks."""

    def do(told: Sendings) -> None:
        for slug in slugs:
            Walk(told.database, with_template(told.rules, FOUR), cycle_id=1).answer(slug, "done", "dee", told.now)

    return Act(f"dee is done with {' '.join(slugs)}", do)


def put4(mark: str, person: str = "ana", **parts: object) -> Act:
    """Four at once, which go together."""
    return put(*(f"{mark}{n}" for n in range(4)), person=person, rung="", **parts)  # type: ignore[arg-type]


STORIES: dict[str, tuple[Step, ...]] = {
    "a digest of tasks": (
        LAUNCHED, bundles(), put("news", person="dee", rung="", after=SECOND),
        put("early", "late", kind=K.REMINDER, person="dee", rung="0wd", task_id=2, cycle_id=1, deadline_no=1),
        put("ask", kind=K.STAGNANT, person="dee", rung="", task_id=3, cycle_id=1, deadline_no=1, level=2),
        put("decide", kind=K.DECISION, person="dee", rung="", task_id=4, cycle_id=1, after=2 * SECOND),
        (2 * SECOND, bundles()), answered("t0"), sends(), sends(),
    ),
    "a digest in Chinese, by a channel that others read": (
        asks("bo", "daily"), reached("bo", "ntfy"), LAUNCHED, asks("dee", "daily"),
        put("task", kind=K.ASSIGNED, person="bo", rung="", task_id=1, cycle_id=1, deadline_no=1),
        put("alarm", kind=K.ALARM, person="bo", rung=""),
         (DAY, sends({"ntfy": unknown("silence")})),
        (MINUTE, sends()),
    ),
    "a digest of which nothing is left": (
        LAUNCHED, bundles(), answered("t0", "t1", "t2", "t3"), sends(), sends(),
    ),
    "only one reminder of a task": (
        LAUNCHED, sends(), asks("dee", "weekly"),
        put("first", "second", kind=K.REMINDER, person="dee", rung="-1wd", task_id=2, cycle_id=1, deadline_no=1),
        put("other", kind=K.REMINDER, person="dee", rung="0wd", task_id=3, cycle_id=1, deadline_no=1),
        put("ana", kind=K.REMINDER, rung="0wd", task_id=3, cycle_id=1, deadline_no=1), sends(),
    ),
    "a reminder that came while its digest waited": (
        LAUNCHED, sends(),
        put("a", kind=K.REMINDER, person="dee", rung="0wd", task_id=2, cycle_id=1, deadline_no=1),
        put("b", "c", "d", person="dee", rung=""), bundles(),
        put("e", kind=K.REMINDER, person="dee", rung="0wd", task_id=2, cycle_id=1, deadline_no=1), bundles(), sends(),
    ),
    "by the next channel": (
        reached("ana", "email,ntfy"), put4("a"), sends({"email": permanent("550 no")}), put4("b"), sends(),
    ),
    "what waits is woken": (
        put4("a"), sends({"email": LATER}), put("b", kind=K.ALARM, rung=""), bundles(), (MINUTE, bundles()), sends(),
    ),
    "after an outage of the sending": (
        put("a", rung=""), put("b", rung="", after=2 * HOUR), put("c", rung="", after=3 * HOUR),
        put("bo", person="bo", rung="", after=2 * HOUR), put("hour"), (2 * HOUR, bundles()), (SECOND, bundles()),
        (HOUR - SECOND, sends()), sends(),
    ),
    "after an outage of the mail server": (
        put("a", "b", rung=""), put("c", person="bo", rung=""), sends({"email": DOWN}),
        (HOUR, sends({"email": DOWN})), (HOUR, sends({"email": LATER})), put("d", rung="", after=HOUR),
        (HOUR, sends()), (HOUR, sends()),
    ),
    "what was tried in vain goes with it": (
        put("a", rung=""), sends({"email": busy(10 * HOUR + SECOND)}),
        put("far", rung=""), sends({"email": busy(10 * HOUR + 2 * SECOND)}),
        put("c", person="bo", rung=""), sends({"email": busy(3 * HOUR)}), put("b", rung=""),
        put("later", rung="", after=3 * HOUR), (2 * HOUR + SECOND, bundles()), sends(),
    ),
    "after an outage of the engine": (
        stood(-15 * DAY, -14 * DAY - SECOND), stood(-3 * HOUR, -2 * HOUR), stood(-HOUR, -MINUTE),
        put("a", rung="", after=-MINUTE), put("b", person="bo", rung="", after=-MINUTE + SECOND),
        put("c", person="dee", rung="", after=-HOUR), put("d", "e", person="dee", rung="", after=-2 * HOUR),
        put("f", person="chen", rung="", after=-HOUR - SECOND), sends(), sends(),
    ),
    "in the place of others": (
        left_without("dee"), LAUNCHED, put("own", kind=K.DECISION, person="bo", rung="", task_id=1, cycle_id=1,
                                           deadline_no=1), sends(),
    ),
    "one outage after the other": (
        stood(-3 * HOUR, -HOUR), put("a", rung="", after=-2 * HOUR), sends({"email": LATER}),
        (HOUR, sends({"email": LATER})), (3 * HOUR, bundles()), (MINUTE, bundles()),
        put("b", rung="", after=-4 * HOUR), bundles(), sends(),
    ),
    "two outages of the engine": (
        stood(-3 * HOUR, -HOUR), put("a", rung="", after=-2 * HOUR), sends({"email": LATER}), stood(-MINUTE, 3 * HOUR),
        (3 * HOUR + MINUTE, sends()),
    ),
    "one channel alone, and not what was looked at": (
        reached("bo", "ntfy"), put4("a"), put4("b", "bo"), put4("c", "dee", after=MINUTE), bundles(only="ntfy"),
        bundles(without=["email"]), (MINUTE, bundles(after=MONDAY + MINUTE)), bundles(after=MONDAY), bundles(), sends(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_a_digest_comes_out_to_the_letter(database: Database, rules: Rules, name: str) -> None:
    told = story_of(name, STORIES[name], database, rules)
    hold(database, told.now)


def due(n: int, wanted: datetime = MONDAY, **other: object) -> Due:
    """A receipt for the first person."""
    made = Due(n, n + 100, K.RECEIPT, 1, None, MONDAY - DAY, "email", 0, wanted, Rhythm.AT_ONCE, None)
    return replace(made, **other)  # type: ignore[arg-type]


def test_what_is_planned_goes_together_by_person_channel_and_rank() -> None:
    four = [due(n) for n in range(4)]
    assert plan_bundles(four, [], MONDAY) == [Bundle(tuple(four), None, None)]
    for other in ({"person_id": 2}, {"channel": "ntfy"}, {"rank": 1}):
        assert plan_bundles([*four[:3], due(9, **other)], [], MONDAY) == []
    asked = [replace(one, rhythm=Rhythm.DAILY) for one in four]
    assert plan_bundles(asked[:1], [], MONDAY) == []
    assert plan_bundles(asked[:2], [], MONDAY) == [Bundle(tuple(asked[:2]), None, None)]
    digest = due(9, kind=K.DIGEST)
    assert plan_bundles([digest], [], MONDAY) == []
    assert plan_bundles([four[0], digest], [], MONDAY) == [Bundle((four[0],), digest, None)]


def test_an_outage_is_named_from_its_beginning_to_its_end() -> None:
    now, early = MONDAY + 2 * HOUR, MONDAY - SECOND
    assert plan_bundles([due(1)], [], now) == []
    for members in ([due(1), due(2, early)], [due(1, early), due(2, MONDAY - MICROSECOND)]):
        gap = Gap(early, now, engine=False)
        assert plan_bundles(members, [], now) == [Bundle(tuple(members), None, gap)]
    tried = due(1, now, first_tried_at=early)
    assert plan_bundles([tried], [], now) == [Bundle((tried,), None, Gap(early, now, engine=False))]
    waits = due(2, early, kind=K.DIGEST)
    assert plan_bundles([waits], [], now) == [Bundle((), waits, Gap(early, now, engine=False))]


MICROSECOND = timedelta(microseconds=1)


def test_an_outage_of_the_engine_has_kept_back_what_was_wanted_in_it_or_planned_at_its_end() -> None:
    gap = Gap(MONDAY, MONDAY + HOUR, engine=True)
    for one, kept in (
        (due(1, MONDAY - SECOND), False), (due(1, MONDAY), True), (due(1, MONDAY + HOUR), True),
        (due(1, MONDAY + HOUR + SECOND), False),
        (due(1, MONDAY + HOUR + SECOND, planned_at=gap.until_at), True),
        (due(1, MONDAY + HOUR + SECOND, planned_at=gap.from_at), False),
    ):  # fmt: skip
        assert plan_bundles([one], [gap], MONDAY + HOUR) == ([Bundle((one,), None, gap)] if kept else []), one
    other = Gap(MONDAY - HOUR, MONDAY - MINUTE, engine=True)
    two = (due(1, MONDAY), due(2, MONDAY - HOUR))
    named = Gap(MONDAY - HOUR, MONDAY + HOUR, engine=True)
    for gaps in ([gap, other], [other, gap], [gap, other, Gap(MONDAY - 2 * DAY, MONDAY - DAY - HOUR, engine=True)]):
        assert plan_bundles(two, gaps, MONDAY + 9 * HOUR) == [Bundle(two, None, named)]


def test_of_reminders_of_a_task_the_newest_is_kept_for_each_person_channel_and_task() -> None:
    one, two, three = (due(n, kind=K.REMINDER, task_id=7) for n in (1, 2, 3))
    assert older_reminders([three, one, two]) == {1, 2}
    for other in ({"person_id": 2}, {"channel": "ntfy"}, {"rank": 1}, {"task_id": 8}, {"kind": K.ASSIGNED}):
        assert older_reminders([one, replace(two, **other)]) == set(), other
