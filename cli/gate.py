"""What a cycle's gate still misses, for people, for programs, and as the next command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.next_step import after_cycle

if TYPE_CHECKING:
    from sqlmodel import Session

    from cli.door import Door
    from engine.gates import Piece
    from models.queries import CycleView


def lacking(door: Door, session: Session, view: CycleView) -> tuple[Piece, ...]:
    """Find what keeps the stage at work from closing, besides its tasks and a note; nothing where no gate asks."""
    from engine.gates import Approval, find_missing, read_proof
    from models.cycle import CycleStatus, Stage, StageStatus
    from models.queries import get_cycle

    here = next((one for one in view.stages if one.status in (StageStatus.OPEN, StageStatus.READY)), None)
    if here is None or here.gate is None or view.line.status is not CycleStatus.ACTIVE:
        return ()
    stage = session.get_one(Stage, here.id)
    today = door.rules.calendar.local_date(door.now)
    proof = read_proof(session, get_cycle(session, view.line.code), rules=door.rules, on=today)
    return find_missing(stage, proof, Approval(note="-"))


def following(view: CycleView, pieces: tuple[Piece, ...]) -> list[str]:
    """Mend what a finished stage misses, else do what the cycle asks for."""
    from models.cycle import StageStatus

    if pieces and any(stage.status is StageStatus.READY for stage in view.stages):
        by, first = view.line.lead.slug, pieces[0]
        return [f"{command} --by {by}" for command in (first.command, first.other) if command]
    return after_cycle(view)


def lacking_lines(door: Door, pieces: tuple[Piece, ...]) -> list[str]:
    """Say what is missing, one line each."""
    from config.words import Text

    if not pieces:
        return []
    heading = Text("Before this stage can close, it needs:", "本阶段结束前还需要：")
    return [door.say(heading), *(f"  - {piece.in_(door.language)}" for piece in pieces), ""]
