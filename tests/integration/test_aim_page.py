"""A cycle's page says what is aimed at, what is sealed, what was found, and what is missing, with its picture."""

from datetime import datetime
from pathlib import Path

from engine.rules import Rules
from models.assessment import Ending
from models.db import Database
from tests.proofs import LATER, aim_of, assess_now, at_work, in_act, in_check, pass_stage
from tests.visitors import pages_of


def test_the_page_names_what_plan_lacks_and_what_the_indicator_can_show(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = at_work(database, rules, now)
    code = walk.cycle().code
    with pages_of(database, walk.rules, tmp_path, now) as pages:
        office = pages.logged_in("eva")
        assert f"wardcycle cycle aim {code} --indicator" in office.get(f"/cycles/{code}?lang=en").body
        aim_of(walk, now, prediction=None)
        for language, lacking, power in (
            (
                "en",
                "a prediction: the value that the team expects",
                "With 200 cases a month, 21 months can show a rise",
            ),
            ("zh", "预测值：团队预期的结果", "每月 200 例时，21 个月可以看出"),
        ):
            body = office.get(f"/cycles/{code}?lang={language}").body
            assert lacking in body and power in body and "--prediction N" in body


def test_the_page_shows_the_verdict_with_its_picture_the_seal_and_what_came_of_it(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = in_act(database, rules, now)
    pass_stage(walk, "act", LATER, ending=Ending.ADOPT, note="it works")
    with pages_of(database, walk.rules, tmp_path, LATER) as pages:
        office = pages.logged_in("eva")
        for language, words in (
            ("en", ("Target met", "The team had predicted 78.0", "adopted", "it works", "Watched until", "4/4")),
            ("zh", ("已达标", "团队此前预测为 78.0", "固化", "持续观察至")),
        ):
            page = office.get(f"/cycles/{walk.cycle().code}?lang={language}")
            assert all(word in page.body for word in words), [word for word in words if word not in page.body]
            assert page.body.count("<svg xmlns") == 1 and "style=" not in page.body
            assert len(page.body.encode()) < 100_000


def test_reading_the_page_of_an_unassessed_check_writes_nothing(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = in_check(database, rules, now, n=3)
    with pages_of(database, walk.rules, tmp_path, LATER) as pages:
        office = pages.logged_in("eva")
        assert "wardcycle assess" in office.get(f"/cycles/{walk.cycle().code}?lang=en").body
        assess_now(walk, LATER)
        body = office.get(f"/cycles/{walk.cycle().code}?lang=en").body
        assert "Only 3 usable periods after the change" in body and "extend-check" in body
