"""The PDCA wheel as inline SVG: four sectors, clockwise from the top left, told apart by line and word."""

from dataclasses import dataclass
from math import cos, radians, sin

from models.cycle import StageStatus
from models.queries import StageView

CENTRE, OUTER, INNER, GAP = 130.0, 122.0, 52.0, 2.6  # SVG units; the gap is in degrees
LABEL = 88.0
FIRST = 180.0  # Plan begins at nine o'clock


@dataclass(frozen=True)
class Sector:
    """A quarter of the wheel: its outline, and where its words stand."""

    stage: StageView
    outline: str
    x: float
    y: float
    look: str


LOOKS = {
    StageStatus.WAITING: "waiting",
    StageStatus.OPEN: "now",
    StageStatus.READY: "ready",
    StageStatus.CLOSED: "done",
    StageStatus.CANCELLED: "off",
}


def sectors(stages: tuple[StageView, ...]) -> list[Sector]:
    """Draw the sectors of a cycle's stages, each of the same size."""
    width = 360.0 / len(stages)
    made = []
    for number, stage in enumerate(stages):
        start = FIRST + number * width
        x, y = _at(LABEL, start + width / 2)
        made.append(Sector(stage, _outline(start + GAP / 2, start + width - GAP / 2), x, y, LOOKS[stage.status]))
    return made


def _outline(start: float, end: float) -> str:
    (ax, ay), (bx, by) = _at(OUTER, start), _at(OUTER, end)
    (cx, cy), (dx, dy) = _at(INNER, end), _at(INNER, start)
    return f"M{ax} {ay}A{OUTER} {OUTER} 0 0 1 {bx} {by}L{cx} {cy}A{INNER} {INNER} 0 0 0 {dx} {dy}Z"


def _at(radius: float, degrees: float) -> tuple[float, float]:
    return round(CENTRE + radius * cos(radians(degrees)), 1), round(CENTRE + radius * sin(radians(degrees)), 1)
