"""What a cycle's page says of its aim: sealed baseline, prediction, verdict with its picture, and what is missing."""

from dataclasses import dataclass
from datetime import date

from markupsafe import Markup
from sqlmodel import Session

from config.indicators import Indicator
from config.words import Text
from engine.aims import baseline_series, n_planned
from engine.fidelity import Fidelity, read_fidelity
from engine.gates import Approval, Piece, find_missing, read_proof
from engine.people import directory
from engine.power import find_power
from engine.rules import Rules
from models.assessment import Aim, CheckDecision, CycleEnding, Seal, Signature, Watch
from models.cycle import Cycle, CycleStatus, Stage
from models.pictures import draw_record
from models.queries import CycleView, get_cycle
from models.reads.assessments import (
    check_decisions,
    find_aim,
    find_ending,
    find_gate,
    find_seal,
    find_signature,
    find_watch,
    following_cycles,
    latest_assessment,
    open_proposal,
    previous_cycle,
)
from models.reads.schedules import alert_of_cycle
from models.records import Record, record_from
from models.schedule import Alert

OPEN = ("open", "ready")


@dataclass(frozen=True)
class AimBlock:
    """Everything about a cycle's aim; `picture` is SVG. missing: of its gate; alert: the signal that launched it."""

    aim: Aim | None
    indicator: Indicator | None
    power: Text | None
    seal: Seal | None
    record: Record | None
    picture: Markup
    signature: Signature | None
    missing: tuple[Piece, ...]
    decisions: tuple[CheckDecision, ...]
    ending: CycleEnding | None
    watch: Watch | None
    previous: Cycle | None
    following: tuple[Cycle, ...]
    proposed: bool
    alert: Alert | None
    fidelity: Fidelity


def read_aim_block(session: Session, view: CycleView, *, rules: Rules, language: str, on: date) -> AimBlock | None:
    """Read the block; None for a cycle without a Plan."""
    cycle = get_cycle(session, view.line.code)
    cycle_id = cycle.id
    if find_gate(session, cycle_id, "plan") is None:
        return None
    aim, made = find_aim(session, cycle_id), latest_assessment(session, cycle_id)
    indicator = rules.catalogue.indicators.get(aim.indicator) if aim else None
    record = record_from(made.record) if made else None
    seal = find_seal(session, cycle_id)
    return AimBlock(
        aim=aim,
        indicator=indicator,
        power=_power(session, aim, indicator, on) if seal is None else None,
        seal=seal,
        record=record,
        picture=_picture(record, view, language),
        signature=find_signature(session, made.id) if made else None,
        missing=_missing(session, cycle, view, rules, on),
        decisions=tuple(check_decisions(session, cycle_id)),
        ending=find_ending(session, cycle_id),
        watch=find_watch(session, cycle_id),
        previous=previous_cycle(session, cycle_id),
        following=tuple(following_cycles(session, cycle_id)),
        proposed=open_proposal(session, cycle_id) is not None,
        alert=alert_of_cycle(session, cycle_id),
        fidelity=read_fidelity(session, cycle, directory(session)),
    )


def _power(session: Session, aim: Aim | None, indicator: Indicator | None, on: date) -> Text | None:
    if aim is None or indicator is None:
        return None
    series = baseline_series(session, aim, indicator)
    found = find_power(series, indicator, n_after=n_planned(aim, indicator, on), target=aim.target)
    return found.said if found else None


def _picture(record: Record | None, view: CycleView, language: str) -> Markup:
    if record is None:
        return Markup("")
    marks = [(stage.opened_at.date(), stage.title) for stage in view.stages if stage.opened_at]
    # Every text in it was escaped when it was drawn.
    return Markup(draw_record(record, language, name="_verdict", notes=marks))  # noqa: S704


def _missing(session: Session, cycle: Cycle, view: CycleView, rules: Rules, on: date) -> tuple[Piece, ...]:
    """Find what the stage at work misses besides its tasks and a note."""
    here = next((stage for stage in view.stages if stage.status.value in OPEN), None)
    if here is None or here.gate is None or cycle.status is not CycleStatus.ACTIVE:
        return ()
    proof = read_proof(session, cycle, rules=rules, on=on)
    return find_missing(session.get_one(Stage, here.id), proof, Approval(note="-"))
