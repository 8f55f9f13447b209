"""What a digest says at its send: of all that went into it, what is still wanted."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from config.words import Text
from models.cycle import Cycle
from models.notification import ASKING, Delivery, DeliveryStatus, Notification, NotificationKind
from models.people import Person
from models.task import Decision, Task
from models.transitions import move
from notifications.bundle import NEWER
from notifications.claim import unwanted
from notifications.letters import URGENT, Item, Letter, read_facts
from notifications.links import LINKED, add_links

DECIDED_ON_PAGE = frozenset({NotificationKind.DECISION, NotificationKind.ESCALATION})
NOTHING_LEFT = "nothing in it is wanted any more"


def fill(session: Session, letter: Letter, *, channels: Collection[str], now: datetime) -> Letter:
    """Give a digest what it lists; what nobody needs any more is dropped with its reason. Other letters stay.

    channels: those where an address is one person's own; there each task that may be answered gets its link.
    """
    if letter.kind is not NotificationKind.DIGEST:
        return letter
    wanted: list[Item] = []
    dropped: dict[str, list[int]] = defaultdict(list)
    reminded: set[int] = set()
    for row in session.connection().execute(_MEMBERS, {"digest": letter.notification_id}):
        why = unwanted(row) or (NEWER if row.task_id in reminded and row.kind is NotificationKind.REMINDER else "")
        if row.kind is NotificationKind.REMINDER and not why:
            reminded.add(row.task_id)
        if why:
            dropped[why].append(row.delivery_id)
        else:
            wanted.append(_item(row))
    for why, ids in dropped.items():
        values = {"why": why, "settled_at": now}
        move(session, Delivery, ids, DeliveryStatus.BUNDLED, DeliveryStatus.DROPPED,
             by=None, now=now, why=why, values=values)  # fmt: skip
    if letter.channel in channels:
        add_links(session, [one.notification_id for one in wanted if may_answer(one)], now=now)
    return replace(letter, items=tuple(sorted(wanted, key=_first)))


def is_empty(letter: Letter) -> bool:
    """Answer whether a digest has nothing left to say."""
    return letter.kind is NotificationKind.DIGEST and not letter.items


def may_answer(item: Item) -> bool:
    """Answer whether the person may answer or decide this on a page of its own."""
    opens = (item.kind in LINKED and bool(item.task.en)) or item.kind in DECIDED_ON_PAGE
    return opens and item.facts.get("instead") != "no-address"


_LAST = datetime.max.replace(tzinfo=UTC)


def _first(item: Item) -> tuple[object, ...]:
    """Decisions first, then what asks for an answer by its deadline, then news."""
    rank = 0 if item.kind in URGENT else 1 if item.kind in ASKING else 2
    return rank, item.deadline_at or _LAST, item.notification_id


_for = aliased(Person)
_MEMBERS = (
    sa.select(
        col(Delivery.id).label("delivery_id"), col(Notification.id).label("notification_id"),
        Notification.kind, Notification.rung, Notification.level, Notification.facts, Notification.deadline_no,
        Notification.task_id, col(_for.name).label("instead_of"),
        Cycle.code, col(Cycle.title_en).label("cycle_en"), col(Cycle.title_zh).label("cycle_zh"),
        col(Cycle.status).label("cycle_status"),
        Task.title_en, Task.title_zh, Task.deadline_at, col(Task.status).label("task_status"),
        col(Task.deadline_no).label("task_deadline_no"), col(Decision.kind).label("decision"), Decision.ended_at,
    )  # type: ignore[call-overload]
    .select_from(Notification)
    .join(Delivery, col(Delivery.notification_id) == Notification.id)
    .outerjoin(_for, col(_for.id) == Notification.for_id)
    .outerjoin(Task, col(Task.id) == Notification.task_id)
    .outerjoin(Cycle, col(Cycle.id) == Notification.cycle_id)
    .outerjoin(Decision, col(Decision.id) == Notification.decision_id)
    .where(col(Notification.digest_id) == sa.bindparam("digest"), col(Delivery.status) == DeliveryStatus.BUNDLED)
    .order_by(col(Notification.id).desc())  # of a task's reminders the newest first
)  # fmt: skip


def _item(row: sa.Row[tuple[object, ...]]) -> Item:
    return Item(
        notification_id=row.notification_id,
        kind=row.kind,
        rung=row.rung,
        level=row.level,
        facts=read_facts(row.facts),
        code=row.code or "",
        cycle=Text(row.cycle_en or "", row.cycle_zh or ""),
        task=Text(row.title_en or "", row.title_zh or ""),
        deadline_at=row.deadline_at,
        decision=row.decision.value if row.decision else "",
        instead_of=row.instead_of or "",
    )
