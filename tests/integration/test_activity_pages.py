"""The pages of planned activities, responsibilities and goals: the office plans, launches, stops; others look."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from engine.rules import Rules
from models.activity import ActivitySchedule, YearlyGoal
from models.cycle import Cycle
from models.db import Database
from tests.places import make_hospital
from tests.visitors import Pages, pages_of
from web.downloads import XLSX

NOW = datetime(2026, 2, 10, 2, 0, tzinfo=UTC)
FIELDS = re.compile(r'<(?:select|input|textarea)[^>]* name="(?!form|how|lang)(\w+)"')


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path) -> Iterator[Pages]:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, NOW) as opened:
        yield opened


@pytest.mark.parametrize("system", ["sqlite"])
def test_the_office_plans_with_five_fields_launches_now_and_stops(pages: Pages) -> None:
    office = pages.logged_in("eva")
    page = office.get("/activities?lang=en")
    assert "Nothing is planned yet" in page.body and len(page.body) < 100_000
    assert len(set(FIELDS.findall(page.body))) == 5
    given = {"form": page.form, "activity": "document-review", "unit": "hospital", "title": "Consultation rule"}
    refused = office.post("/activities?lang=en", given | {"every": "sometimes"})
    assert refused.status == 422 and "weekly mon" in refused.body and "Consultation rule" in refused.body
    assert office.post("/activities?lang=en", given | {"every": "yearly 03-10"}).to == "/activities?lang=en#a-1"
    shown = office.get("/activities?lang=zh").body
    assert "每年 3 月 10 日" in shown and "Consultation rule（2026）" in shown
    launched = office.post("/activities/1", {"form": page.form, "how": "launch"})
    assert launched.to == "/cycles/C2026-0001" and "Consultation rule" in office.get(launched.to).body
    assert office.post("/activities/1", {"form": page.form, "how": "stop"}).status == 303
    assert office.post("/activities/1", {"form": page.form, "how": "stop"}).status == 422
    assert office.post("/activities/x", {"form": page.form, "how": "stop"}).status == 422
    with pages.database.reading() as session:
        assert session.exec(select(ActivitySchedule)).one().stopped_at == NOW
        assert len(session.exec(select(Cycle)).all()) == 1


@pytest.mark.parametrize("system", ["sqlite"])
def test_everybody_reads_who_is_responsible_and_takes_it_home(pages: Pages) -> None:
    dee = pages.logged_in("dee")
    page = dee.get("/responsibility?lang=en&activity=quality-committee").body
    assert "Head of hospital" in page and "Confirm the minutes" in page
    whole = dee.get("/responsibility?lang=zh").body
    assert "责任矩阵" in whole and len(whole) < 100_000
    assert dee.get("/activities").status == 404
    file = dee.get("/responsibility.xlsx")
    assert (
        file.headers["Content-Type"] == XLSX and 'filename="responsibility.xlsx"' in file.headers["Content-Disposition"]
    )


@pytest.mark.parametrize("system", ["sqlite"])
def test_goals_are_adopted_and_given_on_one_page(pages: Pages) -> None:
    office = pages.logged_in("eva")
    page = office.get("/goals?lang=en")
    assert "No goals were adopted" in page.body and "evidence: confirmed" in page.body
    form = {"form": page.form, "year": "2026"}
    assert office.post("/goals?lang=en", form | {"how": "adopt", "unit": "hospital"}).status == 303
    part = form | {"how": "set", "unit": "ward-3", "code": "NIT-2026-III"}
    assert office.post("/goals?lang=en", part | {"target": "85"}).status == 303
    for wrong in ("eighty", "nan", "120"):
        assert office.post("/goals?lang=en", part | {"target": wrong}).status == 422
    body = office.get("/goals?lang=en").body
    assert "cannot tell" in body and "target 85" in body
    dee = pages.logged_in("dee")
    seen = dee.get("/goals?lang=zh").body
    assert "尚不能判断" in seen and 'name="how"' not in seen
    assert dee.post("/goals", form | {"how": "adopt", "unit": "hospital"}).status == 404
    with pages.database.reading() as session:
        assert len(session.exec(select(YearlyGoal)).all()) == 11
