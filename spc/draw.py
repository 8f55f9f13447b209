"""A chart as SVG text: words on top, limits, phases, target, and markers that mean the same by shape and by colour."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from spc.arrays import Floats
from spc.chart import Chart
from spc.icons import Variation
from spc.scale import Scale, spread, ticks, written
from spc.svg import Point, element, label, line, path, picture

WIDTH, HEIGHT = 860, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 740, 64, 336
MOST_DATES = 8
GAP = 13.0
# Colours that people with any kind of colour vision tell apart (Okabe & Ito 2008).
GREY, DARK, PALE = "#777", "#333", "#888"
BLUE, ORANGE, PURPLE, GREEN = "#0072B2", "#D55E00", "#7B3294", "#009E73"


@dataclass(frozen=True)
class Texts:
    """Hold every text of a picture in the reader's language. An empty one is left out.

    headline: the verdict in a line. description: the same for people who do not see the picture.
    The averages, limits and target stand at the right; before and after beside the line of the change.
    """

    title: str
    headline: str = ""
    description: str = ""
    average: str = ""
    new_average: str = ""
    upper: str = ""
    lower: str = ""
    target: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Note:
    """Hold a mark on the axis, such as a stage of the cycle. point: from 1."""

    point: int
    text: str


@dataclass(frozen=True)
class Scene:
    """Say what is drawn besides the chart itself.

    periods: a name for each point. meanings: what each point says; without them none stands out.
    target: in the unit that is shown. changed_after: the last point before the change. new_average: of those after it.
    good: whether the verdict is drawn in the colour of improvement; None for neither.
    """

    periods: Sequence[str] = ()
    meanings: Sequence[Variation] = ()
    target: float | None = None
    changed_after: int | None = None
    new_average: float | None = None
    good: bool | None = None
    notes: Sequence[Note] = field(default_factory=tuple)


PLAIN = Scene()


@dataclass(frozen=True)
class Paper:
    """Hold both scales; x counts points from 0."""

    x: Scale
    y: Scale
    ticks: tuple[float, ...]

    def at(self, point: float, value: float) -> Point:
        return self.x.place(point), self.y.place(value)


def draw_chart(chart: Chart, texts: Texts, scene: Scene = PLAIN, *, name: str = "chart") -> str:
    """Draw a chart. name: makes the picture's ids differ from those of others on the same page."""
    paper = _paper(chart, scene)
    colour = DARK if scene.good is None else BLUE if scene.good else ORANGE
    content = [
        label(LEFT, 20, texts.title, font_size=15, font_weight="bold"),
        label(LEFT, 40, texts.headline, fill=colour, font_weight="bold"),
        *_ground(paper, chart, scene),
        *_limits(paper, chart),
        *_averages(paper, chart, scene),
        *(path(each, stroke="#555", stroke_width=1.2) for each in _stretches(paper, chart.values)),
        *_markers(paper, chart, scene),
        *_change(paper, texts, scene),
        *_notes(paper, chart, scene),
        *_line_labels(paper, chart, texts, scene),
    ]
    described = texts.description or texts.headline
    return picture((WIDTH, HEIGHT), content, name=name, title=texts.title, description=described)


def _paper(chart: Chart, scene: Scene) -> Paper:
    shown = [chart.values, chart.centre, chart.lcl, chart.ucl, np.array([scene.target, scene.new_average], dtype=float)]
    known = np.concatenate(shown)
    known = known[np.isfinite(known)]
    least, most = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if 0 <= least < 0.5 * most:
        least = 0.0  # a chart of counts and rates begins at nothing
    marks = ticks(least, most)
    across = Scale(0.0, max(1.0, chart.values.size - 1.0), LEFT, RIGHT)
    return Paper(across, Scale(marks[0], marks[-1], BOTTOM, TOP), marks)


def _ground(paper: Paper, chart: Chart, scene: Scene) -> Iterator[str]:
    """Draw ticks, names of periods, and a shade behind the time after the change."""
    if scene.changed_after:
        start = paper.x.place(scene.changed_after - 0.5)
        yield element("rect", x=start, y=TOP, width=RIGHT + 8 - start, height=BOTTOM - TOP, fill=BLUE, opacity="0.05")
    for value in paper.ticks:
        y = paper.y.place(value)
        yield line((LEFT, y), (RIGHT, y), stroke="#eee")
        yield label(LEFT - 8, y + 4, written(value, paper.ticks), text_anchor="end", fill="#555")
    every = -(-chart.values.size // MOST_DATES)
    for point in range(0, min(chart.values.size, len(scene.periods)), every):
        yield label(paper.x.place(point), BOTTOM + 18, scene.periods[point], text_anchor="middle", fill="#555")


def _limits(paper: Paper, chart: Chart) -> Iterator[str]:
    for limit in (chart.ucl, chart.lcl):
        for phase in chart.phases():
            for each in _stretches(paper, limit, phase):
                yield path(each, stroke=PALE, stroke_dasharray="4 3")


def _averages(paper: Paper, chart: Chart, scene: Scene) -> Iterator[str]:
    """Draw the centre of each phase, dotted where it only goes on after the change, and the new average and target."""
    for phase in chart.phases():
        first, last, centre = phase.start, phase.stop - 1, float(chart.centre[phase.start])
        if np.isnan(centre):
            continue
        solid = min(last, max(first, (scene.changed_after or chart.values.size) - 1))
        yield line(paper.at(first, centre), paper.at(solid, centre), stroke=DARK, stroke_width=1.5)
        if solid < last:
            dots = {"stroke": DARK, "stroke_width": 1.2, "stroke_dasharray": "2 3"}
            yield line(paper.at(solid, centre), paper.at(last, centre), **dots)
    end = chart.values.size - 1
    if scene.new_average is not None and scene.changed_after is not None:
        start = paper.at(scene.changed_after, scene.new_average)
        yield line(start, paper.at(end, scene.new_average), stroke=BLUE, stroke_width=2)
    if scene.target is not None:
        ends = paper.at(0, scene.target), paper.at(end, scene.target)
        yield line(*ends, stroke=GREEN, stroke_width=1.5, stroke_dasharray="8 4")


def _stretches(paper: Paper, values: Floats, phase: slice | None = None) -> Iterator[list[Point]]:
    """Cut a line where values are missing."""
    found: list[Point] = []
    for point in range(*(phase or slice(0, values.size)).indices(values.size)):
        if np.isfinite(values[point]):
            found.append(paper.at(point, float(values[point])))
        elif found:
            yield found
            found = []
    yield found


def _markers(paper: Paper, chart: Chart, scene: Scene) -> Iterator[str]:
    for point in map(int, np.flatnonzero(np.isfinite(chart.values))):
        meaning = scene.meanings[point] if point < len(scene.meanings) else Variation.COMMON_CAUSE
        x, y = paper.at(point, float(chart.values[point]))
        yield marker(meaning, x, y, hollow=not chart.included[point])


def marker(meaning: Variation, x: float, y: float, *, hollow: bool = False) -> str:
    """Draw one point: circle, or diamond for improvement, square for concern, triangle for neither."""
    kind = meaning.split("_")[0]
    colour = {"improvement": BLUE, "concern": ORANGE, "neutral": PURPLE}.get(kind, GREY)
    paint = {"fill": "#fff" if hollow else colour, "stroke": colour}
    if kind == "improvement":
        turn = f"rotate(45 {x:.1f} {y:.1f})"
        return element("rect", x=x - 4, y=y - 4, width=8, height=8, transform=turn, class_="improvement", **paint)
    if kind == "concern":
        return element("rect", x=x - 4, y=y - 4, width=8, height=8, class_="concern", **paint)
    if kind == "neutral":
        corners = f"{x:.1f},{y - 5:.1f} {x - 5:.1f},{y + 4:.1f} {x + 5:.1f},{y + 4:.1f}"
        return element("polygon", points=corners, class_="neutral", **paint)
    return element("circle", cx=x, cy=y, r=3.5, class_="common", **paint)


def _change(paper: Paper, texts: Texts, scene: Scene) -> Iterator[str]:
    if scene.changed_after and (texts.before or texts.after):
        x = paper.x.place(scene.changed_after - 0.5)
        yield line((x, TOP), (x, BOTTOM), stroke=DARK)
        yield label(x + 5, TOP - 5, texts.after, fill=DARK)
        yield label(x - 5, TOP - 5, texts.before, fill=DARK, text_anchor="end")


def _notes(paper: Paper, chart: Chart, scene: Scene) -> Iterator[str]:
    """Mark stages and notes on the axis, each with its text below, in two rows in turn."""
    for i, note in enumerate(each for each in scene.notes if 0 < each.point <= chart.values.size):
        x = paper.x.place(note.point - 1)
        yield line((x, BOTTOM - 5), (x, BOTTOM + 5), stroke=PURPLE, stroke_width=2)
        yield label(x, BOTTOM + 31 + 11 * (i % 2), note.text, fill=PURPLE, font_size=10, text_anchor="middle")


def _line_labels(paper: Paper, chart: Chart, texts: Texts, scene: Scene) -> Iterator[str]:
    lines = (
        (texts.upper, float(chart.ucl[-1]), PALE),
        (texts.average, float(chart.centre[-1]), DARK),
        (texts.target, scene.target, GREEN),
        (texts.new_average, scene.new_average, BLUE),
        (texts.lower, float(chart.lcl[-1]), PALE),
    )
    shown = [(text, value, fill) for text, value, fill in lines if text and value is not None and np.isfinite(value)]
    places = spread([paper.y.place(value) + 4 for _, value, _ in shown], GAP, BOTTOM + GAP)
    for (text, _, fill), y in zip(shown, places, strict=True):
        yield label(RIGHT + 8, y, text, fill=fill)
