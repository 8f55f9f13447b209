"""Telling the quality office of what could not be told."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.deed import Deed
from engine.outbox import Note
from engine.rules import Rules
from models.notification import UNHEARD, Delivery, DeliveryStatus, Notification, NotificationKind

MOST = 200


def raise_alarms(session: Session, *, rules: Rules, now: datetime) -> int:
    """Alarm the quality office once for each delivery that is dead or held; returns how many deliveries there were."""
    found = session.exec(_NEXT).all()
    deed = Deed(session, rules, None, now)
    for delivery, notification in found:
        if notification.kind is not NotificationKind.ALARM:  # an alarm about an alarm would never end
            _alarm(deed, delivery, notification)
    ids = [delivery.id for delivery, _ in found]
    session.execute(sa.update(Delivery).where(col(Delivery.id).in_(ids)).values(unheard=False))
    deed.finish()
    return len(ids)


_NEXT = (
    select(Delivery, Notification)
    .join(Notification)
    .where(UNHEARD)
    .order_by(col(Delivery.id))
    .limit(MOST)
    .with_for_update(of=Delivery, skip_locked=True)
)


def _alarm(deed: Deed, delivery: Delivery, notification: Notification) -> None:
    person = deed.people.persons[notification.person_id]
    facts = {
        "alarm": "held" if delivery.status is DeliveryStatus.HELD else "dead",
        "person": person.name,
        "why": delivery.why,
    }
    key, about = f"alarm:delivery:{delivery.id}", (notification.cycle_id, notification.task_id)
    deed.notes += [
        Note(key, NotificationKind.ALARM, office, deed.now, *about, facts=facts)
        for office in deed.people.office(deed.today)
    ]
