"""From an invitation to one's own pages in a real phone-sized browser, without JavaScript, dark and light."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from engine.rules import Rules
from models.db import Database
from tests.places import make_hospital
from tests.visitors import PASSWORD, Pages, pages_of

ROOF = 100_000


@pytest.fixture
def pages(migrated_file: Path, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    file = tmp_path / "wardcycle.db"
    file.write_bytes(migrated_file.read_bytes())
    database = Database(f"sqlite:///{file}")
    make_hospital(database)
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened
    database.dispose()


def test_an_invited_person_chooses_a_password_and_works_without_javascript(pages: Pages, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{pages.site}{pages.invitation('ana')}")
    assert page.url == f"{pages.site}/welcome"
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click("button")
    assert page.url == f"{pages.site}/"
    page.click("text=Ana Ferro")
    page.click("text=Log out")
    assert page.url == f"{pages.site}/login"
    page.goto(f"{pages.site}/tasks")
    page.fill("#name", "ana@hospital.test")
    page.fill("#password", "not the right one")
    page.click("button")
    assert "do not fit" in page.locator("[role=alert]").inner_text()
    page.fill("#password", PASSWORD)
    page.click("button")
    assert page.url == f"{pages.site}/tasks"
    context.close()


@pytest.mark.parametrize(("language", "scheme"), [("en", "dark"), ("zh", "light")])
def test_the_pages_of_an_account_are_accessible_and_fit_a_phone(
    pages: Pages, browser: Browser, language: str, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,  # axe brings its own script
    )
    page = context.new_page()
    page.goto(f"{pages.site}/login?lang={language}")
    _check(page)
    page.goto(f"{pages.site}{pages.invitation('ana')}")
    page.goto(f"{pages.site}/welcome?lang={language}")
    _check(page)
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click("button")
    page.goto(f"{pages.site}/me?lang={language}")
    _check(page)
    context.close()


def _check(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert len(page.content().encode()) < ROOF
    assert not re.search(r"<script|style=|on\w+=\"", page.content().split("<body", 1)[1])
