"""One indicator of one unit as a series: a value for each period, gaps filled with None."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import sqlalchemy as sa
from sqlmodel import Session

from config.indicators import Frequency
from config.periods import after
from models.base import table_of
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
    wanted = sa.select(*_COLUMNS).where(_stored.c.indicator == indicator, _stored.c.unit_id == unit_id)
    wanted = wanted if first is None else wanted.where(_stored.c.period_on >= first)
    wanted = wanted if last is None else wanted.where(_stored.c.period_on <= last)
    rows = session.connection().execute(wanted.order_by(_stored.c.period_on))
    return _series([(period, value, size, provisional) for period, value, size, provisional in rows], frequency)


@dataclass(frozen=True)
class Wanted:
    """A series among many; `last` as in read_series."""

    indicator: str
    unit_id: int
    frequency: Frequency
    last: date


def read_many(session: Session, wanted: Sequence[Wanted]) -> list[Series]:
    """Read series as read_series does, in their order, by one query."""
    key = sa.tuple_(_stored.c.indicator, _stored.c.unit_id)
    keys = {(one.indicator, one.unit_id) for one in wanted}
    found = sa.select(*_COLUMNS, *key.clauses).where(key.in_(keys)).order_by(*key.clauses, _stored.c.period_on)
    rows: dict[tuple[str, int], list[Stored]] = defaultdict(list)
    for period, value, size, provisional, indicator, unit_id in session.connection().execute(found):
        rows[indicator, unit_id].append((period, value, size, provisional))
    return [
        _series([row for row in rows.get((one.indicator, one.unit_id), ()) if row[0] <= one.last], one.frequency)
        for one in wanted
    ]


Stored = tuple[date, float | None, float | None, bool]
# Columns of the table, not rows of the class: a round reads tens of thousands.
_stored = table_of(Observation)
_COLUMNS = (_stored.c.period_on, _stored.c.value, _stored.c.denominator, _stored.c.provisional)


def _series(rows: Sequence[Stored], frequency: Frequency) -> Series:
    """Give each period its place. rows: by their period."""
    periods = _periods(tuple(row[0] for row in rows), frequency)
    if len(periods) > len(rows):
        by_period = {row[0]: row for row in rows}
        rows = [by_period.get(period, (period, None, None, False)) for period in periods]
    out_of = tuple(row[2] for row in rows)
    return Series(
        periods,
        tuple(row[1] for row in rows),
        None if all(each is None for each in out_of) else out_of,
        tuple(row[3] for row in rows),
    )


@lru_cache(maxsize=512)  # most series of a hospital have the same periods
def _periods(stored: tuple[date, ...], frequency: Frequency) -> tuple[date, ...]:
    """List the periods from the first to the last; those of another length keep their place."""
    if not stored:
        return ()
    start, grid = stored[0], set(stored)
    while (start := after(frequency, start)) <= stored[-1]:
        grid.add(start)
    return tuple(sorted(grid))
