"""Running ahead: what one task, one opening, one decision will come to, by the functions that plan the real ones."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session, select

from config.shapes import Template
from engine.asking import DECISION_DAYS, deciders
from engine.deadlines import STAGNANT_DAYS, deadline, morning_after
from engine.deed import Deed, Plan
from engine.outbox import Note
from engine.reminders import is_skipped, step_notes
from engine.steps import Progress, fire, next_at
from models.cycle import Cycle, CycleStatus
from models.notification import NotificationKind
from models.task import Decision, TaskOwner


@dataclass
class Foreseen(Deed):
    """A deed that also knows the plans of cycles that do not exist yet, by their number."""

    plans: dict[int, Plan] = field(default_factory=dict)

    def plan(self, cycle: Cycle) -> Plan:
        """Get what the cycle was launched with, or will be."""
        return self.plans.get(cycle.id) or super().plan(cycle)


@dataclass
class Ahead:
    """A forecast while it is made: the deed gives plans and people, its moment is moved along.

    ends: cycles that end by themselves -> when. slugs: tasks -> code of the cycle and name; codes: cycles -> code.
    """

    deed: Foreseen
    until: datetime
    notes: list[Note] = field(default_factory=list)
    ends: dict[int, datetime] = field(default_factory=dict)
    slugs: dict[int, tuple[str, str]] = field(default_factory=dict)
    codes: dict[int, str] = field(default_factory=dict)

    def at(self, moment: datetime) -> Foreseen:
        """The deed as it will stand at a later moment."""
        made = replace(self.deed, now=moment, notes=[])
        made.__dict__["people"] = self.deed.people  # the same people all along: not read again for each moment
        return made


def unwritten_cycle(number: int, template: Template, unit_id: int, lead_id: int, now: datetime) -> Cycle:
    """Write a cycle that is still to be launched, under a number of its own."""
    return Cycle(
        id=number,
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


@dataclass(frozen=True)
class Opening:
    """A task that is still to open. role: finds its owners on that day, '' where they were chosen by hand."""

    task_id: int
    role: str
    due: str
    remind: tuple[str, ...]
    owners: tuple[int, ...]


def run_opening(ahead: Ahead, cycle: Cycle, opening: Opening, start: datetime) -> None:
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
    run_task(ahead, cycle, opening.task_id, owners, progress)


def run_task(ahead: Ahead, cycle: Cycle, task_id: int, owners: tuple[int, ...], progress: Progress) -> None:
    """Let one open task come to all the moments of its deadline, one after the other."""
    calendar = ahead.deed.rules.calendar
    # What opens after its deadline is late when it opens, and not before.
    moment = max(next_at(progress, calendar), progress.opened_at, ahead.deed.now)
    while moment < ahead.until:
        deed = ahead.at(moment)

        def skipped(level: int, deed: Deed = deed) -> bool:
            return is_skipped(deed, cycle, owners, level)

        fired = fire(progress, moment, calendar, skipped)
        for step in fired.steps:
            ahead.notes += step_notes(deed, cycle, task_id, 1, owners, step, moment)
        progress = fired.after
        moment = next_at(progress, calendar)


def run_decision(ahead: Ahead, cycle: Cycle, decision: Decision, session: Session) -> None:
    """Let one decision that nobody takes go up level by level, and round again at the top."""
    ladder, calendar = ahead.deed.plan(cycle).ladder, ahead.deed.rules.calendar
    owned = select(TaskOwner.person_id).where(TaskOwner.task_id == decision.task_id)
    askers = set(session.exec(owned)) if decision.task_id else set()
    level, moment = decision.level, decision.next_at
    while moment is not None and max(moment, ahead.deed.now) < ahead.until:
        moment = max(moment, ahead.deed.now)
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
            key = f"ahead:{decision.id}:{moment}"
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
