"""A person leaves: everything open goes to somebody else in one transaction, and nothing is left without an owner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.words import Text
from engine.absences import absences_of, circle_words, find_circle
from engine.outbox import Note, tell
from engine.people import directory, people_changed
from engine.retelling import take_back
from engine.rules import Rules
from models.audit import record
from models.cycle import Cycle, CycleStatus
from models.errors import Refused
from models.links import AnswerLink
from models.notification import Notification, NotificationKind
from models.people import Absence, Person, RoleHolding
from models.task import Task, TaskOwner, TaskStatus

ONE_DAY = timedelta(days=1)
ENDED_TASKS = (TaskStatus.DONE, TaskStatus.STOPPED)
ENDED_CYCLES = (CycleStatus.CLOSED, CycleStatus.CANCELLED)


class LeaveRefused(Refused):
    """The hand-over was not made: {what}"""

    zh = "没有完成交接：{what}"


@dataclass(frozen=True)
class Left:
    """How much went to the other person."""

    n_tasks: int
    n_cycles: int
    n_roles: int
    n_absences: int = 0


@dataclass(frozen=True)
class _HandOver:
    """One run of the verb. `from_on`: the first day on which the leaver holds no role any more."""

    session: Session
    leaver: Person
    to: Person
    from_on: date
    why: str
    by: int | None
    now: datetime

    @property
    def leaver_id(self) -> int:
        return self.leaver.id

    @property
    def to_id(self) -> int:
        return self.to.id

    def record(self, what: str, entity: str, entity_id: int, before: object, after: object) -> None:
        record(
            self.session,
            what,
            entity,
            entity_id,
            by=self.by,
            now=self.now,
            why=self.why,
            before={"value": before},
            after={"value": after},
        )


def leave(
    session: Session, person: str, *, to: str, on: date, rules: Rules, by: int | None, why: str, now: datetime
) -> Left:
    """Hand over everything open of a person who is gone from `on`, now: tasks, cycles led, roles, places as stand-in.

    A hand-over ahead of time moves the roles today: a task that opens before `on` would otherwise still go to the
    leaver. A second call hands over what has come since.
    Raises NotFound, LeaveRefused when `to` cannot take over.
    """
    people = directory(session)
    leaver, taker = people.person(person), people.person(to)
    today = rules.calendar.local_date(now)
    _check(leaver, taker)
    hand = _HandOver(session, leaver, taker, min(on, today), why, by, now)
    n_absences = _give_stand_ins(hand)
    tasks = _give_tasks(hand)
    led = _give_cycles(hand)
    left = Left(len(tasks), len(led), _give_roles(hand), n_absences)
    _say_left(hand, on)
    _revoke_links(hand)
    people_changed(session)
    # Read again who holds what before anybody is told.
    asked = take_back(session, hand.leaver_id, hand.to_id, tasks, by=by, now=now)
    tell(session, [*_handed(hand, tasks), *_lead_now(hand, led), *asked], rules=rules, now=now)
    return left


def _check(leaver: Person, taker: Person) -> None:
    if leaver.id == taker.id:
        raise LeaveRefused(what=Text("Nobody can take over from themselves", "不能交接给本人"))
    if taker.left_on is not None:
        what = Text(f"{taker.name} leaves too, on {taker.left_on}", f"{taker.name} 也于 {taker.left_on} 离职")
        raise LeaveRefused(what=what)


def _give_tasks(hand: _HandOver) -> Sequence[Task]:
    owned = (
        select(Task)
        .join(TaskOwner, col(TaskOwner.task_id) == col(Task.id))
        .where(TaskOwner.person_id == hand.leaver_id, col(Task.status).not_in(ENDED_TASKS))
        .order_by(col(Task.id))
    )
    tasks = hand.session.exec(owned.with_for_update(of=Task)).all()
    ids = [task.id for task in tasks]
    owners = _owners(hand.session, ids)
    mine = (col(TaskOwner.person_id) == hand.leaver_id, col(TaskOwner.task_id).in_(ids))
    hand.session.execute(sa.delete(TaskOwner).where(*mine))
    missing = [{"task_id": task_id, "person_id": hand.to_id} for task_id in ids if hand.to_id not in owners[task_id]]
    if missing:
        hand.session.execute(sa.insert(TaskOwner), missing)
    for task_id in ids:
        after = sorted({hand.to_id, *owners[task_id]} - {hand.leaver_id})
        hand.record("task.give", "task", task_id, sorted(owners[task_id]), after)
    return tasks


def _owners(session: Session, task_ids: Sequence[int]) -> Mapping[int, list[int]]:
    owners: dict[int, list[int]] = {task_id: [] for task_id in task_ids}
    for row in session.exec(select(TaskOwner).where(col(TaskOwner.task_id).in_(task_ids))):
        owners[row.task_id].append(row.person_id)
    return owners


def _give_cycles(hand: _HandOver) -> list[int]:
    led = (col(Cycle.lead_id) == hand.leaver_id, col(Cycle.status).not_in(ENDED_CYCLES))
    given = sa.update(Cycle).where(*led).values(lead_id=hand.to_id).returning(col(Cycle.id))
    ids = sorted(hand.session.execute(given).scalars())
    for cycle_id in ids:
        hand.record("cycle.lead", "cycle", cycle_id, hand.leaver_id, hand.to_id)
    return ids


def _give_roles(hand: _HandOver) -> int:
    """End the roles that go on, the day before, and begin them for the other person with the same end."""
    session = hand.session
    held = session.exec(
        select(RoleHolding)
        .where(
            RoleHolding.person_id == hand.leaver_id,
            sa.or_(col(RoleHolding.until_on).is_(None), col(RoleHolding.until_on) >= hand.from_on),
        )
        .order_by(col(RoleHolding.id))
    ).all()
    for holding in held:
        begins = max(holding.from_on or hand.from_on, hand.from_on)
        facts = {"role": holding.role, "unit": holding.unit_id, "from": begins, "until": holding.until_on}
        _begin_role(hand, holding, begins)
        if holding.from_on is not None and holding.from_on >= hand.from_on:
            session.delete(holding)  # it never began
        else:
            holding.until_on = hand.from_on - ONE_DAY
            session.add(holding)
        session.flush()
        hand.record("role.give", "role", holding.id, hand.leaver_id, {"person": hand.to_id, **facts})
    return len(held)


def _begin_role(hand: _HandOver, holding: RoleHolding, begins: date) -> None:
    """Give a role, unless the other person holds it all that time already."""
    theirs = hand.session.exec(
        select(RoleHolding).where(
            RoleHolding.person_id == hand.to_id,
            RoleHolding.role == holding.role,
            RoleHolding.unit_id == holding.unit_id,
        )
    ).all()
    end = holding.until_on or date.max
    if any((one.from_on or date.min) <= begins and (one.until_on or date.max) >= end for one in theirs):
        return
    same_day = next((one for one in theirs if one.from_on == begins), None)
    row = same_day or RoleHolding(
        person_id=hand.to_id, role=holding.role, unit_id=holding.unit_id, from_on=begins, until_on=None
    )
    row.until_on = holding.until_on
    hand.session.add(row)
    hand.session.flush()


def _give_stand_ins(hand: _HandOver) -> int:
    """Let the other person stand in where the leaver would; refused when that cannot be."""
    away = absences_of(hand.session)
    mine = [one for aways in away.values() for one in aways if one.stand_in == hand.leaver.slug]
    mine = [one for one in mine if one.last >= hand.from_on]
    given = {
        person: [replace(one, stand_in=hand.to.slug) if one in mine else one for one in aways]
        for person, aways in away.items()
    }
    for one in mine:
        circle = find_circle(replace(one, stand_in=hand.to.slug), given)
        if circle:
            dates = Text(
                f"{one.person} is away from {one.first} to {one.last} and {hand.leaver.slug} stands in; name somebody"
                f" else for that first. {circle_words(circle).en}",
                f"{one.person} 于 {one.first} 至 {one.last} 不在，由 {hand.leaver.slug} 代理；请先另选代理人。"
                f"{circle_words(circle).zh}",
            )
            raise LeaveRefused(what=dates)
    rows = hand.session.exec(
        select(Absence)
        .where(Absence.stand_in_id == hand.leaver_id, col(Absence.until_on) >= hand.from_on)
        .order_by(col(Absence.id))
    ).all()
    for row in rows:
        row.stand_in_id = hand.to_id
        hand.session.add(row)
        hand.session.flush()
        hand.record("absence.give", "absence", row.id, hand.leaver_id, hand.to_id)
    return len(rows)


def _say_left(hand: _HandOver, on: date) -> None:
    if hand.leaver.left_on == on:
        return
    hand.session.execute(sa.update(Person).where(col(Person.id) == hand.leaver_id).values(left_on=on))
    hand.record("person.leave", "person", hand.leaver_id, hand.leaver.left_on, on)


def _revoke_links(hand: _HandOver) -> None:
    """Close the links of the messages that the leaver still has."""
    told = sa.select(col(Notification.id)).where(col(Notification.person_id) == hand.leaver_id)
    theirs = (col(AnswerLink.notification_id).in_(told), col(AnswerLink.revoked_at).is_(None))
    hand.session.execute(sa.update(AnswerLink).where(*theirs).values(revoked_at=hand.now))


def _lead_now(hand: _HandOver, cycle_ids: Sequence[int]) -> list[Note]:
    """Tell the new lead of each cycle: what its owners ask and what its stages wait for is theirs to decide."""
    facts = {"who": hand.leaver.name} | ({"note": hand.why} if hand.why else {})
    return [
        Note(
            key=f"cycle:{cycle_id}:lead-from-{hand.leaver_id}",
            kind=NotificationKind.LEAD,
            person_id=hand.to_id,
            at=hand.now,
            cycle_id=cycle_id,
            facts=facts,
        )
        for cycle_id in cycle_ids
    ]


def _handed(hand: _HandOver, tasks: Sequence[Task]) -> list[Note]:
    """Tell the new owner of each task that has opened; the others tell when they open."""
    rushed = select(Cycle.id).where(col(Cycle.id).in_({task.cycle_id for task in tasks}), col(Cycle.urgent))
    urgent = set(hand.session.exec(rushed))
    return [
        Note(
            key=f"task:{task.id}:{task.deadline_no}:assigned:handed",
            kind=NotificationKind.ASSIGNED,
            person_id=hand.to_id,
            at=hand.now,
            cycle_id=task.cycle_id,
            task_id=task.id,
            deadline_no=task.deadline_no,
            urgent=task.cycle_id in urgent,
            facts={"note": hand.why} if hand.why else {},
        )
        for task in tasks
        if task.status in (TaskStatus.OPEN, TaskStatus.DECIDING)
    ]
