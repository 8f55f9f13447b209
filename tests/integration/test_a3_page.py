"""The report of a cycle on one page: everything from the record, the same numbers in both languages."""

import re
from datetime import datetime
from pathlib import Path

from engine.rules import Rules
from models.assessment import Ending
from models.db import Database
from tests.places import make_hospital
from tests.proofs import LATER, at_work, in_act, pass_stage
from tests.visitors import pages_of
from tests.walks import ONE, launched

NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _numbers(body: str) -> list[str]:
    """Take the numbers of the two charts and of the aim, dates left out."""
    pictures = re.findall(r"<svg xmlns.*?</svg>", body, re.S)
    assert len(pictures) == 2
    found = re.findall(r"<text[^>]*>([^<]*)</text>", "".join(pictures))
    return sorted(number for text in found for number in NUMBER.findall(text))


def test_a_finished_cycle_is_reported_from_problem_to_outcome(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = in_act(database, rules, now)
    pass_stage(walk, "act", LATER, ending=Ending.ADOPT, note="it works")
    code = walk.cycle().code
    with pages_of(database, walk.rules, tmp_path, LATER) as pages:
        office = pages.logged_in("eva")
        english, chinese = (office.get(f"/cycles/{code}/a3?lang={language}") for language in ("en", "zh"))
        for page, words in (
            (english, ("Problem and causes", "as agreed", "Baseline: ", "The team had predicted 78.0", "adopted",
                       "it works", "Watched until", "as in the ward next door", "With 200 cases a month")),
            (chinese, ("问题与原因", "as agreed", "基线：24 期", "团队此前预测为 78.0", "固化", "it works",
                       "持续观察至", "每月 200 例时")),
        ):  # fmt: skip
            assert page.status == 200
            assert [word for word in words if word not in page.body] == []
            assert "style=" not in page.body and len(page.body.encode()) < 100_000
        assert _numbers(english.body) == _numbers(chinese.body)
        assert f'href="/cycles/{code}/a3' in office.get(f"/cycles/{code}").body


def test_a_cycle_at_its_beginning_says_what_is_not_there_yet(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = at_work(database, rules, now)
    with pages_of(database, walk.rules, tmp_path, now) as pages:
        office = pages.logged_in("eva")
        page = office.get(f"/cycles/{walk.cycle().code}/a3?lang=en")
        assert page.status == 200
        for said in ("No aim is set yet", "There are no values yet", "Nothing has been assessed", "Not decided yet"):
            assert said in page.body


def test_only_a_circle_has_the_report_and_only_for_those_who_see_it(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, ONE)
    with pages_of(database, walk.rules, tmp_path, now) as pages:
        office = pages.logged_in("eva")
        assert office.get(f"/cycles/{walk.cycle().code}/a3").status == 404
        assert office.get("/cycles/C2026-9999/a3").status == 404
        assert pages.visitor().get(f"/cycles/{walk.cycle().code}/a3").status == 303
