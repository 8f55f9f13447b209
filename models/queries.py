"""Named reads: what the pages and the command line show. All inside `with database.reading() as session`.

By name, raising NotFound with the nearest names (rows, whose ids the verbs of engine/ take):
    get_cycle(session, "C2026-0001") -> Cycle
    get_task(session, "C2026-0001/present-state") -> Task
    get_stage(session, "C2026-0001/plan") -> Stage
    get_person(session, "ana") -> Person
Lists, as Page(rows, n_all), with limit= and offset=:
    list_cycles(session, CycleFilter(status, is_open, stage, unit, lead, template, overdue, text), now=)
        -> Page[CycleLine]
    list_tasks(session, TaskFilter(status, overdue, person, cycle, unstaffed), now=) -> Page[TaskLine]
    list_notifications(session, MessageFilter(cycle, task, person, status, kind, untold)) -> Page[MessageView]
    cycle_history(session, code) -> Page[HistoryLine]          from the audit trail, newest first
Whole things, as a tree of frozen dataclasses (models/reads/views.py):
    cycle_view(session, code, now=) -> CycleView            .line .kind .ladder .stages[].tasks[] .messages
    task_view(session, address, now=) -> TaskView           .line .guidance .after .remind .answers .decisions .messages
The home page and the watch:
    home_counts(session, now=) -> Counts; must_act_first(session, now=, limit=) -> tuple[MustAct, ...]
    waiting_decisions(session, limit=) -> tuple[MustAct, ...]
    heartbeats(session) -> {loop: moment}; oldest_due(session) -> moment or None

Every read takes a fixed number of queries, however many rows there are.
"""

from models.reads.cycles import list_cycles
from models.reads.history import cycle_history, heartbeats, oldest_due
from models.reads.home import home_counts, must_act_first, waiting_decisions
from models.reads.messages import list_notifications
from models.reads.names import get_cycle, get_person, get_stage, get_task
from models.reads.tasks import list_tasks
from models.reads.views import (
    AnswerView,
    AttemptView,
    Counts,
    CycleFilter,
    CycleLine,
    CycleView,
    DecisionView,
    DeliveryView,
    EvidenceLine,
    HistoryLine,
    MessageFilter,
    MessageView,
    MustAct,
    Page,
    PersonName,
    StageMark,
    StageView,
    TaskFilter,
    TaskLine,
    TaskView,
    UnitName,
)
from models.reads.whole import cycle_view, task_view

__all__ = [
    "AnswerView",
    "AttemptView",
    "Counts",
    "CycleFilter",
    "CycleLine",
    "CycleView",
    "DecisionView",
    "DeliveryView",
    "EvidenceLine",
    "HistoryLine",
    "MessageFilter",
    "MessageView",
    "MustAct",
    "Page",
    "PersonName",
    "StageMark",
    "StageView",
    "TaskFilter",
    "TaskLine",
    "TaskView",
    "UnitName",
    "cycle_history",
    "cycle_view",
    "get_cycle",
    "get_person",
    "get_stage",
    "get_task",
    "heartbeats",
    "home_counts",
    "list_cycles",
    "list_notifications",
    "list_tasks",
    "must_act_first",
    "oldest_due",
    "task_view",
    "waiting_decisions",
]
