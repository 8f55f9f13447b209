"""Single rows in any status, for tests of the tables themselves; tests of rules walk the verbs instead."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from models.assessment import Assessment, AssessmentStatus
from models.base import Row
from models.cycle import Cycle, CycleStatus, Snapshot, Stage, StageStatus
from models.db import Database
from models.event import Event, EventStatus
from models.feedback import Feedback, FeedbackStatus
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from models.people import Person, Unit
from models.task import Task, TaskStatus


class Shelf:
    """Makes rows one after the other below one cycle."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session, self.now, self._n = session, now, 0
        self.unit = self._add(Unit(slug="ward", name_en="Ward", name_zh="病区"))
        self.person = self._add(Person(slug="ana", name="Ana"))
        session.add(Snapshot(digest="d", template="{}", ladder="[]"))
        session.flush()
        self.cycle_id = self.cycle(CycleStatus.ACTIVE)
        self.stage_id = self.stage(StageStatus.OPEN)

    def row(self, noun: type[Row], status: StrEnum) -> int:
        """Make a row of any noun that has a status; returns its id."""
        if isinstance(status, CycleStatus):
            return self.cycle(status)
        if isinstance(status, StageStatus):
            return self.stage(status)
        if isinstance(status, TaskStatus):
            return self.task(status)
        if isinstance(status, AssessmentStatus):
            return self.assessment(status)
        if isinstance(status, EventStatus):
            return self.event(status)
        if isinstance(status, FeedbackStatus):
            return self.feedback(status)
        assert isinstance(status, DeliveryStatus), noun
        return self.delivery(status)

    def cycle(self, status: CycleStatus) -> int:
        """Make a cycle."""
        return self._add(
            Cycle(
                code=f"C{self._next()}",
                template="pdca",
                template_version=1,
                snapshot="d",
                title_en="Falls",
                title_zh="跌倒",
                unit_id=self.unit,
                lead_id=self.person,
                status=status,
                launched_at=self.now,
                starts_at=self.now,
            )
        )

    def stage(self, status: StageStatus) -> int:
        """Make a stage."""
        n = self._next()
        stage = Stage(
            cycle_id=self.cycle_id,
            position=n,
            slug=f"s{n}",
            title_en="Plan",
            title_zh="计划",
            status=status,
            open_count=1,
        )
        return self._add(stage)

    def task(self, status: TaskStatus) -> int:
        """Make a task; an open one reminds."""
        n = self._next()
        task = Task(
            cycle_id=self.cycle_id,
            stage_id=self.stage_id,
            position=n,
            slug=f"t{n}",
            title_en="Count",
            title_zh="统计",
            owner_role="lead",
            due="5wd",
            evidence="none",
            token=f"token{n}",
            status=status,
            deadline_at=self.now,
            next_fire_at=self.now if status is TaskStatus.OPEN else None,
        )
        return self._add(task)

    def delivery(self, status: DeliveryStatus) -> int:
        """Make a delivery with a notification of its own."""
        kind = NotificationKind.ASSIGNED
        told = Notification(key=f"k{self._next()}", kind=kind, person_id=self.person, planned_at=self.now)
        delivery = Delivery(notification_id=self._add(told), channel="email", status=status, next_try_at=self.now)
        return self._add(delivery)

    def assessment(self, status: AssessmentStatus) -> int:
        """Make an assessment; one that is done has a verdict."""
        verdict = "met" if status is AssessmentStatus.DONE else None
        key = f"look-{self._next()}"
        return self._add(
            Assessment(schedule_key=key, status=status, indicator="falls", unit_id=self.unit, verdict=verdict)
        )

    def event(self, status: EventStatus) -> int:
        """Make an adverse event."""
        return self._add(
            Event(
                code_mark=f"mark-{self._next()}",
                status=status,
                unit_id=self.unit,
                kind="fall",
                harm="near-miss",
                what="x",
                received_at=self.now,
                triage_due_at=self.now,
                answer_due_at=self.now,
            )
        )

    def feedback(self, status: FeedbackStatus) -> int:
        """Make a patient's word."""
        return self._add(
            Feedback(
                code_fingerprint=f"mark-{self._next()}",
                kind="complaint",
                said="x",
                language="en",
                door="test",
                status=status,
                received_at=self.now,
                answer_due_at=self.now,
            )
        )

    def _next(self) -> int:
        self._n += 1
        return self._n

    def _add(
        self, row: Unit | Person | Cycle | Stage | Task | Notification | Delivery | Assessment | Feedback | Event
    ) -> int:
        self.session.add(row)
        self.session.flush()
        return row.id


def make_rows(database: Database, now: datetime, noun: type[Row], *statuses: StrEnum) -> list[int]:
    """Write one row in each of the statuses; returns their ids."""
    with database.transaction("test") as session:
        shelf = Shelf(session, now)
        return [shelf.row(noun, status) for status in statuses]
