"""Many rows at once, written past the verbs but such that the verbs can go on with them; never timed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from bench.ward import FAR, FIRST_REMINDER, PERSONS, START
from models.db import Database
from models.notification import Delivery, Notification
from models.task import Task

TASKS = 5  # of one open stage
MOMENT = Task.__table__.c.opened_at.type  # type: ignore[attr-defined]

NUMBERS = "WITH RECURSIVE g(v) AS (SELECT 0 UNION ALL SELECT v + 1 FROM g WHERE v + 1 < :n)"
CYCLES = f"""INSERT INTO cycle (id, code, template, template_version, snapshot, title_en, title_zh, unit_id, lead_id,
    urgent, status, why, launched_at, starts_at)
  {NUMBERS} SELECT :cycle + 1 + v, 'P' || v, c.template, c.template_version, c.snapshot, c.title_en, c.title_zh,
    c.unit_id, c.lead_id, c.urgent, 'active', '', c.launched_at, c.launched_at FROM g, cycle c WHERE c.id = :cycle"""
STAGES = f"""INSERT INTO stage (id, cycle_id, position, slug, title_en, title_zh, status, open_count, note, opened_at)
  {NUMBERS} SELECT :stage + 1 + v, :cycle + 1 + v, 0, s.slug, s.title_en, s.title_zh, 'open', {TASKS}, '', :start
  FROM g, stage s WHERE s.cycle_id = :cycle AND s.position = 0"""
TASK_ROWS = f"""INSERT INTO task (id, cycle_id, stage_id, position, slug, title_en, title_zh, owner_role, due, remind,
    evidence, accept, unstaffed, token, status, opened_at, deadline_at, deadline_no, provisional, next_fire_at,
    reminded_until, level, n_stagnant, why)
  {NUMBERS} SELECT :task + 1 + {TASKS} * v + t.position, :cycle + 1 + v, :stage + 1 + v, t.position, t.slug, t.title_en,
    t.title_zh, t.owner_role, t.due, t.remind, t.evidence, t.accept, t.unstaffed, 'populated-' || v || '-'
    || t.position, 'open', :start, :far, 1, t.provisional, :fire, :start, 0, 0, ''
  FROM g, task t JOIN stage s ON s.id = t.stage_id WHERE s.cycle_id = :cycle AND s.position = 0"""
OWNERS = f"""INSERT INTO task_owner (task_id, person_id)
  SELECT id, :person - id % {PERSONS} FROM task WHERE id > :task"""


def populate(database: Database, seed_cycle: int, n_open: int) -> int:
    """Copy the first stage of a launched cycle until there are so many open tasks; returns the id of the first."""
    with database.transaction("bench") as session:
        if not database.is_sqlite:
            session.execute(sa.text("SET LOCAL statement_timeout = 0"))
        last = {table: _last(session, table) for table in ("stage", "task", "person")}
        assert _last(session, "cycle") == seed_cycle
        moments = {"start": START, "far": FAR, "fire": FAR - FIRST_REMINDER}
        for written in (CYCLES, STAGES, TASK_ROWS, OWNERS):
            statement = sa.text(written)
            given = {"cycle": seed_cycle, "n": n_open // TASKS, **last, **moments}
            named = [sa.bindparam(name, type_=MOMENT) for name in moments if f":{name}" in written]
            session.execute(statement.bindparams(*named), given)
        if not database.is_sqlite:
            _count_on(session)
    _tidy(database)
    return last["task"] + 1


def make_due(database: Database, first: int, n_open: int, n_due: int, seed: int) -> datetime:
    """Make the first reminder of exactly `n_due` tasks, spread over all, due at the moment returned."""
    now = START + timedelta(seconds=100 * (1 + seed))
    step = max(1, n_open // max(n_due, 1))
    ids = [first + (n * step + seed) % n_open for n in range(n_due)]
    fire_at = now - timedelta(seconds=10)
    times = {"next_fire_at": fire_at, "deadline_at": fire_at + FIRST_REMINDER, "reminded_until": START}
    with database.transaction("bench") as session:
        session.execute(sa.update(Task).where(col(Task.id).in_(ids)).values(times))
        told = sa.select(col(Notification.id)).where(col(Notification.task_id).in_(ids))
        session.execute(sa.delete(Delivery).where(col(Delivery.notification_id).in_(told)))
        session.execute(sa.delete(Notification).where(col(Notification.task_id).in_(ids)))
    return now


def queue(session: Session, tasks: Sequence[tuple[int, int, int]], *, first: int, now: datetime) -> None:
    """Queue one `assigned` mail for each (task, cycle, person)."""
    notes = [
        {
            "key": f"bench:{first + n}",
            "kind": "assigned",
            "cycle_id": cycle,
            "task_id": task,
            "person_id": person,
            "rung": "",
            "level": 0,
            "deadline_no": 1,
            "urgent": True,
            "planned_at": now,
            "facts": "{}",
        }
        for n, (task, cycle, person) in enumerate(tasks)
    ]
    made = session.execute(sa.insert(Notification).returning(col(Notification.id)), notes).scalars().all()
    delivery = {"rank": 0, "channel": "email", "status": "queued", "next_try_at": now}
    rest = {"n_attempts": 0, "epoch": 0, "unheard": False, "why": ""}
    session.execute(sa.insert(Delivery), [{"notification_id": told} | delivery | rest for told in made])


def _last(session: Session, table: str) -> int:
    found: int = session.execute(sa.text(f"SELECT max(id) FROM {table}")).scalar_one()
    return found


def _count_on(session: Session) -> None:
    """Let PostgreSQL's sequences go on after the ids written here."""
    for table in ("cycle", "stage", "task"):
        session.execute(
            sa.text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        )


def _tidy(database: Database) -> None:
    """Give the planner its statistics and begin with an empty log, as both sides do."""
    plain = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with plain.connect() as connection:
        for statement in _TIDY_SQLITE if database.is_sqlite else _TIDY_POSTGRES:
            connection.exec_driver_sql(statement)


_TIDY_SQLITE = ("COMMIT", "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)", "BEGIN")
_TIDY_POSTGRES = ("SET statement_timeout = 0", "VACUUM ANALYZE", "RESET statement_timeout")
