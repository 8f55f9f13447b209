"""What every verdict changes, what is refused and to whom it goes up: whole, column by column."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from engine.asking import pass_up
from engine.people import Directory, directory
from engine.rules import Rules
from engine.waiting import Waits, waiting_for
from models.db import Database
from models.people import Person, Rhythm, RoleHolding
from tests.chronicle import (
    LAUNCHED,
    SWEPT,
    ZONE,
    Act,
    Chronicle,
    answer,
    approved,
    away,
    by_hand,
    by_link,
    decided,
    looks,
    of_cycle,
)
from tests.day_book import DayBook, Step, tell
from tests.places import make_hospital
from tests.walks import launched, stage, task, template, with_template

AT_ONCE, MINUTE, DAY = timedelta(0), timedelta(minutes=1), timedelta(days=1)
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in the hospital
SOON, LATER, LAST = date(2026, 3, 13), date(2026, 3, 20), date(2026, 3, 27)
CYCLE = template(
    stage("plan", task("study", owner="data-owner"), task("agree", after=["study"], accept=True), gate="do"),
    stage("work", task("teach", owner="lead")),
    urgent=True,
)


def elsewhere(act: Act) -> Act:
    """The same in the cycle before."""

    def do(told: Chronicle) -> object:
        return act.do(replace(told, walk=replace(told.walk, cycle_id=told.walk.cycle_id - 1)))

    return Act(f"elsewhere: {act.title}", do)


def without(role: str) -> Act:
    """Nobody holds a role any more."""

    def write(session: Session, _: Directory) -> None:
        session.execute(sa.delete(RoleHolding).where(col(RoleHolding.role) == role))

    return by_hand(f"nobody holds {role}", write)


def reads(person: str, digest: Rhythm) -> Act:
    """Somebody wants letters together."""

    def write(session: Session, _: Directory) -> None:
        session.execute(sa.update(Person).where(col(Person.slug) == person).values(digest=digest))

    return by_hand(f"{person} reads {digest.value}", write)


def goes_up(number: int) -> Act:
    """The clock comes to one question alone."""

    def do(told: Chronicle) -> object:
        with told.walk.database.transaction("test") as session:
            return [f"passed up: {pass_up(session, number, rules=told.walk.rules, now=told.now)}"]

    return Act(f"question {number} comes to its time", do)


def waits(by: str, most: int, also: int | None = None) -> Act:
    """Somebody counts what waits."""

    def do(told: Chronicle) -> object:
        with told.walk.database.reading() as session:
            who, rules = directory(session).person(by).id, told.walk.rules
            mine = waiting_for(session, who, rules=rules, now=told.now, most=most, also=also)
            return [f"{mine.n_all} wait", *(f"  {_short(one)}" for one in mine.first)]

    return Act(f"{by} looks at {most} of what waits, also {also}", do)


def _short(one: Waits) -> str:
    about = f"{one.cycle.code}/{one.stage.slug}/{one.task.slug if one.task else '-'}"
    answered = f"{one.answer.kind.value} {one.answer.until_on}" if one.answer else "no answer"
    verdicts = " ".join(effect.verdict.value for effect in one.effects) or one.ending
    asked = f"{one.decision.id} {one.decision.kind.value} since {one.since.astimezone(ZONE):%d %b %H:%M}"
    return f"{asked} {about} {one.owners} {answered}: {verdicts}"


STORIES: dict[str, tuple[Step, ...]] = {
    "questions of an owner": (
        (MINUTE, decided("study", "grant", "ana")),
        (MINUTE, answer("study", "extend", "chen", until=LATER, note="more data")),
        (MINUTE, elsewhere(answer("study", "extend", "gao", until=LAST, note="as well"))),
        (MINUTE, decided("study", "accept", "ana")),
        (MINUTE, decided("study", "grant", "bo")),
        (MINUTE, by_link(decided("study", "grant", "ana"))),
        (MINUTE, decided("study", "grant", "ana", about=2)),
        (MINUTE, decided("study", "refuse", "ana", note=" ")),
        (MINUTE, decided("study", "grant", "ana", until=date(2026, 3, 1))),
        (MINUTE, decided("study", "grant", "ana", until=LAST, note="")),
        (MINUTE, looks("ana")),
        (MINUTE, decided("study", "grant", "ana", until=LATER, note=" ", about=1)),
        (MINUTE, answer("study", "extend", "gao", until=LAST)),
        (MINUTE, decided("study", "refuse", "ana", note="in a week", until=SOON)),
        (MINUTE, answer("study", "extend", "gao", until=LAST)),
        (MINUTE, decided("study", "give", "ana")),
        (MINUTE, decided("study", "give", "ana", to="nobody")),
        (MINUTE, decided("study", "give", "ana", to="dee", until=date(2026, 3, 1))),
        (MINUTE, decided("study", "give", "ana", to="dee", until=LATER)),
        (MINUTE, answer("study", "blocked", "dee", note="no room")),
        (MINUTE, decided("study", "grant", "bo")),
        (MINUTE, decided("study", "remove", "bo", until=date(2026, 3, 1))),
        (MINUTE, decided("study", "remove", "bo", note="the library", until=LAST)),
        (MINUTE, answer("study", "blocked", "dee", note="no time")),
        (MINUTE, decided("study", "give", "bo", to="gao", note="has time")),
        (MINUTE, answer("study", "blocked", "gao", note="no need")),
        (MINUTE, decided("study", "stop", "ana", note="o" * 501)),
        (MINUTE, answer("agree", "done", "dee")),
        (MINUTE, decided("agree", "return", "ana", note="")),
        (MINUTE, decided("agree", "return", "ana", note="one is missing", until=SOON)),
        (MINUTE, answer("agree", "done", "ana")),
        (MINUTE, decided("agree", "accept", "bo", note="")),
        (MINUTE, waits("ana", 2)),
        (MINUTE, waits("bo", 9)),
    ),
    "questions of the ladder": (
        (8 * DAY, SWEPT),
        (MINUTE, looks("bo")),
        (MINUTE, decided("study", "remove", "bo")),
        (MINUTE, decided("study", "give", "bo", to="dee")),
        (MINUTE, decided("study", "grant", "bo")),
        (MINUTE, decided("study", "refuse", "bo")),
        (2 * DAY, SWEPT),
        (MINUTE, decided("study", "grant", "dee")),
        (MINUTE, waits("ana", 9)),
        (MINUTE, waits("bo", 9)),
        (MINUTE, waits("eva", 1)),
        (MINUTE, waits("bo", 9, also=4)),
        (MINUTE, waits("dee", 9, also=4)),
        (MINUTE, answer("study", "extend", "chen", until=LAST)),
        (MINUTE, waits("ana", 9)),
        (4 * DAY, looks("ana")),
        (MINUTE, decided("study", "refuse", "ana", note="go on")),
        (DAY, SWEPT),
        (MINUTE, waits("feng", 9)),
        (MINUTE, decided("study", "stop", "eva", note="merged")),
    ),
    "on the way up": (
        (MINUTE, answer("study", "extend", "chen", until=LAST, note="more data")),
        (MINUTE, elsewhere(answer("study", "blocked", "gao", note="no room"))),
        (MINUTE, goes_up(1)),
        (2 * DAY - 4 * MINUTE, goes_up(1)),
        (MINUTE, goes_up(1)),
        (AT_ONCE, goes_up(1)),
        (MINUTE, away("bo", "dee", LAST)),
        (MINUTE, looks("dee")),
        (MINUTE, decided("study", "grant", "eva")),
        (2 * DAY, SWEPT),
        (4 * DAY, SWEPT),
        (DAY, SWEPT),
        (7 * DAY, SWEPT),
        (MINUTE, of_cycle("pause", "ana")),
        (MINUTE, waits("feng", 9)),
        (7 * DAY, goes_up(9)),
        (MINUTE, of_cycle("resume", "ana")),
        (MINUTE, waits("feng", 9)),
        (MINUTE, decided("study", "grant", "dee", until=date(2026, 4, 10), note="at last")),
        (MINUTE, answer("study", "done", "chen")),
        (MINUTE, answer("agree", "done", "dee")),
        (2 * DAY, SWEPT),
        (MINUTE, waits("bo", 9)),
        (MINUTE, decided("agree", "accept", "bo", note="")),
        (MINUTE, waits("ana", 9)),
        (4 * DAY, SWEPT),
        (MINUTE, waits("bo", 9)),
    ),
    "asked of those who ask": (
        (MINUTE, answer("mine", "extend", "ana", until=LATER)),
        (MINUTE, answer("top", "blocked", "feng", note="no room")),
        (MINUTE, answer("ward", "blocked", "dee", note="no time")),
        (2 * DAY, SWEPT),
        (MINUTE, without("quality-office")),
        (2 * DAY, SWEPT),
        (5 * DAY, SWEPT),
        (MINUTE, waits("ana", 9)),
        (MINUTE, decided("ward", "stop", "eva")),
    ),
    "asked of themselves": (
        (MINUTE, answer("top", "blocked", "feng", note="no room")),
        (MINUTE, answer("mine", "extend", "ana", until=LATER)),
        (MINUTE, decided("mine", "grant", "ana")),
        (MINUTE, answer("ward", "extend", "ana", until=LATER)),
        (2 * DAY, SWEPT),
        (MINUTE, waits("feng", 9)),
    ),
    "what is coming": (
        (MINUTE, reads("chen", Rhythm.DAILY)),
        (MINUTE, answer("top", "extend", "feng", until=LATER)),
        (MINUTE, answer("data", "extend", "gao", until=LAST)),
        (MINUTE, answer("bare", "extend", "gao", until=LAST)),
        (MINUTE, looks("ana")),
        (MINUTE, waits("ana", 2)),
    ),
    "two levels at once": (
        (8 * DAY, SWEPT),
        (MINUTE, looks("bo")),
        (MINUTE, looks("eva")),
        (MINUTE, waits("bo", 9, also=3)),
        (MINUTE, decided("mine", "grant", "bo", until=LATER, about=7)),
        (MINUTE, decided("mine", "grant", "bo", until=LATER, about=8)),
        (MINUTE, decided("ward", "stop", "eva")),
    ),
    "what an end brings": (
        (MINUTE, answer("teach", "done", "ana")),
        (MINUTE, answer("show", "done", "dee")),
        (MINUTE, looks("ana")),
        (MINUTE, decided("show", "accept", "ana")),
        (MINUTE, answer("write", "done", "dee")),
        (MINUTE, answer("read", "blocked", "dee", note="no light")),
        (MINUTE, looks("bo")),
        (MINUTE, decided("read", "stop", "bo")),
        (MINUTE, looks("ana")),
        (MINUTE, approved("work", "ana")),
        (MINUTE, answer("tell", "blocked", "dee", note="no room")),
        (MINUTE, looks("bo")),
        (MINUTE, decided("tell", "stop", "bo")),
        (MINUTE, answer("ask", "done", "dee")),
        (MINUTE, looks("ana")),
        (MINUTE, decided("ask", "accept", "ana")),
        (MINUTE, answer("sum", "blocked", "dee", note="no figures")),
        (MINUTE, looks("bo")),
        (MINUTE, decided("sum", "stop", "bo")),
        (MINUTE, answer("hear", "blocked", "gao", note="nobody came")),
        (MINUTE, looks("bo")),
        (MINUTE, decided("hear", "stop", "bo")),
    ),
}


OWN = template(stage("work", task("mine", owner="lead"), task("top", owner="hospital-head"), task("ward")))
ENDS = template(
    stage("work", task("teach", owner="lead"), task("show", accept=True), task("write", after=["teach", "show"]),
          task("read", after=["write", "show"]), gate="do"),
    stage("words", task("tell"), task("ask", accept=True, after=["write"]), task("sum", after=["tell", "ask"])),
    stage("end", task("hear", owner="data-owner", after=["tell"])),
)  # fmt: skip
COMING = template(
    stage("work", task("top", owner="hospital-head"), task("data", owner="data-owner", remind=["-1wd", "-2h"]),
          task("bare", owner="data-owner", remind=[]))
)  # fmt: skip
CYCLES = {
    "asked of those who ask": OWN,
    "asked of themselves": OWN,
    "what is coming": COMING,
    "two levels at once": OWN,
    "what an end brings": ENDS,
}
LADDERS = {
    "asked of those who ask": (("1wd", "lead"), ("2wd", "pharmacy"), ("3wd", "hospital-head")),
    "asked of themselves": (("1wd", "hospital-head"),),
    "what is coming": (("1wd", "hospital-head"),),
    "two levels at once": (("1wd", "dept-head"), ("1wd", "quality-office"), ("3wd", "hospital-head")),
}


@pytest.mark.parametrize("name", STORIES)
def test_what_is_asked_and_decided_is_kept_whole(database: Database, rules: Rules, name: str) -> None:
    make_hospital(database)
    written = CYCLES.get(name, CYCLE)
    rules = with_template(rules, written, LADDERS.get(name))
    launched(database, rules, MONDAY, written)
    told = DayBook(launched(database, rules, MONDAY, written))
    told.step(LAUNCHED, after=AT_ONCE)
    tell(told, STORIES[name], f"decisions {name}")
