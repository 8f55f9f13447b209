"""Anhoej's analysis of runs: an unusually long run on one side, or unusually few crossings of the centre line."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from spc.arrays import Floats, Ints, Signs, sides

FEWEST_WITH_STANDING = 10


@dataclass(frozen=True)
class Runs:
    """Hold the analysis of one part of a chart.

    n_useful: points off the centre line; everything after it is None without one.
    longest_max, crossings_min: what is still usual.
    longest_first, longest_last: first and last point of the longest run, from 1 in the whole series.
    judged: False where the counts mean nothing, as on a chart of moving ranges.
    """

    part: int
    first: int
    last: int
    n_points: int
    n_useful: int
    longest: int | None = None
    longest_max: int | None = None
    crossings: int | None = None
    crossings_min: int | None = None
    longest_first: int | None = None
    longest_last: int | None = None
    judged: bool = True

    @property
    def signal(self) -> bool:
        """Tell whether either test speaks of a shift."""
        return self.judged and (self.too_long or self.too_few_crossings)

    @property
    def too_long(self) -> bool:
        return bool(self.longest and self.longest_max and self.longest > self.longest_max)

    @property
    def too_few_crossings(self) -> bool:
        return self.crossings is not None and self.crossings_min is not None and self.crossings < self.crossings_min


@dataclass(frozen=True)
class ManyRuns:
    """Hold the counts of many series, one row each. lengths: of the run so far, at each point."""

    n_useful: Ints
    longest: Ints
    crossings: Ints
    lengths: Ints


def count_runs(side: Signs) -> ManyRuns:
    """Count runs and crossings. Points on the line or missing are dropped: they neither break a run nor lengthen it."""
    useful = side != 0
    place = np.arange(side.shape[-1])
    latest = np.maximum.accumulate(np.where(useful, place, 0), axis=-1)
    filled = np.take_along_axis(side, latest, -1)
    crossed = np.zeros(side.shape, dtype=np.bool_)
    crossed[..., 1:] = filled[..., 1:] * filled[..., :-1] < 0
    so_far = np.cumsum(useful, axis=-1, dtype=np.int64)
    began = np.maximum.accumulate(np.where(crossed, so_far - 1, 0), axis=-1)
    lengths = so_far - began
    return ManyRuns(so_far[..., -1], lengths.max(-1), np.count_nonzero(crossed, axis=-1), lengths)


def longest_usual(n_useful: int) -> int:
    """Give the longest run that is still usual among n_useful >= 1. Source: Schilling 2012; Anhoej & Olesen 2014."""
    return round(math.log2(n_useful)) + 3


@lru_cache(maxsize=4096)
def fewest_usual(n_useful: int) -> int:
    """Give the fewest crossings still usual: the 5 % quantile of Binomial(n - 1, 1/2), n >= 1. Source: Chen 2010."""
    below, fewest, n_steps = 0, 0, n_useful - 1
    while (below := below + math.comb(n_steps, fewest)) * 20 < 2**n_steps:
        fewest += 1
    return fewest


def analyse_runs(values: Floats, centre: Floats, *, part: int = 1, first: int = 1, n_points: int | None = None) -> Runs:
    """Analyse one part of one series; nan where a point is missing or left out."""
    side = sides(values, centre)
    counts = count_runs(side)
    n_useful, longest = int(counts.n_useful), int(counts.longest)
    plain = Runs(part, first, first + values.size - 1, values.size if n_points is None else n_points, n_useful)
    if not n_useful:
        return plain
    end = int(np.argmax(counts.lengths == longest))
    return replace(
        plain,
        longest=longest,
        longest_max=longest_usual(n_useful),
        crossings=int(counts.crossings),
        crossings_min=fewest_usual(n_useful),
        longest_first=first + int(np.flatnonzero(side[: end + 1])[-longest]),
        longest_last=first + end,
    )
