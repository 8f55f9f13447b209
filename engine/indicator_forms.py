"""The forms in which values of indicators come and go: a row for each value, or a column for each period."""

from dataclasses import dataclass

from config.words import Text
from engine.forms import Column, Form

MOST_VALUES = 50_000  # a large hospital has about 20,000 a year; more is a mistake, or comes year by year
NONE_WORDS = ("none", "无", "没有", "n/a", "na")
YES = ("yes", "y", "true", "1", "是", "暂定", "初步", "x", "√", "✓")
NO = ("no", "n", "false", "0", "否", "最终", "终值", "final")

INDICATOR = Column(
    "indicator", "指标", Text("The title or the id of the indicator", "指标名称或编号"), ("指标名称", "指标编号")
)
UNIT = Column(
    "unit", "科室", Text("The name or the id of the unit", "科室名称或编号"), ("单位", "病区", "部门", "科室编号")
)
PERIOD = Column(
    "period",
    "时期",
    Text("2026-03, 2026Q1, 2026-W05 or 2026", "2026-03、2026Q1、2026-W05 或 2026"),
    ("月份", "日期", "时间", "统计月份", "month", "date", "quarter", "week", "year", "季度", "年份", "周"),
)
VALUE = Column(
    "value",
    "分子或数值",
    Text("The numerator, or what was measured; `none`: there is none", "分子，或测量值；确知没有请写“无”"),
    ("分子", "数值", "值", "numerator", "计数", "例数"),
)
DENOMINATOR = Column(
    "denominator",
    "分母",
    Text("Out of how many; blank where there is none", "分母；没有分母的指标留空"),
    (),
    needed=False,
)
PROVISIONAL = Column(
    "provisional",
    "暂定",
    Text("yes: still to be corrected", "“是”表示以后还会更正"),
    ("暂定值", "初步数据"),
    needed=False,
)
NOTE = Column(
    "note",
    "备注",
    Text("No patient data, no identity numbers", "请勿填写患者信息和身份证号"),
    ("说明", "注"),
    needed=False,
)
PART = Column(
    "part",
    "项目",
    Text("numerator or denominator; blank: the value", "分子或分母；空白为数值"),
    ("分子/分母", "类别", "which"),
    needed=False,
)
# Written into a workbook that comes back; not read again.
REASON = Text("refused because", "退回原因")

LONG = Form("values", "数值", (INDICATOR, UNIT, PERIOD, VALUE, DENOMINATOR, PROVISIONAL, NOTE))
WIDE = Form("values", "数值", (INDICATOR, UNIT, PART))
PARTS = {
    "value": ("value", "数值", "分子或数值", "numerator", "分子", ""),
    "denominator": ("denominator", "分母"),
}


@dataclass(frozen=True)
class Defaults:
    """What is known of values before they are read: a page of one indicator, a unit chosen beside it; by id."""

    indicator: str | None = None
    unit: str | None = None

    def has(self, column: Column) -> bool:
        return bool((column is INDICATOR and self.indicator) or (column is UNIT and self.unit))
