"""A data owner at the browser: paste from Excel, see what was understood, save with one button."""

from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from sqlmodel import select

from engine.rules import Rules
from models.db import Database
from models.indicator import Observation
from tests.indicators import VTE
from tests.places import make_hospital
from tests.visitors import pages_of

PHONE = 390


@pytest.mark.parametrize(("language", "scheme"), [("en", "dark"), ("zh", "light")])
def test_values_are_pasted_looked_at_and_saved_on_a_phone(
    database: Database, rules: Rules, tmp_path: Path, now: datetime, browser: Browser, language: str, scheme: str
) -> None:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, now) as pages:
        gao = pages.logged_in("gao")
        context = browser.new_context(
            viewport={"width": PHONE, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        host = urlsplit(pages.site).hostname or ""
        context.add_cookies(
            [{"name": name, "value": value, "domain": host, "path": "/"} for name, value in gao.cookies.items()]
        )
        page = context.new_page()
        page.goto(f"{pages.site}/indicators/{VTE}?unit=ward-3&lang={language}")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert Axe().run(page, options={"resultTypes": ["violations"]}).violations_count == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
        page.fill("#paste-cells", "2026-01\t80\t100\n2026-02\t180\t100\n")
        page.click("form:has(#paste-cells) button")
        assert "cells!B2" in page.content()
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
        page.click("form:has(#again-why) button")
        assert "2026-01" in page.content()
        context.close()
    with database.reading() as session:
        assert [(row.value, row.denominator) for row in session.exec(select(Observation))] == [(80, 100)]
