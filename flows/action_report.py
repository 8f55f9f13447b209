"""What a run says of a special action: the name of its end, what it opened, and a page for Prefect's own window."""

from config.words import Text
from engine.special_actions import Opened
from engine.words import STAND_WORDS
from models.scoreboard import Score, Scoreboard, Stand

_HEAD = (
    "| Indicator | Value | Target | Stands | Met | Short | No data |\n|---|---|---|---|---|---|---|",
    "| 指标 | 数值 | 目标 | 进展 | 达标科室 | 未达标 | 无数据 |\n|---|---|---|---|---|---|---|",
)


def end_of_run(board: Scoreboard) -> str:
    """Name the state in which a run ends: `Awaiting improve` while that stage is at work."""
    return "Closed" if board.is_over or board.stage is None else f"Awaiting {board.stage.en.lower()}"


def said(opened: Opened, language: str) -> str:
    """Say in one line what a run brought."""
    n, asked = len(opened.cycles), len(opened.requests)
    return Text(f"opened {n}, asked for data {asked}", f"启动循环 {n}，催补数据 {asked}").in_(language)


def markdown(board: Scoreboard, *, page: str, language: str) -> str:
    """Write a scoreboard as Markdown, with the way to our own page."""
    title = board.title.in_(language)
    rows = [_row(score, language) for score in board.targeted]
    waits = [f"- {', '.join(one.who)}: {_cell(one.about.in_(language))} {one.code}" for one in board.asked]
    heading = Text("Who must decide", "须作决定者").in_(language)
    head = f"# [{title}]({page}) {board.code}" if page else f"# {title} {board.code}"
    return "\n".join(
        [head, "", Text(*_HEAD).in_(language), *rows, "", *([f"**{heading}**", "", *waits] if waits else [])]
    )


def _row(score: Score, language: str) -> str:
    value = f"{score.recent.value:.4g}" if score.recent else "-"
    cells = (
        score.title.in_(language),
        value,
        f"{score.op} {score.target:g} {score.shown_in.in_(language)}",
        STAND_WORDS[score.stand].in_(language),
        *(str(score.n(stand)) for stand in (Stand.MET, Stand.SHORT, Stand.NO_DATA)),
    )
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
