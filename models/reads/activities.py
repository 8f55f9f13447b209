"""Named reads of planned activities."""

from sqlmodel import Session, col, select

from models.activity import ActivitySchedule


def list_activity_schedules(session: Session, *, stopped: bool = False) -> list[ActivitySchedule]:
    """List the activities by plan, oldest first; stopped ones too where wanted."""
    found = select(ActivitySchedule).order_by(col(ActivitySchedule.id))
    return list(session.exec(found if stopped else found.where(col(ActivitySchedule.stopped_at).is_(None))))
