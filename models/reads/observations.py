"""Stored values as lists: for files, for the page of an indicator, for a hospital's own systems."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from models.indicator import FormerObservation, Observation
from models.people import Person, Unit


@dataclass(frozen=True)
class ObservationFilter:
    """Which values are meant; None: all. first and last are first days of periods, both included."""

    indicators: Collection[str] | None = None
    unit_ids: Collection[int] | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class ObservationLine:
    """One stored value; the unit by its slug."""

    id: int
    indicator: str
    unit: str
    period_on: date
    value: float | None
    denominator: float | None
    provisional: bool
    note: str
    no: int
    entered_at: datetime
    entered_by: str
    door: str


@dataclass(frozen=True)
class FormerLine:
    """What a value said before its correction number `no` + 1."""

    no: int
    value: float | None
    denominator: float | None
    corrected_at: datetime
    corrected_by: str
    why: str


def list_observations(
    session: Session,
    wanted: ObservationFilter,
    *,
    limit: int | None = None,
    offset: int = 0,
    newest_first: bool = False,
) -> tuple[ObservationLine, ...]:
    """List values by indicator, unit and period."""
    period = col(Observation.period_on)
    rows = (
        sa.select(Observation, col(Unit.slug), col(Person.name))
        .join(Unit, col(Unit.id) == col(Observation.unit_id))
        .outerjoin(Person, col(Person.id) == col(Observation.entered_by))
        .where(*_conditions(wanted))
        .order_by(col(Observation.indicator), col(Unit.slug), period.desc() if newest_first else period)
        .limit(limit)
        .offset(offset)
    )
    return tuple(
        ObservationLine(
            id=row.id,
            indicator=row.indicator,
            unit=slug,
            period_on=row.period_on,
            value=row.value,
            denominator=row.denominator,
            provisional=row.provisional,
            note=row.note,
            no=row.no,
            entered_at=row.entered_at,
            entered_by=name or "",
            door=row.door,
        )
        for row, slug, name in session.execute(rows)
    )


def former_values(session: Session, observation_ids: Collection[int]) -> dict[int, tuple[FormerLine, ...]]:
    """Read what values said before their corrections, the newest first."""
    rows = session.execute(
        sa.select(FormerObservation, col(Person.name))
        .outerjoin(Person, col(Person.id) == col(FormerObservation.corrected_by))
        .where(col(FormerObservation.observation_id).in_(observation_ids))
        .order_by(col(FormerObservation.no).desc())
    )
    found: dict[int, tuple[FormerLine, ...]] = {}
    for row, name in rows:
        line = FormerLine(row.no, row.value, row.denominator, row.corrected_at, name or "", row.why)
        found[row.observation_id] = (*found.get(row.observation_id, ()), line)
    return found


@dataclass(frozen=True)
class Held:
    """How many values of an indicator there are, and their last period."""

    n: int
    last_on: date


def count_observations(session: Session) -> dict[str, Held]:
    """Count the values of each indicator that has any."""
    rows = session.execute(
        sa.select(col(Observation.indicator), sa.func.count(), sa.func.max(Observation.period_on)).group_by(
            col(Observation.indicator)
        )
    )
    return {indicator: Held(n, last_on) for indicator, n, last_on in rows}


def units_with_values(session: Session, indicators: Collection[str]) -> dict[str, tuple[int, ...]]:
    """List the units that each indicator has values of; one without any is left out."""
    columns = col(Observation.indicator), col(Observation.unit_id)
    rows = session.execute(sa.select(*columns).where(columns[0].in_(indicators)).distinct().order_by(*columns))
    found: dict[str, tuple[int, ...]] = {}
    for indicator, unit_id in rows.tuples():
        found[indicator] = (*found.get(indicator, ()), unit_id)
    return found


def _conditions(wanted: ObservationFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.indicators is not None:
        found.append(col(Observation.indicator).in_(wanted.indicators))
    if wanted.unit_ids is not None:
        found.append(col(Observation.unit_id).in_(wanted.unit_ids))
    if wanted.first is not None:
        found.append(col(Observation.period_on) >= wanted.first)
    if wanted.last is not None:
        found.append(col(Observation.period_on) <= wanted.last)
    return found
