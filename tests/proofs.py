"""What gates ask for, given through the real verbs: values, an aim, an assessment; or the least that will do."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
from sqlmodel import Session

from config.indicators import Frequency
from config.periods import after
from engine.aims import GivenAim, set_aim
from engine.assessments import run_assessment
from engine.checks import abandon_check
from engine.gates import GateShut
from engine.observation_checks import Given
from engine.observations import put_observations
from engine.people import directory
from engine.rules import Rules
from engine.stages import approve_stage
from models.assessment import Assessment, Ending
from models.cycle import Cycle, Stage
from models.db import Database
from tests.places import make_hospital
from tests.walks import Walk, launched, stage, task, template

FALLS = "inpatient-falls"
HYGIENE = "hand-hygiene"
CASES = 200
FIRST = date(2024, 3, 1)  # 24 months before the tests' usual moment


def shares(level: float, n: int, *, seed: int = 1, cases: int = CASES) -> list[float]:
    """Draw numerators of a proportion that scatters by chance alone."""
    return [float(each) for each in np.random.default_rng(seed).binomial(cases, level, n)]


def observe(
    database: Database,
    rules: Rules,
    numerators: Sequence[float | None],
    *,
    now: datetime,
    first: date = FIRST,
    indicator: str = HYGIENE,
    unit: str = "ward-3",
    cases: int = CASES,
) -> None:
    """Enter monthly values of a proportion, the first of them in the month of `first`."""
    with database.transaction("test") as session:
        unit_id = directory(session).unit(unit).id
        given = [
            Given(indicator, unit_id, after(Frequency.MONTH, first, n), value, cases, provisional=False)
            for n, value in enumerate(numerators)
        ]
        done = put_observations(session, given, rules=rules, by=None, now=now)
        assert not done.faults, done.faults


def aim_of(walk: Walk, now: datetime, by: str = "ana", **given: object) -> None:
    """Set a complete aim (80 to 90 % hand hygiene), with whatever differs."""
    fields: dict[str, object] = {
        "indicator": HYGIENE,
        "target": 75,
        "target_on": date(now.year + 1, 12, 31),
        "prediction": 78,
        "prediction_note": "as in the ward next door",
    } | given
    walk.run(set_aim, walk.cycle_id, by, now, given=GivenAim.model_validate(fields))


def assess_now(walk: Walk, now: datetime) -> Assessment:
    """Assess a cycle as of now."""
    with walk.database.transaction("test") as session:
        by = directory(session).person("ana").id
        return run_assessment(session, cycle_id=walk.cycle_id, as_of=now, rules=walk.rules, by=by, now=now)


def pass_stage(walk: Walk, slug: str, now: datetime, by: str = "ana", **more: object) -> list[str]:
    """Approve a stage, with the note that every gate asks for."""
    return walk.run(approve_stage, walk.stage(slug).id, by, now, **{"note": "good", **more})


def least_proof(session: Session, stage: Stage, *, rules: Rules, by: int, now: datetime) -> Ending | None:
    """Do the least that lets a stage pass where there are no data; returns what Act has to say."""
    if stage.gate == "plan":
        given = GivenAim(
            indicator=HYGIENE,
            target=85,
            target_on=date(now.year + 1, 12, 31),
            prediction=84,
            short_baseline_reason="counted from today on",
        )
        set_aim(session, stage.cycle_id, given, rules=rules, by=by, now=now)
    if stage.gate == "check":
        why = "nothing was counted"
        lead = session.get_one(Cycle, stage.cycle_id).lead_id
        abandon_check(session, stage.cycle_id, why=why, rules=rules, by=lead, now=now)
    return Ending.ABANDON if stage.gate == "act" else None


def let_pass(walk: Walk, slug: str, now: datetime, by: str = "ana") -> list[str]:
    """Let a stage pass with the least proof."""
    with walk.database.transaction("test") as session:
        who = directory(session).person(by).id
        stage = session.get_one(Stage, walk.stage(slug).id)
        ending = least_proof(
            session, stage, rules=walk.rules, by=session.get_one(Cycle, walk.cycle_id).lead_id, now=now
        )
        return approve_stage(session, stage.id, note="good", rules=walk.rules, by=who, now=now, ending=ending)


def month(year: int, number: int, day: int = 3) -> datetime:
    """Make a moment of a working morning early in a month."""
    return datetime(year, number, day, 2, 0, tzinfo=UTC)


STAGES = ("plan", "do", "check", "act")
PDCA = template(*(stage(slug, task(f"{slug}-it")) for slug in STAGES), kind="pdca")
LATER = month(2027, 1)  # nine months of values after Do was opened in March 2026


def at_work(database: Database, rules: Rules, now: datetime, level: float = 0.6, n: int = 24) -> Walk:
    """Launch a cycle of a ward that has been counted for two years; Plan's one task is done."""
    make_hospital(database)
    walk = launched(database, rules, now, PDCA)
    observe(database, rules, shares(level, n), now=now)
    walk.answer("plan-it", "done", "dee", now)
    return walk


def in_check(database: Database, rules: Rules, now: datetime, after: float = 0.8, n: int = 9) -> Walk:
    """Walk on into Check, whose task is done; values have come since Do was opened."""
    walk = at_work(database, rules, now)
    aim_of(walk, now)
    pass_stage(walk, "plan", now)
    walk.answer("do-it", "done", "dee", now)
    pass_stage(walk, "do", now)
    walk.answer("check-it", "done", "dee", now)
    observe(database, rules, shares(after, n, seed=2), first=date(2026, 4, 1), now=LATER)
    return walk


def in_act(database: Database, rules: Rules, now: datetime, after: float = 0.8) -> Walk:
    """Walk on into Act, whose task is done; a verdict has let Check pass."""
    walk = in_check(database, rules, now, after)
    assess_now(walk, LATER)
    pass_stage(walk, "check", LATER)
    walk.answer("act-it", "done", "dee", LATER)
    return walk


def names(error: GateShut) -> list[str]:
    """Name the pieces that a gate misses."""
    return [piece.name for piece in error.pieces]
