"""The outbox, row by row: what is written of a note, what is told once only, and what is taken back again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from engine.outbox import STOPPED_BY, TO_OWNERS, Note, address, drop_unsent, tell
from engine.people import Directory, directory, people_changed
from engine.rules import Rules
from models.audit import Audit
from models.base import Row, table_of
from models.db import Database
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from models.people import Absence, Person, Rhythm
from models.transitions import move
from tests.places import make_hospital
from tests.unit.test_outbox import BO, DEE, EVA, away, note, people
from tests.walks import launched, person_id, stage, task, template

K, S = NotificationKind, DeliveryStatus
NIGHT = datetime(2026, 3, 6, 14, 0, tzinfo=UTC)  # a Friday, 22:00 in the hospital
MORNING = datetime(2026, 3, 9, 0, 0, tzinfo=UTC)  # Monday, when the window opens
TASKS = template(stage("work", *(task(f"t{n}") for n in (1, 2, 3))))
ANA_ID, BO_ID, CHEN_ID, DEE_ID, EVA_ID = 1, 2, 3, 4, 5


@pytest.fixture
def outbox(database: Database, rules: Rules, now: datetime) -> Database:
    """A hospital with one cycle of three tasks, whose own messages are gone."""
    make_hospital(database)
    launched(database, rules, now, TASKS)
    with database.transaction("test") as session:
        session.execute(sa.delete(Delivery))
        session.execute(sa.delete(Notification))
    assert [person_id(database, slug) for slug in ("ana", "bo", "chen", "dee", "eva")] == [1, 2, 3, 4, 5]
    return database


def write(outbox: Database, rules: Rules, *notes: Note, people: Directory | None = None) -> int:
    with outbox.transaction("test") as session:
        return tell(session, notes, rules=rules, now=NIGHT, people=people)


def rows(outbox: Database, noun: type[Row]) -> list[dict[str, object]]:
    """Read every column but those that count rows."""
    table = table_of(noun)
    with outbox.reading() as session:
        found = session.execute(sa.select(table).order_by(table.c.id)).mappings().all()
    return [{key: value for key, value in row.items() if key not in ("id", "notification_id")} for row in found]


def change(outbox: Database, who: int, **values: object) -> None:
    with outbox.transaction("test") as session:
        session.execute(sa.update(Person).where(col(Person.id) == who).values(values))
        people_changed(session)


def first_tries(outbox: Database) -> dict[str, tuple[str, datetime, str]]:
    """Read by which channel each message goes first, when, and in which status it is."""
    query = select(Notification.key, Delivery).join(Delivery, col(Delivery.notification_id) == col(Notification.id))
    with outbox.reading() as session:
        found = session.exec(query.order_by(col(Notification.id))).all()
    return {key: (one.channel, one.next_try_at, one.status.value) for key, one in found}


WHOLE = Note(
    key="task:1:2:+1wd", kind=K.ESCALATION, person_id=DEE_ID, at=NIGHT, cycle_id=1, task_id=1, rung="+1wd", level=2,
    deadline_no=3, urgent=True, facts={"who": "Ana", "what": "您好"}, for_id=BO_ID,
)  # fmt: skip
LEAST = Note("hello", K.NOTE, EVA_ID, NIGHT)


def test_a_note_is_written_with_all_that_it_says(outbox: Database, rules: Rules) -> None:
    assert write(outbox, rules, WHOLE, LEAST) == 2
    assert rows(outbox, Notification) == [
        {
            "key": "task:1:2:+1wd:4", "kind": K.ESCALATION, "cycle_id": 1, "task_id": 1, "decision_id": None,
            "person_id": DEE_ID, "for_id": BO_ID, "rung": "+1wd", "level": 2, "deadline_no": 3, "urgent": True,
            "planned_at": NIGHT, "digest_id": None, "facts": '{"who": "Ana", "what": "您好"}',
        },
        {
            "key": "hello:5", "kind": K.NOTE, "cycle_id": None, "task_id": None, "decision_id": None,
            "person_id": EVA_ID, "for_id": None, "rung": "", "level": 0, "deadline_no": 0, "urgent": False,
            "planned_at": NIGHT, "digest_id": None, "facts": "{}",
        },
    ]  # fmt: skip
    queued = {
        "rank": 0, "channel": "email", "status": S.QUEUED, "next_try_at": NIGHT, "n_attempts": 0, "n_crashes": 0,
        "epoch": 0, "lease_until": None, "settled_at": None, "unheard": False, "why": "",
    }  # fmt: skip
    assert rows(outbox, Delivery) == [queued, queued | {"next_try_at": MORNING}]


def test_what_was_told_stays_as_it_is_and_only_what_is_new_counts(outbox: Database, rules: Rules) -> None:
    write(outbox, rules, WHOLE)
    before = rows(outbox, Notification), rows(outbox, Delivery)
    assert write(outbox, rules) == 0
    again = replace(WHOLE, rung="", level=0, urgent=False, facts={"who": "Bo"}, at=NIGHT + timedelta(days=1))
    assert write(outbox, rules, again) == 0
    assert (rows(outbox, Notification), rows(outbox, Delivery)) == before
    assert write(outbox, rules, again, LEAST, LEAST, replace(WHOLE, person_id=EVA_ID)) == 2
    assert list(first_tries(outbox)) == ["task:1:2:+1wd:4", "hello:5", "task:1:2:+1wd:5"]
    assert rows(outbox, Notification)[0]["facts"] == '{"who": "Ana", "what": "您好"}'


def test_the_first_channel_and_the_rhythm_are_those_of_whoever_is_really_told(outbox: Database, rules: Rules) -> None:
    change(outbox, DEE_ID, channels="ntfy,email", digest=Rhythm.DAILY)
    change(outbox, BO_ID, channels="email,ntfy", email=None, digest=Rhythm.WEEKLY)
    with outbox.transaction("test") as session:
        gone = date(2026, 3, 9)
        session.add(Absence(person_id=CHEN_ID, stand_in_id=DEE_ID, from_on=gone, until_on=gone))
        people_changed(session)
    write(outbox, rules, *(Note("n", K.CLOSED, who, NIGHT) for who in (ANA_ID, BO_ID, CHEN_ID)))
    nine = MORNING + timedelta(hours=1)
    assert first_tries(outbox) == {
        "n:1": ("email", MORNING, "queued"),
        "n:2": ("ntfy", nine, "queued"),
        "n:4": ("ntfy", nine, "queued"),
    }
    assert [(row["person_id"], row["for_id"]) for row in rows(outbox, Notification)] == [(1, None), (2, None), (4, 3)]


def test_without_any_address_nor_anybody_else_the_message_waits_as_mail(outbox: Database, rules: Rules) -> None:
    with outbox.transaction("test") as session:
        session.execute(sa.update(Person).values(email=None))
        people_changed(session)
    assert write(outbox, rules, Note("n", K.ASSIGNED, DEE_ID, NIGHT, facts={"a": "b"})) == 1
    assert first_tries(outbox) == {"n:4": ("email", MORNING, "queued")}
    (row,) = rows(outbox, Notification)
    assert (row["for_id"], row["facts"]) == (None, '{"a": "b", "instead": "no-address"}')


def test_people_that_were_read_before_are_not_read_again(outbox: Database, rules: Rules) -> None:
    with outbox.reading() as session:
        known = directory(session)
    theirs = Absence(person_id=DEE_ID, stand_in_id=EVA_ID, from_on=date(2026, 3, 9), until_on=date(2026, 3, 9))
    write(outbox, rules, Note("n", K.CLOSED, DEE_ID, NIGHT), people=replace(known, absences={DEE_ID: (theirs,)}))
    write(outbox, rules, Note("m", K.CLOSED, DEE_ID, NIGHT))
    assert list(first_tries(outbox)) == ["n:5", "m:4"]


def trail(outbox: Database, after: int = 0) -> list[tuple[object, ...]]:
    with outbox.reading() as session:
        found = session.exec(select(Audit).where(Audit.what == "delivery.drop", Audit.id > after)).all()
    return [(row.at, row.by_id, row.before, row.after, row.why, row.outcome) for row in found]


def dropped(by: int | None, why: str) -> tuple[object, ...]:
    return (NIGHT, by, '{"status": "queued"}', '{"status": "dropped"}', why, "done")


def test_news_that_somebody_has_stopped_is_kept_with_the_reason_and_nothing_else_is(
    outbox: Database, rules: Rules
) -> None:
    early = [Note("old", K.RECEIPT, DEE_ID, NIGHT), Note("same", K.RECEIPT, DEE_ID, NIGHT)]
    write(outbox, rules, *early)
    change(outbox, DEE_ID, muted="closed,receipt,reminder")
    told = [Note(kind.value, kind, who, NIGHT) for kind in (K.RECEIPT, K.CLOSED, K.DEADLINE, K.REMINDER)
            for who in (DEE_ID, EVA_ID)]  # fmt: skip
    assert write(outbox, rules, *told, early[1]) == 8
    gone = {key for key, (_, _, status) in first_tries(outbox).items() if status == "dropped"}
    assert gone == {"receipt:4", "closed:4", "same:4"}
    settled = [(row["why"], row["settled_at"]) for row in rows(outbox, Delivery) if row["status"] is S.DROPPED]
    assert settled == [(STOPPED_BY, NIGHT)] * 3 == [("stopped by the person", NIGHT)] * 3
    assert trail(outbox) == [dropped(None, STOPPED_BY)] * 3


def test_only_what_is_queued_by_the_first_channel_is_stopped(outbox: Database, rules: Rules) -> None:
    notes = [Note(key, K.RECEIPT, DEE_ID, NIGHT) for key in ("sent", "second")]
    write(outbox, rules, *notes)
    with outbox.transaction("test") as session:
        sent, second = session.exec(select(Delivery.id).order_by(col(Delivery.id)))
        move(session, Delivery, [sent], S.QUEUED, S.SENDING, by=None, now=NIGHT)
        session.execute(sa.update(Delivery).where(col(Delivery.id) == second).values(rank=1, channel="ntfy"))
    change(outbox, DEE_ID, muted="receipt")
    write(outbox, rules, notes[0])
    assert first_tries(outbox) == {"sent:4": ("email", MORNING, "sending"), "second:4": ("ntfy", MORNING, "queued")}
    assert trail(outbox) == []


ALL = [(task_id, kind, no) for task_id in (1, 2, 3) for kind in K for no in (1, 2, 3)]
ASKS = {K.ASSIGNED, K.REMINDER, K.ESCALATION, K.STAGNANT, K.DECISION, K.HAND_OVER}
DROPS: list[tuple[dict[str, object], Sequence[int], set[NotificationKind], Sequence[int]]] = [
    ({}, [2], ASKS, [1, 2, 3]),
    ({}, [1, 3], ASKS, [1, 2, 3]),
    ({}, [], ASKS, []),
    ({"before_deadline": 3}, [2], ASKS, [1, 2]),
    ({"before_deadline": 1}, [2], ASKS, []),
    ({"kinds": TO_OWNERS}, [2], {K.ASSIGNED, K.REMINDER, K.HAND_OVER}, [1, 2, 3]),
    ({"kinds": (K.RECEIPT,), "before_deadline": 2}, [2, 3], {K.RECEIPT}, [1]),
]


@pytest.mark.parametrize(("only", "tasks", "kinds", "deadlines"), DROPS)
@pytest.mark.parametrize("system", ["sqlite"])
def test_exactly_what_was_meant_is_taken_back(
    outbox: Database,
    rules: Rules,
    only: dict[str, object],
    tasks: Sequence[int],
    kinds: set[NotificationKind],
    deadlines: Sequence[int],
) -> None:
    write(outbox, rules, *(Note(f"{one}:{kind.value}:{no}", kind, DEE_ID, NIGHT, 1, one, deadline_no=no)
                           for one, kind, no in ALL))  # fmt: skip
    with outbox.transaction("test") as session:
        n = drop_unsent(session, tasks, by=ANA_ID, now=NIGHT, why="answered", **only)  # type: ignore[arg-type]
    wanted = [f"{one}:{kind.value}:{no}:4" for one, kind, no in ALL
              if one in tasks and kind in kinds and no in deadlines]  # fmt: skip
    assert [key for key, (_, _, status) in first_tries(outbox).items() if status == "dropped"] == wanted
    assert n == len(wanted)
    settled = [(row["why"], row["settled_at"]) for row in rows(outbox, Delivery) if row["status"] is S.DROPPED]
    assert settled == [("answered", NIGHT)] * n
    assert trail(outbox) == [dropped(ANA_ID, "answered")] * n


def test_what_is_on_its_way_is_not_taken_back(outbox: Database, rules: Rules) -> None:
    write(outbox, rules, *(Note(f"n{n}", K.REMINDER, DEE_ID, NIGHT, 1, 1, deadline_no=1) for n in range(3)))
    with outbox.transaction("test") as session:
        ids = list(session.exec(select(Delivery.id).order_by(col(Delivery.id))))
        move(session, Delivery, ids[:2], S.QUEUED, S.SENDING, by=None, now=NIGHT)
        move(session, Delivery, ids[:1], S.SENDING, S.SENT, by=None, now=NIGHT, values={"settled_at": NIGHT})
        assert drop_unsent(session, [1], by=None, now=NIGHT, why="answered") == 1
    assert [row["status"] for row in rows(outbox, Delivery)] == [S.SENT, S.SENDING, S.DROPPED]
    assert trail(outbox) == [dropped(None, "answered")]


def test_the_alarm_about_somebody_without_an_address_is_whole(rules: Rules) -> None:
    asked = note(at=NIGHT, urgent=True, rung="0wd", level=1, deadline_no=2, decision_id=9, facts={"a": "b"})
    found = address([asked], people(without_email=1), rules.calendar)
    assert found == {
        "alarm:no-address:7:1:3": Note(
            "alarm:no-address:7:1", K.ALARM, EVA, NIGHT, 1, 7, facts={"alarm": "no-address", "person": "ana"}
        ),
        "task:7:1:0wd:2": replace(asked, person_id=BO, for_id=1, facts={"a": "b", "instead": "no-address"}),
    }
    assert asked.facts == {"a": "b"}  # the note itself stays as it was


def test_who_is_told_for_somebody_stays_for_whom_they_were_told(rules: Rules) -> None:
    gone = away(1, DEE, date(2026, 3, 2), date(2026, 3, 2))
    found = address([note(for_id=BO)], people(away=(gone,)), rules.calendar)
    assert found == {"task:7:1:0wd:4": note(DEE, for_id=BO)}


def test_an_office_without_an_address_is_not_alarmed_about_others(rules: Rules) -> None:
    known = people(without_email=1)
    known.persons[EVA].email = None
    found = address([note()], known, rules.calendar)
    assert list(found) == ["task:7:1:0wd:2"]


def test_the_office_of_the_day_of_writing_is_alarmed_the_head_of_the_day_of_arrival_told(rules: Rules) -> None:
    known = people(without_email=1)
    known.holdings["quality-office", 1][0].until_on = known.holdings["dept-head", 1][0].until_on = date(2026, 3, 6)
    found = address([note(at=NIGHT)], known, rules.calendar)
    assert [(one.kind, one.person_id, one.for_id) for one in found.values()] == [
        (K.ALARM, EVA, None),
        (K.REMINDER, 1, None),
    ]
