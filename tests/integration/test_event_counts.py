"""Adverse events counted into their indicators: exactly once, corrected with the class, final when all is decided."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from config.events import Severity
from engine.assessment_round import assess_due
from engine.event_counts import (
    ALL,
    ANSWERED_IN_TIME,
    BY_CLASS,
    NEAR_MISS,
    OURS,
    TRIAGED_IN_TIME,
    Counted,
    count_events,
    values_of,
)
from engine.rules import Rules
from models.db import Database
from models.indicator import FormerObservation, Observation
from tests.events import Ward
from tests.places import make_hospital
from tests.walks import at_once

DAY = timedelta(days=1)
APRIL = datetime(2026, 4, 20, 1, 0, tzinfo=UTC)


@pytest.fixture
def ward(database: Database, rules: Rules) -> Ward:
    make_hospital(database)
    return Ward(database, rules)


def count(ward: Ward, now: datetime) -> int:
    """Count once."""
    with ward.database.transaction("test") as session:
        return count_events(session, rules=ward.rules, now=now)


def test_events_are_counted_once_for_their_unit_and_all_above_it(ward: Ward, now: datetime) -> None:
    assert count(ward, now) == 0  # nothing was ever reported
    for n, severity in enumerate((Severity.IV, Severity.IV, Severity.III)):
        ward.triage(ward.report(now, code=f"AAAA-BBBB-000{n}"), severity, now)
    late = ward.report(now, code="AAAA-BBBB-0009", unit="surgery")
    assert count(ward, APRIL) > 0
    assert count(ward, APRIL) == 0
    ward_3, hospital = ward.values("ward-3"), ward.values()
    assert (ward_3[ALL, "2026-03"], hospital[ALL, "2026-03"], hospital[ALL, "2026-04"]) == (
        (3, None),
        (4, None),
        (0, None),
    )
    assert [hospital[BY_CLASS[one], "2026-03"][0] for one in Severity] == [0, 0, 1, 2]
    assert hospital[NEAR_MISS, "2026-03"] == (2, 3)
    assert hospital[TRIAGED_IN_TIME, "2026-03"] == (3, 4)  # the fourth is overdue
    assert hospital[ANSWERED_IN_TIME, "2026-03"] == (0, 4)
    assert ward.values("quality-dept") == {}
    ward.close(late, APRIL, "It was none.", aside=True)
    assert count(ward, APRIL) > 0
    assert ward.values()[ALL, "2026-03"] == (3, None)  # what was no event is counted nowhere


def test_another_class_and_another_unit_correct_what_was_counted(ward: Ward, now: datetime) -> None:
    event = ward.report(now)
    count(ward, now)
    ward.triage(event, Severity.IV, now, unit="surgery")
    count(ward, now)
    assert ward.values("ward-3")[ALL, "2026-03"] == (0, None) and ward.values("surgery")[ALL, "2026-03"] == (1, None)
    count(ward, APRIL)
    with ward.database.reading() as session:
        n_former = len(session.exec(select(FormerObservation)).all())
    ward.reclassify(event, Severity.II, APRIL, why="harm was found")
    assert ward.values()[NEAR_MISS, "2026-03"] == (0, 1)
    assert ward.values()[BY_CLASS[Severity.II], "2026-03"] == (1, None)
    with ward.database.reading() as session:  # what was there before is kept
        assert len(session.exec(select(FormerObservation)).all()) > n_former
    assert count(ward, APRIL) == 0


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_a_month_is_final_when_it_is_over_and_everything_in_it_is_decided(ward: Ward, now: datetime) -> None:
    event = ward.report(now)

    def provisional(month: date) -> set[str]:
        with ward.database.reading() as session:
            rows = session.exec(select(Observation).where(Observation.period_on == month))
            return {one.indicator for one in rows if one.provisional}

    count(ward, now)
    assert provisional(date(2026, 3, 1)) == set(OURS)
    count(ward, APRIL)
    assert provisional(date(2026, 3, 1)) == {*BY_CLASS.values(), NEAR_MISS}
    ward.triage(event, Severity.IV, APRIL)
    count(ward, APRIL)
    assert provisional(date(2026, 3, 1)) == set()
    count(ward, APRIL + 60 * DAY)
    assert provisional(date(2026, 5, 1)) == set() and provisional(date(2026, 6, 1)) == set(OURS)


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_each_round_of_assessments_counts_first(ward: Ward, now: datetime) -> None:
    ward.report(now)
    assess_due(ward.database, rules=ward.rules, now=APRIL, door="test")
    assert ward.values()[ALL, "2026-03"] == (1, None)


def test_two_counts_at_once_count_once(ward: Ward, now: datetime) -> None:
    ward.report(now)
    found = at_once(ward.database, [lambda own: count(Ward(own, ward.rules), APRIL)] * 3, durable=False)
    assert sorted(n > 0 for n in found if isinstance(n, int)) == [False, False, True]


def test_values_are_counted_purely() -> None:
    month = date(2026, 3, 1)
    events = [
        Counted(1, month, Severity.I, True, True),
        Counted(1, month, Severity.IV, True, False),
        Counted(1, month, None, None, None),
    ]
    found = {one.indicator: one for one in values_of(1, month, events)}
    assert set(found) == set(OURS)
    assert (found[ALL].value, found[ALL].provisional) == (3, False)
    assert (found[NEAR_MISS].value, found[NEAR_MISS].denominator, found[NEAR_MISS].provisional) == (1, 2, True)
    assert (found[ANSWERED_IN_TIME].value, found[ANSWERED_IN_TIME].denominator) == (1, 2)
    empty = {one.indicator: one for one in values_of(1, month, [])}
    assert (empty[NEAR_MISS].value, empty[NEAR_MISS].denominator) == (0, 0) and empty[NEAR_MISS].note
