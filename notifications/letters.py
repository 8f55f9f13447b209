"""What a message is written from: one joined read for a whole batch of deliveries."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from config.words import Text
from models.assessment import Assessment, AssessmentStatus
from models.cycle import Cycle, Stage
from models.notification import Attempt, AttemptOutcome, Delivery, Notification, NotificationKind
from models.people import Absence, Person, Unit
from models.records import Record, record_from
from models.task import Decision, Task, TaskOwner
from notifications.progress import StageMark

# Kinds for which a second copy does less harm than silence.
URGENT = frozenset({NotificationKind.ESCALATION, NotificationKind.DECISION, NotificationKind.ALARM})
# What goes by the channel it was written for and by no other: the next one may be read by somebody else.
ALONE = frozenset({NotificationKind.INVITATION, NotificationKind.CODE})
# Kinds whose mail shows the chart of the assessment that their facts name.
CHARTED = frozenset({NotificationKind.SIGNAL})
# Kinds whose mail shows where the cycle stands.
PICTURED = frozenset({NotificationKind.ASSIGNED, NotificationKind.CLOSED})


NOTHING = Text("", "")


@dataclass(frozen=True)
class Item:
    """One message within a digest."""

    notification_id: int
    kind: NotificationKind
    rung: str
    level: int
    facts: Mapping[str, str]
    code: str
    cycle: Text
    task: Text
    deadline_at: datetime | None
    decision: str
    instead_of: str


@dataclass(frozen=True)
class Letter:
    """Everything that the templates may say of one delivery. Moments are aware UTC; absent parts are empty or None."""

    delivery_id: int
    notification_id: int
    rank: int
    channel: str
    epoch: int
    n_attempts: int
    kind: NotificationKind
    rung: str
    level: int
    urgent: bool
    mark: str  # the same for every copy of this delivery, so that receivers can tell a repeat
    facts: Mapping[str, str]
    person: str
    email: str | None
    language: str
    channels: tuple[str, ...]
    addresses: str
    instead_of: str = ""
    away_until: date | None = None
    code: str = ""
    cycle_id: int | None = None
    cycle: Text = NOTHING
    unit: Text = NOTHING
    lead: str = ""
    task_id: int | None = None
    task_slug: str = ""
    task: Text = NOTHING
    deadline_at: datetime | None = None
    decision: str = ""
    stage: Text = NOTHING  # that a decision is about
    owners: tuple[str, ...] = ()
    answer_token: str = ""  # of the link by which this person may answer
    own_token: str = ""  # of the link by which this person may change how they are told
    items: tuple[Item, ...] = ()  # of a digest
    rhythm: str = "at-once"
    is_lead: bool = False  # of the cycle
    owner_role: str = ""
    repeat: bool = False  # an earlier copy was sent and nobody knows whether it arrived
    stages: tuple[StageMark, ...] = ()  # of the cycle, for kinds that show where it stands
    record: Record | None = None  # of the assessment, for kinds that show its chart


def gather(session: Session, delivery_ids: Sequence[int], *, on: date) -> dict[int, Letter]:
    """Read what the messages of a batch need: few queries, however many deliveries. `on`: today, for absences."""
    rows = {row.delivery_id: row for row in session.execute(_JOINED, {"ids": list(delivery_ids), "on": on})}
    owners = _owners(session, {row.task_id for row in rows.values() if row.task_id is not None})
    repeats = _unknown_before(session, delivery_ids)
    stages = _stages(session, {row.cycle_id for row in rows.values() if row.kind in PICTURED and row.cycle_id})
    letters = {key: _letter(row, owners.get(row.task_id, ()), key in repeats) for key, row in rows.items()}
    records = _records(session, [one for one in letters.values() if one.kind in CHARTED])
    return {
        key: replace(one, stages=stages.get(one.cycle_id, ())) if one.kind in PICTURED
        else replace(one, record=records.get(one.facts.get("assessment", ""))) if one.kind in CHARTED
        else one
        for key, one in letters.items()
    }  # fmt: skip


_for, _lead = aliased(Person), aliased(Person)
_JOINED = (
    sa.select(
        col(Delivery.id).label("delivery_id"),
        Delivery.notification_id, Delivery.rank, Delivery.channel, Delivery.epoch, Delivery.n_attempts,
        Notification.key, Notification.kind, Notification.rung, Notification.level, Notification.urgent,
        Notification.planned_at, Notification.facts, Notification.task_id, Notification.cycle_id,
        Person.name, Person.email, Person.language, Person.channels, Person.addresses, Person.digest,
        col(_for.name).label("instead_of"), col(Absence.until_on).label("away_until"),
        Cycle.code, col(Cycle.title_en).label("cycle_en"), col(Cycle.title_zh).label("cycle_zh"),
        Unit.name_en, Unit.name_zh, col(_lead.name).label("lead"),
        (col(Cycle.lead_id) == col(Notification.person_id)).label("is_lead"), Task.owner_role,
        Task.slug, Task.title_en, Task.title_zh, Task.deadline_at,
        col(Decision.kind).label("decision"),
        col(Stage.title_en).label("stage_en"), col(Stage.title_zh).label("stage_zh"),
    )  # type: ignore[call-overload]
    .select_from(Delivery)
    .join(Notification, col(Notification.id) == Delivery.notification_id)
    .join(Person, col(Person.id) == Notification.person_id)
    .outerjoin(_for, col(_for.id) == Notification.for_id)
    .outerjoin(
        Absence,
        sa.and_(
            col(Absence.person_id) == Notification.for_id,
            col(Absence.from_on) <= sa.bindparam("on"),
            col(Absence.until_on) >= sa.bindparam("on"),
        ),
    )
    .outerjoin(Cycle, col(Cycle.id) == Notification.cycle_id)
    .outerjoin(Unit, col(Unit.id) == Cycle.unit_id)
    .outerjoin(_lead, col(_lead.id) == Cycle.lead_id)
    .outerjoin(Task, col(Task.id) == Notification.task_id)
    .outerjoin(Decision, col(Decision.id) == Notification.decision_id)
    .outerjoin(Stage, col(Stage.id) == Decision.stage_id)
    .where(col(Delivery.id).in_(sa.bindparam("ids", expanding=True)))
)  # fmt: skip


def _owners(session: Session, task_ids: set[int]) -> dict[int | None, tuple[str, ...]]:
    if not task_ids:
        return {}
    owned = (
        sa.select(col(TaskOwner.task_id), col(Person.name))
        .join(Person, col(Person.id) == TaskOwner.person_id)
        .where(col(TaskOwner.task_id).in_(task_ids))
        .order_by(col(Person.id))
    )
    names: dict[int | None, tuple[str, ...]] = defaultdict(tuple)
    for task_id, name in session.execute(owned).tuples():
        names[task_id] = (*names[task_id], name)
    return names


def _stages(session: Session, cycle_ids: set[int]) -> dict[int | None, tuple[StageMark, ...]]:
    if not cycle_ids:
        return {}
    chosen = (
        sa.select(col(Stage.cycle_id), col(Stage.title_en), col(Stage.title_zh), col(Stage.status))
        .where(col(Stage.cycle_id).in_(cycle_ids))
        .order_by(col(Stage.cycle_id), col(Stage.position))
    )
    found: dict[int | None, tuple[StageMark, ...]] = defaultdict(tuple)
    for cycle_id, en, zh, status in session.execute(chosen).tuples():
        found[cycle_id] = (*found[cycle_id], StageMark(Text(en, zh), status))
    return found


def _records(session: Session, letters: Sequence[Letter]) -> dict[str, Record]:
    named = {one.facts.get("assessment", "") for one in letters}
    ids = [int(each) for each in named if each.isascii() and each.isdigit()]
    if not ids:
        return {}
    chosen = sa.select(col(Assessment.id), col(Assessment.record)).where(
        col(Assessment.id).in_(ids), col(Assessment.status) == AssessmentStatus.DONE
    )
    return {str(key): record_from(written) for key, written in session.execute(chosen).tuples()}


def _unknown_before(session: Session, delivery_ids: Sequence[int]) -> frozenset[int]:
    unknown = sa.select(col(Attempt.delivery_id)).where(
        col(Attempt.delivery_id).in_(delivery_ids), col(Attempt.outcome) == AttemptOutcome.UNKNOWN
    )
    return frozenset(session.execute(unknown).scalars())


def _letter(row: sa.Row[tuple[object, ...]], owners: tuple[str, ...], repeat: bool) -> Letter:
    return Letter(
        delivery_id=row.delivery_id,
        notification_id=row.notification_id,
        rank=row.rank,
        channel=row.channel,
        epoch=row.epoch,
        n_attempts=row.n_attempts,
        kind=row.kind,
        rung=row.rung,
        level=row.level,
        urgent=row.urgent or row.kind in URGENT,
        mark=_mark(row.delivery_id, row.key, row.planned_at),
        facts=read_facts(row.facts),
        person=row.name,
        email=row.email,
        language=row.language,
        channels=(row.channel,) if row.kind in ALONE else _slugs(row.channels) or ("email",),
        addresses=row.addresses,
        rhythm=row.digest.value,
        is_lead=bool(row.is_lead),
        owner_role=row.owner_role or "",
        instead_of=row.instead_of or "",
        away_until=row.away_until,
        code=row.code or "",
        cycle_id=row.cycle_id,
        cycle=Text(row.cycle_en or "", row.cycle_zh or ""),
        unit=Text(row.name_en or "", row.name_zh or ""),
        lead=row.lead or "",
        task_id=row.task_id,
        task_slug=row.slug or "",
        task=Text(row.title_en or "", row.title_zh or ""),
        deadline_at=row.deadline_at,
        decision=row.decision.value if row.decision else "",
        stage=Text(row.stage_en or "", row.stage_zh or ""),
        owners=owners,
        repeat=repeat,
    )


def read_facts(written: str) -> dict[str, str]:
    """Read the facts; what is no JSON object is nothing, so that one bad row is still told."""
    try:
        read = json.loads(written or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in read.items() if value is not None} if isinstance(read, dict) else {}


def _slugs(written: str) -> tuple[str, ...]:
    return tuple(slug.strip() for slug in written.split(",") if slug.strip())


def _mark(delivery_id: int, key: str, planned_at: datetime) -> str:
    # The id alone would be met again after a database was made anew, and receivers would drop the mail as a copy.
    return f"{delivery_id}.{hashlib.sha256(f'{key}|{planned_at.isoformat()}'.encode()).hexdigest()[:12]}"
