"""Page, board and bulletin hold an indicator against what its cycle sealed or reached, in the words of the cycle."""

from datetime import date, datetime

import pytest

from engine.assessments import run_assessment
from engine.boards import look_at
from engine.people import directory
from engine.rules import Rules
from engine.scopes import Place
from models.assessment import Ending
from models.db import Database
from models.pictures import draw_record
from models.records import Record, record_from
from tests.indicators import unit_of
from tests.proofs import HYGIENE, LATER, aim_of, assess_now, at_work, in_act, in_check, observe, pass_stage, shares
from tests.walks import Walk

WORDS_OF_A_CHANGE = {"en": (">before<", ">after<", "the change", "the measure"), "zh": ("改进前", "改进后", "措施")}


def page(walk: Walk, now: datetime = LATER) -> Record:
    """Look as the page of the indicator does."""
    place = Place(walk.rules.catalogue.indicators[HYGIENE], unit_of(walk.database))
    with walk.database.reading() as session:
        (found,) = look_at(session, [place], directory(session), rules=walk.rules, now=now)
    assert found is not None
    return found


def scheduled(walk: Walk, now: datetime = LATER) -> Record:
    """Look as a schedule does, whose records the bulletin shows."""
    with walk.database.transaction("test") as session:
        made = run_assessment(session, indicator=HYGIENE, unit_id=unit_of(walk.database), as_of=now, rules=walk.rules,
                              by=None, now=now)  # fmt: skip
        assert made.cycle_id is None
        return record_from(made.record)


def test_while_a_cycle_runs_its_sealed_baseline_is_the_one(database: Database, rules: Rules, now: datetime) -> None:
    walk = in_check(database, rules, now)
    of_cycle = record_from(assess_now(walk, LATER).record)
    assert (of_cycle.cycle, of_cycle.baseline.n, of_cycle.target and of_cycle.target.value) == ("C2026-0001", 24, 75)
    assert page(walk) == scheduled(walk) == of_cycle
    drawn = draw_record(page(walk), "en")
    assert ">before<" in drawn and ">after<" in drawn


@pytest.mark.parametrize("system", ["sqlite"])
def test_what_is_watched_is_held_against_the_level_reached(database: Database, rules: Rules, now: datetime) -> None:
    walk = in_act(database, rules, now)
    pass_stage(walk, "act", LATER, ending=Ending.ADOPT)
    of_watch = record_from(assess_now(walk, LATER).record)
    assert of_watch.baseline.n == 9  # the periods that made the new level
    assert page(walk) == scheduled(walk) == of_watch


@pytest.mark.parametrize("system", ["sqlite"])
def test_without_a_cycle_nothing_is_called_before_or_after(database: Database, rules: Rules, now: datetime) -> None:
    walk = at_work(database, rules, now)
    aim_of(walk, now)  # not sealed yet
    observe(database, rules, shares(0.7, 9, seed=2), first=date(2026, 4, 1), now=LATER)
    found = page(walk)
    assert (found.cycle, found.baseline.n, found.after.n) == ("", 24, 9)
    for language, words in WORDS_OF_A_CHANGE.items():
        said = (found.said.sentence, *found.said.reasons, *found.said.flags)
        told = draw_record(found, language) + "".join(each.in_(language) for each in said)
        assert not [word for word in words if word in told]
    assert "after the first 24" in found.said.sentence.en and "最初 24 个月" in found.said.sentence.zh


@pytest.mark.parametrize("system", ["sqlite"])
def test_a_cycle_that_was_given_up_leaves_the_indicator_its_first_periods(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = in_act(database, rules, now)
    pass_stage(walk, "act", LATER, ending=Ending.ABANDON)
    found = page(walk)
    assert (found.cycle, found.prediction, found.target and found.target.value) == ("", None, 80)
