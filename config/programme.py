"""A national or local quality programme as data: the shapes of config/programmes/<edition>.yaml."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum

from pydantic import Field

from config.programme_parts import (
    CoreSystems,
    Evidence,
    GoalYear,
    Part,
    Period,
    Phase,
    Reference,
    Standing,
    Supervision,
)
from config.shapes import Slug
from config.words import Text, Words


class Review(StrEnum):
    """How often a measure is looked at."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half-yearly"
    YEARLY = "yearly"


class Where(StrEnum):
    """Which units do what a requirement asks."""

    HOSPITAL = "hospital"  # the hospital as a whole
    DEPARTMENTS = "departments"  # every department
    OWNERS = "owners"  # the units in which somebody holds the owner's role


class Op(StrEnum):
    """How a value is compared with its target."""

    AT_LEAST = ">="
    AT_MOST = "<="
    MORE = ">"
    LESS = "<"
    EQUAL = "="


class Dimension(Part):
    """One of the fields into which an edition sorts its measures."""

    id: Slug
    title: Text
    short: Text
    evidence: Evidence


class Requirement(Part):
    """What a measure asks, who does it and where; `id` stays the same from edition to edition."""

    id: Slug
    text: Text
    owner: Slug = Field(description="A role, found from the unit upwards.")
    instead: Slug | None = Field(None, description="Who has it where the owner's role is held nowhere.")
    where: Where = Where.HOSPITAL


class Measure(Part):
    """One measure; `number` is a label, `id` the key."""

    id: Slug
    number: int = Field(ge=1, strict=True)
    dimension: Slug
    title: Text
    frequency: Text = Field(description="What the document itself says of how often.")
    review: Review = Field(description="How often this product looks at it.")
    owners: tuple[Slug, ...] = Field(min_length=1)
    requirements: tuple[Requirement, ...] = Field(min_length=1)
    indicators: tuple[Slug, ...] = ()
    weak_link: bool = False
    process_topic: bool = False
    evidence: Evidence


class Target(Part):
    """What an indicator must reach by a date, in the unit in which it is shown."""

    indicator: Slug
    op: Op
    value: float = Field(allow_inf_nan=False)
    unit: Text
    by: date
    evidence: Evidence


class Step(Part):
    """One step of a special action."""

    text: Text
    when: Text
    owners: tuple[Slug, ...] = Field(min_length=1)
    evidence: Evidence


class Statement(Part):
    """A sentence with its evidence."""

    text: Text
    evidence: Evidence


class SpecialAction(Part):
    """One special action of the programme; its launch, cycles and scoreboard are an activity of their own."""

    id: Slug
    number: int = Field(ge=1, strict=True)
    title: Text
    aim: Text
    content: tuple[Statement, ...] = ()
    steps: tuple[Step, ...] = ()
    indicators: tuple[Slug, ...] = ()
    targets: tuple[Target, ...] = ()
    without_number: tuple[Statement, ...] = Field((), description="Targets for which no figure is known.")
    follow_up: Statement | None = Field(None, description="The document that spells the action out.")
    evidence: Evidence


class LocalExample(Part):
    """A target that one place has set; an example, not a rule."""

    text: Text
    place: Text
    evidence: Evidence


class Definition(Part):
    """How sure the definition of an indicator is; what it counts stands in config/indicators/."""

    indicator: Slug
    evidence: Evidence
    example: LocalExample | None = None


class Programme(Part):
    """One dated edition of a programme. Its parts fit together only when config.programme_checks finds nothing."""

    id: Slug
    title: Text
    document: Words
    issuers: tuple[Text, ...] = Field(min_length=1)
    period: Period
    status: Text
    note: Text
    legend: dict[Standing, Text] = Field(description="What each status of evidence means.")
    sources: dict[Words, Reference]
    dimensions: tuple[Dimension, ...] = Field(min_length=1)
    measures: tuple[Measure, ...] = Field(min_length=1)
    special_actions: tuple[SpecialAction, ...] = ()
    definitions: tuple[Definition, ...] = ()
    goals: tuple[GoalYear, ...] = ()
    core_systems: CoreSystems | None = None
    phases: tuple[Phase, ...] = ()
    levels: tuple[Supervision, ...] = ()

    @property
    def targets(self) -> Iterator[Target]:
        """Walk over the targets of all special actions."""
        return (target for action in self.special_actions for target in action.targets)

    def measure(self, slug: str) -> Measure | None:
        """Find a measure by its id."""
        return next((one for one in self.measures if one.id == slug), None)

    def action(self, slug: str) -> SpecialAction | None:
        """Find a special action by its id."""
        return next((one for one in self.special_actions if one.id == slug), None)
