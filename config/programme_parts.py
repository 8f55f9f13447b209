"""The smaller parts of a programme's edition: evidence, time, yearly goals, core systems, levels of supervision."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from config.shapes import Shape, Slug
from config.words import Refused, Text, Words


class Standing(StrEnum):
    """How sure a statement is; shown beside it wherever it is shown."""

    CONFIRMED = "confirmed"
    CORROBORATED = "corroborated"
    UNCONFIRMED = "unconfirmed"
    PRODUCT_DEFAULT = "product-default"


def _month(value: object) -> str:
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", str(value)):
        raise Refused(Text(f"`{value}` is not a month", f"“{value}”不是月份"), Text("Write 2023-05", "请写 2023-05"))
    return str(value)


Month = Annotated[str, BeforeValidator(_month)]


class Part(Shape):
    """The parent of all parts of an edition."""


class Evidence(Part):
    """Where a statement comes from and how sure it is."""

    status: Standing
    confidence: float | None = Field(None, ge=0, le=1, description="Of whoever gathered the facts, from 0 to 1.")
    sources: tuple[Words, ...] = Field((), description="Keys of the edition's own `sources`.")
    note: Text | None = None


class Period(Part):
    """From the first month to the last one, both included."""

    start: Month
    end: Month


class Goal(Part):
    """One of the ten national goals of a year."""

    number: int = Field(ge=1, strict=True)
    code: Words
    title: Text
    indicator: Slug
    changed: bool = Field(False, description="It was not a goal, or another one, in the year before.")


class GoalYear(Part):
    """The national goals of one year."""

    year: int = Field(ge=2000, le=2200, strict=True)
    issued: Text
    document: Text
    in_period: bool
    evidence: Evidence
    goals: tuple[Goal, ...] = Field(min_length=1)


class CoreSystem(Part):
    """One of the core systems of care that a hospital spells out as its own rules."""

    id: Slug
    number: int = Field(ge=1, strict=True)
    title: Text
    limit: Text | None = Field(None, description="A time limit that a source states.")
    indicators: tuple[Slug, ...] = ()


class CoreSystems(Part):
    """The core systems with the document that lists them."""

    document: Words
    evidence: Evidence
    systems: tuple[CoreSystem, ...] = Field(min_length=1)


class Phase(Part):
    """A stretch of the programme's time."""

    id: Slug
    title: Text
    period: Period
    work: Text
    evidence: Evidence


class Supervision(Part):
    """Who supervises or supports at one level, and to whom that level reports."""

    id: Slug
    title: Text
    does: Text
    reports_to: Slug | None = None
    evidence: Evidence


class Reference(Part):
    """A source, by name and number."""

    title: Text
    supports: Text
