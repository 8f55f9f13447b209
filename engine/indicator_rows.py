"""What the rows of a sheet say about indicators: each value with the cells that it came from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from config.words import Refused, Text
from engine.forms import Column
from engine.grids import Cell, Grid, Rectangle
from engine.indicator_cells import is_period, note_of, number_of, period_of, yes_or_no
from engine.indicator_forms import LONG, PARTS, REASON, WIDE, Defaults
from engine.indicator_names import Names
from engine.observation_checks import Fault, Given
from engine.workbook import HEADINGS_WITHIN, column_letters, heading_key, plain, text_of

Read = TypeVar("Read")

FEWEST_PERIODS = 2  # headings that are periods make the wide form
_FILLED_DOWN = ("indicator", "unit", "part", "period")


@dataclass(frozen=True)
class Place:
    """A cell; rows count from 1, columns from 0."""

    sheet: str
    row: int
    column: int

    def __str__(self) -> str:
        return f"{self.sheet}!{column_letters(self.column)}{self.row}"


@dataclass(frozen=True)
class Line:
    """One value with its cells; `given` is None where faults make it unreadable."""

    places: Mapping[str, Place]
    given: Given | None
    faults: tuple[Fault, ...] = ()

    def place(self, column: str) -> Place:
        """Find the cell that a fault is about; the row's first one when the sheet has no such column."""
        return self.places.get(column) or self.places["row"]


@dataclass
class Reading:
    """What was read; `headings` names the row of headings of each sheet that was understood."""

    names: Names
    defaults: Defaults
    lines: list[Line] = field(default_factory=list)
    headings: dict[str, int] = field(default_factory=dict)
    warnings: list[tuple[Place, Fault]] = field(default_factory=list)
    n_blank: int = 0


@dataclass(frozen=True)
class _Sheet:
    """One sheet in one of the two forms: where its columns are, and in the wide form its periods."""

    name: str
    grid: Grid
    at: int
    columns: Mapping[str, int]
    periods: Mapping[int, Cell]
    merged: frozenset[tuple[int, int]]

    def rows(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        """Walk over the rows below the headings with their numbers."""
        yield from enumerate(self.grid[self.at + 1 :], start=self.at + 2)


def read_sheet(reading: Reading, name: str, grid: Grid, merged: Sequence[Rectangle] = ()) -> bool:
    """Read one sheet into the reading; False when it has not the columns of either form."""
    sheet = _understood(name, grid, merged, reading.defaults)
    if sheet is None:
        return False
    reading.headings[name] = sheet.at + 1
    reading.warnings += _unknown_headings(sheet)
    reading.lines += _wide_lines(reading, sheet) if sheet.periods else _long_lines(reading, sheet)
    return True


def _understood(name: str, grid: Grid, merged: Sequence[Rectangle], defaults: Defaults) -> _Sheet | None:
    for at, row in enumerate(grid[:HEADINGS_WITHIN]):
        for form in (LONG, WIDE):
            columns = _columns(form.columns, row)
            lacking = [one for one in form.columns if one.needed and one.key not in columns and not defaults.has(one)]
            periods = {n: cell for n, cell in enumerate(row) if is_period(cell)} if form is WIDE else {}
            if not lacking and (form is LONG or len(periods) >= FEWEST_PERIODS):
                filled, parts = _filled_down(grid, at, columns, merged)
                return _Sheet(name, filled, at, columns, periods, parts)
    if defaults.indicator and defaults.unit and grid and grid[0] and is_period(grid[0][0]):
        # Pasted without headings: period, value, denominator, note.
        columns = dict(zip(("period", "value", "denominator", "note"), range(len(grid[0])), strict=False))
        return _Sheet(name, grid, -1, columns, {}, frozenset())
    return None


def _columns(columns: Sequence[Column], row: Sequence[Cell]) -> dict[str, int]:
    keys = [heading_key(cell) for cell in row]
    found = {}
    for column in columns:
        at = next((keys.index(heading_key(one)) for one in column.headings if heading_key(one) in keys), None)
        if at is not None:
            found[column.key] = at
    return found


def _filled_down(
    grid: Grid, at: int, columns: Mapping[str, int], merged: Sequence[Rectangle]
) -> tuple[Grid, frozenset[tuple[int, int]]]:
    """Give every cell of a merged name its text; list the merged cells that should hold numbers, as (row, column)."""
    if not merged:
        return grid, frozenset()
    texts = {columns[key] for key in _FILLED_DOWN if key in columns}
    filled = [list(row) for row in grid]
    unclear: set[tuple[int, int]] = set()
    for (top, left), (bottom, right) in merged:
        if top <= at or (left not in texts and left == right == top == bottom):
            continue
        for n in range(top, min(bottom, len(filled) - 1) + 1):
            if left == right and left in texts:
                filled[n][left] = filled[top][left]
            else:
                unclear |= {(n + 1, column) for column in range(left, right + 1)}
    return filled, frozenset(unclear)


def _cell(row: Sequence[Cell], column: int | None) -> Cell:
    return row[column] if column is not None and column < len(row) else ""


def _long_lines(reading: Reading, sheet: _Sheet) -> Iterator[Line]:
    heading = list(sheet.grid[sheet.at]) if sheet.at >= 0 else None
    for number, row in sheet.rows():
        cells = {key: _cell(row, column) for key, column in sheet.columns.items()}
        if not any(text_of(cells.get(key, "")) for key in ("value", "denominator")):
            reading.n_blank += any(text_of(cell) for cell in cells.values())
            continue
        if list(row) != heading:  # a page's headings may stand again further down
            places = {key: Place(sheet.name, number, column) for key, column in sheet.columns.items()}
            yield _line(reading, cells, places | {"row": Place(sheet.name, number, 0)}, sheet.merged)


def _line(
    reading: Reading, cells: Mapping[str, Cell], places: Mapping[str, Place], merged: frozenset[tuple[int, int]]
) -> Line:
    faults = [_MERGED[key] for key, place in places.items() if key in _MERGED and (place.row, place.column) in merged]

    def read(column: str, how: Callable[[Cell], Read]) -> Read | None:
        try:
            return how(cells.get(column, ""))
        except Refused as refusal:
            faults.append(Fault(column, refusal.what, refusal.mend))
            return None

    names, defaults = reading.names, reading.defaults
    indicator = read("indicator", lambda cell: names.indicator(cell, defaults.indicator))
    unit_id = read("unit", lambda cell: names.unit(cell, defaults.unit))
    period = read("period", lambda cell: period_of(cell, indicator.frequency)) if indicator else None
    value, denominator = read("value", number_of), read("denominator", number_of)
    provisional = read("provisional", yes_or_no)
    note = read("note", note_of) or None  # a blank takes no note away
    if faults or indicator is None or unit_id is None or period is None:
        return Line(places, None, tuple(faults))
    return Line(places, Given(indicator.id, unit_id, period, value, denominator, provisional, note))


_MERGED = {
    key: Fault(
        key,
        Text(
            "This cell is merged with others, so its number belongs to none", "该单元格与其他单元格合并，数值归属不明"
        ),
        Text("Unmerge it and write the number where it belongs", "请取消合并，并把数值写在对应的单元格中"),
    )
    for key in ("value", "denominator")
}


def _wide_lines(reading: Reading, sheet: _Sheet) -> Iterator[Line]:
    """Bring numerator and denominator together, which stand in rows of their own."""
    waiting: dict[tuple[object, ...], tuple[dict[str, Cell], dict[str, Place]]] = {}
    for number, row in sheet.rows():
        cells = {key: _cell(row, column) for key, column in sheet.columns.items()}
        names = {key: Place(sheet.name, number, column) for key, column in sheet.columns.items()}
        part = plain(cells.pop("part", "")).lower()
        column_key = next((key for key, words in PARTS.items() if part in words), None)
        if column_key is None and any(text_of(cell) for cell in row):
            yield Line(names | {"row": Place(sheet.name, number, 0)}, None, (_part_unknown(part),))
            continue
        for column, period in sheet.periods.items():
            if column_key is None or not text_of(_cell(row, column)):
                continue
            place = Place(sheet.name, number, column)
            key = (plain(cells.get("indicator", "")), plain(cells.get("unit", "")), column)
            held = waiting.get(key)
            if held is None or column_key in held[0]:
                if held is not None:
                    yield _line(reading, *held, sheet.merged)
                held = waiting[key] = ({**cells, "period": period}, names | {"period": place, "row": place})
            held[0][column_key], held[1][column_key] = _cell(row, column), place
    for found, places in waiting.values():
        yield _line(reading, found, places, sheet.merged)


def _part_unknown(written: str) -> Fault:
    what = Text(f"`{written[:40]}` is neither numerator nor denominator", f"“{written[:40]}”既不是分子也不是分母")
    return Fault("part", what, Text("Write numerator or denominator", "请写“分子”或“分母”"))


def _unknown_headings(sheet: _Sheet) -> Iterator[tuple[Place, Fault]]:
    """Find columns that nobody reads: a heading spelt wrongly would lose its values without a word."""
    form = WIDE if sheet.periods else LONG
    known = {heading_key(one) for column in form.columns for one in column.headings}
    known |= {heading_key(REASON.en), heading_key(REASON.zh)}
    for n, cell in enumerate(sheet.grid[sheet.at] if sheet.at >= 0 else ()):
        if text_of(cell) and n not in sheet.periods and heading_key(cell) not in known:
            shown = text_of(cell)[:40]
            what = Text(f"The column `{shown}` is not known and was not read", f"未知的列“{shown}”，没有读取")
            mend = Text("If it matters, use a heading of the template", "如需读取，请使用模板中的列名")
            yield Place(sheet.name, sheet.at + 1, n), Fault("row", what, mend)
