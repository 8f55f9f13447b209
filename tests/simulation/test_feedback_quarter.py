"""A quarter of a hospital with many patients who say something: each ends with an answer, or with a visible breach."""

import random
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from engine.cycles import cancel_cycle
from engine.people import directory
from engine.rules import Rules
from engine.sweep import sweep
from models.db import Database
from models.feedback import Feedback, FeedbackRound, FeedbackStatus
from models.notification import Notification, NotificationKind
from models.reads.feedback import UNANSWERED, FeedbackFilter, cycles_of_round, list_feedback
from tests.chaos.sizes import size
from tests.patients import Patients
from tests.places import make_hospital

N, DAYS, AFTER = size(140, 250), 90, 30  # AFTER: the longest time for an answer has passed for everybody
DAY = timedelta(days=1)
KINDS = ("complaint", "complaint", "question", "suggestion", "praise")


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_patients_of_a_quarter_each_get_an_answer_or_a_breach_that_is_seen(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    quick = Database(database.url.render_as_string(hide_password=False), durable=False)
    chance, patients, ignored = random.Random(20260302), Patients(quick, rules), set[int]()
    for day in range(DAYS + AFTER):
        moment = now + day * DAY
        assert patients.run(moment).n_failed == 0
        if day < DAYS:
            coming = N * (day + 1) // DAYS - N * day // DAYS
            new = [patients.say(moment, kind=chance.choice(KINDS), unit=_unit(chance)) for _ in range(coming)]
            ignored |= {number for number in new if chance.random() < 0.06}
        if rules.calendar.is_working_day(rules.calendar.local_date(moment)):
            _work(patients, chance, moment, ignored, busy=day < DAYS)
            if day % 2:  # seldom is enough for escalations, and each costs time
                sweep(quick, rules=rules, now=moment, door="test")
    _check(quick, now + (DAYS + AFTER) * DAY, len(ignored))
    quick.dispose()


def _unit(chance: random.Random) -> str:
    return chance.choice(("", "ward-3", "surgery"))


def _work(patients: Patients, chance: random.Random, now: datetime, ignored: set[int], *, busy: bool) -> None:
    """Let the office and the patients do what they do on one day; what is ignored stays where it is."""
    with patients.database.reading() as session:
        rows = {row.id: row.status for row in session.exec(select(Feedback).where(Feedback.status != "closed"))}
    for number, status in rows.items():
        if number in ignored:
            continue
        if status is FeedbackStatus.RECEIVED and chance.random() < 0.2:
            patients.assign(number, chance.choice(("ward-3", "surgery")), now=now)
        elif status in UNANSWERED and chance.random() < 0.35:
            patients.approve(number, now=now)
        elif status is FeedbackStatus.ANSWERED and busy and chance.random() < 0.12:
            solved = chance.random() < 0.75
            patients.judge(number, solved=solved, mark=chance.choice((None, 2, 4, 5)), now=now)
    if chance.random() < 0.05:  # somebody stops the office's task by mistake
        _stop_one(patients, now, [number for number, status in rows.items() if status in UNANSWERED])


def _stop_one(patients: Patients, now: datetime, numbers: list[int]) -> None:
    with patients.database.transaction("test") as session:
        eva = directory(session).person("eva").id
        for number in numbers[:1]:
            row = session.get_one(Feedback, number)
            for cycle in cycles_of_round(session, number, row.round_no, "feedback-answer")[-1:]:
                if cycle.status == "active":
                    cancel_cycle(session, cycle.id, rules=patients.rules, by=eva, why="by mistake", now=now)


def _check(database: Database, now: datetime, n_ignored: int) -> None:
    with database.reading() as session:
        rows = session.exec(select(Feedback)).all()
        late = {line.id for line in list_feedback(session, FeedbackFilter(late=True), now=now, limit=N).rows}
        ended = {row.id for row in rows if row.status not in UNANSWERED}
        assert len(rows) == N
        assert {row.id for row in rows} == ended | late
        assert len(late) >= n_ignored > 5
        asked = {
            cycle.id: number
            for number in late
            for cycle in cycles_of_round(session, number, session.get_one(Feedback, number).round_no, "feedback-answer")
        }
        told = select(Notification.cycle_id).where(
            Notification.kind == NotificationKind.ESCALATION, col(Notification.cycle_id).in_(asked)
        )
        assert {asked[cycle or 0] for cycle in session.exec(told)} == late  # the head of the hospital heard of each
        reopened = session.exec(select(FeedbackRound).where(FeedbackRound.no > 1)).all()
        assert len(reopened) > 10
        quiet = [row for row in rows if row.status is FeedbackStatus.ANSWERED]
        assert [row for row in quiet if row.answered_at and row.answered_at + 30 * DAY < now] == []
