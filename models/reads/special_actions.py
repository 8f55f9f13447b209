"""Named reads of special actions: their runs, what was kept of them, and what their cycles wait for."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.assessment import Aim, Assessment, AssessmentStatus, OriginKind
from models.cycle import Cycle, CycleStatus, Stage, StageStatus
from models.reads.decisions import views
from models.reads.origins import cycles_from
from models.reads.views import DecisionView
from models.special_action import ActionRun, RollUp
from models.task import Decision

AT_WORK = (CycleStatus.PLANNED, CycleStatus.ACTIVE, CycleStatus.PAUSED)
OVER = (StageStatus.CLOSED, StageStatus.CANCELLED)


def latest_run(session: Session, action: str, unit_id: int) -> ActionRun | None:
    """Find the newest run of an action in a unit."""
    found = select(ActionRun).where(ActionRun.action == action, ActionRun.unit_id == unit_id)
    return session.exec(found.order_by(col(ActionRun.number).desc()).limit(1)).one_or_none()


def open_actions(session: Session) -> tuple[str, ...]:
    """List the actions of which a run is at work somewhere."""
    found = select(ActionRun.action).join(Cycle, col(Cycle.id) == col(ActionRun.cycle_id))
    return tuple(session.exec(found.where(col(Cycle.status).in_(AT_WORK)).distinct()))


def latest_roll_up(session: Session, cycle_id: int) -> RollUp | None:
    """Find what was kept last of the run whose frame a cycle is."""
    found = select(RollUp).where(RollUp.cycle_id == cycle_id).order_by(col(RollUp.id).desc())
    return session.exec(found.limit(1)).one_or_none()


def list_roll_ups(session: Session, run_id: int) -> list[RollUp]:
    """Read everything that was kept of a run, newest first."""
    return list(session.exec(select(RollUp).where(RollUp.run_id == run_id).order_by(col(RollUp.id).desc())))


def aimed_at(session: Session, indicators: Collection[str]) -> dict[tuple[str, int], Cycle]:
    """Find for each indicator and unit the newest cycle at work that aims at it, whoever launched it."""
    found = (
        sa.select(col(Aim.indicator), col(Aim.unit_id), Cycle)
        .join(Cycle, col(Cycle.id) == col(Aim.cycle_id))
        .where(col(Aim.indicator).in_(indicators), col(Cycle.status).in_(AT_WORK))
        .order_by(col(Cycle.id))
    )
    return {(indicator, unit_id): cycle for indicator, unit_id, cycle in session.execute(found).tuples()}


def begun_by(session: Session, run: ActionRun) -> dict[str, Cycle]:
    """Read the cycles that a run has launched, by the part of it that each is for."""
    start = f"{OriginKind.ACTION.value}:{run.id}:"
    return {
        (cycle.launch_key or "").removeprefix(start): cycle for cycle in cycles_from(session, OriginKind.ACTION, run.id)
    }


def open_decisions_of(session: Session, cycle_ids: Collection[int]) -> tuple[DecisionView, ...]:
    """Read the decisions of some cycles that nobody has taken yet, escalations too, the longest asked first."""
    waiting = select(Decision).where(col(Decision.cycle_id).in_(cycle_ids), col(Decision.ended_at).is_(None))
    return views(session, session.exec(waiting.order_by(col(Decision.asked_at), col(Decision.id))).all())


def stage_at_work(session: Session, cycle_id: int) -> Stage | None:
    """Find the first stage of a cycle that has not ended."""
    found = select(Stage).where(Stage.cycle_id == cycle_id, col(Stage.status).not_in(OVER))
    return session.exec(found.order_by(col(Stage.position)).limit(1)).one_or_none()


def loose_frame(session: Session, template: str, unit_id: int) -> Cycle | None:
    """Find a cycle at work of an action's template that was launched by itself, without a run."""
    run = sa.select(col(ActionRun.cycle_id))
    found = select(Cycle).where(
        col(Cycle.template) == template,
        col(Cycle.unit_id) == unit_id,
        col(Cycle.status).in_(AT_WORK),
        col(Cycle.id).not_in(run),
    )
    return session.exec(found.order_by(col(Cycle.id)).limit(1)).one_or_none()


def latest_verdicts(session: Session, indicators: Collection[str]) -> dict[tuple[str, int], str]:
    """Read the verdict of the newest assessment of each indicator and unit that belongs to no cycle."""
    found = (
        sa.select(col(Assessment.indicator), col(Assessment.unit_id), col(Assessment.verdict))
        .where(
            col(Assessment.indicator).in_(indicators),
            col(Assessment.status) == AssessmentStatus.DONE,
            col(Assessment.cycle_id).is_(None),
        )
        .order_by(col(Assessment.as_of), col(Assessment.id))
    )
    return {(indicator, unit_id): verdict or "" for indicator, unit_id, verdict in session.execute(found).tuples()}


def requests_of(session: Session, run_id: int) -> list[Cycle]:
    """Read the data requests of a run, oldest first."""
    start = f"{OriginKind.ACTION.value}:{run_id}:data:"
    found = select(Cycle).where(col(Cycle.launch_key).startswith(start, autoescape=True))
    return list(session.exec(found.order_by(col(Cycle.id))))
