"""How pages and commands show special actions: look, shape and words of where they stand, and what is asked."""

from config.programme import Op
from config.programme_parts import Standing
from config.words import Text
from engine.programme_words import MARKS, OPS, STANDINGS
from engine.scoreboards import LAUNCH, NOBODY
from engine.words import DECISION_WORDS, STAND_WORDS
from models.scoreboard import Asked, Score, Stand
from models.task import DecisionKind
from web.indicator_words import Mark, assurance_mark, variation_mark

_LOOKS = {
    Stand.MET: ("s-done", "✓"),
    Stand.SHORT: ("s-overdue", "▼"),
    Stand.NO_DATA: ("s-deciding", "?"),
    Stand.INCOMPLETE: ("s-deciding", "◐"),
    Stand.NO_TARGET: ("s-stopped", "–"),
}
_ASKED = {
    NOBODY: Text("no cycle works on it", "没有循环在改进"),
    LAUNCH: Text("launch the action", "启动行动"),
}


def stand_mark(stand: Stand) -> Mark:
    """Show where a value stands against its target."""
    return (*_LOOKS[stand], STAND_WORDS[stand])


def icons_of(score: Score) -> tuple[Mark, ...]:
    """Show what the newest point says and whether the target can be met; none without data."""
    held = assurance_mark(score.assurance)
    return ((variation_mark(score.variation),) if score.variation else ()) + ((held,) if held else ())


def evidence_words(status: str) -> Text:
    """Say how sure a statement of the programme is; its mark before the word."""
    standing = Standing(status)
    words, mark = STANDINGS[standing], MARKS[standing]
    return Text(f"{mark} {words.en}", f"{mark} {words.zh}")


def target_of(score: Score) -> Text:
    """Write the target of an indicator."""
    if score.target is None:
        return STAND_WORDS[Stand.NO_TARGET]
    sign = f"{OPS[Op(score.op)]} {score.target:g}"
    return Text(f"{sign} {score.shown_in.en}", f"{sign} {score.shown_in.zh}")


def asked_words(one: Asked) -> Text:
    """Say what somebody is asked to decide."""
    return _ASKED.get(one.kind) or DECISION_WORDS[DecisionKind(one.kind)]
