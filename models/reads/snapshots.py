"""Templates and ladders as they were at a launch, read back from their snapshots."""

from collections.abc import Collection
from functools import lru_cache

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlmodel import Session, col

from config.shapes import Level, Template
from models.cycle import Cycle, Snapshot

LEAD = "lead"
_ladder = TypeAdapter(tuple[Level, ...]).validate_json


@lru_cache(maxsize=128)
def read_template(text: str) -> Template:
    """Read a template as a snapshot stores it."""
    return Template.model_validate_json(text)


@lru_cache(maxsize=128)
def read_ladder(text: str) -> tuple[Level, ...]:
    """Read a ladder as a snapshot stores it."""
    return _ladder(text)


def ladders(session: Session, cycle_ids: Collection[int]) -> dict[int, tuple[Level, ...]]:
    """Read the ladders of cycles, by cycle."""
    of_these = (
        sa.select(col(Cycle.id), col(Snapshot.ladder))
        .join(Snapshot, col(Snapshot.digest) == col(Cycle.snapshot))
        .where(col(Cycle.id).in_(set(cycle_ids)))
    )
    rows = session.execute(of_these).tuples() if cycle_ids else ()
    return {cycle_id: read_ladder(text) for cycle_id, text in rows if cycle_id is not None}


def role_at(ladder: tuple[Level, ...], level: int) -> str:
    """Name the role that decides at a level: 0 is the lead, 1 the ladder's first."""
    if level <= 0 or not ladder:
        return LEAD
    return ladder[min(level, len(ladder)) - 1].to
