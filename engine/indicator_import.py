"""Taking in a file of values (or cells pasted from one): what was read, what became of it, what comes back marked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from sqlmodel import Session

from config.words import Refused, Text
from engine.grids import Grid, Rectangle, csv_in, workbook_in
from engine.indicator_forms import MOST_VALUES, Defaults
from engine.indicator_names import names_of
from engine.indicator_rows import Line, Place, Reading, read_sheet
from engine.observation_checks import Fault, Given
from engine.observation_writing import Correction
from engine.observations import Batch, Fate, check_batch, put_observations
from engine.people import directory
from engine.rules import Rules
from models import errors

_NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")  # what Excel allows in no name of a sheet
PASTED = "cells"  # the name of what was pasted, in `cells!B3`


class FileUseless(errors.Refused):
    """Nothing was imported: {what}. {mend}."""

    zh = "没有导入任何内容：{what}。{mend}。"


@dataclass(frozen=True)
class Tables:
    """The sheets of a file."""

    name: str
    grids: Mapping[str, Grid]
    merged: Mapping[str, Sequence[Rectangle]]


@dataclass(frozen=True)
class Marked:
    """Something about one cell."""

    place: Place
    fault: Fault

    def text(self, language: str) -> str:
        """Say it in one line."""
        return f"{self.place}{'：' if language.lower().startswith('zh') else ': '}{self.fault.text(language)}"


@dataclass(frozen=True)
class Row:
    """What was understood of one value, and what becomes of it."""

    place: Place
    given: Given
    fate: Fate


@dataclass(frozen=True)
class Imported:
    """What became of a file. `sealed`: values that belong to the sealed baseline of a cycle."""

    rows: tuple[Row, ...]
    refused: tuple[Marked, ...]
    warnings: tuple[Marked, ...]
    sealed: tuple[Correction, ...]
    n_refused: int
    n_blank: int
    headings: Mapping[str, int]  # the row of headings of each sheet that was read

    def n(self, fate: Fate) -> int:
        """Count the values of one fate; several faults of one value are one refusal."""
        return self.n_refused if fate is Fate.REFUSED else sum(row.fate is fate for row in self.rows)


def tables_in(name: str, content: bytes) -> Tables:
    """Open a workbook, or CSV; Raises FileUseless for what is neither, damaged, locked or too large."""
    short = PurePath(name).name or "file"
    try:
        if content.startswith((b"PK", b"\xd0\xcf\x11\xe0")) or short.lower().endswith(
            (".xlsx", ".xlsm", ".xls", ".ods")
        ):
            book = workbook_in(short, content)
            return Tables(short, book.grids, book.merged)
        sheet = _NO_SHEET_NAME.sub("-", PurePath(short).stem)[:31].strip("'") or PASTED
        return Tables(short, {sheet: csv_in(short, content)}, {})
    except Refused as refusal:
        raise FileUseless(what=refusal.what, mend=refusal.mend) from refusal


def import_observations(
    session: Session,
    tables: Tables,
    *,
    rules: Rules,
    by: int | None,
    now: datetime,
    why: str = "",
    whole: bool = False,
    defaults: Defaults | None = None,
) -> Imported:
    """Write the values of a file that can be true; with `whole` all of them or none.

    The same file again changes nothing. Raises FileUseless, DefinitionChanged.
    """
    reading = _read(session, tables, rules, defaults)
    lines = [line for line in reading.lines if line.given is not None]
    given = [line.given for line in lines if line.given is not None]
    unreadable = len(reading.lines) - len(lines)
    if whole and unreadable:
        batch = check_batch(session, given, rules=rules, by=by, now=now)
        left = tuple(Fate.REFUSED if fate is Fate.REFUSED else Fate.LEFT for fate in batch.fates)
        return _told(reading, lines, Batch(left, batch.faults, batch.warnings))
    batch = put_observations(session, given, rules=rules, by=by, now=now, why=why, whole=whole)
    return _told(reading, lines, batch)


def preview_observations(
    session: Session,
    tables: Tables,
    *,
    rules: Rules,
    by: int | None,
    now: datetime,
    defaults: Defaults | None = None,
) -> Imported:
    """Say what an import would do; nothing is written."""
    reading = _read(session, tables, rules, defaults)
    lines = [line for line in reading.lines if line.given is not None]
    given = [line.given for line in lines if line.given is not None]
    return _told(reading, lines, check_batch(session, given, rules=rules, by=by, now=now))


def _read(session: Session, tables: Tables, rules: Rules, defaults: Defaults | None) -> Reading:
    reading = Reading(names_of(rules.catalogue.indicators, directory(session)), defaults or Defaults())
    if sum(len(grid) for grid in tables.grids.values()) > MOST_VALUES:
        raise FileUseless(
            what=Text(f"{tables.name} has more than {MOST_VALUES:,} rows", f"{tables.name} 超过 {MOST_VALUES:,} 行"),
            mend=Text("Import it year by year", "请按年份分开导入"),
        )
    for name, grid in tables.grids.items():
        read_sheet(reading, name, grid, tables.merged.get(name, ()))
    if not reading.headings:
        raise FileUseless(
            what=Text(
                f"{tables.name} has no columns indicator, unit, period and value",
                f"{tables.name} 中没有“指标、科室、时期、分子或数值”这些列",
            ),
            mend=Text(
                "Fill in the template: wardcycle indicator template FILE",
                "请使用模板：wardcycle indicator template 文件",
            ),
        )
    return reading


def _told(reading: Reading, lines: Sequence[Line], batch: Batch) -> Imported:
    refused = [Marked(line.place(fault.column), fault) for line in reading.lines for fault in line.faults]
    refused += [Marked(lines[i].place(one.column), one) for i, found in batch.faults.items() for one in found]
    warnings = [Marked(place, fault) for place, fault in reading.warnings]
    warnings += [Marked(lines[i].place(one.column), one) for i, found in batch.warnings.items() for one in found]
    rows = tuple(
        Row(line.place("value"), line.given, fate)
        for line, fate in zip(lines, batch.fates, strict=True)
        if line.given is not None
    )
    return Imported(
        rows,
        tuple(sorted(refused, key=_in_order)),
        tuple(sorted(warnings, key=_in_order)),
        batch.sealed,
        len(reading.lines) - len(lines) + batch.n(Fate.REFUSED),
        reading.n_blank,
        reading.headings,
    )


def _in_order(marked: Marked) -> tuple[str, int, int]:
    return marked.place.sheet, marked.place.row, marked.place.column
