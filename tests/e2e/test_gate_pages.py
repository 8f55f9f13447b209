"""A lead at a telephone: the aim is looked at and saved, Act passes with an outcome, a thin Check is extended."""

import os
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from engine.rules import Rules
from models.db import Database
from tests.proofs import HYGIENE, LATER, assess_now, at_work, in_act, in_check
from tests.visitors import Pages, pages_of

PHONE = 390
LOOKS = [("en", "dark"), ("zh", "light")]


def opened(browser: Browser, pages: Pages, path: str, scheme: str) -> Page:
    """Open a page as the lead, on a telephone."""
    context = browser.new_context(viewport={"width": PHONE, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    host = urlsplit(pages.site).hostname or ""
    kept = pages.logged_in("ana").cookies.items()
    context.add_cookies([{"name": name, "value": value, "domain": host, "path": "/"} for name, value in kept])
    page = context.new_page()
    page.goto(f"{pages.site}{path}")
    return page


def check(page: Page, name: str) -> None:
    """Look for what a reader could not use; keeps a picture where WARDCYCLE_SHOTS says."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    if folder := os.environ.get("WARDCYCLE_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize(("language", "scheme"), LOOKS)
def test_an_aim_is_looked_at_and_saved(
    database: Database, rules: Rules, tmp_path: Path, now: datetime, browser: Browser, language: str, scheme: str
) -> None:
    walk = at_work(database, rules, now)
    with pages_of(database, walk.rules, tmp_path, now) as pages:
        page = opened(browser, pages, f"/decisions?lang={language}", scheme)
        page.click(".card a[href*='/aim']")
        page.select_option("#a-indicator", HYGIENE)
        page.fill("#a-target", "75")
        page.fill("#a-target_on", "2027-12-31")
        page.click("button[value=look]")
        check(page, f"aim-{language}")
        page.click("button[value=save]")
        assert page.url.endswith(f"/cycles/{walk.cycle().code}?lang={language}#aim")
        page.context.close()


@pytest.mark.parametrize(("language", "scheme"), LOOKS)
def test_act_passes_with_an_outcome_and_a_thin_check_is_extended(
    database: Database, rules: Rules, tmp_path: Path, now: datetime, browser: Browser, language: str, scheme: str
) -> None:
    walk = in_act(database, rules, now) if language == "en" else in_check(database, rules, now, n=3)
    if language == "zh":
        assess_now(walk, LATER)
    with pages_of(database, walk.rules, tmp_path, LATER) as pages:
        page = opened(browser, pages, f"/decisions?lang={language}", scheme)
        check(page, f"gate-{language}")
        if language == "en":
            page.check(".card input[value=approve]")
            page.check(".card input[value=adapt]")
            page.fill(".card textarea", "too much work as it is")
        else:
            page.fill("input[name=until]", "2027-03-31")
            page.fill("form:has(input[name=until]) textarea", "再等两个月")
        page.click(".card form button >> nth=0")
        page.wait_for_load_state()
        assert page.locator("[role=alert]").count() == 0
        page.context.close()
