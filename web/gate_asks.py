"""What a stage asks for before it passes, as the card of its approval shows it: each with a place on the pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from config.words import Text
from engine.gates import Approval, GateShut, Piece, Proof, doubts_of, find_missing, read_proof
from engine.people import Directory
from engine.rules import Rules
from engine.waiting import Waits
from models.assessment import CheckChoice, Ending
from models.reads.assessments import check_decisions

EXTEND_CHECK, ABANDON_CHECK = "extend-check", "abandon-check"
ON_THE_CARD = ("note", "outcome", "signature")
OF_THE_AIM = ("aim", "indicator", "target", "date", "prediction", "baseline")
CANNOT_CLOSE = Text("This stage cannot close yet. Missing:", "本阶段尚不能结束，缺少：")


@dataclass(frozen=True)
class Outcome:
    """What may come of a cycle, with what it brings."""

    value: str
    words: Text
    effect: Text


OUTCOMES = (
    Outcome(
        Ending.ADOPT.value,
        Text("Adopt", "固化"),
        Text(
            "The change becomes the routine. The indicator is watched for a year; a signal of concern proposes a new "
            "cycle.",
            "改进措施纳入常规。该指标持续观察一年，如出现预警信号则建议启动新的循环。",
        ),
    ),
    Outcome(
        Ending.ADAPT.value,
        Text("Adapt", "调整"),
        Text(
            "The next cycle opens at once, with this aim filled in, to try the change in another form.",
            "随即启动下一循环并带入本循环的目标，以调整后的措施再试。",
        ),
    ),
    Outcome(
        Ending.ABANDON.value,
        Text("Abandon", "放弃"),
        Text("The change is given up. Nothing follows.", "放弃该改进措施，不再启动后续循环。"),
    ),
    Outcome(
        Ending.CONTINUE.value,
        Text("Continue", "继续"),
        Text(
            "The next cycle opens at once, with this aim filled in, to go on with the same change.",
            "随即启动下一循环并带入本循环的目标，继续同一措施。",
        ),
    ),
)


@dataclass(frozen=True)
class Lack:
    """Something that is missing, and the page where it is mended."""

    words: Text
    address: str


@dataclass(frozen=True)
class GateAsks:
    """What the form of an approval asks for besides its note.

    lacks: what no form here can give; the stage cannot pass before. doubts: a signature says that they were weighed.
    may_extend, may_abandon: the Check, by whoever reads this. extended: until when the lead keeps it open.
    """

    lacks: tuple[Lack, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    doubts: tuple[Text, ...] = ()
    may_extend: bool = False
    may_abandon: bool = False
    extended: date | None = None


def read_gate_asks(
    session: Session, waits: Waits, person_id: int, *, rules: Rules, people: Directory, on: date
) -> GateAsks:
    """Read what the stage of an approval asks for."""
    proof = read_proof(session, waits.cycle, rules=rules, on=on)
    pieces = find_missing(waits.stage, proof, Approval(note="-"))
    names, lead = {piece.name for piece in pieces}, waits.cycle.lead_id
    is_lead = person_id in (lead, people.told(lead, on))
    return GateAsks(
        lacks=lacks_of([piece for piece in pieces if piece.name not in ON_THE_CARD], waits.cycle.code),
        outcomes=_outcomes(proof) if "outcome" in names else (),
        doubts=doubts_of(proof.assessed) if proof.assessed and "signature" in names else (),
        may_extend=is_lead and "points" in names,
        may_abandon=is_lead and not names.isdisjoint({"points", "seal"}),
        extended=_extended(session, waits) if "points" in names else None,
    )


def lacks_of(pieces: Sequence[Piece], code: str) -> tuple[Lack, ...]:
    """Say where on the pages each missing piece is mended; '' on the very form that was sent."""
    return tuple(Lack(piece.words, address_of(piece, code)) for piece in pieces)


def address_of(piece: Piece, code: str) -> str:
    """Find the page that mends a missing piece; '' for what stands on the card itself."""
    if piece.name in ON_THE_CARD:
        return ""
    if piece.page:
        return piece.page
    return f"/cycles/{code}/aim" if piece.name in OF_THE_AIM else f"/cycles/{code}#{piece.anchor}"


def lacks_of_refusal(error: GateShut) -> tuple[Lack, ...]:
    """List what a refusal named; its own text names commands."""
    return lacks_of(error.pieces, str(error.facts["code"]))


def _outcomes(proof: Proof) -> tuple[Outcome, ...]:
    """Leave out what the gate would refuse: nothing is adopted without a verdict."""
    judged = proof.assessed is not None and not proof.too_little
    return tuple(one for one in OUTCOMES if judged or one.value != Ending.ADOPT.value)


def _extended(session: Session, waits: Waits) -> date | None:
    taken = check_decisions(session, waits.cycle.id)
    return max((one.until_on for one in taken if one.choice is CheckChoice.EXTEND and one.until_on), default=None)
