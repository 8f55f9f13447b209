"""The pages of the special actions: five rows with who must decide, launched in three clicks, kept with one."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from engine.rules import Rules
from models.db import Database
from tests.actions import RETURNS, enter
from tests.commands import rows_of
from tests.places import make_hospital
from tests.visitors import Answer, Pages, Visitor, pages_of

ALL = ["surgery", "breaking-walls", "record-substance", "patient-safety", "net-weaving"]


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    make_hospital(database)
    enter(database, rules, now, RETURNS, {"surgery": 3, "ward-3": 1})
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened


def send(visitor: Visitor, path: str, **fields: str) -> Answer:
    return visitor.post(f"{path}?lang=en", {"form": visitor.get("/actions").form} | fields)


def linked(page: Answer, start: str) -> list[str]:
    return re.findall(rf'href="({re.escape(start)}[^"]*)"', page.body)


def test_the_office_launches_with_three_clicks_and_sees_what_came_of_it(pages: Pages) -> None:
    office = pages.logged_in("eva")
    assert "/actions?lang=en" in linked(office.get("/?lang=en"), "/actions?lang=en")  # 1
    page = office.get("/actions?lang=en")
    assert [one for one in ALL if f'value="{one}" checked' in page.body] == ALL
    assert page.body.count("not launched") == 5 and "1 cycle would open" in page.body
    before = rows_of(pages.database)["cycle"]
    for fields, said in (({}, "Choose at least one"), ({"action": "surgery", "until": "x"}, "2026-12-31")):
        wrong = send(office, "/actions", **fields)
        assert wrong.status == 422 and said in wrong.body
    assert rows_of(pages.database)["cycle"] == before
    refused = send(office, "/actions", action="surgery")  # 2: without those who should own its tasks
    assert refused.status == 422 and "organise (medical-affairs)" in refused.body
    done = send(office, "/actions", action="surgery", allow_unstaffed="yes")  # 3
    assert (done.status, done.to) == (303, "/actions/surgery?lang=en")
    shown = office.get(done.to)
    assert "C2026-0002" in shown.body and "◐ corroborated" in shown.body and "falls short" in shown.body
    assert office.get("/indicators/unplanned-reoperation/surgery").status == 200
    assert "/indicators/unplanned-reoperation/surgery?lang=en" in linked(shown, "/indicators/")
    assert "Surgical quality and safety" in office.get("/?lang=en").body
    assert "数据" in office.get("/actions/surgery?lang=zh").body and len(shown.body) < 100_000


@pytest.mark.parametrize("system", ["sqlite"])
def test_looking_again_keeping_and_reading_what_was_kept(pages: Pages) -> None:
    office = pages.logged_in("eva")
    send(office, "/actions", action="surgery", allow_unstaffed="yes")
    before = rows_of(pages.database)["cycle"]
    assert send(office, "/actions/surgery", how="again").status == 303
    assert rows_of(pages.database)["cycle"] == before
    assert send(office, "/actions/surgery", how="keep").to.endswith("#kept")
    (kept,) = linked(office.get("/actions/surgery?lang=en"), "/actions/surgery?kept=1")
    assert "Kept roll-up" in office.get(kept.replace("&amp;", "&")).body
    assert office.get("/actions/surgery?kept=9").status == 404
    assert send(office, "/actions/pdca", how="again").status == 404
    refused = send(office, "/actions/net-weaving", how="again")
    assert refused.status == 422 and "wardcycle action launch net-weaving" in refused.body


@pytest.mark.parametrize("system", ["sqlite"])
def test_a_cycle_leads_back_to_its_action_and_others_see_only_their_own_figures(pages: Pages) -> None:
    office, ward = pages.logged_in("eva"), pages.logged_in("dee")
    send(office, "/actions", action="surgery", allow_unstaffed="yes")
    (back,) = linked(office.get("/cycles/C2026-0002?lang=en"), "/actions/runs/1")
    assert "Surgical quality and safety" in office.get(back).body
    assert office.get("/actions/runs/2").status == 404 and office.get("/actions/runs/x").status == 404
    seen = ward.get("/actions/surgery?lang=en").body
    assert "Ward 3" in seen and "Eva Sun" not in seen and "Look again" not in seen
    assert ward.post("/actions/surgery", {"form": ward.get("/me").form, "how": "keep"}).status == 404
