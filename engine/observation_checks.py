"""Whether a value can be what it says it is: numbers, scales and periods, decided without the database."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from config.indicators import NEED_DENOMINATOR, Family, Indicator
from config.periods import EARLIEST_YEAR, NAMES, after, spelled, start_of
from config.words import Text
from engine.workbook import names_somebody

LARGEST = 1e12
LONGEST_NOTE = 500
WHOLE = frozenset({Family.PROPORTION, Family.COUNT, Family.RARE})


@dataclass(frozen=True)
class Given:
    """One value as somebody gives it.

    value: a numerator, or a measurement; None: it is known that there is none.
    provisional, note: None when nothing is said about them; what is stored then stays.
    """

    indicator: str
    unit_id: int
    period_on: date
    value: float | None
    denominator: float | None = None
    provisional: bool | None = None
    note: str | None = None

    @property
    def key(self) -> tuple[str, int, date]:
        return self.indicator, self.unit_id, self.period_on


@dataclass(frozen=True)
class Fault:
    """What is wrong (or doubtful) in one column of a given value."""

    column: str
    what: Text
    mend: Text

    def text(self, language: str) -> str:
        """Say it in one line."""
        what, mend = self.what.in_(language), self.mend.in_(language)
        return f"{what}。{mend}。" if language.lower().startswith("zh") else f"{what}. {mend}."


def check_given(one: Indicator, given: Given, *, today: date) -> Iterator[Fault]:
    """Find what makes a value impossible."""
    yield from _check_period(one, given, today)
    if given.value is None:
        if given.denominator is not None:
            yield _nothing_of_something()
        return
    numbers = (("value", given.value), ("denominator", given.denominator))
    wrong = [fault for column, number in numbers if number is not None for fault in _check_number(column, number)]
    yield from wrong or _check_pair(one, given.value, given.denominator, given.note)


def warn_of(one: Indicator, given: Given, *, today: date) -> Iterator[Fault]:
    """Find what is doubtful; see `settled` for what becomes of it."""
    if given.note and names_somebody(given.note):
        yield Fault(
            "note",
            Text(
                "The note holds what looks like an identity or mobile number and was not stored",
                "备注中似有身份证号或手机号，未保存",
            ),
            Text("Write it again without the number", "请去掉号码后重写"),
        )
    if given.provisional is not True and _unfinished(one, given, today):
        name = spelled(one.frequency, given.period_on)
        yield Fault(
            "provisional",
            Text(f"{name} is not over yet, so the value is marked provisional", f"{name} 尚未结束，数值已标为暂定"),
            Text("Enter the final value when it is", "期末请再录入最终值"),
        )


def settled(one: Indicator, given: Given, *, today: date) -> Given:
    """Give the value as it is stored: a note that names somebody is left out, an unfinished period is provisional."""
    note = "" if given.note and names_somebody(given.note) else given.note
    provisional = True if _unfinished(one, given, today) else given.provisional
    return Given(given.indicator, given.unit_id, given.period_on, given.value, given.denominator, provisional, note)


def _unfinished(one: Indicator, given: Given, today: date) -> bool:
    return after(one.frequency, given.period_on) > today


def _check_period(one: Indicator, given: Given, today: date) -> Iterator[Fault]:
    name = spelled(one.frequency, given.period_on)
    if start_of(one.frequency, given.period_on) != given.period_on:
        noun = NAMES[one.frequency]
        yield Fault(
            "period",
            Text(f"{given.period_on} is not the first day of a {noun.en}", f"{given.period_on} 不是{noun.zh}的第一天"),
            Text(f"This indicator is counted by the {noun.en}", f"该指标按{noun.zh}统计"),
        )
    elif given.period_on > today:
        yield Fault(
            "period",
            Text(f"{name} lies in the future", f"{name} 尚未到来"),
            Text("Mend the period", "请修改时期"),
        )
    elif given.period_on.year < EARLIEST_YEAR:
        yield Fault("period", Text(f"{name} cannot be meant", f"{name} 不合理"), Text("Mend the year", "请修改年份"))


def _check_number(column: str, number: float) -> Iterator[Fault]:
    if not math.isfinite(number) or abs(number) > LARGEST:
        yield Fault(column, Text("The number is too large", "数字过大"), Text("Mend it", "请修改"))


def _check_pair(one: Indicator, value: float, denominator: float | None, note: str | None) -> Iterator[Fault]:
    if one.denominator is None and denominator is not None:
        yield Fault(
            "denominator",
            Text(f"`{one.id}` has no denominator", f"指标“{one.id}”没有分母"),
            Text("Leave the cell blank", "请将该单元格留空"),
        )
        return
    if denominator is None and (one.family in NEED_DENOMINATOR or one.denominator is not None):
        yield _denominator_missing(one)
        return
    if denominator is not None and denominator < 0:
        yield Fault("denominator", Text("The denominator is negative", "分母为负数"), Text("Mend it", "请修改"))
    elif value < 0 and one.family is not Family.MEASUREMENT:
        yield Fault("value", Text("The count is negative", "计数为负数"), Text("Mend it", "请修改"))
    elif one.family in WHOLE and not float(value).is_integer():
        yield _not_whole(value)
    elif denominator == 0:
        yield from _check_nobody(value, note)
    else:
        yield from _check_scale(one, value, denominator)


def _check_nobody(value: float, note: str | None) -> Iterator[Fault]:
    """Let a period without any case pass when the note says so: far more often the cell was forgotten."""
    if value != 0 or not (note and note.strip()):
        yield Fault(
            "denominator",
            Text("The denominator is 0", "分母为 0"),
            Text(
                "Write the denominator; if there really was no case, write 0 and 0 and say so in the note",
                "请填写分母；确无病例时分子、分母都写 0，并在备注中说明",
            ),
        )


def _check_scale(one: Indicator, value: float, denominator: float | None) -> Iterator[Fault]:
    if one.family is Family.PROPORTION and denominator is not None and value > denominator:
        yield Fault(
            "value",
            Text(
                f"The numerator {value:g} is above the denominator {denominator:g}",
                f"分子 {value:g} 大于分母 {denominator:g}",
            ),
            Text("Write both as counts, not as a percentage", "分子和分母都应填写例数，不要填百分比"),
        )
        return
    shown = one.shown(value, denominator)
    assert shown is not None  # denominators of 0 went another way
    lowest, highest = one.lowest, one.highest
    if (lowest is not None and shown < lowest) or (highest is not None and shown > highest * (1 + 1e-12)):
        bounds = " to ".join("…" if bound is None else f"{bound:g}" for bound in (lowest, highest))
        yield Fault(
            "value",
            Text(
                f"{shown:g} is outside {bounds} ({one.unit.en})",
                f"{shown:g} 超出 {bounds.replace(' to ', ' 至 ')}（{one.unit.zh}）",
            ),
            Text("Perhaps it is on another scale", "可能使用了不同的尺度，请核对"),
        )


def _denominator_missing(one: Indicator) -> Fault:
    assert one.denominator is not None
    return Fault(
        "denominator",
        Text("The denominator is missing", "缺少分母"),
        Text(f"Write how many there were: {one.denominator.en}", f"请填写：{one.denominator.zh}"),
    )


def _nothing_of_something() -> Fault:
    return Fault(
        "value",
        Text("The value is missing, though there is a denominator", "有分母而没有数值"),
        Text("Write the value, also when it is 0", "请填写数值，0 也要填写"),
    )


def _not_whole(value: float) -> Fault:
    mend = (
        Text("Write how many cases there were, not their share", "请填写例数，不要填写比例")
        if 0 < value < 1
        else Text("Write a whole number", "请填写整数")
    )
    return Fault("value", Text(f"{value:g} is no count of cases", f"{value:g} 不是例数"), mend)


_NUMBER = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?")


def number_in(text: str) -> float | None:
    """Read a number as people write it: 1,234 and 12.5 are ones; 12 %, '3 cases' and 1,5 are not."""
    return float(text.replace(",", "")) if _NUMBER.fullmatch(text) else None
