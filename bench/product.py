"""The product's side: every timed step goes through its real verbs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bench.assess import Matrix, assess_round, due_at, fill
from bench.place import Place
from bench.populate import make_due, populate, queue
from bench.ward import FAR, START, TEMPLATE, make_rules, make_ward
from config.settings import Settings
from engine.launch import Launch, launch_cycle
from engine.people import directory
from engine.sweep import BATCH, sweep
from engine.tasks import GivenAnswer, submit_answer
from models.audit import Audit
from models.cycle import Cycle, CycleStatus, Stage
from models.db import Database
from models.errors import Refused
from models.migrations.upgrade import upgrade
from models.notification import Notification, NotificationKind
from models.task import AnswerKind, Task, TaskOwner, TaskStatus
from notifications.channels import voice_of
from notifications.deliver import deliver_due

# Receipts and notices of an end are more than the raw side writes: they are sent, but not counted here.
COUNTED = (NotificationKind.ASSIGNED, NotificationKind.REMINDER, NotificationKind.ESCALATION)
DONE = GivenAnswer(kind=AnswerKind.DONE, note="ok")
POPULATED = 250  # open tasks that mails are about, where no others are


class Product:
    """A hospital's database and the verbs on it."""

    name = "wardcycle"

    def __init__(self) -> None:
        self.rules = self.assessed_by = make_rules()
        self.assessed_at = START
        self._database: Database | None = None
        self.lead = self.first = self.n_open = self.n_queued = self.n_assessed = 0

    @property
    def database(self) -> Database:
        """The database that `reset` or `attach` opened."""
        assert self._database, "reset or attach first"
        return self._database

    def reset(self, place: Place) -> None:
        """Make an empty hospital."""
        self.close()
        place.clear()
        self._open(place)
        upgrade(self.database)
        self.first = self.n_open = self.n_queued = 0
        with self._transaction() as session:
            make_ward(session)
        self._know_lead()

    def attach(self, place: Place) -> None:
        """Open the hospital that another process has made."""
        self.close()
        self._open(place)
        self._know_lead()

    def populate(self, n_open: int) -> None:
        """Fill the hospital with open tasks."""
        with self._transaction() as session:  # planned for a day that never comes: it only gives its rows to copy
            launch = Launch(template=TEMPLATE, unit="ward", lead="lead", start=FAR)
            seed = launch_cycle(session, launch, rules=self.rules, by=self.lead, now=START).id
        self.first, self.n_open = populate(self.database, seed, n_open), n_open

    def launch(self, n: int) -> list[int]:
        """Launch cycles, one transaction each; returns their ids."""
        return [self._launch() for _ in range(n)]

    def all_tokens(self, cycle_id: int) -> list[str]:
        """Read the tokens of a cycle's tasks in the order of their stages."""
        with self.database.reading() as session:
            return list(session.exec(select(Task.token).where(Task.cycle_id == cycle_id).order_by(col(Task.id))))

    def answer(self, tokens: Sequence[str]) -> int:
        """Answer tasks, one transaction each; returns how many answers were taken."""
        return sum(self._answer(token) for token in tokens)

    def make_due(self, n_due: int, seed: int) -> datetime:
        """Make so many tasks due at the moment returned."""
        return make_due(self.database, self.first, self.n_open, n_due, seed)

    def sweep(self, now: datetime, batch: int = BATCH) -> int:
        """Sweep once, all of it; returns how many tasks fired."""
        return sweep(self.database, rules=self.rules, now=now, door="bench", batch=batch).n_fired

    def queue(self, n: int) -> None:
        """Queue mails about open tasks."""
        if not self.n_open:
            self.populate(POPULATED)
        with self._transaction() as session:
            open_tasks = select(Task.id, Task.cycle_id, TaskOwner.person_id).where(Task.status == TaskStatus.OPEN)
            joined = open_tasks.join(TaskOwner, col(TaskOwner.task_id) == Task.id).limit(n)
            known = [(task or 0, cycle, person) for task, cycle, person in session.exec(joined)]
            queue(session, [known[i % len(known)] for i in range(n)], first=self.n_queued, now=START)
        self.n_queued += n

    def dispatch(self, host: str, port: int) -> int:
        """Deliver all that is queued by mail; returns how many were sent."""
        settings = Settings(smtp_host=host, smtp_port=port)
        voice = voice_of(settings, self.rules.catalogue)
        return deliver_due(self.database, voice=voice, now=lambda: START + timedelta(minutes=1)).n_sent

    def assess_prepare(self, values: Matrix, rounds: int = 6) -> None:
        """Store series, one an indicator, with values for so many rounds; a schedule assesses them every month."""
        self.assessed_by, self.n_assessed = fill(self.database, self.rules, values, START, rounds), 0

    def next_month(self) -> None:
        """Come to the day on which the next month is assessed; what the last one left, its bulletin, is done before."""
        self.n_assessed += 1
        self.assessed_at = due_at(self.n_assessed, self.assessed_by)
        assess_round(self.database, self.assessed_by, self.assessed_at - timedelta(seconds=1))

    def assess(self) -> int:
        """Let the next month's round assess every indicator and keep the records; returns how many."""
        return assess_round(self.database, self.assessed_by, self.assessed_at)

    def counts(self) -> dict[str, int]:
        """Count what is durable; dup: pairs of notifications that tell one person the same thing twice."""
        same = sa.tuple_(col(Notification.task_id), col(Notification.deadline_no), col(Notification.rung),
                         col(Notification.level), col(Notification.person_id), col(Notification.kind))  # fmt: skip
        counted = col(Notification.kind).in_(COUNTED)
        twice = sa.select(sa.literal(1)).where(counted).group_by(*same.clauses).having(sa.func.count() > 1).subquery()
        with self.database.reading() as session:
            return {
                "tasks": _count(session, Task),
                "open": _count(session, Task, col(Task.status) == TaskStatus.OPEN),
                "stages": _count(session, Stage),
                "notifications": _count(session, Notification, counted),
                "audit": _count(session, Audit),
                "cycles_done": _count(session, Cycle, col(Cycle.status) == CycleStatus.CLOSED),
                "dup": session.execute(sa.select(sa.func.count()).select_from(twice)).scalar_one(),
            }

    def close(self) -> None:
        """Let the database go."""
        if self._database:
            self._database.dispose()
            self._database = None

    def _open(self, place: Place) -> None:
        self._database = Database(place.url.render_as_string(hide_password=False), journal="wal")

    def _know_lead(self) -> None:
        with self.database.reading() as session:
            self.lead = directory(session).person("lead").id

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self.database.transaction("bench") as session:
            yield session

    def _launch(self) -> int:
        launch = Launch(template=TEMPLATE, unit="ward", lead="lead")
        with self._transaction() as session:
            return launch_cycle(session, launch, rules=self.rules, by=self.lead, now=START).id

    def _answer(self, token: str) -> bool:
        """Answer as the owner whose link this is; the door finds task and person by the token."""
        try:
            with self._transaction() as session:
                task, person = session.execute(_BY_TOKEN, {"given": token}).one()
                submit_answer(session, task, DONE, rules=self.rules, by=person, now=START + timedelta(hours=1))
        except Refused:
            return False
        return True


_BY_TOKEN = (
    sa.select(col(TaskOwner.task_id), col(TaskOwner.person_id))
    .join(Task, col(Task.id) == TaskOwner.task_id)
    .where(col(Task.token) == sa.bindparam("given"))
    .limit(1)
)


def _count(session: Session, table: type[object], *where: sa.ColumnElement[bool]) -> int:
    found: int = session.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()
    return found
