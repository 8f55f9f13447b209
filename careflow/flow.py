"""What an event log shows: steps, hand-overs with their waiting, variants, and where most time is waited."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from careflow.log import EventLog, Seconds

MOST_VARIANTS = 10
MOST_BOTTLENECKS = 5
FEWEST = 5  # a hand-over seen less often is a story, not a bottleneck


@dataclass(frozen=True)
class Step:
    """One step. n_times counts repeats; place: where in a case it usually comes, from 0 (first) to 1 (last)."""

    name: str
    n_cases: int
    n_times: int
    place: float


@dataclass(frozen=True)
class HandOver:
    """From one step to the next one: how often, and the seconds between them."""

    before: str
    after: str
    n: int
    median_s: float
    p90_s: float
    total_s: float


@dataclass(frozen=True)
class Variant:
    """One order of steps that cases take."""

    steps: tuple[str, ...]
    n_cases: int


@dataclass(frozen=True)
class CareFlow:
    """Everything that is shown. hand_overs: the one on which most time is waited in all comes first.

    variants: the most frequent first, at most ten; n_variants: all there are.
    """

    n_cases: int
    n_events: int
    steps: tuple[Step, ...]
    hand_overs: tuple[HandOver, ...]
    variants: tuple[Variant, ...]
    n_variants: int

    @property
    def bottlenecks(self) -> tuple[HandOver, ...]:
        """Give the hand-overs on which most time is waited, rare ones left out."""
        return tuple(one for one in self.hand_overs if one.n >= FEWEST and one.total_s > 0)[:MOST_BOTTLENECKS]

    def share(self, one: HandOver) -> float:
        """Give a hand-over's part of all waiting, from 0 to 1."""
        total = sum(each.total_s for each in self.hand_overs)
        return one.total_s / total if total else 0.0


def find_flow(log: EventLog) -> CareFlow:
    """Find what a log shows. The p90 is the usual one: interpolated between the two values next to it."""
    variants = _variants(log)
    return CareFlow(
        n_cases=log.n_cases,
        n_events=int(log.at.size),
        steps=_steps(log),
        hand_overs=_hand_overs(log),
        variants=tuple(Variant(steps, n) for steps, n in variants.most_common(MOST_VARIANTS)),
        n_variants=len(variants),
    )


def waits_of(log: EventLog, before: str, after: str) -> tuple[Seconds, Seconds]:
    """Give each time that one step followed the other: when it ended (seconds since 1970), and the seconds waited."""
    pair, waited, ended = _pairs(log)
    if before not in log.steps or after not in log.steps:
        return np.empty(0), np.empty(0)
    wanted = pair == log.steps.index(before) * len(log.steps) + log.steps.index(after)
    return ended[wanted], waited[wanted]


def _pairs(log: EventLog) -> tuple[NDArray[np.int64], Seconds, Seconds]:
    same = log.case[1:] == log.case[:-1]
    pair = (log.step[:-1] * len(log.steps) + log.step[1:])[same]
    return pair, np.diff(log.at)[same], log.at[1:][same]


def _hand_overs(log: EventLog) -> tuple[HandOver, ...]:
    pair, waited, _ = _pairs(log)
    order = np.lexsort((waited, pair))
    pair, waited = pair[order], waited[order]
    kinds, starts = np.unique(pair, return_index=True)
    n_steps = len(log.steps)
    found = [
        HandOver(
            before=log.steps[int(kind) // n_steps],
            after=log.steps[int(kind) % n_steps],
            n=int(group.size),
            median_s=float(np.median(group)),
            p90_s=float(np.quantile(group, 0.9)),
            total_s=float(group.sum()),
        )
        for kind, first, last in zip(kinds, starts, (*starts[1:], pair.size), strict=kinds.size > 0)
        for group in [waited[first:last]]
    ]
    return tuple(sorted(found, key=lambda one: (-one.total_s, -one.n, one.before, one.after)))


def _steps(log: EventLog) -> tuple[Step, ...]:
    n = len(log.steps)
    n_times = np.bincount(log.step, minlength=n)
    n_cases = np.bincount(np.unique(log.step * max(log.n_cases, 1) + log.case) // max(log.n_cases, 1), minlength=n)
    place = np.bincount(log.step, weights=_places(log), minlength=n) / np.maximum(n_times, 1)
    found = [Step(log.steps[i], int(n_cases[i]), int(n_times[i]), float(place[i])) for i in range(n)]
    return tuple(sorted(found, key=lambda one: (one.place, one.name)))


def _places(log: EventLog) -> Seconds:
    """Say of each event how far into its case it comes, from 0 to 1."""
    starts = np.flatnonzero(np.diff(log.case, prepend=-1))
    lengths = np.diff(starts, append=log.case.size)
    within = np.arange(log.case.size) - np.repeat(starts, lengths)
    places: Seconds = within / np.maximum(np.repeat(lengths, lengths) - 1, 1)
    return places


def _variants(log: EventLog) -> Counter[tuple[str, ...]]:
    starts = np.flatnonzero(np.diff(log.case, prepend=-1))
    step = log.step.astype(np.int32)
    ways = Counter(way.tobytes() for way in np.split(step, starts[1:])) if step.size else Counter[bytes]()
    named = {tuple(log.steps[i] for i in np.frombuffer(way, np.int32)): n for way, n in ways.items()}
    # One order for those that are equally frequent, whatever their order in the file.
    return Counter(dict(sorted(named.items(), key=lambda item: (-item[1], item[0]))))
