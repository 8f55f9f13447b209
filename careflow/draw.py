"""A flow as SVG text: steps from top to bottom, hand-overs as arrows with their waiting, bottlenecks in colour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from careflow.flow import CareFlow, HandOver, Step
from careflow.words import spell_duration
from spc.draw import DARK, ORANGE, PALE
from spc.svg import Point, element, label, picture

WIDTH, ROW, TOP = 620, 92, 70
BOX, TALL = 150, 40
MOST_STEPS, MOST_ARROWS = 16, 28
SHOWN = 0.95  # of all hand-overs; the rest would only make a knot
LETTERS = 11
OUTER, LANE, N_LANES = 44, 34, 3  # where arrows go around: so far from the edge, so far from one another
WORTH = 0.1  # of all waiting: what is drawn as a bottleneck


Way = tuple[Point, Point, Point]  # start, bend, end


@dataclass(frozen=True)
class Texts:
    """The texts in the reader's language. cases: what stands after a number of cases."""

    language: str
    title: str
    description: str
    cases: str


def draw_flow(flow: CareFlow, texts: Texts, *, name: str = "flow") -> str:
    """Draw the steps that most cases pass and the hand-overs between them. name: of its ids on a page."""
    steps = sorted(flow.steps, key=lambda one: -one.n_cases)[:MOST_STEPS]
    arrows = _arrows(flow, {one.name for one in steps})
    places = _layout(sorted(steps, key=lambda one: (one.place, one.name)), arrows)
    slow = {one for one in flow.bottlenecks if flow.share(one) >= WORTH}
    most = max((one.n for one in arrows), default=1)
    drawn = list(zip(arrows, _ways(arrows, places), strict=True))
    content = [label(16, 24, texts.title, font_size=15, font_weight="bold")]
    content += [label(16, 44, texts.description, fill=DARK)]
    content += [
        _arrow(way, ORANGE if one in slow else PALE, (2 if one in slow else 1) + 3 * one.n / most) for one, way in drawn
    ]
    content += [_box(one, places[one.name], texts.cases) for one in steps]
    # On top of the lines: a number that a line runs through cannot be read.
    content += [_waiting(one, way, one in slow, texts.language) for one, way in drawn]
    height = int(max((y for _, y in places.values()), default=TOP)) + ROW
    return picture((WIDTH, height), content, name=name, title=texts.title, description=texts.description)


def _arrows(flow: CareFlow, names: set[str]) -> list[HandOver]:
    """Choose the most frequent hand-overs, and every bottleneck."""
    within = [one for one in flow.hand_overs if {one.before, one.after} <= names]
    frequent = sorted(within, key=lambda one: -one.n)
    total, seen, chosen = sum(one.n for one in within), 0, []
    for one in frequent[:MOST_ARROWS]:
        if seen < SHOWN * total or one in flow.bottlenecks:
            chosen.append(one)
        seen += one.n
    return chosen + [one for one in flow.bottlenecks if one in within and one not in chosen]


def _layout(steps: Sequence[Step], arrows: Sequence[HandOver]) -> dict[str, Point]:
    """Give each step its row below all steps that hand over to it, and spread the steps of a row."""
    above = _above({one.name for one in steps}, arrows)
    rows: dict[str, int] = {}
    for one in sorted(above, key=lambda name: len(_reached(name, above))):
        rows[one] = max((rows[each] for each in above[one]), default=-1) + 1
    of_row: dict[int, list[str]] = {}
    for step in steps:
        of_row.setdefault(rows[step.name], []).append(step.name)
    return {
        name: (WIDTH * (number + 1) / (len(names) + 1), TOP + TALL / 2 + row * ROW)
        for row, names in of_row.items()
        for number, name in enumerate(names)
    }


def _above(names: set[str], arrows: Sequence[HandOver]) -> dict[str, set[str]]:
    """Choose what stands above what: by the most frequent arrows first, none that would close a circle."""
    above: dict[str, set[str]] = {name: set() for name in names}
    for one in sorted(arrows, key=lambda one: -one.n):
        if one.before != one.after and one.after not in _reached(one.before, above):
            above[one.after].add(one.before)
    return above


def _reached(name: str, above: Mapping[str, set[str]]) -> set[str]:
    """Find all that stands above a step, near and far."""
    found, waiting = set[str](), [name]
    while waiting:
        fresh = above[waiting.pop()] - found
        found |= fresh
        waiting += fresh
    return found


def _box(step: Step, at: Point, cases: str) -> str:
    x, y = at
    shown = step.name if len(step.name) <= 2 * LETTERS else step.name[: 2 * LETTERS - 1] + "…"
    return (
        element("rect", x=x - BOX / 2, y=y - TALL / 2, width=BOX, height=TALL, rx=6, fill="#fff", stroke=DARK)
        + label(x, y - 2, shown, text_anchor="middle", font_size=LETTERS + 1)
        + label(x, y + 13, f"{step.n_cases} {cases}", text_anchor="middle", font_size=LETTERS - 1, fill=DARK)
    )


def _arrow(way: Way, colour: str, width: float) -> str:
    (ax, ay), bend, end = way
    drawn = f"M{ax:.0f},{ay:.0f} Q{bend[0]:.0f},{bend[1]:.0f} {end[0]:.0f},{end[1]:.0f}"
    return element("path", d=drawn, fill="none", stroke=colour, stroke_width=width) + _head(bend, end, colour)


def _head(bend: Point, end: Point, colour: str) -> str:
    dx, dy = end[0] - bend[0], end[1] - bend[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1.0)
    dx, dy = dx / length * 9, dy / length * 9
    corners = (end, (end[0] - dx - dy / 2, end[1] - dy + dx / 2), (end[0] - dx + dy / 2, end[1] - dy - dx / 2))
    return element("polygon", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in corners), fill=colour)


def _ways(arrows: Sequence[HandOver], places: Mapping[str, Point]) -> list[Way]:
    """Find the way of each arrow: straight to the next row, else around by a lane at the side."""
    ways, lane = [], 0
    for one in arrows:
        (ax, ay), (bx, by) = places[one.before], places[one.after]
        if one.before == one.after:
            ways.append(((ax + BOX / 2, ay - 8), (ax + BOX / 2 + 46, ay), (ax + BOX / 2, ay + 8)))
        elif 0 < by - ay <= ROW:
            ways.append(((ax, ay + TALL / 2), ((ax + bx) / 2, (ay + by) / 2), (bx, by - TALL / 2)))
        else:
            ways.append(_around((ax, ay), (bx, by), lane % N_LANES))
            lane += 1
    return ways


def _around(start: Point, end: Point, lane: int) -> Way:
    """Go down on the right and back up on the left."""
    side = 1 if end[1] > start[1] else -1
    (ax, ay), (bx, by) = start, end
    ax, bx = ax + side * BOX / 2, bx + side * BOX / 2
    middle = WIDTH / 2 + side * (WIDTH / 2 - OUTER - lane * LANE)
    return (ax, ay), (2 * middle - (ax + bx) / 2, (ay + by) / 2), (bx, by)


def _waiting(one: HandOver, way: Way, is_bottleneck: bool, language: str) -> str:
    start, bend, end = way
    x, y = (start[0] + 2 * bend[0] + end[0]) / 4, (start[1] + 2 * bend[1] + end[1]) / 4
    shown = spell_duration(one.median_s).in_(language)
    return label(
        x, y + 4, f"{shown} · {one.n}", text_anchor="middle", font_size=LETTERS, paint_order="stroke", stroke="#fff",
        stroke_width=4, fill=ORANGE if is_bottleneck else DARK, font_weight="bold" if is_bottleneck else "normal",
    )  # fmt: skip
