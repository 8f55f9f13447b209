"""A series out of anybody's file: periods, values, and denominators where there are any."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from config.words import Refused as Useless
from config.words import Text
from engine.grids import MOST_LINES, Cell, Grid, csv_in, read_content, workbook_in
from models.errors import UsageError

MOST_PERIODS = 2_000
MOST_SAID = 5
NAMES = {
    "period": ("period", "month", "date", "quarter", "week", "year", "时期", "月份", "日期", "季度", "周", "年份"),
    "value": ("value", "numerator", "count", "events", "分子或数值", "分子", "数值", "值", "例数"),
    "denominator": ("denominator", "n", "cases", "out of", "分母"),
}
BOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
BLANK = ("", "none", "na", "n/a", "无", "-")


class SeriesUnreadable(UsageError):
    """The series cannot be read: {what}"""

    zh = "无法读取该序列：{what}"


@dataclass(frozen=True)
class OwnSeries:
    """One row a period as the file has them, oldest first; None is missing."""

    periods: tuple[str, ...]
    values: tuple[float | None, ...]
    out_of: tuple[float | None, ...] | None


def read_own_series(file: Path) -> OwnSeries:
    """Read CSV or the first sheet of a workbook. Raises SeriesUnreadable, which names the cells."""
    try:
        grid = grid_in(file.name, read_content(file))
    except Useless as error:
        raise SeriesUnreadable(what=both_of(error)) from error
    return series_in(grid)


def grid_in(name: str, content: bytes, *, most_lines: int = MOST_LINES) -> Grid:
    """Read CSV, or the first sheet of a workbook that holds anything. Raises config.words.Refused."""
    if not name.lower().endswith(BOOKS):
        return csv_in(name, content, most_lines=most_lines)
    grids = workbook_in(name, content).grids.values()
    return next((grid for grid in grids if any(shown(cell) for row in grid for cell in row)), [])


def series_in(grid: Grid) -> OwnSeries:
    """Read the rows of a sheet: period, value and denominator, by their headings or in this order."""
    rows = [(number, row) for number, row in enumerate(grid, 1) if any(shown(cell) for cell in row)]
    if not rows:
        raise SeriesUnreadable(what=Text("there is no row in it.", "文件中没有数据行。"))
    places, has_headings = _columns(rows[0][1])
    rows = rows[has_headings:]
    if not 0 < len(rows) <= MOST_PERIODS:
        raise SeriesUnreadable(what=Text(f"it has {len(rows)} periods; write 1 to {MOST_PERIODS}.",
                                         f"共有 {len(rows)} 个周期，应为 1 至 {MOST_PERIODS} 个。"))  # fmt: skip
    problems: list[Text] = []
    cells = {key: [_cell(row, place) for _, row in rows] for key, place in places.items()}
    periods = _periods(cells["period"], [number for number, _ in rows], problems)
    numbers = {
        key: [number_in(cell, f"{chr(65 + places[key])}{number}", problems)
              for cell, (number, _) in zip(cells[key], rows, strict=True)]
        for key in ("value", "denominator") if key in places
    }  # fmt: skip
    if problems:
        said = problems[:MOST_SAID]
        raise SeriesUnreadable(what=Text(" ".join(one.en for one in said), "".join(one.zh for one in said)))
    out_of = tuple(numbers.get("denominator", ()))
    divided = any(one is not None for one in out_of)
    return OwnSeries(tuple(periods), tuple(numbers["value"]), out_of if divided else None)


def _columns(first: Sequence[Cell]) -> tuple[dict[str, int], bool]:
    """Find the columns; by place where the first row holds no name that is known."""
    titles = [shown(cell).lower() for cell in first]
    found = {key: place for key, names in NAMES.items() if (place := place_of(titles, names)) is not None}
    if {"period", "value"} <= set(found):
        return found, True
    if found or len([text for text in titles if text]) > len(NAMES) or len(titles) < 2:
        raise SeriesUnreadable(what=Text("name its columns period, value and, where there is one, denominator.",
                                         "请将各列命名为 时期、数值，如有分母再加 分母。"))  # fmt: skip
    by_place = dict(zip(NAMES, range(min(len(titles), len(NAMES))), strict=False))
    is_number = _is_number(first[1])
    return by_place, not is_number and bool(titles[1])


def place_of(titles: Sequence[str], names: Sequence[str]) -> int | None:
    """Find the first of the names a heading may have; None where no column has any."""
    return next((titles.index(name) for name in names if name in titles), None)


def _is_number(cell: Cell) -> bool:
    problems: list[Text] = []
    return number_in(cell, "", problems) is not None


def _periods(cells: Sequence[Cell], numbers: Sequence[int], problems: list[Text]) -> list[str]:
    written = [cell.date().isoformat() if isinstance(cell, datetime) else shown(cell) for cell in cells]
    seen: dict[str, int] = {}
    for number, period in zip(numbers, written, strict=True):
        if not period:
            problems.append(Text(f"Row {number} has no period.", f"第 {number} 行没有时期。"))
        elif period in seen:
            problems.append(Text(f"Rows {seen[period]} and {number} are both for {period}; keep one.",
                                 f"第 {seen[period]} 行和第 {number} 行都是 {period}，请只保留一行。"))  # fmt: skip
        seen[period] = number
    return written


def number_in(cell: Cell, where: str, problems: list[Text]) -> float | None:
    """Read a number; None for a blank, and for what is none, which is added to the problems."""
    text = unicodedata.normalize("NFKC", shown(cell))
    if text.lower() in BLANK:
        return None
    try:
        found = math.nan if isinstance(cell, bool | date) else float(text)
    except ValueError:
        found = math.nan
    if math.isfinite(found):
        return found
    problems.append(Text(f"{where}: `{text[:40]}` is not a number; write the number alone.",
                         f"{where}：“{text[:40]}”不是数字，请只写数字。"))  # fmt: skip
    return None


def _cell(row: Sequence[Cell], place: int) -> Cell:
    return row[place] if place < len(row) else ""


def shown(cell: Cell) -> str:
    """Write a cell as text."""
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell).strip()


def both_of(error: Useless) -> Text:
    """Say in one text what is wrong with a file and how to mend it."""
    return Text(f"{error.what.en}. {error.mend.en}.", f"{error.what.zh}。{error.mend.zh}。")
