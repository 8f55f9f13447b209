"""Loading the demo hospital: twelve months of real launches, answers, reminders and mails, with a simulated clock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from sqlmodel import Session, col, select

from cli.demo_actions import show_actions
from cli.demo_activities import show_activities
from cli.demo_care import show_care
from cli.demo_data import count_before, prove
from cli.demo_events import show_events
from cli.demo_feedback import show_feedback
from cli.demo_programme import show_programme
from cli.demo_schedules import show_schedules
from cli.simulate import Clock, Tick, next_moments, tick_by
from cli.story import STORIES, Story, Turn
from config.calendar import Calendar
from config.catalogue import SHIPPED
from config.settings import Settings
from config.shapes import Evidence, StageTemplate, TaskTemplate
from config.words import Text
from config.written import Unit as Measure
from config.written import parse_due
from engine.absences import add_absence
from engine.assessment_round import assess_due
from engine.cycles import cancel_cycle, pause_cycle
from engine.decisions import GivenDecision, Verdict, decide
from engine.evidence import GivenFile
from engine.hospital import import_hospital
from engine.launch import Launch, launch_cycle
from engine.people import directory
from engine.rules import Rules
from engine.stages import approve_stage
from engine.tasks import GivenAnswer, submit_answer
from models.cycle import Cycle, Stage
from models.db import Database
from models.migrations.upgrade import upgrade
from models.people import Person
from models.task import AnswerKind, Task, TaskOwner
from notifications.channels import voice_of

DOOR = "demo"
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
PAPER = GivenFile(name="record.txt", content=b"Demo record: no real data.\n")
# Absences, counted in days from today: who, from, until, stand-in.
ABSENCES = (("wang-lei", -3, 4, "li-na"), ("zhao-qiang", -120, -113, "chen-xi"), ("grace-tan", 10, 17, "lin-yue"))


class Show(Protocol):
    """Shows one more part of the product, through its real verbs."""

    def __call__(self, session: Session, *, rules: Rules, now: datetime) -> None: ...


# What is shown beside the stories, and how long ago it began.
SHOWN: tuple[tuple[timedelta, Show], ...] = (
    (8 * DAY, show_programme),
    (10 * DAY, show_actions),
    (9 * DAY, show_schedules),
    (4 * MINUTE, show_activities),
    (3 * MINUTE, show_events),
    (2 * MINUTE, show_feedback),
    (MINUTE, show_care),
)


@dataclass(frozen=True)
class Act:
    """Something that somebody does at a moment."""

    at: datetime
    do: Callable[[Session, datetime], None]


def load_demo(
    database: Database, settings: Settings, *, rules: Rules, now: datetime, progress: Callable[[float], None]
) -> None:
    """Fill an empty database with the demo hospital; its mails go where the settings say: the local mailbox.

    A SQLite file is built beside and put in place when it is whole, so that an interrupted load leaves nothing half.
    """
    voice = voice_of(settings, rules.catalogue)
    tick = tick_by(lambda _: voice, DOOR)
    if not database.is_sqlite:
        load(database, rules=rules, now=now, tick=tick, progress=progress)
        return
    file = Path(database.url.database or "")
    beside = file.with_suffix(".loading")
    beside.unlink(missing_ok=True)
    built = Database(f"sqlite:///{beside}", durable=False)
    upgrade(built)
    load(built, rules=rules, now=now, tick=tick, progress=progress)
    built.dispose()
    database.dispose()
    beside.replace(file)


def load(
    database: Database,
    *,
    rules: Rules,
    now: datetime,
    tick: Tick,
    progress: Callable[[float], None] = lambda done: None,
) -> None:
    """Fill an empty database with the demo hospital. progress: told how much is done, 0..1."""
    first = now - (max(story.launched for story in STORIES) + 5) * DAY
    with database.transaction(DOOR) as session:
        import_hospital(session, SHIPPED / "demo", rules=rules, by=None, now=first)
    with database.transaction(DOOR) as session:
        _add_absences(session, rules, first, now)
    told = [act for story in STORIES for act in acts_of(story, rules, now)]
    acts = sorted([*told, *_shown(rules, now)], key=lambda act: act.at)
    clock, waiting = Clock(acts[0].at), acts
    while clock.now < now:
        while waiting and waiting[0].at <= clock.now:
            with database.transaction(DOOR) as session:
                waiting.pop(0).do(session, clock.now)
        tick(database, rules, clock)
        coming = [*next_moments(database), *([waiting[0].at] if waiting else []), now]
        # What is due and cannot go now, such as mails while the mailbox is away, is looked at each minute.
        clock.now = max(min(coming), clock.now + MINUTE)
        progress((clock.now - first) / (now - first))
    assess_due(database, rules=rules, now=clock.now, door=DOOR)
    tick(database, rules, clock)


def _shown(rules: Rules, now: datetime) -> Iterator[Act]:
    """List what is shown beside the stories, each at its moment."""
    for ago, show in SHOWN:
        yield Act(now - ago, partial(_show, show, rules))


def _show(show: Show, rules: Rules, session: Session, at: datetime) -> None:
    show(session, rules=rules, now=at)


def _add_absences(session: Session, rules: Rules, first: datetime, now: datetime) -> None:
    today = rules.calendar.local_date(now)
    for slug, away, back, stand_in in ABSENCES:
        add_absence(session, person=slug, from_on=today + away * DAY, until_on=today + back * DAY, stand_in=stand_in,
                    rules=rules, by=None, now=first)  # fmt: skip


def acts_of(story: Story, rules: Rules, now: datetime) -> Iterator[Act]:
    """Write a story as what people did, each at a moment of a working day."""
    calendar = rules.calendar
    started = _working_moment(now - story.launched * DAY, calendar, now, 0)
    code: list[int] = []

    def launch(session: Session, at: datetime) -> None:
        given = Launch(
            template=story.template, unit=story.unit, lead=story.lead, title=story.title.en, title_zh=story.title.zh
        )
        by = directory(session).person("lin-yue").id
        cycle = launch_cycle(session, given, rules=rules, by=by, now=at)
        code.append(cycle.id)
        if story.counted:
            count_before(session, cycle, story.counted, rules=rules, at=at)

    yield Act(started, launch)
    moves = list(_moves(story, rules, code))
    total, reached = sum(weight for weight, _ in moves) or 1.0, 0.0
    span, last = (now - story.since * DAY) - started, started
    for number, (weight, do) in enumerate(moves):
        reached += weight
        last = max(
            _working_moment(started + span * (reached / total), calendar, now, number), last + timedelta(minutes=7)
        )
        yield Act(last, do)
    for number, turn in enumerate(story.turns):
        at = max(_working_moment(now - turn.ago * DAY, calendar, now, number), last + timedelta(minutes=7))
        yield Act(at, _turn(story, turn, rules, code, now))


def _working_moment(wanted: datetime, calendar: Calendar, now: datetime, number: int) -> datetime:
    """Find a moment in working hours near the one wanted, never after now."""
    day = calendar.shift(calendar.local_date(wanted), 0)
    return min(calendar.at(day, time(9 + number % 8, (number * 17) % 60)), now - timedelta(minutes=30))


Move = tuple[float, Callable[[Session, datetime], None]]


def _moves(story: Story, rules: Rules, code: list[int]) -> Iterator[Move]:
    """Walk through the template up to where the story stands: how long each step takes, in days, and what it is."""
    for stage in rules.catalogue.templates[story.template].stages:
        for task in stage.tasks:
            if task.id == story.stands_at:
                return
            yield _days(task), _answer(task, rules, code)
            if task.accept:
                yield 1.0, _accept(task, rules, code)
        if story.stands_at == f"approve:{stage.id}":
            return
        yield 1.0, _approve(stage, story, rules, code)


def _days(task: TaskTemplate) -> float:
    due = parse_due(task.due)
    return due.n * 1.4 if due.unit is Measure.WORKING_DAYS else float(due.n)


def _answer(task: TaskTemplate, rules: Rules, code: list[int]) -> Callable[[Session, datetime], None]:
    def do(session: Session, at: datetime) -> None:
        row, owner = _find(session, code[0], task.id)
        note = _in(owner, Text(f"Finished: {task.title.en}", f"已完成：{task.title.zh}"))
        evidence = (PAPER,) if task.evidence is Evidence.REQUIRED else ()
        given = GivenAnswer(kind=AnswerKind.DONE, note=note, evidence=evidence)
        submit_answer(session, row.id, given, rules=rules, by=owner.id, now=at)

    return do


def _accept(task: TaskTemplate, rules: Rules, code: list[int]) -> Callable[[Session, datetime], None]:
    def do(session: Session, at: datetime) -> None:
        row, _ = _find(session, code[0], task.id)
        lead = session.get_one(Cycle, code[0]).lead_id
        decide(session, row.id, GivenDecision(kind=Verdict.ACCEPT), rules=rules, by=lead, now=at)

    return do


def _approve(stage: StageTemplate, story: Story, rules: Rules, code: list[int]) -> Callable[[Session, datetime], None]:
    def do(session: Session, at: datetime) -> None:
        row = session.exec(select(Stage).where(Stage.cycle_id == code[0], Stage.slug == stage.id)).one()
        lead = session.get_one(Person, session.get_one(Cycle, code[0]).lead_id)
        note = _in(lead, Text(f"Seen and agreed: {stage.heading.en}", f"已审阅并同意：{stage.heading.zh}"))
        ending = prove(session, row, story.counted, rules=rules, at=at)
        approve_stage(session, row.id, note=note, rules=rules, by=lead.id, now=at, ending=ending, signed=True)

    return do


def _turn(
    story: Story, turn: Turn, rules: Rules, code: list[int], now: datetime
) -> Callable[[Session, datetime], None]:
    def do(session: Session, at: datetime) -> None:
        lead = session.get_one(Person, session.get_one(Cycle, code[0]).lead_id)
        if turn.kind in ("pause", "cancel"):
            verb = pause_cycle if turn.kind == "pause" else cancel_cycle
            verb(session, code[0], rules=rules, by=lead.id, why=_in(lead, turn.note), now=at)
            return
        row, owner = _find(session, code[0], story.stands_at)
        until = rules.calendar.local_date(now + turn.days * DAY) if turn.days else None
        evidence = (PAPER,) if turn.kind == "done" else ()
        given = GivenAnswer(
            kind=AnswerKind(turn.kind), note=_in(owner, turn.note), until=until, to=turn.to, evidence=evidence
        )
        submit_answer(session, row.id, given, rules=rules, by=owner.id, now=at)

    return do


def _find(session: Session, cycle_id: int, slug: str) -> tuple[Task, Person]:
    """Get a task and the first of its owners."""
    task = session.exec(select(Task).where(Task.cycle_id == cycle_id, Task.slug == slug)).one()
    owned = select(TaskOwner.person_id).where(TaskOwner.task_id == task.id).order_by(col(TaskOwner.person_id))
    return task, session.get_one(Person, session.exec(owned).first())


def _in(person: Person, text: Text) -> str:
    return text.in_(person.language)
