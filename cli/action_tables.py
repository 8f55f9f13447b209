"""Scoreboards of special actions for a terminal and for JSON."""

from collections.abc import Sequence

from rich.table import Table

from cli.door import Door
from cli.facts import plain
from cli.tables import table
from config.words import Text
from engine.words import STAND_WORDS
from models.scoreboard import Asked, Recent, Score, Scoreboard, Stand
from web.action_words import asked_words, evidence_words, icons_of, target_of


def board_facts(door: Door, board: Scoreboard) -> dict[str, object]:
    """Write a scoreboard for programs."""
    found = plain(board, door.rules.calendar.zone)
    assert isinstance(found, dict)
    return found | {"stand": board.stand.value}


def board_table(door: Door, boards: Sequence[Scoreboard]) -> Table | str:
    """One line a targeted indicator, the actions one after the other."""
    headings = (Text("Action", "专项行动"), Text("Cycle", "循环"), Text("Stage", "阶段"), Text("Indicator", "指标"),
                *_HEADINGS, Text("Who must decide", "须作决定者"))  # fmt: skip
    rows: list[list[str]] = []
    for board in boards:
        first = [board.action, board.code or "-", door.say(board.stage) if board.stage else "-"]
        who = ", ".join(dict.fromkeys(name for one in board.asked for name in one.who)) or "-"
        for n, score in enumerate(board.targeted):
            rows.append([*(first if n == 0 else ["", "", ""]), *_cells(door, score), who if n == 0 else ""])
    return table(door, headings, rows)


def score_table(door: Door, board: Scoreboard) -> Table | str:
    """One line an indicator, with how sure its target is."""
    headings = (Text("Indicator", "指标"), *_HEADINGS, Text("By", "期限"), Text("Evidence", "依据"))
    rows = (
        [
            *_cells(door, score),
            score.by.isoformat() if score.by else "",
            door.say(evidence_words(score.evidence)) if score.evidence else "",
        ]
        for score in board.scores
    )
    return table(door, headings, rows)


def department_table(door: Door, board: Scoreboard) -> Table | str:
    """One line a department and indicator that has something to say."""
    headings = (Text("Indicator", "指标"), Text("Department", "科室"), Text("Value", "数值"), Text("Stands", "进展"),
                Text("Cycle", "循环"))  # fmt: skip
    rows = (
        [door.say(score.title), door.say(one.name), _value(one.recent), door.say(STAND_WORDS[one.stand]), one.code]
        for score in board.scores
        for one in score.departments
        if score.target is not None or one.recent is not None
    )
    return table(door, headings, rows)


def head_of(door: Door, board: Scoreboard) -> str:
    """Say what it is and where it is."""
    stage = door.say(board.stage) if board.stage else ""
    frame = f"{board.code} {stage}".strip() or door.say(Text("not launched", "尚未启动"))
    until = Text(f"until {board.until_on}", f"截至 {board.until_on}") if board.until_on else Text("", "")
    return f"{door.say(board.title)} · {frame} · {door.say(until)} · {door.say(STAND_WORDS[board.stand])}"


def asked_lines(door: Door, board: Scoreboard) -> list[str]:
    """Say who must decide what."""
    return [_line(door, one) for one in board.asked]


def _line(door: Door, one: Asked) -> str:
    who = ", ".join(one.who) or door.say(Text("nobody was reached", "无人可通知"))
    return f"{who}: {door.say(asked_words(one))} · {door.say(one.about)} {one.code}".rstrip()


_HEADINGS = (Text("Value", "数值"), Text("Target", "目标"), Text("Icons", "图标"), Text("Stands", "进展"),
             Text("Met", "达标"), Text("Short", "未达标"), Text("No data", "无数据"))  # fmt: skip


def _cells(door: Door, score: Score) -> list[str]:
    return [
        door.say(score.title),
        _value(score.recent),
        door.say(target_of(score)),
        " ".join(mark[1] for mark in icons_of(score)),
        door.say(STAND_WORDS[score.stand]),
        *(str(score.n(stand)) for stand in (Stand.MET, Stand.SHORT, Stand.NO_DATA)),
    ]


def _value(found: Recent | None) -> str:
    return f"{found.value:.4g}" if found else "-"
