"""Deadlines, reminders and escalation times as a hospital writes them: `5wd`, `10d!`, `24h`, `2026-03-31`, `-1wd`."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache

from config.words import Refused, Text


class Unit(StrEnum):
    WORKING_DAYS = "wd"
    DAYS = "d"
    HOURS = "h"
    DATE = "date"


@dataclass(frozen=True)
class Due:
    """Say when a task falls due, counted from its opening; `on` only with Unit.DATE, `fixed` only with Unit.DAYS."""

    unit: Unit
    n: int = 0
    fixed: bool = False  # `10d!` stays where it falls, also on a day off
    on: date | None = None

    def __str__(self) -> str:
        return self.on.isoformat() if self.on else f"{self.n}{self.unit}{'!' if self.fixed else ''}"


@dataclass(frozen=True)
class Offset:
    """Count from a deadline: negative n lies before it, positive n after it."""

    unit: Unit
    n: int

    def __str__(self) -> str:
        return f"{self.n:+d}{self.unit}" if self.n else f"0{self.unit}"


# Ten years: longer than any plan of a hospital, and far from where date arithmetic overflows.
_MOST = {Unit.WORKING_DAYS: 3650, Unit.DAYS: 3650, Unit.HOURS: 87_600}

_DUE = re.compile(r"([0-9]{1,6})(?:(wd|h)|(d)(!?))")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OFFSET = re.compile(r"([+-]?)([0-9]{1,6})(wd|h)")
_AFTER = re.compile(r"([0-9]{1,6})(wd|h)")

_DUE_FORMS = Text(
    "Write 5wd (working days), 10d (days, moved to a working day), 10d! (days, not moved), 24h (hours) or 2026-03-31",
    "请写 5wd（工作日）、10d（自然日，遇休息日顺延）、10d!（自然日，不顺延）、24h（小时）或 2026-03-31",
)
_OFFSET_FORMS = Text(
    "Write -3wd (working days before the deadline), 0wd (its own day), +2wd (after it) or -2h (hours before it)",
    "请写 -3wd（期限前的工作日数）、0wd（期限当天）、+2wd（期限之后）或 -2h（期限前的小时数）",
)
_AFTER_FORMS = Text(
    "Write 1wd (working days after the deadline, at least 1) or 4h (hours after it, 0h for at once)",
    "请写 1wd（期限后的工作日数，至少为 1）或 4h（期限后的小时数，0h 表示立即）",
)


@cache
def parse_due(written: str | date) -> Due:
    """Read a deadline; a date that YAML has already turned into one is read too.

    `0wd` and `0d` are the opening day itself; hours count from 1.
    Raises Refused, a ValueError with both languages.
    """
    text = str(written).strip()
    if _DATE.fullmatch(text):
        return Due(Unit.DATE, on=_day(text))
    found = _DUE.fullmatch(text)
    unit = Unit(found[2] or found[3]) if found else Unit.DATE
    if not found or not int(unit is Unit.HOURS) <= int(found[1]) <= _MOST[unit]:
        raise _refused("deadline", "期限", text, _DUE_FORMS)
    return Due(unit, int(found[1]), fixed=found[4] == "!")


@cache
def parse_offset(written: str) -> Offset:
    """Read the time of a reminder. A number other than 0 needs its sign, or nobody knows which side is meant.

    Raises Refused, a ValueError with both languages.
    """
    text = str(written).strip()
    found = _OFFSET.fullmatch(text)
    if not found or int(found[2]) > _MOST[Unit(found[3])] or (int(found[2]) and not found[1]):
        raise _refused("reminder", "提醒时间", text, _OFFSET_FORMS)
    return Offset(Unit(found[3]), int(found[1] + found[2]))


@cache
def parse_after(written: str) -> Offset:
    """Read the time of an escalation level, counted from the deadline; never before it.

    Raises Refused, a ValueError with both languages.
    """
    text = str(written).strip()
    found = _AFTER.fullmatch(text)
    # 0wd would be 09:00 of the deadline's own date, hours before the task is late.
    if not found or not int(found[2] == "wd") <= int(found[1]) <= _MOST[Unit(found[2])]:
        raise _refused("escalation time", "升级时间", text, _AFTER_FORMS)
    return Offset(Unit(found[2]), int(found[1]))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _refused("date", "日期", text, _DUE_FORMS) from None


def _refused(en: str, zh: str, text: str, forms: Text) -> Refused:
    shown = text[:40]
    return Refused(Text(f"The {en} `{shown}` cannot be read", f"无法识别{zh}“{shown}”"), forms)
