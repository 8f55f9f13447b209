"""W4 as lines of the table: assessed and stored, limits and rules alone, charts."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from bench.assess import MONTHS, assess_matrix, draw_all, draw_lines, find_signals, make_records, make_series
from bench.product import Product
from bench.raw import Raw
from bench.workloads import Field, Line, Side, check

T = TypeVar("T")


def assess(field: Field) -> Iterator[Line]:
    """W4: assess series of 60 months and keep the records, beside the bare arithmetic on all of them at once."""
    for n in field.size.series:
        field.reset()
        yield _assess(field, n)
        yield _compute(field, f"W4 limits and rules {n:,} x {MONTHS}", n, make_series(n), find_signals, assess_matrix)
    n = field.size.charts
    yield _compute(field, f"W4 chart of {MONTHS} points", n, make_records(make_series(n)), draw_all, draw_lines)


def _compute(field: Field, name: str, n: int, given: T, ours: Callable[[T], int], bare: Callable[[T], int]) -> Line:
    """Compare what needs no database."""
    sides: dict[type[Side], Callable[[T], int]] = {Product: ours, Raw: bare}

    def step(side: Side, again: T) -> None:
        found = sides[type(side)](again)
        check(found > 0, name, side, found)

    return field.compare(name, n, lambda _: given, step)


def _assess(field: Field, n: int) -> Line:
    values = make_series(n)
    for side in field.sides:
        side.assess_prepare(values)

    def step(side: Side, _: None) -> None:
        found = side.assess()
        check(found == n, "W4 records", side, found)

    return field.compare(f"W4 assess {n:,} x {MONTHS}", n, lambda side: side.next_month(), step)
