"""Taking an answer back: for ten minutes, while nothing that followed from it was touched, and to where it was."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select

from engine.people import directory, people_changed
from engine.rules import Rules
from engine.stages import approve_stage
from engine.tasks import take_task
from engine.undo import UNDO_FOR, Overtaken, UndoneAlready, UndoTooLate, undo_answer
from models.cycle import StageStatus
from models.db import Database
from models.errors import CycleNotRunning, NotAllowed, NotFound, NothingToTake
from models.notification import Delivery, DeliveryStatus
from models.people import Absence
from models.task import Answer, Outcome, Task, TaskStatus
from models.transitions import move
from tests.invariants import hold
from tests.places import make_hospital
from tests.walks import ONE, PDF, Walk, at_once, launched, person_id, stage, task, template

CHAIN = template(
    stage("first", task("a"), task("b", owner="lead", after=["a"])),
    stage("second", task("c", owner="data-owner"), gate="do"),
    stage("third", task("d", owner="lead")),
)
ACCEPTED = template(stage("work", task("report", accept=True)))
PARTS: dict[str, dict[str, object]] = {
    "acknowledge": {},
    "done": {"evidence": (PDF,)},
    "extend": {"until": date(2026, 3, 20)},
    "hand-over": {"to": "gao"},
    "blocked": {},
}


def undo(walk: Walk, by: str, now: datetime, *, answer: int = 0) -> object:
    """Take back an answer, the newest one of the cycle unless told otherwise."""
    return walk.run(undo_answer, answer or answers(walk)[-1].id, by, now)


def answers(walk: Walk) -> list[Answer]:
    with walk.database.reading() as session:
        of_cycle = select(Answer).join(Task, col(Task.id) == col(Answer.task_id)).where(Task.cycle_id == walk.cycle_id)
        return list(session.exec(of_cycle.order_by(col(Answer.id))))


def send_all(walk: Walk, now: datetime) -> None:
    """Mark everything queued as sent, without a sender."""
    with walk.database.transaction("test") as session:
        queued = session.exec(select(Delivery.id).where(Delivery.status == DeliveryStatus.QUEUED))
        ids, settled = list(queued), {"settled_at": now}
        move(session, Delivery, ids, DeliveryStatus.QUEUED, DeliveryStatus.SENDING, by=None, now=now)
        move(session, Delivery, ids, DeliveryStatus.SENDING, DeliveryStatus.SENT, by=None, now=now, values=settled)


@pytest.mark.parametrize("kind", PARTS)
def test_each_answer_can_be_taken_back_to_where_the_task_was(
    database: Database, rules: Rules, now: datetime, kind: str
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, ONE if kind != "done" else template(stage("work", task("report"), task("x"))))
    send_all(walk, now)
    before, at = walk.task("report"), now + timedelta(hours=1)
    walk.answer("report", kind, "dee", at, **PARTS[kind])
    undo(walk, "dee", at + timedelta(minutes=9))
    assert walk.task("report") == before
    assert walk.decisions(pending=True) == []
    (answer,) = answers(walk)
    assert (answer.undone_at, answer.undone_by) == (at + timedelta(minutes=9), answer.by_id)
    # Nobody had heard of it: the receipts and the question were still to be sent, and nobody hears that it is gone.
    assert walk.queued() == []
    assert walk.told("taken-back") == []
    hold(database, at)


def test_the_minute_before_the_tenth_the_tenth_and_after(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    walk.answer("report", "blocked", "dee", now)
    for late in (UNDO_FOR, UNDO_FOR + timedelta(seconds=1), timedelta(days=2)):
        with pytest.raises(UndoTooLate, match="2026-03-02 09:30"):
            undo(walk, "dee", now + late)
    undo(walk, "dee", now + UNDO_FOR - timedelta(microseconds=1))
    with pytest.raises(UndoneAlready, match="Dee Park"):
        undo(walk, "dee", now + timedelta(minutes=5))
    assert walk.task("report").status is TaskStatus.OPEN
    hold(database, now)


def test_only_whoever_answered_or_the_lead_takes_it_back(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    walk.answer("report", "extend", "dee", now, until=date(2026, 3, 20))
    for by in ("bo", "eva", "gao"):
        with pytest.raises(NotAllowed, match="Dee Park, Ana Ferro"):
            undo(walk, by, now)
    with pytest.raises(NotFound, match=r"^There is no answer '999'\.$"):
        undo(walk, "dee", now, answer=999)
    undo(walk, "ana", now)
    assert walk.told("taken-back") == [("taken-back", "", "dee")], "who answered hears that the lead took it back"
    hold(database, now)


def test_who_was_told_hears_that_it_was_taken_back_and_the_rest_hears_nothing(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, CHAIN)
    send_all(walk, now)
    walk.answer("a", "done", "dee", now)
    send_all(walk, now)
    undo(walk, "dee", now + timedelta(minutes=1))
    assert walk.told("taken-back") == [("taken-back", "", "ana"), ("taken-back", "", "dee")]
    assert walk.queued() == [("taken-back", "ana"), ("taken-back", "dee")]
    hold(database, now)


def test_tasks_that_it_opened_wait_again_and_are_told_anew_when_they_open(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, CHAIN)
    walk.answer("a", "done", "dee", now)
    assert walk.task("b").status is TaskStatus.OPEN
    undo(walk, "dee", now + timedelta(minutes=1))
    b = walk.task("b")
    assert (b.status, b.deadline_at, b.opened_at, b.next_fire_at) == (TaskStatus.WAITING, None, None, None)
    assert ("assigned", "ana") not in walk.queued()
    later = now + timedelta(days=1)
    walk.answer("a", "done", "dee", later)
    b = walk.task("b")
    assert (b.status, b.deadline_no, b.opened_at) == (TaskStatus.OPEN, 2, later)
    assert ("assigned", "ana") in walk.queued()
    walk.sweep_until(later, later + timedelta(days=9))
    assert ("reminder", "-1wd", "ana") in walk.told("reminder")
    hold(database, later + timedelta(days=9), swept=True)


def test_a_stage_that_it_closed_is_open_again_with_the_next_one_waiting(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, CHAIN)
    walk.answer("a", "done", "dee", now)
    walk.answer("b", "done", "ana", now)
    assert (walk.stage("first").status, walk.stage("second").status) == (StageStatus.CLOSED, StageStatus.OPEN)
    undo(walk, "ana", now)
    first, second = walk.stage("first"), walk.stage("second")
    assert (first.status, first.open_count, first.closed_at) == (StageStatus.OPEN, 1, None)
    assert (second.status, second.opened_at, walk.task("c").status) == (StageStatus.WAITING, None, TaskStatus.WAITING)
    undo(walk, "dee", now, answer=answers(walk)[0].id)
    assert [walk.task(slug).status.value for slug in "abc"] == ["open", "waiting", "waiting"]
    for slug, by in (("a", "dee"), ("b", "ana"), ("c", "gao")):
        walk.answer(slug, "done", by, now)
    assert walk.stage("second").status is StageStatus.READY
    undo(walk, "gao", now)
    assert (walk.stage("second").status, walk.decisions(pending=True)) == (StageStatus.OPEN, [])
    walk.answer("c", "done", "gao", now)
    walk.run(approve_stage, walk.stage("second").id, "ana", now, note="fine")
    with pytest.raises(Overtaken, match="its stage has been closed"):
        undo(walk, "gao", now)
    walk.answer("d", "done", "ana", now)
    with pytest.raises(CycleNotRunning):
        undo(walk, "ana", now)
    hold(database, now)


def test_what_was_touched_downstream_stands_and_the_refusal_says_why(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, CHAIN)
    walk.answer("a", "acknowledge", "dee", now)
    walk.answer("a", "hand-over", "dee", now, to="gao")
    with pytest.raises(Overtaken, match="later answer"):
        undo(walk, "dee", now, answer=answers(walk)[0].id)
    walk.run(take_task, walk.task_id("a"), "gao", now)
    with pytest.raises(Overtaken, match="taken the task over"):
        undo(walk, "dee", now)
    walk.answer("a", "extend", "gao", now, until=date(2026, 3, 20))
    walk.decide("a", "refuse", "ana", now)
    with pytest.raises(Overtaken, match="decided"):
        undo(walk, "gao", now)
    walk.answer("a", "done", "gao", now)
    done = answers(walk)[-1].id
    walk.answer("b", "acknowledge", "ana", now)
    with pytest.raises(Overtaken, match="later answer"):
        undo(walk, "gao", now, answer=done)
    undo(walk, "ana", now)  # the acknowledgement itself
    undo(walk, "gao", now, answer=done)
    assert walk.task("a").status is TaskStatus.OPEN
    hold(database, now)


def test_an_accepted_answer_stands_and_one_that_waits_can_be_taken_back(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, ACCEPTED)
    walk.answer("report", "done", "dee", now)
    undo(walk, "dee", now)
    assert [one.outcome for one in walk.decisions()] == [Outcome.MOOT]
    walk.answer("report", "done", "dee", now)
    walk.decide("report", "return", "ana", now)
    with pytest.raises(Overtaken):
        undo(walk, "dee", now)
    hold(database, now)


def test_the_ladder_goes_on_where_it_stood_and_its_question_is_asked_again(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    overdue = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
    walk.sweep(overdue)
    before, asked = walk.task("report"), walk.decisions()
    walk.answer("report", "blocked", "dee", overdue)
    assert ("escalation", "bo") not in walk.queued()
    undo(walk, "dee", overdue + timedelta(minutes=3))
    assert walk.task("report") == before
    assert [one for one in walk.decisions() if one.kind.value == "overdue"] == asked
    assert ("escalation", "bo") in walk.queued(), "what was not yet sent is told after all"
    walk.decide("report", "grant", "bo", overdue + timedelta(minutes=4), until=date(2026, 3, 20))
    walk.sweep_until(overdue, overdue + timedelta(days=7), every=timedelta(hours=6))
    hold(database, overdue + timedelta(days=7), swept=True)


def test_an_offer_that_was_taken_back_cannot_be_taken(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    walk.answer("report", "hand-over", "dee", now, to="gao")
    undo(walk, "dee", now)
    with pytest.raises(NothingToTake):
        walk.run(take_task, walk.task_id("report"), "gao", now)
    hold(database, now)


def test_of_an_undo_and_a_decision_at_once_one_wins(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    walk.answer("report", "extend", "dee", now, until=date(2026, 3, 20))
    answer = answers(walk)[0].id

    def take_back(own: Database) -> object:
        return undo(Walk(own, walk.rules, walk.cycle_id), "dee", now, answer=answer)

    def grant(own: Database) -> object:
        return Walk(own, walk.rules, walk.cycle_id).decide("report", "grant", "ana", now)

    results = at_once(database, [take_back, take_back, grant])
    refused = [type(one).__name__ for one in results if isinstance(one, Exception)]
    assert len(refused) == 2, results
    assert (answers(walk)[0].undone_at is None) == (walk.decisions()[0].outcome is Outcome.GRANTED)
    hold(database, now)


def test_a_double_tap_on_acknowledge_is_one_answer_and_a_new_reminder_makes_it_two(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    first = walk.answer("report", "acknowledge", "dee", now)
    again = walk.answer("report", "acknowledge", "dee", now + timedelta(seconds=2))
    assert (again, len(answers(walk))) == (first, 1)
    results = at_once(
        database,
        [lambda own: Walk(own, walk.rules, walk.cycle_id).answer("report", "acknowledge", "dee", now)] * 3,
    )
    assert (len(answers(walk)), [isinstance(one, Exception) for one in results]) == (1, [False] * 3)
    walk.answer("report", "acknowledge", "dee", now, note="another note")
    walk.answer("report", "acknowledge", "ana", now, note="another note")
    walk.sweep(datetime(2026, 3, 6, 1, 0, tzinfo=UTC))
    walk.answer("report", "acknowledge", "ana", datetime(2026, 3, 6, 2, 0, tzinfo=UTC), note="another note")
    assert len(answers(walk)) == 4
    hold(database, now)


def test_the_stand_in_of_whoever_was_offered_a_task_can_take(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    walk.answer("report", "hand-over", "dee", now, to="gao")
    with pytest.raises(NothingToTake):
        walk.run(take_task, walk.task_id("report"), "chen", now)
    with database.transaction("test") as session:
        people = directory(session)
        gao, chen = people.person("gao").id, people.person("chen").id
        session.add(Absence(person_id=gao, from_on=now.date(), until_on=now.date(), stand_in_id=chen))
        people_changed(session)
    walk.run(take_task, walk.task_id("report"), "chen", now)
    assert [one.taken_by for one in answers(walk)] == [person_id(database, "chen")]
    walk.answer("report", "done", "chen", now)
    hold(database, now)
