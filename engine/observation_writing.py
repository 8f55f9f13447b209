"""Writing values: new rows, corrections that keep the former one, and the audit rows of both."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from engine.observation_checks import Given
from models.audit import record
from models.base import table_of
from models.indicator import FormerObservation, Observation
from models.reads.sealed import Key, Sealed, find_sealed

Said = TypeVar("Said")


@dataclass(frozen=True)
class Correction:
    """What a correction changed; of a sealed baseline when `sealed` is not empty."""

    key: Key
    before: float | None
    after: float | None
    sealed: tuple[Sealed, ...] = ()


@dataclass
class Writing:
    """A batch while it is written."""

    session: Session
    by: int | None
    now: datetime
    why: str
    new: list[Given] = field(default_factory=list)
    corrected: list[tuple[Observation, Given]] = field(default_factory=list)
    sealed: Mapping[Key, tuple[Sealed, ...]] = field(default_factory=dict)


def said_or(said: Said | None, otherwise: Said) -> Said:
    """Take what is said, or what is there when nothing is said."""
    return otherwise if said is None else said


def write(writing: Writing, versions: Mapping[str, int]) -> tuple[Correction, ...]:
    """Write everything; returns what touched a sealed baseline."""
    if not writing.new and not writing.corrected:
        return ()
    keys = [one.key for one in writing.new] + [one.key for _, one in writing.corrected]
    writing.sealed = find_sealed(writing.session, keys)
    _audit_batch(writing, versions)
    corrections = [Correction(one.key, None, one.value, writing.sealed.get(one.key, ())) for one in writing.new]
    corrections += [
        Correction(one.key, row.value, one.value, writing.sealed.get(one.key, ())) for row, one in writing.corrected
    ]
    if writing.new:
        rows = [_row(writing, one) for one in writing.new]
        writing.session.execute(sa.insert(table_of(Observation)), rows)
    for row, one in writing.corrected:
        _correct(writing, row, one)
    touched = tuple(one for one in corrections if one.sealed)
    for correction in touched:
        _audit_sealed(writing, correction)
    return touched


def _row(writing: Writing, one: Given) -> dict[str, object]:
    return {
        "indicator": one.indicator,
        "unit_id": one.unit_id,
        "period_on": one.period_on,
        "value": one.value,
        "denominator": one.denominator,
        "provisional": bool(one.provisional),
        "note": one.note or "",
        "no": 0,
        "entered_at": writing.now,
        "entered_by": writing.by,
        "door": str(writing.session.info.get("door", "code")),
    }


def _correct(writing: Writing, row: Observation, one: Given) -> None:
    before = _facts(row)
    writing.session.add(
        FormerObservation(
            observation_id=row.id,
            no=row.no,
            value=row.value,
            denominator=row.denominator,
            provisional=row.provisional,
            note=row.note,
            entered_at=row.entered_at,
            entered_by=row.entered_by,
            corrected_at=writing.now,
            corrected_by=writing.by,
            why=writing.why[:500],
        )
    )
    row.value, row.denominator = one.value, one.denominator
    row.provisional, row.note = said_or(one.provisional, row.provisional), said_or(one.note, row.note)
    row.no += 1
    row.entered_at, row.entered_by = writing.now, writing.by
    row.door = str(writing.session.info.get("door", "code"))
    writing.session.add(row)
    about: dict[str, object] = {"indicator": one.indicator, "unit": one.unit_id, "period": one.period_on}
    record(
        writing.session,
        "observation.correct",
        "observation",
        row.id,
        by=writing.by,
        now=writing.now,
        before=before,
        after=about | _facts(row),
        why=writing.why,
    )


def _facts(row: Observation) -> dict[str, object]:
    return {"value": row.value, "denominator": row.denominator, "provisional": row.provisional, "note": row.note}


def _audit_batch(writing: Writing, versions: Mapping[str, int]) -> None:
    """Write one row for the batch: how many of which, and the hash of what was written."""
    written = [*writing.new, *(one for _, one in writing.corrected)]
    lines = sorted(f"{one.indicator}|{one.unit_id}|{one.period_on}|{one.value}|{one.denominator}" for one in written)
    after = {
        "n_new": len(writing.new),
        "n_corrected": len(writing.corrected),
        "indicators": dict(Counter(one.indicator for one in written)),
        "digest": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }
    first = versions[written[0].indicator]
    record(
        writing.session, "observation.put", "indicator", first,
        by=writing.by, now=writing.now, after=after, why=writing.why,
    )  # fmt: skip


def _audit_sealed(writing: Writing, correction: Correction) -> None:
    indicator, unit_id, period_on = correction.key
    about: dict[str, object] = {"indicator": indicator, "unit": unit_id, "period": period_on}
    for cycle in correction.sealed:
        record(
            writing.session,
            "cycle.past_changed",
            "cycle",
            cycle.cycle_id,
            by=writing.by,
            now=writing.now,
            before={"value": correction.before},
            after=about | {"value": correction.after},
            why=writing.why,
        )
