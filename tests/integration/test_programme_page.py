"""The programme's pages and commands: what is stated and how surely, what a launch opens, what it covers."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from config.programme_parts import Standing
from engine.programme_words import STANDINGS
from engine.rules import Rules
from models.db import Database
from models.reads.programme import list_launched
from tests.commands import Command, rows_of
from tests.programmes import EDITION, SMALL, edition_from, staff_hospital, with_editions
from tests.visitors import Pages, Visitor, pages_of


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    staff_hospital(database, 2, vacant=frozenset({"medical-affairs"}))
    with pages_of(database, with_editions(rules, edition_from(SMALL, rules)), tmp_path, now) as opened:
        yield opened


def press(office: Visitor, **more: str) -> dict[str, str]:
    """Fill in the form of the preview as it is written."""
    page = office.get("/programme/plan?edition=small&unit=hospital&measure=&lang=en")
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.body))
    return hidden | more


def test_the_office_looks_then_launches_and_sees_the_coverage_in_three_presses(pages: Pages) -> None:
    office = pages.logged_in("quality-office")
    first = unescape(office.get("/programme?lang=en").body)
    assert "See what would be opened" in first and "○ unconfirmed" in first.replace("</span>", "")
    preview = unescape(office.get("/programme/plan?edition=small&unit=hospital&measure=&lang=en").body)
    assert "4 cycles with 9 tasks for 4 people." in preview
    assert "Nobody holds these roles" in preview and "medical-affairs" in preview
    refused = office.post("/programme?lang=en", press(office))
    assert refused.status == 422 and "medical-affairs (hospital)" in unescape(refused.body)
    assert rows_of(pages.database)["cycle"] == 0
    filled = press(office, unstaffed="yes")
    done = office.post("/programme?lang=en", filled)
    assert (done.status, done.to) == (303, "/programme/coverage?edition=small&lang=en")
    page = unescape(office.get(done.to).body)
    assert "4 cycles running, 9 tasks open" in page and page.count('href="/cycles/C2026-') == 4
    again = office.post("/programme?lang=en", filled)
    assert again.status == 303 and rows_of(pages.database)["cycle"] == 4
    assert "All of this was launched already" in office.get("/programme/plan?edition=small&unit=hospital&lang=en").body
    with pages.database.reading() as session:
        row = next(one for one in list_launched(session) if one.measure == "rounds")
    assert f"/programme/launched/{row.id}" in office.get(f"/cycles/{row.code}?lang=en").body, "the cycle leads back"
    assert office.get(f"/programme/launched/{row.id}?lang=en").to == "/programme?edition=small&lang=en#rounds"
    assert office.get("/programme/launched/99999").status == office.get("/programme/launched/x").status == 404
    for wrong in ("unit=hospitl", "unit=hospital&measure=round"):
        said = office.get(f"/programme/plan?edition=small&{wrong}&lang=en")
        assert said.status == 200 and "Nothing was opened." in said.body
    assert office.get("/programme?edition=none").status == 404
    pages.later(days=35)
    office = pages.logged_in("quality-office")
    assert "▲2" in office.get("/programme/coverage?lang=zh").body


def test_a_reader_sees_the_edition_and_their_own_department_and_cannot_launch(pages: Pages) -> None:
    office, head = pages.logged_in("quality-office"), pages.logged_in("head-1")
    office.post("/programme?lang=en", press(office, unstaffed="yes"))
    page = head.get("/programme?lang=en").body
    assert "Ward rounds" in page and "See what would be opened" not in page
    covered = unescape(head.get("/programme/coverage?lang=en").body)
    assert "Department 1" in covered and "Department 2" not in covered and "1 cycles running" in covered
    assert head.get("/programme/plan?unit=hospital").status == 404
    assert pages.visitor().get("/programme").status in (303, 401)


def test_the_page_of_the_whole_programme_is_small_and_marks_every_measure(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    staff_hospital(database, 1)
    with pages_of(database, rules, tmp_path, now) as opened:
        office = opened.logged_in("quality-office")
        for language in ("en", "zh"):
            body = unescape(office.get(f"/programme?lang={language}").body)
            assert len(body.encode()) < 100_000
            assert len(re.findall(r'<li id="[a-z-]+">', body)) == 28
            for standing in Standing:
                assert STANDINGS[standing].in_(language) in body


@pytest.fixture
def ward(command: Command, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Commands of a hospital with an edition of its own."""
    folder = tmp_path / "ours"
    (folder / "programmes").mkdir(parents=True)
    (folder / "programmes/small.yaml").write_text(SMALL, "utf-8")
    (folder / "programmes/next.yaml").write_text(
        SMALL.replace("id: small", "id: next").replace("Minutes are kept", "Minutes for all"), "utf-8"
    )
    monkeypatch.setenv("WARDCYCLE_CONFIG_FOLDER", str(folder))
    with database.transaction("test") as session:
        session.connection().exec_driver_sql("UPDATE unit SET kind = 'department' WHERE slug = 'surgery'")
        session.connection().exec_driver_sql("UPDATE people_version SET n = n + 1")
    return command


def test_an_edition_is_listed_shown_checked_and_its_evidence_is_told(ward: Command, tmp_path: Path) -> None:
    listed = ward.json("programme", "list")["editions"]
    assert {one["id"] for one in listed} == {EDITION, "small", "next"}
    assert "unconfirmed" in ward("programme", "show", EDITION).out
    for part in ("requirements", "actions", "goals", "systems", "indicators", "phases", "levels", "sources"):
        assert "confirmed" in ward("programme", "show", "small", "--part", part).out
    assert "待核实" in ward("programme", "show", "small", "--language", "zh").out
    assert ward.json("programme", "check") == {"ok": True, "problems": []}
    bad = tmp_path / "bad.yaml"
    bad.write_text(SMALL.replace("owner: hospital-head", "owner: hospital-boss"), "utf-8")
    found = ward.json("programme", "check", str(bad), code=1)["problems"]
    assert found[0].startswith("bad.yaml:34 measures[0].requirements[0].owner: The role `hospital-boss` is not known")
    assert "hospital-boss" in ward("programme", "diff", "small", str(bad), code=2).err
    assert "Known: " in ward("programme", "show", "none", code=1).err


def test_plan_launch_diff_adopt_and_count_on_the_command_line(ward: Command, database: Database) -> None:
    plan = ward.json("programme", "plan", "small", "--unit", "hospital", "--now", ward.now)
    assert [one["role"] for one in plan["unstaffed"]] == ["medical-affairs"]
    assert (plan["n_cycles"], plan["n_tasks"], sum(plan["load"].values())) == (3, 7, 7)
    before = rows_of(database)
    assert "medical-affairs (hospital)" in ward.at("programme", "launch", "small", "--unit", "hospital", code=1).err
    assert rows_of(database) == before
    said = ("programme", "launch", "small", "--unit", "hospital", "--allow-unstaffed", "--now", ward.now)
    assert ward.json(*said) == {"edition": "small", "opened": 3, "known": 0}
    assert ward.json(*said) == {"edition": "small", "opened": 0, "known": 3}
    again = ward.json("programme", "plan", "small", "--unit", "hospital", "--now", ward.now)
    assert (again["n_cycles"], again["n_known"], again["unstaffed"]) == (0, 3, [])
    compared = ward.json("programme", "diff", "small", "next", "--now", ward.now)
    assert [(one["subject"], one["where"]) for one in compared["differences"]] == [("requirement", "committee/minutes")]
    adopt = ("programme", "adopt", "next", "--from", "small", "--by", "eva", "--now", ward.now)
    shown = ward.json(*adopt)
    assert shown["done"] is False and shown["tasks"] == compared["tasks"] != []
    assert ward.json(*adopt, "--yes")["tasks"] == compared["tasks"]
    assert ward.json(*adopt, "--yes")["tasks"] == []
    later = (datetime.fromisoformat(ward.now) + timedelta(days=61)).isoformat()
    assert ward.json("programme", "count", "2026-04", "--now", later)["units"] == 1
    assert "April" in ward("programme", "count", "April", code=2).err
