"""A Pareto table as SVG text: bars, largest first, and the line of their running share."""

from collections.abc import Iterator
from itertools import accumulate
from unicodedata import east_asian_width

from spc.draw import BLUE, BOTTOM, DARK, HEIGHT, LEFT, ORANGE, PALE, RIGHT, TOP, WIDTH
from spc.pareto import VITAL_SHARE, Pareto
from spc.scale import Scale, ticks, written
from spc.svg import element, label, line, path, picture

WIDEST_NAME = 15  # Latin letters; a Chinese character takes the room of two


def draw_pareto(pareto: Pareto, *, title: str, headline: str = "", name: str = "pareto") -> str:
    """Draw a Pareto table; the few categories that make up 80 % are darker."""
    total = pareto.bars[-1].running
    marks = ticks(0.0, total)
    counts, shares = Scale(0.0, marks[-1], BOTTOM, TOP), Scale(0.0, marks[-1] / total, BOTTOM, TOP)
    content = [
        label(LEFT, 20, title, font_size=15, font_weight="bold"),
        label(LEFT, 40, headline, fill=DARK, font_weight="bold"),
        *_ground(counts, shares, marks),
        *_bars(pareto, counts),
        path(
            [(_middle(pareto, i), shares.place(bar.running_share)) for i, bar in enumerate(pareto.bars)], stroke=ORANGE
        ),
    ]
    described = "; ".join(f"{bar.category} {bar.count:g} ({bar.running_share:.0%})" for bar in pareto.bars)
    return picture((WIDTH, HEIGHT), content, name=name, title=title, description=described)


def _ground(counts: Scale, shares: Scale, marks: tuple[float, ...]) -> Iterator[str]:
    for value in marks:
        y = counts.place(value)
        yield line((LEFT, y), (RIGHT, y), stroke="#eee")
        yield label(LEFT - 8, y + 4, written(value, marks), text_anchor="end", fill="#555")
    for share in (0.0, 0.5, VITAL_SHARE, 1.0):
        yield label(RIGHT + 8, shares.place(share) + 4, f"{share:.0%}", fill=ORANGE)
    yield line(
        (LEFT, shares.place(VITAL_SHARE)), (RIGHT, shares.place(VITAL_SHARE)), stroke=PALE, stroke_dasharray="4 3"
    )


def _bars(pareto: Pareto, counts: Scale) -> Iterator[str]:
    width = 0.8 * (RIGHT - LEFT) / len(pareto.bars)
    for i, bar in enumerate(pareto.bars):
        x, y = _middle(pareto, i), counts.place(bar.count)
        kind = "vital" if bar.vital else "useful"
        fill = BLUE if bar.vital else PALE
        yield element("rect", x=x - width / 2, y=y, width=width, height=BOTTOM - y, fill=fill, class_=kind)
        yield label(x, y - 4, f"{bar.count:g}", text_anchor="middle", fill=DARK)
        yield label(x, BOTTOM + 18 + 14 * (i % 2), _short(bar.category), text_anchor="middle", fill="#555")


def _short(name: str) -> str:
    """Cut a name that would run into its neighbours."""
    ends = list(accumulate(2 if east_asian_width(letter) in "WF" else 1 for letter in name))
    if not ends or ends[-1] <= WIDEST_NAME:
        return name
    return name[: sum(end < WIDEST_NAME for end in ends)] + "…"


def _middle(pareto: Pareto, place: int) -> float:
    return LEFT + (RIGHT - LEFT) * (place + 0.5) / len(pareto.bars)
