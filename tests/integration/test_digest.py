"""Several messages to one person go as one: what goes together, what stays alone, what is left of it at the send."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from engine.outbox import Note, tell
from engine.people import people_changed
from engine.rules import Rules
from models.db import Database
from models.notification import AttemptOutcome, Delivery, DeliveryStatus, Notification, NotificationKind
from models.people import Person, Rhythm
from notifications.bundle import bundle
from notifications.deliver import Delivered, deliver_due
from notifications.senders import accepted, permanent, transient, unknown
from tests.invariants import hold
from tests.places import make_hospital
from tests.voices import Recorder, attempts, queue, voice
from tests.walks import launched, person_id, stage, task, template, with_template

D, K = DeliveryStatus, NotificationKind
FOUR = template(stage("one", *(task(f"t{n}") for n in range(4))))


@pytest.fixture
def hospital(database: Database) -> Database:
    make_hospital(database)
    return database


def several(database: Database, rules: Rules, now: datetime, n: int, *, kind: NotificationKind = K.RECEIPT) -> None:
    """Queue n receipts for ana that may go together."""
    for number in range(n):
        queue(database, rules, now, kind, key=f"k{number}", rung="")


def statuses(database: Database) -> Counter[tuple[str, str]]:
    with database.reading() as session:
        rows = session.exec(
            select(Notification.kind, Delivery.status).join(
                Delivery, col(Delivery.notification_id) == col(Notification.id)
            )
        )
        return Counter((str(kind), str(status)) for kind, status in rows)


def prefer(database: Database, slug: str, **wanted: object) -> None:
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(col(Person.slug) == slug).values(**wanted))
        people_changed(session)


def deliver(database: Database, now: datetime, answer: Callable[..., object] | None = None) -> Recorder:
    recorder = Recorder(answer) if answer else Recorder()  # type: ignore[arg-type]
    deliver_due(database, voice=voice(recorder), now=lambda: now, random=lambda: 0.0)
    return recorder


@pytest.mark.parametrize(("n", "rhythm", "n_sent"), [
    (3, Rhythm.AT_ONCE, 3), (4, Rhythm.AT_ONCE, 1), (1, Rhythm.DAILY, 1), (2, Rhythm.DAILY, 1), (2, Rhythm.WEEKLY, 1),
])  # fmt: skip
def test_more_than_three_go_as_one_and_two_where_a_digest_was_asked_for(
    hospital: Database, rules: Rules, now: datetime, n: int, rhythm: Rhythm, n_sent: int
) -> None:
    prefer(hospital, "ana", digest=rhythm)
    several(hospital, rules, now, n)
    assert len(deliver(hospital, now).sent) == n_sent
    bundled = n_sent < n
    assert statuses(hospital) == (
        {("receipt", "bundled"): n, ("digest", "sent"): 1} if bundled else {("receipt", "sent"): n}
    )
    hold(hospital, now)


def test_what_was_sent_once_is_not_sent_again(hospital: Database, rules: Rules, now: datetime) -> None:
    several(hospital, rules, now, 5)
    assert len(deliver(hospital, now).sent) == 1
    assert deliver(hospital, now + timedelta(hours=1)).sent == []


def test_urgent_messages_hour_rungs_and_codes_go_alone(hospital: Database, rules: Rules, now: datetime) -> None:
    for number in range(4):
        queue(hospital, rules, now, key=f"hour{number}", rung="-2h")
        queue(hospital, rules, now, key=f"urgent{number}", rung="", urgent=True)
        queue(hospital, rules, now, K.NOTE, key=f"note{number}", rung="")
    assert len(deliver(hospital, now).sent) == 12
    assert ("digest", "sent") not in statuses(hospital)


def test_each_person_and_channel_has_a_digest_of_its_own(hospital: Database, rules: Rules, now: datetime) -> None:
    for person in ("ana", "bo"):
        for number in range(4):
            queue(hospital, rules, now, key=f"k{number}", person=person, rung="")
    recorder = deliver(hospital, now)
    assert sorted(to.value for _, to in recorder.sent) == ["ana@hospital.test", "bo@hospital.test"]
    hold(hospital, now)


def test_a_second_sender_finds_nothing_to_bundle(hospital: Database, rules: Rules, now: datetime) -> None:
    several(hospital, rules, now, 5)
    for n_bundled in (5, 0):
        with hospital.transaction("test") as session:
            assert bundle(session, now=now) == n_bundled
    assert statuses(hospital) == {("receipt", "bundled"): 5, ("digest", "queued"): 1}


@pytest.mark.parametrize("system", ["postgresql"])  # SQLite has one writer at a time
def test_two_senders_at_once_make_one_digest_for_a_person(hospital: Database, rules: Rules, now: datetime) -> None:
    several(hospital, rules, now, 5)
    with ThreadPoolExecutor(1) as pool, hospital.transaction("first") as first:
        assert bundle(first, now=now) == 5
        queue(hospital, rules, now, key="k5", rung="")  # the second sender sees six, and may lock one of them

        def second() -> int:
            with hospital.transaction("second") as session:
                return bundle(session, now=now)

        other = pool.submit(second)
        while not other.done() and not _waits(hospital):
            pass
        first.commit()
        assert other.result(timeout=20) == 1
    assert statuses(hospital) == {("receipt", "bundled"): 6, ("digest", "queued"): 1}


def _waits(database: Database) -> bool:
    with database.reading() as session:
        waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
        return bool(session.execute(waiting).scalar())


def test_what_becomes_due_while_a_digest_waits_goes_with_it(hospital: Database, rules: Rules, now: datetime) -> None:
    several(hospital, rules, now, 4)
    with hospital.transaction("test") as session:
        bundle(session, now=now)
    queue(hospital, rules, now + timedelta(minutes=5), key="later", rung="")
    [(message, _)] = deliver(hospital, now + timedelta(minutes=5)).sent
    assert "5 messages" in message.subject
    hold(hospital, now)


def test_of_reminders_of_one_task_the_newest_is_told(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, with_template(rules, FOUR), now, FOUR)
    deliver(database, now)
    before = statuses(database)
    about, dee = walk.task_id("t0"), person_id(database, "dee")
    notes = [Note(f"r{n}", K.REMINDER, dee, now, walk.cycle_id, about, rung="0wd", deadline_no=1) for n in range(3)]
    with database.transaction("test") as session:
        assert tell(session, notes, rules=rules, now=now) == 3
    [(message, _)] = deliver(database, now).sent
    assert "Reminder" in message.subject
    assert statuses(database) - before == {("reminder", "sent"): 1, ("reminder", "dropped"): 2}
    with database.reading() as session:
        counted = sa.text("SELECT COUNT(*) FROM audit WHERE why = 'a newer reminder goes'")
        assert session.execute(counted).scalar_one() == 2
    hold(database, now)


def test_a_task_answered_before_the_send_is_left_out_and_an_empty_digest_is_not_sent(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    prefer(database, "dee", muted="receipt,closed")
    walk = launched(database, with_template(rules, FOUR), now, FOUR)
    with database.transaction("test") as session:
        assert bundle(session, now=now) == 4
    walk.answer("t0", "done", "dee", now, note="ready")
    deliver(database, now, lambda message, to: transient("451 later"))
    assert statuses(database)["assigned", "bundled"] == 3
    assert statuses(database)["assigned", "dropped"] == 1
    for slug in ("t1", "t2", "t3"):
        walk.answer(slug, "done", "dee", now, note="ready")
    later = now + timedelta(hours=1)
    assert "dee@hospital.test" not in {to.value for _, to in deliver(database, later).sent}
    assert statuses(database)["digest", "dropped"] == 1
    hold(database, later)


@pytest.mark.parametrize(
    ("answer", "status"),
    [(permanent, D.DEAD), (unknown, D.HELD), (transient, D.QUEUED)],
)
def test_the_end_of_the_digest_is_the_end_of_all_that_is_in_it(
    hospital: Database, rules: Rules, now: datetime, answer: Callable[[str], object], status: DeliveryStatus
) -> None:
    several(hospital, rules, now, 4)
    deliver(hospital, now, lambda message, to: answer("no"))
    assert statuses(hospital)["digest", status.value] == 1
    assert len(attempts(hospital)) == 1
    with hospital.reading() as session:
        [digest] = session.exec(
            select(Delivery)
            .join(Notification, col(Notification.id) == col(Delivery.notification_id))
            .where(Notification.kind == K.DIGEST)
        )
    assert digest.unheard == (status is not D.QUEUED)  # the quality office is alarmed
    hold(hospital, now)


def test_a_digest_refused_by_one_channel_goes_by_the_next(hospital: Database, rules: Rules, now: datetime) -> None:
    prefer(hospital, "ana", channels="email,ntfy", addresses="ntfy=ana")
    several(hospital, rules, now, 4)

    def refuse_mail(message: object, to: object) -> object:
        return permanent("550 no such user") if "@" in to.value else accepted("200")  # type: ignore[attr-defined]

    recorder = deliver(hospital, now, refuse_mail)
    assert [to.channel for _, to in recorder.sent] == ["email", "ntfy"]
    assert statuses(hospital) == {("receipt", "bundled"): 4, ("digest", "dead"): 1, ("digest", "sent"): 1}
    hold(hospital, now)


def test_a_digest_with_a_decision_in_it_is_sent_again_when_no_answer_came(
    hospital: Database, rules: Rules, now: datetime
) -> None:
    several(hospital, rules, now, 4, kind=K.STAGNANT)
    queue(hospital, rules, now, K.ALARM, key="alarm", rung="")
    deliver(hospital, now, lambda message, to: unknown("silence"))
    assert statuses(hospital)["digest", "queued"] == 1
    [(message, _)] = deliver(hospital, now + timedelta(minutes=2)).sent
    assert "Possible repeat" in message.text
    assert [one.outcome for one in attempts(hospital)] == [AttemptOutcome.UNKNOWN, AttemptOutcome.ACCEPTED]
    hold(hospital, now)


def test_counting_says_what_was_sent(hospital: Database, rules: Rules, now: datetime) -> None:
    several(hospital, rules, now, 40)
    sent = deliver_due(hospital, voice=voice(Recorder()), now=lambda: now)
    assert sent == Delivered(n_sent=1)
