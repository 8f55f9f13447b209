"""What somebody typed into the form of a decision, and deciding by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from config.numbers import row_number
from engine.checks import abandon_check, extend_check
from engine.decisions import GivenDecision, QuestionGone, Verdict, decide
from engine.people import directory
from engine.rules import Rules
from engine.stages import approve_stage
from models.assessment import Ending
from models.errors import DateMissing, NotFound, Refused
from models.task import Decision, DecisionKind
from web.cards import APPROVE
from web.gate_asks import ABANDON_CHECK, EXTEND_CHECK
from web.typed import MOST_NOTE, NobodyThere, NoteTooLong


class NoVerdict(Refused):
    """Choose one of the decisions first. Nothing was changed."""

    zh = "请先选择一种决定。没有任何改动。"


FIELDS = ("about", "choice", "note", "until", "to", "outcome", "signed")
OF_A_STAGE = (APPROVE, EXTEND_CHECK, ABANDON_CHECK)


@dataclass(frozen=True)
class TypedVerdict:
    """What somebody put into the form; about: the number of the decision. outcome, signed: of a stage."""

    about: str = ""
    choice: str = ""
    note: str = ""
    until: str = ""
    to: str = ""
    outcome: str = ""
    signed: str = ""

    @staticmethod
    def of(parts: Mapping[str, str]) -> "TypedVerdict":
        """Read the fields of a form."""
        return TypedVerdict(*(parts.get(name, "").strip() for name in FIELDS))

    @property
    def number(self) -> int:
        """Give the number of the decision; 0 when it is none."""
        return row_number(self.about)


def take_verdict(session: Session, typed: TypedVerdict, *, rules: Rules, by: int, now: datetime) -> None:
    """Decide what the form is about, in the caller's transaction.

    Raises what the verbs raise, and NoVerdict, QuestionGone, NoteTooLong, NobodyThere.
    """
    decision = session.get(Decision, typed.number)
    if decision is None:
        raise QuestionGone
    if len(typed.note) > MOST_NOTE:
        raise NoteTooLong(n=len(typed.note), most=MOST_NOTE)
    if decision.kind is DecisionKind.APPROVAL:
        _let_pass(session, decision, typed, rules=rules, by=by, now=now)
        return
    if typed.choice not in {verdict.value for verdict in Verdict}:
        raise NoVerdict
    decide(session, decision.task_id or 0, _given(session, typed), rules=rules, by=by, now=now)


def _let_pass(
    session: Session, decision: Decision, typed: TypedVerdict, *, rules: Rules, by: int, now: datetime
) -> None:
    """Approve a stage, or settle what becomes of a Check that has too little data."""
    if typed.choice not in OF_A_STAGE:
        raise NoVerdict
    if decision.ended_at is not None:
        raise QuestionGone
    if typed.choice == EXTEND_CHECK:
        until = _date(typed.until)
        extend_check(session, decision.cycle_id, until=until, why=typed.note, rules=rules, by=by, now=now)
    elif typed.choice == ABANDON_CHECK:
        abandon_check(session, decision.cycle_id, why=typed.note, rules=rules, by=by, now=now)
    else:
        ending = Ending(typed.outcome) if typed.outcome in set(Ending) else None
        approve_stage(
            session,
            decision.stage_id,
            note=typed.note,
            rules=rules,
            by=by,
            now=now,
            ending=ending,
            signed=typed.signed == "yes",
        )


def _given(session: Session, typed: TypedVerdict) -> GivenDecision:
    kind = Verdict(typed.choice)
    dated = kind in (Verdict.GRANT, Verdict.GIVE, Verdict.REMOVE)
    to = _person(session, typed.to) if kind is Verdict.GIVE else None
    until = _date(typed.until) if dated and typed.until else None
    return GivenDecision(kind=kind, note=typed.note, until=until, to=to, about=typed.number)


def _person(session: Session, written: str) -> str | None:
    """Find a colleague by id or by name, as long as nobody else has it. Raises NobodyThere."""
    if not written:
        return None
    people = directory(session)
    named = [one.slug for one in people.persons.values() if one.name == written]
    if len(named) == 1:
        return named[0]
    try:
        return people.person(written).slug
    except NotFound as error:  # its own words name a command
        raise NobodyThere(to=written) from error


def _date(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise DateMissing from None
