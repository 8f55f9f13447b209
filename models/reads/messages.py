"""Who was told what, by which channel, and what each try brought."""

import json
from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.cycle import Cycle
from models.notification import Attempt, Delivery, DeliveryStatus, Notification, NotificationKind
from models.people import Person
from models.reads.names import NO_ONE, get_cycle, get_person, get_task, person_names
from models.reads.views import AttemptView, DeliveryView, MessageFilter, MessageView, Page, PersonName
from models.task import Decision, DecisionKind, Task, TaskStatus

UNREACHED = (DeliveryStatus.DEAD, DeliveryStatus.HELD)
ENDED = (TaskStatus.DONE, TaskStatus.STOPPED)


def list_notifications(
    session: Session, wanted: MessageFilter | None = None, *, limit: int = 50, offset: int = 0
) -> Page[MessageView]:
    """List notifications, newest first, with their deliveries and tries. Raises NotFound for an unknown name."""
    where = _where(session, wanted or MessageFilter())
    n_all = session.execute(sa.select(sa.func.count()).select_from(Notification).where(*where)).scalar_one()
    newest = select(Notification).where(*where).order_by(col(Notification.id).desc()).limit(limit).offset(offset)
    return Page(_views(session, session.exec(newest).all()), n_all)


def cycle_messages(session: Session, cycle_id: int) -> tuple[MessageView, ...]:
    """Read all messages of a cycle, newest first."""
    rows = session.exec(
        select(Notification).where(Notification.cycle_id == cycle_id).order_by(col(Notification.id).desc())
    )
    return _views(session, rows.all())


def unreached() -> sa.ColumnElement[bool]:
    """Ask of a notification: has every channel failed or kept silent, about work that is not finished?"""
    about = col(Delivery.notification_id) == col(Notification.id)
    failed = sa.exists().where(about, col(Delivery.status).in_(UNREACHED))
    hoped = sa.exists().where(about, col(Delivery.status).not_in(UNREACHED))
    ended = sa.exists().where(col(Task.id) == col(Notification.task_id), col(Task.status).in_(ENDED))
    return failed & ~hoped & ~ended


def _where(session: Session, wanted: MessageFilter) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = []
    if wanted.cycle:
        where.append(col(Notification.cycle_id) == get_cycle(session, wanted.cycle).id)
    if wanted.task:
        where.append(col(Notification.task_id) == get_task(session, wanted.task).id)
    if wanted.person:
        where.append(col(Notification.person_id) == get_person(session, wanted.person).id)
    if wanted.kind:
        where.append(col(Notification.kind) == wanted.kind)
    if wanted.status:
        about = col(Delivery.notification_id) == col(Notification.id)
        where.append(sa.exists().where(about, col(Delivery.status) == wanted.status))
    if wanted.untold:
        where.append(unreached())
    return where


def _views(session: Session, rows: Sequence[Notification]) -> tuple[MessageView, ...]:
    if not rows:
        return ()
    people = person_names(session, [p for row in rows for p in (row.person_id, row.for_id)])
    deliveries = _deliveries(session, [row.id for row in rows])
    places = _places(session, rows)
    return tuple(_view(row, people, deliveries.get(row.id, ()), places) for row in rows)


def _view(
    row: Notification,
    people: dict[int, PersonName],
    deliveries: tuple[DeliveryView, ...],
    places: tuple[dict[int, str], dict[int, str]],
) -> MessageView:
    codes, slugs = places
    return MessageView(
        id=row.id,
        kind=row.kind,
        code=codes.get(row.cycle_id or 0),
        task=slugs.get(row.task_id or 0),
        decision_id=row.decision_id,
        person=people.get(row.person_id, NO_ONE),
        instead_of=people.get(row.for_id or 0),
        rung=row.rung,
        level=row.level,
        urgent=row.urgent,
        planned_at=row.planned_at,
        facts={str(key): str(value) for key, value in json.loads(row.facts or "{}").items()},
        deliveries=deliveries,
    )


def _places(session: Session, rows: Sequence[Notification]) -> tuple[dict[int, str], dict[int, str]]:
    cycles, tasks = {row.cycle_id for row in rows if row.cycle_id}, {row.task_id for row in rows if row.task_id}
    codes = session.execute(sa.select(col(Cycle.id), col(Cycle.code)).where(col(Cycle.id).in_(cycles)))
    slugs = session.execute(sa.select(col(Task.id), col(Task.slug)).where(col(Task.id).in_(tasks)))
    return (
        {key: code for key, code in codes.tuples() if key is not None},
        {key: slug for key, slug in slugs.tuples() if key is not None},
    )


def _deliveries(session: Session, notification_ids: Sequence[int]) -> dict[int, tuple[DeliveryView, ...]]:
    """Read deliveries and tries of many notifications in two queries, by notification."""
    of_these = select(Delivery).where(col(Delivery.notification_id).in_(notification_ids))
    rows = session.exec(of_these.order_by(col(Delivery.notification_id), col(Delivery.rank))).all()
    tries = _attempts(session, [row.id for row in rows])
    found: dict[int, tuple[DeliveryView, ...]] = {}
    for row in rows:
        view = DeliveryView(
            id=row.id,
            rank=row.rank,
            channel=row.channel,
            status=row.status,
            next_try_at=row.next_try_at,
            settled_at=row.settled_at,
            unheard=row.unheard,
            why=row.why,
            attempts=tries.get(row.id, ()),
        )
        found[row.notification_id] = (*found.get(row.notification_id, ()), view)
    return found


def _attempts(session: Session, delivery_ids: Sequence[int]) -> dict[int, tuple[AttemptView, ...]]:
    of_these = select(Attempt).where(col(Attempt.delivery_id).in_(delivery_ids))
    found: dict[int, tuple[AttemptView, ...]] = {}
    for row in session.exec(of_these.order_by(col(Attempt.delivery_id), col(Attempt.no))):
        view = AttemptView(row.no, row.began_at, row.ended_at, row.outcome, row.why)
        found[row.delivery_id] = (*found.get(row.delivery_id, ()), view)
    return found


def asked_people(session: Session, decision_ids: Sequence[int]) -> dict[int, tuple[PersonName, ...]]:
    """Read who was told of each decision, by decision."""
    # An escalation and its decision are written at one moment; a request to decide names its decision.
    escalated = sa.and_(
        col(Notification.kind) == NotificationKind.ESCALATION,
        col(Notification.task_id) == col(Decision.task_id),
        col(Notification.level) == col(Decision.level),
        col(Notification.planned_at) == col(Decision.asked_at),
        col(Decision.kind) == DecisionKind.OVERDUE,
    )
    named = sa.and_(
        col(Notification.kind) == NotificationKind.DECISION, col(Notification.decision_id) == col(Decision.id)
    )
    told = (
        sa.select(col(Decision.id), col(Person.id), col(Person.slug), col(Person.name))
        .join(Notification, col(Notification.cycle_id) == col(Decision.cycle_id))
        .join(Person, col(Person.id) == col(Notification.person_id))
        .where(col(Decision.id).in_(decision_ids), named | escalated)
        .order_by(col(Notification.id))
    )
    found: dict[int, tuple[PersonName, ...]] = {}
    for decision_id, person_id, slug, name in session.execute(told).tuples() if decision_ids else ():
        one = PersonName(person_id, slug, name)
        if decision_id is not None and one not in found.get(decision_id, ()):
            found[decision_id] = (*found.get(decision_id, ()), one)
    return found
