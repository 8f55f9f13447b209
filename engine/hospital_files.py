"""Writing the hospital's workbook: a template to fill in, and what is stored, as .xlsx or as a folder of CSV files."""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from config.words import Text
from engine.forms import ABSENCES, FORMS, NO_ADDRESS, PEOPLE, ROLES, UNITS, Column, Form
from engine.grids import CSV_DANGER
from engine.hospital_rows import Fact, Facts, Key, State

ROWS_WITH_LISTS = 5000  # as far down as the drop-downs reach
_KEYS = {
    UNITS.key: ("id",),
    PEOPLE.key: ("id",),
    ROLES.key: ("person", "role", "unit", "from"),
    ABSENCES.key: ("person", "from"),
}
GUIDE = "guide 说明"
_GUIDE = (
    Text(
        "Fill in the four sheets, then: wardcycle hospital import FILE",
        "填写四张工作表后运行：wardcycle hospital import 文件",
    ),
    Text(
        "Rows are found again by their ids; importing twice changes nothing.",
        "系统按编号识别各行；重复导入不会产生变化。",
    ),
    Text(
        "A row that you leave out stays as it is. If one cell is wrong, nothing is imported.",
        "未写的行保持不变。只要有一处错误，就不会导入任何内容。",
    ),
    Text("Enter no patient data and no identity numbers.", "请勿填写患者信息和身份证号。"),
)


def write_template(path: Path, *, roles: Mapping[str, Text] | None = None, language: str = "en") -> None:
    """Write an empty form: an .xlsx file with lists and a guide, or a folder of CSV files for any other name.

    roles: those offered in the list, by id; headings are in `language`, the guide is in both.
    Raises FileExistsError rather than write over a file that somebody may have filled in.
    """
    if path.exists() and (path.is_file() or any((path / f"{form.key}.csv").exists() for form in FORMS)):
        raise FileExistsError(path)
    write_files(path, {form.key: {} for form in FORMS}, roles=roles, language=language)


def write_files(path: Path, state: State, *, roles: Mapping[str, Text] | None = None, language: str = "en") -> None:
    """Write a state in the form that import reads."""
    if path.suffix.lower() != ".xlsx":
        _write_folder(path, state, language)
        return
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}) as book:
        heading = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for form in FORMS:
            sheet = book.add_worksheet(form.title(language))
            _write_headings(sheet, form, heading, language)
            for number, cells in enumerate(_lines(form, state), start=1):
                _write_line(sheet, number, cells, day)
        offered = {slug: title for slug, title in (roles or {}).items() if slug != "lead"}
        _write_lists(book.worksheets(), list(offered))
        _write_guide(book.add_worksheet(GUIDE), offered, book.add_format({"text_wrap": True, "valign": "top"}), heading)
    put_file(path, made.getvalue())


def _write_folder(folder: Path, state: State, language: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for form in FORMS:
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow([column.heading(language) for column in form.columns])
        writer.writerows([guarded(str(cell)) for cell in cells] for cells in _lines(form, state))
        # With the mark Excel reads it as UTF-8.
        put_file(folder / f"{form.key}.csv", text.getvalue().encode("utf-8-sig"))


def put_file(path: Path, content: bytes) -> None:
    """Replace a file as a whole: a full disk leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(content)
    os.replace(draft, path)  # noqa: PTH105


def guarded(text: str) -> str:
    """Put a ' before what a spreadsheet would take for a formula."""
    return f"'{text}" if CSV_DANGER.match(text) else text


def _lines(form: Form, state: State) -> Sequence[Sequence[str | date]]:
    return [
        [_shown(column, key, facts, _KEYS[form.key]) for column in form.columns]
        for key, facts in state[form.key].items()
    ]


def _shown(column: Column, key: Key, facts: Facts, names: Sequence[str]) -> str | date:
    fact: Fact = key[names.index(column.key)] if column.key in names else facts.get(column.key)
    if fact is None:
        return NO_ADDRESS[0] if column.key == "email" else ""
    return fact


def _write_headings(sheet: Worksheet, form: Form, heading: Format, language: str) -> None:
    for n, column in enumerate(form.columns):
        sheet.write_string(0, n, column.heading(language), heading)
        sheet.write_comment(0, n, f"{column.key} {column.zh}\n{column.help.en}\n{column.help.zh}", {"x_scale": 2})
        sheet.set_column(n, n, 24 if column.key in ("name", "name_en", "name_zh", "email") else 16)
    sheet.freeze_panes(1, 0)


def _write_line(sheet: Worksheet, number: int, cells: Sequence[str | date], day: Format) -> None:
    for n, cell in enumerate(cells):
        if isinstance(cell, date):
            sheet.write_datetime(number, n, cell, day)
        elif cell:
            sheet.write_string(number, n, cell)


def _write_lists(sheets: Sequence[Worksheet], roles: Sequence[str]) -> None:
    _offer(sheets[FORMS.index(PEOPLE)], PEOPLE, "language", ["zh", "en"])
    if roles:
        # A list written out may have 255 characters at the most; this one stands in the guide.
        _offer(sheets[FORMS.index(ROLES)], ROLES, "role", f"='{GUIDE}'!$F$2:$F${len(roles) + 1}")


def _offer(sheet: Worksheet, form: Form, key: str, source: Sequence[str] | str) -> None:
    n = next(index for index, column in enumerate(form.columns) if column.key == key)
    # A warning only: titles and other spellings are read as well.
    sheet.data_validation(1, n, ROWS_WITH_LISTS, n, {"validate": "list", "source": source, "error_type": "warning"})


def _write_guide(sheet: Worksheet, roles: Mapping[str, Text], wrapped: Format, heading: Format) -> None:
    sheet.set_column(0, 1, 22)
    sheet.set_column(2, 3, 60)
    sheet.set_column(5, 7, 30)
    lines = [["", "", text.en, text.zh] for text in _GUIDE]
    lines.append(["sheet 工作表", "column 列", "what belongs there", "填写内容"])
    lines += [
        [f"{form.key} {form.zh}", f"{column.key} {column.zh}", column.help.en, column.help.zh]
        for form in FORMS
        for column in form.columns
    ]
    for number, line in enumerate(lines):
        sheet.write_row(number, 0, line, heading if line[0].startswith("sheet ") else wrapped)
    if roles:
        sheet.write_row(0, 5, ["role 角色", "title", "名称"], heading)
    for number, (slug, title) in enumerate(roles.items(), start=1):
        sheet.write_row(number, 5, [slug, title.en, title.zh])
