"""Many due assessments are made in one transaction: the records are those of one by one; a bad series costs itself."""

import logging
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.indicators import Better, Family, Frequency, Indicator
from config.periods import after
from config.words import Text
from engine.assessment_round import assess_due
from engine.assessments import run_assessment
from engine.rounds import Rounds
from engine.rules import Rules
from models.assessment import Assessment
from models.audit import Audit, verify
from models.base import table_of
from models.db import Database
from models.indicator import Observation
from models.schedule import DueAssessment
from tests.indicators import unit_of
from tests.places import make_hospital
from tests.plans import Plan

DUE = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)  # 09:00 of the fifth working day of March
DAY = timedelta(days=1)
LAST = date(2026, 2, 1)
BETTER = (Better.LOWER, Better.HIGHER, Better.NEITHER)


def generated() -> dict[str, tuple[Indicator, list[float | None], list[float] | None]]:
    """Draw series of every family and length, stable and changed, with gaps, empty months and zeros."""
    rng, found = np.random.default_rng(11), {}
    for k, family in enumerate([*Family] * 5):
        n = int(rng.choice([1, 3, 12, 25, 40]))
        sizes = [float(each) for each in rng.integers(50, 200, n)]
        divided = family in (Family.PROPORTION, Family.RATE)
        drawn = [float(rng.binomial(int(size), 0.2 if m < n / 2 else 0.1)) for m, size in enumerate(sizes)]
        if family is Family.MEASUREMENT:
            drawn = [float(each) for each in rng.normal(50, 5, n)]
        values = [None if m % 9 == k % 9 and m < n - 1 else each for m, each in enumerate(drawn)]
        name = Text(f"Series {k}", f"序列 {k}")
        one = Indicator(id=f"series-{k}", version=1, title=name, numerator=name, denominator=name if divided else None,
                        unit=Text("%", "%"), family=family, multiply=100 if divided else 1, better=BETTER[k % 3],
                        target=None if k % 3 == 2 else 12, set="drawn")  # fmt: skip
        found[one.id] = (one, values, sizes if divided else None)
    return found


@pytest.fixture
def plan(database: Database, rules: Rules) -> Plan:
    """A ward with a due assessment of every generated series; all their values are there."""
    make_hospital(database)
    series = generated()
    known = {slug: one for slug, (one, _, _) in series.items()}
    catalogue = replace(rules.catalogue, indicators=known, indicator_sets={"drawn": Text("Drawn", "抽取")})
    unit_id = unit_of(database)
    rows = [
        {"indicator": slug, "unit_id": unit_id, "period_on": after(Frequency.MONTH, LAST, m + 1 - len(values)),
         "value": value, "denominator": sizes[m] if sizes else None, "provisional": False, "note": "", "no": 0,
         "entered_at": DUE, "door": "test"}
        for slug, (_, values, sizes) in series.items() for m, value in enumerate(values)
    ]  # fmt: skip
    with database.transaction("test") as session:
        session.execute(sa.insert(table_of(Observation)), rows)
    made = Plan(database, replace(rules, catalogue=catalogue))
    made.add("drawn", DUE - 20 * DAY)
    return made


def stored(session: Session) -> dict[str, Assessment]:
    return {row.indicator: row for row in session.exec(select(Assessment).order_by(col(Assessment.id)))}


def alone(plan: Plan, slug: str) -> Assessment:
    """Assess one series by the single way, in a transaction that is taken back."""
    with plan.database.reading() as session:
        return run_assessment(session, indicator=slug, unit_id=unit_of(plan.database), as_of=DUE, through=LAST,
                              rules=plan.rules, by=None, now=DUE)  # fmt: skip


def test_a_batch_and_the_single_way_make_equal_records_to_the_last_bit(plan: Plan) -> None:
    n = len(plan.rules.catalogue.indicators)
    before = {slug: alone(plan, slug) for slug in plan.rules.catalogue.indicators}
    done = plan.round(DUE)
    assert (done.n_created, done.n_made) == (n, n)
    with plan.database.reading() as session:
        rows = stored(session)
        moves = session.exec(select(Audit).where(Audit.what == "assessment.assess")).all()
        assert verify(session).kind is None
    kept = ("record", "verdict", "confidence", "data_hash", "too_little", "needs_signature", "text_en", "text_zh")
    for slug, single in before.items():
        assert [getattr(rows[slug], name) for name in kept] == [getattr(single, name) for name in kept], slug
    assert len(moves) == n and {row.after for row in moves} == {'{"status": "done"}'}  # no records in the trail
    assert {row.verdict for row in rows.values()} > {"cannot_tell", "met"}


def test_a_series_that_breaks_the_arithmetic_fails_alone(plan: Plan, caplog: pytest.LogCaptureFixture) -> None:
    known = plan.rules.catalogue.indicators
    broken = {**known, "series-3": known["series-3"].model_copy(update={"multiply": 0, "target": 5})}
    rules = replace(plan.rules, catalogue=replace(plan.rules.catalogue, indicators=broken))
    with caplog.at_level(logging.CRITICAL):
        done = assess_due(plan.database, rules=rules, now=DUE, door="test")
    assert (done.n_made, done.n_failed) == (len(known) - 1, 1)
    with plan.database.reading() as session:
        rows, still = stored(session), session.exec(select(DueAssessment.assessment_id, DueAssessment.closed_at)).all()
    assert {slug for slug, row in rows.items() if row.verdict is None} == {"series-3"}
    assert [key for key, closed_at in still if closed_at is None] == [rows["series-3"].id]
    mended = plan.round(DUE)  # its definition was mended: it is made now
    assert (mended.n_made, mended.n_created) == (1, 0)


def test_a_batch_that_fails_is_done_item_by_item(plan: Plan, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[list[int]] = []

    def verb(session: Session, items: list[int]) -> int:
        seen.append(list(items))
        if 3 in items:
            raise ValueError("three")
        return sum(items)

    rounds = Rounds(plan.database, "test")
    with caplog.at_level(logging.CRITICAL):
        found = rounds.in_batches([1, 2, 3, 4, 5], verb, size=2)  # type: ignore[arg-type]
    assert (found, rounds.n_failed) == ([3, 4, 5], 1)
    assert seen == [[1, 2], [3, 4], [3], [4], [5]]
