"""W4: many series of 60 months, assessed and stored by the product, and the bare arithmetic on the same matrix."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import sqlalchemy as sa

from config.indicators import Better, Family, Frequency, Indicator
from config.periods import after
from config.words import Text
from engine.assessments import run_assessment
from engine.people import directory
from engine.rules import Rules
from models.assessment import Assessment
from models.base import table_of
from models.db import Database
from models.indicator import Observation

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
MONTHS = 60
FIRST = date(2021, 3, 1)
LONG_RUN, TREND = 8, 6


def make_series(n: int, months: int = MONTHS, seed: int = 4) -> Matrix:
    """Draw measurements, one series a row; in every tenth something changes half way."""
    drawn = np.random.default_rng(seed).normal(50, 5, (n, months))
    drawn[::10, months // 2 :] -= 8
    return drawn


def fill(database: Database, rules: Rules, values: Matrix, now: datetime) -> Rules:
    """Store the series, one an indicator of the ward; returns the rules that know these indicators."""
    made: Mapping[str, Indicator] = {f"series-{k}": _indicator(k) for k in range(len(values))}
    with database.transaction("bench") as session:
        unit_id = directory(session).unit("ward").id
        rows = [
            {"indicator": slug, "unit_id": unit_id, "period_on": after(Frequency.MONTH, FIRST, month), "value": value,
             "provisional": False, "note": "", "no": 0, "entered_at": now, "door": "bench"}
            for slug, series in zip(made, values.tolist(), strict=True) for month, value in enumerate(series)
        ]  # fmt: skip
        session.execute(sa.insert(table_of(Observation)), rows)
    return replace(rules, catalogue=replace(rules.catalogue, indicators=made))


def _indicator(k: int) -> Indicator:
    words = Text(f"Series {k}", f"序列 {k}")
    return Indicator(id=f"series-{k}", version=1, title=words, numerator=words, unit=Text("min", "分钟"),
                     family=Family.MEASUREMENT, better=Better.LOWER, target=45, set="bench")  # fmt: skip


def assess_all(database: Database, rules: Rules, now: datetime) -> int:
    """Assess each indicator in a transaction of its own, as a schedule does; returns how many records were kept."""
    before = count_stored(database)
    with database.reading() as session:
        unit_id = directory(session).unit("ward").id
    for slug in rules.catalogue.indicators:
        with database.transaction("bench") as session:
            run_assessment(session, indicator=slug, unit_id=unit_id, as_of=now, rules=rules, by=None, now=now)
    return count_stored(database) - before


def count_stored(database: Database) -> int:
    """Count the assessments that are durable."""
    with database.reading() as session:
        found: int = session.execute(sa.select(sa.func.count()).select_from(table_of(Assessment))).scalar_one()
        return found


def assess_matrix(values: Matrix) -> int:
    """Find XmR limits and the four signals of every point, all series at once; stores nothing. Returns how many."""
    centre = values.mean(axis=1, keepdims=True)
    sigma = np.abs(np.diff(values, axis=1)).mean(axis=1, keepdims=True) / 1.128
    away = (values - centre) / sigma
    runs = np.abs(_windows(np.sign(away), LONG_RUN).sum(axis=-1)) == LONG_RUN
    trends = np.abs(_windows(np.sign(np.diff(values, axis=1)), TREND - 1).sum(axis=-1)) == TREND - 1
    near = [_windows(sign * away > 2, 3).sum(axis=-1) >= 2 for sign in (1, -1)]
    return sum(int(each.sum()) for each in (np.abs(away) > 3, runs, trends, *near))


def _windows(values: np.ndarray, n: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(values, n, axis=1)
