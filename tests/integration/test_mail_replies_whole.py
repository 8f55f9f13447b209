"""What becomes of each reply by mail, whole: its row, the answer, every word told to its writer and the lead."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from engine.mail_replies import MOST_NOTES, NOT_KEPT, take_reply
from engine.people import people_changed
from engine.reading_replies import MOST_ANSWER, MOST_NOTE
from engine.rules import Rules
from models.db import Database
from models.links import AnswerLink
from models.notification import Delivery, Notification, NotificationKind
from models.people import Person
from models.reply import MailReply, Reply, ReplyFile, ReplyOutcome
from models.task import Answer, Evidence
from tests.invariants import hold
from tests.places import make_hospital
from tests.walks import Walk, launched, person_id, stage, task, template
from tests.whole import is_as_written, letters, rows

TWO = template(stage(
    "work", task("photograph", evidence="required"), task("lead-it", owner="lead"), task("teach", owner="data-owner")
))  # fmt: skip
DEE, ANA = "dee@hospital.test", "ana@hospital.test"
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
PNG = ReplyFile("wall.png", b"\x89PNG\r\n\x1a\n" + b"0" * 200)


@pytest.fixture
def system() -> str:
    """What is kept and said is the same on both systems; the verbs are tested on each."""
    return "sqlite"


@pytest.fixture
def walk(database: Database, rules: Rules, now: datetime) -> Walk:
    """Dee, ana and the owners of data have a task each; each message has an address for answers by mail."""
    make_hospital(database)
    made = launched(database, rules, now, TWO)
    open_addresses(database, now)
    return made


def open_addresses(database: Database, now: datetime) -> None:
    """Give each message an address of its own, the token its key."""
    with database.transaction("test") as session:
        known = sa.select(AnswerLink.notification_id)  # type: ignore[call-overload]
        for told in session.exec(select(Notification).where(col(Notification.id).not_in(known))):
            session.add(AnswerLink(token=told.key, notification_id=told.id, created_at=now, expires_at=now + 90 * DAY))


_numbers = count(1)


def mail(*lines: str, sender: str = DEE, token: str = "task:1:assigned:4", **more: object) -> Reply:
    number = next(_numbers)
    return replace(Reply(number, f"digest-{number}", token, sender, lines=lines), **more)  # type: ignore[arg-type]


def take(walk: Walk, reply: Reply, now: datetime) -> ReplyOutcome | None:
    with walk.database.transaction("mail") as session:
        return take_reply(session, reply, rules=walk.rules, now=now)


def left_of(walk: Walk) -> list[str]:
    """Write what mails left behind; their numbers say nothing."""
    database = walk.database
    told = [line for line in rows(database, Notification) if " kind note" in line or " kind unclear" in line]
    return [*rows(database, MailReply, "digest", "uid"), *rows(database, Answer, "token"), *told]


def change(database: Database, slug: str, **values: object) -> None:
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(col(Person.slug) == slug).values(values))
        people_changed(session)


def test_each_kind_of_mail_comes_to_its_own_end(walk: Walk, now: datetime) -> None:
    change(walk.database, "dee", email="Dee@Hospital.test")  # as somebody wrote it in a list
    mails = (
        mail("done", unreadable="MessageError: " + "x" * 300),
        mail("done", automatic="list"),
        mail("done", token=""),
        mail("done", token="task:1:assigned:5"),  # never made
        mail("done", "hangs", sender="bo@hospital.test", files=(PNG, PNG)),
        mail("done", "hangs", sender=""),
        mail("done", sender="x" * 300 + "@evil.test"),
        mail("done", too_large=True),
        mail(),
        mail("I think so", "but ask Bo"),
        mail("y" * (MOST_NOTE + 1)),
        mail("done", "hangs", plain=False, files=(PNG,)),
        mail("done", "z" * (MOST_ANSWER + 1)),
        mail("done", "it hangs"),  # without the photo that it needs
        mail("received", "by Friday"),
        mail("done", "it hangs", files=(PNG,)),
        mail("done", "it hangs", files=(PNG,)),  # a second time
        mail("I think so", sender=ANA, token="task:2:assigned:1"),
        mail("done", sender=DEE, token="task:2:assigned:1"),
    )
    outcomes = [take(walk, one, now + n * DAY) for n, one in enumerate(mails)]
    assert [one.value for one in outcomes if one] == (
        ["failed"] + ["ignored"] * 3 + ["note"] * 3 + ["refused"] * 2 + ["note"] * 4
        + ["refused", "answered", "answered", "refused", "refused", "note"]
    )  # fmt: skip
    with walk.database.reading() as session:
        assert [(one.name, one.content) for one in session.exec(select(Evidence))] == [(PNG.name, PNG.content)]
    is_as_written("mail-replies", left_of(walk))
    before = left_of(walk)
    assert [take(walk, one, now + 40 * DAY) for one in mails] == [None] * len(mails)  # all taken before
    assert left_of(walk) == before
    hold(walk.database, now + 40 * DAY)


def test_what_writer_and_lead_read_of_it_and_that_only_the_writer_hears_at_night(walk: Walk, now: datetime) -> None:
    night = now.replace(hour=15)
    take(walk, mail("I think so", "but ask Bo", files=(PNG, PNG)), night)
    take(walk, mail("buy this", sender="x@evil.test"), night)
    deliveries = rows(walk.database, Delivery, "id", "notification_id")
    is_as_written("mail-replies-read", [*deliveries, *letters(walk.database, now.date())])


def test_an_address_opens_to_its_last_moment_and_then_tells_its_owner_alone(walk: Walk, now: datetime) -> None:
    end = now + 90 * DAY
    assert take(walk, mail("received"), end - TICK) is ReplyOutcome.ANSWERED
    assert take(walk, mail("received", sender="bo@hospital.test"), end) is ReplyOutcome.IGNORED
    assert take(walk, mail("received"), end) is ReplyOutcome.REFUSED
    is_as_written("mail-replies-late", left_of(walk))


def test_no_kind_of_message_but_those_that_ask_is_answered(walk: Walk, now: datetime) -> None:
    with walk.database.transaction("test") as session:
        session.execute(sa.update(AnswerLink).values(revoked_at=now))
    assert take(walk, mail("received"), now) is ReplyOutcome.IGNORED
    with walk.database.transaction("test") as session:
        session.execute(sa.update(AnswerLink).values(revoked_at=None))
    for kind in NotificationKind:
        with walk.database.transaction("test") as session:
            session.execute(sa.update(Notification).where(col(Notification.task_id) == 1).values(kind=kind))
        asks = kind.value in ("assigned", "reminder", "hand-over", "unclear")
        wanted = ReplyOutcome.ANSWERED if asks else ReplyOutcome.IGNORED
        assert take(walk, mail("received", kind.value), now) is wanted, kind


@pytest.mark.parametrize(("days", "outcome"), [(0, "ignored"), (1, "answered")])
def test_who_has_left_answers_nothing_from_that_day_on(walk: Walk, now: datetime, days: int, outcome: str) -> None:
    late = now.replace(hour=15, minute=59)  # the day in the hospital, not in Greenwich
    change(walk.database, "dee", left_on=late.date() + days * DAY)
    assert take(walk, mail("received"), late) == outcome
    assert take(walk, mail("received"), late + timedelta(minutes=1)) == "ignored"


def test_without_an_address_of_their_own_nobody_can_be_known_by_it(walk: Walk, now: datetime) -> None:
    change(walk.database, "dee", email=None)
    assert [take(walk, mail("received", sender=sender), now) for sender in ("", DEE)] == ["note", "note"]
    assert rows(walk.database, Answer) == []


def test_a_flood_fills_no_notes_of_another_task_and_is_over_after_a_day(walk: Walk, now: datetime) -> None:
    def write(n: int, moment: datetime, token: str = "task:1:assigned:4") -> list[str]:
        found = [take(walk, mail("buy", sender="x@evil.test", token=token), moment) for _ in range(n)]
        return [one.value for one in found if one]

    assert take(walk, mail(), now) == "refused"  # no note, and counts for none
    assert write(MOST_NOTES + 2, now) == ["note"] * MOST_NOTES + ["ignored"] * 2
    assert write(1, now, "task:2:assigned:1") == ["note"]
    assert write(1, now + DAY - TICK) == ["ignored"]
    assert write(1, now + DAY) == ["note"]
    with walk.database.reading() as session:
        query = select(MailReply.why).where(MailReply.outcome == ReplyOutcome.IGNORED)
        assert set(session.exec(query)) == {"too many notes"}
        notes = select(Notification.person_id).where(Notification.kind == NotificationKind.NOTE)
        assert set(session.exec(notes)) == {person_id(walk.database, "ana")}


def test_what_nobody_keeps_is_not_said_to_have_gone_to_the_lead(walk: Walk, now: datetime) -> None:
    evening, next_day = now.replace(hour=15), now.replace(hour=17)  # on both sides of midnight in the hospital
    for _ in range(MOST_NOTES):
        assert take(walk, mail("buy", sender="x@evil.test"), evening) == "note"
    assert take(walk, mail("buy", sender="x@evil.test"), next_day) == "ignored"
    assert take(walk, mail("I think so", sender=ANA, token="task:2:assigned:1"), next_day) == "refused"
    with walk.database.reading() as session:
        unclear = select(Notification.facts).where(Notification.kind == NotificationKind.UNCLEAR)
        told = [json.loads(facts) for facts in session.exec(unclear.order_by(col(Notification.id)))]
    not_kept = {"en": NOT_KEPT.en, "zh": NOT_KEPT.zh}
    assert [one == not_kept for one in told] == [False, True, True]
