"""A plain table as an Excel workbook: headings, rows of texts, nothing that a spreadsheet would run."""

import io
from collections.abc import Iterable, Sequence

import xlsxwriter

_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_WIDEST = 60


def table_bytes(
    name: str, headings: Sequence[str], rows: Iterable[Sequence[str | int | float | None]], *, notes: Sequence[str] = ()
) -> bytes:
    """Write one sheet. notes: lines below the table."""
    made, n = io.BytesIO(), 0
    with xlsxwriter.Workbook(made, _OPTIONS) as book:
        bold = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(name[:31])
        widths = [len(one) for one in headings]
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, heading, bold)
        for n, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                _write(sheet, n, column, cell)
                widths[column] = max(widths[column], 2 * len(str(cell or "")) if _wide(cell) else len(str(cell or "")))
        for number, line in enumerate(notes, start=n + 2):
            sheet.write_string(number, 0, line)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(max(width, 4) + 1, _WIDEST))
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
    return made.getvalue()


def _write(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, cell: str | int | float | None) -> None:
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif cell is not None:
        sheet.write_number(row, column, cell)


def _wide(cell: object) -> bool:
    return any(ord(letter) > 0x2E80 for letter in str(cell))
