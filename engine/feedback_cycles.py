"""An improvement cycle that begins from what a patient said."""

from datetime import datetime

from sqlmodel import Session

from engine.deed import Deed
from engine.feedback import get_feedback, require_office
from engine.launch import Launch
from engine.origins import launch_from
from engine.rules import Rules
from models.assessment import OriginKind
from models.cycle import Cycle


def improve_from(session: Session, feedback_id: int, launch: Launch, *, rules: Rules, by: int, now: datetime) -> Cycle:
    """Launch a cycle because of feedback; the same template in the same unit a second time finds the first.

    Raises NoSuchFeedback, NotAllowed, and what a launch raises; then nothing has changed.
    """
    require_office(Deed(session, rules, by, now))
    one = get_feedback(session, feedback_id)
    part = f"cycle:{launch.template}:{launch.unit}"
    return launch_from(session, OriginKind.FEEDBACK, one.id, launch, rules=rules, by=by, now=now, part=part)
