"""The board, an indicator's page and the A3 report in a real browser: on phone and desktop, dark and light, printed."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from engine.rules import Rules
from models.assessment import Ending
from models.db import Database
from tests.e2e.browsing import LOOKS, PHONE, is_for_axe
from tests.proofs import LATER, in_act, pass_stage
from tests.visitors import Pages, pages_of

ROOF = 100_000


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    walk = in_act(database, rules, now)
    pass_stage(walk, "act", LATER, ending=Ending.ADOPT, note="it works")
    with pages_of(database, walk.rules, tmp_path, LATER) as opened:
        yield opened


SHOWN = (
    ("board", "/indicators", 1),
    ("indicator", "/indicators/hand-hygiene/ward-3", 1),
    ("a3", "/cycles/C2026-0001/a3", 2),
    ("cycle", "/cycles/C2026-0001", 1),
)


def test_the_new_pages_are_accessible_fit_and_show_their_charts(pages: Pages, browser: Browser) -> None:
    cookies = pages.logged_in("eva").cookies
    for look, (_, width, scheme) in enumerate(LOOKS):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        _look(_logged_in(context, pages, cookies), pages.site, look)
        context.close()


def _look(page: Page, site: str, look: int) -> None:
    (language, width, _), noise = LOOKS[look], list[str]()
    page.on("console", lambda message: noise.append(message.text))
    for number, (name, path, charts) in enumerate(SHOWN):
        page.goto(f"{site}{path}?lang={language}")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} is wider than the screen"
        if is_for_axe(number, look):
            found = Axe().run(page, options={"resultTypes": ["violations"]})
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        assert page.locator(".board svg, .chart svg").count() == charts
        assert page.locator("h1").count() == 1
        assert len(page.content().encode()) <= ROOF
        _take(page, f"{name}-{language}-{width}.png")
    assert noise == []


def test_from_the_board_to_the_chart_to_the_cycle_and_its_report(pages: Pages, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": PHONE, "height": 800})
    page = _logged_in(context, pages, pages.logged_in("eva").cookies)
    page.goto(f"{pages.site}/indicators?lang=en")
    page.select_option("select[name=unit]", "ward-3")
    page.click("form.filter button")
    page.click(".board a")
    assert page.url.partition("?")[0].endswith("/indicators/hand-hygiene/ward-3")
    page.click("#chart a[href*='/cycles/']")
    page.click("a[href*='/a3']")
    assert "The team had predicted 78.0" in page.locator("main").inner_text()
    context.close()


def test_the_report_prints_on_one_sheet_of_a3(pages: Pages, browser: Browser) -> None:
    context = browser.new_context()
    page = _logged_in(context, pages, pages.logged_in("eva").cookies)
    for language in ("en", "zh"):
        page.goto(f"{pages.site}/cycles/C2026-0001/a3?lang={language}")
        printed = page.pdf(format="A3", landscape=True)
        assert printed.count(b"/Type /Page\n") == 1
    context.close()


def _logged_in(context: BrowserContext, pages: Pages, cookies: dict[str, str]) -> Page:
    host = urlsplit(pages.site).hostname or ""
    context.add_cookies(
        [{"name": name, "value": value, "domain": host, "path": "/"} for name, value in cookies.items()]
    )
    return context.new_page()


def _take(page: Page, name: str) -> None:
    """Keep a picture where somebody wants to look at it."""
    if folder := os.environ.get("WARDCYCLE_LOOK"):
        page.screenshot(path=str(Path(folder) / name), full_page=True)
