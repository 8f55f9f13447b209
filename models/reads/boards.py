"""What the pages of indicators show beside the values: where there are any, the cycles about them, the assessments."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from config.words import Text
from models.assessment import Aim, Assessment, AssessmentStatus
from models.cycle import Cycle, Stage
from models.indicator import Observation


def places_with_values(
    session: Session, indicators: Collection[str], unit_ids: Collection[int]
) -> frozenset[tuple[str, int]]:
    """Find in which of some units there are values of some indicators."""
    found = (
        sa.select(col(Observation.indicator), col(Observation.unit_id))
        .where(col(Observation.indicator).in_(indicators), col(Observation.unit_id).in_(unit_ids))
        .distinct()
    )
    return frozenset((indicator, unit_id) for indicator, unit_id in session.execute(found))


@dataclass(frozen=True)
class StageOpened:
    """A stage of a cycle that aims at an indicator; `note` is what was said when it closed."""

    code: str
    cycle_title: Text
    title: Text
    opened_at: datetime
    note: str


def stages_about(session: Session, indicator: str, unit_id: int) -> tuple[StageOpened, ...]:
    """List the stages that cycles about an indicator in a unit have opened, oldest first."""
    found = (
        sa.select(Cycle, Stage)
        .join(Aim, col(Aim.cycle_id) == col(Cycle.id))
        .join(Stage, col(Stage.cycle_id) == col(Cycle.id))
        .where(col(Aim.indicator) == indicator, col(Aim.unit_id) == unit_id, col(Stage.opened_at).is_not(None))
        .order_by(col(Stage.opened_at), col(Stage.id))
    )
    return tuple(
        StageOpened(
            cycle.code,
            Text(cycle.title_en, cycle.title_zh),
            Text(stage.title_en, stage.title_zh),
            stage.opened_at,
            stage.note,
        )
        for cycle, stage in session.execute(found).tuples()
        if stage.opened_at
    )


@dataclass(frozen=True)
class AssessmentLine:
    """One assessment in a list. `code` is empty for one that belongs to no cycle; `verdict` for one not made."""

    id: int
    status: AssessmentStatus
    code: str
    due_on: date | None
    as_of: datetime | None
    verdict: str
    confidence: str
    said: Text


def list_assessments(session: Session, indicator: str, unit_id: int, *, limit: int) -> tuple[AssessmentLine, ...]:
    """List the newest assessments of an indicator in a unit, those of cycles too."""
    found = (
        sa.select(Assessment, Cycle)
        .outerjoin(Cycle, col(Cycle.id) == col(Assessment.cycle_id))
        .where(col(Assessment.indicator) == indicator, col(Assessment.unit_id) == unit_id)
        .order_by(col(Assessment.id).desc())
        .limit(limit)
    )
    return tuple(
        AssessmentLine(
            id=made.id,
            status=made.status,
            code=cycle.code if cycle else "",
            due_on=made.due_on,
            as_of=made.as_of,
            verdict=made.verdict or "",
            confidence=made.confidence,
            said=Text(made.text_en, made.text_zh),
        )
        for made, cycle in session.execute(found).tuples()
    )
