"""One tick: everything that is due at a moment, in transactions of a batch each; one bad row never stops the next."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from engine.alarms import raise_alarms
from engine.asking import pass_up
from engine.cycles import start_due_cycle
from engine.outages import is_outage, note_outage
from engine.provisional import announced_before, settle_provisional
from engine.reminders import find_due_ids, plan_reminders, put_off
from engine.rounds import Rounds
from engine.rules import Rules
from models.base import table_of
from models.cycle import Cycle, CycleStatus
from models.db import Database
from models.notification import UNHEARD, Delivery, Heartbeat
from models.task import PROVISIONAL, Decision, Task, TaskStatus

log = logging.getLogger("wardcycle.sweep")
BATCH = 500
PUT_OFF = timedelta(minutes=15)
LOOP = "sweep"
BEAT = timedelta(seconds=30)  # often enough for the watch; ticks in between write nothing


@dataclass(frozen=True)
class Swept:
    """What a sweep did."""

    n_fired: int
    n_passed_up: int
    n_started: int
    n_alarms: int
    n_moved: int
    n_failed: int


def sweep(
    database: Database, *, rules: Rules, now: datetime, door: str = "sweep", batch: int = BATCH, live: bool = False
) -> Swept:
    """Do everything that is due at `now`. Running it twice, late, or twice at once brings nothing twice.

    live: the clock is the real one, so that a long time since the last sweep was an outage.
    """
    with database.reading() as session:
        due = find_due(session, announced_before=announced_before(rules), now=now)
    if live and due.beat_at is not None and is_outage(due.beat_at, now, rules.calendar):
        with database.transaction(door) as session:
            note_outage(session, due.beat_at, now)
    rounds = Rounds(database, door)
    n_started = rounds.each(due.cycles, partial(start_due_cycle, rules=rules, now=now))
    n_moved = rounds.all_of(due.moves, lambda session: settle_provisional(session, rules=rules, now=now, batch=batch))
    n_fired, n_failed = _plan(database, rules, now, door, batch) if due.tasks or n_started or n_moved else (0, 0)
    n_passed = rounds.each(due.decisions, partial(pass_up, rules=rules, now=now))
    n_alarms = rounds.all_of(due.alarms, lambda session: raise_alarms(session, rules=rules, now=now))
    if due.beat_at is None or not timedelta(0) <= now - due.beat_at < BEAT:
        with database.transaction(door) as session:
            beat(session, LOOP, now)
    return Swept(n_fired, n_passed, n_started, n_alarms, n_moved, n_failed + rounds.n_failed)


@dataclass(frozen=True)
class _Due:
    """What a tick will find: rows by id where each gets a transaction of its own, else whether there are any."""

    cycles: Sequence[int]
    decisions: Sequence[int]
    tasks: bool
    moves: bool
    alarms: bool
    beat_at: datetime | None


_cycle, _decision, _task, _delivery = table_of(Cycle), table_of(Decision), table_of(Task), table_of(Delivery)
_NOW = sa.bindparam("now", type_=_task.c.next_fire_at.type)
_STARTS = (
    sa.select(_cycle.c.id)
    .where(_cycle.c.status == CycleStatus.PLANNED, _cycle.c.starts_at <= _NOW)
    .order_by(_cycle.c.starts_at, _cycle.c.id)
)
_ASKED = sa.select(_decision.c.id).where(_decision.c.next_at <= _NOW).order_by(_decision.c.next_at, _decision.c.id)
_FIRES = sa.select(_task.c.id).where(_task.c.next_fire_at <= _NOW)
_MOVES = sa.select(_task.c.id).where(
    PROVISIONAL, _task.c.status == TaskStatus.OPEN, _task.c.deadline_at < sa.bindparam("announced_before")
)
_ALARMS = sa.select(_delivery.c.id).where(UNHEARD)
_LAST_BEAT = sa.select(col(Heartbeat.beat_at)).where(col(Heartbeat.loop) == LOOP).scalar_subquery()
_LOOK = sa.select(*(sa.exists(look.order_by(None)) for look in (_STARTS, _ASKED, _FIRES, _MOVES, _ALARMS)), _LAST_BEAT)


def find_due(session: Session, *, announced_before: datetime | None, now: datetime) -> _Due:
    """Look into the small indexes of what is due; a tick that finds nothing costs this one statement."""
    moments = {"now": now, "announced_before": announced_before}
    connection = session.connection()
    cycles, decisions, tasks, moves, alarms, beat_at = connection.execute(_LOOK, moments).one()
    return _Due(
        connection.execute(_STARTS, moments).scalars().all() if cycles else (),
        connection.execute(_ASKED, moments).scalars().all() if decisions else (),
        tasks,
        moves,
        alarms,
        beat_at,
    )


def beat(session: Session, loop: str, now: datetime) -> None:
    """Note that a loop came round, for the watch."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(Heartbeat).values(loop=loop, beat_at=now)
    session.execute(row.on_conflict_do_update(index_elements=["loop"], set_={"beat_at": now}))


def _plan(database: Database, rules: Rules, now: datetime, door: str, batch: int) -> tuple[int, int]:
    n_fired = n_failed = 0
    while True:
        try:
            with database.transaction(door) as session:
                n = plan_reminders(session, rules=rules, now=now, batch=batch)
        except Exception:
            log.exception("a batch could not be planned", extra={"action": "batch_failed"})
            n_ok, n_bad = _plan_one_by_one(database, rules, now, door, batch)
            n, n_failed = n_ok + n_bad, n_failed + n_bad
        n_fired += n
        if n == 0:
            return n_fired - n_failed, n_failed


def _plan_one_by_one(database: Database, rules: Rules, now: datetime, door: str, batch: int) -> tuple[int, int]:
    with database.reading() as session:
        ids = find_due_ids(session, now=now, batch=batch)
    n_ok = n_bad = 0
    for task_id in ids:
        try:
            with database.transaction(door) as session:
                n_ok += plan_reminders(session, rules=rules, now=now, batch=1, only=task_id)
        except Exception as error:
            log.exception("a task could not be planned", extra={"action": "task_failed", "task_id": task_id})
            with database.transaction(door) as session:
                put_off(session, task_id, until=now + PUT_OFF, why=type(error).__name__, now=now)
            n_bad += 1
    return n_ok, n_bad
