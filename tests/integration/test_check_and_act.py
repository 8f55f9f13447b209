"""The gates of Check and Act: a verdict that cannot be faked, decisions that stay, four outcomes, a watch."""

from datetime import date, datetime

import pytest
from sqlmodel import select

from engine.checks import NoCheckOpen, abandon_check, extend_check
from engine.endings import TITLES, NothingProposed, follow_cycle
from engine.gates import GateShut
from engine.rules import Rules
from engine.scopes import NothingSealed
from engine.seals import changed_since_seal
from models.assessment import Ending, Origin, OriginKind, Proposal, Watch
from models.cycle import Cycle, CycleStatus
from models.db import Database
from models.errors import DateInThePast, NotAllowed, NoteMissing, ReasonMissing
from models.reads.assessments import check_decisions, find_aim, find_ending, find_signature, following_cycles
from models.records import record_from
from tests.invariants import hold
from tests.places import make_hospital
from tests.proofs import (
    CASES,
    FIRST,
    LATER,
    PDCA,
    STAGES,
    assess_now,
    at_work,
    in_act,
    in_check,
    let_pass,
    month,
    names,
    observe,
    pass_stage,
    shares,
)
from tests.walks import Walk, launched, stage, task, template


def test_check_wants_an_assessment_of_its_own_and_of_todays_data(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = in_check(database, rules, now)
    with pytest.raises(GateShut) as caught:
        pass_stage(walk, "check", LATER)
    assert names(caught.value) == ["assessment"] and "wardcycle assess" in str(caught.value)
    made = assess_now(walk, LATER)
    assert (made.verdict, made.needs_signature, made.too_little) == ("met", False, False)
    observe(database, rules, shares(0.8, 1), first=date(2027, 1, 1), now=month(2027, 2))
    with pytest.raises(GateShut, match="changed since the last one"):
        pass_stage(walk, "check", month(2027, 2))
    assess_now(walk, month(2027, 2))
    assert pass_stage(walk, "check", month(2027, 2)) == ["act-it"]
    found = record_from(made.record)
    assert (found.prediction, found.baseline.n, found.after.n, found.cycle) == (78, 24, 9, walk.cycle().code)
    assert "The team had predicted 78.0" in made.text_en and "团队此前预测为 78.0" in made.text_zh
    hold(database, month(2027, 2))


def test_later_imports_change_neither_the_seal_nor_the_verdict_and_are_reported(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = in_check(database, rules, now)
    first = record_from(assess_now(walk, LATER).record)
    observe(database, rules, [1.0, 2.0], first=FIRST, now=LATER)
    again = assess_now(walk, LATER)
    second = record_from(again.record)
    assert (second.data_hash, second.verdict, second.points) == (first.data_hash, first.verdict, first.points)
    assert (second.n_changed, "baseline_changed" in second.flags, again.needs_signature) == (2, True, True)
    with database.reading() as session:
        unit = session.get_one(Cycle, walk.cycle_id).unit_id
        changed = changed_since_seal(session, walk.cycle_id, unit)
    assert [(one.period, one.today) for one in changed] == [(FIRST, (1.0, CASES)), (date(2024, 4, 1), (2.0, CASES))]


def test_a_good_verdict_with_doubts_wants_a_signature_that_stays_in_the_record(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = in_check(database, rules, now)
    observe(database, rules, [1.0], first=FIRST, now=LATER)
    made = assess_now(walk, LATER)
    with pytest.raises(GateShut) as caught:
        pass_stage(walk, "check", LATER)
    assert names(caught.value) == ["signature"]
    pass_stage(walk, "check", LATER, signed=True, note="the correction was a typing error")
    with database.reading() as session:
        signature = find_signature(session, made.id)
    assert signature is not None and signature.reason == "the correction was a typing error"


def test_too_few_points_keep_check_open_and_ask_the_data_owner_once(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = in_check(database, rules, now, n=7)
    made = assess_now(walk, LATER)
    assess_now(walk, LATER)
    assert (made.verdict, made.too_little) == ("cannot_tell", True)
    assert walk.told("data-wanted") == [("data-wanted", "", "chen"), ("data-wanted", "", "gao")]
    with pytest.raises(GateShut, match="Only 7 usable periods after the change") as caught:
        pass_stage(walk, "check", LATER)
    assert names(caught.value) == ["points"]
    observe(database, rules, shares(0.8, 1), first=date(2026, 11, 1), now=LATER)
    assess_now(walk, LATER)
    assert pass_stage(walk, "check", LATER) == ["act-it"]
    hold(database, LATER)


def test_no_point_at_all_after_the_change_is_said_and_asked_for(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = in_check(database, rules, now, n=0)
    made = assess_now(walk, LATER)
    assert (made.verdict, made.too_little) == ("cannot_tell", True)
    assert "24 usable points before and 0 after" in made.text_en
    assert len(walk.told("data-wanted")) == 2


def test_a_look_before_plan_closed_has_nothing_to_hold_the_data_against(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = at_work(database, rules, now)
    with pytest.raises(NothingSealed):
        assess_now(walk, now)


def test_the_lead_extends_a_check_with_a_reason_and_the_question_rests(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = in_check(database, rules, now, n=3)
    until = date(2027, 3, 1)
    for by, why, error in (("eva", "more data", NotAllowed), ("ana", " ", ReasonMissing)):
        with pytest.raises(error):
            walk.run(extend_check, walk.cycle_id, by, LATER, until=until, why=why)
    with pytest.raises(DateInThePast):
        walk.run(extend_check, walk.cycle_id, "ana", LATER, until=date(2027, 1, 3), why="more data")
    walk.run(extend_check, walk.cycle_id, "ana", LATER, until=until, why="more data")
    (asked,) = walk.decisions(pending=True)
    assert asked.next_at == datetime(2027, 3, 1, 1, 0, tzinfo=asked.next_at.tzinfo if asked.next_at else None)
    with pytest.raises(GateShut):
        pass_stage(walk, "check", LATER)
    with database.reading() as session:
        (kept,) = check_decisions(session, walk.cycle_id)
    assert (kept.choice.value, kept.until_on, kept.reason) == ("extend", until, "more data")


def test_an_abandoned_check_closes_without_a_verdict_and_nothing_is_adopted(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = in_check(database, rules, now, n=0)
    with pytest.raises(NoCheckOpen):
        other = launched(database, rules, now, PDCA)
        other.run(abandon_check, other.cycle_id, "ana", LATER, why="no data")
    walk.run(abandon_check, walk.cycle_id, "ana", LATER, why="the ward was closed")
    pass_stage(walk, "check", LATER)
    walk.answer("act-it", "done", "dee", LATER)
    with pytest.raises(GateShut, match="Check was abandoned"):
        pass_stage(walk, "act", LATER, ending=Ending.ADOPT)
    pass_stage(walk, "act", LATER, ending=Ending.ABANDON)
    with database.reading() as session:
        ending = find_ending(session, walk.cycle_id)
    assert ending is not None and (ending.ending, ending.assessment_id) == (Ending.ABANDON, None)
    assert walk.cycle().status is CycleStatus.CLOSED
    hold(database, LATER)


def test_act_wants_one_of_four_outcomes(database: Database, rules: Rules, now: datetime) -> None:
    walk = in_act(database, rules, now)
    with pytest.raises(GateShut) as caught:
        pass_stage(walk, "act", LATER)
    assert names(caught.value) == ["outcome"]
    with pytest.raises(NoteMissing):
        pass_stage(walk, "act", LATER, ending=Ending.ADOPT, note="")
    pass_stage(walk, "act", LATER, ending=Ending.ABANDON)
    assert walk.cycle().status is CycleStatus.CLOSED


@pytest.mark.parametrize("ending", [Ending.ADAPT, Ending.CONTINUE])
def test_adapt_and_continue_open_the_next_cycle_with_its_plan_filled_in(
    database: Database, rules: Rules, now: datetime, ending: Ending
) -> None:
    walk = in_act(database, rules, now)
    pass_stage(walk, "act", LATER, ending=ending)
    with database.reading() as session:
        (opened,) = following_cycles(session, walk.cycle_id)
        origin = session.get_one(Origin, opened.id)
        aim = find_aim(session, opened.id)
    assert (opened.status, opened.template, opened.lead_id) == (CycleStatus.ACTIVE, "trial", walk.cycle().lead_id)
    assert (origin.previous_id, origin.kind.value) == (walk.cycle_id, ending.value)
    assert aim is not None and (aim.target, aim.prediction, aim.target_on) == (75, None, None)
    assert (aim.baseline_first_on, aim.baseline_last_on) == (date(2026, 4, 1), date(2026, 12, 1))
    assert walk.cycle().status is CycleStatus.CLOSED
    following = Walk(database, walk.rules, opened.id)
    following.answer("plan-it", "done", "dee", LATER)
    with pytest.raises(GateShut) as caught:
        pass_stage(following, "plan", LATER)
    assert names(caught.value) == ["date", "prediction", "baseline"]
    hold(database, LATER)


def test_adopt_watches_for_a_year_and_a_concern_proposes_a_cycle_once(
    database: Database, rules: Rules, now: datetime
) -> None:
    walk = in_act(database, rules, now)
    pass_stage(walk, "act", LATER, ending=Ending.ADOPT)
    with database.reading() as session:
        watch = session.exec(select(Watch)).one()
    assert (watch.from_on, watch.until_on) == (date(2027, 1, 3), date(2028, 1, 3))
    assert (watch.level_first_on, watch.level_last_on) == (date(2026, 4, 1), date(2026, 12, 1))
    with pytest.raises(NothingProposed):
        walk.run(follow_cycle, walk.cycle_id, "ana", LATER)
    observe(database, rules, [*shares(0.8, 2, seed=3), 100.0], first=date(2027, 1, 1), now=month(2027, 4))
    for _ in range(2):
        made = assess_now(walk, month(2027, 4))
    assert record_from(made.record).alert or made.verdict == "cannot_tell"
    assert walk.told("proposal") == [("proposal", "", "ana"), ("proposal", "", "eva")]
    with database.reading() as session:
        proposal = session.exec(select(Proposal)).one()
    with pytest.raises(NotAllowed, match=r"Dee .*Ana .*Eva "):
        walk.run(follow_cycle, walk.cycle_id, "dee", month(2027, 4))
    opened = walk.run(follow_cycle, walk.cycle_id, "eva", month(2027, 4))
    with database.reading() as session:
        origin = session.get_one(Origin, opened.id)
    assert (origin.kind, origin.previous_id, origin.proposal_id) == (OriginKind.SIGNAL, walk.cycle_id, proposal.id)
    words, before = TITLES[OriginKind.SIGNAL], walk.cycle()
    assert opened.title_en == f"{before.title_en} ({words.en})"
    assert opened.title_zh == f"{before.title_zh}（{words.zh}）"
    with pytest.raises(NothingProposed):
        walk.run(follow_cycle, walk.cycle_id, "ana", month(2027, 4))
    hold(database, month(2027, 4))


def test_a_watch_ends_after_its_year(database: Database, rules: Rules, now: datetime) -> None:
    walk = in_act(database, rules, now)
    pass_stage(walk, "act", LATER, ending=Ending.ADOPT)
    for day, ended in ((3, False), (4, True)):
        assess_now(walk, month(2028, 1, day))
        with database.reading() as session:
            assert (session.exec(select(Watch)).one().ended_at is not None) == ended


def test_stages_of_other_processes_ask_for_a_note_only(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, template(stage("check", task("look"), gate="check")))
    walk.answer("look", "done", "dee", now)
    pass_stage(walk, "check", now)
    assert walk.cycle().status is CycleStatus.CLOSED


def test_the_least_proof_closes_a_cycle_without_data(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, PDCA)
    for slug in STAGES:
        walk.answer(f"{slug}-it", "done", "dee", now)
        let_pass(walk, slug, now)
    assert walk.cycle().status is CycleStatus.CLOSED
    hold(database, now)
