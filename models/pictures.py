"""The picture of an assessment, drawn from its stored record: the same points and lines that were judged."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from config.words import Text
from models.records import Point, Record
from spc.chart import Chart, Plan
from spc.conventions import PRODUCT
from spc.draw import Note, Scene, Texts, draw_chart
from spc.draw_small import draw_small
from spc.icons import Assurance, Variation
from spc.lines import Kind

GOOD = {"met": True, "improving": True, "worse": False}
MISSING = float("nan")
AVERAGE, NEW = Text("baseline {:g}", "基线 {:g}"), Text("after {:g}", "改进后 {:g}")
LATER = Text("since then {:g}", "其后 {:g}")  # nobody changed anything: the later periods are held against the first
TARGET = Text("target {:g}", "目标 {:g}")
BEFORE, AFTER = Text("before", "改进前"), Text("after", "改进后")


def draw_record(record: Record, language: str, *, name: str = "chart", notes: Sequence[tuple[date, Text]] = ()) -> str:
    """Draw a record as SVG in `language`; '' where it has no point. notes: marks on the axis, such as stages."""
    if not any(point.value is not None for point in record.points):
        return ""
    n_baseline = sum(point.phase == "baseline" for point in record.points)
    n_before = n_baseline + sum(point.phase == "wash-in" for point in record.points)
    has_after = n_before < len(record.points)
    change = record.change
    scene = Scene(
        periods=[f"{point.period:%Y-%m-%d}"[2:] for point in record.points],
        meanings=[Variation(point.meaning) for point in record.points],
        target=record.target.value if record.target else None,
        changed_after=n_before if has_after and n_before else None,
        new_average=change.after if change else None,
        good=GOOD.get(record.verdict),
        notes=[Note(_place(record.points, on), text.in_(language)) for on, text in notes],
    )
    return draw_chart(_chart(record), _texts(record, language, has_after=has_after), scene, name=name)


def _place(points: Sequence[Point], on: date) -> int:
    """Find the point, from 1, of the period that a day lies in; 0 before the first."""
    return sum(point.period <= on for point in points)


def _chart(record: Record) -> Chart:
    points = record.points

    def line(values: Sequence[float | None]) -> np.ndarray:
        return np.array([MISSING if value is None else value for value in values])

    none = np.full(len(points), MISSING)
    values, lcl, ucl = (line([getattr(point, name) for point in points]) for name in ("value", "lcl", "ucl"))
    with np.errstate(invalid="ignore"):
        beyond = (values > ucl) | (values < lcl)
    return Chart(
        kind=Kind(record.chart),
        convention=PRODUCT,
        plan=Plan(multiply=record.multiply),
        values=values,
        centre=line([point.centre for point in points]),
        lcl=lcl,
        ucl=ucl,
        lcl2=line([point.lcl2 for point in points]),
        ucl2=line([point.ucl2 for point in points]),
        lcl1=none,
        ucl1=none,
        beyond=beyond,
        part=np.ones(len(points), dtype=np.int64),
        base=np.array([point.phase == "baseline" for point in points]),
        included=np.array([not point.provisional for point in points]),
        sigma_z=(record.sigma_z or MISSING,),
        runs=(),
    )


def _texts(record: Record, language: str, *, has_after: bool) -> Texts:
    centre = next((point.centre for point in record.points if point.centre is not None), None)
    change, target, is_changed = record.change, record.target, has_after and bool(record.cycle)
    return Texts(
        title=f"{record.title.in_(language)} ({record.shown_in.in_(language)})",
        headline=record.said.headline.in_(language),
        description=record.said.sentence.in_(language),
        average="" if centre is None else AVERAGE.in_(language).format(round(centre, 1)),
        new_average=(NEW if record.cycle else LATER).in_(language).format(round(change.after, 1)) if change else "",
        target=TARGET.in_(language).format(target.value) if target else "",
        before=BEFORE.in_(language) if is_changed else "",
        after=AFTER.in_(language) if is_changed else "",
    )


def draw_record_small(record: Record, language: str, *, name: str, most: int = 24) -> str:
    """Draw the newest points of a record the size of a stamp, with its icons; '' where it has no point."""
    shown = replace(record, points=record.points[-most:])
    if not any(point.value is not None for point in shown.points):
        return ""
    held = Assurance(record.assurance) if record.assurance else None
    title = record.title.in_(language)
    said = record.said.sentence.in_(language)
    return draw_small(_chart(shown), Variation(record.variation), held, title=title, description=said, name=name)
