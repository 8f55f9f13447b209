"""Where values go on paper: round ticks, places, and labels that do not cover each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# Steps between ticks that people count in.
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
MOST_TICKS = 6


@dataclass(frozen=True)
class Scale:
    """Hold a range of values and the place of its ends on paper."""

    least: float
    most: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Say where a value goes; one outside the range goes to the edge."""
        share = (min(max(value, self.least), self.most) - self.least) / (self.most - self.least)
        return self.start + share * (self.end - self.start)


def ticks(least: float, most: float) -> tuple[float, ...]:
    """Choose round values that enclose a range: at most 7 of them."""
    if most <= least:
        slack = abs(least) * 0.1 or 1.0
        least, most = least - slack, most + slack
    step = _step((most - least) / (MOST_TICKS - 1))
    first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
    return tuple(step * each for each in range(first, last + 1))


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next((each * power for each in STEPS if each * power >= rough * (1 - 1e-9)), 10 * power)


def written(value: float, values: Sequence[float]) -> str:
    """Write a tick with as many decimals as its neighbours need."""
    step = abs(values[1] - values[0]) if len(values) > 1 else abs(value) or 1.0
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) + (step * 10 ** -math.floor(math.log10(step)) == 2.5)
    return f"{value:.{decimals}f}" if abs(value) < 1e15 else f"{value:.3g}"


def spread(wanted: Sequence[float], gap: float, most: float) -> list[float]:
    """Move labels apart until they do not cover each other, keeping their order and above `most`."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = list(wanted)
    for above, below in pairwise(order):
        placed[below] = max(placed[below], placed[above] + gap)
    for i, each in enumerate(reversed(order)):
        placed[each] = min(placed[each], most - i * gap)
    return placed
