"""The tasks that patients' feedback gives: to the office in each round, to each department concerned."""

import logging
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, select

from config.feedback import FeedbackKind
from config.words import Text
from engine.case import finish_task, new_deadline, open_case
from engine.deadlines import deadline
from engine.deed import Deed
from engine.launch import Launch, pick_template
from engine.origins import launch_from
from engine.people import OFFICE, Directory
from engine.rules import Rules
from models.assessment import OriginKind
from models.cycle import Cycle, CycleStatus
from models.errors import NoOffice, NotFound
from models.feedback import Feedback, FeedbackRound
from models.notification import NotificationKind
from models.people import Unit
from models.reads.feedback import cycles_of_round
from models.task import Task, TaskStatus

log = logging.getLogger("wardcycle.feedback")
ANSWER, DEPARTMENT = "feedback-answer", "feedback-department"  # templates of config/activities
ASSIGN, REPLY, DRAFT = "assign", "reply", "draft"  # their tasks
SEVERAL = "several departments are concerned"


def open_round(session: Session, one: Feedback, no: int, said: str, *, rules: Rules, now: datetime) -> FeedbackRound:
    """Begin a round: its deadlines from now, and the tasks of the office."""
    kind = kind_of(rules, one.kind)
    found = FeedbackRound(
        feedback_id=one.id,
        no=no,
        said=said,
        opened_at=now,
        acknowledge_due_at=deadline(kind.acknowledge, now, rules.calendar).at,
        answer_due_at=deadline(kind.answer, now, rules.calendar).at,
    )
    session.add(found)
    session.flush()
    ask_office(session, one, kind, f"r{no}", (kind.acknowledge, kind.answer), rules=rules, now=now)
    return found


def ask_office(
    session: Session,
    one: Feedback,
    kind: FeedbackKind,
    part: str,
    dues: tuple[str, str],
    *,
    rules: Rules,
    now: datetime,
) -> Cycle | None:
    """Give the office its two tasks, once for each part; None where nobody could be asked."""
    deed = Deed(session, rules, None, now)
    try:
        lead, unit = office_of(deed, one.unit_id)
        filled = _with_dues(rules, ANSWER, {ASSIGN: dues[0], REPLY: dues[1]})
    except (NoOffice, NotFound):  # nobody there, or the hospital broke the template: what was said is kept all the same
        log.exception("nobody could be asked", extra={"action": "feedback_unasked", "feedback_id": one.id})
        return None
    launch = _launch(deed, ANSWER, kind, one, unit, lead)
    return launch_from(session, OriginKind.FEEDBACK, one.id, launch, rules=filled, by=None, now=now, part=part)


def kind_of(rules: Rules, slug: str) -> FeedbackKind:
    """Find a kind; one that the hospital has taken out of its file keeps its id and the usual times."""
    return rules.catalogue.feedback.kinds.get(slug) or FeedbackKind(id=slug, title=Text(slug, slug))


def ask_department(deed: Deed, one: Feedback, unit: Unit) -> None:
    kind = kind_of(deed.rules, one.kind)
    lead, _ = office_of(deed, unit.id)
    filled = _with_dues(deed.rules, DEPARTMENT, {DRAFT: kind.draft})
    launch = _launch(deed, DEPARTMENT, kind, one, unit, lead)
    launch_from(
        deed.session,
        OriginKind.FEEDBACK,
        one.id,
        launch,
        rules=filled,
        by=deed.by,
        now=deed.now,
        part=f"r{one.round_no}:{unit.slug}",
    )


def give_time(deed: Deed, one: Feedback, turn: FeedbackRound, n_units: int) -> None:
    """Move the deadline where the kind gives several departments more time than one."""
    written = kind_of(deed.rules, one.kind).answer_within(n_units)
    due = deadline(written, turn.opened_at, deed.rules.calendar).at
    if due <= turn.answer_due_at or due <= deed.now:
        return
    turn.answer_due_at = one.answer_due_at = due
    deed.session.add_all([turn, one])
    why = deed.rules.calendar.local_date(due)
    for cycle in cycles_of_round(deed.session, one.id, turn.no, ANSWER):
        task = find_task(deed.session, cycle, REPLY)
        if task and task.status is TaskStatus.OPEN and cycle.status is CycleStatus.ACTIVE:
            case = open_case(deed.session, task.id, rules=deed.rules, by=deed.by or 0, now=deed.now)
            new_deadline(case, why, SEVERAL)
            _tell_new_deadline(case.deed, cycle, task, case.owners)
            case.deed.finish()


def _tell_new_deadline(deed: Deed, cycle: Cycle, task: Task, owners: tuple[int, ...]) -> None:
    for person in owners:
        key = f"task:{task.id}:{task.deadline_no}:deadline"
        deed.note(cycle, NotificationKind.DEADLINE, key, person, task_id=task.id, deadline_no=task.deadline_no,
                  why=SEVERAL)  # fmt: skip


def acknowledge(deed: Deed, one: Feedback, turn: FeedbackRound) -> None:
    """Note that the office has read it, and end its task to do so."""
    if turn.acknowledged_at is None:
        turn.acknowledged_at = deed.now
        deed.session.add(turn)
    for cycle in cycles_of_round(deed.session, one.id, turn.no, ANSWER):
        end_task_of(deed, cycle, ASSIGN)


def end_task_of(deed: Deed, cycle: Cycle, slug: str) -> None:
    """End an open task of the office, because what it asks for was done on the page of the feedback."""
    task = find_task(deed.session, cycle, slug)
    if task is None or cycle.status is not CycleStatus.ACTIVE or task.status is not TaskStatus.OPEN:
        return
    case = open_case(deed.session, task.id, rules=deed.rules, by=deed.by or 0, now=deed.now)
    finish_task(case, TaskStatus.OPEN, done_by=deed.by, why="")
    case.deed.finish()


def find_task(session: Session, cycle: Cycle, slug: str) -> Task | None:
    """Find a task of a cycle as it stands now."""
    found = select(Task).where(Task.cycle_id == cycle.id, Task.slug == slug)
    return session.exec(found.execution_options(populate_existing=True)).one_or_none()


def office_of(deed: Deed, unit_id: int | None) -> tuple[int, Unit]:
    """Find who leads for the office, and the whole of the hospital that a unit belongs to. Raises NoOffice."""
    unit = root_of(deed.people, unit_id)
    office = deed.people.holders(OFFICE, unit.id, deed.today) if unit else ()
    office = office or deed.people.office(deed.today)
    if not office or unit is None:
        raise NoOffice()
    return office[0], unit


def root_of(people: Directory, unit_id: int | None) -> Unit | None:
    """Find the unit above all others, seen from one of them; without one the first there is."""
    if unit_id is not None:
        return people.units[list(people.upwards(unit_id))[-1]]
    return next((unit for _, unit in sorted(people.units.items()) if unit.parent_id is None), None)


def _launch(deed: Deed, template: str, kind: FeedbackKind, one: Feedback, unit: Unit, lead: int) -> Launch:
    again = Text(f", round {one.round_no}", f"（第 {one.round_no} 次）") if one.round_no > 1 else None
    title = f"{kind.title.en} {one.id}{again.en if again else ''}"
    title_zh = f"{kind.title.zh} {one.id}{again.zh if again else ''}"
    slug = deed.people.persons[lead].slug
    return Launch(template=template, unit=unit.slug, lead=slug, title=title, title_zh=title_zh, allow_unstaffed=True)


def _with_dues(rules: Rules, slug: str, dues: dict[str, str]) -> Rules:
    """Put the times of a kind into a template; the launch keeps it as its snapshot."""
    template = pick_template(slug, rules)
    stages = tuple(
        stage.model_copy(
            update={
                "tasks": tuple(task.model_copy(update={"due": dues.get(task.id, task.due)}) for task in stage.tasks)
            }
        )
        for stage in template.stages
    )
    filled = template.model_copy(update={"stages": stages})
    catalogue = replace(rules.catalogue, templates={**rules.catalogue.templates, slug: filled})
    return replace(rules, catalogue=catalogue)
