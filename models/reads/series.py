"""One indicator of one unit as a series: a value for each period, gaps filled with None."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col

from config.indicators import Frequency
from config.periods import after
from models.indicator import Observation


@dataclass(frozen=True)
class Series:
    """Periods by their first day, oldest first; `out_of` is None when no period has a denominator."""

    periods: tuple[date, ...]
    values: tuple[float | None, ...]
    out_of: tuple[float | None, ...] | None
    provisional: tuple[bool, ...]


def read_series(
    session: Session,
    indicator: str,
    unit_id: int,
    *,
    first: date | None = None,
    last: date | None = None,
    frequency: Frequency,
) -> Series:
    """Read what is stored, from the first period that has a row to the last one; what lies between is there too.

    first, last: periods outside are left out (both are first days of periods, inclusive).
    """
    # Columns, not rows: a board reads thousands of them.
    wanted = sa.select(
        col(Observation.period_on),
        col(Observation.value),
        col(Observation.denominator),
        col(Observation.provisional),
    ).where(col(Observation.indicator) == indicator, col(Observation.unit_id) == unit_id)
    wanted = wanted if first is None else wanted.where(col(Observation.period_on) >= first)
    wanted = wanted if last is None else wanted.where(col(Observation.period_on) <= last)
    rows = {row[0]: row for row in session.execute(wanted.order_by(col(Observation.period_on))).tuples()}
    periods = _periods(rows, frequency)
    found = [rows.get(period) for period in periods]
    out_of = tuple(row[2] if row else None for row in found)
    return Series(
        periods,
        tuple(row[1] if row else None for row in found),
        None if all(each is None for each in out_of) else out_of,
        tuple(row[3] if row else False for row in found),
    )


def _periods(rows: Collection[date], frequency: Frequency) -> tuple[date, ...]:
    """List the periods from the first row to the last; those of another length keep their place."""
    if not rows:
        return ()
    start, end = min(rows), max(rows)
    grid = {start}
    while (start := after(frequency, start)) <= end:
        grid.add(start)
    return tuple(sorted(grid | set(rows)))
