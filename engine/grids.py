"""The cells of a workbook or of CSV files, whatever the format, read without trusting the file."""

import csv
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from config.words import Refused, Text

Cell = str | float | bool | date | datetime | time | timedelta
Grid = Sequence[Sequence[Cell]]  # rows from row 1, cells from column A; a blank is ''
Rectangle = tuple[tuple[int, int], tuple[int, int]]

MOST_FILE_BYTES = 20_000_000
MOST_UNPACKED_BYTES = 50_000_000
MOST_PARTS = 2_000
MOST_RATIO, RATIO_COUNTS_FROM = (
    200,
    10_000_000,
)  # a large sheet of real text packs to a tenth or so, a bomb to a thousandth
MOST_LINES = 100_000  # of CSV; with every line in memory as a list a million of them would take a gigabyte
MOST_CELLS = 2_000_000  # calamine fills the whole rectangle: one cell at XFD1048576 would need 400 GB

# What a spreadsheet would take for a formula; writing puts a ' before it, reading takes one off again.
CSV_DANGER = re.compile(r"'*[=+\-@\t\r]")
_CELL = re.compile(rb"<(?:\w+:)?c((?:[\s/][^<>]*)?)>")
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_ROW = re.compile(rb'<(?:\w+:)?row\s(?:[^<>]*?\s)?r="([0-9]{1,7})"')
# Whatever the packages' readers say to bytes that are not theirs; each kind of compression has an error of its own.
_DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, struct.error, RuntimeError, EOFError, OSError,
    LookupError, ValueError,
)  # fmt: skip
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_AS_XLSX = Text(
    "Open it in Excel or WPS and save it as `Excel Workbook (*.xlsx)`",
    "请用 Excel 或 WPS 打开，另存为“Excel 工作簿 (*.xlsx)”",
)


def read_workbook(file: Path) -> dict[str, Grid]:
    """Read the sheets of an .xlsx, .xlsm, .xls or .ods file; formulas give the value that was stored with them.

    Raises config.words.Refused for anything else, for what is damaged, locked with a password or too large.
    """
    return workbook_in(file.name, read_content(file)).grids


def read_csv(file: Path) -> Grid:
    """Read one CSV file in UTF-8 (with or without a mark) or GB18030, the guard before formulas taken off.

    Raises config.words.Refused when it is written in neither, or too large.
    """
    return csv_in(file.name, read_content(file))


@dataclass(frozen=True)
class Workbook:
    """The sheets of a workbook, and which rectangles of cells were made one: first and last (row, column), from 0."""

    grids: dict[str, Grid]
    merged: dict[str, list[Rectangle]]


def workbook_in(name: str, content: bytes) -> Workbook:
    """Read a workbook that was sent as `name`, as read_workbook does."""
    if content.startswith(b"PK"):
        _check_package(content)
    elif not content.startswith(_OLE):
        raise Refused(Text(f"{name} is no Excel workbook", f"{name} 不是 Excel 工作簿"), _AS_XLSX)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = {sheet: book.get_sheet_by_name(sheet) for sheet in book.sheet_names}
        return Workbook(
            {key: sheet.to_python(skip_empty_area=False) for key, sheet in sheets.items()},
            {key: sheet.merged_cell_ranges or [] for key, sheet in sheets.items()},
        )
    except (CalamineError, ValueError, OSError) as error:
        raise _unreadable(name, content, str(error)) from error
    except BaseException as error:
        # A reader written in Rust reports its own faults by a class that is no Exception and cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise _unreadable(name, content, "damaged") from error


def csv_in(name: str, content: bytes, *, most_lines: int = MOST_LINES) -> Grid:
    """Read CSV that was sent as `name`, as read_csv does; cells copied from a spreadsheet have tabs between them."""
    text = _decoded(name, content)
    if text.count("\n") > most_lines:
        raise _too_large(name)
    first = text.split("\n", 1)[0]
    dialect = next((mark for mark in "\t,;" if mark in first), ",")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=dialect))
    except csv.Error as error:
        what = Text(f"{name} cannot be read as CSV: {error}", f"无法按 CSV 读取 {name}（{error}）")
        raise Refused(what, Text("Save it again as CSV UTF-8", "请另存为“CSV UTF-8”")) from error
    return [[cell[1:] if cell.startswith("'") and CSV_DANGER.match(cell) else cell for cell in row] for row in rows]


def read_content(file: Path) -> bytes:
    """Read a file whole. Raises config.words.Refused when it is empty, too large or cannot be read."""
    mend = Text("Check the name and the rights", "请检查文件名和权限")
    try:
        size = file.stat().st_size
        if size > MOST_FILE_BYTES:
            raise _too_large(file.name)
        content = file.read_bytes()
    except OSError as error:
        why = error.strerror or "unreadable"
        raise Refused(Text(f"{file} cannot be read: {why}", f"无法读取 {file}（{why}）"), mend) from error
    if not content.strip():
        raise Refused(
            Text(f"{file.name} is empty", f"{file.name} 是空文件"), Text("Choose another file", "请选择其他文件")
        )
    return content


def _decoded(name: str, content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    what = Text(f"{name} is written neither in UTF-8 nor in GB18030", f"{name} 既不是 UTF-8 也不是 GB18030 编码")
    raise Refused(what, Text("Save it again as CSV UTF-8", "请在 Excel 中另存为“CSV UTF-8（逗号分隔）”"))


def _check_package(content: bytes) -> None:
    """Refuse a package that is no workbook, or that unpacks to more than a hospital could have written."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            _check_size(parts)
            names = {part.filename for part in parts}
            if "content.xml" in names:
                _check_open_document(package, names)
            elif "xl/workbook.xml" not in names:
                raise _no_workbook(names)
            for part in parts:
                # Reading proves the size that the list of contents claims, and the checksum.
                _check_extent(package.read(part))
    except _DAMAGED as error:
        if isinstance(error, Refused):
            raise
        raise Refused(Text("The workbook is damaged", "工作簿已损坏"), _AS_XLSX) from error


def _check_size(parts: Sequence[zipfile.ZipInfo]) -> None:
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts) or 1
    bomb = unpacked > RATIO_COUNTS_FROM and unpacked / packed > MOST_RATIO
    if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED_BYTES or bomb:
        raise _too_large("")


def _check_extent(part: bytes) -> None:
    """Refuse a sheet whose filled cells span too large a rectangle, however few they are; other parts have no cells."""
    last_row = last_column = n_bare = 0
    for found in _CELL.finditer(part):
        if found[1].endswith(b"/"):
            continue  # a cell with a format and no value
        if place := _REFERENCE.search(found[1]):
            last_row, last_column = max(last_row, int(place[2])), max(last_column, _column(place[1]))
        else:
            n_bare += 1
    if n_bare:  # cells without a place follow one another
        last_row = max([last_row, n_bare, *(int(row) for row in _ROW.findall(part))])
        last_column = max(last_column, 1)
    if last_row * last_column > MOST_CELLS or n_bare > MOST_CELLS:
        raise _too_large("")


def _check_open_document(package: zipfile.ZipFile, names: set[str]) -> None:
    """Refuse a document that is no spreadsheet, and a sheet whose filled cells span too large a rectangle."""
    if "mimetype" not in names or b"opendocument.spreadsheet" not in package.read("mimetype")[:100]:
        raise Refused(Text("This OpenDocument file is no spreadsheet", "这个 OpenDocument 文件不是电子表格"), _AS_XLSX)
    for sheet in package.read("content.xml").split(b"<table:table ")[1:]:
        n_rows = last_row = last_column = 0
        for row in _ODS_ROW.finditer(sheet):
            n_rows += _repeats(_ODS_ROWS, row[1])
            if width := _width(row[2] or b""):
                last_row, last_column = n_rows, max(last_column, width)
        if last_row * last_column > MOST_CELLS:
            raise _too_large("")


def _width(row: bytes) -> int:
    """Count the columns of a row up to its last filled cell."""
    n_cells = width = 0
    for cell in _ODS_CELL.finditer(row):
        n_cells += _repeats(_ODS_COLUMNS, cell[1])
        if b"office:value" in cell[1] or not cell[1].endswith(b"/"):
            width = n_cells
    return width


def _repeats(pattern: re.Pattern[bytes], attributes: bytes) -> int:
    found = pattern.search(attributes)
    return int(found[1]) if found else 1


_ODS_ROW = re.compile(rb"<table:table-row((?:\s[^<>]*?)?)(?:/>|>(.*?)</table:table-row>)", re.S)
_ODS_CELL = re.compile(rb"<table:(?:covered-)?table-cell((?:\s[^<>]*)?/?)>")
_ODS_ROWS = re.compile(rb'table:number-rows-repeated="([0-9]{1,9})"')
_ODS_COLUMNS = re.compile(rb'table:number-columns-repeated="([0-9]{1,9})"')


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _no_workbook(names: set[str]) -> Refused:
    if any(name.startswith("word/") for name in names):
        return Refused(
            Text("This is a Word document, not a workbook", "这是 Word 文档，不是工作簿"),
            Text("Copy its tables into the template", "请把表格内容复制到模板中"),
        )
    return Refused(Text("This is no Excel workbook", "这不是 Excel 工作簿"), _AS_XLSX)


def _unreadable(name: str, content: bytes, why: str) -> Refused:
    locked = "EncryptedPackage".encode("utf-16-le") in content or "password" in why.lower()
    if locked:
        what = Text(f"{name} is locked with a password", f"{name} 已加密")
        return Refused(what, Text("Save it without a password", "请取消密码后保存"))
    return Refused(Text(f"{name} cannot be read: {why}", f"无法读取 {name}（{why}）"), _AS_XLSX)


def _too_large(name: str) -> Refused:
    what = Text(f"{name or 'The workbook'} is too large", f"{name or '工作簿'}过大")
    mend = Text(
        "Delete what does not belong to it, empty rows with formats included, or split it",
        "请删除无关内容（包括带格式的空行），或拆分文件",
    )
    return Refused(what, mend)
