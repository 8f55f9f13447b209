"""A chart the size of a stamp, for a board of many indicators: the line, its limits, and the icon of the last point."""

import numpy as np

from spc.chart import Chart
from spc.draw import DARK, PALE, marker
from spc.icons import Assurance, Variation
from spc.scale import Scale
from spc.svg import Point, element, label, path, picture

WIDTH, HEIGHT, EDGE = 180, 48, 6
ICONS = 44  # at the right
LETTERS = {Assurance.PASS: "P", Assurance.FAIL: "F", Assurance.INCONSISTENT: "?", Assurance.NOT_KNOWN: "-"}


def draw_small(
    chart: Chart, last: Variation, held: Assurance | None, *, title: str, description: str = "", name: str = "small"
) -> str:
    """Draw one indicator of a board. last, held: the icons of variation and assurance."""
    shown = np.concatenate([chart.values, chart.ucl, chart.lcl, chart.centre])
    shown = shown[np.isfinite(shown)]
    least, most = (float(shown.min()), float(shown.max())) if shown.size else (0.0, 1.0)
    down = Scale(least, most if most > least else least + 1, HEIGHT - EDGE, EDGE)
    across = Scale(0.0, max(1.0, chart.values.size - 1.0), EDGE, WIDTH - ICONS)
    lines = ((chart.ucl, PALE, "2 2"), (chart.lcl, PALE, "2 2"), (chart.centre, PALE, ""), (chart.values, DARK, ""))

    def places(values: np.ndarray) -> list[Point]:
        known = map(int, np.flatnonzero(np.isfinite(values)))
        return [(across.place(point), down.place(float(values[point]))) for point in known]

    content = [path(places(each), stroke=colour, stroke_dasharray=dash) for each, colour, dash in lines]
    ends = places(chart.values)[-1:]
    content += [marker(last, x, y) for x, y in ends]
    content += _icons(last, held)
    return picture((WIDTH, HEIGHT), content, name=name, title=title, description=description)


def _icons(last: Variation, held: Assurance | None) -> list[str]:
    side = {"high": "H", "low": "L"}.get(last.rsplit("_", 1)[-1], "")
    found = [marker(last, WIDTH - 30, HEIGHT / 2), label(WIDTH - 30, HEIGHT / 2 + 18, side, text_anchor="middle")]
    if held is not None:
        found.append(element("circle", cx=WIDTH - 11, cy=HEIGHT / 2, r=8, fill="none", stroke=DARK))
        found.append(label(WIDTH - 11, HEIGHT / 2 + 4, LETTERS[held], text_anchor="middle"))
    return found
