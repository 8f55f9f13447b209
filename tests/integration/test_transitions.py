"""The one writer of any status: only the arrows of the table, all rows or none, with their audit rows."""

from collections import Counter
from datetime import datetime
from enum import StrEnum
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.assessment import Assessment, AssessmentStatus
from models.audit import Audit
from models.base import Row
from models.db import Database
from models.errors import ArrowUnknown, Stale
from models.notification import Delivery, DeliveryStatus
from models.task import Task, TaskStatus
from models.transitions import ARROWS, STATUSES, move
from tests.rows import Shelf, make_rows

NOUNS = pytest.mark.parametrize("noun", ARROWS, ids=lambda noun: noun.__name__.lower())
ENDS = {
    "cycle": {"closed", "cancelled"},
    "stage": {"closed", "cancelled"},
    "task": {"done", "stopped"},
    "delivery": {"sent", "dropped"},
    "assessment": {"done", "missed"},
    "feedback": {"closed"},
    "event": {"closed"},
}


def statuses_of(session: Session, noun: type[Row], ids: list[int]) -> list[str]:
    table = noun.__table__  # type: ignore[attr-defined]
    found = dict(session.execute(sa.select(table.c.id, table.c.status).where(table.c.id.in_(ids))).tuples().all())
    return [found[row_id].value for row_id in ids]


def follow(noun: type[Row], new: StrEnum, now: datetime) -> dict[str, object]:
    """What the tables' own checks want beside the status: only open tasks remind, what is assessed has a verdict."""
    if noun is Assessment:
        return {"verdict": "met" if new is AssessmentStatus.DONE else None}
    return {"next_fire_at": now if new is TaskStatus.OPEN else None} if noun is Task else {}


@NOUNS
def test_exactly_the_arrows_of_the_table_can_be_walked(database: Database, now: datetime, noun: type[Row]) -> None:
    pairs = list(product(STATUSES[noun], repeat=2))
    walked, after = set(), {}
    with database.transaction("test") as session:
        shelf = Shelf(session, now)
        for old, new in pairs:
            row_id = shelf.row(noun, old)
            try:
                move(session, noun, [row_id], old, new, by=None, now=now, values=follow(noun, new, now))
                walked.add((old, new))
            except ArrowUnknown as error:
                assert (old.value in str(error), new.value in str(error)) == (True, True)
            after[old, new] = statuses_of(session, noun, [row_id])[0]
    assert walked == {(arrow.old, arrow.new) for arrow in ARROWS[noun]}
    assert after == {(old, new): (new if (old, new) in walked else old).value for old, new in pairs}


@NOUNS
def test_no_arrow_stands_twice_and_none_leads_out_of_an_end(noun: type[Row]) -> None:
    pairs = Counter((arrow.old, arrow.new) for arrow in ARROWS[noun])
    assert [pair for pair, n in pairs.items() if n > 1] == []
    # An answer that is taken back within ten minutes takes its task and stage with it; nothing else leaves an end.
    ends = set(STATUSES[noun]) - {arrow.old for arrow in ARROWS[noun] if arrow.verb != "undo"}
    assert {end.value for end in ends} == ENDS[noun.__name__.lower()]


@NOUNS
def test_every_status_is_reached_from_the_first(noun: type[Row]) -> None:
    first, *_ = STATUSES[noun]
    reached, n = {first}, 0
    while n != len(reached):
        n = len(reached)
        reached |= {arrow.new for arrow in ARROWS[noun] if arrow.old in reached}
    assert reached == set(STATUSES[noun])


@NOUNS
def test_a_row_that_changed_meanwhile_is_stale(database: Database, now: datetime, noun: type[Row]) -> None:
    for arrow in ARROWS[noun]:
        with pytest.raises(Stale), database.transaction("test") as session:
            shelf = Shelf(session, now)
            row_id = shelf.row(noun, arrow.new)  # somebody else was faster
            move(session, noun, [row_id], arrow.old, arrow.new, by=None, now=now)


def test_one_stale_row_among_many_stops_all(database: Database, now: datetime) -> None:
    ids = make_rows(database, now, Task, TaskStatus.WAITING, TaskStatus.STOPPED, TaskStatus.WAITING)
    with pytest.raises(Stale), database.transaction("test") as session:
        move(session, Task, ids, TaskStatus.WAITING, TaskStatus.STOPPED, by=None, now=now)
    with database.reading() as session:
        assert statuses_of(session, Task, ids) == ["waiting", "stopped", "waiting"]
        assert session.exec(select(Audit)).all() == []


def test_a_row_that_is_gone_is_stale(database: Database, now: datetime) -> None:
    with pytest.raises(Stale), database.transaction("test") as session:
        move(session, Task, [77], TaskStatus.WAITING, TaskStatus.STOPPED, by=None, now=now)


def test_a_sender_that_lost_its_lease_settles_nothing(database: Database, now: datetime) -> None:
    (row_id,) = make_rows(database, now, Delivery, DeliveryStatus.SENDING)
    sending, sent = DeliveryStatus.SENDING, DeliveryStatus.SENT
    with pytest.raises(Stale), database.transaction("test") as session:
        move(session, Delivery, [row_id], sending, sent, by=None, now=now, fence={"epoch": 1})
    with database.transaction("test") as session:
        move(session, Delivery, [row_id], sending, sent, by=None, now=now, fence={"epoch": 0})
    with database.reading() as session:
        assert statuses_of(session, Delivery, [row_id]) == ["sent"]


def test_every_row_moved_has_one_audit_row(database: Database, now: datetime) -> None:
    ids = make_rows(database, now, Task, TaskStatus.OPEN, TaskStatus.OPEN)
    with database.transaction("cli") as session:
        move(
            session, Task, ids, TaskStatus.OPEN, TaskStatus.PAUSED,
            by=5, now=now, why="ward closed", values={"next_fire_at": None}, each={"level": {ids[0]: 1, ids[1]: 2}},
        )  # fmt: skip
    with database.reading() as session:
        rows = session.exec(select(Audit).order_by(col(Audit.id))).all()
    assert [(r.entity, r.entity_id, r.what, r.by_id, r.door, r.at, r.why) for r in rows] == [
        ("task", row_id, "task.pause", 5, "cli", now, "ward closed") for row_id in ids
    ]
    assert [(r.before, r.after) for r in rows] == [
        ('{"status": "open"}', '{"level": 1, "status": "paused"}'),
        ('{"status": "open"}', '{"level": 2, "status": "paused"}'),
    ]


def test_values_that_differ_from_row_to_row_reach_their_rows(database: Database, now: datetime) -> None:
    ids = make_rows(database, now, Task, TaskStatus.WAITING, TaskStatus.WAITING)
    moments = {ids[0]: now, ids[1]: now.replace(hour=9)}
    with database.transaction("test") as session:
        move(session, Task, ids, TaskStatus.WAITING, TaskStatus.OPEN, by=None, now=now, each={"next_fire_at": moments})
    with database.reading() as session:
        assert {t.id: t.next_fire_at for t in session.exec(select(Task))} == moments


def test_a_rollback_leaves_neither_the_status_nor_the_audit_row(database: Database, now: datetime) -> None:
    (row_id,) = make_rows(database, now, Task, TaskStatus.WAITING)
    with pytest.raises(RuntimeError), database.transaction("test") as session:
        move(session, Task, [row_id], TaskStatus.WAITING, TaskStatus.STOPPED, by=None, now=now)
        raise RuntimeError("the caller failed later")
    with database.reading() as session:
        assert statuses_of(session, Task, [row_id]) == ["waiting"]
        assert session.exec(select(Audit)).all() == []


def test_moving_nothing_does_nothing(database: Database, now: datetime) -> None:
    with database.transaction("test") as session:
        move(session, Task, [], TaskStatus.DONE, TaskStatus.OPEN, by=None, now=now)


def test_no_other_code_assigns_a_status() -> None:
    top = Path(__file__).parents[2]
    code = [
        file for folder in ("cli", "engine", "flows", "notifications", "web") for file in (top / folder).rglob("*.py")
    ]
    assert [f"{file}:{n}" for file in code for n, line in enumerate(file.read_text("utf-8").splitlines(), 1)
            if ".status = " in line or "values(status" in line] == []  # fmt: skip
