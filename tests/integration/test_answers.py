"""Answers: each kind, each missing part, who may give one, and who wins when many do at once."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlmodel import col, select

from config.calendar import calendar_of
from config.catalogue import read_catalogue
from engine.case import Receipt
from engine.changes import move_deadline, reassign_task
from engine.cycles import cancel_cycle, pause_cycle
from engine.evidence import MOST_MB, GivenFile
from engine.people import people_changed
from engine.rules import Rules
from engine.tasks import take_task
from models.cycle import CycleStatus, StageStatus
from models.db import Database
from models.errors import (
    AlreadyAnswered,
    CycleNotRunning,
    DatabaseBusy,
    DateInThePast,
    DateMissing,
    DateNotLater,
    EvidenceMissing,
    EvidenceRefused,
    EvidenceTooLarge,
    NotAllowed,
    NoteMissing,
    NotFound,
    NothingToTake,
    PersonMissing,
    ReasonMissing,
    Stranger,
    TaskClosed,
    WardcycleError,
)
from models.people import Absence, Person, RoleHolding, Unit
from models.task import Answer, Evidence, TaskOwner, TaskStatus
from tests.invariants import hold
from tests.places import make_hospital
from tests.walks import PDF, Walk, at_once, launched, person_id, stage, task, template

PROVEN = template(stage("work", task("report", evidence="required")))
SHARED = template(stage("work", task("count", owner="data-owner"), task("other")))


def answers(database: Database) -> list[Answer]:
    with database.reading() as session:
        return list(session.exec(select(Answer).order_by(col(Answer.id))))


def owners(walk: Walk, slug: str) -> list[int]:
    with walk.database.reading() as session:
        return list(session.exec(select(TaskOwner.person_id).where(TaskOwner.task_id == walk.task_id(slug))))


def test_done_closes_the_task_its_stage_and_the_cycle_and_gives_receipts(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    receipt = walk.answer("report", "done", "dee", now)
    assert (receipt.status, receipt.cycle_status) == (TaskStatus.DONE, CycleStatus.CLOSED)
    assert (receipt.by_name, receipt.at, receipt.task) == ("Dee Park", now, "report")
    assert walk.task("report").done_by == person_id(database, "dee")
    assert walk.told("receipt", "closed") == [
        ("closed", "", "ana"),
        ("closed", "", "eva"),
        ("receipt", "", "ana"),
        ("receipt", "", "dee"),
    ]
    hold(database, now)


def test_acknowledging_changes_nothing_but_the_record(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    before = walk.task("report")
    walk.answer("report", "acknowledge", "dee", now, note="")
    assert walk.task("report") == before
    assert walk.told("receipt") == [("receipt", "", "ana"), ("receipt", "", "dee")]
    walk.sweep(datetime(2026, 3, 6, 1, 0, tzinfo=UTC))
    assert ("reminder", "-1wd", "dee") in walk.told()
    hold(database, now)


def test_a_lead_who_owns_the_task_gets_one_receipt(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, template(stage("work", task("report", owner="lead"))))
    walk.answer("report", "acknowledge", "ana", now)
    assert walk.told("receipt") == [("receipt", "", "ana")]


@pytest.mark.parametrize(
    ("kind", "parts", "refusal"),
    [
        ("done", {"note": ""}, NoteMissing),
        ("done", {"note": " \n\t"}, NoteMissing),
        ("done", {}, EvidenceMissing),
        ("done", {"evidence": (GivenFile(name="virus.exe", content=b"MZ"),)}, EvidenceRefused),
        ("done", {"evidence": (GivenFile(name="no-ending", content=b"%PDF"),)}, EvidenceRefused),
        ("done", {"evidence": (GivenFile(name="empty.pdf", content=b""),)}, EvidenceRefused),
        ("done", {"evidence": (GivenFile(name="page.pdf", content=b"<html>"),)}, EvidenceRefused),
        ("done", {"evidence": (GivenFile(name="b.pdf", content=b"%PDF" + b"0" * MOST_MB * 10**6),)}, EvidenceTooLarge),
        ("extend", {"note": "", "until": date(2026, 3, 20)}, ReasonMissing),
        ("extend", {}, DateMissing),
        ("extend", {"until": date(2026, 3, 1)}, DateInThePast),  # yesterday
        ("extend", {"until": date(2026, 3, 2)}, DateNotLater),  # today, still before the closing hour
        ("extend", {"until": date(2026, 3, 9)}, DateNotLater),  # the deadline's own date
        ("hand-over", {"note": "", "to": "gao"}, ReasonMissing),
        ("hand-over", {}, PersonMissing),
        ("hand-over", {"to": "gaho"}, NotFound),
        ("blocked", {"note": ""}, ReasonMissing),
    ],
)
def test_an_answer_that_lacks_a_part_is_refused_and_changes_nothing(
    shared_case: Walk, now: datetime, kind: str, parts: dict[str, object], refusal: type[WardcycleError]
) -> None:
    before = shared_case.task("report"), shared_case.told(), len(answers(shared_case.database))
    with pytest.raises(refusal):
        shared_case.answer("report", kind, "dee", now, **parts)
    assert (shared_case.task("report"), shared_case.told(), len(answers(shared_case.database))) == before


@pytest.fixture(scope="module")
def shared_case(migrated_file: object, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """One cycle for all refusals: they write nothing. On SQLite alone: they end before the database matters."""
    file = tmp_path_factory.mktemp("refusals") / "wardcycle.db"
    shutil.copy(str(migrated_file), file)
    database, catalogue = Database(f"sqlite:///{file}"), read_catalogue(environ={})
    make_hospital(database)
    rules = Rules(calendar_of(catalogue.calendars["cn"]), catalogue)
    return launched(database, rules, datetime(2026, 3, 2, 1, 30, tzinfo=UTC), PROVEN)


def test_today_is_refused_after_the_closing_hour_and_the_next_day_taken(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, template(stage("work", task("report", due="0wd"))))
    evening = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # 17:30: the offices close
    with pytest.raises(DateInThePast):
        walk.answer("report", "extend", "dee", evening, until=date(2026, 3, 2))
    walk.answer("report", "extend", "dee", evening, until=date(2026, 3, 3))
    hold(database, evening)


def test_evidence_is_kept_with_its_hash_and_type_and_its_bare_name(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, PROVEN)
    jpg = GivenFile(name="../../照片.JPG", content=b"\xff\xd8\xff\xe0 photo")
    walk.answer("report", "done", "dee", now, evidence=(PDF, jpg))
    with database.reading() as session:
        kept = list(session.exec(select(Evidence).order_by(col(Evidence.id))))
    assert [(file.name, file.media_type) for file in kept] == [
        ("proof.pdf", "application/pdf"),
        ("照片.JPG", "image/jpeg"),
    ]
    assert kept[1].content == jpg.content and len(kept[1].sha256) == 64
    hold(database, now)


def test_strangers_are_refused_while_stand_ins_and_the_lead_may_answer(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    with pytest.raises(Stranger, match="Dee Park"):
        walk.answer("report", "acknowledge", "gao", now)
    away = Absence(
        person_id=person_id(database, "dee"),
        from_on=date(2026, 3, 2),
        until_on=date(2026, 3, 2),
        stand_in_id=person_id(database, "gao"),
    )
    with database.transaction("test") as session:
        session.add(away)
        people_changed(session)
    walk.answer("report", "acknowledge", "gao", now)
    with pytest.raises(Stranger):
        walk.answer("report", "acknowledge", "gao", now + timedelta(days=1))
    walk.answer("report", "done", "ana", now)
    assert [(answer.by_id, answer.kind.value) for answer in answers(database)] == [
        (person_id(database, "gao"), "acknowledge"),
        (person_id(database, "ana"), "done"),
    ]
    hold(database, now)


def test_the_owner_learns_that_somebody_else_answered_for_him(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    walk.answer("report", "done", "ana", now)
    assert walk.told("receipt") == [("receipt", "", "ana"), ("receipt", "", "dee")]


def test_the_second_answer_is_told_who_said_what_and_when_and_changes_nothing(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, SHARED)
    walk.answer("count", "done", "gao", now)
    before = walk.task("count"), walk.told()
    with pytest.raises(AlreadyAnswered, match="Gao Min said 'done' on 2026-03-02 09:30") as refused:
        walk.answer("count", "extend", "chen", now + timedelta(hours=1), until=date(2026, 3, 20))
    assert "Gao Min于 2026-03-02 09:30 答复“已完成”" in refused.value.text("zh")
    assert (walk.task("count"), walk.told(), len(answers(database))) == (*before, 1)
    hold(database, now)


def test_of_32_people_who_answer_one_task_at_once_one_wins_and_31_are_told_so(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        unit = session.exec(select(Unit.id).where(Unit.slug == "surgery")).one()
        crowd = [Person(slug=f"p{n}", name=f"P{n}", email=f"p{n}@hospital.test") for n in range(32)]
        session.add_all(crowd)
        session.flush()
        session.add_all(RoleHolding(person_id=one.id, role="data-owner", unit_id=unit) for one in crowd)
        people_changed(session)
    walk = launched(database, rules, now, SHARED)

    def answer(own: Database, n: int) -> Receipt:
        while True:
            with suppress(DatabaseBusy):  # says that nothing was changed: pressed once more
                return Walk(own, walk.rules, walk.cycle_id).answer("count", "done", f"p{n}", now)

    results = at_once(database, [partial(answer, n=n) for n in range(32)])
    assert sum(isinstance(result, AlreadyAnswered) for result in results) == 31, results
    assert (len(answers(database)), walk.stage("work").open_count) == (1, 1)
    hold(database, now)


def test_nothing_takes_answers_that_waits_rests_or_is_over(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    chain = template(stage("work", task("first"), task("second", after=["first"])))
    walk = launched(database, rules, now, chain)
    with pytest.raises(TaskClosed, match="not open yet"):
        walk.answer("second", "done", "dee", now)
    walk.run(pause_cycle, walk.cycle_id, "ana", now, why="holiday")
    with pytest.raises(CycleNotRunning, match="paused"):
        walk.answer("first", "done", "dee", now)
    walk.run(cancel_cycle, walk.cycle_id, "ana", now, why="merged")
    with pytest.raises(TaskClosed, match=r"stopped and takes no answer\. merged"):
        walk.answer("first", "done", "dee", now)
    planned = launched(database, rules, now, start=now + timedelta(days=1))
    with pytest.raises(CycleNotRunning):
        planned.answer("report", "done", "dee", now)
    assert answers(database) == []
    hold(database, now)


def test_what_waits_for_two_tasks_opens_when_both_are_done_at_the_same_time(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    written = template(stage("work", task("a"), task("b"), task("c", after=["a", "b"]), task("d", after=["a"])))
    walk = launched(database, rules, now, written)
    receipts = at_once(database, [_done(walk, "a", now), _done(walk, "b", now)])
    opened = [slug for receipt in receipts if isinstance(receipt, Receipt) for slug in receipt.opened]
    assert sorted(opened) == ["c", "d"]
    assert walk.told("assigned") == [("assigned", "", "dee")] * 4
    assert walk.task("c").opened_at == now
    hold(database, now)


def test_the_last_two_tasks_of_a_stage_at_the_same_time_open_the_next_stage_once(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, template(stage("one", task("a"), task("b")), stage("two", task("c"))))
    receipts = at_once(database, [_done(walk, "a", now), _done(walk, "b", now)])
    assert sorted(receipt.opened for receipt in receipts if isinstance(receipt, Receipt)) == [(), ("c",)]
    assert (walk.stage("one").status, walk.stage("two").status) == (StageStatus.CLOSED, StageStatus.OPEN)
    assert walk.told("assigned") == [("assigned", "", "dee")] * 3
    hold(database, now)


def _done(walk: Walk, slug: str, now: datetime) -> Callable[[Database], Receipt]:
    return lambda own: Walk(own, walk.rules, walk.cycle_id).answer(slug, "done", "dee", now)


def test_tasks_after_one_another_count_from_their_own_opening(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, template(stage("work", task("a"), task("b", after=["a"]))))
    walk.answer("a", "done", "dee", now + timedelta(days=2))
    assert walk.task("b").deadline_at == datetime(2026, 3, 11, 9, 30, tzinfo=UTC)


def test_a_task_handed_over_stays_where_it_is_until_it_is_taken_with_its_deadline(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    deadline = walk.task("report").deadline_at
    with pytest.raises(NothingToTake):
        walk.run(take_task, walk.task_id("report"), "gao", now)
    walk.answer("report", "hand-over", "dee", now, to="gao", note="on leave")
    assert owners(walk, "report") == [person_id(database, "dee")]
    with pytest.raises(Stranger):
        walk.answer("report", "done", "gao", now)
    with pytest.raises(NothingToTake):
        walk.run(take_task, walk.task_id("report"), "chen", now)
    walk.run(take_task, walk.task_id("report"), "gao", now + timedelta(hours=1))
    assert owners(walk, "report") == [person_id(database, "gao")]
    assert walk.task("report").deadline_at == deadline
    assert walk.told("hand-over") == [("hand-over", "", "gao")]
    with pytest.raises(NothingToTake):
        walk.run(take_task, walk.task_id("report"), "gao", now + timedelta(hours=2))
    walk.sweep(datetime(2026, 3, 6, 1, 0, tzinfo=UTC))
    assert walk.told("reminder") == [("reminder", "-1wd", "gao")]
    hold(database, now)


def test_only_lead_and_office_reassign_or_move_and_the_owner_is_told(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    key, deadline = walk.task_id("report"), walk.task("report").deadline_at
    for by in ("dee", "gao"):
        with pytest.raises(NotAllowed):
            walk.run(reassign_task, key, by, now, to="gao", why="away")
        with pytest.raises(NotAllowed):
            walk.run(move_deadline, key, by, now, until=date(2026, 3, 20), why="late")
    with pytest.raises(ReasonMissing):
        walk.run(reassign_task, key, "ana", now, to="gao", why=" ")
    with pytest.raises(DateInThePast):
        walk.run(move_deadline, key, "ana", now, until=date(2026, 3, 1), why="late")
    walk.run(reassign_task, key, "eva", now, to="gao", why="away")
    assert walk.task("report").deadline_at == deadline
    assert owners(walk, "report") == [person_id(database, "gao")]
    walk.run(move_deadline, key, "ana", now, until=date(2026, 3, 20), why="late")
    assert walk.task("report").deadline_at == datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
    assert walk.told("assigned", "deadline") == [
        ("assigned", "", "dee"),
        ("assigned", "", "gao"),
        ("deadline", "", "gao"),
    ]
    hold(database, now)


def test_a_question_to_the_lead_survives_that_the_task_changes_hands(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    evening = now + timedelta(hours=12)  # nothing is sent before the morning
    walk = launched(database, rules, now)
    walk.answer("report", "extend", "dee", evening, until=date(2026, 3, 20))
    walk.run(reassign_task, walk.task_id("report"), "eva", evening, to="gao", why="away")
    assert ("decision", "ana") in walk.queued()
    hold(database, evening)


def test_an_answer_while_a_sweep_runs_leaves_no_reminder_behind(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    due = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
    walks = [launched(database, rules, now) for _ in range(6)]
    acts: list[Callable[[Database], object]] = [lambda own: Walk(own, walks[0].rules, walks[0].cycle_id).sweep(due)]
    for walk in walks:

        def act(own: Database, walk: Walk = walk) -> Receipt:
            return Walk(own, walk.rules, walk.cycle_id).answer("report", "done", "dee", due)

        acts.append(act)
    results = at_once(database, acts)
    assert not [result for result in results if isinstance(result, WardcycleError)], results
    assert not [pair for walk in walks for pair in walk.queued() if pair[0] == "reminder"]
    hold(database, due, swept=True)


def test_a_note_with_what_no_database_takes_is_kept_without_it(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    walk.answer("report", "done", "dee", now, note="pasted\x00 from\ud800 elsewhere 完成")
    assert [answer.note for answer in answers(database)] == ["pasted from elsewhere 完成"]
    hold(database, now)


def test_nobody_takes_what_was_given_to_somebody_else_meanwhile(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    walk.answer("report", "hand-over", "dee", now, to="gao")
    walk.run(reassign_task, walk.task_id("report"), "ana", now, to="chen", why="gao is away")
    with pytest.raises(NothingToTake):
        walk.run(take_task, walk.task_id("report"), "gao", now)
    hold(database, now)
