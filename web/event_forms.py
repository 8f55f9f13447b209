"""What the forms on the page of an event do: each runs one verb, and says where it leads or what it found."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlmodel import Session

from config.events import Severity
from config.words import Text
from engine.event_closing import close_event, open_cycle, read_reporter, report_statutory
from engine.events import GivenTriage, reclassify_event, triage_event
from engine.rules import Rules
from models.errors import Refused

FIELDS = ("do", "severity", "kind", "unit", "lead", "why", "note", "answer", "template", "title_en", "title_zh")


class ClassMissing(Refused):
    """Choose a class."""

    zh = "请选择级别。"


Parts = Mapping[str, str]


def _triage(session: Session, number: int, parts: Parts, rules: Rules, by: int, now: datetime) -> str:
    given = GivenTriage(
        severity=_severity(parts), kind=parts["kind"] or None, unit=parts["unit"] or None, lead=parts["lead"] or None
    )
    triage_event(session, number, given, rules=rules, by=by, now=now)
    return ""


def _reclassify(session: Session, number: int, parts: Parts, rules: Rules, by: int, now: datetime) -> str:
    reclassify_event(session, number, _severity(parts), why=parts["why"], rules=rules, by=by, now=now)
    return ""


def _statutory(session: Session, number: int, parts: Parts, rules: Rules, by: int, now: datetime) -> str:
    report_statutory(session, number, note=parts["note"], rules=rules, by=by, now=now)
    return ""


def _close(session: Session, number: int, parts: Parts, rules: Rules, by: int, now: datetime) -> str:
    close_event(session, number, parts["answer"], rules=rules, by=by, now=now, set_aside=parts["do"] == "set-aside")
    return ""


def _cycle(session: Session, number: int, parts: Parts, rules: Rules, by: int, now: datetime) -> str:
    title = Text(parts["title_en"], parts["title_zh"] or parts["title_en"]) if parts["title_en"] else None
    cycle = open_cycle(
        session, number, template=parts["template"] or "pdca", lead=parts["lead"] or None, title=title, rules=rules,
        by=by, now=now,
    )  # fmt: skip
    return f"/cycles/{cycle.code}"


def _reporter(session: Session, number: int, parts: Parts, rules: Rules, by: int, now: datetime) -> str:
    return read_reporter(session, number, rules=rules, by=by, now=now) or ""


VERBS: dict[str, Callable[[Session, int, Parts, Rules, int, datetime], str]] = {
    "triage": _triage,
    "reclassify": _reclassify,
    "statutory": _statutory,
    "close": _close,
    "set-aside": _close,
    "cycle": _cycle,
    "reporter": _reporter,
}


def _severity(parts: Parts) -> Severity:
    if parts["severity"] not in [one.value for one in Severity]:
        raise ClassMissing
    return Severity(parts["severity"])
