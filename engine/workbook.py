"""A hospital's workbook or CSV folder, row by row, each value traced back to its cell."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from config.words import Refused, Text
from engine.forms import FORMS, Column, Form
from engine.grids import Cell, Grid, read_csv, read_workbook

HEADINGS_WITHIN = 10  # a title or a logo may stand above the headings
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[ T]0?0:00(?::00(?:\.0+)?)?)?")
IDENTITY = re.compile(r"(?<![0-9])[0-9]{6}[ -]?[0-9]{8}[ -]?[0-9]{3}[0-9Xx](?![0-9])")
MOBILE = re.compile(r"(?<![0-9])1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}(?![0-9])")
_TEMPLATE = Text(
    "Make the right form with: wardcycle hospital template FILE",
    "请用命令生成正确的表格：wardcycle hospital template FILE",
)
_DATE_MEND = Text("Write 2026-03-31, or format the cell as a date", "请写 2026-03-31，或把单元格设为日期格式")


@dataclass(frozen=True)
class CellProblem:
    """Something wrong (or doubtful) in a cell, such as `people!C7`."""

    where: str
    what: Text
    mend: Text

    def text(self, language: str) -> str:
        """Say it in one line."""
        what, mend = self.what.in_(language), self.mend.in_(language)
        return (
            f"{self.where}：{what}。{mend}。" if language.lower().startswith("zh") else f"{self.where}: {what}. {mend}."
        )


@dataclass(frozen=True)
class SheetRow:
    """One row of a sheet: the cells of the columns that the sheet has."""

    sheet: str
    number: int
    columns: Mapping[str, int]
    cells: Mapping[str, Cell]

    def where(self, key: str) -> str:
        return f"{self.sheet}!{column_letters(self.columns.get(key, 0))}{self.number}"


@dataclass(frozen=True)
class Book:
    """The rows of each sheet by its key; a sheet that is missing or of another form has none, and a problem instead."""

    rows: Mapping[str, Sequence[SheetRow]]
    problems: tuple[CellProblem, ...]
    warnings: tuple[CellProblem, ...]


def read_book(path: Path) -> Book:
    """Read a workbook, or a folder of CSV files; what cannot be read is among the problems."""
    problems: list[CellProblem] = []
    warnings: list[CellProblem] = []
    rows: dict[str, Sequence[SheetRow]] = {}
    grids = _csv_grids(path, problems) if path.is_dir() else _workbook_grids(path, problems)
    for form in FORMS:
        if form.key in grids:
            rows[form.key] = list(_rows(form, grids[form.key], problems, warnings))
    return Book(rows, tuple(problems), tuple(warnings))


def column_letters(index: int) -> str:
    """Name a column as Excel does; 0 is A."""
    letters, number = "", index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def text_of(cell: Cell) -> str:
    """Write a cell as text on one line: 7.0 is `7`, all white space is one blank, what cannot be seen is gone."""
    if isinstance(cell, float) and cell.is_integer():
        cell = str(int(cell))
    words = " ".join(str(cell).split())
    return "".join(letter for letter in words if letter.isprintable())


def plain(cell: Cell) -> str:
    """Write a cell as text with full-width letters and signs made narrow, as ids, addresses and dates need it."""
    return text_of(unicodedata.normalize("NFKC", text_of(cell)))


def names_somebody(text: str) -> bool:
    """Answer whether a text holds what looks like an identity or mobile number, also with blanks or hyphens in it."""
    return IDENTITY.search(text) is not None or MOBILE.search(text) is not None


def is_slug(text: str, most: int = 64) -> bool:
    return len(text) <= most and _SLUG.fullmatch(text) is not None


def date_of(cell: Cell) -> date:
    """Read a date from a date cell or from text. Raises Refused."""
    if isinstance(cell, datetime):
        return _plausible(cell.date())
    if isinstance(cell, date):
        return _plausible(cell)
    shown = plain(cell)[:40]
    if isinstance(cell, float | bool | time | timedelta):
        raise Refused(Text(f"`{shown}` is a number, not a date", f"“{shown}”是数字，不是日期"), _DATE_MEND)
    found = _DAY.fullmatch(shown)
    if found is None:
        raise Refused(Text(f"`{shown}` is not a date", f"“{shown}”不是日期"), _DATE_MEND)
    try:
        return _plausible(date(int(found[1]), int(found[2]), int(found[3])))
    except ValueError as error:
        if isinstance(error, Refused):
            raise
        raise Refused(Text(f"There is no day `{shown}`", f"没有“{shown}”这一天"), _DATE_MEND) from error


def _plausible(day: date) -> date:
    if not 1950 <= day.year <= 2200:
        raise Refused(Text(f"The year {day.year} cannot be meant", f"年份 {day.year} 不合理"), _DATE_MEND)
    return day


def _workbook_grids(path: Path, problems: list[CellProblem]) -> dict[str, Grid]:
    if path.suffix.lower() == ".csv":
        mend = Text(
            "Name the folder that holds units.csv, people.csv, roles.csv and absences.csv",
            "请指定包含 units.csv、people.csv、roles.csv、absences.csv 的文件夹",
        )
        problems.append(CellProblem(path.name, Text("One CSV file is not enough", "只有一个 CSV 文件不够"), mend))
        return {}
    try:
        found = read_workbook(path)
    except Refused as refusal:
        problems.append(CellProblem(path.name, refusal.what, refusal.mend))
        return {}
    by_name = {heading_key(name): grid for name, grid in found.items()}
    grids: dict[str, Grid] = {}
    for form in FORMS:
        grid = next((by_name[heading_key(name)] for name in form.names if heading_key(name) in by_name), None)
        if grid is None:
            what = Text(f"The sheet `{form.key}` is missing", f"缺少工作表“{form.zh}”（{form.key}）")
            problems.append(CellProblem(path.name, what, _TEMPLATE))
        else:
            grids[form.key] = grid
    return grids


def _csv_grids(folder: Path, problems: list[CellProblem]) -> dict[str, Grid]:
    files = {heading_key(file.stem): file for file in sorted(folder.iterdir()) if file.suffix.lower() == ".csv"}
    grids: dict[str, Grid] = {}
    for form in FORMS:
        file = next((files[heading_key(name)] for name in form.names if heading_key(name) in files), None)
        if file is None:
            what = Text(f"The file {form.key}.csv is missing", f"缺少文件 {form.key}.csv（{form.zh}）")
            problems.append(CellProblem(folder.name, what, _TEMPLATE))
            continue
        try:
            grids[form.key] = read_csv(file)
        except Refused as refusal:
            problems.append(CellProblem(file.name, refusal.what, refusal.mend))
    return grids


def _rows(form: Form, grid: Grid, problems: list[CellProblem], warnings: list[CellProblem]) -> Iterator[SheetRow]:
    at = next((n for n, row in enumerate(grid[:HEADINGS_WITHIN]) if len(_columns(form, row)) > 1), 0)
    headings = grid[at] if grid else ()
    columns = _columns(form, headings)
    missing = [column for column in form.columns if column.needed and column.key not in columns]
    problems.extend(_column_missing(form, column, at) for column in missing)
    known = {heading_key(heading) for column in form.columns for heading in column.headings}
    strange = [n for n, cell in enumerate(headings) if heading_key(cell) and heading_key(cell) not in known]
    warnings.extend(_column_unknown(form, headings[n], n, at) for n in strange)
    if missing:
        return
    for number, row in enumerate(grid[at + 1 :], start=at + 2):
        cells = {key: row[n] if n < len(row) else "" for key, n in columns.items()}
        if any(text_of(cell) for cell in cells.values()) and [*row] != [*headings]:
            yield SheetRow(form.key, number, columns, cells)


def _columns(form: Form, headings: Sequence[Cell]) -> dict[str, int]:
    found = {}
    keys = [heading_key(cell) for cell in headings]
    for column in form.columns:
        at = next(
            (keys.index(heading_key(heading)) for heading in column.headings if heading_key(heading) in keys), None
        )
        if at is not None:
            found[column.key] = at
    return found


def heading_key(name: Cell) -> str:
    """Make a name of a sheet or column comparable: `Stand in`, `STAND_IN*` and `stand_in` are one."""
    return re.sub(r"[\s_*＊-]+", "", plain(name).lower())


def _column_missing(form: Form, column: Column, at: int) -> CellProblem:
    what = Text(f"The column `{column.key}` is missing", f"缺少列“{column.zh}”（{column.key}）")
    return CellProblem(f"{form.key}!{at + 1}", what, _TEMPLATE)


def _column_unknown(form: Form, heading: Cell, index: int, at: int) -> CellProblem:
    shown = text_of(heading)[:40]
    what = Text(f"The column `{shown}` is not known and was not read", f"未知的列“{shown}”，没有读取")
    names = ", ".join(column.key for column in form.columns)
    mend = Text(f"Known columns: {names}", f"可用的列：{'、'.join(column.zh for column in form.columns)}")
    return CellProblem(f"{form.key}!{column_letters(index)}{at + 1}", what, mend)
