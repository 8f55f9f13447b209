"""Which sealed baselines a period belongs to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from models.assessment import Aim, Seal
from models.cycle import Cycle

Key = tuple[str, int, date]  # indicator, unit, first day of the period


@dataclass(frozen=True)
class Sealed:
    """A cycle whose sealed baseline holds a period."""

    cycle_id: int
    code: str


def find_sealed(session: Session, keys: Collection[Key]) -> Mapping[Key, tuple[Sealed, ...]]:
    """Find the cycles whose sealed baseline holds each period; periods that no baseline holds are left out."""
    rows = session.exec(
        select(Aim, Cycle)
        .join(Seal, col(Seal.cycle_id) == col(Aim.cycle_id))
        .join(Cycle, col(Cycle.id) == col(Aim.cycle_id))
        .where(col(Aim.indicator).in_({indicator for indicator, _, _ in keys}))
        .order_by(col(Cycle.id))
    ).all()
    found = {key: tuple(Sealed(cycle.id, cycle.code) for aim, cycle in rows if _holds(aim, key)) for key in keys}
    return {key: cycles for key, cycles in found.items() if cycles}


def _holds(aim: Aim, key: Key) -> bool:
    indicator, unit_id, period_on = key
    first, last = aim.baseline_first_on, aim.baseline_last_on
    if first is None or last is None or (aim.indicator, aim.unit_id) != (indicator, unit_id):
        return False
    return first <= period_on <= last
