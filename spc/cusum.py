"""The Bernoulli CUSUM: for events too rare for a monthly chart, one outcome after the other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from spc.errors import NotAnOutcome, NothingMeasured, OutOfBounds


@dataclass(frozen=True)
class Cusum:
    """Hold both sums after each case, and the cases (from 1) at which one crossed its limit and began again at 0.

    usual, worse, better: the three probabilities. up watches for worse, down (at most 0) for better.
    """

    usual: float
    worse: float
    better: float
    up: tuple[float, ...]
    down: tuple[float, ...]
    signals_up: tuple[int, ...]
    signals_down: tuple[int, ...]


def make_cusum(outcomes: Sequence[int], *, usual: float, odds_ratio: float = 2.0, limit: float = 3.5) -> Cusum:
    """Follow outcomes, 1 = it happened, in the order of time.

    usual: the probability so far. odds_ratio: the change that matters, in odds. limit: where a sum signals.
    Source: Reynolds & Stoumbos 1999; Neuburger et al. 2017.
    """
    _check(outcomes, usual, odds_ratio, limit)
    worse, better = _moved(usual, odds_ratio), _moved(usual, 1 / odds_ratio)
    up, signals_up = _follow(outcomes, usual, worse, limit)
    down, signals_down = _follow(outcomes, usual, better, limit)
    return Cusum(usual, worse, better, up, tuple(-each for each in down), signals_up, signals_down)


def usual_of(outcomes: Sequence[int], n_first: int) -> float:
    """Learn the usual probability from the first cases."""
    if not 0 < n_first <= len(outcomes):
        raise OutOfBounds(name="n_first", value=n_first, least=1, most=len(outcomes))
    return sum(outcomes[:n_first]) / n_first


def _check(outcomes: Sequence[int], usual: float, odds_ratio: float, limit: float) -> None:
    if not outcomes:
        raise NothingMeasured
    wrong = next((point for point, each in enumerate(outcomes, 1) if each not in (0, 1)), None)
    if wrong:
        raise NotAnOutcome(point=wrong, value=outcomes[wrong - 1])
    if not 0 < usual < 1:
        raise OutOfBounds(name="usual", value=usual, least="> 0", most="< 1")
    if not odds_ratio > 1:
        raise OutOfBounds(name="odds_ratio", value=odds_ratio, least="> 1", most="∞")
    if not limit > 0:
        raise OutOfBounds(name="limit", value=limit, least="> 0", most="∞")


def _moved(share: float, odds_ratio: float) -> float:
    odds = share / (1 - share) * odds_ratio
    return odds / (1 + odds)


def _follow(
    outcomes: Sequence[int], usual: float, other: float, limit: float
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    weights = math.log((1 - other) / (1 - usual)), math.log(other / usual)
    total, sums, signals = 0.0, [], []
    for point, outcome in enumerate(outcomes, 1):
        total = max(0.0, total + weights[outcome])
        if total >= limit:
            signals.append(point)
            total = 0.0
        sums.append(total)
    return tuple(sums), tuple(signals)
