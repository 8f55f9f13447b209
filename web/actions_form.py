"""The form that launches special actions: what was typed, and doing it."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session
from starlette.datastructures import FormData

from engine.rules import Rules
from engine.special_actions import GivenAction, launch_action
from models.errors import Refused
from web.forms import text_of


class NothingChosen(Refused):
    """Choose at least one special action. Nothing was changed."""

    zh = "请至少选择一项专项行动。没有任何改动。"


class DateWrong(Refused):
    """This is no date: write it as 2026-12-31. Nothing was changed."""

    zh = "日期无法识别，请写作 2026-12-31。没有任何改动。"


@dataclass(frozen=True)
class Typed:
    """What the form brought."""

    actions: tuple[str, ...]
    lead: str
    until: str
    allow_unstaffed: bool


def typed_in(given: FormData) -> Typed:
    """Read the form."""
    chosen = tuple(dict.fromkeys(one for one in given.getlist("action") if isinstance(one, str)))
    lead, until = (text_of(given, name).strip() for name in ("lead", "until"))
    return Typed(chosen[:50], lead, until, allow_unstaffed=text_of(given, "allow_unstaffed") == "yes")


def launch_typed(session: Session, typed: Typed, *, rules: Rules, by: int | None, now: datetime) -> None:
    """Launch all that was chosen, or nothing. Raises what a launch raises, NothingChosen, DateWrong."""
    if not typed.actions:
        raise NothingChosen
    try:
        until = date.fromisoformat(typed.until) if typed.until else None
    except ValueError:
        raise DateWrong from None
    for slug in typed.actions:
        given = GivenAction(action=slug, lead=typed.lead or None, until=until, allow_unstaffed=typed.allow_unstaffed)
        launch_action(session, given, rules=rules, by=by, now=now)
