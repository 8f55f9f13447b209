"""The README's pictures come from the real pages; WARDCYCLE_PICTURES=1 writes them anew."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from engine.rules import Rules
from tests.e2e.browsing import site_at_work

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
MOST_BYTES = 200_000
SHOWN = (
    ("home", "/", ("Who must act first", "谁须先行动")),
    ("cycle", "/cycles/C2026-0001", ("Stages and tasks", "阶段与任务")),
    ("mailbox", "/mailbox", ("Mailbox", "邮箱")),
)


@pytest.fixture(scope="module")
def pretty(migrated_file: Path, rules: Rules, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, title = tmp_path_factory.mktemp("pictures"), "入院用药核对 Medication check on admission"
    with site_at_work(migrated_file, folder, rules, hostile=title) as (address, _):
        yield address


@pytest.mark.parametrize(("name", "path", "headings"), SHOWN)
def test_the_pictures_show_pages_with_real_content(
    pretty: str, browser: Browser, name: str, path: str, headings: tuple[str, str]
) -> None:
    page = browser.new_page(viewport={"width": 1120, "height": 760})
    for language, heading in zip(("en", "zh"), headings, strict=True):
        page.goto(f"{pretty}{path}?lang={language}")
        assert page.get_by_role("heading", name=heading).first.is_visible()
        assert len(page.locator("main").inner_text()) > 150
        _take(page, f"{name}-{language}.png")
    page.close()


def _take(page: Page, name: str) -> None:
    picture = page.screenshot()
    assert len(picture) <= MOST_BYTES
    if os.environ.get("WARDCYCLE_PICTURES") == "1":
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / name).write_bytes(picture)
