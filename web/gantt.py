"""A year's plan as a Gantt chart (SVG): a bar for the plan, a darker one in it for what happened, a line for today."""

from collections.abc import Callable, Sequence
from datetime import datetime

from config.words import Text
from engine.work_plan import Course, LineKind, PlanLine, StageLine
from spc.draw import BLUE, DARK, GREEN, ORANGE, PALE
from spc.svg import element, label, line, picture

WIDTH, LEFT, RIGHT = 900, 250, 886
TOP, ROW, BAR = 44, 26, 14
LETTERS = 34
COLOURS = {
    Course.PLANNED: PALE,
    Course.RUNNING: BLUE,
    Course.OVER: PALE,
    Course.ON_TIME: BLUE,
    Course.LATE: ORANGE,
    Course.DONE: GREEN,
    Course.DONE_LATE: ORANGE,
    Course.STOPPED: PALE,
}
# Beside the colour, for those who do not see it.
SIGNS = {Course.LATE: "▲", Course.DONE: "✓", Course.DONE_LATE: "✓", Course.STOPPED: "✕"}


def draw_gantt(
    lines: Sequence[PlanLine], begin: datetime, end: datetime, now: datetime, *, title: Text, language: str
) -> str:
    """Draw lines between two moments; what lies outside is cut off."""

    def place(moment: datetime) -> float:
        part = (moment - begin) / (end - begin)
        return LEFT + (RIGHT - LEFT) * min(max(part, 0.0), 1.0)

    height = TOP + ROW * max(len(lines), 1) + 12
    content = [label(8, 18, title.in_(language), font_weight="bold")]
    for month in range(12):
        x = LEFT + (RIGHT - LEFT) * month / 12
        content.append(line((x, TOP - 14), (x, height - 8), stroke=PALE, stroke_width=0.4))
        content.append(label(x + 4, TOP - 8, str(month + 1), fill=DARK, font_size=10))
    for number, one in enumerate(lines):
        content += _line(one, TOP + ROW * number, place, now, language)
    if begin <= now < end:
        content.append(line((place(now), TOP - 14), (place(now), height - 8), stroke=ORANGE, stroke_dasharray="4 3"))
    said = Text(f"{len(lines)} lines of the plan", f"计划共 {len(lines)} 项").in_(language)
    return picture((WIDTH, height), content, name="gantt", title=title.in_(language), description=said)


def _line(one: PlanLine, y: float, place: Callable[[datetime], float], now: datetime, language: str) -> list[str]:
    title = one.title.in_(language)
    shown = title if len(title) <= LETTERS else title[: LETTERS - 1] + "…"
    sign = SIGNS.get(one.course, "")
    found = [label(8, y + BAR, f"{sign} {shown}".strip(), font_size=11)]
    if one.turns:
        return found + [element("circle", cx=place(turn), cy=y + BAR / 2 + 2, r=3.5, fill=PALE) for turn in one.turns]
    stages = one.stages or ()
    for stage in stages:
        found.append(_bar(place(stage.begins_at), place(stage.ends_at), y, fill="none", stroke=PALE))
    if not stages:
        found.append(_bar(place(one.begins_at), place(one.ends_at), y, fill="none", stroke=PALE))
    if one.kind is LineKind.CYCLE:
        colour = COLOURS[one.course]
        found += [_happened(stage, y, place, now, colour) for stage in stages if stage.opened_at]
    return found


def _happened(stage: StageLine, y: float, place: Callable[[datetime], float], now: datetime, colour: str) -> str:
    assert stage.opened_at is not None  # chosen so
    until = stage.closed_at or now
    return _bar(place(stage.opened_at), place(max(until, stage.opened_at)), y + 3, fill=colour, tall=BAR - 6)


def _bar(start: float, end: float, y: float, *, tall: float = BAR, **look: object) -> str:
    return element("rect", x=start, y=y + 2, width=max(end - start, 1.5), height=tall, rx=2, **look)
