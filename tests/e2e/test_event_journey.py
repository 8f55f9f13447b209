"""A nurse at a telephone reports an event, the office decides about it, the nurse reads what came of it."""

import os
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from engine.rules import Rules
from models.db import Database
from tests.events import WHAT
from tests.places import make_hospital
from tests.visitors import Pages, pages_of

PHONE = 390


def check(page: Page, name: str) -> None:
    """Look for what a reader could not use; keeps a picture where WARDCYCLE_SHOTS says."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
    if folder := os.environ.get("WARDCYCLE_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize(("language", "scheme", "received"), [("en", "dark", "arrived"), ("zh", "light", "已收到")])
def test_an_event_is_reported_decided_and_answered(
    database: Database, rules: Rules, tmp_path: Path, now: datetime, browser: Browser, language: str, scheme: str,
    received: str,
) -> None:  # fmt: skip
    make_hospital(database)
    with pages_of(database, rules, tmp_path, now) as pages:
        nurse = _telephone(browser, scheme)
        page = nurse.new_page()
        page.goto(f"{pages.site}/report?unit=ward-3&lang={language}")
        check(page, f"report-{language}")
        page.fill("#what", WHAT)
        page.select_option("#harm", "no-harm")
        page.select_option("#kind", "medication")
        pages.later(seconds=40)
        page.click("button[type=submit]")
        assert received in page.inner_text("h1")
        check(page, f"receipt-{language}")
        code = page.inner_text(".receipt-code code")
        office = _office(browser, pages, scheme)
        office.goto(f"{pages.site}/events?lang={language}")
        check(office, f"events-{language}")
        office.click("tbody th a")
        check(office, f"event-{language}")
        office.click("form:has([value=triage]) button")
        office.fill("#answer", "The label is new.")
        check(office, f"event-open-{language}")
        office.click("form:has([value=close]) button")
        assert office.locator("blockquote", has_text="The label is new.").count() == 1
        page.goto(f"{pages.site}/report/answer?lang={language}")
        page.fill("#code", code.lower().replace("-", " "))
        page.click("button[type=submit]")
        assert "The label is new." in page.inner_text("main")
        check(page, f"answer-{language}")
        nurse.close()
        office.context.close()


def _telephone(browser: Browser, scheme: str) -> BrowserContext:
    size = {"width": PHONE, "height": 800}
    return browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]


def _office(browser: Browser, pages: Pages, scheme: str) -> Page:
    context = _telephone(browser, scheme)
    host = urlsplit(pages.site).hostname or ""
    kept = pages.logged_in("eva").cookies.items()
    context.add_cookies([{"name": name, "value": value, "domain": host, "path": "/"} for name, value in kept])
    return context.new_page()
