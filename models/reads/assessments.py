"""Reading what a cycle aims at, what was sealed, found, decided, and what came of it."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.assessment import (
    Aim,
    Assessment,
    AssessmentStatus,
    CheckDecision,
    CycleEnding,
    Origin,
    Proposal,
    Seal,
    Signature,
    Watch,
)
from models.cycle import Cycle, CycleStatus, Stage
from models.records import Signal, signals_from


def find_aim(session: Session, cycle_id: int) -> Aim | None:
    """Find what a cycle aims at."""
    return session.exec(select(Aim).where(Aim.cycle_id == cycle_id)).one_or_none()


def find_seal(session: Session, cycle_id: int) -> Seal | None:
    """Find what was sealed when a cycle's Plan closed."""
    return session.exec(select(Seal).where(Seal.cycle_id == cycle_id)).one_or_none()


def find_gate(session: Session, cycle_id: int, gate: str) -> Stage | None:
    """Find the stage of a cycle that has this gate."""
    return session.exec(select(Stage).where(Stage.cycle_id == cycle_id, Stage.gate == gate)).one_or_none()


def latest_assessment(session: Session, cycle_id: int) -> Assessment | None:
    """Find the newest assessment of a cycle that was made."""
    made = select(Assessment).where(Assessment.cycle_id == cycle_id, Assessment.status == AssessmentStatus.DONE)
    return session.exec(made.order_by(col(Assessment.as_of).desc(), col(Assessment.id).desc()).limit(1)).one_or_none()


def latest_signals(
    session: Session, indicators: Collection[str], unit_ids: Collection[int]
) -> dict[tuple[str, int], tuple[Signal, ...]]:
    """Read the signals that the newest assessment of each indicator in each unit found; cycles' own are left out."""
    newest = (
        sa.func.row_number()
        .over(
            partition_by=(col(Assessment.indicator), col(Assessment.unit_id)),
            order_by=(col(Assessment.as_of).desc(), col(Assessment.id).desc()),
        )
        .label("place")
    )
    made = sa.select(col(Assessment.id), newest).where(
        col(Assessment.indicator).in_(indicators),
        col(Assessment.unit_id).in_(unit_ids),
        col(Assessment.status) == AssessmentStatus.DONE,
        col(Assessment.cycle_id).is_(None),
    )
    ranked = made.subquery()
    columns = col(Assessment.indicator), col(Assessment.unit_id), col(Assessment.record)
    rows = session.execute(
        sa.select(*columns).join(ranked, ranked.c.id == col(Assessment.id)).where(ranked.c.place == 1)
    )
    return {(indicator, unit_id): signals_from(text) for indicator, unit_id, text in rows.tuples()}


def standing_cycles(
    session: Session, indicators: Collection[str], unit_ids: Collection[int]
) -> dict[tuple[str, int], int]:
    """Find the cycle whose sealed baseline an indicator in a unit is held against; where there is none, it is left out.

    A cycle that runs goes before one whose adopted change is watched; of several the one that was sealed last.
    """
    running = col(Cycle.status).in_((CycleStatus.ACTIVE, CycleStatus.PAUSED))
    watched = sa.and_(col(Watch.id).is_not(None), col(Watch.ended_at).is_(None))
    rows = session.execute(
        sa.select(col(Aim.indicator), col(Aim.unit_id), col(Aim.cycle_id))
        .join(Seal, col(Seal.cycle_id) == col(Aim.cycle_id))
        .join(Cycle, col(Cycle.id) == col(Aim.cycle_id))
        .outerjoin(Watch, col(Watch.cycle_id) == col(Aim.cycle_id))
        .where(col(Aim.indicator).in_(indicators), col(Aim.unit_id).in_(unit_ids), sa.or_(running, watched))
        .order_by(running, col(Seal.sealed_at), col(Seal.id))
    )
    return {(indicator, unit_id): cycle_id for indicator, unit_id, cycle_id in rows.tuples()}


def find_signature(session: Session, assessment_id: int) -> Signature | None:
    """Find whether somebody has weighed the doubts about an assessment."""
    return session.exec(select(Signature).where(Signature.assessment_id == assessment_id)).one_or_none()


def check_decisions(session: Session, cycle_id: int) -> list[CheckDecision]:
    """Read what the lead decided about a Check with too little data, oldest first."""
    found = select(CheckDecision).where(CheckDecision.cycle_id == cycle_id)
    return list(session.exec(found.order_by(col(CheckDecision.id))))


def find_ending(session: Session, cycle_id: int) -> CycleEnding | None:
    """Find what came of a cycle."""
    return session.exec(select(CycleEnding).where(CycleEnding.cycle_id == cycle_id)).one_or_none()


def find_watch(session: Session, cycle_id: int) -> Watch | None:
    """Find the watch over what a cycle adopted."""
    return session.exec(select(Watch).where(Watch.cycle_id == cycle_id)).one_or_none()


def previous_cycle(session: Session, cycle_id: int) -> Cycle | None:
    """Find the cycle that a cycle follows."""
    return session.exec(
        select(Cycle).join(Origin, col(Origin.previous_id) == col(Cycle.id)).where(Origin.cycle_id == cycle_id)
    ).one_or_none()


def following_cycles(session: Session, cycle_id: int) -> list[Cycle]:
    """Read the cycles that follow a cycle, oldest first."""
    found = select(Cycle).join(Origin, col(Origin.cycle_id) == col(Cycle.id)).where(Origin.previous_id == cycle_id)
    return list(session.exec(found.order_by(col(Cycle.id))))


def open_proposal(session: Session, cycle_id: int) -> Proposal | None:
    """Find the newest proposal of a cycle that no cycle was launched from."""
    taken = select(Origin.proposal_id).where(col(Origin.proposal_id).is_not(None))
    found = select(Proposal).where(Proposal.cycle_id == cycle_id, col(Proposal.id).not_in(taken))
    return session.exec(found.order_by(col(Proposal.id).desc()).limit(1)).one_or_none()
