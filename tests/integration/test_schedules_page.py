"""The page of the schedules: what is assessed where and when; added with five fields, stopped with one button."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from sqlmodel import select

from engine.rules import Rules
from models.audit import Audit
from models.db import Database
from models.schedule import Schedule
from tests.places import make_hospital
from tests.plans import Plan
from tests.proofs import HYGIENE
from tests.visitors import Answer, Pages, Visitor, pages_of

DUE = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)  # 09:00 of the fifth working day of March
DAY = timedelta(days=1)
WHOLE = {"what": "core", "unit": "surgery", "units_below": "yes", "frequency": "quarter", "after": "10d"}


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path) -> Iterator[Pages]:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, DUE - 20 * DAY) as opened:
        yield opened


def stored(pages: Pages) -> list[Schedule]:
    with pages.database.reading() as session:
        return list(session.exec(select(Schedule)))


def send(visitor: Visitor, fields: dict[str, str], path: str = "/schedules?lang=en") -> Answer:
    return visitor.post(path, {"form": visitor.get("/me").form} | fields)


def test_the_office_adds_a_schedule_with_five_fields_and_sees_what_came_of_it(pages: Pages) -> None:
    office, plan = pages.logged_in("eva"), Plan(pages.database, pages.rules)
    empty = office.get("/schedules?lang=en").body
    assert "Nothing is assessed by schedule yet" in empty and len(empty) < 100_000
    form = empty[empty.index('action="/schedules?lang=en#add"') :]
    assert len(set(re.findall(r'<(?:select|input|textarea)[^>]* name="(?!form")(\w+)"', form))) == 5
    saved = send(office, {"what": HYGIENE, "unit": "ward-3", "frequency": "month", "after": "5wd"})
    assert (saved.status, saved.to) == (303, "/schedules?lang=en#s-1")
    send(office, WHOLE)
    first, second = stored(pages)
    assert (first.indicator, first.after, first.waits, first.next_on) == (HYGIENE, "5wd", "15wd", date(2026, 2, 1))
    assert (second.indicator_set, second.units_below, second.after) == ("core", True, "10d")
    assert first.added_by == second.added_by == pages.person("eva").id
    plan.round(DUE)
    pages.later(days=21)
    office = pages.logged_in("eva")  # three weeks end every session
    page = unescape(office.get("/schedules?lang=en").body)
    assert "Last 2026-02: 1 waiting" in page and 'href="/bulletins/ward-3/2026-02?lang=en"' in page
    assert "Nothing was due yet" in page, "the quarter has not ended"
    assert "上次 2026-02：等待 1 项" in office.get("/schedules?lang=zh").body


@pytest.mark.parametrize("system", ["sqlite"])
def test_a_refusal_is_said_on_the_page_with_what_was_typed(pages: Pages) -> None:
    office = pages.logged_in("eva")
    send(office, WHOLE)
    for changed, said in (
        ({}, "already by schedule 1"),
        ({"after": "soon"}, "soon"),
        ({"what": "nothing"}, "nothing"),
        ({"unit": "moon"}, "moon"),
    ):
        found = send(office, WHOLE | changed)
        assert found.status == 422 and said in unescape(found.body), changed
        assert f'value="{(WHOLE | changed)["after"]}"' in found.body and 'value="quarter" selected' in found.body
    assert len(stored(pages)) == 1


def test_a_schedule_is_stopped_once_and_stays_on_the_page(pages: Pages) -> None:
    office = pages.logged_in("eva")
    send(office, WHOLE)
    assert send(office, {}, "/schedules/1/stop").status == 303
    assert [one.stopped_by for one in stored(pages)] == [pages.person("eva").id]
    page = office.get("/schedules?lang=en").body
    assert "Stopped" in page and "/schedules/1/stop" not in page
    for number in ("1", "7", "x"):
        assert send(office, {}, f"/schedules/{number}/stop").status == 422
    with pages.database.reading() as session:
        deeds = [one.what for one in session.exec(select(Audit)) if one.what.startswith("schedule")]
    assert deeds == ["schedule.add", "schedule.stop"]


@pytest.mark.parametrize("system", ["sqlite"])
def test_nobody_but_the_office_plans(pages: Pages) -> None:
    send(pages.logged_in("eva"), WHOLE)
    owner = pages.logged_in("dee")
    assert owner.get("/schedules").status == 404 and "/schedules" not in owner.get("/indicators").body
    assert send(owner, WHOLE | {"what": HYGIENE}).status == send(owner, {}, "/schedules/1/stop").status == 404
    assert pages.visitor().post("/schedules", WHOLE).status == 401
    assert [one.stopped_at for one in stored(pages)] == [None]
