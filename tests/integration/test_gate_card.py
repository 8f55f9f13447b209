"""The page of decisions at a gate: the outcome of a cycle, the signature under doubts, a Check without enough data."""

from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest
from sqlmodel import select

from engine.checks import abandon_check
from engine.proof import ProofNeeded
from engine.rules import Rules
from models.assessment import CheckChoice, CheckDecision, CycleEnding, Ending, Signature
from models.base import Row
from models.cycle import Cycle, CycleStatus, StageStatus
from models.db import Database
from tests.invariants import hold
from tests.proofs import FIRST, LATER, aim_of, assess_now, at_work, in_act, in_check, let_pass, observe
from tests.visitors import Answer, Visitor, pages_of
from tests.walks import Walk
from web.gate_asks import OUTCOMES

# The queries behind these pages run on both databases in tests of their own, and test_policies opens each page on both.
pytestmark = pytest.mark.parametrize("system", ["sqlite"], indirect=True)

One = TypeVar("One", bound=Row)


def all_of(walk: Walk, noun: type[One]) -> list[One]:
    with walk.database.reading() as session:
        return list(session.exec(select(noun)))


def press(visitor: Visitor, walk: Walk, language: str = "en", **fields: str) -> Answer:
    """Send a form of the card, as the page wrote it."""
    form = visitor.get("/me").form  # where there is nothing to press the page of decisions has none
    with walk.database.reading() as session:
        about = session.connection().exec_driver_sql("SELECT max(id) FROM decision WHERE kind = 'approval'").scalar()
    sent = {"form": form, "about": str(about), "choice": "approve"} | fields
    return visitor.post(f"/decisions?lang={language}", sent)


@pytest.mark.parametrize("ending", Ending)
def test_act_passes_on_the_page_with_any_of_the_four_outcomes(
    database: Database, rules: Rules, tmp_path: Path, now: datetime, ending: Ending
) -> None:
    walk = in_act(database, rules, now)
    with pages_of(database, walk.rules, tmp_path, LATER) as pages:
        ana = pages.logged_in("ana")
        assert press(ana, walk, outcome=ending.value, note="as the chart shows").status == 303
    (made,) = all_of(walk, CycleEnding)
    assert (made.ending, made.reason) == (ending, "as the chart shows")
    opened = ending in (Ending.ADAPT, Ending.CONTINUE)
    assert (walk.cycle().status, len(all_of(walk, Cycle))) == (CycleStatus.CLOSED, 2 if opened else 1)
    hold(database, LATER)


def test_each_outcome_says_what_it_brings_and_none_is_chosen_beforehand(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = in_act(database, rules, now)
    with pages_of(database, walk.rules, tmp_path, LATER) as pages:
        ana = pages.logged_in("ana")
        for language in ("en", "zh"):
            said = ana.get(f"/decisions?lang={language}").body
            assert all(one.effect.in_(language) in said and one.words.in_(language) in said for one in OUTCOMES)
            assert said.count('name="outcome"') == 4 and "checked" not in said and "<script" not in said
            missing = press(ana, walk, language, note="good")
            assert missing.status == 422
            assert "wardcycle cycle" not in missing.body, "a page names no commands"
            assert {"en": "what comes of it: adopt", "zh": "处理结论："}[language] in missing.body
            assert ">good</textarea>" in missing.body, "what was typed is kept"
        assert press(ana, walk, outcome="none-such", note="good").status == 422
        kept = press(ana, walk, outcome="adapt")
        assert kept.status == 422 and kept.body.count(" checked") == 2, "of the form as it was sent"
    assert all_of(walk, CycleEnding) == []


def test_nothing_is_adopted_where_check_was_given_up(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = in_check(database, rules, now, n=3)
    let_pass(walk, "check", LATER)
    walk.answer("act-it", "done", "dee", LATER)
    with pages_of(database, walk.rules, tmp_path, LATER) as pages:
        ana = pages.logged_in("ana")
        said = ana.get("/decisions?lang=en").body
        assert said.count('name="outcome"') == 3 and "Nothing can be adopted" in said
        assert press(ana, walk, outcome="adopt", note="still").status == 422
        assert press(ana, walk, outcome="abandon", note="no data").status == 303


def test_a_doubtful_check_passes_with_a_tick_and_not_without_it(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = in_check(database, rules, now)
    observe(database, rules, [1.0], first=FIRST, now=LATER)  # the sealed past is corrected
    assert assess_now(walk, LATER).needs_signature
    with pages_of(database, walk.rules, tmp_path, LATER) as pages:
        ana = pages.logged_in("ana")
        said = ana.get("/decisions?lang=en").body
        assert "1 period of the sealed baseline changed" in said and 'name="signed" value="yes"' in said
        assert "封存基线中有 1 期" in ana.get("/decisions?lang=zh").body
        refused = press(ana, walk, note="I know")
        assert (refused.status, "a signature, because of doubts: 1 period" in refused.body) == (422, True)
        assert press(ana, walk, signed="yes").status == 422, "the note says why"
        assert all_of(walk, Signature) == []
        assert press(ana, walk, signed="yes", note="the ward was full").status == 303
    assert [one.reason for one in all_of(walk, Signature)] == ["the ward was full"]
    assert walk.stage("check").status is StageStatus.CLOSED


def test_the_lead_extends_or_gives_up_a_check_that_lacks_data(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = in_check(database, rules, now, n=3)
    assess_now(walk, LATER)
    with pages_of(database, walk.rules, tmp_path, LATER) as pages:
        ana = pages.logged_in("ana")
        for language, words in (("en", ("Only 3 usable periods", "Wait for more data", "Give the Check up")),
                                ("zh", ("等待更多数据", "放弃检查"))):  # fmt: skip
            said = ana.get(f"/decisions?lang={language}").body
            assert all(word in said for word in words) and 'value="approve"' not in said
        for fields in ({"until": "2027-03-31"}, {"note": "wait"}, {"until": "2027-01-01", "note": "wait"}):
            refused = press(ana, walk, choice="extend-check", **fields)
            assert (refused.status, all_of(walk, CheckDecision)) == (422, [])
        assert press(ana, walk, choice="extend-check", until="2027-03-31", note="two months more").status == 303
        assert "keeps this Check open until Wed 31 Mar" in ana.get("/decisions?lang=en").body
        assert press(ana, walk, choice="abandon-check").status == 422
        assert press(ana, walk, choice="abandon-check", note="nobody counts").status == 303
        assert "Before this stage can close" not in ana.get("/decisions?lang=en").body
        assert press(ana, walk, note="given up").status == 303
        assert press(ana, walk, choice="abandon-check", note="again").status == 409
    assert [one.choice for one in all_of(walk, CheckDecision)] == [CheckChoice.EXTEND, CheckChoice.ABANDON]
    assert walk.stage("check").status is StageStatus.CLOSED


def test_the_office_may_not_extend_in_place_of_the_lead_and_a_link_alone_may_not_at_all(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = in_check(database, rules, now, n=3)
    assess_now(walk, LATER)
    with pages_of(database, walk.rules, tmp_path, LATER) as pages:
        assert press(pages.logged_in("eva"), walk, choice="abandon-check", note="enough").status == 409
    for door in ("link", "mail"):
        walk.door = door
        with pytest.raises(ProofNeeded):
            walk.run(abandon_check, walk.cycle_id, "ana", LATER, why="enough")
    assert all_of(walk, CheckDecision) == []


def test_a_plan_without_an_aim_names_it_with_a_link_to_its_form(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = at_work(database, rules, now)
    with pages_of(database, walk.rules, tmp_path, now) as pages:
        ana = pages.logged_in("ana")
        address = f'href="/cycles/{walk.cycle().code}/aim?lang=en"'
        card = ana.get("/decisions?lang=en").body
        assert address in card and 'value="approve"' not in card
        refused = press(ana, walk, note="go")
        assert refused.status == 422 and refused.body.count(address) == 2
        aim_of(walk, now, prediction=None)
        assert "a prediction: the value that the team expects" in ana.get("/decisions?lang=en").body
        aim_of(walk, now)
        assert press(ana, walk, note="go").status == 303
    assert walk.stage("plan").status is StageStatus.CLOSED
