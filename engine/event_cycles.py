"""The cycles that run about an event: by which template, by when, and ending their tasks with its verbs."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from config.events import Severity
from config.shapes import TaskTemplate, Template
from config.words import Text
from config.written import Unit, parse_due
from engine.case import Case, finish_task, retime
from engine.cycles import cancel_cycle
from engine.deadlines import deadline
from engine.deed import Deed, lock_cycle
from engine.event_rules import class_of
from engine.launch import Launch, pick_template
from engine.origins import launch_from
from engine.rules import Rules
from engine.timing import renewed
from models.assessment import OriginKind
from models.cycle import Cycle, CycleStatus
from models.errors import NoOffice
from models.event import Event
from models.reads.origins import cycles_from
from models.task import Task, TaskOwner, TaskStatus

RECEIPT, HANDLING, ANALYSIS = "receipt", "handling", "analysis"
TITLES = {
    RECEIPT: Text("triage", "研判"),
    HANDLING: Text("handling", "处理"),
    ANALYSIS: Text("root cause analysis", "根本原因分析"),
}
ONE_HOUR = timedelta(hours=1)
AT_WORK = (TaskStatus.OPEN, TaskStatus.DECIDING)


def launch_part(deed: Deed, event: Event, part: str, severity: Severity, *, lead: int | None = None) -> Cycle | None:
    """Launch what follows from a class, once; None where the class has no such template.

    Its deadlines count from the moment at which the report came in. Raises NoOffice.
    """
    one = class_of(deed.rules, severity)
    slug = {RECEIPT: one.receipt, HANDLING: one.handling, ANALYSIS: one.analysis}[part]
    if slug is None:
        return None
    people, title = deed.people, TITLES[part]
    launch = Launch(
        template=slug,
        unit=people.units[event.unit_id].slug,
        lead=people.persons[lead or _lead(deed, event)].slug,
        title=f"Adverse event {event.code}: {title.en}",
        title_zh=f"不良事件 {event.code}：{title.zh}",
        allow_unstaffed=True,
    )
    timed = deed.rules if part == ANALYSIS else _timed(deed, slug, severity, event.received_at)
    name = f"{part}:{len(cycles_of(deed.session, event, part))}"  # the event is locked: nobody else launches now
    return launch_from(
        deed.session, OriginKind.EVENT, event.id, launch, rules=timed, by=deed.by, now=deed.now, part=name
    )


def cycles_of(session: Session, event: Event, part: str) -> list[Cycle]:
    """Read the cycles of one part of an event, oldest first; those that somebody opened by hand belong to none."""
    found = cycles_from(session, OriginKind.EVENT, event.id)
    return [cycle for cycle in found if (cycle.launch_key or "").split(":")[2:3] == [part]]


def is_running(cycle: Cycle) -> bool:
    """Answer whether something of a cycle is still to come."""
    return cycle.status not in (CycleStatus.CLOSED, CycleStatus.CANCELLED)


def _lead(deed: Deed, event: Event) -> int:
    """Let the office lead: the person who acts where it is one of them, else the first."""
    found = deed.people.office(deed.today, event.unit_id) or deed.people.office(deed.today)
    if not found:
        raise NoOffice()
    return deed.by if deed.by in found else found[0]


def _timed(deed: Deed, slug: str, severity: Severity, received_at: datetime) -> Rules:
    """Put the deadlines of the class into the template; the launch keeps it as its snapshot."""
    written = class_of(deed.rules, severity).deadlines
    template = pick_template(slug, deed.rules)

    def due(task: TaskTemplate) -> TaskTemplate:
        given = written.get(task.id)
        return task.model_copy(update={"due": _left(deed, given, received_at)}) if given else task

    stages = tuple(
        stage.model_copy(update={"tasks": tuple(due(task) for task in stage.tasks)}) for stage in template.stages
    )
    timed: Template = template.model_copy(update={"stages": stages})
    catalogue = replace(deed.rules.catalogue, templates={**deed.rules.catalogue.templates, slug: timed})
    return replace(deed.rules, catalogue=catalogue)


def _left(deed: Deed, written: str, received_at: datetime) -> str:
    """Write what is left of a deadline that began when the report came in; one that has passed is an hour, or a day."""
    until = deadline(written, received_at, deed.rules.calendar).at
    if parse_due(written).unit is Unit.HOURS:
        return f"{max(1, int((until - deed.now).total_seconds() // 3600))}h"
    if received_at == deed.now:
        return written
    day = deed.rules.calendar.local_date(until)
    return str(day if day > deed.today else deed.rules.calendar.shift(deed.today, 1))


def end_tasks(deed: Deed, event: Event, slug: str, why: str) -> None:
    """End the task that a verb has done, wherever it stands open; a paused cycle stays as it is."""
    for cycle in cycles_from(deed.session, OriginKind.EVENT, event.id):
        locked = lock_cycle(deed.session, cycle.id)
        if locked.status is not CycleStatus.ACTIVE:
            continue
        for task in _open_tasks(deed.session, locked):
            if task.slug != slug:
                continue
            owners = deed.session.exec(select(TaskOwner.person_id).where(TaskOwner.task_id == task.id))
            finish_task(Case(deed, locked, task, tuple(owners)), task.status, done_by=deed.by, why=why)


def follow_class(deed: Deed, event: Event, severity: Severity, why: str) -> None:
    """Bring the handling in line with another class: other deadlines, or another template; an analysis begins."""
    one, is_right = class_of(deed.rules, severity), False
    for cycle in filter(is_running, cycles_of(deed.session, event, HANDLING)):
        if cycle.template == one.handling:
            is_right = True
            _retime(deed, event, cycle, severity, why)
        else:
            assert deed.by is not None
            cancel_cycle(deed.session, cycle.id, rules=deed.rules, by=deed.by, why=why, now=deed.now)
    if not is_right:
        launch_part(deed, event, HANDLING, severity)
    if not any(map(is_running, cycles_of(deed.session, event, ANALYSIS))):
        launch_part(deed, event, ANALYSIS, severity)


def _retime(deed: Deed, event: Event, cycle: Cycle, severity: Severity, why: str) -> None:
    """Give the open tasks the deadlines of another class; never less than an hour from now."""
    lock_cycle(deed.session, cycle.id)
    written, calendar = class_of(deed.rules, severity).deadlines, deed.rules.calendar
    for task in _open_tasks(deed.session, cycle):
        if task.slug not in written or task.status is not TaskStatus.OPEN:
            continue
        until = max(deadline(written[task.slug], event.received_at, calendar).at, deed.now + ONE_HOUR)
        if until != task.deadline_at:
            case = Case(deed, cycle, task, ())
            retime(case, renewed(task, until, deed.plan(cycle).ladder, calendar, deed.now), why)


def _open_tasks(session: Session, cycle: Cycle) -> list[Task]:
    found = select(Task).where(Task.cycle_id == cycle.id, col(Task.status).in_(AT_WORK)).order_by(col(Task.id))
    return list(session.exec(found.execution_options(populate_existing=True)))
