"""An event table out of anybody's file: case, step and time of each event, by heading or in this order."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from careflow.log import EventLog, event_log
from config.periods import EARLIEST_YEAR, LATEST_YEAR
from config.words import Refused as Useless
from config.words import Text
from engine.grids import Cell, Grid
from engine.own_series import both_of, grid_in, place_of, shown
from models.errors import UsageError

MOST_EVENTS = 500_000
MOST_NAMED = 8  # rows that are named one by one
MOST_BAD = 0.05  # of the rows: with more, what is left would show something else than the care
MOST_STEPS, LONGEST_STEP = 200, 80
NAMES = {
    "case": ("case", "case id", "patient", "visit", "encounter", "病例", "病例号", "就诊号", "住院号", "流水号"),
    "step": ("step", "activity", "event", "task", "步骤", "环节", "活动", "事件"),
    "at": ("time", "at", "timestamp", "date", "moment", "时间", "日期", "时刻", "发生时间"),
}
_DAY = r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
_MOMENT = re.compile(_DAY + r"(?:[ T]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?秒?|分)?)?")


class EventsUnreadable(UsageError):
    """The event table cannot be read: {what}"""

    zh = "无法读取该事件表：{what}"


@dataclass(frozen=True)
class ReadEvents:
    """A log, and what was left out of it: rows in words (the first few), and how many rows and repeats in all.

    left_out: names the row and what is wrong, never what stood in it: in a wrong column it may be a patient.
    """

    log: EventLog
    left_out: tuple[Text, ...]
    n_left_out: int
    n_repeats: int


@dataclass
class _Rows:
    cases: list[str]
    steps: list[str]
    at: list[float]
    problems: list[Text]


def read_events(name: str, content: bytes, *, zone: ZoneInfo, now: datetime) -> ReadEvents:
    """Read CSV or the first sheet of a workbook; times without a zone are the hospital's.

    Rows that cannot be are left out and named; the same event twice counts once.
    Raises EventsUnreadable, also where more than one row in twenty cannot be read.
    """
    try:
        grid = grid_in(name, content, most_lines=MOST_EVENTS)
    except Useless as error:
        raise EventsUnreadable(what=both_of(error)) from error
    return events_in(grid, zone=zone, now=now)


def events_in(grid: Grid, *, zone: ZoneInfo, now: datetime) -> ReadEvents:
    """Read the rows of a sheet as read_events does."""
    places, n_headings = _columns(grid)
    rows, n_rows = _Rows([], [], [], []), 0
    latest = now.timestamp()
    for number, row in enumerate(grid[n_headings:], n_headings + 1):
        cells = [row[place] if place < len(row) else "" for place in places]
        if any(cell != "" for cell in cells):
            n_rows += 1
            _take(rows, number, cells, zone, latest)
    if n_rows == 0 or len(rows.problems) > MOST_BAD * n_rows:
        raise EventsUnreadable(what=_too_many(rows.problems, n_rows))
    n_before = len(rows.at)
    events = list(dict.fromkeys(zip(rows.cases, rows.steps, rows.at, strict=True)))
    log = event_log(*zip(*events, strict=True))
    if len(log.steps) > MOST_STEPS or log.n_cases == len(events):
        raise EventsUnreadable(what=_no_flow(len(log.steps), log.n_cases == len(events)))
    return ReadEvents(log, tuple(rows.problems[:MOST_NAMED]), len(rows.problems), n_before - len(events))


def _take(rows: _Rows, number: int, cells: Sequence[Cell], zone: ZoneInfo, latest: float) -> None:
    case, step = shown(cells[0]), shown(cells[1])
    at = _moment(cells[2], zone)
    if not case or not step or cells[2] == "":
        lacking = Text("case", "病例") if not case else Text("step", "环节") if not step else Text("time", "时间")
        rows.problems.append(Text(f"Row {number} has no {lacking.en}.", f"第 {number} 行缺少{lacking.zh}。"))
    elif at is None:
        rows.problems.append(
            Text(f"Row {number}: the time cannot be read; write 2026-03-31 08:05.",
                 f"第 {number} 行：无法读取时间，请写 2026-03-31 08:05。")
        )  # fmt: skip
    elif at > latest:
        rows.problems.append(Text(f"Row {number} lies in the future.", f"第 {number} 行的时间在将来。"))
    else:
        rows.cases.append(case)
        rows.steps.append(step[:LONGEST_STEP])
        rows.at.append(at)


def _moment(cell: Cell, zone: ZoneInfo) -> float | None:
    """Read a time as seconds since 1970; None for what is none."""
    if isinstance(cell, datetime):
        found = cell
    elif isinstance(cell, date):
        found = datetime(cell.year, cell.month, cell.day, tzinfo=zone)
    else:
        try:
            found = datetime.fromisoformat(_as_iso(str(cell).strip()))
        except ValueError:  # no time at all, or the 31st of February
            return None
    if not EARLIEST_YEAR <= found.year <= LATEST_YEAR:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).timestamp()


def _as_iso(written: str) -> str:
    """Bring the forms that spreadsheets and Chinese systems write into the one that Python reads."""
    found = _MOMENT.fullmatch(unicodedata.normalize("NFKC", written))
    if found is None:
        return written
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    return f"{year}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}"


def _columns(grid: Grid) -> tuple[tuple[int, ...], int]:
    """Find the columns; by place where the first row holds no name that is known."""
    titles = [shown(cell).lower() for cell in grid[0]] if grid else []
    found = {key: place for key, names in NAMES.items() if (place := place_of(titles, names)) is not None}
    if len(found) == len(NAMES):
        return tuple(found[key] for key in NAMES), 1
    if found or len(titles) != len(NAMES):
        raise EventsUnreadable(
            what=Text("name its three columns case, step and time.", "请将三列命名为 病例、环节、时间。")
        )
    return (0, 1, 2), 0


def _too_many(problems: Sequence[Text], n_rows: int) -> Text:
    if n_rows == 0:
        return Text("there is no event in it.", "文件中没有事件。")
    en = " ".join(one.en for one in problems[:MOST_NAMED])
    zh = "".join(one.zh for one in problems[:MOST_NAMED])
    n = len(problems)
    return Text(
        f"{n} of {n_rows} rows cannot be used. {en} Mend them and try again.",
        f"{n_rows} 行中有 {n} 行无法使用。{zh}请修改后重试。",
    )


def _no_flow(n_steps: int, is_alone: bool) -> Text:
    if is_alone:
        return Text(
            "no case has two events, so nothing follows anything. Give each event of a case the same case number.",
            "没有任何病例包含两个事件，无法形成流程。同一病例的各事件请使用相同的病例号。",
        )
    return Text(
        f"it has {n_steps} different steps; at most {MOST_STEPS} can be shown. Give alike steps one name.",
        f"共有 {n_steps} 个不同环节，最多 {MOST_STEPS} 个。请将相同环节统一名称。",
    )
