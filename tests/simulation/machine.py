"""The state machine: whatever may happen to tasks and messages, in any order, and what must hold at each step."""

import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from greenlet import greenlet
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy.exc import OperationalError

from config.calendar import calendar_of
from config.catalogue import read_catalogue
from engine.decisions import GivenDecision, Verdict, decide
from engine.launch import Launch, launch_cycle
from engine.outbox import Note, tell
from engine.people import directory
from engine.rules import Rules
from engine.sweep import sweep
from engine.tasks import GivenAnswer, submit_answer
from models.db import Database
from models.errors import WardcycleError
from models.migrations.upgrade import upgrade
from models.notification import DeliveryStatus, NotificationKind
from models.task import AnswerKind
from notifications.channels import Voice
from notifications.claim import LEASE, MOST_CRASHES, MOST_TRIES
from notifications.deliver import deliver_due
from notifications.render import Renderer
from tests.invariants import hold
from tests.places import make_hospital
from tests.postgres import in_memory
from tests.simulation.world import FATES, Clock, Crash, Killed, Post, Unsteady
from tests.voices import SHANGHAI
from tests.walks import ONE, stage, task, template, with_template

BEGAN = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
QUICK = template(
    stage(
        "first",
        task("report", owner="lead", due="1wd", remind=["-2h", "0wd", "+1wd"]),
        task("call", owner="dept-quality-officer", due="4h", remind=["-1h"]),
        task("review", owner="dept-head", due="2wd", after=["report"]),
    ),
    stage("second", task("close", owner="lead", due="1wd")),
    id="quick",
)
URGENT = {**ONE, "id": "urgent", "urgent": True}
LADDER = [("1h", "dept-head"), ("1wd", "quality-office"), ("3wd", "hospital-head")]
END = (DeliveryStatus.SENT, DeliveryStatus.DROPPED, DeliveryStatus.HELD, DeliveryStatus.DEAD)
LATE = {DeliveryStatus.HELD: DeliveryStatus.SENT, DeliveryStatus.DEAD: DeliveryStatus.SENT}

crashes = st.builds(Crash, at_commit=st.integers(0, 4), after=st.booleans(), lost=st.booleans())
senders = st.integers(0, 2)


def make_rules() -> Rules:
    """Make the rules of the small hospital."""
    catalogue = read_catalogue(environ={})
    rules = Rules(calendar_of(catalogue.calendars["cn"]), catalogue)
    return with_template(with_template(rules, QUICK, LADDER), URGENT)


RULES = make_rules()
RENDERER = Renderer(SHANGHAI, "http://ward.test")


def make_template(folder: Path) -> Path:
    """Make the database that every run begins with: a migrated file with the small hospital in it."""
    file = folder / "begin.db"
    database = Database(f"sqlite:///{file}", durable=False)
    upgrade(database)
    make_hospital(database)
    with database.transaction("test") as session:
        # dee has a second way to be told; ana's fallback has no address of its own.
        session.execute(sa.text("UPDATE person SET channels = 'email,sms', addresses = 'sms=1' WHERE slug = 'dee'"))
    database.dispose()
    return file


FOLDER = tempfile.TemporaryDirectory(prefix="wardcycle-simulation-", dir=in_memory())
TEMPLATE = make_template(Path(FOLDER.name))
# One after the other, the runs play in the same place: a statement is compiled once, not in each run anew.
FILE = Path(FOLDER.name) / "run.db"
DATABASE = Unsteady(f"sqlite:///{FILE}", durable=False)


class Hospital(RuleBasedStateMachine):
    """One hospital from its first launch to the day on which everything has found its end."""

    n_steps = 0  # of all runs together: things that happened, each followed by a look at the invariants

    @initialize(seed=st.integers(0, 2**32))
    def open(self, seed: int) -> None:
        """Begin with two cycles."""
        shutil.copy(TEMPLATE, FILE)
        self.database = DATABASE
        self.random, self.clock = Random(seed), Clock(BEGAN)
        self.post = Post(self.database, self.clock)
        self.database.after_sender = self.post.refuse_unwanted
        self.senders: dict[int, greenlet] = {}
        self.ended: dict[int, str] = {}
        self.n_launched = self.n_notes = 0
        for name in ("quick", "urgent"):
            self.launch(name, Crash())

    @rule(name=st.sampled_from(["quick", "urgent"]), crash=crashes)
    def launch(self, name: str, crash: Crash) -> None:
        """Launch a cycle; whoever lost the answer launches again with the same key."""
        self.n_launched += 1
        asked = Launch(template=name, unit="ward-3", lead="ana", launch_key=f"k{self.n_launched}")
        for attempt in (crash, Crash()):
            with self.database.struck(attempt), self.database.transaction("test") as session:
                launch_cycle(session, asked, rules=RULES, by=None, now=self.clock.at)

    @rule(person=st.sampled_from(["ana", "bo", "dee", "eva"]), kind=st.sampled_from(["receipt", "alarm"]))
    def enqueue(self, person: str, kind: str) -> None:
        """Tell somebody something that belongs to no task."""
        self.n_notes += 1
        with self.database.transaction("test") as session:
            person_id = directory(session).person(person).id
            note = Note(f"note:{self.n_notes}", NotificationKind(kind), person_id, self.clock.at)
            tell(session, [note], rules=RULES, now=self.clock.at)
            tell(session, [note], rules=RULES, now=self.clock.at)

    @rule(minutes=st.sampled_from([1, 4, 5, 11, 14, 61, 300, 1441, 4321]))
    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self.clock.at += timedelta(minutes=minutes)

    @rule(minutes=st.sampled_from([-60, -1, 1440]))
    def step_clock(self, minutes: int) -> None:
        """Somebody sets the machine's clock: an hour back, a day ahead."""
        self.clock.at += timedelta(minutes=minutes)

    @rule(crash=crashes)
    def tick(self, crash: Crash) -> None:
        """Plan what is due; a crashed tick is simply followed by another one some time."""
        with self.database.struck(crash):
            sweep(self.database, rules=RULES, now=self.clock.at)

    @rule(who=senders, limit=st.integers(1, 8))
    def start_sender(self, who: int, limit: int) -> None:
        """A sender begins a round; it stands still after each commit and in each send, until it is let go on."""
        if who not in self.senders:
            self.senders[who] = greenlet(lambda: self._deliver(limit))
            self._let(who)

    @rule(who=senders, fates=st.lists(st.sampled_from(FATES), min_size=1, max_size=8))
    def go_on(self, who: int, fates: list[str]) -> None:
        """A sender goes on for some steps, while the others stand still: perhaps past the end of their leases."""
        self.post.fates = [fates[0]]
        for _ in fates:
            self._let(who)
            self.what_has_ended_stays()

    @rule(first=senders, second=senders)
    def freeze(self, first: int, second: int) -> None:
        """A sender stands still past its lease while another one takes over what it had, and both go on."""
        self.start_sender(first, 8)
        self._let(first)
        self.clock.at += LEASE + timedelta(seconds=1)
        self.start_sender(second, 8)
        for who in (second, second, second, first, first, first):
            self._let(who)
            self.what_has_ended_stays()

    @rule(n_times=st.integers(2, 12))
    def refuse_for_now(self, n_times: int) -> None:
        """The other end is busy for days, however often it is asked."""
        for _ in range(n_times):
            self.post.fates = ["busy"] * 30
            self._deliver(30)
            self.what_has_ended_stays()
            self.clock.at += timedelta(hours=8)

    @rule(who=senders)
    def kill(self, who: int) -> None:
        """kill -9 of a sender, wherever it stands."""
        self._let(who, Killed())

    @rule(who=senders)
    def lose_commit(self, who: int) -> None:
        """The answer to a sender's last COMMIT is lost."""
        self._let(who, OperationalError("COMMIT", None, OSError("lost"), connection_invalidated=True))

    @rule(kind=st.sampled_from(list(AnswerKind)), pick=st.integers(0, 99), crash=crashes)
    def answer(self, kind: AnswerKind, pick: int, crash: Crash) -> None:
        """Somebody answers some task, rightly or not."""
        rows = self._rows("SELECT t.id, o.person_id FROM task t JOIN task_owner o ON o.task_id = t.id ORDER BY 1, 2")
        task_id, person_id = rows[pick % len(rows)]
        with self.database.struck(crash):
            self._answer(task_id, person_id, kind)

    @rule(kind=st.sampled_from(list(Verdict)), pick=st.integers(0, 99))
    def decide(self, kind: Verdict, pick: int) -> None:
        """Somebody who was asked decides."""
        rows = self._rows(
            "SELECT d.task_id, n.person_id FROM decision d JOIN notification n ON n.decision_id = d.id"
            " WHERE d.ended_at IS NULL AND d.task_id IS NOT NULL ORDER BY d.id, n.person_id"
        )
        if rows:
            task_id, person_id = rows[pick % len(rows)]
            until = RULES.calendar.local_date(self.clock.at) + timedelta(days=3)
            given = GivenDecision(kind=kind, note="so", until=until, to="dee")
            with suppress(WardcycleError), self.database.transaction("test") as session:
                decide(session, task_id, given, rules=RULES, by=person_id, now=self.clock.at)

    @invariant()
    def what_has_ended_stays(self) -> None:
        """V2: ends are ends, but a late acceptance makes `sent`; V3: copies are explained; tries are counted."""
        Hospital.n_steps += 1
        if not hasattr(self, "database"):
            return
        assert not self.post.broken, self.post.broken
        for key, status, n_tries, n_unknown, n_accepted in self._rows(_DELIVERIES):
            before = self.ended.get(key, status)
            assert status == before or LATE.get(DeliveryStatus(before)) == status, f"V2 {key}: {before} -> {status}"
            if status in END:
                self.ended[key] = status
            assert self.post.copies[key] <= 1 + n_unknown, f"V3 {key}: {self.post.copies[key]} copies"
            assert n_tries <= MOST_TRIES + MOST_CRASHES, f"delivery {key} was tried {n_tries} times"
            assert not n_accepted or status == DeliveryStatus.SENT, f"V2 {key} was accepted and is {status}"

    def teardown(self) -> None:
        """Let the world be well again: everything comes to an end, and all invariants hold."""
        if not hasattr(self, "database"):
            return
        try:
            self._drain()
        finally:
            self.database.dispose()
            FILE.unlink()

    def _drain(self) -> None:
        for who in tuple(self.senders):
            self._let(who, Killed())
        self.post.fates, latest = [], self.clock.at
        for _ in range(12):
            self.clock.at = latest = latest + timedelta(hours=7)
            sweep(self.database, rules=RULES, now=latest)
            self._deliver(None)
            self.what_has_ended_stays()
        sweep(self.database, rules=RULES, now=latest)
        hold(self.database, latest, swept=True)
        assert not self._rows("SELECT id FROM delivery WHERE status = 'sending'"), "a lease was never taken back"
        late = self._rows(f"SELECT id FROM delivery WHERE status = 'queued' AND next_try_at <= '{_sql(latest)}'")
        assert not late, f"V1 deliveries {late} were due and never went"
        silent = self._rows(_SILENT)
        assert not silent, f"V1 dead and nobody knows: {silent}"
        twice = self._rows(_TWICE)
        assert not twice, f"V4 told twice: {twice}"

    def _deliver(self, limit: int | None) -> None:
        spoken = Voice(RENDERER, self.post)
        deliver_due(self.database, voice=spoken, now=self.clock, limit=limit, random=self.random.random)

    def _let(self, who: int, blow: BaseException | None = None) -> None:
        """Let a sender go on to its next pause, or strike it; one that has ended makes room for another."""
        sender = self.senders.get(who)
        if sender is None:
            return
        with suppress(Killed, OperationalError):
            sender.throw(blow) if blow else sender.switch()
        if sender.dead:
            del self.senders[who]

    def _answer(self, task_id: int, person_id: int, kind: AnswerKind) -> None:
        until = RULES.calendar.local_date(self.clock.at) + timedelta(days=5)
        given = GivenAnswer(kind=kind, note="done so", until=until, to="bo")
        with suppress(WardcycleError, OperationalError), self.database.transaction("test") as session:
            submit_answer(session, task_id, given, rules=RULES, by=person_id, now=self.clock.at)

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.reading() as session:
            return [tuple(row) for row in session.execute(sa.text(query))]


def _sql(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


_DELIVERIES = (
    "SELECT d.id, d.status, coalesce(sum(a.outcome IN ('transient', 'unknown')), 0),"
    " sum(a.id IS NOT NULL AND (a.outcome IS NULL OR a.outcome = 'unknown')), coalesce(sum(a.outcome = 'accepted'), 0)"
    " FROM delivery d LEFT JOIN attempt a ON a.delivery_id = d.id GROUP BY d.id"
)
_SILENT = (
    "SELECT d.id FROM delivery d JOIN notification n ON n.id = d.notification_id WHERE n.kind <> 'alarm'"
    " AND d.status IN ('dead', 'held') AND NOT EXISTS (SELECT 1 FROM delivery l WHERE"
    " l.notification_id = d.notification_id AND l.rank > d.rank) AND NOT EXISTS (SELECT 1 FROM notification a"
    " WHERE a.kind = 'alarm' AND a.key LIKE 'alarm:delivery:' || d.id || ':%')"
)
# A key names the thing told: reminders and levels by task and deadline, what the simulation told by its number.
_TWICE = (
    "SELECT min(key), count(*) FROM notification WHERE kind IN ('reminder', 'escalation', 'stagnant')"
    " GROUP BY task_id, deadline_no, kind, rung, level, person_id HAVING count(*) > 1"
    " UNION ALL SELECT min(key), count(*) FROM notification WHERE key LIKE 'note:%'"
    " GROUP BY substr(key, 1, instr(substr(key, 6), ':') + 4) HAVING count(*) > 1"
)
