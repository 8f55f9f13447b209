"""What somebody may see, laid over every ORM read of a session: a query that forgets to ask sees nothing foreign."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption
from sqlmodel import Session, col

from models.base import Row, table_of
from models.cycle import Cycle
from models.indicator import Observation
from models.notification import Notification, NotificationKind
from models.task import Answer, Evidence, Task, TaskOwner

# Whoever is asked to decide may see what about.
ASKED = (NotificationKind.DECISION, NotificationKind.ESCALATION, NotificationKind.HAND_OVER)


CYCLE_ID, UNIT_ID = "cycle_id", "unit_id"


@dataclass(frozen=True)
class Sight:
    """Everything, or the cycles of some units and the cycles that some persons lead, have tasks in or decide about.

    person_ids: the reader and whoever the reader stands in for today; figures_of: units whose indicators may be read,
    those above the reader's own included.
    """

    everything: bool = False
    unit_ids: frozenset[int] = frozenset()
    person_ids: frozenset[int] = frozenset()
    figures_of: frozenset[int] = frozenset()


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
    found = {
        Cycle: col(Cycle.id).in_(visible),
        Answer: col(Answer.task_id).in_(tasks),
        Evidence: col(Evidence.answer_id).in_(answers),
        Notification: col(Notification.cycle_id).in_(visible) | mine,
        Observation: figures,
    }
    for noun in Row.__subclasses__():  # whatever belongs to a cycle, or else to a unit, also what is added later
        if noun not in found and CYCLE_ID in table_of(noun).c:
            found[noun] = getattr(noun, CYCLE_ID).in_(visible)
            if UNIT_ID in table_of(noun).c and table_of(noun).c[CYCLE_ID].nullable:
                found[noun] |= getattr(noun, CYCLE_ID).is_(None) & getattr(noun, UNIT_ID).in_(sorted(sight.figures_of))
    return [with_loader_criteria(noun, asked, include_aliases=True) for noun, asked in found.items()]


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
