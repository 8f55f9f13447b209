"""The refusals of the statistics: the docstring is the English message, `zh` the Chinese one."""

from typing import ClassVar


class DataError(ValueError):
    """The data cannot be used: {what}"""

    zh: ClassVar[str] = "数据无法使用：{what}"

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.text("en"))

    def text(self, language: str) -> str:
        """Write the message in `language` ('zh...' or anything else for English)."""
        message = self.zh if language.lower().startswith("zh") else (type(self).__doc__ or "")
        return message.format(**self.facts)


# --- values ---------------------------------------------------------------------------------------------------------
class NothingMeasured(DataError):
    """There is not a single value. Enter at least one period."""

    zh = "没有任何数值。请至少录入一个周期的数据。"


class NotOneEach(DataError):
    """There are {n_values} values but {n_others} {others}. Give one for each period, empty if it is missing."""

    zh = "有 {n_values} 个数值，却有 {n_others} 个{others}。每个周期请各给一个，缺失的留空。"


class TooExtreme(DataError):
    """Point {point} is {value}, which no hospital measures. Correct the value, or choose a unit that fits."""

    zh = "第 {point} 点为 {value}，超出医院数据的合理范围。请更正数值或换用合适的单位。"


class BelowZero(DataError):
    """Point {point} is {value}: a chart of the kind {kind} takes no value below zero. Correct it."""

    zh = "第 {point} 点为 {value}：{kind} 图不接受负数。请更正。"


class NotAboveZero(DataError):
    """Point {point} is {value}: a t chart needs times above zero. Use hours instead of days, or a g chart."""

    zh = "第 {point} 点为 {value}：t 图要求时间大于零。请改用小时为单位，或使用 g 图。"


class DenominatorMissing(DataError):
    """A chart of the kind {kind} needs a denominator for each period. Give it, or choose another chart."""

    zh = "{kind} 图的每个周期都需要分母。请补充分母，或选择其他图。"


class MoreThanAll(DataError):
    """Point {point} counts {value} of {out_of}: a part cannot be more than the whole. Correct one of the two."""

    zh = "第 {point} 点为 {value}/{out_of}：分子不能大于分母。请更正其一。"


class SubgroupsMissing(DataError):
    """A chart of the kind {kind} needs the single values of each period, not their average."""

    zh = "{kind} 图需要每个周期的原始数值，而不是平均值。"


class SubgroupTooLarge(DataError):
    """Subgroup {point} has {size} values; the tables for ranges end at 25. Use standard deviations instead."""

    zh = "第 {point} 组有 {size} 个数值，而极差系数表只到 25。请改用标准差。"


# --- plan -----------------------------------------------------------------------------------------------------------
class BaselineTooShort(DataError):
    """A baseline of {found} points is too short; at least {needed} are needed."""

    zh = "基线只有 {found} 个点，至少需要 {needed} 个。"


class TrendAcrossGap(DataError):
    """A value is missing inside a possible trend that ends at point {point}; these rules do not say what holds then.

    Choose a rule set that lets a gap break a trend.
    """

    zh = "在可能止于第 {point} 点的趋势中缺少一个数值，这套规则对此没有规定。请选择遇缺失即中断趋势的规则。"


# --- comparison, verdict, Pareto ------------------------------------------------------------------------------------
class SideEmpty(DataError):
    """Nothing to compare: {n_before} usable points before and {n_after} after. Each side needs at least two."""

    zh = "无法比较：之前有 {n_before} 个有效点，之后有 {n_after} 个，两侧各至少需要两个。"


class TargetOffScale(DataError):
    """The target {target} does not fit a proportion between 0 and 1. Is it meant in per cent?"""

    zh = "目标值 {target} 不在 0 到 1 之间，不适用于比例。是否以百分数填写？"


class DirectionMissing(DataError):
    """It is not said whether more or less of this is better. Set the indicator's direction."""

    zh = "未说明该指标是越高越好还是越低越好。请设置指标方向。"


class NotAnOutcome(DataError):
    """Case {point} is {value}; an outcome is 0 (did not happen) or 1 (happened)."""

    zh = "第 {point} 例为 {value}；结局只能是 0（未发生）或 1（发生）。"


class OutOfBounds(DataError):
    """{name} is {value}; it must lie between {least} and {most}."""

    zh = "{name} 为 {value}，应在 {least} 与 {most} 之间。"
