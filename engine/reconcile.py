"""Finishing what an interrupted launch or answer left undone, cycle by cycle; one bad cycle never stops the next."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from sqlmodel import Session, col

from engine.rounds import Rounds
from engine.rules import Rules
from engine.stages import advance_cycle
from models.cycle import Cycle, CycleStatus, Stage, StageStatus
from models.db import Database
from models.task import Task, TaskStatus


@dataclass(frozen=True)
class Reconciled:
    """How many cycles looked unfinished, how many really were, how many could not be advanced."""

    n_looked: int
    n_mended: int
    n_failed: int


def reconcile(database: Database, *, rules: Rules, now: datetime, door: str) -> Reconciled:
    """Advance the cycles that look unfinished, each in its own transaction; a second time changes nothing."""
    with database.reading() as session:
        ids = find_unfinished(session)
    rounds = Rounds(database, door)
    n_mended = rounds.each(ids, partial(_advance, rules=rules, now=now))
    return Reconciled(len(ids), n_mended, rounds.n_failed)


def find_unfinished(session: Session) -> list[int]:
    """List active cycles that may wait for nobody: no stage at work, an open stage without open work, or with tasks
    that wait though nothing before them is at work."""
    of_cycle = col(Stage.cycle_id) == col(Cycle.id)
    at_work = sa.exists().where(of_cycle, col(Stage.status).in_((StageStatus.OPEN, StageStatus.READY)))
    counted_out = sa.exists().where(of_cycle, col(Stage.status) == StageStatus.OPEN, col(Stage.open_count) == 0)
    waiting = sa.exists().where(
        of_cycle,
        col(Stage.status) == StageStatus.OPEN,
        col(Task.stage_id) == col(Stage.id),
        col(Task.status) == TaskStatus.WAITING,
    )
    active = sa.select(col(Cycle.id)).where(col(Cycle.status) == CycleStatus.ACTIVE)
    found = active.where(sa.or_(~at_work, counted_out, waiting)).order_by(col(Cycle.id))
    return [cycle_id for cycle_id in session.execute(found).scalars() if cycle_id is not None]


def _advance(session: Session, cycle_id: int, *, rules: Rules, now: datetime) -> int:
    advance_cycle(session, cycle_id, rules=rules, now=now)
    # Everything that a verb changes leaves a row for the trail.
    return int(bool(session.info.get("audit")))
