"""The complete record of one assessment, as its row keeps it in JSON: everything the verdict rests on."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from pydantic import TypeAdapter

from config.words import Text


@dataclass(frozen=True, slots=True)  # sixty in each record: without slots a batch keeps the garbage collector busy
class Point:
    """One period. value and lines are as shown; phase: baseline, wash-in or after; meaning: a word of spc.icons."""

    period: date
    value: float | None
    numerator: float | None
    denominator: float | None
    centre: float | None
    lcl: float | None
    ucl: float | None
    lcl2: float | None
    ucl2: float | None
    phase: str
    meaning: str
    provisional: bool


@dataclass(frozen=True)
class Span:
    """A stretch of periods by their first days, and how many of them are usable."""

    first: date | None
    last: date | None
    n: int


@dataclass(frozen=True)
class Signal:
    """What a rule marks. direction: high or low; sense: favourable, unfavourable or neutral."""

    rule: str
    first: date
    last: date
    direction: str
    sense: str
    phase: str
    detected_on: date


@dataclass(frozen=True)
class RunsFound:
    """The analysis of runs of one phase."""

    phase: str
    n_useful: int
    longest: int | None
    longest_max: int | None
    crossings: int | None
    crossings_min: int | None
    signal: bool


@dataclass(frozen=True)
class TargetFound:
    """The target as shown, and how far it is reached. bound: one-sided 95 %."""

    value: float
    operator: str
    latest_met: bool
    n_met: int
    n_periods: int
    attained: bool
    bound: float | None
    confirmed: bool
    expected_share: float | None


@dataclass(frozen=True)
class ChangeFound:
    """After against before, as shown; ci95 is that of the level after."""

    before: float
    after: float
    difference: float
    ratio: float | None
    ci95: tuple[float | None, float | None]
    method: str
    freedom: float | None
    lag1: float
    widening: float
    dispersion: float
    worthwhile: float | None
    detectable: float | None


@dataclass(frozen=True)
class Saying:
    """A verdict in both languages."""

    headline: Text
    sentence: Text
    reasons: tuple[Text, ...]
    flags: tuple[Text, ...]


@dataclass(frozen=True)
class Record:
    """One assessment. n_changed: periods of the sealed baseline whose data have changed since; they change nothing."""

    indicator: str
    version: int
    unit: str
    cycle: str
    as_of: datetime
    data_hash: str
    engine_version: str
    rule_set: str
    chart: str
    screened: bool
    title: Text
    shown_in: Text
    multiply: float
    better: str
    n_periods: int
    n_usable: int
    n_missing: int
    n_zero_denominator: int
    n_provisional: int
    n_changed: int
    baseline: Span
    after: Span
    events_before: float | None
    events_after: float | None
    trial_limits: bool
    sigma_z: float | None
    points: tuple[Point, ...]
    signals: tuple[Signal, ...]
    runs: tuple[RunsFound, ...]
    variation: str
    assurance: str
    target: TargetFound | None
    change: ChangeFound | None
    prediction: float | None
    verdict: str
    confidence: str
    reasons: tuple[str, ...]
    flags: tuple[str, ...]
    alert: bool
    next_step: str
    said: Saying


@cache
def _form() -> TypeAdapter[Record]:
    return TypeAdapter(Record)


def written(record: Record) -> str:
    """Write a record as JSON."""
    return _form().dump_json(record).decode()


def record_from(text: str) -> Record:
    """Read a stored record."""
    return _form().validate_json(text)


@dataclass(frozen=True)
class _Signals:
    """What is read of a record where nothing but its signals is wanted."""

    signals: tuple[Signal, ...]


@cache
def _signals_form() -> TypeAdapter[_Signals]:
    return TypeAdapter(_Signals)


def signals_from(text: str) -> tuple[Signal, ...]:
    """Read the signals of a stored record."""
    return _signals_form().validate_json(text).signals
