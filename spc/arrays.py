"""Averages and shifts along time, for one series or a matrix of many: the last axis is time, nan is missing."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Signs: TypeAlias = NDArray[np.int8]
Ints: TypeAlias = NDArray[np.int64]
Given: TypeAlias = Sequence[float | None] | Floats

# Values this close to a line lie on it: a mean of equal values may miss them by the last bit.
ON_THE_LINE = 1e-12


def floats(given: Given) -> Floats:
    """Copy values into an array; None becomes nan."""
    return np.array(given, dtype=np.float64)


def total(values: Floats) -> Floats:
    """Add up what is there; 0 where nothing is. The last axis stays, with length 1."""
    found = values.sum(-1, keepdims=True)
    if np.isnan(found).any():
        found = np.where(np.isnan(values), 0.0, values).sum(-1, keepdims=True)
    return np.asarray(found, dtype=np.float64)


def mean(values: Floats) -> Floats:
    """Average what is there; nan where nothing is. The last axis stays, with length 1."""
    found = values.sum(-1, keepdims=True)
    if values.shape[-1] and not np.isnan(found).any():
        return np.asarray(found / values.shape[-1], dtype=np.float64)
    n_there = np.count_nonzero(~np.isnan(values), axis=-1, keepdims=True)
    return ratio(total(values), n_there.astype(np.float64))


def median(values: Floats) -> Floats:
    """Find the middle of what is there; nan where nothing is. The last axis stays, with length 1."""
    ordered = np.sort(values, axis=-1)  # nan goes last
    n_there = np.count_nonzero(~np.isnan(values), axis=-1, keepdims=True)
    if not values.shape[-1]:
        return np.full(n_there.shape, np.nan)
    lower = np.take_along_axis(ordered, np.maximum((n_there - 1) // 2, 0), -1)
    upper = np.take_along_axis(ordered, np.minimum(n_there // 2, np.maximum(n_there - 1, 0)), -1)
    return np.asarray((lower + upper) / 2, dtype=np.float64)


def ratio(top: Floats, bottom: Floats) -> Floats:
    """Divide; nan where the bottom is 0 or missing."""
    shape = np.broadcast_shapes(top.shape, bottom.shape)
    found: Floats = np.divide(top, bottom, out=np.full(shape, np.nan), where=bottom != 0)
    return found


def steps(values: Floats) -> Floats:
    """Give each value's distance from the one before: one fewer than there are values."""
    found: Floats = values[..., 1:] - values[..., :-1]
    return np.abs(found, out=found)


def sides(values: Floats, line: Floats) -> Signs:
    """Say where each value stands: 1 above the line, -1 below, 0 on it or missing."""
    return signed(past(values, line), short_of(values, line))


def past(values: Floats, line: Floats) -> Bools:
    """Tell which values lie above a line by more than their last bits."""
    found: Bools = values > line + np.abs(line) * ON_THE_LINE
    return found


def short_of(values: Floats, line: Floats) -> Bools:
    """Tell which values lie below a line by more than their last bits."""
    found: Bools = values < line - np.abs(line) * ON_THE_LINE
    return found


def signed(high: Bools, low: Bools) -> Signs:
    """Turn two exclusive marks into 1, -1 and 0."""
    found: Signs = high.view(np.int8) - low.view(np.int8)
    return found


def all_of_last(marks: Bools, n_points: int) -> Bools:
    """Mark each point where this one and the n_points - 1 before it are all marked."""
    found, length = marks.copy(), 1
    while length < n_points:
        step = min(length, n_points - length)
        found[..., step:] &= found[..., :-step]
        found[..., :step] = False
        length += step
    return found


def back_from(marks: Bools, n_points: int) -> Bools:
    """Mark each marked point and the n_points - 1 before it."""
    found, length = marks.copy(), 1
    while length < n_points:
        step = min(length, n_points - length)
        found[..., :-step] |= found[..., step:]
        length += step
    return found


def n_of_last(marks: Bools, n_points: int) -> Signs:
    """Count the marks among each point and the n_points - 1 before it; fewer at the beginning. n_points: below 128."""
    found = marks.astype(np.int8)
    for back in range(1, min(n_points, marks.shape[-1])):
        found[..., back:] += marks[..., :-back]
    return found


def only_full(marks: Bools, n_points: int) -> Bools:
    """Unmark the first points, which have not n_points - 1 before them."""
    marks[..., : n_points - 1] = False
    return marks
