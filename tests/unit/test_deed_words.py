"""Every deed that the code may write into the audit trail has words for a ward, in both languages."""

import ast
import re
from pathlib import Path

from models.notification import NotificationKind
from models.reads.channels import TEST
from models.transitions import ARROWS
from web.words import DEED_WORDS, WHY_WORDS, deed

ROOT = Path(__file__).parents[2]
FLOORS = ("engine", "models", "notifications", "web", "flows", "cli")
HAN = re.compile(r"[\u4e00-\u9fff]")
_DEED = re.compile(r"[a-z_]+\.[a-z_]+")
IMPORTED = ("unit", "person", "role", "absence")  # of the hospital's workbook
BY_THE_LADDER = (NotificationKind.REMINDER, NotificationKind.ESCALATION, NotificationKind.STAGNANT)


def written() -> set[str]:
    """Find the deeds that stand in calls of `record`, wherever they stand."""
    found = set()
    for path in (path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in ("record", "_changed"):
                found |= {
                    one.value
                    for argument in node.args
                    for one in ast.walk(argument)
                    if isinstance(one, ast.Constant) and isinstance(one.value, str) and _DEED.fullmatch(one.value)
                }
    return found


def moved() -> set[str]:
    """Name the deeds of all arrows from one status to another."""
    return {f"{noun.__name__.lower()}.{arrow.verb}" for noun, arrows in ARROWS.items() for arrow in arrows}


def _name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def reasons() -> set[str]:
    """Find the reasons that the code gives in its own words: `why=`, a column `why`, a variable of that name."""
    found = set()
    for path in (path for floor in ("engine", "notifications") for path in (ROOT / floor).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {name: value for node in tree.body if isinstance(node, ast.Assign) for name, value in _assigned(node)}
        for node in ast.walk(tree):
            found |= {text for given in _whys(node) for text in _texts(given, named)}
    return found - {""}


def _whys(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.keyword):
        return [node.value] if node.arg == "why" else []
    if isinstance(node, ast.Dict):
        return [one for key, one in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and key.value == "why"]  # fmt: skip
    return [value for name, value in _assigned(node) if name == "why"] if isinstance(node, ast.Assign) else []


def _assigned(node: ast.Assign) -> list[tuple[str, ast.expr]]:
    return [(target.id, node.value) for target in node.targets if isinstance(target, ast.Name)]


def _texts(given: ast.expr, named: dict[str, ast.expr]) -> set[str]:
    if isinstance(given, ast.IfExp):
        return _texts(given.body, named) | _texts(given.orelse, named)
    if isinstance(given, ast.Name):
        given = named.get(given.id, given)
    return {given.value} if isinstance(given, ast.Constant) and isinstance(given.value, str) else set()


def test_every_reason_that_the_code_gives_has_words_in_both_languages() -> None:
    given = reasons()
    assert len(given) > 15 and {"answered", "handed over", "official calendar"} <= given
    assert sorted(given - set(WHY_WORDS)) == []
    assert [why for why in given if not HAN.search(WHY_WORDS[why].zh) or HAN.search(WHY_WORDS[why].en)] == []


def test_every_deed_has_words_in_both_languages() -> None:
    deeds = written() | moved() | {f"task.{kind.value}" for kind in BY_THE_LADDER} | {TEST}
    deeds |= {f"{noun}.import" for noun in IMPORTED}
    assert len(deeds) > 80 and {"cycle.aim", "code.ask", "account.invite", "cycle.lead", "task.open"} <= deeds
    assert sorted(deeds - set(DEED_WORDS)) == []
    for what in deeds:
        said = deed(what)
        assert HAN.search(said.zh) and not HAN.search(said.en) and "." not in said.en, what
