"""A head decides five things on a phone, from the mail as it arrives; and the owner takes an answer back."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from engine.rules import Rules
from models.db import Database
from tests.e2e.answering import Ward, ward_at_work
from tests.e2e.deciding import give_phone, newest_code, with_phone
from tests.e2e.test_answering import PHONE, ROOF, choose, phone, picture, send
from tests.invariants import hold
from tests.walks import stage, task, template


def titled(en: str, zh: str) -> dict[str, str]:
    return {"en": en, "zh": zh}


TASKS = (
    ("checklist", titled("Hang up the new surgical checklist", "张贴新的手术安全核查表")),
    ("count", titled("Count instruments twice at closing", "关闭前双人清点器械")),
    ("briefing", titled("Hold the team briefing before each list", "每台手术前召开团队简会")),
    ("timeout", titled("Record the time-out of every operation", "记录每台手术的暂停核对")),
    ("training", titled("Train the night shift", "培训夜班人员")),
)
FIVE = template(
    stage("work", *(task(slug, title=title, remind=["-3wd", "0wd"], accept=slug == "count") for slug, title in TASKS)),
    title=titled("Surgical safety", "手术安全质量提升"),
)


@pytest.fixture
def ward(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Ward]:
    with ward_at_work(database, with_phone(rules), tmp_path, now, FIVE) as opened:
        give_phone(opened, "ana", "bo")
        walk = opened.walk
        walk.answer("checklist", "extend", "dee", now, note="The printer is being repaired", until=date(2026, 3, 16))
        walk.answer("count", "done", "dee", now, note="Both nurses sign the sheet")
        for slug, note in (
            ("briefing", "The surgeons come late"),
            ("timeout", "No form"),
            ("training", "Two on leave"),
        ):
            walk.answer(slug, "extend", "dee", now, note=note, until=date(2026, 3, 20))
        yield opened


def look(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()


def prove(page: Page, ward: Ward) -> None:
    page.locator("#me").check()
    send(page)
    page.locator("#code").fill(newest_code(ward, "ana"))
    page.locator(".proof button[type=submit]").first.click()
    page.wait_for_selector(".card form")


def test_five_decisions_are_taken_on_a_phone_within_a_minute_without_javascript(ward: Ward, browser: Browser) -> None:
    page, sizes = phone(browser), list[int]()
    page.on("response", lambda response: sizes.append(int(response.headers.get("content-length", "0"))))
    page.goto(ward.desks("ana")[0])
    assert "/d/" not in page.url, "the link has left the address bar"
    assert page.locator("article.card").count() == 5
    assert page.locator("article.card form").count() == 0
    assert sum(sizes) <= ROOF
    picture(page, "decide-proof-en")
    prove(page, ward)
    picture(page, "decide-en")
    assert "Deadline moves from Mon 9 Mar to Mon 16 Mar 17:30" in page.locator("main").inner_text()
    for title, verdict in (
        ("Hang up", "grant"), ("Count", "accept"), ("Hold", "grant"), ("Record", "grant"), ("Train", "grant"),
    ):  # fmt: skip
        number = page.locator("article.card", has_text=title).get_attribute("id")
        page.locator(f"#{number}-{verdict}").check()
        with page.expect_navigation(wait_until="load"):
            page.locator(f"#{number} button[type=submit]").click()
        assert "✓" in page.locator(".taken").inner_text()
    assert "Nothing waits for you now" in page.locator("main").inner_text()
    picture(page, "decided-en")
    outcomes = ward.rows("SELECT outcome, decided_by IS NOT NULL FROM decision ORDER BY id")
    assert [row[0] for row in outcomes] == ["granted", "accepted", "granted", "granted", "granted"]
    page.context.close()
    hold(ward.walk.database, ward.clock.now)


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "zh")])
def test_the_decision_page_is_accessible_small_and_fits_a_phone(
    ward: Ward, browser: Browser, scheme: str, language: str
) -> None:
    page = phone(browser, scheme, javascript=True)
    page.goto(ward.desks("ana")[0])
    page.goto(f"{page.url}?lang={language}")
    look(page)
    prove(page, ward)
    look(page)
    title = TASKS[0][1][language]
    number = page.locator("article.card", has_text=title).get_attribute("id")
    for verdict, part in (("grant", "until"), ("give", "to"), ("stop", "note"), ("refuse", "note")):
        page.locator(f"#{number}-{verdict}").check()
        assert page.locator(f"#{part}-{number[1:] if number else ''}").is_visible()
        look(page)
    picture(page, f"decide-{scheme}-{language}")
    with page.expect_navigation(wait_until="load"):
        page.locator(f"#{number} button[type=submit]").click()
    assert page.locator("[role=alert]").count() == 1, "a refusal needs its reason"
    look(page)
    assert re.search("zh" if language == "zh" else "en", page.locator("html").get_attribute("lang") or "")
    page.context.close()


def test_an_answer_is_taken_back_on_the_phone_within_ten_minutes(
    database: Database, rules: Rules, tmp_path: Path, now: datetime, browser: Browser
) -> None:
    with ward_at_work(database, rules, tmp_path, now) as ward:
        page = phone(browser)
        page.goto(ward.links("dee")[0])
        choose(page, "blocked")
        page.locator("#note").fill("No printer")
        send(page)
        page.locator("summary").click()
        page.locator("#undo").check()
        picture(page, "undo-en")
        send(page)
        assert "Taken back" in page.locator("h1").inner_text()
        assert ward.walk.task("photograph").status == "open"
        assert page.locator("#undo").count() == 0
        page.goto(page.url.removesuffix("/receipt"))
        choose(page, "acknowledge")
        send(page)
        ward.clock.now += timedelta(minutes=10)
        page.reload()
        assert page.locator("#undo").count() == 0
        page.context.close()
