"""Named reads of what cycles began from."""

from sqlmodel import Session, col, select

from models.assessment import Origin, OriginKind
from models.cycle import Cycle


def find_origin(session: Session, cycle_id: int) -> Origin | None:
    """Find what a cycle began from."""
    return session.exec(select(Origin).where(Origin.cycle_id == cycle_id)).one_or_none()


def cycles_from(session: Session, kind: OriginKind, subject_id: int) -> list[Cycle]:
    """Read the cycles that began from one thing, oldest first."""
    begun = select(Cycle).join(Origin, col(Origin.cycle_id) == col(Cycle.id))
    found = begun.where(Origin.kind == kind, Origin.subject_id == subject_id)
    return list(session.exec(found.order_by(col(Cycle.id))))
