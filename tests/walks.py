"""Cycles that walk the real verbs: launched, answered, decided; and what stands in the rows afterwards."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import TypeVar

from sqlmodel import Session, col, select

from config.catalogue import template_from
from config.shapes import Level, Template
from engine.case import Receipt
from engine.decisions import GivenDecision, Verdict, decide
from engine.evidence import GivenFile
from engine.launch import Launch, launch_cycle
from engine.people import directory
from engine.rules import Rules
from engine.sweep import Swept, sweep
from engine.tasks import GivenAnswer, submit_answer
from models.cycle import Cycle, Stage
from models.db import Database
from models.errors import WardcycleError
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from models.task import AnswerKind, Decision, Task

Part = Mapping[str, object]
Made = TypeVar("Made")
PDF = GivenFile(name="proof.pdf", content=b"%PDF-1.7 proof")


def words(text: str) -> dict[str, str]:
    """Write a title in both languages."""
    return {"en": text, "zh": text}


def task(slug: str, **other: object) -> dict[str, object]:
    """Describe a task of a template: the ward's quality officer has five working days, nothing to prove."""
    base = {"id": slug, "title": words(slug), "owner": "dept-quality-officer", "due": "5wd", "evidence": "none"}
    return base | other


def stage(slug: str, *tasks: Part, **other: object) -> dict[str, object]:
    """Describe a stage of a template."""
    return {"id": slug, "title": words(slug), "tasks": list(tasks)} | other


def template(*stages: Part, **other: object) -> dict[str, object]:
    """Describe a template."""
    base = {"id": "trial", "version": 1, "kind": "process", "title": words("Trial"), "stages": list(stages)}
    return base | other


ONE = template(stage("work", task("report")))


def with_template(rules: Rules, written: Part, ladder: Sequence[tuple[str, str]] | None = None) -> Rules:
    """Add a template to the rules, and give the standard ladder other levels if wanted."""
    policies = dict(rules.catalogue.policies)
    if ladder is not None:
        policies["standard"] = tuple(Level(after=after, to=to) for after, to in ladder)
    made, problems = template_from(written, roles=rules.catalogue.roles, policies=policies)
    assert isinstance(made, Template), [problem.text("en") for problem in problems]
    templates = {**rules.catalogue.templates, made.id: made}
    return replace(rules, catalogue=replace(rules.catalogue, templates=templates, policies=policies))


@dataclass
class Walk:
    """One cycle in a database and the verbs on it, each in a transaction of its own."""

    database: Database
    rules: Rules
    cycle_id: int
    door: str = "test"

    def answer(self, slug: str, kind: str, by: str, now: datetime, **parts: object) -> Receipt:
        """Give an answer; a note is written where none is given."""
        given = GivenAnswer.model_validate({"note": "as agreed", **parts, "kind": AnswerKind(kind)})
        with self.database.transaction(self.door) as session:
            who = directory(session).person(by).id
            return submit_answer(session, self.task_id(slug, session), given, rules=self.rules, by=who, now=now)

    def decide(self, slug: str, kind: str, by: str, now: datetime, **parts: object) -> Receipt:
        """Take a decision; a note is written where none is given."""
        given = GivenDecision.model_validate({"note": "decided", **parts, "kind": Verdict(kind)})
        with self.database.transaction(self.door) as session:
            who = directory(session).person(by).id
            return decide(session, self.task_id(slug, session), given, rules=self.rules, by=who, now=now)

    def run(self, verb: Callable[..., Made], row_id: int, by: str, now: datetime, **parts: object) -> Made:
        """Run another verb on a row of this cycle."""
        with self.database.transaction(self.door) as session:
            who = directory(session).person(by).id
            return verb(session, row_id, rules=self.rules, by=who, now=now, **parts)

    def sweep(self, now: datetime) -> Swept:
        """Sweep once."""
        return sweep(self.database, rules=self.rules, now=now, door=self.door)

    def sweep_until(self, now: datetime, until: datetime, every: timedelta = timedelta(hours=1)) -> None:
        """Sweep regularly up to a moment, that moment included."""
        while now < until:
            self.sweep(now)
            now += every
        self.sweep(until)

    def task_id(self, slug: str, session: Session | None = None) -> int:
        """Find a task of this cycle."""
        query = select(Task.id).where(Task.cycle_id == self.cycle_id, Task.slug == slug)
        if session is not None:
            return session.exec(query).one()
        with self.database.reading() as reading:
            return reading.exec(query).one()

    def task(self, slug: str) -> Task:
        """Read a task of this cycle."""
        with self.database.reading() as session:
            return session.exec(select(Task).where(Task.cycle_id == self.cycle_id, Task.slug == slug)).one()

    def cycle(self) -> Cycle:
        """Read the cycle."""
        with self.database.reading() as session:
            return session.get_one(Cycle, self.cycle_id)

    def stage(self, slug: str) -> Stage:
        """Read a stage of this cycle."""
        with self.database.reading() as session:
            return session.exec(select(Stage).where(Stage.cycle_id == self.cycle_id, Stage.slug == slug)).one()

    def decisions(self, *, pending: bool = False) -> list[Decision]:
        """Read what was asked of deciders, oldest first."""
        query = select(Decision).where(Decision.cycle_id == self.cycle_id).order_by(col(Decision.id))
        if pending:
            query = query.where(col(Decision.ended_at).is_(None))
        with self.database.reading() as session:
            return list(session.exec(query))

    def told(self, *kinds: str) -> list[tuple[str, str, str]]:
        """List what was written to the outbox of this cycle: kind, what (rung, level, or answer), person; sorted."""
        query = select(Notification).where(Notification.cycle_id == self.cycle_id)
        if kinds:
            query = query.where(col(Notification.kind).in_([NotificationKind(kind) for kind in kinds]))
        with self.database.reading() as session:
            people = directory(session).persons
            rows = session.exec(query.order_by(col(Notification.id))).all()
            return sorted(
                (row.kind.value, row.rung or str(row.level or ""), people[row.person_id].slug) for row in rows
            )

    def queued(self) -> list[tuple[str, str]]:
        """List what still waits to be sent: kind, person; sorted."""
        query = (
            select(Notification)
            .join(Delivery, col(Delivery.notification_id) == col(Notification.id))
            .where(Notification.cycle_id == self.cycle_id, Delivery.status == DeliveryStatus.QUEUED)
        )
        with self.database.reading() as session:
            people = directory(session).persons
            return sorted((row.kind.value, people[row.person_id].slug) for row in session.exec(query))


def launched(database: Database, rules: Rules, now: datetime, written: Part = ONE, **other: object) -> Walk:
    """Launch a cycle of ward 3 under ana; `other` are further fields of the launch."""
    rules = with_template(rules, written)
    fields: dict[str, object] = {"template": written["id"], "unit": "ward-3", "lead": "ana"} | other
    with database.transaction("test") as session:
        by = directory(session).person("ana").id
        cycle = launch_cycle(session, Launch.model_validate(fields), rules=rules, by=by, now=now)
        return Walk(database, rules, cycle.id)


def person_id(database: Database, slug: str) -> int:
    """Find a person."""
    with database.reading() as session:
        return directory(session).person(slug).id


def at_once(
    database: Database, acts: Sequence[Callable[[Database], Made]], *, durable: bool = True
) -> list[Made | WardcycleError]:
    """Run acts at the same moment, each in a thread with a connection of its own; a refusal is a result."""
    gate = Barrier(len(acts))
    url = database.url.render_as_string(hide_password=False)

    def run(act: Callable[[Database], Made]) -> Made | WardcycleError:
        own = Database(url, durable=durable)
        try:
            with suppress(Exception), own.reading() as session:
                session.connection()
            gate.wait(timeout=30)
            return act(own)
        except WardcycleError as error:
            return error
        finally:
            own.dispose()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
