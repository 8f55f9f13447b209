"""Answers that are taken back, to the letter: what opens again, who is told again, and what stays as it was.

The stories stand in tests/data/chronicle; a change that is meant is written with WARDCYCLE_CHRONICLE=1.
"""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from sqlmodel import col, select

from engine.rules import Rules
from engine.undo import undo_answer
from models.cycle import Stage
from models.db import Database
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from models.task import Answer, Decision, Task
from models.transitions import move
from tests.chronicle import (
    MONDAY,
    SENT,
    SWEPT,
    Act,
    Chronicle,
    answer,
    away,
    comes_out_to_the_letter,
    decided,
    given,
    launches,
    looks,
    moved,
    stands,
    take,
    undo,
)
from tests.places import make_hospital
from tests.walks import Part, launched, stage, task, template

AT_ONCE, MINUTE, DAY = timedelta(0), timedelta(minutes=1), timedelta(days=1)
WEEK, LATER = date(2026, 3, 13), date(2026, 3, 20)
OVERDUE = timedelta(days=8)
Step = tuple[timedelta, Act]

FORK = template(
    stage("first", task("ask"), task("tell", after=["ask"]), task("show", owner="lead", after=["ask"])),
    stage("second", task("teach", owner="data-owner"), task("test", owner="lead"), gate="do"),
)
TWO = template(stage("work", task("study"), task("report"), task("teach", owner="data-owner")))

STORIES: dict[str, tuple[Part, tuple[Step, ...]]] = {
    "taken back with what it opened": (
        FORK,
        (
            (MINUTE, answer("ask", "done", "dee")),
            (MINUTE, undo("ask", "dee")),
            (MINUTE, stands(Stage, Task)),
            (MINUTE, answer("ask", "done", "dee")),
            (MINUTE, SENT),
            (MINUTE, answer("show", "extend", "ana", until=LATER)),
            (MINUTE, undo("ask", "dee")),
            (MINUTE, undo("show", "ana")),
            (MINUTE, undo("ask", "dee")),
            (MINUTE, answer("ask", "done", "dee")),
            (MINUTE, answer("tell", "acknowledge", "dee")),
            (MINUTE, undo("ask", "dee")),
            (MINUTE, answer("tell", "done", "dee")),
            (MINUTE, answer("show", "done", "ana")),
            (MINUTE, stands(Stage, Task)),
            (MINUTE, undo("show", "ana")),
            (MINUTE, stands(Stage, Task)),
            (MINUTE, answer("show", "done", "ana")),
            (MINUTE, answer("test", "blocked", "ana")),
            (MINUTE, undo("show", "ana")),
            (MINUTE, undo("test", "ana")),
            (MINUTE, answer("teach", "done", "gao")),
            (MINUTE, answer("test", "done", "ana")),
            (MINUTE, undo("teach", "gao")),
            (MINUTE, undo("test", "ana")),
            (MINUTE, stands(Stage, Task, Answer, Decision)),
        ),
    ),
    "taken back on the ladder": (
        TWO,
        (
            (MINUTE, SENT),
            (OVERDUE - DAY, SWEPT),
            (MINUTE, away("dee", "eva", LATER)),
            (DAY, SWEPT),
            (MINUTE, answer("study", "blocked", "eva", note="no room")),
            (AT_ONCE, answer("report", "done", "dee")),
            (AT_ONCE, moved("teach", WEEK, "ana")),
            (AT_ONCE, answer("teach", "extend", "gao", until=LATER)),
            (MINUTE, undo("study", "eva")),
            (MINUTE, undo("teach", "ana")),
            (MINUTE, stands(Task, Decision, Delivery)),
            (MINUTE, looks("bo")),
            (MINUTE, answer("study", "done", "dee")),
            (MINUTE, SENT),
            (MINUTE, undo("study", "ana")),
            (MINUTE, decided("study", "grant", "bo", until=LATER)),
            (DAY, SWEPT),
        ),
    ),
    "given meanwhile and taken back": (
        TWO,
        (
            (MINUTE, answer("study", "hand-over", "dee", to="chen")),
            (MINUTE, answer("study", "extend", "dee", until=LATER)),
            (MINUTE, given("study", "gao", "ana")),
            (MINUTE, undo("study", "dee")),
            (MINUTE, take("study", "chen")),
            (MINUTE, answer("study", "blocked", "gao")),
            (MINUTE, given("study", "dee", "ana")),
            (MINUTE, undo("study", "ana")),
            (MINUTE, launches("bo")),
            (MINUTE, answer("study", "done", "dee")),
            (MINUTE, undo("study", "dee")),
        ),
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_of_answers_taken_back_comes_out_to_the_letter(database: Database, rules: Rules, name: str) -> None:
    make_hospital(database)
    written, steps = STORIES[name]
    comes_out_to_the_letter(Chronicle(launched(database, rules, MONDAY, written)), steps, name)


QUEUED, SENDING, BUNDLED = DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.BUNDLED


@pytest.mark.parametrize(
    ("way", "heard"),
    [
        ((), False),
        ((SENDING,), True),
        ((SENDING, DeliveryStatus.SENT), True),
        ((SENDING, DeliveryStatus.HELD), True),
        ((BUNDLED,), True),
        ((BUNDLED, DeliveryStatus.DROPPED), False),
        ((DeliveryStatus.DEAD,), False),
        ((DeliveryStatus.DROPPED,), False),
    ],
)
def test_who_may_have_heard_of_an_answer_is_told_that_it_was_taken_back(
    database: Database, rules: Rules, way: tuple[DeliveryStatus, ...], heard: bool
) -> None:
    make_hospital(database)
    walk = launched(database, rules, MONDAY, TWO)
    walk.answer("study", "hand-over", "dee", MONDAY, to="gao", note="on leave")
    with database.transaction("test") as session:
        of_it = select(Delivery.id).join(Notification, col(Notification.id) == col(Delivery.notification_id))
        offer = list(session.exec(of_it.where(Notification.kind == NotificationKind.HAND_OVER)))
        for old, new in pairwise((QUEUED, *way)):
            settled = {} if new in (SENDING, BUNDLED) else {"settled_at": MONDAY}
            move(session, Delivery, offer, old, new, by=None, now=MONDAY, values=settled)
    walk.run(undo_answer, 1, "dee", MONDAY + MINUTE)
    assert walk.told("taken-back") == ([("taken-back", "", "gao")] if heard else [])
    assert ("hand-over", "gao") not in walk.queued()
