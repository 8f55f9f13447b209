"""What an analysis of a care process found, as its row keeps it in JSON."""

from dataclasses import dataclass
from datetime import date
from functools import cache

from pydantic import TypeAdapter

from careflow.flow import CareFlow, HandOver
from config.words import Text


@dataclass(frozen=True)
class WeekOfWaiting:
    """The hand-overs that ended in one week: how many, and the median of their hours."""

    week_on: date
    n: int
    median_h: float


@dataclass(frozen=True)
class Bottleneck:
    """A hand-over on which much time is waited, week by week."""

    hand_over: HandOver
    weeks: tuple[WeekOfWaiting, ...]


@dataclass(frozen=True)
class CareRecord:
    """Everything that is shown of an analysis. bottlenecks: the one on which most time is waited first.

    left_out: the first of the rows that could not be read, in words; none in records from before they were kept.
    """

    file: str
    sha256: str
    first_on: date
    last_on: date
    n_left_out: int
    n_repeats: int
    flow: CareFlow
    bottlenecks: tuple[Bottleneck, ...]
    left_out: tuple[Text, ...] = ()


@cache
def _form() -> TypeAdapter[CareRecord]:
    return TypeAdapter(CareRecord)


def written(record: CareRecord) -> str:
    """Write a record as JSON."""
    return _form().dump_json(record).decode()


def care_record_from(text: str) -> CareRecord:
    """Read a stored record."""
    return _form().validate_json(text)
