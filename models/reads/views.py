"""What reads give: frozen copies of rows with their names beside them, safe to use after the session is closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

from config.shapes import Level
from config.words import Text
from models.cycle import CycleStatus, StageStatus
from models.notification import AttemptOutcome, DeliveryStatus, NotificationKind
from models.task import AnswerKind, DecisionKind, Outcome, TaskStatus

Line = TypeVar("Line")


@dataclass(frozen=True)
class Page(Generic[Line]):
    """Some rows of a longer list, and how many there are in all."""

    rows: tuple[Line, ...]
    n_all: int


@dataclass(frozen=True)
class PersonName:
    """A person as pages show one."""

    id: int
    slug: str
    name: str


@dataclass(frozen=True)
class UnitName:
    """A unit as pages show one."""

    id: int
    slug: str
    name: Text


@dataclass(frozen=True)
class StageMark:
    """Where a cycle stands: its first stage that has not ended."""

    id: int
    slug: str
    title: Text
    status: StageStatus
    position: int
    n_stages: int


@dataclass(frozen=True)
class CycleLine:
    """A cycle in a list. `stage` is None when every stage has ended; `next_deadline_at` is that of its open tasks."""

    id: int
    code: str
    title: Text
    template: str
    template_version: int
    unit: UnitName
    lead: PersonName
    status: CycleStatus
    why: str
    urgent: bool
    launched_at: datetime
    starts_at: datetime
    paused_at: datetime | None
    ended_at: datetime | None
    stage: StageMark | None
    n_tasks: int
    n_done: int
    n_open: int
    n_overdue: int
    n_deciding: int
    next_deadline_at: datetime | None


@dataclass(frozen=True)
class DecisionView:
    """A decision asked for. `level` 0 is the lead, `role` the ladder's role of a higher level.

    asked: who was really told, stand-ins included; empty when nobody was. first_asked_at: at the first level asked.
    """

    id: int
    kind: DecisionKind
    level: int
    role: str
    cycle_id: int
    stage_id: int
    task_id: int | None
    answer_id: int | None
    asked_at: datetime
    first_asked_at: datetime
    next_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    decided_by: PersonName | None
    why: str
    asked: tuple[PersonName, ...]


@dataclass(frozen=True)
class TaskLine:
    """A task in a list. `decision` is the newest one that nobody has taken yet."""

    id: int
    code: str
    cycle_title: Text
    unit: UnitName
    stage: str
    slug: str
    title: Text
    owner_role: str
    owners: tuple[PersonName, ...]
    status: TaskStatus
    evidence: str
    accept: bool
    unstaffed: bool
    opened_at: datetime | None
    deadline_at: datetime | None
    provisional: bool
    next_fire_at: datetime | None
    level: int
    done_at: datetime | None
    done_by: PersonName | None
    why: str
    decision: DecisionView | None

    @property
    def address(self) -> str:
        """Give the name by which people address the task."""
        return f"{self.code}/{self.slug}"

    def is_overdue(self, now: datetime) -> bool:
        """Answer whether the deadline of an open task has passed."""
        return self.status is TaskStatus.OPEN and self.deadline_at is not None and self.deadline_at < now


@dataclass(frozen=True)
class EvidenceLine:
    """A file that proves an answer, without its content."""

    id: int
    name: str
    media_type: str
    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class AnswerView:
    """What somebody said about a task, with the files handed in.

    A hand-over has `to` and, once taken, `taken_at` and `taken_by`; what was taken back has `undone_at`, `undone_by`.
    """

    id: int
    kind: AnswerKind
    at: datetime
    by: PersonName
    door: str
    note: str
    until_on: date | None
    to: PersonName | None
    taken_at: datetime | None
    taken_by: PersonName | None
    undone_at: datetime | None
    undone_by: PersonName | None
    evidence: tuple[EvidenceLine, ...]


@dataclass(frozen=True)
class AttemptView:
    """One try to send; without an outcome it is still under way."""

    no: int
    began_at: datetime
    ended_at: datetime | None
    outcome: AttemptOutcome | None
    why: str


@dataclass(frozen=True)
class DeliveryView:
    """A message on one channel, with its tries, oldest first."""

    id: int
    rank: int
    channel: str
    status: DeliveryStatus
    next_try_at: datetime
    settled_at: datetime | None
    unheard: bool
    why: str
    attempts: tuple[AttemptView, ...]


@dataclass(frozen=True)
class MessageView:
    """A notification and its deliveries by rank. `instead_of`: whose place the person takes."""

    id: int
    kind: NotificationKind
    code: str | None
    task: str | None
    decision_id: int | None
    person: PersonName
    instead_of: PersonName | None
    rung: str
    level: int
    urgent: bool
    planned_at: datetime
    facts: Mapping[str, str]
    deliveries: tuple[DeliveryView, ...]

    @property
    def status(self) -> DeliveryStatus:
        """Give the best that any channel reached: sent by one is sent, otherwise the last rank's status."""
        found = [delivery.status for delivery in self.deliveries]
        return DeliveryStatus.SENT if DeliveryStatus.SENT in found else found[-1] if found else DeliveryStatus.QUEUED


@dataclass(frozen=True)
class TaskView:
    """Everything about one task. `after` holds the slugs of tasks that come first, `remind` its rungs as written."""

    line: TaskLine
    guidance: Text | None
    safety: bool
    after: tuple[str, ...]
    remind: tuple[str, ...]
    answers: tuple[AnswerView, ...]
    decisions: tuple[DecisionView, ...]
    messages: tuple[MessageView, ...]


@dataclass(frozen=True)
class StageView:
    """A stage with its tasks; `decisions` are those about the stage itself (its approval)."""

    id: int
    slug: str
    title: Text
    gate: str | None
    status: StageStatus
    open_count: int
    opened_at: datetime | None
    closed_at: datetime | None
    closed_by: PersonName | None
    note: str
    tasks: tuple[TaskView, ...]
    decisions: tuple[DecisionView, ...]


@dataclass(frozen=True)
class CycleView:
    """A whole cycle. `messages` are those about no task of it; `ladder` is the one it was launched with."""

    line: CycleLine
    kind: str
    template: Text
    launched_by: PersonName | None
    ladder: tuple[Level, ...]
    stages: tuple[StageView, ...]
    messages: tuple[MessageView, ...]

    def tasks(self) -> tuple[TaskView, ...]:
        """Give the tasks of all stages in order."""
        return tuple(task for stage in self.stages for task in stage.tasks)


@dataclass(frozen=True)
class HistoryLine:
    """An audit row in names: `about` is the slug of the task or stage, empty for the cycle itself.

    anchor: where on the cycle's page it stands.
    """

    id: int
    at: datetime
    by: PersonName | None
    door: str
    what: str
    about: str
    anchor: str
    title: Text | None
    before: Mapping[str, str]
    after: Mapping[str, str]
    why: str
    outcome: str


@dataclass(frozen=True)
class Counts:
    """The numbers of the home page; `n_untold` counts messages about unfinished work that reached nobody."""

    n_cycles: int
    n_tasks: int
    n_overdue: int
    n_deciding: int
    n_untold: int
    by_stage: Mapping[str, int]


@dataclass(frozen=True)
class MustAct:
    """Something that somebody must do first, late since `since`: an overdue task, or a decision not taken.

    task is None for the approval of a stage.
    """

    since: datetime
    code: str
    cycle_title: Text
    unit: UnitName
    lead: PersonName
    task: TaskLine | None
    stage: Text | None
    decision: DecisionView | None


@dataclass(frozen=True)
class CycleFilter:
    """Cycles to list. `is_open`: planned, active or paused; `stage`: where it stands; `text`: part of a title."""

    status: CycleStatus | None = None
    is_open: bool = False
    stage: str | None = None
    unit: str | None = None
    lead: str | None = None
    template: str | None = None
    overdue: bool = False
    text: str = ""


@dataclass(frozen=True)
class TaskFilter:
    """Which tasks to list; `person` is the slug of an owner, `cycle` a code."""

    status: TaskStatus | None = None
    overdue: bool = False
    person: str | None = None
    cycle: str | None = None
    unstaffed: bool = False


@dataclass(frozen=True)
class MessageFilter:
    """Which notifications to list; `task` is CODE/slug, `status` that of any delivery.

    untold: no channel reached anybody, and the work is not finished.
    """

    cycle: str | None = None
    task: str | None = None
    person: str | None = None
    status: DeliveryStatus | None = None
    kind: NotificationKind | None = None
    untold: bool = False
