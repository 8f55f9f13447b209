"""The board and the pages of indicators: whose figures they show, what the icons say, what chance alone would show."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from config.indicators import Frequency
from config.periods import after
from engine.assessments import run_assessment
from engine.observation_checks import Given
from engine.rules import Rules
from models.assessment import Assessment
from models.db import Database
from tests.indicators import VTE, put, unit_of
from tests.places import make_hospital
from tests.proofs import LATER, in_act
from tests.visitors import Pages, pages_of
from web.indicator_board import PER_BOARD

# The queries behind these pages run on both databases in tests of their own, and test_policies opens each page on both.
pytestmark = pytest.mark.parametrize("system", ["sqlite"], indirect=True)

N = 30
FIRST = date(2023, 6, 1)
ROOF = 100_000


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    make_hospital(database)
    for unit, last in (("ward-3", 40), ("quality-dept", 81)):
        _fill(database, rules, now, unit, last)
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened


def _fill(database: Database, rules: Rules, now: datetime, unit: str, last: float, indicator: str = VTE) -> None:
    """Thirty stable months, the last one as given."""
    unit_id, values = unit_of(database, unit), [80 + k % 3 for k in range(N - 1)] + [last]
    given = [Given(indicator, unit_id, _month(k), value, 100, None, None) for k, value in enumerate(values)]
    done = put(database, given, rules=rules, now=now)
    assert not done.faults


def _month(k: int) -> date:
    return after(Frequency.MONTH, FIRST, k)


def test_the_board_shows_each_place_with_its_icon_and_what_chance_would_show(pages: Pages) -> None:
    office = pages.logged_in("eva")
    for language, concern, chance in (
        ("en", "concern, low", "<strong>1</strong> of 2. By chance alone about <strong>0.0</strong>"),
        ("zh", "预警（偏低）", "<strong>1</strong> / 2。即使一切稳定，单凭偶然也会出现约 <strong>0.0</strong>"),
    ):
        page = office.get(f"/indicators?lang={language}")
        assert page.status == 200 and concern in page.body and chance in page.body
        assert page.body.count("<svg xmlns") == 2 and "style=" not in page.body
        assert len(page.body.encode()) < ROOF


def test_the_board_is_narrowed_by_set_and_unit_and_refuses_unknown_ones(pages: Pages) -> None:
    office = pages.logged_in("eva")
    assert office.get("/indicators?unit=ward-3").body.count("<svg xmlns") == 1
    assert office.get("/indicators?unit=&set=core").body.count("<svg xmlns") == 2
    assert office.get("/indicators?set=weekly").body.count("<svg xmlns") == 0
    assert office.get("/indicators?unit=nowhere").status == 404
    assert office.get("/indicators?set=nothing").status == 404


def test_a_reader_sees_the_figures_of_their_own_part_of_the_hospital(pages: Pages) -> None:
    gao = pages.logged_in("gao")
    board = gao.get("/indicators?lang=en").body
    assert f"/indicators/{VTE}/ward-3" in board and f"/indicators/{VTE}/quality-dept" not in board
    assert gao.get(f"/indicators/{VTE}/ward-3").status == 200
    assert gao.get(f"/indicators/{VTE}/quality-dept").status == 404
    assert gao.get("/indicators?unit=quality-dept").status == 404
    assert pages.visitor().get(f"/indicators/{VTE}/ward-3").status == 303


def test_a_full_board_stays_small_and_goes_on_on_the_next_page(pages: Pages, rules: Rules) -> None:
    given = [one.id for one in rules.catalogue.indicators.values() if one.frequency == "month"][:PER_BOARD]
    for slug in given:
        for unit in ("ward-3", "hospital", "quality-dept"):
            if slug != VTE or unit == "hospital":
                _fill_any(pages, rules, slug, unit)
    office = pages.logged_in("eva")
    page = office.get("/indicators?lang=en")
    assert page.body.count("<svg xmlns") == PER_BOARD and "Page 1 of" in page.body
    assert len(page.body.encode()) < ROOF
    assert 0 < office.get("/indicators?lang=en&page=2").body.count("<svg xmlns") <= PER_BOARD


def _fill_any(pages: Pages, rules: Rules, slug: str, unit: str) -> None:
    one, unit_id = rules.catalogue.indicators[slug], unit_of(pages.database, unit)
    out_of = 100.0 if one.denominator else None
    given = [Given(slug, unit_id, _month(k), 50 + k % 4, out_of, None, None) for k in range(N)]
    put(pages.database, given, rules=rules, now=pages.now)


def test_the_page_shows_chart_words_targets_and_the_assessments_made(pages: Pages, rules: Rules) -> None:
    with pages.database.transaction("test") as session:
        made = run_assessment(session, indicator=VTE, unit_id=unit_of(pages.database), as_of=pages.now, rules=rules,
                              by=None, now=pages.now)  # fmt: skip
        said = made.text_zh
    for reader in ("eva", "gao"):  # also whoever does not see the whole hospital
        visitor = pages.logged_in(reader)
        page = visitor.get(f"/indicators/{VTE}/ward-3?lang=zh")
        assert page.status == 200 and said in page.body and "评估" in page.body
        assert page.body.count("<svg xmlns") == 1 and "style=" not in page.body
        assert len(page.body.encode()) < ROOF
    english = pages.logged_in("dee").get(f"/indicators/{VTE}/ward-3?lang=en").body
    assert "concern, low" in english and "beyond the limits, low" in english


def test_looking_writes_nothing(pages: Pages) -> None:
    office = pages.logged_in("eva")
    office.get("/indicators")
    office.get(f"/indicators/{VTE}/ward-3")
    with pages.database.reading() as session:
        assert session.exec(select(Assessment)).all() == []


def test_the_stages_of_a_cycle_are_marked_on_the_axis_with_what_was_said(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    walk = in_act(database, rules, now)
    with pages_of(database, walk.rules, tmp_path, LATER) as pages:
        office = pages.logged_in("eva")
        for language, comma in (("en", ", "), ("zh", "、")):  # opened in the same month: one mark with all names
            opened = comma.join(getattr(walk.stage(slug), f"title_{language}") for slug in ("plan", "do", "check"))
            body = office.get(f"/indicators/hand-hygiene/ward-3?lang={language}").body
            picture = body.partition("<svg xmlns")[2].partition("</svg>")[0]
            assert f"{opened}</text>" in picture and walk.cycle().code in body and "good" in body
