"""The form of a cycle's aim: it says what the indicator can show before anything is saved, and the engine refuses."""

from datetime import date, datetime
from html import unescape
from pathlib import Path

import pytest
from sqlmodel import select

from engine.rules import Rules
from models.assessment import Aim
from models.audit import Audit
from models.db import Database
from tests.invariants import hold
from tests.proofs import HYGIENE, LATER, aim_of, at_work, in_check, pass_stage
from tests.visitors import Answer, Visitor, pages_of
from tests.walks import Walk
from web.aim_page import LABELS

# The queries behind these pages run on both databases in tests of their own, and test_policies opens each page on both.
pytestmark = pytest.mark.parametrize("system", ["sqlite"], indirect=True)

WHOLE = {
    "indicator": HYGIENE,
    "unit": "ward-3",
    "target": "75",
    "target_on": "2027-12-31",
    "prediction": "78",
    "prediction_note": "as in the ward next door",
}


def send(visitor: Visitor, walk: Walk, fields: dict[str, str], language: str = "en") -> Answer:
    path = f"/cycles/{walk.cycle().code}/aim?lang={language}"
    return visitor.post(path, {"form": visitor.get("/me").form} | fields)


def find(walk: Walk) -> Aim | None:
    with walk.database.reading() as session:
        return session.exec(select(Aim)).first()


def test_from_the_refusal_of_the_gate_to_the_saved_aim_are_two_clicks(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = at_work(database, rules, now)
    address = f"/cycles/{walk.cycle().code}/aim?lang=en"
    with pages_of(database, walk.rules, tmp_path, now) as pages:
        ana = pages.logged_in("ana")
        for page in ("/decisions?lang=en", f"/cycles/{walk.cycle().code}?lang=en"):
            assert f'href="{address}"' in ana.get(page).body
        for language in ("en", "zh"):
            said = unescape(ana.get(f"/cycles/{walk.cycle().code}/aim?lang={language}").body)
            assert all(label.in_(language) in said for label in LABELS.values()), language
            assert "<script" not in said and "style=" not in said and len(said.encode()) < 100_000
        saved = send(ana, walk, WHOLE)
        assert (saved.status, saved.to) == (303, f"/cycles/{walk.cycle().code}?lang=en#aim")
        cycle = ana.get(saved.to.partition("#")[0]).body
        assert "months can show" in cycle and "Before this stage can close" not in cycle
    aim = find(walk)
    assert aim is not None
    assert (aim.target, aim.target_on, aim.prediction) == (75, date(2027, 12, 31), 78)
    assert aim.baseline_first_on == date(2024, 3, 1), "the usual baseline is found"
    pass_stage(walk, "plan", now)
    hold(database, now)


@pytest.mark.parametrize(
    ("language", "power", "missing", "complete"),
    [
        ("en", "21 months can show a rise", "a prediction: the value", "Nothing is missing"),
        ("zh", "21 个月可以看出", "预测值：团队预期的结果", "所需内容已齐全"),
    ],
)
def test_a_look_says_what_it_can_show_and_what_is_missing_and_writes_nothing(
    database: Database,
    rules: Rules,
    tmp_path: Path,
    now: datetime,
    language: str,
    power: str,
    missing: str,
    complete: str,
) -> None:
    walk = at_work(database, rules, now)
    with pages_of(database, walk.rules, tmp_path, now) as pages:
        ana = pages.logged_in("ana")
        part = {name: value for name, value in WHOLE.items() if not name.startswith("prediction")}
        looked = send(ana, walk, part | {"how": "look"}, language)
        assert looked.status == 200 and power in looked.body and missing in looked.body
        assert 'name="target" value="75"' in looked.body, "what was typed is kept"
        looked = send(ana, walk, WHOLE | {"how": "look"}, language)
        assert complete in looked.body
    assert find(walk) is None
    with database.reading() as session:
        assert session.exec(select(Audit).where(Audit.what == "cycle.aim")).first() is None


def test_an_empty_field_leaves_what_was_there_and_what_is_stored_stands_in_the_form(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = at_work(database, rules, now)
    aim_of(walk, now, short_baseline_reason="enough")
    with pages_of(database, walk.rules, tmp_path, now) as pages:
        eva = pages.logged_in("eva")
        said = eva.get(f"/cycles/{walk.cycle().code}/aim?lang=en").body
        for shown in ('name="target" value="75"', 'value="2024-03-01"', ">as in the ward next door</textarea>"):
            assert shown in said, shown
        assert send(eva, walk, {"target": "80"}).status == 303
    aim = find(walk)
    assert aim is not None
    assert (aim.target, aim.prediction, aim.short_baseline_reason) == (80, 78, "enough")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"target": "0.75"}, "Write 75, or confirm that 0.75 is really meant"),
        ({"target": "many"}, "Target: this cannot be read"),
        ({"target": "nan"}, "Target: this cannot be read"),
        ({"target_on": "31.12.2027"}, "To be reached by: this cannot be read"),
        ({"target_on": "2026-03-02"}, "2026-03-02"),
        ({"prediction": "178"}, "Correct the number"),
        ({"wash_in": "-1"}, "Periods of Do that count for nothing: this cannot be read"),
        ({"prediction_note": "x" * 5001}, "at most 5000 characters"),
        ({"indicator": "no-such"}, "no-such"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_was_typed(
    database: Database, rules: Rules, tmp_path: Path, now: datetime, wrong: dict[str, str], words: str
) -> None:
    walk = at_work(database, rules, now)
    with pages_of(database, walk.rules, tmp_path, now) as pages:
        ana = pages.logged_in("ana")
        refused = send(ana, walk, WHOLE | wrong)
        assert refused.status in (404, 422) and words in unescape(refused.body), refused.status
        assert find(walk) is None
        if wrong == {"target": "0.75"}:
            assert 'name="as_written"' in refused.body
            assert send(ana, walk, WHOLE | wrong | {"as_written": "yes", "prediction": ""}).status == 303


def test_who_may_not_set_the_aim_is_told_who_may_and_a_sealed_one_stays(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = at_work(database, rules, now)
    path = f"/cycles/{walk.cycle().code}/aim?lang=en"
    with pages_of(database, walk.rules, tmp_path, now) as pages:
        dee = pages.logged_in("dee")
        assert (dee.get(path).status, send(dee, walk, WHOLE).status) == (403, 403)
        assert f'href="{path}"' not in dee.get(f"/cycles/{walk.cycle().code}?lang=en").body
        assert pages.visitor().get(path).status == 303
        assert send(pages.logged_in("eva"), walk, WHOLE | {"unit": "no-such"}).status == 404
        assert find(walk) is None


def test_after_plan_the_form_is_closed(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> None:
    walk = in_check(database, rules, now)
    with pages_of(database, walk.rules, tmp_path, LATER) as pages:
        ana = pages.logged_in("ana")
        for said in (ana.get(f"/cycles/{walk.cycle().code}/aim?lang=en"), send(ana, walk, {"target": "90"})):
            assert said.status in (400, 422) and "sealed" in said.body
        assert f"{walk.cycle().code}/aim" not in ana.get(f"/cycles/{walk.cycle().code}?lang=en").body.replace(
            f"wardcycle cycle aim {walk.cycle().code}", ""
        )
    aim = find(walk)
    assert aim is not None and aim.target == 75
