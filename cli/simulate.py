"""Running the real engine with a simulated clock: a scenario file, or a copy of a hospital's database."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from cli.scenario import Scenario, Step, read_scenario
from engine.activity_round import run_activities
from engine.assessment_round import assess_due
from engine.cycles import cancel_cycle, pause_cycle, resume_cycle
from engine.decisions import GivenDecision, Verdict, decide
from engine.forecast import Told
from engine.forecast_activities import activity_moments
from engine.forecast_rounds import round_moments
from engine.launch import Launch, launch_cycle
from engine.people import directory, people_changed
from engine.rules import Rules
from engine.stages import approve_stage
from engine.sweep import sweep
from engine.tasks import GivenAnswer, submit_answer, take_task
from models.audit import Audit, AuditHead
from models.base import Row
from models.cycle import Cycle, Stage
from models.db import Database
from models.errors import UsageError, WardcycleError
from models.migrations.upgrade import upgrade
from models.notification import AttemptOutcome, Delivery, DeliveryStatus, Notification, NotificationKind
from models.people import Absence, PeopleVersion, Person, RoleHolding, Unit
from models.task import AnswerKind, Decision, Task
from notifications.channels import Voice
from notifications.deliver import deliver_due
from notifications.render import Message, Renderer
from notifications.senders import Address, Sender, SendResult

COMPARED = ("assigned", "reminder", "escalation")
DOOR = "simulation"


@dataclass
class Clock:
    """The simulated clock."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Recorder:
    """A sender that takes everything; what was sent stands in the outbox."""

    def send(self, message: Message, to: Address) -> SendResult:
        """Take a message."""
        assert message.subject and message.text and message.html, f"delivery {to.delivery_id} says nothing"
        return SendResult(AttemptOutcome.ACCEPTED)


@dataclass(frozen=True)
class Simulated:
    """What was sent, what became of the cycle, which steps were refused and why."""

    told: tuple[Told, ...]
    cycle: dict[str, object]
    refused: tuple[str, ...]


Tick = Callable[[Database, Rules, Clock], None]


def tick_with(sender: Sender) -> Tick:
    """Make a tick whose messages all go to one sender."""

    @cache  # a renderer reads its templates once
    def voice(zone: ZoneInfo) -> Voice:
        return Voice(Renderer(zone, "http://localhost:8420"), sender)

    return tick_by(lambda rules: voice(rules.calendar.zone))


def tick_by(voice: Callable[[Rules], Voice], door: str = DOOR) -> Tick:
    """Make a tick that plans and delivers once, at the simulated moment. door: the name in the trail."""

    def tick(database: Database, rules: Rules, clock: Clock) -> None:
        sweep(database, rules=rules, now=clock.now, door=door)
        deliver_due(database, voice=voice(rules), now=clock)

    return tick


def simulate_file(file: Path, *, every: timedelta | None = None, tick: Tick | None = None) -> Simulated:
    """Run a scenario on a fresh database. every: tick regularly instead of at each moment at which something is due."""
    return simulate(read_scenario(file), every=every, tick=tick)


def simulate(scenario: Scenario, *, every: timedelta | None = None, tick: Tick | None = None) -> Simulated:
    """Run a scenario on a fresh database."""
    with _empty_database() as database:
        rules, clock = scenario.rules(), Clock(scenario.moment(scenario.launch.at))
        with database.transaction(DOOR) as session:
            _write_hospital(session, scenario)
        launch = Launch(template=scenario.template.id, unit=scenario.launch.unit, lead=scenario.launch.lead)
        with database.transaction(DOOR) as session:
            by = directory(session).person(scenario.launch.lead).id
            launch_cycle(session, launch, rules=rules, by=by, now=clock.now)
        steps = sorted(scenario.steps, key=lambda step: scenario.moment(step.at))
        planned = [(scenario.moment(step.at), step) for step in steps]
        refused = _run(database, rules, clock, scenario.moment(scenario.until), planned, every, tick)
        with database.reading() as session:
            return Simulated(tuple(read_told(session)), _cycle(session), tuple(refused))


def simulate_hospital(
    source: Database, *, rules: Rules, now: datetime, until: datetime, tick: Tick | None = None
) -> Simulated:
    """Run a copy of a hospital on to a moment, nobody answering anything; the hospital itself stays as it is.

    What is told before `now` is left out.
    """
    with _empty_database() as database:
        _copy(source, database)
        clock = Clock(now)
        with database.reading() as session:
            sent_before = set(session.exec(select(Delivery.id).where(Delivery.status == DeliveryStatus.SENT)))
            planned = activity_moments(session, rules=rules, now=now, until=until)
            rounds = sorted({*planned, *round_moments(session, rules=rules, now=now, until=until)})
        _run(database, rules, clock, until, [], None, tick, rounds)
        with database.reading() as session:
            return Simulated(tuple(read_told(session, without=sent_before)), {}, ())


def read_told(session: Session, without: set[int] | None = None) -> list[Told]:
    """Read from the outbox what was really sent, in the form of the forecast; receipts and the like are in it too.

    What went with a digest was sent when the digest was; the digest itself says nothing of its own.
    """
    found: dict[tuple[object, ...], Told] = {}
    for row in session.execute(_SENT):
        if row.delivery_id in (without or ()):
            continue
        key = (row.key.rpartition(":")[0], row.settled_at)
        to = (*found[key].to, row.slug) if key in found else (row.slug,)
        found[key] = Told(
            row.settled_at, row.code or "", row.task or "", row.kind.value, row.rung, row.level, tuple(sorted(to))
        )
    return sorted(found.values())


_whole = aliased(Delivery)
_SENT = (
    sa.select(
        col(_whole.id).label("delivery_id"), _whole.settled_at, Notification.key, Notification.kind,
        Notification.rung, Notification.level, Person.slug, Cycle.code, col(Task.slug).label("task"),
    )  # type: ignore[call-overload]
    .select_from(Notification)
    .join(Delivery, col(Delivery.notification_id) == col(Notification.id))
    .join(
        _whole,
        sa.or_(
            col(_whole.id) == col(Delivery.id),
            sa.and_(
                col(Delivery.status) == DeliveryStatus.BUNDLED,
                col(_whole.notification_id) == col(Notification.digest_id),
            ),
        ),
    )
    .join(Person, col(Person.id) == col(Notification.person_id))
    .join(Cycle, col(Cycle.id) == col(Notification.cycle_id), isouter=True)
    .join(Task, col(Task.id) == col(Notification.task_id), isouter=True)
    .where(col(_whole.status) == DeliveryStatus.SENT, col(Notification.kind) != NotificationKind.DIGEST)
)  # fmt: skip


def events(told: Sequence[Told], rules: Rules, kinds: Sequence[str] = COMPARED) -> list[dict[str, object]]:
    """Write what was told as a scenario's `expect`: local minutes, sorted by at, task, kind, rung, level."""
    chosen = [item for item in told if item.kind in kinds]
    chosen.sort(key=lambda item: (item.at, item.task, item.kind, item.rung, item.level))
    return [_event(item, rules) for item in chosen]


def _event(item: Told, rules: Rules) -> dict[str, object]:
    at = f"{item.at.astimezone(rules.calendar.zone):%Y-%m-%dT%H:%M}"
    event: dict[str, object] = {"at": at, "kind": item.kind, "task": item.task, "to": list(item.to)}
    if item.kind == "reminder":
        event["rung"] = item.rung
    if item.kind == "escalation":
        event["level"] = item.level
    return event


def _run(
    database: Database,
    rules: Rules,
    clock: Clock,
    until: datetime,
    steps: list[tuple[datetime, Step]],
    every: timedelta | None,
    tick: Tick | None,
    rounds: Sequence[datetime] = (),
) -> list[str]:
    """rounds: when planned activities or scheduled assessments have something to do."""
    tick = tick or tick_with(Recorder())
    refused, waiting, assessing = [], list(steps), list(rounds)
    while clock.now < until:
        while waiting and waiting[0][0] <= clock.now:
            refused += _take(database, rules, clock, waiting.pop(0)[1])
        if assessing and assessing[0] <= clock.now:
            run_activities(database, rules=rules, now=clock.now, door=DOOR)
            assess_due(database, rules=rules, now=clock.now, door=DOOR)
            assessing = [moment for moment in assessing if moment > clock.now]
        tick(database, rules, clock)
        coming = [*(at for at, _ in waiting[:1]), *assessing[:1]]
        due = next_moments(database)
        if every and due:  # ticks that would find nothing due are left out: they change nothing
            coming.append(clock.now + every * max(1, -((clock.now - min(due)) // every)))
        else:
            coming += due
        if not coming:
            break
        clock.now = max(min(coming), clock.now + timedelta(microseconds=1))
    return refused


def next_moments(database: Database) -> list[datetime]:
    """Find when anything is due next: four looks into small indexes."""
    looks = (
        sa.select(sa.func.min(col(Task.next_fire_at))),
        sa.select(sa.func.min(col(Decision.next_at))),
        sa.select(sa.func.min(col(Delivery.next_try_at))).where(col(Delivery.status) == DeliveryStatus.QUEUED),
        sa.select(sa.func.min(col(Cycle.starts_at))).where(col(Cycle.status) == "planned"),
    )
    with database.reading() as session:
        return [moment for look in looks if (moment := session.execute(look).scalar()) is not None]


def _take(database: Database, rules: Rules, clock: Clock, step: Step) -> list[str]:
    try:
        with database.transaction(DOOR) as session:
            _do(session, step, rules, clock.now)
    except WardcycleError as error:
        return [f"{step.at:%Y-%m-%dT%H:%M} {error}"]
    return []


def _do(session: Session, step: Step, rules: Rules, now: datetime) -> None:
    cycle_id = session.exec(select(Cycle.id)).one()
    people = directory(session)
    if step.approve:
        stage_id = session.exec(select(Stage.id).where(Stage.slug == step.approve.stage)).one()
        by = people.person(step.approve.by).id
        approve_stage(session, stage_id, note=step.approve.note, rules=rules, by=by, now=now)
    if step.cycle:
        verbs = {"pause": pause_cycle, "resume": resume_cycle, "cancel": cancel_cycle}
        by = people.person(step.cycle.by).id
        verbs[step.cycle.kind](session, cycle_id, rules=rules, by=by, why=step.cycle.note, now=now)
    if step.answer:
        task_id = session.exec(select(Task.id).where(Task.slug == step.answer.task)).one_or_none()
        if task_id is None:
            raise UsageError(what=f"no task {step.answer.task}")
        _answer(session, task_id, step, people.person(step.answer.by).id, rules, now)


def _answer(session: Session, task_id: int, step: Step, by: int, rules: Rules, now: datetime) -> None:
    answer = step.answer
    assert answer
    if answer.kind == "take":
        take_task(session, task_id, rules=rules, by=by, now=now)
    elif answer.kind in set(Verdict):
        verdict = GivenDecision(kind=Verdict(answer.kind), note=answer.note, until=answer.until, to=answer.to)
        decide(session, task_id, verdict, rules=rules, by=by, now=now)
    else:
        given = GivenAnswer(kind=AnswerKind(answer.kind), note=answer.note, until=answer.until, to=answer.to)
        submit_answer(session, task_id, given, rules=rules, by=by, now=now)


def _cycle(session: Session) -> dict[str, object]:
    cycle = session.exec(select(Cycle)).one()
    stages = session.exec(select(Stage).where(Stage.cycle_id == cycle.id).order_by(col(Stage.position)))
    tasks = session.exec(select(Task).where(Task.cycle_id == cycle.id).order_by(col(Task.id)))
    return {
        "code": cycle.code,
        "status": cycle.status.value,
        "stages": {stage.slug: stage.status.value for stage in stages},
        "tasks": {task.slug: task.status.value for task in tasks},
    }


@contextmanager
def _empty_database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="wardcycle-") as folder:
        database = Database(f"sqlite:///{folder}/simulation.db", durable=False)
        upgrade(database)
        try:
            yield database
        finally:
            database.dispose()


def _write_hospital(session: Session, scenario: Scenario) -> None:
    given = scenario.hospital
    units = {slug: Unit(slug=slug, name_en=slug, name_zh=slug) for slug in given.units}
    people = {
        slug: Person(slug=slug, name=person.name, email=person.email, language=person.language)
        for slug, person in given.people.items()
    }
    session.add_all([*units.values(), *people.values()])
    session.flush()
    for slug, unit in given.units.items():
        units[slug].parent_id = units[unit.parent].id if unit.parent else None
    for held in given.roles:
        person, unit_id = people[held.person].id, units[held.unit].id
        session.add(
            RoleHolding(person_id=person, role=held.role, unit_id=unit_id, from_on=held.since, until_on=held.until)
        )
    for away in given.absences:
        person, stand_in = people[away.person].id, people[away.stand_in].id
        session.add(Absence(person_id=person, from_on=away.since, until_on=away.until, stand_in_id=stand_in))
    people_changed(session)


def _copy(source: Database, target: Database) -> None:
    """Copy every row but those of the audit trail, which is chained in its own database."""
    with source.reading() as old, target.transaction(DOOR) as new:
        for table in Row.metadata.sorted_tables:
            if table.name in (Audit.__tablename__, AuditHead.__tablename__):
                continue
            if table.name == PeopleVersion.__tablename__:
                people_changed(new)
                continue
            rows = [dict(row) for row in old.execute(sa.select(table)).mappings()]
            if rows:
                new.execute(sa.insert(table), rows)
