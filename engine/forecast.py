"""Who will be told what, and when, if nobody answers: the functions that plan the real messages, run ahead."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.shapes import Template
from engine.asking import DECISION_DAYS, deciders
from engine.deadlines import STAGNANT_DAYS, deadline, morning_after
from engine.deed import Deed, Plan
from engine.launch import Launch, find_owners, pick_template
from engine.outbox import Note, address, is_stopped, send_at
from engine.reminders import is_skipped, step_notes
from engine.rules import Rules
from engine.steps import Progress, fire, next_at
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


@dataclass
class Ahead:
    """A forecast while it is made: the deed gives plans and people, its moment is moved along."""

    deed: Deed
    until: datetime
    notes: list[Note]

    def at(self, moment: datetime) -> Deed:
        """The deed as it will stand at a later moment."""
        made = replace(self.deed, now=moment, notes=[])
        made.__dict__["people"] = self.deed.people  # the same people all along: not read again for each moment
        return made


def forecast_launch(session: Session, launch: Launch, *, rules: Rules, now: datetime, until: datetime) -> list[Told]:
    """Forecast a cycle before its launch. Raises what the launch itself would raise for template, unit, lead, roles."""
    deed = Deed(session, rules, None, now)
    template = pick_template(launch.template, rules)
    unit, lead = deed.people.unit(launch.unit), deed.people.taker(launch.lead, deed.today)
    owners, _ = find_owners(deed, template, unit, lead, allow_unstaffed=launch.allow_unstaffed)
    start = max(launch.start or now, now)
    cycle = _unwritten_cycle(template, unit.id or 0, lead.id or 0, now)
    plan = Plan(template, rules.catalogue.policies[template.escalation])
    ahead = Ahead(_Unwritten(session, rules, None, now, only=plan), until, [])
    slugs = {}
    for number, task in enumerate((task for task in template.stages[0].tasks if not task.after), start=1):
        slugs[number] = ("", task.id)
        role = task.owner if deed.people.holders(task.owner, unit.id or 0, deed.today) else ""
        opening = _Opening(number, role, task.due, task.remind, owners[task.id])
        _run_opening(ahead, cycle, opening, start)
    return _told(ahead, slugs)


def forecast_cycle(session: Session, cycle_id: int, *, rules: Rules, now: datetime, until: datetime) -> list[Told]:
    """Forecast a running cycle."""
    return _forecast(session, col(Cycle.id) == cycle_id, rules, now, until)


def forecast_hospital(session: Session, *, rules: Rules, now: datetime, until: datetime) -> list[Told]:
    """Forecast everything that runs."""
    return _forecast(session, sa.true(), rules, now, until)


def _unwritten_cycle(template: Template, unit_id: int, lead_id: int, now: datetime) -> Cycle:
    return Cycle(
        id=0,
        code="",
        template=template.id,
        template_version=template.version,
        snapshot="",
        title_en=template.title.en,
        title_zh=template.title.zh,
        unit_id=unit_id,
        lead_id=lead_id,
        urgent=template.urgent,
        status=CycleStatus.ACTIVE,
        launched_at=now,
        starts_at=now,
    )


@dataclass
class _Unwritten(Deed):
    """A deed about a cycle that does not exist yet: there is one plan only."""

    only: Plan | None = None

    def plan(self, cycle: Cycle) -> Plan:
        assert self.only is not None, f"no plan for {cycle.code}"
        return self.only


def _forecast(
    session: Session, about: sa.ColumnElement[bool], rules: Rules, now: datetime, until: datetime
) -> list[Told]:
    ahead = Ahead(Deed(session, rules, None, now), until, [])
    slugs: dict[int, tuple[str, str]] = {}
    running = col(Cycle.status).in_((CycleStatus.ACTIVE, CycleStatus.PLANNED))
    cycles = {cycle.id: cycle for cycle in session.exec(select(Cycle).where(about, running))}
    for task, person in _tasks(session, cycles, ahead):
        cycle = cycles[task.cycle_id]
        slugs[task.id or 0] = (cycle.code, task.slug)
        if task.status is TaskStatus.WAITING:
            remind = tuple(name for name in task.remind.split(",") if name)
            opening = _Opening(task.id or 0, task.owner_role, task.due, remind, person)
            _run_opening(ahead, cycle, opening, max(cycle.starts_at, now))
        elif task.status is TaskStatus.OPEN:
            progress = progress_of(task, ahead.deed.plan(cycle).ladder)
            _run_task(ahead, cycle, task.id or 0, task.deadline_no, person, progress)
    for decision in _open_decisions(session, list(cycles)):
        _run_decision(ahead, cycles[decision.cycle_id], decision, session)
    codes = {cycle.id or 0: cycle.code for cycle in cycles.values()}
    return sorted([*_told(ahead, slugs, codes, _alarmed(session)), *_queued(session, about, rules, now, until)])


@dataclass(frozen=True)
class _Opening:
    """A task that is still to open. role: finds its owners on that day, '' where they were chosen by hand."""

    task_id: int
    role: str
    due: str
    remind: tuple[str, ...]
    owners: tuple[int, ...]


def _run_opening(ahead: Ahead, cycle: Cycle, opening: _Opening, start: datetime) -> None:
    """Let a task open at a moment, and then come to all its moments."""
    calendar, people = ahead.deed.rules.calendar, ahead.deed.people
    held = people.holders(opening.role, cycle.unit_id, calendar.local_date(start)) if opening.role else ()
    owners = (cycle.lead_id,) if opening.role == "lead" else held or opening.owners
    key = f"task:{opening.task_id}:assigned"
    ahead.notes += [
        Note(key, NotificationKind.ASSIGNED, person, start, cycle.id, opening.task_id, urgent=cycle.urgent)
        for person in owners
    ]
    due = deadline(opening.due, start, calendar)
    progress = Progress(start, due.at, opening.remind, ahead.deed.plan(cycle).ladder, reminded_until=start)
    _run_task(ahead, cycle, opening.task_id, 1, owners, progress)


def _run_task(
    ahead: Ahead, cycle: Cycle, task_id: int, deadline_no: int, owners: tuple[int, ...], progress: Progress
) -> None:
    """Let one open task come to all its moments, one after the other."""
    calendar = ahead.deed.rules.calendar
    moment = max(next_at(progress, calendar), ahead.deed.now)
    while moment < ahead.until:
        deed = ahead.at(moment)

        def skipped(level: int, deed: Deed = deed) -> bool:
            return is_skipped(deed, cycle, owners, level)

        fired = fire(progress, moment, calendar, skipped)
        for step in fired.steps:
            ahead.notes += step_notes(deed, cycle, task_id, deadline_no, owners, step, moment)
        progress = fired.after
        moment = next_at(progress, calendar)


def _run_decision(ahead: Ahead, cycle: Cycle, decision: Decision, session: Session) -> None:
    """Let one decision that nobody takes go up level by level, and round again at the top."""
    ladder, calendar = ahead.deed.plan(cycle).ladder, ahead.deed.rules.calendar
    owned = select(TaskOwner.person_id).where(TaskOwner.task_id == decision.task_id)
    askers = set(session.exec(owned)) if decision.task_id else set()
    level, moment, number = decision.level, decision.next_at, 0
    while moment is not None and max(moment, ahead.deed.now) < ahead.until:
        moment, number = max(moment, ahead.deed.now), number + 1
        deed, was_top = ahead.at(moment), level >= len(ladder)
        level = next(
            (
                up
                for up in range(min(level + 1, len(ladder)), len(ladder) + 1)
                if not set(deciders(deed, cycle, up)) <= askers
            ),
            len(ladder),
        )
        for person in deciders(deed, cycle, level):
            key = f"ahead:{decision.id}:{number}"
            ahead.notes.append(
                Note(
                    key,
                    NotificationKind.DECISION,
                    person,
                    moment,
                    cycle.id,
                    decision.task_id,
                    decision.id,
                    urgent=cycle.urgent,
                )
            )
        moment = morning_after(moment, STAGNANT_DAYS if was_top else DECISION_DAYS, calendar)


def _alarmed(session: Session) -> set[str]:
    """Read which alarms were raised already: the outbox takes each key once."""
    return set(session.exec(select(Notification.key).where(Notification.kind == NotificationKind.ALARM)))


def _told(
    ahead: Ahead,
    slugs: dict[int, tuple[str, str]],
    codes: dict[int, str] | None = None,
    alarmed: Collection[str] = (),
) -> list[Told]:
    """Address the notes as the outbox would, and put the persons of one message together."""
    people, calendar = ahead.deed.people, ahead.deed.rules.calendar
    found: dict[tuple[object, ...], Told] = {}
    for key, note in address(ahead.notes, people, calendar).items():
        if key in alarmed or is_stopped(note, people):
            continue
        at = send_at(note, calendar, people.persons[note.person_id])
        code, slug = slugs.get(note.task_id or 0, ((codes or {}).get(note.cycle_id or 0, ""), ""))
        told = Told(at, code, slug, note.kind.value, note.rung, note.level, (people.persons[note.person_id].slug,))
        _join(found, told, note.key)
    return sorted(told for told in found.values() if told.at < ahead.until)


def _queued(
    session: Session, about: sa.ColumnElement[bool], rules: Rules, now: datetime, until: datetime
) -> Iterable[Told]:
    """What stands in the outbox already and is only waiting for its moment."""
    rows = session.execute(
        sa.select(Notification, Delivery, col(Person.slug), col(Cycle.code), col(Task.slug))
        .join(Delivery, col(Delivery.notification_id) == col(Notification.id))
        .join(Person, col(Person.id) == col(Notification.person_id))
        .join(Cycle, col(Cycle.id) == col(Notification.cycle_id), isouter=True)
        .join(Task, col(Task.id) == col(Notification.task_id), isouter=True)
        .where(about, col(Delivery.status) == DeliveryStatus.QUEUED)
    )
    found: dict[tuple[object, ...], Told] = {}
    for notification, delivery, slug, code, task in rows:
        at = max(delivery.next_try_at, now)
        told = Told(at, code or "", task or "", notification.kind.value, notification.rung, notification.level, (slug,))
        _join(found, told, notification.key.rpartition(":")[0])
    return [told for told in found.values() if told.at < until]


def _join(found: dict[tuple[object, ...], Told], told: Told, key: str) -> None:
    group = (told.at, told.kind, key)
    known = found.get(group)
    found[group] = replace(told, to=tuple(sorted({*told.to, *(known.to if known else ())})))


def _tasks(session: Session, cycles: dict[int | None, Cycle], ahead: Ahead) -> list[tuple[Task, tuple[int, ...]]]:
    """List what is at work, and what opens first in the cycles that are still to start; each with its owners."""
    owners: dict[int, tuple[int, ...]] = {}
    wanted = col(Task.status).in_((TaskStatus.OPEN, TaskStatus.DECIDING, TaskStatus.WAITING))
    query = select(Task).where(col(Task.cycle_id).in_(cycles), wanted).order_by(col(Task.id))
    tasks = [task for task in session.exec(query) if _comes(task, cycles[task.cycle_id], ahead)]
    owned = select(TaskOwner).where(col(TaskOwner.task_id).in_([task.id for task in tasks]))
    for row in session.exec(owned.order_by(col(TaskOwner.person_id))):
        owners[row.task_id] = (*owners.get(row.task_id, ()), row.person_id)
    return [(task, owners.get(task.id or 0, ())) for task in tasks]


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
