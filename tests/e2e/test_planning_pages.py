"""Schedules, the Pareto page and the printed bulletin in a real browser: on a phone, on one sheet."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from engine.rules import Rules
from models.db import Database
from tests.e2e.browsing import PHONE
from tests.places import make_hospital
from tests.plans import Plan
from tests.proofs import observe, shares
from tests.visitors import Pages, pages_of

DUE = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)  # 09:00 of the fifth working day of March
DAY = timedelta(days=1)
FALLS = "跌倒\t24\n压疮\t9\n给药错误\t5\n走失\t1"


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path) -> Iterator[Pages]:
    make_hospital(database)
    observe(database, rules, shares(0.6, 23), now=DUE - 40 * DAY)
    plan = Plan(database, rules)
    for unit in ("ward-3", "surgery"):
        plan.add("core", DUE - 20 * DAY, unit=unit)
    plan.enter(date(2026, 2, 1), 70, DUE - DAY)
    plan.round(DUE)
    with pages_of(database, rules, tmp_path, DUE) as opened:
        yield opened


@pytest.mark.parametrize("system", ["sqlite"])
def test_the_office_plans_draws_and_prints(pages: Pages, browser: Browser) -> None:
    office = pages.logged_in("eva")
    context = browser.new_context(viewport={"width": PHONE, "height": 800})
    host = urlsplit(pages.site).hostname or ""
    context.add_cookies([{"name": one, "value": it, "domain": host, "path": "/"} for one, it in office.cookies.items()])
    page = context.new_page()
    _plan(page, pages.site)
    _draw(page, pages.site)
    for language in ("en", "zh"):
        page.goto(f"{pages.site}/bulletins/hospital/2026-02?lang={language}")
        assert page.locator(".bulletin tbody tr").count() >= 15
        assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1
    context.close()


def _plan(page: Page, site: str) -> None:
    page.goto(f"{site}/indicators?lang=zh")
    page.click("a[href^='/schedules']")
    page.select_option("#s-what", "hand-hygiene")
    page.select_option("#s-unit", "hospital")
    page.check("#s-units_below")
    _is_fit(page)
    page.click("form[action$='#add'] button")
    assert "手卫生依从率" in page.locator("#s-3").inner_text()
    assert "2026-03" in page.locator("#s-3").inner_text()
    page.click("#s-3 summary")
    page.click("#s-3 button")
    assert page.locator("#s-3").count() == 0


def _draw(page: Page, site: str) -> None:
    page.goto(f"{site}/pareto?lang=zh")
    page.fill("#p-title", "不良事件")
    page.fill("#p-cells", FALLS)
    page.click("button[value=look]")
    assert "4 类中的 2 类占 39 例的 85%" in page.locator("#_found").inner_text()
    _is_fit(page)
    with page.expect_download() as started:
        page.click("button[value=svg]")
    assert started.value.suggested_filename == "不良事件.svg"
    assert "跌倒 24" in started.value.path().read_text(encoding="utf-8")


def _is_fit(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
