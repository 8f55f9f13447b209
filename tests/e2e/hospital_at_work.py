"""A hospital some weeks into its work: cycles in every state, made by the real verbs, for looking at pages."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.shapes import Kind
from engine.cycles import cancel_cycle, pause_cycle
from engine.evidence import GivenFile
from engine.launch import Launch, launch_cycle
from engine.people import directory
from engine.rules import Rules
from engine.stages import approve_stage
from engine.sweep import sweep
from engine.tasks import GivenAnswer, submit_answer
from models.cycle import Stage, StageStatus
from models.db import Database
from models.notification import Attempt, AttemptOutcome, Delivery, DeliveryStatus, Heartbeat
from models.task import AnswerKind, Task, TaskOwner, TaskStatus
from models.transitions import move
from tests.places import make_hospital
from tests.proofs import least_proof

START = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)  # Monday, 09:30 in Shanghai
NOW = datetime(2026, 3, 20, 6, 0, tzinfo=UTC)  # Friday, 14:00
PROOF = (GivenFile(name="基线数据 baseline.png", content=b"\x89PNG\r\n\x1a\n" + b"0" * 2048),)
PROCESS = "event-review"
XSS = "<script>document.title='owned'</script><img src=x onerror=alert(1)>{{ 7*7 }} \"'&"


def make_work(database: Database, rules: Rules, *, hostile: str = XSS) -> None:
    """Write the hospital, launch its cycles, answer some tasks, and let the clock run to NOW.

    hostile: stands in a title and in a note.
    """
    make_hospital(database)
    rules = with_process(rules)
    _launch(database, rules, "手术部位感染率 Fewer infections of the surgical site", START)
    answered = _launch(database, rules, hostile, START)
    ready = _launch(database, rules, "Shorter waiting before admission 缩短入院等候时间", START)
    later = _launch(database, rules, "跌倒预防 Preventing falls in ward 3", START)
    closed = _launch(database, rules, "Hand hygiene 手卫生依从性", START)
    paused = _launch(database, rules, "静脉血栓预防 Preventing thrombosis", START)
    cancelled = _launch(database, rules, "Printing fewer forms 减少纸质表单", START)
    _launch(database, rules, "Wrong-patient event 患者身份识别错误", START, template=PROCESS)
    _launch(database, rules, "护理交接班 Nursing handover", NOW + timedelta(days=5), allow_later=True)
    _answer_all(database, rules, ready, "plan", START + timedelta(days=1), approve=False)
    for stage in ("plan", "do", "check"):
        _answer_all(database, rules, later, stage, START + timedelta(days=2), approve=stage != "check")
    for stage in ("plan", "do", "check", "act"):
        _answer_all(database, rules, closed, stage, START + timedelta(days=3))
    with database.transaction("cli") as session:
        lead, eva = _person(session, "ana"), _person(session, "eva")
        note, now = "两位同事在休假。Two colleagues are away. " + hostile, START + timedelta(days=3)
        pause_cycle(session, paused, rules=rules, by=eva, why="Wards are being rebuilt 病区改造", now=now)
        cancel_cycle(session, cancelled, rules=rules, by=eva, why="Merged with the IT project 并入信息化项目", now=now)
        asked = GivenAnswer(kind=AnswerKind.EXTEND, note=note, until=date(2026, 3, 27))
        first = session.exec(select(Task).where(Task.cycle_id == answered, Task.status == TaskStatus.OPEN)).one()
        submit_answer(session, first.id, asked, rules=rules, by=lead, now=now)
    _let_time_pass(database, rules)


def with_process(rules: Rules) -> Rules:
    """Add a template that is no PDCA cycle, which the shipped ones all are."""
    written = rules.catalogue.templates["root-cause-analysis"]
    process = written.model_copy(update={"id": PROCESS, "kind": Kind.PROCESS})
    return replace(rules, catalogue=replace(rules.catalogue, templates={**rules.catalogue.templates, PROCESS: process}))


def spoil_deliveries(database: Database, now: datetime) -> None:
    """Let the mail server accept most messages, refuse one for good, and keep silent about another."""
    with database.transaction("sender") as session:
        for number, row in enumerate(session.exec(select(Delivery).order_by(col(Delivery.id))).all()):
            end, outcome, why = _fate(number)
            if end is None or row.status is not DeliveryStatus.QUEUED:
                continue
            row_id, began = row.id, row.next_try_at
            move(session, Delivery, [row_id], DeliveryStatus.QUEUED, DeliveryStatus.SENDING, by=None, now=now)
            values = {"n_attempts": 1, "settled_at": began, "why": why}
            move(session, Delivery, [row_id], DeliveryStatus.SENDING, end, by=None, now=now, why=why, values=values)
            session.add(Attempt(delivery_id=row_id, no=1, began_at=began, ended_at=began, outcome=outcome, why=why))


def _fate(number: int) -> tuple[DeliveryStatus | None, AttemptOutcome, str]:
    if number % 23 == 7:
        return DeliveryStatus.DEAD, AttemptOutcome.PERMANENT, "550 5.1.1 No such user here"
    if number % 23 == 15:
        return DeliveryStatus.HELD, AttemptOutcome.UNKNOWN, "timed out after 20 s"
    return (None if number % 23 == 20 else DeliveryStatus.SENT), AttemptOutcome.ACCEPTED, ""


def _launch(
    database: Database, rules: Rules, title: str, at: datetime, *, template: str = "pdca", allow_later: bool = False
) -> int:
    launch = Launch(template=template, unit="ward-3", lead="ana", title=title, start=at, allow_unstaffed=True)
    with database.transaction("cli") as session:
        by = _person(session, "eva")
        return launch_cycle(session, launch, rules=rules, by=by, now=START if allow_later else at).id


def _answer_all(
    database: Database, rules: Rules, cycle_id: int, stage: str, at: datetime, *, approve: bool = True
) -> None:
    """Answer the tasks of a stage as they open, and let the lead approve it."""
    with database.transaction("cli") as session:
        here = session.exec(select(Stage).where(Stage.cycle_id == cycle_id, Stage.slug == stage)).one()
        given = GivenAnswer(kind=AnswerKind.DONE, note="Done; see the file 已完成，见附件", evidence=PROOF)
        for _ in range(10):
            open_here = select(Task.id).where(Task.stage_id == here.id, Task.status == TaskStatus.OPEN)
            task_id = session.exec(open_here.order_by(col(Task.id))).first()
            if task_id is None:
                break
            owner = session.exec(select(TaskOwner.person_id).where(TaskOwner.task_id == task_id)).first()
            submit_answer(session, task_id, given, rules=rules, by=owner or 0, now=at)
        session.refresh(here)
        assert here.status is StageStatus.READY
        if approve:
            note = "The figures bear it out 数据支持"
            ana = _person(session, "ana")
            ending = least_proof(session, here, rules=rules, by=ana, now=at)
            approve_stage(session, here.id, note=note, rules=rules, by=ana, now=at, ending=ending)


def _let_time_pass(database: Database, rules: Rules) -> None:
    now = START + timedelta(days=3)
    while now < NOW:
        now += timedelta(hours=12)
        sweep(database, rules=rules, now=min(now, NOW), door="sweep")
        spoil_deliveries(database, min(now, NOW))
    with database.transaction("sweep") as session:
        session.execute(sa.delete(Heartbeat))
        session.add(Heartbeat(loop="reminders", beat_at=NOW - timedelta(seconds=40)))


def _person(session: Session, slug: str) -> int:
    return directory(session).person(slug).id
