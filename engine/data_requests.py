"""Asking the data owner for values that a due assessment lacks: by a task, with all that tasks have."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from config.shapes import TaskTemplate, Template
from config.words import Text
from engine.case import Case, leave_task
from engine.cycles import AT_WORK, stop_tasks
from engine.deed import Deed, lock_cycle
from engine.launch import Launch, launch_cycle, pick_template
from engine.people import OFFICE
from engine.rules import Rules
from engine.schedules import spell
from models.cycle import Cycle, CycleStatus
from models.errors import NoOffice
from models.reads.schedules import Waiting, open_requests
from models.schedule import DueAssessment, Schedule
from models.task import Task, TaskOwner

TEMPLATE, OWNER = "data-request", "data-owner"
MOST_NAMED, ALL = 3, 100  # indicators in a title, in the guidance
COME, OVER = "the data have come", "the time for the data is over"


def role_of(schedule: Schedule, waiting: Waiting, rules: Rules) -> str:
    """Name the role that is asked for the data of a due assessment."""
    one = rules.catalogue.indicators.get(waiting.indicator)
    return schedule.data_owner or (one.data_owner if one else OWNER)


def ask_for_data(
    session: Session, schedule_id: int, role: str, lacking: Sequence[Waiting], *, rules: Rules, now: datetime
) -> int:
    """Ask for the values of one unit and period; a second call with the same finds the first one's cycle.

    Returns the cycle's id.

    Raises NoOffice where nobody at all could be asked.
    """
    schedule, first = session.get_one(Schedule, schedule_id), lacking[0]
    one = rules.catalogue.indicators.get(first.indicator)
    period = spell(schedule.frequency, one.frequency if one else None, first.period_on)
    # A quarter and its first month begin on the same day.
    key = f"data:{schedule_id}:{first.unit_id}:{first.period_on}:{first.end_on}:{role}:{_former(lacking)}"
    slugs = [each.indicator for each in lacking]
    cycle = request_values(session, first.unit_id, role, slugs, period, key, rules=rules, now=now)
    for each in lacking:
        due = session.get_one(DueAssessment, each.assessment_id)
        due.request_id = cycle.id
        session.add(due)
    return cycle.id


def request_values(
    session: Session,
    unit_id: int,
    role: str,
    indicators: Sequence[str],
    period: str,
    key: str,
    *,
    rules: Rules,
    now: datetime,
) -> Cycle:
    """Launch the task that asks for missing values of a unit; the same key finds the one launched before.

    Raises NoOffice where nobody at all could be asked.
    """
    deed = Deed(session, rules, None, now)
    named = _named(rules, indicators)
    launch = Launch(
        template=TEMPLATE,
        unit=deed.people.units[unit_id].slug,
        lead=deed.people.persons[lead_of(deed, role, unit_id)].slug,
        title=f"Data wanted for {period}: {named.en}",
        title_zh=f"请补录 {period} 数据：{named.zh}",
        launch_key=key,
        allow_unstaffed=True,
    )
    wanted = asking(rules, role, period, _named(rules, indicators, ALL))
    return launch_cycle(session, launch, rules=wanted, by=None, now=now)


def end_request(deed: Deed, cycle_id: int, why: str) -> None:
    """End a request for data once nothing waits for it any more; a paused or finished one stays as it is."""
    deed.session.flush()
    if open_requests(deed.session, cycle_id):
        return
    cycle = lock_cycle(deed.session, cycle_id)
    if cycle.status is not CycleStatus.ACTIVE:
        return
    found = select(Task).where(Task.cycle_id == cycle_id, col(Task.status).in_(AT_WORK)).order_by(col(Task.id))
    for task in deed.session.exec(found.execution_options(populate_existing=True)).all():
        stop_tasks(deed, [task], why)
        leave_task(Case(deed, cycle, task, _owners(deed.session, task)), why)


def _former(lacking: Sequence[Waiting]) -> int:
    """Name the request before this one; 0 where there was none."""
    return max(each.request_id or 0 for each in lacking)


def lead_of(deed: Deed, role: str, unit_id: int) -> int:
    """Let the data owner lead, so that the office hears of a request only when it needs a decision."""
    held = deed.people.holders(role, unit_id, deed.today) or deed.people.holders(OFFICE, unit_id, deed.today)
    found = held or deed.people.office(deed.today)
    if not found:
        raise NoOffice()
    return found[0]


def _named(rules: Rules, indicators: Sequence[str], most: int = MOST_NAMED) -> Text:
    slugs = sorted(set(indicators))
    titles = [one.title if (one := rules.catalogue.indicators.get(slug)) else Text(slug, slug) for slug in slugs]
    more = len(titles) - most
    en, zh = (", ".join(t.en for t in titles[:most]), "、".join(t.zh for t in titles[:most]))
    return Text(f"{en} and {more} more", f"{zh}等 {len(titles)} 项") if more > 0 else Text(en, zh)


def asking(rules: Rules, role: str, period: str, named: Text) -> Rules:
    """Put the role that is asked, and what is missing, into the template; the launch keeps it as its snapshot."""
    template = pick_template(TEMPLATE, rules)
    stages = tuple(
        stage.model_copy(update={"tasks": tuple(_filled(task, role, period, named) for task in stage.tasks)})
        for stage in template.stages
    )
    asking: Template = template.model_copy(update={"stages": stages})
    catalogue = replace(rules.catalogue, templates={**rules.catalogue.templates, TEMPLATE: asking})
    return replace(rules, catalogue=catalogue)


def _filled(task: TaskTemplate, role: str, period: str, named: Text) -> TaskTemplate:
    if task.owner != OWNER:
        return task
    wanted = Text(f"Missing for {period}: {named.en}.", f"{period} 缺少：{named.zh}。")
    more = task.guidance
    guidance = Text(f"{wanted.en} {more.en}", f"{wanted.zh}{more.zh}") if more else wanted
    return task.model_copy(update={"owner": role, "guidance": guidance})


def _owners(session: Session, task: Task) -> tuple[int, ...]:
    return tuple(session.exec(select(TaskOwner.person_id).where(TaskOwner.task_id == task.id)))
