"""What somebody may see, laid over every ORM read of a session: a query that forgets to ask sees nothing foreign."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption
from sqlmodel import Session, col

from models.activity import Attendance, Gathering, Invitee, YearlyGoal
from models.assessment import Assessment, Origin, OriginKind, Signature
from models.audit import Audit
from models.base import Row, table_of
from models.cycle import Cycle, Snapshot
from models.event import Event, EventPhoto, EventReporter
from models.indicator import FormerObservation, IndicatorVersion, Observation
from models.notification import Attempt, Delivery, Notification, NotificationKind
from models.people import Absence, PeopleVersion, Person, RoleHolding, Unit
from models.schedule import DueAssessment, Schedule
from models.systems import SystemToken
from models.task import Answer, Evidence, Task, TaskOwner

# Whoever is asked to decide may see what about.
ASKED = (NotificationKind.DECISION, NotificationKind.ESCALATION, NotificationKind.HAND_OVER)
# What everybody here may read: who works where, what is counted; and what is only found by way of a row narrowed below.
# Of all that is neither here nor narrowed nothing is seen.
OPEN: frozenset[type[Row]] = frozenset({Unit, Person, RoleHolding, Absence, PeopleVersion, IndicatorVersion})
REACHED: frozenset[type[Row]] = frozenset({Snapshot, TaskOwner, Delivery, Attempt, FormerObservation, Audit})

CYCLE_ID, UNIT_ID = "cycle_id", "unit_id"


@dataclass(frozen=True)
class Sight:
    """Everything, or the cycles of some units and the cycles that some persons lead, have tasks in or decide about.

    person_ids: the reader and whoever the reader stands in for today; figures_of: units whose indicators may be read,
    those above the reader's own included; heads_of: units that the reader heads, and those below them.
    """

    everything: bool = False
    unit_ids: frozenset[int] = frozenset()
    person_ids: frozenset[int] = frozenset()
    figures_of: frozenset[int] = frozenset()
    heads_of: frozenset[int] = frozenset()


NOTHING, EVERYTHING = Sight(), Sight(everything=True)


def narrow(session: Session, sight: Sight) -> None:
    """Let every further ORM read of this session find only what may be seen; other rows are as if they were not."""
    if sight.everything:
        return
    criteria = _criteria(sight)

    def only_visible(asked: ORMExecuteState) -> None:
        if asked.is_select:
            asked.statement = asked.statement.options(*criteria)

    event.listen(session, "do_orm_execute", only_visible)


def _criteria(sight: Sight) -> Sequence[ExecutableOption]:
    # Tables, not classes: the criteria must not be applied to themselves.
    cycle, task, answer = table_of(Cycle), table_of(Task), table_of(Answer)
    visible = _visible_cycles(sight)
    tasks = sa.select(task.c.id).where(task.c.cycle_id.in_(visible))
    answers = sa.select(answer.c.id).where(answer.c.task_id.in_(tasks))
    units = sa.select(cycle.c.unit_id).where(cycle.c.id.in_(visible))
    figures = col(Observation.unit_id).in_(sorted(sight.figures_of)) | col(Observation.unit_id).in_(units)
    mine = col(Notification.person_id).in_(sorted(sight.person_ids))
    gathering = table_of(Gathering)
    gatherings = sa.select(gathering.c.id).where(gathering.c.cycle_id.in_(visible))
    looks, events = _visible_assessments(sight, visible), _visible_events(sight)
    found = {
        Cycle: col(Cycle.id).in_(visible),
        Answer: col(Answer.task_id).in_(tasks),
        Evidence: col(Evidence.answer_id).in_(answers),
        Notification: col(Notification.cycle_id).in_(visible) | mine,
        Observation: figures,
        Schedule: col(Schedule.unit_id).in_(sorted(sight.figures_of)),
        DueAssessment: col(DueAssessment.assessment_id).in_(looks),
        Signature: col(Signature.assessment_id).in_(looks),
        SystemToken: sa.false(),
        Invitee: col(Invitee.gathering_id).in_(gatherings),
        Attendance: col(Attendance.gathering_id).in_(gatherings),
        YearlyGoal: col(YearlyGoal.unit_id).in_(sorted(sight.figures_of)),
        Event: col(Event.id).in_(events),
        EventPhoto: col(EventPhoto.event_id).in_(events),
        EventReporter: sa.false(),
    }
    for noun in Row.__subclasses__():
        if noun not in found and noun not in OPEN | REACHED:
            found[noun] = _by_place(noun, sight, visible)
    return [with_loader_criteria(noun, asked, include_aliases=True) for noun, asked in found.items()]


def _by_place(noun: type[Row], sight: Sight, visible: sa.Select[tuple[int]]) -> sa.ColumnElement[bool]:
    """Show what belongs to a cycle, or else to a unit, also of tables that are added later; of others nothing."""
    columns = table_of(noun).c
    if CYCLE_ID not in columns:
        return getattr(noun, UNIT_ID).in_(sorted(sight.unit_ids)) if UNIT_ID in columns else sa.false()
    found: sa.ColumnElement[bool] = getattr(noun, CYCLE_ID).in_(visible)
    if UNIT_ID in columns and columns[CYCLE_ID].nullable:
        found |= getattr(noun, CYCLE_ID).is_(None) & getattr(noun, UNIT_ID).in_(sorted(sight.figures_of))
    return found


def _visible_assessments(sight: Sight, visible: sa.Select[tuple[int]]) -> sa.Select[tuple[int]]:
    look = table_of(Assessment)
    alone = look.c.cycle_id.is_(None) & look.c.unit_id.in_(sorted(sight.figures_of))
    return sa.select(look.c.id).where(look.c.cycle_id.in_(visible) | alone)


def _visible_events(sight: Sight) -> sa.Select[tuple[int]]:
    """Show events to the head of their unit, and to whoever leads a cycle that began from one or has a task in it."""
    told, origin, cycle = table_of(Event), table_of(Origin), table_of(Cycle)
    task, owner = table_of(Task), table_of(TaskOwner)
    persons = sorted(sight.person_ids)
    owned = sa.select(task.c.cycle_id).join(owner, owner.c.task_id == task.c.id).where(owner.c.person_id.in_(persons))
    led = sa.select(cycle.c.id).where(cycle.c.lead_id.in_(persons))
    begun = sa.select(origin.c.subject_id).where(
        origin.c.kind == OriginKind.EVENT, origin.c.cycle_id.in_(owned) | origin.c.cycle_id.in_(led)
    )
    return sa.select(told.c.id).where(told.c.unit_id.in_(sorted(sight.heads_of)) | told.c.id.in_(begun))


def _visible_cycles(sight: Sight) -> sa.Select[tuple[int]]:
    cycle, task, told, owner = table_of(Cycle), table_of(Task), table_of(Notification), table_of(TaskOwner)
    persons = sorted(sight.person_ids)
    owned = sa.select(task.c.cycle_id).join(owner, owner.c.task_id == task.c.id).where(owner.c.person_id.in_(persons))
    asked = sa.select(told.c.cycle_id).where(
        told.c.person_id.in_(persons), told.c.kind.in_(ASKED), told.c.cycle_id.is_not(None)
    )
    return sa.select(cycle.c.id).where(
        cycle.c.unit_id.in_(sorted(sight.unit_ids))
        | cycle.c.lead_id.in_(persons)
        | cycle.c.id.in_(owned)
        | cycle.c.id.in_(asked)
    )
