"""The signals of a chart, one function each with its source. All of them work on one series or on a matrix of many.

Each gives marks as long as the series: 1 for high or rising, -1 for low or falling, 2 for neither, 0 for no signal.
A missing value is no evidence: it breaks every run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spc.arrays import Bools, Floats, Signs, all_of_last, back_from, n_of_last, only_full, past, short_of, sides, signed
from spc.lines import Lines

NO_DIRECTION = 2
Test = Callable[[Floats, Floats], Bools]


@dataclass(frozen=True)
class Reading:
    """Hold one phase of a chart as its rules see it: values, lines, and on which side of the centre each stands."""

    values: Floats
    lines: Lines
    side: Signs

    @classmethod
    def of(cls, values: Floats, lines: Lines) -> "Reading":
        return cls(values, lines, sides(values, lines.centre))

    @property
    def n_points(self) -> int:
        return int(self.values.shape[-1])

    @cached_property
    def beyond(self) -> tuple[Bools, Bools]:
        """Which values lie above the upper limit, and which below the lower one."""
        return outside(self.values, self.lines.lcl, self.lines.ucl)


def beyond(reading: Reading) -> Signs:
    """One point outside 3 sigmas; on a limit is inside. Source: Shewhart 1931."""
    return signed(*reading.beyond)


def shift(reading: Reading, *, length: int, marks_all: bool = False, ties_break: bool = True) -> Signs:
    """A run of `length` points on one side of the centre. Source: NHS 7, Western Electric 8, Nelson 9.

    marks_all: the whole run, else only the points from where it is long enough.
    ties_break: a point on the centre ends the run, else it is skipped as in the analysis of runs.
    """
    if not ties_break:
        return _shift_over_ties(reading.side, length)
    return signed(*(_run(reading.side == way, length, marks_all) for way in (1, -1)))


def trend(reading: Reading, *, length: int, marks_all: bool = False) -> Signs:
    """`length` points that each lie above the last, or each below. Source: NHS 7, Nelson 6.

    A turning point in two marked trends belongs to the later one.
    """
    rising, falling = rises(reading.values)
    up, down = _run(rising, length - 1, False), _run(falling, length - 1, False)
    if not marks_all:
        return signed(up, down)
    up, down = back_from(up, length), back_from(down, length)
    return signed(up & ~(down & _last_of(rising)), down & ~(up & _last_of(falling)))


def two_of_three_near(reading: Reading) -> Signs:
    """Two of three beyond 2 sigmas but not 3, all three on one side; marks the near points only. Source: NHS MDC."""
    high, low = outside(reading.values, reading.lines.lcl2, reading.lines.ucl2)
    above, below = reading.beyond
    near = (high & ~above, low & ~below)
    found = []
    for way, close in zip((1, -1), near, strict=True):
        whole = all_of_last(reading.side == way, 3) & (n_of_last(close, 3) >= 2)
        found.append(back_from(whole, 3) & close)
    return signed(found[0], found[1])


def zone(reading: Reading, *, n_sigmas: int, needed: int, among: int) -> Signs:
    """`needed` of `among` points beyond 1 or 2 sigmas on one side, the last one among them.

    Where limits vary, all points of the window are held against the last one's line, as qcc does.
    Source: Western Electric 1956.
    """
    lines = reading.lines
    low, high = (lines.lcl2, lines.ucl2) if n_sigmas == 2 else (lines.lcl1, lines.ucl1)
    found = (_enough(reading.values, line, test, needed, among) for line, test in ((high, past), (low, short_of)))
    return signed(*found)


def alternating(reading: Reading, *, length: int) -> Signs:
    """`length` points that go up and down in turn. Source: Nelson 1984, rule 4."""
    rising, falling = rises(reading.values)
    turned = np.zeros_like(rising)
    turned[..., 1:] = (rising[..., 1:] & falling[..., :-1]) | (falling[..., 1:] & rising[..., :-1])
    return _undirected(all_of_last(turned, length - 2))


def hugging(reading: Reading, *, length: int) -> Signs:
    """`length` points within 1 sigma. Source: Nelson 1984, rule 7."""
    above, below = outside(reading.values, reading.lines.lcl1, reading.lines.ucl1)
    known = ~np.isnan(reading.values + reading.lines.ucl1)
    return _undirected(all_of_last(known & ~below & ~above, length))


def avoiding(reading: Reading, *, length: int) -> Signs:
    """`length` points outside 1 sigma, on both sides of the centre. Source: Nelson 1984, rule 8."""
    above, below = outside(reading.values, reading.lines.lcl1, reading.lines.ucl1)
    both = (n_of_last(above, length) > 0) & (n_of_last(below, length) > 0)
    return _undirected(all_of_last(below | above, length) & both)


def outside(values: Floats, low: Floats, high: Floats) -> tuple[Bools, Bools]:
    """Tell which values lie above the upper and which below the lower line."""
    return past(values, high), short_of(values, low)


def rises(values: Floats) -> tuple[Bools, Bools]:
    """Tell which points lie above, and which below, the one before."""
    up, down = np.zeros(values.shape, np.bool_), np.zeros(values.shape, np.bool_)
    np.greater(values[..., 1:], values[..., :-1], out=up[..., 1:])
    np.less(values[..., 1:], values[..., :-1], out=down[..., 1:])
    return up, down


def _run(marks: Bools, length: int, marks_all: bool) -> Bools:
    found = all_of_last(marks, length)
    return back_from(found, length) if marks_all else found


def _shift_over_ties(side: Signs, length: int) -> Signs:
    found = np.zeros_like(side)
    for row, marks in zip(np.atleast_2d(side), np.atleast_2d(found), strict=True):
        useful = np.flatnonzero(row)
        for way in (1, -1):
            marks[useful[_run(row[useful] == way, length, True)]] = way
    return found


def _last_of(steps: Bools) -> Bools:
    """Mark the last point of each rise, or of each fall."""
    last = steps.copy()
    last[..., :-1] &= ~steps[..., 1:]
    return last


def _enough(values: Floats, line: Floats, test: Test, needed: int, among: int) -> Bools:
    """Mark the points that lie beyond a line together with enough of those before them."""
    far = test(values, line)
    if line.shape[-1] == 1:
        counts = n_of_last(far, among)
    else:
        counts = far.astype(np.int8)
        for back in range(1, min(among, values.shape[-1])):
            counts[..., back:] += test(values[..., :-back], line[..., back:])
    return only_full(counts >= needed, among) & far


def _undirected(marks: Bools) -> Signs:
    return np.asarray(marks.view(np.int8) * np.int8(NO_DIRECTION))
