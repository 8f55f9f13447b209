"""The page of an indicator: who sees which unit, and values that are pasted, uploaded or typed."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from engine.rules import Rules
from models.assessment import Assessment
from models.db import Database
from models.indicator import FormerObservation, Observation
from tests.indicators import VTE, comma, put, unit_of, vte
from tests.places import make_hospital
from tests.visitors import Answer, Pages, Visitor, pages_of
from web.marked_copies import Copies

PAGE, SEND = f"/indicators/{VTE}", f"/indicators/{VTE}/values"


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened


def stored(pages: Pages) -> list[tuple[date, float | None, float | None]]:
    with pages.database.reading() as session:
        rows = session.exec(select(Observation).order_by(col(Observation.period_on)))
        return [(row.period_on, row.value, row.denominator) for row in rows]


def send(visitor: Visitor, **fields: str) -> Answer:
    return visitor.post(f"{SEND}?lang=en", {"form": visitor.get(PAGE).form, "unit": "ward-3", "how": "save", **fields})


def again_of(page: Answer) -> str:
    """Take the values that the page carries to the button that saves them."""
    return page.body.partition('<textarea name="cells" hidden')[2].partition(">")[2].partition("</textarea>")[0]


def test_the_list_and_the_page_speak_both_languages_and_stay_small(pages: Pages, rules: Rules) -> None:
    put(pages.database, [vte(unit_of(pages.database), month, 80) for month in range(1, 13)], rules=rules, now=pages.now)
    office = pages.logged_in("eva")
    for language, word in (("en", "VTE risk assessed"), ("zh", "VTE 风险评估率")):
        for path in ("/indicators", PAGE):
            page = office.get(f"{path}?lang={language}")
            assert page.status == 200 and word in page.body
            assert len(page.body.encode()) < 100_000
    assert "2025-12" in office.get(PAGE).body


def test_a_typed_value_is_saved_by_its_data_owner(pages: Pages) -> None:
    gao = pages.logged_in("gao")
    page = send(gao, period="2026年1月", value="80", denominator="100")
    assert page.status == 200 and "Saved" in page.body
    assert stored(pages) == [(date(2026, 1, 1), 80, 100)]
    corrected = send(gao, period="2026-01", value="82", denominator="100", why="two were missed")
    assert "was 80" in corrected.body and "two were missed" in corrected.body
    with pages.database.reading() as session:
        assert [one.why for one in session.exec(select(FormerObservation))] == ["two were missed"]


def test_pasted_cells_are_looked_at_first_and_saved_with_one_button(pages: Pages) -> None:
    gao = pages.logged_in("gao")
    seen = send(gao, cells="2026-01\t80\t100\n2026-02\t180\t100\n", how="look")
    assert seen.status == 422 and "cells!B2" in seen.body and "above the denominator" in seen.body
    assert stored(pages) == []
    saved = send(gao, cells=again_of(seen))
    assert saved.status == 200
    assert stored(pages) == [(date(2026, 1, 1), 80, 100)]


def test_an_uploaded_file_is_saved_and_its_refused_rows_are_shown_by_cell(pages: Pages) -> None:
    gao = pages.logged_in("gao")
    rows = [("indicator", "unit", "period", "value", "denominator"), (VTE, "ward-3", "2026-01", 8, 10),
            (VTE, "quality-dept", "2026-01", 8, 10), (VTE, "ward-3", "2026-02", "x", 10)]  # fmt: skip
    said = gao.post_file(f"{SEND}?lang=en", {"form": gao.get(PAGE).form, "unit": "ward-3", "how": "save"},
                         name="v.csv", content=comma(rows))  # fmt: skip
    assert said.status == 422
    assert "v!B3" in said.body and "v!D4" in said.body
    assert stored(pages) == [(date(2026, 1, 1), 8, 10)]
    copy = said.body.partition(f'href="{PAGE}/marked/')[2].partition('"')[0]
    got = gao.get(f"{PAGE}/marked/{copy}", "HEAD")
    assert got.status == 200 and 'filename="v-refused.xlsx"' in got.headers["Content-Disposition"]
    assert int(got.headers["Content-Length"]) > 5_000
    for other in (pages.logged_in("eva"), pages.logged_in("chen")):
        assert other.get(f"{PAGE}/marked/{copy}").status == 404, "the copy is its sender's"
    pages.later(minutes=15)
    assert gao.get(f"{PAGE}/marked/{copy}").status == 404


def test_copies_make_room_for_new_ones_and_end(now: datetime) -> None:
    copies = Copies(most_bytes=10)
    first, second = (copies.keep(1, "a.xlsx", b"123456", now) for _ in range(2))
    assert copies.find(1, first, now) is None
    found = copies.find(1, second, now + timedelta(minutes=15) - timedelta(seconds=1))
    assert found is not None and found.content == b"123456"
    assert copies.find(1, second, now + timedelta(minutes=15)) is None
    large = copies.keep(1, "b.xlsx", b"x" * 11, now)
    assert copies.find(1, large, now) and not copies.find(1, second, now) and not copies.find(1, "", now)


@pytest.mark.parametrize("system", ["sqlite"])
def test_the_office_or_the_data_owner_assesses_with_one_button_and_the_record_stays(pages: Pages, rules: Rules) -> None:
    put(pages.database, [vte(unit_of(pages.database), month, 80) for month in range(1, 13)], rules=rules, now=pages.now)
    address = f"{PAGE}/ward-3?lang=en"
    for slug in ("gao", "eva", "feng"):
        visitor = pages.logged_in(slug)
        page = visitor.get(address)
        assert "Assess now and keep the record" in page.body
        said = visitor.post(f"{PAGE}/assess?lang=en", {"form": page.form, "unit": "ward-3"})
        assert (said.status, said.to) == (303, f"{address}#assessments")
    assert '<h3 id="assessments">' in visitor.get(address).body
    dee = pages.logged_in("dee")  # reads, and does not enter
    assert "Assess now" not in dee.get(address).body
    for who, unit in ((dee, "ward-3"), (visitor, "hospital"), (visitor, "moon")):
        assert who.post(f"{PAGE}/assess", {"form": who.get("/me").form, "unit": unit}).status == 404
    with pages.database.reading() as session:
        made = session.exec(select(Assessment)).all()
        assert [one.made_by for one in made] == [pages.person(slug).id for slug in ("gao", "eva", "feng")]
        assert {(one.status, one.indicator, one.as_of) for one in made} == {("done", VTE, pages.now)}


def test_nobody_enters_for_a_unit_that_is_not_theirs(pages: Pages) -> None:
    dee = pages.logged_in("dee")  # the ward's quality officer reads, and does not enter
    page = dee.get(f"{PAGE}?lang=en")
    assert page.status == 200 and "Enter values" not in page.body
    gao = pages.logged_in("gao")
    said = send(gao, unit="hospital", period="2026-01", value="8", denominator="10")
    assert said.status in (404, 422) and stored(pages) == []
    assert gao.get(f"{PAGE}?unit=quality-dept").status == 404  # foreign is the same as unknown
    assert gao.get(f"{PAGE}?unit=nowhere").status == 404
    assert pages.logged_in("eva").get(f"{PAGE}?unit=quality-dept").status == 200


def test_without_a_login_or_the_pages_own_form_nothing_is_taken(pages: Pages) -> None:
    fields = {"unit": "ward-3", "how": "save", "period": "2026-01", "value": "8", "denominator": "10"}
    assert pages.visitor().post(SEND, fields).status == 401
    gao = pages.logged_in("gao")
    assert gao.post(SEND, fields).status == 403
    assert gao.post(SEND, {**fields, "form": gao.get(PAGE).form}, Sec_Fetch_Site="cross-site").status == 403
    assert pages.visitor().get(PAGE).status == 303
    assert stored(pages) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Nothing was sent"),
        ({"cells": "hello"}, "has no columns"),
        ({"cells": "x" * 500_001}, "too much to paste"),
        ({"cells": "2026-01\t8\t10", "unit": "moon"}, "There is no such page"),
        ({"period": "2026-13", "value": "8", "denominator": "10"}, "There is no period"),
        ({"period": "2026-01", "value": "<b>", "denominator": "10"}, "`&lt;b&gt;` is not a number"),
    ],
)
def test_what_cannot_be_used_is_said_on_the_page(pages: Pages, fields: dict[str, str], said: str) -> None:
    page = send(pages.logged_in("gao"), **fields)
    assert page.status in (404, 422) and said in page.body
    assert stored(pages) == []


def test_an_unknown_indicator_is_not_there_and_the_nearest_is_named(pages: Pages) -> None:
    page = pages.logged_in("eva").get("/indicators/vte-assesment?lang=en")
    assert page.status == 404 and "vte-assessment" in page.body


def test_what_people_write_is_shown_as_text(pages: Pages, rules: Rules) -> None:
    note = "<script>alert(1)</script>"
    put(pages.database, [vte(unit_of(pages.database), 1, 8, note=note)], rules=rules, now=pages.now)
    assert note not in pages.logged_in("eva").get(PAGE).body
