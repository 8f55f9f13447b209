"""Reading one series or a matrix of many: what is missing, what cannot be, and the values that are drawn."""

import numpy as np

from spc.arrays import Bools, Floats, Given, floats, ratio, steps
from spc.errors import (
    BelowZero,
    DenominatorMissing,
    MoreThanAll,
    NotAboveZero,
    NothingMeasured,
    NotOneEach,
    SubgroupsMissing,
    TooExtreme,
)
from spc.limits import moving_spread
from spc.lines import Kind, Points

PROPORTIONS = frozenset({Kind.P, Kind.PP})
OF_A_DENOMINATOR = PROPORTIONS | {Kind.U, Kind.UP}
DIVIDED = OF_A_DENOMINATOR | {Kind.RUN, Kind.I, Kind.IP, Kind.MR, Kind.MS}
COUNTS = OF_A_DENOMINATOR | {Kind.C, Kind.CP, Kind.G}
# Beyond these, squares and quotients leave the range of floating point before a chart means anything.
LARGEST = 1e15
SMALLEST_DENOMINATOR = 1e-9
SUBGROUPED = frozenset({Kind.XBAR, Kind.S, Kind.R})


def points_of_one(kind: Kind, values: Given, out_of: Given | None) -> Points:
    """Check one series and divide it by its denominators."""
    top = floats(values)
    bottom = None if out_of is None else floats(out_of)
    if bottom is not None and bottom.shape != top.shape:
        raise NotOneEach(n_values=top.size, n_others=bottom.size, others="denominators")
    return points_of_many(kind, top, bottom)


def points_of_many(kind: Kind, values: Floats, out_of: Floats | None) -> Points:
    """Check a series, or a matrix with one a row, and divide it by its denominators.

    Numerator and denominator are both missing where one of them is; the value is missing where the denominator is 0.
    """
    _check(kind, values, out_of)
    if kind is Kind.CP:
        return Points(values, values, np.where(np.isnan(values), np.nan, 1.0))
    if out_of is None or kind not in DIVIDED:
        return Points(values)
    gone = np.isnan(values) | np.isnan(out_of)
    top, bottom = (np.where(gone, np.nan, each) for each in (values, out_of)) if gone.any() else (values, out_of)
    return Points(ratio(top, bottom), top, bottom)


def as_drawn(kind: Kind, points: Points) -> Points:
    """Turn the values of one phase into what its chart shows: moving ranges for mr, moving spread for ms."""
    if kind not in (Kind.MR, Kind.MS):
        return points
    moved = steps(points.plotted) if kind is Kind.MR else moving_spread(points)
    return Points(np.concatenate([np.full((*moved.shape[:-1], 1), np.nan), moved], axis=-1))


def _check(kind: Kind, values: Floats, out_of: Floats | None) -> None:
    if kind in SUBGROUPED:
        raise SubgroupsMissing(kind=kind)
    check_extreme(values)
    if not values.size or np.isnan(values).all():
        raise NothingMeasured
    if kind in COUNTS and (values < 0).any():
        raise BelowZero(kind=kind, **_first(values < 0, values))
    if kind is Kind.T and (values <= 0).any():
        raise NotAboveZero(**_first(values <= 0, values))
    if out_of is not None:
        _check_denominators(kind, values, out_of)
    elif kind in OF_A_DENOMINATOR:
        raise DenominatorMissing(kind=kind)


def _check_denominators(kind: Kind, values: Floats, out_of: Floats) -> None:
    check_extreme(out_of, least=SMALLEST_DENOMINATOR)
    if (out_of < 0).any():
        raise BelowZero(kind=kind, **_first(out_of < 0, out_of))
    too_many = values > out_of
    if kind in PROPORTIONS and too_many.any():
        found = _first(too_many, values)
        raise MoreThanAll(**found, out_of=f"{out_of[too_many][0]:g}")


def check_extreme(values: Floats, *, least: float = 0.0) -> None:
    """Raise TooExtreme for what would overflow: infinite, beyond 1e15, or between 0 and `least`."""
    size = np.abs(values)
    far = (size > LARGEST) | ((size > 0) & (size < least)) if least else size > LARGEST
    if far.any():
        raise TooExtreme(**_first(far, values))


def _first(wrong: Bools, values: Floats) -> dict[str, object]:
    """Name the first wrong value, counting from 1 along time."""
    return {"point": int(np.argwhere(wrong)[0][-1]) + 1, "value": f"{values[wrong][0]:g}"}
