"""Decisions: what each one brings about, who may take it, and how it goes up when nobody does."""

from datetime import UTC, date, datetime, timedelta

import pytest

from engine.rules import Rules
from models.db import Database
from models.errors import (
    DateInThePast,
    DateMissing,
    DeadlineNeeded,
    NotAllowed,
    NothingToDecide,
    PersonMissing,
    ReasonMissing,
    WardcycleError,
)
from models.task import Outcome, TaskStatus
from tests.invariants import hold
from tests.places import make_hospital
from tests.walks import Walk, at_once, launched, person_id, stage, task, template

ACCEPTED = template(stage("work", task("report", accept=True)))
OVERDUE_AT = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)  # 09:00, first working day after the deadline of 9 March
LATER = date(2026, 3, 20)
CLOSE_OF_20TH = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)


def asked(database: Database, rules: Rules, now: datetime, kind: str) -> Walk:
    """A task about which something waits for a decision."""
    make_hospital(database)
    walk = launched(database, rules, now, ACCEPTED)
    if kind == "extension":
        walk.answer("report", "extend", "dee", now, until=LATER)
    elif kind == "obstacle":
        walk.answer("report", "blocked", "dee", now)
    elif kind == "acceptance":
        walk.answer("report", "done", "dee", now)
    else:
        walk.sweep(OVERDUE_AT)
    return walk


@pytest.mark.parametrize(
    ("kind", "verdict", "parts", "status", "moved"),
    [
        ("extension", "grant", {}, "open", True),
        ("extension", "grant", {"until": LATER}, "open", True),
        ("extension", "refuse", {}, "open", False),
        ("extension", "give", {"to": "gao"}, "open", False),
        ("extension", "stop", {}, "stopped", False),
        ("obstacle", "remove", {}, "open", False),
        ("obstacle", "grant", {"until": LATER}, "open", True),
        ("acceptance", "accept", {"note": ""}, "done", False),
        ("acceptance", "return", {}, "open", False),
        ("acceptance", "return", {"until": LATER}, "open", True),
        ("overdue", "grant", {"until": LATER}, "open", True),
        ("overdue", "give", {"to": "gao", "until": LATER}, "open", True),
        ("overdue", "remove", {"until": LATER}, "open", True),
        ("overdue", "stop", {}, "stopped", False),
    ],
)
def test_each_decision_has_its_effect(
    database: Database,
    rules: Rules,
    now: datetime,
    kind: str,
    verdict: str,
    parts: dict[str, object],
    status: str,
    moved: bool,
) -> None:
    walk = asked(database, rules, now, kind)
    before, at = walk.task("report"), OVERDUE_AT if kind == "overdue" else now + timedelta(hours=1)
    by = "bo" if kind in ("overdue", "obstacle") else "ana"
    walk.decide("report", verdict, by, at, **parts)
    after = walk.task("report")
    assert after.status.value == status
    assert after.deadline_no == before.deadline_no + moved
    assert after.deadline_at == (CLOSE_OF_20TH if moved else before.deadline_at)
    assert after.level == (0 if moved else before.level)
    assert walk.decisions(pending=True) == []
    (last,) = [one for one in walk.decisions() if one.outcome is not Outcome.MOOT]
    assert (last.ended_at, last.decided_by) == (at, person_id(database, by))
    owner = "gao" if verdict == "give" else "dee"
    told = {(what, person) for what, _, person in walk.told("decided", "stopped", "assigned")}
    assert ("stopped" if verdict == "stop" else "decided", "dee") in told
    assert ("assigned", owner) in told
    hold(database, at)


@pytest.mark.parametrize(
    ("kind", "verdict", "parts", "refusal"),
    [
        ("extension", "refuse", {"note": " "}, ReasonMissing),
        ("extension", "accept", {}, NothingToDecide),
        ("extension", "grant", {"until": date(2026, 3, 1)}, DateInThePast),
        ("extension", "give", {}, PersonMissing),
        ("obstacle", "grant", {}, DateMissing),
        ("overdue", "grant", {}, DateMissing),
        ("overdue", "remove", {}, DeadlineNeeded),
        ("overdue", "give", {"to": "gao"}, DeadlineNeeded),
        ("overdue", "refuse", {}, NothingToDecide),
    ],
)
def test_a_decision_that_lacks_a_part_is_refused_and_changes_nothing(
    database: Database,
    rules: Rules,
    now: datetime,
    kind: str,
    verdict: str,
    parts: dict[str, object],
    refusal: type[WardcycleError],
) -> None:
    walk = asked(database, rules, now, kind)
    before = walk.task("report"), walk.told(), walk.decisions()
    with pytest.raises(refusal):
        walk.decide("report", verdict, "bo" if kind in ("overdue", "obstacle") else "ana", OVERDUE_AT, **parts)
    assert (walk.task("report"), walk.told(), walk.decisions()) == before


def test_who_may_decide_is_the_level_that_was_asked_and_those_below(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = asked(database, rules, now, "extension")
    for by in ("dee", "bo", "gao", "feng"):
        with pytest.raises(NotAllowed, match="Ana Ferro"):
            walk.decide("report", "grant", by, now)
    walk.sweep(datetime(2026, 3, 4, 1, 0, tzinfo=UTC))  # now it is the department head's
    with pytest.raises(NotAllowed):
        walk.decide("report", "grant", "eva", now)
    walk.decide("report", "grant", "ana", datetime(2026, 3, 4, 2, 0, tzinfo=UTC))
    hold(database, now)


def test_a_decision_goes_up_at_nine_of_the_second_working_day_and_on_to_the_top(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = asked(database, rules, now, "extension")
    up = [datetime(2026, 3, day, 1, 0, tzinfo=UTC) for day in (4, 6, 10)]
    for moment, level in ((up[0] - timedelta(seconds=1), 0), (up[0], 1), (up[0], 1), (up[1], 2), (up[2], 3)):
        walk.sweep(moment)
        (pending,) = walk.decisions(pending=True)
        assert pending.level == level
    assert [person for _, _, person in walk.told("decision")] == ["ana", "bo", "eva", "feng"]
    times = [(one.level, one.asked_at, one.ended_at, one.outcome) for one in walk.decisions()]
    assert times == [
        (0, now, up[0], Outcome.PASSED_UP),
        (1, up[0], up[1], Outcome.PASSED_UP),
        (2, up[1], up[2], Outcome.PASSED_UP),
        (3, up[2], None, None),
    ]
    walk.sweep_until(up[2], datetime(2026, 4, 30, 1, 0, tzinfo=UTC), every=timedelta(days=1))
    again = [one.asked_at for one in walk.decisions() if one.level == 3]
    assert again[:3] == [up[2], datetime(2026, 3, 12, 1, tzinfo=UTC), datetime(2026, 3, 26, 1, tzinfo=UTC)]
    assert walk.told("reminder", "escalation", "stagnant") == []  # the ladder stands still meanwhile
    hold(database, now)


def test_a_level_held_by_the_askers_themselves_is_not_asked(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    written = template(stage("work", task("own", owner="lead"), task("head", owner="dept-head")))
    walk = launched(database, rules, now, written)
    walk.answer("own", "extend", "ana", now, until=LATER)
    walk.answer("head", "blocked", "bo", now)
    assert [(one.level, one.task_id) for one in walk.decisions()] == [
        (1, walk.task_id("own")),
        (2, walk.task_id("head")),
    ]
    assert walk.told("decision") == [("decision", "", "bo"), ("decision", "", "eva")]


def test_a_granted_date_has_rungs_and_a_ladder_of_its_own_and_the_old_ones_are_gone(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    night = datetime(2026, 3, 9, 23, 0, tzinfo=UTC)  # before the first level of the old deadline
    walk.answer("report", "extend", "dee", night, until=LATER)
    walk.decide("report", "grant", "ana", night + timedelta(minutes=1))
    walk.sweep_until(night, datetime(2026, 3, 23, 2, 0, tzinfo=UTC), every=timedelta(hours=6))
    assert walk.told("reminder", "escalation") == [
        ("escalation", "1", "bo"),
        ("reminder", "-1wd", "dee"),
        ("reminder", "0wd", "dee"),
    ]
    assert walk.task("report").level == 1
    hold(database, datetime(2026, 3, 23, 2, 0, tzinfo=UTC), swept=True)


def test_a_refused_extension_goes_on_where_the_ladder_stood(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now)
    walk.sweep(OVERDUE_AT)
    walk.answer("report", "extend", "dee", OVERDUE_AT + timedelta(hours=1), until=LATER)
    assert [one.outcome for one in walk.decisions()] == [Outcome.MOOT, None]
    walk.decide("report", "refuse", "ana", OVERDUE_AT + timedelta(hours=2))
    assert (walk.task("report").status, walk.task("report").level) == (TaskStatus.OPEN, 1)
    walk.sweep(datetime(2026, 3, 12, 1, 0, tzinfo=UTC))
    assert walk.told("escalation") == [("escalation", "1", "bo"), ("escalation", "2", "eva")]
    hold(database, datetime(2026, 3, 12, 1, 0, tzinfo=UTC), swept=True)


def test_of_two_who_decide_at_once_one_wins(database: Database, rules: Rules, now: datetime) -> None:
    walk = asked(database, rules, now, "extension")
    walk.sweep(datetime(2026, 3, 4, 1, 0, tzinfo=UTC))
    at = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)

    def grant(own: Database) -> object:
        return Walk(own, walk.rules, walk.cycle_id).decide("report", "grant", "ana", at)

    def refuse(own: Database) -> object:
        return Walk(own, walk.rules, walk.cycle_id).decide("report", "refuse", "bo", at)

    results = at_once(database, [grant, refuse])
    assert sum(isinstance(result, NothingToDecide) for result in results) == 1
    assert sum(one.outcome in (Outcome.GRANTED, Outcome.REFUSED) for one in walk.decisions()) == 1
    hold(database, at)
