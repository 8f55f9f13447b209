"""The gate of Plan: an aim on the right scale, sealed with its baseline; what lacks is named at once."""

import json
from datetime import date, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlmodel import select

from engine.aims import AimTooLate, GivenAim, LevelOffScale, set_aim
from engine.baselines import digest
from engine.gates import GateShut
from engine.rules import Rules
from models.assessment import Aim, Assessment, Seal
from models.audit import Audit
from models.cycle import StageStatus
from models.db import Database
from models.errors import DateInThePast, NotAllowed
from models.reads.assessments import find_aim
from tests.invariants import hold
from tests.proofs import (
    LATER,
    aim_of,
    assess_now,
    at_work,
    in_check,
    names,
    observe,
    pass_stage,
    shares,
)


def test_plan_stays_open_without_an_aim_and_says_how_to_set_one(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = at_work(database, rules, now)
    with pytest.raises(GateShut) as caught:
        pass_stage(walk, "plan", now)
    assert names(caught.value) == ["aim"]
    code = walk.cycle().code
    for language in ("en", "zh"):
        said = caught.value.text(language)
        assert f"wardcycle cycle aim {code} --indicator" in said and f"/cycles/{code}#aim" in said
    assert walk.stage("plan").status is StageStatus.READY
    hold(database, now)


def test_plan_names_every_missing_piece_at_once(database: Database, rules: Rules, now: datetime) -> None:
    walk = at_work(database, rules, now, n=7)
    given = GivenAim(indicator="inpatient-falls")
    walk.run(set_aim, walk.cycle_id, "ana", now, given=given)
    with pytest.raises(GateShut) as caught:
        pass_stage(walk, "plan", now, note=" ")
    assert names(caught.value) == ["target", "date", "prediction", "baseline", "note"]


def test_a_short_baseline_passes_with_a_reason_only(database: Database, rules: Rules, now: datetime) -> None:
    walk = at_work(database, rules, now, n=11)
    aim_of(walk, now)
    with pytest.raises(GateShut, match=r"at least 12 usable points \(there are 11\)") as caught:
        pass_stage(walk, "plan", now)
    assert names(caught.value) == ["baseline"]
    aim_of(walk, now, short_baseline_reason="counting began last spring")
    pass_stage(walk, "plan", now)
    observe(database, rules, shares(0.6, 1), first=date(2025, 2, 1), now=now)
    assert walk.stage("do").status is StageStatus.OPEN


def test_twelve_points_are_a_baseline(database: Database, rules: Rules, now: datetime) -> None:
    walk = at_work(database, rules, now, n=12)
    aim_of(walk, now)
    assert pass_stage(walk, "plan", now) == ["do-it"]


def test_plan_seals_baseline_and_prediction_with_hash_and_time(database: Database, rules: Rules, now: datetime) -> None:
    walk = at_work(database, rules, now)
    aim_of(walk, now)
    pass_stage(walk, "plan", now)
    with database.reading() as session:
        seal = session.exec(select(Seal)).one()
        sealed = json.loads(seal.baseline)
        audit = session.exec(select(Audit).where(Audit.what == "cycle.seal")).one()
    assert (seal.sealed_at, seal.prediction, digest(seal.baseline)) == (now, 78, seal.digest)
    assert (sealed["prediction"], sealed["target"], len(sealed["values"])) == (78, 75, 24)
    assert (audit.at, json.loads(audit.after)["digest"]) == (now, seal.digest)
    hold(database, now)


def test_a_prediction_after_do_was_opened_is_refused(database: Database, rules: Rules, now: datetime) -> None:
    walk = at_work(database, rules, now)
    aim_of(walk, now)
    pass_stage(walk, "plan", now)
    with pytest.raises(AimTooLate):
        aim_of(walk, now, prediction=90)
    with database.reading() as session:
        aim = find_aim(session, walk.cycle_id)
    assert aim is not None and aim.prediction == 78


def test_the_database_itself_refuses_to_change_a_seal_or_an_assessment(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = in_check(database, rules, now)
    assess_now(walk, LATER)
    for change in (
        sa.update(Seal).values(prediction=99.0),
        sa.delete(Seal),
        sa.update(Assessment).values(verdict="met"),
        sa.delete(Assessment),
    ):
        with pytest.raises(DatabaseError, match="never changed"), database.transaction("test") as session:
            session.execute(change)


@pytest.mark.parametrize(
    ("given", "mend"),
    [
        ({"target": 0.85}, "Write 85"),
        ({"target": 850}, "Correct the number"),
        ({"prediction": 0.7}, "Write 70"),
        ({"target": -3}, "Correct the number"),
    ],
)
def test_a_level_on_another_scale_is_refused(
    database: Database, rules: Rules, now: datetime, given: dict[str, object], mend: str
) -> None:
    walk = at_work(database, rules, now)
    with pytest.raises(LevelOffScale, match=mend):
        aim_of(walk, now, "ana", **given)
    with database.reading() as session:
        assert session.exec(select(Aim)).all() == []


def test_85_is_a_target_in_per_cent_and_a_small_number_may_be_meant(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = at_work(database, rules, now)
    aim_of(walk, now, target=85)
    aim_of(walk, now, target=0.85, as_written=True)
    with database.reading() as session:
        aim = find_aim(session, walk.cycle_id)
    assert aim is not None and aim.target == 0.85


def test_only_lead_and_quality_office_set_an_aim_with_a_date_to_come(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = at_work(database, rules, now)
    for by in ("dee", "bo", "gao"):
        with pytest.raises(NotAllowed):
            aim_of(walk, now, by=by)
    with pytest.raises(DateInThePast):
        aim_of(walk, now, target_on=date(2026, 3, 2))
    aim_of(walk, now, by="eva", target_on=date(2026, 3, 3))
