"""What a hospital counts: the shapes of config/indicators/<set>.yaml, and whether the parts of a definition agree."""

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field

from config.problems import Finding, Loc
from config.shapes import Shape, Slug
from config.words import Text


class Family(StrEnum):
    """What kind of number it is; it decides the chart."""

    PROPORTION = "proportion"  # so many of so many: the numerator is a part of the denominator
    RATE = "rate"  # events for an amount of opportunity, such as patient days
    COUNT = "count"  # events where the opportunity is always the same
    MEASUREMENT = "measurement"  # a time, an amount, a score; with a denominator it is a sum over cases
    RARE = "rare"  # fewer than two events a period


class Better(StrEnum):
    """Which way is an improvement."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Frequency(StrEnum):
    """How long a period is."""

    MONTH = "month"
    QUARTER = "quarter"
    WEEK = "week"
    YEAR = "year"


class WrittenIndicator(Shape):
    """One definition as it stands in a set's file."""

    id: Slug
    label: str | None = Field(None, min_length=1, max_length=32, description="The number in its programme: C06.")
    version: int = Field(ge=1, strict=True, description="Raise it with every change of what is counted.")
    title: Text
    numerator: Text = Field(description="What is counted or measured.")
    denominator: Text | None = Field(None, description="Out of what; needed for a proportion and a rate.")
    unit: Text = Field(description="Of the values as shown: %, per 1,000 bed days, minutes.")
    family: Family
    multiply: float = Field(1, gt=0, le=1_000_000, allow_inf_nan=False, description="100 for %, 1000 for per mille.")
    better: Better
    frequency: Frequency = Frequency.MONTH
    target: float | None = Field(None, allow_inf_nan=False, description="As shown: 85 for 85 %.")
    least: float | None = Field(None, allow_inf_nan=False, description="No shown value can be below.")
    most: float | None = Field(None, allow_inf_nan=False, description="No shown value can be above.")
    data_owner: Slug = Field("data-owner", description="The role that enters the values.")
    note: Text | None = None

    @property
    def lowest(self) -> float | None:
        """The smallest value that can be shown; only a measurement may lie below 0."""
        return self.least if self.least is not None or self.family is Family.MEASUREMENT else 0.0

    @property
    def highest(self) -> float | None:
        """The largest value that can be shown: all of all for a proportion."""
        return self.most if self.most is not None or self.family is not Family.PROPORTION else self.multiply

    def shown(self, value: float | None, denominator: float | None) -> float | None:
        """Bring a stored value onto the scale in which it is shown; None where there is no value or nobody to count."""
        if value is None or denominator == 0:
            return None
        return value / (1 if denominator is None else denominator) * self.multiply


class Indicator(WrittenIndicator):
    """One definition with the set that it belongs to."""

    set: Slug


class IndicatorSet(Shape):
    """Definitions that are entered and assessed together."""

    id: Slug
    title: Text
    indicators: tuple[WrittenIndicator, ...] = Field(min_length=1)

    def placed(self) -> dict[str, Indicator]:
        """Give each definition by its id, with this set in it."""
        return {one.id: Indicator.model_validate({**dict(one), "set": self.id}) for one in self.indicators}


SIGNS = {"%": 100.0, "‰": 1000.0}
NEED_DENOMINATOR = frozenset({Family.PROPORTION, Family.RATE})


def check_definition(loc: Loc, one: WrittenIndicator) -> Iterator[Finding]:
    """Find a denominator too few or too many, a sign that the factor contradicts, a target on another scale."""
    if one.denominator is None and one.family in NEED_DENOMINATOR:
        what = Text(f"A {one.family} needs a denominator", "比例和率必须有分母")
        yield Finding((*loc, "family"), what, Text("Add `denominator: {en: ..., zh: ...}`", "请添加 denominator"))
    if one.denominator is not None and one.family is Family.COUNT:
        what = Text("A count has no denominator", "计数指标没有分母")
        yield Finding(
            (*loc, "denominator"), what, Text("Take it out, or write `family: rate`", "请删除，或改为 family: rate")
        )
    for sign, factor in SIGNS.items():
        if one.denominator is not None and sign in (one.unit.en, one.unit.zh) and one.multiply != factor:
            what = Text(
                f"The unit {sign} needs the factor {factor:g}, not {one.multiply:g}",
                f"单位 {sign} 的系数应为 {factor:g}，而不是 {one.multiply:g}",
            )
            yield Finding((*loc, "multiply"), what, Text(f"Write `multiply: {factor:g}`", f"请写 multiply: {factor:g}"))
    yield from _check_bounds(loc, one)


def _check_bounds(loc: Loc, one: WrittenIndicator) -> Iterator[Finding]:
    lowest, highest = one.lowest, one.highest
    if lowest is not None and highest is not None and lowest >= highest:
        what = Text(f"`least` {lowest:g} is not below `most` {highest:g}", f"least {lowest:g} 不小于 most {highest:g}")
        yield Finding((*loc, "least"), what, Text("Exchange or mend the two", "请对调或修改"))
    if one.target is None:
        return
    beyond = (highest is not None and one.target > highest) or (lowest is not None and one.target < lowest)
    # 0.85 % is no target for what should be high: whoever writes it means the share.
    share = one.better is Better.HIGHER and one.family is Family.PROPORTION and one.multiply >= 100
    if beyond or (share and 0 < one.target <= 1):
        yield Finding((*loc, "target"), _off_scale(one), _on_scale(one))


def _off_scale(one: WrittenIndicator) -> Text:
    return Text(
        f"The target {one.target:g} is on another scale than the values ({one.unit.en})",
        f"目标值 {one.target:g} 与指标数值（{one.unit.zh}）不在同一尺度",
    )


def _on_scale(one: WrittenIndicator) -> Text:
    lowest, highest = one.lowest or 0.0, one.highest
    if highest is None:
        return Text(f"Write {lowest:g} or more", f"请写 {lowest:g} 或更大的数")
    if one.target and 0 < one.target <= 1 < highest:
        return Text(f"Write {one.target * highest:g}", f"请写 {one.target * highest:g}")
    return Text(f"Write a number from {lowest:g} to {highest:g}", f"请写 {lowest:g} 到 {highest:g} 之间的数")
