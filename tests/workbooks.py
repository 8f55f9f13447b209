"""Workbooks and CSV folders as a hospital would write them, right and wrong."""

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import xlsxwriter

Sheet = Sequence[Sequence[object]]
HEADINGS: Mapping[str, Sequence[str]] = {
    "units": ("id", "name_en", "name_zh", "kind", "parent"),
    "people": ("id", "name", "email", "language", "channels", "addresses", "left_on", "digest", "muted"),
    "roles": ("person", "role", "unit", "from", "until"),
    "absences": ("person", "from", "until", "stand_in"),
}
UNITS: Sheet = (("hospital", "City Hospital", "市医院", "hospital", ""), ("ward-3", "", "三病区", "ward", "hospital"))
PEOPLE: Sheet = (
    ("ana", "安娜", "ana@hospital.example", "zh", "email", "", ""),
    ("bo", "Bo Li", "none", "en", "", "", ""),
    ("chen", "Chen Wei", "chen@hospital.example", "", "", "", ""),
)
ROLES: Sheet = (("ana", "dept-head", "ward-3", date(2026, 3, 1), ""), ("chen", "quality-office", "hospital", "", ""))
ABSENCES: Sheet = (("ana", date(2026, 3, 2), date(2026, 3, 6), "bo"),)


def sheets(**changed: Sheet) -> dict[str, Sheet]:
    """Give the rows of a right workbook, some sheets of it replaced."""
    return {"units": UNITS, "people": PEOPLE, "roles": ROLES, "absences": ABSENCES} | changed


def write_xlsx(file: Path, rows: Mapping[str, Sheet], headings: Mapping[str, Sequence[str]] = HEADINGS) -> Path:
    with xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, lines in rows.items():
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, headings.get(name, ()))
            for number, line in enumerate(lines, start=1):
                for n, cell in enumerate(line):
                    if isinstance(cell, date):
                        sheet.write_datetime(number, n, cell, day)
                    elif cell != "":
                        sheet.write(number, n, cell)
    return file


def write_csv(folder: Path, rows: Mapping[str, Sheet], encoding: str = "utf-8") -> Path:
    folder.mkdir(exist_ok=True)
    for name, lines in rows.items():
        with (folder / f"{name}.csv").open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows([HEADINGS[name], *lines])
    return folder
