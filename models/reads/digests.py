"""What went into a digest, as it stands now."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from config.words import Text
from models.cycle import Cycle
from models.links import AnswerLink
from models.notification import Notification, NotificationKind
from models.task import Decision, Task, TaskStatus


@dataclass(frozen=True)
class DigestLine:
    """One message of a digest. link_id: of the page on which its person answers or decides; waits: it is still due."""

    link_id: int | None
    kind: NotificationKind
    level: int
    code: str
    cycle: Text
    task: Text
    status: TaskStatus | None
    deadline_at: datetime | None
    waits: bool


def digest_lines(session: Session, digest_id: int) -> tuple[DigestLine, ...]:
    """Read the messages of a digest, the oldest first; of several that open one task's page the newest alone."""
    found: dict[tuple[object, ...], DigestLine] = {}
    for row in session.connection().execute(_LINES, {"digest": digest_id}):
        about = (row.task_id, row.decision_id, row.kind is NotificationKind.ESCALATION) if row.link_id else row.id
        found[(about,)] = _line(row)
    return tuple(found.values())


_LINES = (
    sa.select(
        col(Notification.id), col(AnswerLink.id).label("link_id"), Notification.kind, Notification.level,
        Notification.task_id, Notification.decision_id,
        Cycle.code, col(Cycle.title_en).label("cycle_en"), col(Cycle.title_zh).label("cycle_zh"),
        Task.title_en, Task.title_zh, Task.deadline_at, col(Task.status).label("status"), Decision.ended_at,
    )  # type: ignore[call-overload]
    .select_from(Notification)
    .outerjoin(AnswerLink, col(AnswerLink.notification_id) == Notification.id)
    .outerjoin(Task, col(Task.id) == Notification.task_id)
    .outerjoin(Cycle, col(Cycle.id) == Notification.cycle_id)
    .outerjoin(Decision, col(Decision.id) == Notification.decision_id)
    .where(col(Notification.digest_id) == sa.bindparam("digest"))
    .order_by(col(Notification.id))
)  # fmt: skip


def _line(row: sa.Row[tuple[object, ...]]) -> DigestLine:
    waits = row.link_id is not None and row.ended_at is None and row.status not in (TaskStatus.DONE, TaskStatus.STOPPED)
    return DigestLine(
        link_id=row.link_id,
        kind=row.kind,
        level=row.level,
        code=row.code or "",
        cycle=Text(row.cycle_en or "", row.cycle_zh or ""),
        task=Text(row.title_en or "", row.title_zh or ""),
        status=row.status,
        deadline_at=row.deadline_at,
        waits=waits,
    )
