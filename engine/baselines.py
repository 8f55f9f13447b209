"""The baseline that Plan seals: what it holds, its one spelling, its hash, what has changed since; pure."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from pydantic import TypeAdapter

from models.reads.series import Series

FEWEST_POINTS = 12


@dataclass(frozen=True)
class Baseline:
    """Aim, data and prediction at the moment of the seal. Levels are as shown; values as they were entered."""

    indicator: str
    version: int
    unit: str
    frequency: str
    periods: tuple[date, ...]
    values: tuple[float | None, ...]
    out_of: tuple[float | None, ...] | None
    target: float
    target_on: date
    prediction: float
    prediction_note: str
    wash_in: int
    worthwhile: float | None
    short_baseline_reason: str


@dataclass(frozen=True)
class Changed:
    """A period of a sealed baseline that reads otherwise today: (value, denominator) then and now."""

    period: date
    sealed: tuple[float | None, float | None]
    today: tuple[float | None, float | None]


def canonical(baseline: Baseline) -> str:
    """Write a baseline in its one spelling."""
    return json.dumps(asdict(baseline), ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def digest(text: str) -> str:
    """Hash what was written."""
    return hashlib.sha256(text.encode()).hexdigest()


_FORM = TypeAdapter(Baseline)


def baseline_from(text: str) -> Baseline:
    """Read a sealed baseline."""
    return _FORM.validate_json(text)


def usable(series: Series) -> tuple[date, ...]:
    """List the periods that count: a value, cases to divide it by, and final."""
    out_of: Sequence[float | None] = series.out_of or (1.0,) * len(series.periods)
    return tuple(
        period
        for period, value, size, provisional in zip(
            series.periods, series.values, out_of, series.provisional, strict=True
        )
        if value is not None and size and not provisional
    )


def data_hash(series: Series) -> str:
    """Hash a series: the same data give the same hash."""
    return digest(json.dumps(vars(series), sort_keys=True, separators=(",", ":"), default=str))


def with_sealed(baseline: Baseline, series: Series) -> Series:
    """Put the sealed values in the place of those that the baseline's periods have today.

    The result begins with the baseline and goes on with the periods after it.
    """
    end = baseline.periods[-1] if baseline.periods else date.min
    later = [place for place, period in enumerate(series.periods) if period > end]
    out_of: tuple[float | None, ...] | None = None
    if baseline.out_of is not None or series.out_of is not None:
        out_of = (
            *(baseline.out_of or (None,) * len(baseline.periods)),
            *((series.out_of or (None,) * len(series.periods))[place] for place in later),
        )
    return Series(
        (*baseline.periods, *(series.periods[place] for place in later)),
        (*baseline.values, *(series.values[place] for place in later)),
        out_of,
        (*(False,) * len(baseline.periods), *(series.provisional[place] for place in later)),
    )


def until(series: Series, on: date) -> Series:
    """Leave out the periods that begin after a day."""
    n = sum(period <= on for period in series.periods)
    out_of = None if series.out_of is None else series.out_of[:n]
    return Series(series.periods[:n], series.values[:n], out_of, series.provisional[:n])


def find_changes(baseline: Baseline, series: Series) -> tuple[Changed, ...]:
    """Compare a sealed baseline with what the same periods say today."""
    out_of = series.out_of or (None,) * len(series.periods)
    today = dict(zip(series.periods, zip(series.values, out_of, strict=True), strict=True))
    then = baseline.out_of or (None,) * len(baseline.periods)
    pairs = zip(baseline.periods, zip(baseline.values, then, strict=True), strict=True)
    return tuple(
        Changed(period, sealed, today.get(period, (None, None)))
        for period, sealed in pairs
        if today.get(period, (None, None)) != sealed
    )
