"""Who will be told what, and when, if nobody answers: the functions that plan the real messages, run ahead."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.ahead import Ahead, Foreseen, Opening, run_decision, run_opening, run_task, unwritten_cycle
from engine.deed import Deed, Plan
from engine.forecast_activities import foresee_activities
from engine.forecast_rounds import foresee_rounds
from engine.launch import Launch, find_owners, pick_template
from engine.outbox import address, is_stopped, send_at
from engine.rules import Rules
from engine.timing import progress_of
from models.cycle import Cycle, CycleStatus
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from models.people import Person
from models.task import Decision, Task, TaskOwner, TaskStatus


@dataclass(frozen=True, order=True)
class Told:
    """Somebody is told something: `at` the moment of sending (UTC), `to` the slugs of the persons, sorted."""

    at: datetime
    cycle: str
    task: str
    kind: str
    rung: str
    level: int
    to: tuple[str, ...]


def forecast_launch(session: Session, launch: Launch, *, rules: Rules, now: datetime, until: datetime) -> list[Told]:
    """Forecast a cycle before its launch. Raises what the launch itself would raise for template, unit, lead, roles."""
    deed = Deed(session, rules, None, now)
    template = pick_template(launch.template, rules)
    unit, lead = deed.people.unit(launch.unit), deed.people.taker(launch.lead, deed.today)
    owners, _ = find_owners(deed, template, unit, lead, allow_unstaffed=launch.allow_unstaffed)
    start = max(launch.start or now, now)
    cycle = unwritten_cycle(0, template, unit.id, lead.id, now)
    plan = Plan(template, rules.catalogue.policies[template.escalation])
    ahead = Ahead(Foreseen(session, rules, None, now, plans={0: plan}), until)
    for number, task in enumerate((task for task in template.stages[0].tasks if not task.after), start=1):
        ahead.slugs[number] = ("", task.id)
        role = task.owner if deed.people.holders(task.owner, unit.id, deed.today) else ""
        run_opening(ahead, cycle, Opening(number, role, task.due, task.remind, owners[task.id]), start)
    return _told(ahead)


def forecast_cycle(session: Session, cycle_id: int, *, rules: Rules, now: datetime, until: datetime) -> list[Told]:
    """Forecast a running cycle."""
    return _forecast(session, cycle_id, rules, now, until)


def forecast_hospital(session: Session, *, rules: Rules, now: datetime, until: datetime) -> list[Told]:
    """Forecast everything that runs."""
    return _forecast(session, None, rules, now, until)


def _forecast(session: Session, only: int | None, rules: Rules, now: datetime, until: datetime) -> list[Told]:
    """Forecast one cycle, or everything."""
    ahead = Ahead(Foreseen(session, rules, None, now), until)
    about = sa.true() if only is None else col(Cycle.id) == only
    running = col(Cycle.status).in_((CycleStatus.ACTIVE, CycleStatus.PLANNED))
    cycles = {cycle.id: cycle for cycle in session.exec(select(Cycle).where(about, running))}
    for task, person in _tasks(session, cycles, ahead):
        _run(ahead, cycles[task.cycle_id], task, person)
    for decision in _open_decisions(session, list(cycles)):
        run_decision(ahead, cycles[decision.cycle_id], decision, session)
    foresee_rounds(ahead, only=only)
    if only is None:
        foresee_activities(ahead)
    ahead.codes |= {cycle.id: cycle.code for cycle in cycles.values()}
    return sorted([*_told(ahead, _alarmed(session)), *_queued(ahead, about)])


def _run(ahead: Ahead, cycle: Cycle, task: Task, owners: tuple[int, ...]) -> None:
    number = task.id
    ahead.slugs[number] = (cycle.code, task.slug)
    if task.status is TaskStatus.WAITING:
        remind = tuple(name for name in task.remind.split(",") if name)
        opening = Opening(number, task.owner_role, task.due, remind, owners)
        run_opening(ahead, cycle, opening, max(cycle.starts_at, ahead.deed.now))
    elif task.status is TaskStatus.OPEN:
        progress = progress_of(task, ahead.deed.plan(cycle).ladder)
        run_task(ahead, cycle, number, owners, progress)


def _alarmed(session: Session) -> set[str]:
    """Read which alarms were raised already: the outbox takes each key once."""
    return set(session.exec(select(Notification.key).where(Notification.kind == NotificationKind.ALARM)))


def _told(ahead: Ahead, alarmed: Collection[str] = ()) -> list[Told]:
    """Address the notes as the outbox would, and put the persons of one message together."""
    people, calendar = ahead.deed.people, ahead.deed.rules.calendar
    found: dict[tuple[object, ...], Told] = {}
    for key, note in address(ahead.notes, people, calendar).items():
        if key in alarmed or is_stopped(note, people):
            continue
        at = send_at(note, calendar, people.persons[note.person_id])
        if _comes_too_late(ahead, note.cycle_id, at):
            continue
        code, slug = ahead.slugs.get(note.task_id or 0, (ahead.codes.get(note.cycle_id or 0, ""), ""))
        told = Told(at, code, slug, note.kind.value, note.rung, note.level, (people.persons[note.person_id].slug,))
        _join(found, told, note.key)
    return sorted(told for told in found.values() if told.at < ahead.until)


def _queued(ahead: Ahead, about: sa.ColumnElement[bool]) -> Iterable[Told]:
    """What stands in the outbox already and is only waiting for its moment."""
    rows = ahead.deed.session.execute(
        sa.select(Notification, Delivery, col(Person.slug), col(Cycle.code), col(Task.slug))
        .join(Delivery, col(Delivery.notification_id) == col(Notification.id))
        .join(Person, col(Person.id) == col(Notification.person_id))
        .join(Cycle, col(Cycle.id) == col(Notification.cycle_id), isouter=True)
        .join(Task, col(Task.id) == col(Notification.task_id), isouter=True)
        .where(about, col(Delivery.status) == DeliveryStatus.QUEUED)
    )
    found: dict[tuple[object, ...], Told] = {}
    for notification, delivery, slug, code, task in rows:
        at = max(delivery.next_try_at, ahead.deed.now)
        if _comes_too_late(ahead, notification.cycle_id, at):
            continue
        told = Told(at, code or "", task or "", notification.kind.value, notification.rung, notification.level, (slug,))
        _join(found, told, notification.key.rpartition(":")[0])
    return [told for told in found.values() if told.at < ahead.until]


def _comes_too_late(ahead: Ahead, cycle_id: int | None, at: datetime) -> bool:
    """Answer whether a cycle ends by then: what is unsent at its end is not sent."""
    return cycle_id in ahead.ends and at >= ahead.ends[cycle_id]


def _join(found: dict[tuple[object, ...], Told], told: Told, key: str) -> None:
    group = (told.at, told.kind, key)
    known = found.get(group)
    found[group] = replace(told, to=tuple(sorted({*told.to, *(known.to if known else ())})))


def _tasks(session: Session, cycles: dict[int, Cycle], ahead: Ahead) -> list[tuple[Task, tuple[int, ...]]]:
    """List what is at work, and what opens first in the cycles that are still to start; each with its owners."""
    owners: dict[int, tuple[int, ...]] = {}
    wanted = col(Task.status).in_((TaskStatus.OPEN, TaskStatus.DECIDING, TaskStatus.WAITING))
    query = select(Task).where(col(Task.cycle_id).in_(cycles), wanted).order_by(col(Task.id))
    tasks = [task for task in session.exec(query) if _comes(task, cycles[task.cycle_id], ahead)]
    owned = select(TaskOwner).where(col(TaskOwner.task_id).in_([task.id for task in tasks]))
    for row in session.exec(owned.order_by(col(TaskOwner.person_id))):
        owners[row.task_id] = (*owners.get(row.task_id, ()), row.person_id)
    return [(task, owners.get(task.id, ())) for task in tasks]


def _comes(task: Task, cycle: Cycle, ahead: Ahead) -> bool:
    if task.status is not TaskStatus.WAITING:
        return True
    if cycle.status is not CycleStatus.PLANNED:
        return False
    first = ahead.deed.plan(cycle).template.stages[0]
    return any(task.slug == other.id and not other.after for other in first.tasks)


def _open_decisions(session: Session, cycle_ids: list[int | None]) -> list[Decision]:
    waiting = col(Decision.cycle_id).in_(cycle_ids), col(Decision.next_at).is_not(None)
    return list(session.exec(select(Decision).where(*waiting).order_by(col(Decision.id))))
