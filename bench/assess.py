"""W4: many series of 60 months, assessed by a schedule and stored; limits and rules alone; the drawing of charts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import sqlalchemy as sa

from bench.ward import START
from config.indicators import Better, Family, Frequency, Indicator
from config.periods import after
from config.words import Text
from engine.assessing import assess
from engine.assessment_round import assess_due
from engine.looks import Look
from engine.people import directory
from engine.rules import Rules
from engine.schedules import turn
from engine.scheduling import GivenSchedule, add_schedule
from models.assessment import Assessment, AssessmentStatus
from models.base import table_of
from models.db import Database
from models.indicator import Observation
from models.pictures import draw_record
from models.reads.series import Series
from models.records import Record
from spc.chart import limits_of_many
from spc.lines import Kind
from spc.rulesets import NHS_7, marks_of_many

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
MONTHS = 60
FIRST = date(2021, 3, 1)
LONG_RUN, TREND = 8, 6
SET, N_BASELINE = "bench", 24


def make_series(n: int, months: int = MONTHS, seed: int = 4) -> Matrix:
    """Draw measurements, one series a row; in every tenth something changes half way."""
    drawn = np.random.default_rng(seed).normal(50, 5, (n, months))
    drawn[::10, months // 2 :] -= 8
    return drawn


def fill(database: Database, rules: Rules, values: Matrix, now: datetime, rounds: int) -> Rules:
    """Store the series, one an indicator of the ward, and schedule them from the last month on.

    Each of the rounds to come finds a month more, that of a year ago again. Returns the rules that know the indicators.
    """
    made: Mapping[str, Indicator] = {f"series-{k}": _indicator(k) for k in range(len(values))}
    catalogue = replace(rules.catalogue, indicators=made, indicator_sets={SET: Text("Bench", "基准")})
    known, again = replace(rules, catalogue=catalogue), values[:, -12 : rounds - 12]
    with database.transaction("bench") as session:
        unit_id = directory(session).unit("ward").id
        rows = [
            {"indicator": slug, "unit_id": unit_id, "period_on": _month(month), "value": value,
             "provisional": False, "note": "", "no": 0, "entered_at": now, "door": "bench"}
            for slug, series in zip(made, np.hstack([values, again]).tolist(), strict=True)
            for month, value in enumerate(series)
        ]  # fmt: skip
        session.execute(sa.insert(table_of(Observation)), rows)
        given = GivenSchedule(what=SET, unit="ward", since=_month(values.shape[1] - 1))
        add_schedule(session, given, rules=known, by=None, now=now)
    return known


def due_at(number: int, rules: Rules) -> datetime:
    """Say when the month of a round, from 1, is assessed."""
    return turn(Frequency.MONTH, _month(MONTHS + number - 2), "5wd", rules.calendar).due_at


def _month(n: int) -> date:
    return after(Frequency.MONTH, FIRST, n)


def _indicator(k: int) -> Indicator:
    words = Text(f"Series {k}", f"序列 {k}")
    return Indicator(id=f"series-{k}", version=1, title=words, numerator=words, unit=Text("min", "分钟"),
                     family=Family.MEASUREMENT, better=Better.LOWER, target=45, set=SET)  # fmt: skip


def assess_round(database: Database, rules: Rules, now: datetime) -> int:
    """Let the schedule create, make and store what is due; returns how many records were kept."""
    before = count_stored(database)
    assess_due(database, rules=rules, now=now, door="bench")
    return count_stored(database) - before


def count_stored(database: Database) -> int:
    """Count the assessments that are durable."""
    made = sa.select(sa.func.count()).where(table_of(Assessment).c.status == AssessmentStatus.DONE)
    with database.reading() as session:
        found: int = session.execute(made).scalar_one()
        return found


def find_signals(values: Matrix) -> int:
    """Find limits and signals of every point by the product's statistics; returns how many."""
    marks = marks_of_many(values, limits_of_many(Kind.I, values), NHS_7)
    return sum(int(np.count_nonzero(each)) for each in marks.values())


def assess_matrix(values: Matrix) -> int:
    """Find XmR limits and four signals of every point by bare numpy, with shifted arrays; returns how many."""
    centre = values.mean(axis=1, keepdims=True)
    sigma = np.abs(values[:, 1:] - values[:, :-1]).mean(axis=1, keepdims=True) / 1.128
    away = values - centre
    high, rising = away > 0, values[:, 1:] > values[:, :-1]
    runs = [_all_of(each, LONG_RUN) for each in (high, ~high)]
    trends = [_all_of(each, TREND - 1) for each in (rising, ~rising)]
    near = [_two_of_three(each) for each in (away > 2 * sigma, away < -2 * sigma)]
    return sum(int(np.count_nonzero(each)) for each in (np.abs(away) > 3 * sigma, *runs, *trends, *near))


def _all_of(marks: np.ndarray, n: int) -> np.ndarray:
    """Mark where n neighbours are all marked, by doubling."""
    found, length = marks, 1
    while length < n:
        step = min(length, n - length)
        found, length = found[:, step:] & found[:, :-step], length + step
    return found


def _two_of_three(marks: np.ndarray) -> np.ndarray:
    first, second, third = marks[:, :-2], marks[:, 1:-1], marks[:, 2:]
    found: np.ndarray = (first & second) | (first & third) | (second & third)
    return found


def make_records(values: Matrix) -> list[Record]:
    """Judge each series, as a page does before it draws it."""
    months = tuple(_month(n) for n in range(values.shape[1]))
    look = Look(_indicator(0), "ward", START, START.date(), N_BASELINE, target=45)
    final = (False,) * len(months)
    return [assess(Series(months, tuple(series), None, final), look) for series in values.tolist()]


def draw_all(records: Sequence[Record]) -> int:
    """Draw each record by the product; returns the bytes."""
    return sum(len(draw_record(record, "en")) for record in records)


def draw_lines(records: Sequence[Record]) -> int:
    """Write for each record a line, its points and its limits as SVG, as bare as can be; returns the bytes."""
    return sum(len(_bare(record)) for record in records)


def _bare(record: Record) -> str:
    placed = [(10 + 10 * n, 300 - 3 * (point.value or 0)) for n, point in enumerate(record.points)]
    line = " ".join(f"{x},{y:.1f}" for x, y in placed)
    dots = "".join(f'<circle cx="{x}" cy="{y:.1f}" r="3"/>' for x, y in placed)
    ends = (record.points[0].lcl or 0, record.points[0].centre or 0, record.points[0].ucl or 0)
    limits = "".join(f'<path d="M0,{300 - 3 * y:.1f}H640"/>' for y in ends)
    return f'<svg viewBox="0 0 640 320"><polyline points="{line}"/>{limits}{dots}</svg>'
