"""A patient with a phone: the form behind the QR code, the receipt, the answer, one tap; without JavaScript."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from engine.rules import Rules
from models.db import Database
from tests.patients import Patients
from tests.places import make_hospital
from tests.visitors import Pages, pages_of

ROOF = 100_000
WORDS = {"en": ("Send", "Look", "Not solved", "We are working on it"), "zh": ("提交", "查看", "未解决", "正在处理")}


@pytest.fixture
def pages(migrated_file: Path, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    file = tmp_path / "wardcycle.db"
    file.write_bytes(migrated_file.read_bytes())
    database = Database(f"sqlite:///{file}")
    make_hospital(database)
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened
    database.dispose()


@pytest.mark.parametrize(("language", "scheme"), [("en", "dark"), ("zh", "light")])
def test_a_patient_says_it_and_says_that_it_is_not_solved(
    pages: Pages, browser: Browser, language: str, scheme: str
) -> None:
    send, look, not_solved, at_work = WORDS[language]
    context = browser.new_context(
        viewport={"width": 390, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=False,
    )
    page = context.new_page()
    page.goto(f"{pages.site}/feedback?unit=ward-3&lang={language}")
    assert page.input_value("#unit") == "ward-3"
    page.check("#kind-complaint")
    page.fill("#said", "The lift is broken / 电梯坏了")
    pages.later(seconds=20)
    page.click(f"button:has-text('{send}')")
    code = page.inner_text(".receipt-code")
    context.clear_cookies()
    page.goto(f"{pages.site}/feedback/answer?lang={language}")
    page.fill("#code", code.lower())
    page.click(f"button:has-text('{look}')")
    assert page.inner_text("h1") == at_work
    Patients(pages.database, pages.rules).approve(1, "It runs. 已修好。", now=pages.now)
    page.reload()
    assert "It runs." in page.inner_text(".reply")
    page.click(f"button:has-text('{not_solved}')")
    assert page.inner_text("h1") == at_work
    context.close()


def test_what_patients_see_is_accessible_and_fits_a_phone(pages: Pages, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme="dark", bypass_csp=True)
    page = context.new_page()
    found = [problem for path in ("/feedback?lang=zh", "/feedback/answer?lang=en", "/feedback/said-and-done?lang=zh")
             for problem in _problems(page, f"{pages.site}{path}")]  # fmt: skip
    assert found == []
    context.close()


def _problems(page: Page, address: str) -> list[str]:
    answer = page.goto(address)
    assert answer is not None and len(answer.body()) < ROOF
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    told = [f"{address} {one['id']}" for one in Axe().run(page).response["violations"]]
    return [*told, *([f"{address} is too wide"] if wide else [])]
