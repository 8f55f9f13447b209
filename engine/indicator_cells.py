"""What one cell of a sheet of values says: a period, a number, yes or no, a note. Each raises config.words.Refused."""

from datetime import date, datetime, time, timedelta

from config.indicators import Frequency
from config.periods import FORMS, read_period
from config.words import Refused, Text
from engine.grids import Cell
from engine.indicator_forms import NO, NONE_WORDS, YES
from engine.observation_checks import LONGEST_NOTE, number_in
from engine.workbook import plain, text_of

_WRITE_NUMBER = Text("Write the number alone, without a unit or a sign", "请只写数字，不带单位或百分号")


def period_of(cell: Cell, frequency: Frequency) -> date:
    """Read a period; a day stands for the period that it lies in."""
    if isinstance(cell, datetime):
        return read_period(cell.date(), frequency)
    if isinstance(cell, date):
        return read_period(cell, frequency)
    shown = text_of(cell)[:40]
    if not shown:
        raise Refused(Text("The period is blank", "时期为空"), FORMS[frequency])
    # 2026.1 as a number is what is left of 2026.10.
    if isinstance(cell, bool | time | timedelta) or (isinstance(cell, float) and not cell.is_integer()):
        raise Refused(Text(f"`{shown}` is no period", f"“{shown}”不是时期"), FORMS[frequency])
    return read_period(plain(cell), frequency)


def is_period(cell: Cell) -> bool:
    """Answer whether a heading names a period of any length."""
    for frequency in Frequency:
        try:
            period_of(cell, frequency)
        except Refused:
            continue
        return True
    return False


def number_of(cell: Cell) -> float | None:
    """Read a number; None for a blank and for the word `none`."""
    if isinstance(cell, float):
        return cell
    shown = plain(cell)
    if not shown or shown.lower() in NONE_WORDS:
        return None
    if isinstance(cell, date | datetime | time | timedelta):
        what = Text(f"`{shown[:40]}` is a date or a time, not a number", f"“{shown[:40]}”是日期或时间，不是数字")
        raise Refused(what, Text("Format the cell as a number", "请把单元格格式改为数字"))
    if shown.startswith("#"):
        what = Text(f"`{shown[:40]}` is the error of a formula", f"“{shown[:40]}”是公式错误")
        raise Refused(what, Text("Mend the formula or write the number", "请修改公式或直接填写数字"))
    number = None if isinstance(cell, bool) else number_in(shown)
    if number is None:
        raise Refused(Text(f"`{shown[:40]}` is not a number", f"“{shown[:40]}”不是数字"), _WRITE_NUMBER)
    return number


def yes_or_no(cell: Cell) -> bool | None:
    """Read whether a value is provisional; None for a blank."""
    shown = plain(cell).lower()
    if shown in YES or shown in NO:
        return shown in YES
    if shown:
        what = Text(f"`{shown[:40]}` is neither yes nor no", f"“{shown[:40]}”既不是“是”也不是“否”")
        raise Refused(what, Text("Write yes or no", "请写“是”或“否”"))
    return None


def note_of(cell: Cell) -> str:
    """Read a note on one line."""
    text = text_of(cell)
    if len(text) > LONGEST_NOTE:
        what = Text(f"The note has {len(text)} characters", f"备注有 {len(text)} 个字符")
        raise Refused(what, Text(f"Use at most {LONGEST_NOTE}", f"最多 {LONGEST_NOTE} 个字符"))
    return text
