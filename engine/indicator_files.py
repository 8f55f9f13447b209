"""Writing files of values: a template with lists, what is stored, and a refused file with its wrong cells marked."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from config.indicators import Frequency, Indicator
from config.periods import after, spelled, start_of
from config.words import Text
from engine.grids import Cell, Grid
from engine.hospital_files import ROWS_WITH_LISTS, guarded
from engine.indicator_forms import LONG, REASON
from engine.indicator_import import Imported, Tables
from engine.people import Directory
from engine.workbook import text_of

PERIODS_OFFERED = 24
LISTS = "lists 列表"
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_GUIDE = (
    Text("One row for each indicator, unit and period.", "每个指标、科室、时期各占一行。"),
    Text(
        "Rows without a number are left out; importing twice changes nothing.",
        "没有数字的行不导入；重复导入不会产生变化。",
    ),
    Text(
        "Another number for a period that is there is a correction; the old one is kept.",
        "同一时期填写新的数字即为更正，原数值会保留。",
    ),
    Text("Enter no patient data and no identity numbers.", "请勿填写患者信息和身份证号。"),
)

# The columns of the long form; None for provisional: nothing is said about it.
StoredRow = tuple[str, str, str, float | None, float | None, bool | None, str]


@dataclass(frozen=True)
class Offer:
    """What the lists of a template offer, and the rows that it begins with."""

    indicators: Sequence[Indicator]
    people: Directory
    today: date
    begun_with: Sequence[tuple[str, str, str]] = ()

    def periods(self) -> list[str]:
        """List the last periods of every length that occurs, the newest first."""
        lengths = dict.fromkeys(one.frequency for one in self.indicators)
        return [spelled(one, period) for one in lengths for period in last_periods(one, self.today, PERIODS_OFFERED)]


def last_periods(frequency: Frequency, today: date, n: int) -> list[date]:
    """List the last periods that are over, the newest first."""
    return [after(frequency, start_of(frequency, today), -k) for k in range(1, n + 1)]


def template_bytes(offer: Offer, language: str) -> bytes:
    """Write an empty form with drop-downs for indicator, unit, period and provisional."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, _OPTIONS) as book:
        sheet = _sheet(book, language)
        for number, line in enumerate(offer.begun_with, start=1):
            for n, text in enumerate(line):
                sheet.write_string(number, n, text)
        _write_lists(book, sheet, offer, language)
    return made.getvalue()


def values_bytes(rows: Iterable[StoredRow], language: str) -> bytes:
    """Write stored values as a workbook in the long form."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, _OPTIONS) as book:
        sheet = _sheet(book, language)
        for number, row in enumerate(rows, start=1):
            _write_cells(sheet, number, _cells(row))
    return made.getvalue()


def values_csv(rows: Iterable[StoredRow], language: str) -> bytes:
    """Write stored values as CSV in the long form, marked as UTF-8, safe to open in a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.heading(language) for column in LONG.columns])
    for row in rows:
        writer.writerow([guarded(cell) if isinstance(cell, str) else f"{cell:.15g}" for cell in _cells(row)])
    return text.getvalue().encode("utf-8-sig")


def marked_bytes(tables: Tables, done: Imported, language: str) -> bytes:
    """Copy a refused file: its wrong cells red, with the reasons in a column of their own at the end of the row."""
    reasons: dict[tuple[str, int], list[str]] = defaultdict(list)
    cells: dict[tuple[str, int, int], list[str]] = defaultdict(list)
    for one in done.refused:
        reasons[one.place.sheet, one.place.row].append(one.fault.text(language))
        cells[one.place.sheet, one.place.row, one.place.column].append(one.fault.text(language))
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, _OPTIONS) as book:
        pens = _Pens(*(book.add_format(look) for look in (_DAY, _RED, _DAY | _RED)))
        for name, grid in tables.grids.items():
            sheet, headings = book.add_worksheet(name), done.headings.get(name, 0)
            column = _reason_column(grid, headings)
            for number, row in enumerate(grid, start=1):
                for n, cell in enumerate(row):
                    if n != column:
                        _copy(sheet, (number, n), cell, cells.get((name, number, n)), pens)
            said = {number: texts for (owner, number), texts in reasons.items() if owner == name}
            _write_reasons(sheet, column, headings, said, pens.red, language)
    return made.getvalue()


_RED = {"bg_color": "#FFC7CE", "font_color": "#9C0006"}
_DAY = {"num_format": "yyyy-mm-dd"}


@dataclass(frozen=True)
class _Pens:
    """How cells of the marked copy look."""

    day: Format
    red: Format
    red_day: Format


def _reason_column(grid: Grid, headings: int) -> int:
    """Find where reasons go: over those of the last time, else beside everything."""
    row = [text_of(cell) for cell in grid[headings - 1]] if headings else []
    last = max((len(cells) for cells in grid), default=0)
    return next((row.index(title) for title in (REASON.en, REASON.zh) if title in row), last)


def _copy(sheet: Worksheet, at: tuple[int, int], cell: Cell, wrong: Sequence[str] | None, pens: _Pens) -> None:
    dated = isinstance(cell, date)
    pen = (pens.red_day if dated else pens.red) if wrong else (pens.day if dated else None)
    _write_cell(sheet, at[0] - 1, at[1], cell, pen)
    if wrong:
        sheet.write_comment(at[0] - 1, at[1], "\n".join(wrong)[:1000], {"x_scale": 2})


def _write_reasons(
    sheet: Worksheet, column: int, headings: int, reasons: Mapping[int, Sequence[str]], red: Format, language: str
) -> None:
    if headings:
        sheet.write_string(headings - 1, column, REASON.in_(language))
        sheet.set_column(column, column, 60)
    for number, texts in reasons.items():
        sheet.write_string(number - 1, column, " ".join(texts)[:2000], red)


def _sheet(book: xlsxwriter.Workbook, language: str) -> Worksheet:
    """Begin the sheet of values with its headings."""
    sheet = book.add_worksheet(LONG.title(language))
    heading = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1})
    for n, column in enumerate(LONG.columns):
        sheet.write_string(0, n, column.heading(language), heading)
        sheet.write_comment(0, n, f"{column.key} {column.zh}\n{column.help.en}\n{column.help.zh}", {"x_scale": 2})
        sheet.set_column(n, n, 30 if n < 2 or column.key == "note" else 14)
    # As text, or a spreadsheet makes a date of 2026-03 when it is typed.
    sheet.set_column(2, 2, 14, book.add_format({"num_format": "@"}))
    sheet.freeze_panes(1, 0)
    return sheet


def _cells(row: StoredRow) -> list[str | float]:
    *names, value, denominator, provisional, note = row
    nothing = "none" if value is None else value
    said = {True: "yes", False: "no", None: ""}[provisional]
    return [*names, nothing, "" if denominator is None else denominator, said, note]


def _write_cells(sheet: Worksheet, number: int, cells: Sequence[Cell]) -> None:
    for n, cell in enumerate(cells):
        _write_cell(sheet, number, n, cell, None)


def _write_cell(sheet: Worksheet, number: int, n: int, cell: Cell, form: Format | None) -> None:
    if isinstance(cell, datetime | date):
        sheet.write_datetime(number, n, cell, form)
    elif isinstance(cell, bool):
        sheet.write_boolean(number, n, cell, form)
    elif isinstance(cell, int | float):
        sheet.write_number(number, n, cell, form)
    elif text := text_of(cell):
        sheet.write_string(number, n, text, form)
    elif form is not None:
        sheet.write_blank(number, n, None, form)


def _write_lists(book: xlsxwriter.Workbook, sheet: Worksheet, offer: Offer, language: str) -> None:
    """Put what the drop-downs offer on a sheet of its own: a list written out may have 255 characters at most."""
    lists = book.add_worksheet(LISTS)
    offered: tuple[Sequence[str], ...] = (
        shown_names({one.id: one.title for one in offer.indicators}, language),
        shown_names({unit.slug: Text(unit.name_en, unit.name_zh) for unit in offer.people.units.values()}, language),
        offer.periods(),
    )
    for n, texts in enumerate(offered):
        lists.write_column(0, n, texts)
        lists.set_column(n, n, 30)
        letter = "ABC"[n]
        source = f"='{LISTS}'!${letter}$1:${letter}${max(1, len(texts))}"
        # A warning only: ids and other spellings are read as well.
        sheet.data_validation(1, n, ROWS_WITH_LISTS, n, {"validate": "list", "source": source, "error_type": "warning"})
    yes_no = ["yes", "no"] if language == "en" else ["是", "否"]
    sheet.data_validation(1, 5, ROWS_WITH_LISTS, 5, {"validate": "list", "source": yes_no, "error_type": "warning"})
    for number, text in enumerate(_GUIDE):
        lists.write_string(number, 4, text.en)
        lists.write_string(number, 5, text.zh)


def shown_names(titles: Mapping[str, Text], language: str) -> list[str]:
    """Name things by their titles; by their ids where a title is missing or stands for two."""
    shown = {slug: title.in_(language).strip() for slug, title in titles.items()}
    times = list(shown.values())
    return [title if title and times.count(title) == 1 else slug for slug, title in shown.items()]
