"""The shapes of what systems send and are answered; nothing else is let in."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from config.words import Text
from engine.observation_checks import Fault
from engine.observations import Fate
from engine.system_values import Taken

MOST_VALUES = 1_000
Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e12, le=1e12)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sent(_Shape):
    """One value. Without a value it is known that there is none."""

    indicator: str = Field(min_length=1, max_length=200, description="The id of the indicator, or its title.")
    unit: str = Field(min_length=1, max_length=200, description="The id of the unit, or its name.")
    period: str = Field(min_length=4, max_length=40, description="2026-03, 2026Q1, 2026-W05 or 2026.")
    value: Number | None = Field(None, description="The numerator, or what was measured.")
    denominator: Number | None = None
    provisional: Annotated[bool, Field(strict=True)] | None = Field(None, description="Empty: as it is stored.")
    note: str | None = Field(None, max_length=500, description="No patient data.")


class Batch(_Shape):
    """Values that are taken in one transaction."""

    observations: tuple[Sent, ...] = Field(min_length=1, max_length=MOST_VALUES)
    all_or_nothing: bool = Field(False, strict=True)
    why: str = Field("", max_length=500, description="The reason of corrections.")


class Problem(_Shape):
    """What is wrong at a place of the body, in both languages."""

    path: str
    en: str
    zh: str


class Problems(_Shape):
    """Why a request was refused."""

    problems: list[Problem]


class SealedChange(_Shape):
    """A value that belongs to the sealed baseline of cycles."""

    indicator: str
    period_on: str
    cycles: list[str]


class Outcome(Problems):
    """What became of a batch."""

    new: int
    same: int
    corrected: int
    refused: int
    left: int
    warnings: list[Problem]
    sealed: list[SealedChange]


class Stored(_Shape):
    """One stored value."""

    indicator: str
    unit: str
    period: str
    value: float | None
    denominator: float | None
    provisional: bool
    note: str
    corrections: int


class Page(_Shape):
    """Stored values; `next_offset` asks for the next ones."""

    observations: list[Stored]
    next_offset: int | None


def outcome_of(taken: Taken) -> Outcome:
    """Write what became of a batch."""
    n = Counter(taken.fates)
    return Outcome(
        new=n[Fate.NEW],
        same=n[Fate.SAME],
        corrected=n[Fate.CORRECTED],
        refused=n[Fate.REFUSED],
        left=n[Fate.LEFT],
        problems=[_about(i, fault) for i, found in sorted(taken.faults.items()) for fault in found],
        warnings=[_about(i, fault) for i, found in sorted(taken.warnings.items()) for fault in found],
        sealed=[
            SealedChange(indicator=one.key[0], period_on=str(one.key[2]), cycles=[cycle.code for cycle in one.sealed])
            for one in taken.sealed
        ],
    )


def problem(path: str, text: Text) -> Problem:
    """Write one problem."""
    return Problem(path=path, en=text.en, zh=text.zh)


def path_of(loc: Sequence[str | int]) -> str:
    """Write a place as people do: observations[3].value."""
    steps = [step for step in loc if step not in ("body",)]
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def _about(i: int, fault: Fault) -> Problem:
    return Problem(path=f"observations[{i}].{fault.column}", en=fault.text("en"), zh=fault.text("zh"))
