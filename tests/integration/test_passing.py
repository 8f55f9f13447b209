"""What a gate leaves behind when a stage passes: the seal of Plan, the signature of Check, whole."""

import json
from datetime import datetime

import pytest
from sqlmodel import col, select

from engine.baselines import digest
from engine.checks import abandon_check
from engine.rules import Rules
from models.assessment import Seal, Signature
from models.audit import Audit
from models.db import Database
from tests.proofs import FIRST, LATER, aim_of, assess_now, at_work, in_check, observe, pass_stage
from tests.walks import Walk, person_id

WHY = "the correction was a typing error"


def trail(walk: Walk, what: str) -> list[tuple[object, ...]]:
    with walk.database.reading() as session:
        rows = session.exec(select(Audit).where(Audit.what == what).order_by(col(Audit.id))).all()
    return [
        (row.at, row.by_id, row.entity, row.entity_id, row.before, json.loads(row.after), row.why, row.outcome)
        for row in rows
    ]


def signatures(walk: Walk) -> list[tuple[int, str, datetime, int]]:
    with walk.database.reading() as session:
        rows = session.exec(select(Signature)).all()
    return [(row.assessment_id, row.reason, row.signed_at, row.signed_by) for row in rows]


def test_plan_seals_what_its_aim_says_and_who_let_it_pass(database: Database, rules: Rules, now: datetime) -> None:
    walk = at_work(database, rules, now)
    aim_of(walk, now)
    pass_stage(walk, "plan", now)
    by = person_id(database, "ana")
    with database.reading() as session:
        (seal,) = session.exec(select(Seal)).all()
    assert (seal.cycle_id, seal.sealed_at, seal.sealed_by, seal.prediction) == (walk.cycle_id, now, by, 78)
    assert seal.digest == digest(seal.baseline)
    sealed = {"digest": seal.digest, "periods": 24, "prediction": 78.0}
    assert trail(walk, "cycle.seal") == [(now, by, "cycle", walk.cycle_id, "", sealed, "", "done")]
    assert (trail(walk, "cycle.sign"), signatures(walk)) == ([], [])


def doubted(database: Database, rules: Rules, now: datetime) -> tuple[Walk, int]:
    """A good verdict under a doubt: the baseline reads otherwise today."""
    walk = in_check(database, rules, now)
    assess_now(walk, LATER)  # an older one, that nobody signs
    observe(database, rules, [1.0], first=FIRST, now=LATER)
    return walk, assess_now(walk, LATER).id


def test_a_signature_names_the_newest_assessment_who_weighed_it_when_and_why(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk, assessed = doubted(database, rules, now)
    pass_stage(walk, "check", LATER, signed=True, note=WHY)
    by = person_id(database, "ana")
    assert signatures(walk) == [(assessed, WHY, LATER, by)]
    facts = {"assessment": assessed, "verdict": "met"}
    assert trail(walk, "cycle.sign") == [(LATER, by, "cycle", walk.cycle_id, "", facts, WHY, "done")]


@pytest.mark.parametrize("system", ["sqlite"])
def test_what_was_signed_before_is_not_signed_again(database: Database, rules: Rules, now: datetime) -> None:
    walk, assessed = doubted(database, rules, now)
    by = person_id(database, "bo")
    with database.transaction("test") as session:
        session.add(Signature(assessment_id=assessed, reason="weighed", signed_at=now, signed_by=by))
    pass_stage(walk, "check", LATER, signed=True)
    assert (signatures(walk), trail(walk, "cycle.sign")) == ([(assessed, "weighed", now, by)], [])


@pytest.mark.parametrize("system", ["sqlite"])
def test_where_nothing_is_in_doubt_nothing_is_signed(database: Database, rules: Rules, now: datetime) -> None:
    walk = in_check(database, rules, now)
    assess_now(walk, LATER)
    pass_stage(walk, "check", LATER, signed=True)
    assert (signatures(walk), trail(walk, "cycle.sign")) == ([], [])


@pytest.mark.parametrize("system", ["sqlite"])
def test_a_check_that_was_given_up_has_nothing_to_sign(database: Database, rules: Rules, now: datetime) -> None:
    walk = in_check(database, rules, now)
    walk.run(abandon_check, walk.cycle_id, "ana", LATER, why="nothing was counted")
    pass_stage(walk, "check", LATER, signed=True)
    assert (signatures(walk), trail(walk, "cycle.sign")) == ([], [])
