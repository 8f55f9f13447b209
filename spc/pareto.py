"""Pareto tables, and what moved a hospital's rate: its wards' own rates, or who was where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from spc.arrays import Floats
from spc.errors import BelowZero, MoreThanAll, NothingMeasured
from spc.intervals import garwood

VITAL_SHARE = 0.8
FEWEST_EVENTS = 5


@dataclass(frozen=True)
class Bar:
    """Hold one category. vital: one of the first that make up 80 % together."""

    category: str
    count: float
    running: float
    share: float
    running_share: float
    vital: bool


@dataclass(frozen=True)
class Pareto:
    """Hold the categories, largest first, ties by name. leader_is_clear: its interval does not reach the next."""

    bars: tuple[Bar, ...]
    leader_is_clear: bool


def make_pareto(counts: Mapping[str, float], *, rest: str | None = None) -> Pareto:
    """Order categories by count and say which few make up most of it.

    rest: the category that gathers what was too small to stand alone: it comes last and is never one of the few.
    """
    if not counts or sum(counts.values()) <= 0:
        raise NothingMeasured
    for point, count in enumerate(counts.values(), 1):
        if count < 0:
            raise BelowZero(kind="Pareto", point=point, value=f"{count:g}")
    names = sorted(counts, key=lambda name: (name == rest, -counts[name], name))
    running = np.cumsum([counts[name] for name in names])
    shares = running / running[-1]
    bars = (
        Bar(
            name,
            counts[name],
            float(upto),
            counts[name] / float(running[-1]),
            float(share),
            bool(before < VITAL_SHARE) and name != rest,
        )
        for name, upto, share, before in zip(names, running, shares, [0, *shares[:-1]], strict=True)
    )
    return Pareto(tuple(bars), _clear([counts[name] for name in names if name != rest]))


def _clear(falling: list[float]) -> bool:
    """Ask whether the exact 95 % interval of the first lies above that of the second."""
    return len(falling) < 2 or garwood(falling[0])[0] > garwood(falling[1])[1]


@dataclass(frozen=True)
class Driver:
    """Hold one ward's part in a change of the whole: by its own rate, and by its weight. They add up exactly."""

    name: str
    events: tuple[float, float]
    cases: tuple[float, float]
    by_rate: float
    by_mix: float


Part = tuple[float, float]  # events, cases


def find_drivers(before: Mapping[str, Part], after: Mapping[str, Part]) -> tuple[Driver, ...]:
    """Split the change of sum(events) / sum(cases) by ward, largest part first.

    A ward with fewer than 5 events in both times together goes into "others", which comes last.
    Source: Kitagawa 1955.
    """
    wards = _grouped(before, after)
    events, cases = (np.array([[float(each[k][i]) for each in wards.values()] for k in (0, 1)]) for i in (0, 1))
    if (events > cases).any():
        time, ward = np.argwhere(events > cases)[0]
        raise MoreThanAll(point=int(ward) + 1, value=f"{events[time, ward]:g}", out_of=f"{cases[time, ward]:g}")
    if (cases.sum(axis=1) <= 0).any():
        raise NothingMeasured
    by_rate, by_mix = _split(events, cases)
    drivers = [
        Driver(name, (float(e[0]), float(e[1])), (float(c[0]), float(c[1])), float(rate), float(mix))
        for name, e, c, rate, mix in zip(wards, events.T, cases.T, by_rate, by_mix, strict=True)
    ]
    return tuple(sorted(drivers, key=lambda each: (each.name == "others", -abs(each.by_rate + each.by_mix), each.name)))


def _split(events: Floats, cases: Floats) -> tuple[Floats, Floats]:
    weight = cases / cases.sum(axis=1, keepdims=True)
    whole = events.sum(axis=1) / cases.sum(axis=1)
    rate = np.divide(events, cases, out=np.full(events.shape, np.nan), where=cases > 0)
    rate = np.where(np.isnan(rate), rate[::-1], rate)  # a ward that closed or opened: only its weight changed
    rate = np.where(np.isnan(rate), whole.mean(), rate)
    by_rate = weight.mean(axis=0) * (rate[1] - rate[0])
    by_mix = (rate.mean(axis=0) - whole.mean()) * (weight[1] - weight[0])
    return by_rate, by_mix


def _grouped(before: Mapping[str, Part], after: Mapping[str, Part]) -> dict[str, tuple[Part, Part]]:
    nothing = (0.0, 0.0)
    every = {name: (before.get(name, nothing), after.get(name, nothing)) for name in [*before, *after]}
    kept = {name: each for name, each in every.items() if each[0][0] + each[1][0] >= FEWEST_EVENTS and name != "others"}
    small = [each for name, each in every.items() if name not in kept]
    if small:
        kept["others"] = (_sum(each[0] for each in small), _sum(each[1] for each in small))
    return kept


def _sum(parts: Iterable[Part]) -> Part:
    events, cases = zip(*parts, strict=True)
    return sum(events), sum(cases)
