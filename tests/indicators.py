"""Values of indicators as tests give them, in the small hospital of tests/places.py."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime

import xlsxwriter

from engine.observation_checks import Given
from engine.observations import Batch, put_observations
from engine.people import directory
from engine.rules import Rules
from models.db import Database

VTE, FALLS, STAY, CODING = "vte-assessment", "inpatient-falls", "length-of-stay", "coding-accuracy"


def unit_of(database: Database, slug: str = "ward-3") -> int:
    with database.reading() as session:
        return directory(session).unit(slug).id


def person_of(database: Database, slug: str) -> int:
    with database.reading() as session:
        return directory(session).person(slug).id


def vte(
    unit_id: int,
    month: int,
    value: float | None,
    of: float | None = 100,
    *,
    provisional: bool | None = None,
    note: str | None = None,
) -> Given:
    """Give the share of one month of 2025."""
    return Given(VTE, unit_id, date(2025, month, 1), value, of, provisional, note)


def put(
    database: Database,
    given: Sequence[Given],
    *,
    rules: Rules,
    now: datetime,
    by: int | None = None,
    why: str = "",
    whole: bool = False,
) -> Batch:
    """Put values in a transaction of its own."""
    with database.transaction("test") as session:
        return put_observations(session, given, rules=rules, by=by, now=now, why=why, whole=whole)


def xlsx(rows: Sequence[Sequence[object]], *, merged: Sequence[str] = (), name: str = "values") -> bytes:
    """Write a workbook of one sheet; `merged` are ranges such as A2:A4."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        sheet, day = book.add_worksheet(name), book.add_format({"num_format": "yyyy-mm-dd"})
        for number, row in enumerate(rows):
            for n, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(number, n, cell, day)
                elif cell != "":
                    sheet.write(number, n, cell)
        for cells in merged:
            first, _, last = cells.partition(":")
            sheet.merge_range(f"{first}:{last}", rows[int(first[1:]) - 1][ord(first[0]) - 65])
    return made.getvalue()


def comma(rows: Sequence[Sequence[object]], encoding: str = "utf-8") -> bytes:
    """Write CSV."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(encoding)


def ods(rows: Sequence[Sequence[object]], *, repeat: int = 1) -> bytes:
    """Write an OpenDocument spreadsheet of one sheet, its last row `repeat` times."""
    lines = []
    for number, row in enumerate(rows):
        times = f' table:number-rows-repeated="{repeat}"' if number == len(rows) - 1 and repeat > 1 else ""
        lines.append(f"<table:table-row{times}>{''.join(map(_ods_cell, row))}</table:table-row>")
    content = f"{ODS_HEAD}{''.join(lines)}{ODS_TAIL}"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", ODS_MANIFEST)
        package.writestr("content.xml", content)
    return made.getvalue()


def _ods_cell(cell: object) -> str:
    if isinstance(cell, int | float):
        return f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
    return f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'


_NAMES = "urn:oasis:names:tc:opendocument:xmlns"
ODS_HEAD = (
    f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{_NAMES}:office:1.0" '
    f'xmlns:table="{_NAMES}:table:1.0" xmlns:text="{_NAMES}:text:1.0"><office:body><office:spreadsheet>'
    '<table:table table:name="values">'
)
ODS_TAIL = "</table:table></office:spreadsheet></office:body></office:document-content>"
ODS_MANIFEST = (
    f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{_NAMES}:manifest:1.0"><manifest:file-entry '
    'manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
)
