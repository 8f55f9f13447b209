"""A small cycle answered wholly in a phone's browser, from the mails as they arrive."""

import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from engine.rules import Rules
from models.db import Database
from tests.e2e.answering import Ward, ward_at_work

PHONE = 390
ROOF = 100_000  # bytes of a page with everything that it loads
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
PHOTO = b"\x89PNG\r\n\x1a\n" + b"0" * 4096


@pytest.fixture
def ward(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Ward]:
    with ward_at_work(database, rules, tmp_path, now) as opened:
        yield opened


def phone(browser: Browser, scheme: str = "light", *, javascript: bool = False) -> Page:
    context = browser.new_context(
        viewport={"width": PHONE, "height": 844},
        color_scheme=scheme,  # type: ignore[arg-type]
        device_scale_factor=2,
        java_script_enabled=javascript,
    )
    return context.new_page()


def choose(page: Page, kind: str) -> None:
    page.locator(f"#k-{kind}").check()


def send(page: Page) -> None:
    with page.expect_navigation(wait_until="load"):  # the click alone does not wait for the next page
        page.locator("button[type=submit]").click()


def picture(page: Page, name: str) -> None:
    if os.environ.get("WARDCYCLE_PICTURES") == "1":
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / f"{name}.png").write_bytes(page.screenshot(full_page=True, scale="css"))


def test_a_whole_cycle_is_answered_on_a_phone_from_the_mails(ward: Ward, browser: Browser) -> None:
    page = phone(browser)
    page.goto(ward.links("dee")[0])
    assert "/a/" not in page.url, "the link has left the address bar"
    words = page.locator("main").inner_text()
    assert "this task is yours" in words and "Mon 9 Mar 17:30" in words and "where it hangs" in words
    choose(page, "acknowledge")
    assert not page.locator("#note").is_visible(), "only what the answer needs is shown"
    send(page)
    assert "Taken, thank you" in page.locator("h1").inner_text()

    page.goto(ward.links("dee")[0])
    choose(page, "extend")
    page.locator("#note").fill("Two of us are on leave")
    page.locator("#until").fill("2026-03-12")
    picture(page, "answer-en")
    send(page)
    assert "waiting for a decision" in page.locator("main").inner_text()
    ward.later(hours=1)
    ward.walk.decide("photograph", "grant", "ana", ward.clock.now, until=date(2026, 3, 12))

    ward.later(hours=1)
    page.goto(ward.links("dee")[0])
    assert "Thu 12 Mar 17:30" in page.locator("main").inner_text()
    choose(page, "done")
    page.locator("#note").fill("It hangs beside the basin")
    send(page)
    assert "needs evidence" in page.locator("[role=alert]").inner_text()
    assert page.locator("#note").input_value() == "It hangs beside the basin"
    assert page.locator("#k-done").is_checked()
    page.locator("#evidence").set_input_files({"name": "basin.png", "mimeType": "image/png", "buffer": PHOTO})
    send(page)
    assert "basin.png" in page.locator("main").inner_text()

    page.goto(ward.links("ana")[-1])
    assert "It hangs beside the basin" in page.locator("main").inner_text(), "what came before is shown"
    choose(page, "hand-over")
    page.locator("#note").fill("Chen teaches at night")
    page.locator("#to").select_option("chen")
    send(page)
    page.goto(ward.links("chen")[0])
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    choose(page, "take")
    picture(page, "answer-zh")
    send(page)
    page.goto(ward.links("chen")[0])
    choose(page, "done")
    page.locator("#note").fill("夜班八人已培训")
    send(page)
    assert "已收到" in page.locator("h1").inner_text()
    assert ward.walk.cycle().status == "closed"
    assert {row[0] for row in ward.rows("SELECT door FROM answer")} == {"link"}
    page.context.close()


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "zh")])
def test_the_answer_pages_are_accessible_small_and_fit_a_phone(
    ward: Ward, browser: Browser, scheme: str, language: str
) -> None:
    page, sizes, noise = phone(browser, scheme, javascript=True), [], []
    page.on("response", lambda response: sizes.append(int(response.headers["content-length"])))
    page.on("console", lambda message: noise.append(message.text))
    page.on("request", lambda request: noise.append(request.url) if not request.url.startswith(ward.site) else None)
    link = ward.links("dee")[0]

    def look() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()

    page.goto(link)
    page.goto(f"{page.url}?lang={language}")
    assert 0 < sum(sizes) <= 2 * ROOF, "twice opened"
    for kind in ("acknowledge", "done", "extend", "hand-over", "blocked"):
        choose(page, kind)
        look()
    page.locator("#note").fill("No printer")
    send(page)
    look()
    with page.expect_navigation(wait_until="load"):  # its stylesheet too
        page.get_by_role("link", name="Back to the task" if language == "en" else "返回任务").click()
    look()
    assert page.locator("form").count() == 0
    assert noise == []
    page.context.close()


def test_opening_and_prefetching_with_a_browser_changes_nothing(ward: Ward, browser: Browser) -> None:
    link = ward.links("dee")[0]
    page = phone(browser, javascript=True)
    for _ in range(5):
        page.goto(link)
        page.evaluate("document.querySelectorAll('form').forEach(one => one.submit())")
        page.wait_for_load_state()
        assert "Choose one of the answers" in page.locator("[role=alert]").inner_text()
    assert ward.rows("SELECT COUNT(*) FROM answer") == [(0,)]
    page.context.close()


def test_the_button_in_a_mail_of_the_demo_opens_its_page_in_a_window_of_its_own(site: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{site}/mailbox")
    page.locator("main table a").last.click()
    frame = page.frame_locator("iframe")
    frame.locator("body").evaluate(
        "(body) => body.insertAdjacentHTML('beforeend', '<a id=_own target=_blank href=\"/tasks\">Answer</a>')"
    )
    with page.context.expect_page() as opened:
        frame.locator("#_own").click()
    assert opened.value.locator("h1").inner_text() != ""
    page.context.close()
