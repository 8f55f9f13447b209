"""Where a cycle stands, as a picture for mails: its stages in a row, told apart by shape and word as well as colour."""

from collections.abc import Sequence
from dataclasses import dataclass

from config.words import Text
from models.cycle import StageStatus
from notifications.pictures import Picture, picture
from spc.svg import element, label
from spc.svg import picture as whole

WIDTH, HEIGHT, GAP = 560, 62, 8
MOST_STAGES = 8  # more would be too narrow for their words
BLUE, DARK, PALE = "#0b5cad", "#333", "#767676"
SIZES = (15, 13, 11)  # of the words, the largest that fits


@dataclass(frozen=True)
class StageMark:
    """One stage of a cycle."""

    title: Text
    status: StageStatus


_SAID = {
    StageStatus.CLOSED: Text("done", "已完成"),
    StageStatus.OPEN: Text("now", "进行中"),
    StageStatus.READY: Text("to be approved", "待批准"),
    StageStatus.WAITING: Text("to come", "未开始"),
    StageStatus.CANCELLED: Text("cancelled", "已取消"),
}
_SHAPES = {StageStatus.CLOSED: "✓", StageStatus.OPEN: "●", StageStatus.READY: "◆", StageStatus.CANCELLED: "×"}


def draw_progress(stages: Sequence[StageMark], language: str) -> Picture | None:
    """Draw the stages of a cycle; None where a row of them would say nothing or be too narrow."""
    if not 1 < len(stages) <= MOST_STAGES:
        return None
    alt = say_progress(stages, language)
    width = (WIDTH - GAP * (len(stages) - 1)) / len(stages)
    content = [_box(number * (width + GAP), width, stage, language) for number, stage in enumerate(stages)]
    drawn = whole((WIDTH, HEIGHT), content, name="progress", title=alt, description=alt)
    return picture(drawn, cid="progress", alt=alt)


def say_progress(stages: Sequence[StageMark], language: str) -> str:
    """Say the same in words."""
    comma, colon = ("，", "：") if language == "zh" else (", ", ": ")
    return comma.join(f"{one.title.in_(language)}{colon}{_SAID[one.status].in_(language)}" for one in stages)


def _box(x: float, width: float, stage: StageMark, language: str) -> str:
    now = stage.status in (StageStatus.OPEN, StageStatus.READY)
    edge = BLUE if now or stage.status is StageStatus.CLOSED else PALE
    fill, ink = (BLUE, "#fff") if now else ("#fff", DARK if edge == BLUE else PALE)
    dashes = {"stroke_dasharray": "4 3"} if edge == PALE else {}
    box = element("rect", x=x + 1, y=1, width=width - 2, height=HEIGHT - 2, rx=6, fill=fill, stroke=edge, **dashes)
    title, size = _fitted(stage.title.in_(language), width - 12)
    under = f"{_SHAPES.get(stage.status, '')} {_SAID[stage.status].in_(language)}".strip()
    said, small = _fitted(under, width - 8, SIZES[1:])
    middle = {"text_anchor": "middle", "fill": ink}
    return "".join(
        (
            box,
            label(x + width / 2, 27, title, font_size=size, **middle),
            label(x + width / 2, 48, said, font_size=small, **middle),
        )
    )


def _fitted(words: str, room: float, sizes: Sequence[int] = SIZES) -> tuple[str, int]:
    """Choose the size of words, and cut them where the smallest is too large."""
    for size in sizes:
        if _length(words) * size <= room:
            return words, size
    while words and _length(words + "…") * sizes[-1] > room:
        words = words[:-1]
    return f"{words.rstrip()}…", sizes[-1]


def _length(words: str) -> float:
    """Guess the length of words in ems: a hanzi is one, a Latin letter a little more than half of it."""
    return sum(0.58 if letter.isascii() else 1.0 for letter in words)
