"""Processes that do one thing to a database and may be killed at any commit of it, quickly enough to try every one."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.context import ForkServerProcess

from sqlmodel import Session

from config.calendar import calendar_of
from config.catalogue import read_catalogue
from engine.launch import Launch, launch_cycle
from engine.people import directory
from engine.rules import Rules
from engine.sweep import sweep
from engine.tasks import GivenAnswer, submit_answer
from models.db import Database
from models.errors import AlreadyAnswered
from models.queries import get_task
from models.task import AnswerKind
from notifications.deliver import deliver_due
from tests.voices import mail_voice
from tests.walks import stage, task, template, with_template

QUICK = template(
    stage("first", task("report", owner="lead", due="1wd"), task("review", owner="dept-head", after=["report"])),
    stage("second", task("close", owner="lead", due="1wd")),
    id="quick",
)
START_S = 60


@dataclass(frozen=True)
class Point:
    """Where the process is killed: around its n-th commit; 0 is never."""

    commit: int
    after: bool


class Deadly(Database):
    """A database whose process is killed with signal 9 around one of its commits."""

    point = Point(0, False)
    n_commits = 0

    @contextmanager
    def transaction(self, door: str) -> Iterator[Session]:
        """Open a transaction that may be the last one."""
        self.n_commits += 1
        strikes = self.n_commits == self.point.commit
        with super().transaction(door) as session:
            yield session
            if strikes and not self.point.after:
                session.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        if strikes:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Deed:
    """What a child does, and when. `port`: of the mail server; `key`: of the launch."""

    verb: str
    now: datetime
    port: int = 0
    key: str = "once"


def make_rules() -> Rules:
    """Make the rules with the small template."""
    catalogue = read_catalogue(environ={})
    return with_template(Rules(calendar_of(catalogue.calendars["cn"]), catalogue), QUICK)


def _launch(database: Database, rules: Rules, deed: Deed) -> None:
    asked = Launch(template="quick", unit="ward-3", lead="ana", launch_key=deed.key)
    with database.transaction("test") as session:
        launch_cycle(session, asked, rules=rules, by=None, now=deed.now)


def _answer(database: Database, rules: Rules, deed: Deed) -> None:
    given = GivenAnswer(kind=AnswerKind.DONE, note="counted")
    # Whoever was killed after the commit answers again, and hears that it is done.
    with suppress(AlreadyAnswered), database.transaction("test") as session:
        task_id = get_task(session, "C2026-0001/report").id
        by = directory(session).person("ana").id
        submit_answer(session, task_id, given, rules=rules, by=by, now=deed.now)


def _sweep(database: Database, rules: Rules, deed: Deed) -> None:
    sweep(database, rules=rules, now=deed.now)


def _deliver(database: Database, rules: Rules, deed: Deed) -> None:
    deliver_due(database, voice=mail_voice(deed.port), now=lambda: deed.now, random=lambda: 0.0)


VERBS: dict[str, Callable[[Database, Rules, Deed], None]] = {
    "launch": _launch,
    "answer": _answer,
    "sweep": _sweep,
    "deliver": _deliver,
}


RULES = make_rules()  # read once, before the forks


def act(url: str, deed: Deed, point: Point) -> None:
    """Do it; runs in the child."""
    database = Deadly(url)
    database.point = point
    VERBS[deed.verb](database, RULES, deed)
    database.dispose()


FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.chaos.children"])


def start(url: str, deed: Deed, point: Point = Point(0, False)) -> ForkServerProcess:
    """Start a child; imports are done already, so that it costs a fork only."""
    child = FORKS.Process(target=act, args=(url, deed, point))
    child.start()
    return child


def run(url: str, deed: Deed, point: Point = Point(0, False)) -> bool:
    """Run a child to its end; returns whether it was killed. Any other bad end fails."""
    child = start(url, deed, point)
    child.join(START_S)
    assert child.exitcode in (0, -signal.SIGKILL), child.exitcode
    return child.exitcode != 0
