"""Whole stories, to the letter: what each deed brings about stands in tests/data/chronicle, in both languages.

A change that is meant is written with WARDCYCLE_CHRONICLE=1, and read as a diff.
"""

from datetime import date, timedelta

import pytest

from engine.rules import Rules
from models.db import Database
from tests.chronicle import (
    MONDAY,
    SENT,
    SWEPT,
    Act,
    Chronicle,
    answer,
    approved,
    away,
    comes_out_to_the_letter,
    decided,
    given,
    left,
    looks,
    moved,
    of_cycle,
    take,
    undo,
)
from tests.places import make_hospital
from tests.walks import PDF, launched, stage, task, template

MINUTE, SOON, DAY = timedelta(minutes=1), timedelta(minutes=5), timedelta(days=1)
CYCLE = template(
    stage("plan", task("study", evidence="optional"), task("agree", after=["study"], accept=True), gate="do"),
    stage("work", task("teach", owner="data-owner", due="3wd"), task("report", owner="lead")),
)
FRIDAY_WEEK, LATER = date(2026, 3, 13), date(2026, 3, 20)
Step = tuple[timedelta, Act]
STORIES: dict[str, tuple[Step, ...]] = {
    "the plain way": (
        (SOON, answer("study", "acknowledge", "dee")),
        (SOON, answer("study", "acknowledge", "dee")),
        (DAY, answer("study", "done", "dee", note="counted for two weeks", evidence=(PDF,))),
        (SOON, answer("study", "done", "ana")),
        (SOON, answer("agree", "done", "dee")),
        (SOON, looks("ana")),
        (SOON, decided("agree", "return", "ana", note="the figures are missing", until=LATER)),
        (SOON, answer("agree", "done", "dee")),
        (SOON, decided("agree", "accept", "ana", note="")),
        (SOON, looks("ana")),
        (SOON, approved("plan", "dee")),
        (SOON, approved("plan", "ana")),
        (SOON, answer("teach", "done", "gao")),
        (SOON, answer("teach", "done", "chen")),
        (SOON, answer("report", "done", "ana")),
    ),
    "more time and obstacles": (
        (SOON, answer("study", "extend", "dee", note="more data", until=FRIDAY_WEEK)),
        (SOON, decided("study", "refuse", "ana", note="it is urgent")),
        (SOON, answer("study", "extend", "dee", note="more data", until=LATER)),
        (SOON, looks("ana")),
        (SOON, decided("study", "grant", "ana", note="")),
        (SOON, answer("study", "blocked", "dee", note="no room")),
        (SOON, looks("bo")),
        (SOON, decided("study", "remove", "bo", note="take the library")),
        (SOON, answer("study", "blocked", "dee", note="no time")),
        (SOON, decided("study", "give", "bo", note="has time", to="gao", until=FRIDAY_WEEK)),
        (SOON, answer("study", "blocked", "gao", note="no need")),
        (3 * DAY, SWEPT),
        (SOON, decided("study", "stop", "feng", note="merged with another")),
    ),
    "nobody answers": (
        *((DAY, SWEPT) for _ in range(21)),
        (SOON, looks("feng")),
        (SOON, decided("study", "grant", "feng", note="instruments arrive late", until=date(2026, 4, 10))),
    ),
    "handed over": (
        (SOON, SENT),
        (SOON, answer("study", "hand-over", "dee", note="on leave", to="gao")),
        (SOON, take("study", "chen")),
        (SOON, take("study", "gao")),
        (SOON, given("study", "chen", "ana")),
        (SOON, moved("study", LATER, "ana")),
        (SOON, away("chen", "eva", LATER)),
        (SOON, moved("study", FRIDAY_WEEK, "ana")),
        (SOON, left("chen", "gao")),
    ),
    "gone": (
        (SOON, moved("study", LATER, "ana")),
        (SOON, answer("study", "done", "dee")),
        (SOON, answer("agree", "extend", "dee", until=LATER)),
        (SOON, looks("ana")),
        (SOON, left("dee", "gao")),
        (SOON, left("ana", "chen")),
        (SOON, answer("agree", "done", "gao")),
        (SOON, looks("chen")),
        (SOON, decided("agree", "refuse", "chen", note="by Friday")),
        (8 * DAY, SWEPT),
        (SOON, left("bo", "feng")),
        (SOON, looks("feng")),
    ),
    "taken back": (
        (MINUTE, answer("study", "acknowledge", "dee")),
        (MINUTE, undo("study", "dee")),
        (MINUTE, SENT),
        (MINUTE, answer("study", "done", "dee")),
        (MINUTE, undo("study", "ana")),
        (MINUTE, answer("study", "extend", "dee", until=LATER)),
        (MINUTE, SENT),
        (MINUTE, undo("study", "dee")),
        (MINUTE, undo("study", "dee")),
        (MINUTE, answer("study", "hand-over", "dee", to="gao")),
        (timedelta(minutes=11), undo("study", "dee")),
        (MINUTE, answer("study", "done", "dee")),
        (MINUTE, answer("agree", "done", "dee")),
        (MINUTE, undo("agree", "ana")),
        (MINUTE, answer("agree", "done", "dee")),
        (MINUTE, decided("agree", "accept", "ana")),
        (MINUTE, approved("plan", "ana")),
        (MINUTE, answer("report", "done", "ana")),
        (MINUTE, answer("teach", "done", "gao")),
        (MINUTE, undo("teach", "gao")),
    ),
    "paused and cancelled": (
        (SOON, of_cycle("pause", "ana")),
        (SOON, answer("study", "done", "dee")),
        (4 * DAY, of_cycle("resume", "ana")),
        (SOON, answer("study", "extend", "dee", until=LATER)),
        (SOON, of_cycle("pause", "ana")),
        (3 * DAY, of_cycle("resume", "ana")),
        (SOON, of_cycle("cancel", "ana")),
        (SOON, decided("study", "grant", "ana")),
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_comes_out_to_the_letter(database: Database, rules: Rules, name: str) -> None:
    make_hospital(database)
    comes_out_to_the_letter(Chronicle(launched(database, rules, MONDAY, CYCLE)), STORIES[name], name)
