"""What people hear of an answer that is taken back: what is unsent is dropped, who was told is told so."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlmodel import col, select

from engine.case import Case, with_stand_ins
from engine.retelling import AS_OWNER, again
from models.audit import record
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from models.task import Answer, Decision, Outcome
from models.transitions import move

WHY = "taken back"
ANSWERED = "answered"  # the reason with which an answer drops and ends things
# Whoever was told one of these as owner knows that the task is theirs.
KNOWS_IT = (*AS_OWNER, NotificationKind.DECIDED, NotificationKind.DEADLINE)
# `held`: it may have arrived; `bundled`: it is in a digest that may be on its way.
_HEARD = (DeliveryStatus.SENT, DeliveryStatus.SENDING, DeliveryStatus.HELD, DeliveryStatus.BUNDLED)


def drop_what_followed(
    case: Case, answer: Answer, task_ids: Sequence[int], decision_ids: Collection[int]
) -> tuple[int, ...]:
    """Drop the unsent messages that an answer brought about; returns who has heard of it already."""
    followed = _followed(case, answer, task_ids, decision_ids)
    deed, values = case.deed, {"why": WHY, "settled_at": case.deed.now}
    queued = [one.id for one, _ in followed if one.status is DeliveryStatus.QUEUED]
    old, new = DeliveryStatus.QUEUED, DeliveryStatus.DROPPED
    move(deed.session, Delivery, queued, old, new, by=deed.by, now=deed.now, why=WHY, values=values)
    heard = (told.for_id or told.person_id for one, told in followed if one.status in _HEARD)
    return tuple(dict.fromkeys(heard))


def _followed(
    case: Case, answer: Answer, task_ids: Sequence[int], decision_ids: Collection[int]
) -> list[tuple[Delivery, Notification]]:
    """Read the messages of an answer: its receipts and its offer, the questions asked, the tasks opened."""
    of_it = col(Notification.key).startswith(f"answer:{answer.id}:")
    rows = case.deed.session.exec(
        select(Delivery, Notification)
        .join(Notification, col(Notification.id) == col(Delivery.notification_id))
        .where(
            Notification.cycle_id == case.cycle.id,
            sa.or_(of_it, col(Notification.decision_id).in_(decision_ids), col(Notification.task_id).in_(task_ids)),
        )
        .order_by(col(Delivery.id))
        .with_for_update(of=Delivery)
    )
    return list(rows)


def tell_taken_back(case: Case, answer: Answer, heard: Sequence[int]) -> None:
    """Tell those who had heard of the answer, and whoever gave it when the lead takes it back."""
    deed = case.deed
    for person in dict.fromkeys([*heard, answer.by_id]):
        if person == deed.by and person not in heard:
            continue
        deed.note(
            case.cycle,
            NotificationKind.TAKEN_BACK,
            f"answer:{answer.id}:taken-back",
            person,
            task_id=case.task.id,
            deadline_no=case.task.deadline_no,
            answer=answer.kind.value,
            who=deed.name(deed.by),
        )


def tell_again(case: Case, answer: Answer) -> None:
    """Tell again what was still to be sent about the task when the answer made it unwanted.

    Somebody who was given the task while it waited for a decision hears now that it is theirs; who had it, no more.
    """
    rows = case.deed.session.exec(
        select(Notification)
        .join(Delivery, col(Delivery.notification_id) == col(Notification.id))
        .where(
            Notification.task_id == case.task.id,
            Delivery.status == DeliveryStatus.DROPPED,
            Delivery.settled_at == answer.at,
            Delivery.why == ANSWERED,
        )
        .order_by(col(Notification.id))
    ).all()
    mark = f"undo-{answer.id}"
    notes = [
        again(row, person_id=row.for_id or row.person_id, mark=mark, at=case.deed.now)
        for row in {row.id: row for row in rows}.values()
        if _still_meant(case, row)
    ]
    case.deed.notes += notes
    for person in _unaware(case, {note.person_id for note in notes}):
        key, number = f"task:{case.task.id}:given:{mark}", case.task.deadline_no
        case.deed.note(case.cycle, NotificationKind.ASSIGNED, key, person, task_id=case.task.id, deadline_no=number)


def _still_meant(case: Case, row: Notification) -> bool:
    """Answer whether a message still says what is: the task, or the offer of it, may have gone to somebody else."""
    if row.kind in AS_OWNER:
        return (row.for_id or row.person_id) in case.owners
    if row.kind is not NotificationKind.HAND_OVER:
        return True
    offer = case.deed.session.get_one(Answer, int(row.key.split(":")[1]))
    return offer.by_id in with_stand_ins(case)


def _unaware(case: Case, told_now: Collection[int]) -> list[int]:
    """List the owners who have never been told that the task is theirs."""
    told = (
        select(Notification.for_id, Notification.person_id)
        .join(Delivery, col(Delivery.notification_id) == col(Notification.id))
        .where(
            Notification.task_id == case.task.id,
            col(Notification.kind).in_(KNOWS_IT),
            Delivery.status != DeliveryStatus.DROPPED,
        )
    )
    heard = {for_id or person_id for for_id, person_id in case.deed.session.exec(told)}
    return [person for person in case.owners if person not in heard | set(told_now)]


def reopen_escalations(case: Case, answer: Answer) -> None:
    """Ask again what the ladder had asked about the overdue task and the answer had made moot."""
    deed, reopened = case.deed, {"ended_at": None, "outcome": None, "decided_by": None, "why": ""}
    ended = (
        sa.update(Decision)
        .where(
            col(Decision.task_id) == case.task.id,
            col(Decision.outcome) == Outcome.MOOT,
            col(Decision.why) == ANSWERED,
            col(Decision.ended_at) == answer.at,
        )
        .values(reopened)
        .returning(col(Decision.id))
        .execution_options(synchronize_session=False)
    )
    for decision_id in sorted(deed.session.execute(ended).scalars()):
        before, after = {"outcome": Outcome.MOOT.value}, {"outcome": ""}
        record(deed.session, "decision.reopen", "decision", decision_id, by=deed.by, now=deed.now,
               before=before, after=after, why=WHY)  # fmt: skip
