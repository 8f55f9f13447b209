"""What a stage must show before it may close: the one place where a gate's proof is asked for."""

from models.cycle import Stage
from models.errors import NoteMissing, Refused


def refusal(stage: Stage, note: str) -> Refused | None:
    """Find what keeps a finished stage from closing; None when nothing does.

    Every gate asks for a note of whoever lets the stage pass. What plan, check and act must prove beyond that by
    their indicators is added here.
    """
    return NoteMissing() if stage.gate and not note.strip() else None
