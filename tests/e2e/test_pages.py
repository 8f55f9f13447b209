"""The pages in a real browser: readable in both languages, on phone and desktop, and never writing."""

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from models.base import Row
from models.db import Database
from models.notification import Heartbeat
from tests.e2e.browsing import LOOKS, is_for_axe
from tests.e2e.hospital_at_work import NOW, XSS

ROOF = 100_000  # bytes of a page
PATHS = (
    "/",
    "/tasks?show=all",
    "/decisions",
    "/messages",
    "/messages?show=untold",
    "/channels",
    "/mailbox",
    "/indicators",
    "/indicators/hand-hygiene",
    "/actions",
    "/actions/surgery",
    "/activities",
    "/responsibility",
    "/no-such-page",
    *(f"/cycles/C2026-000{number}" for number in (1, 2, 4, 5, 6, 7, 8)),
)

SPOILT = ("page=0", "page=-1", "page=99999999999999", "page=x", "page=%C2%B2", "stage='", "lang=xx", "q=%25")


@pytest.mark.parametrize("look", range(len(LOOKS)), ids=["-".join(map(str, look)) for look in LOOKS])
def test_every_page_is_accessible_fits_its_width_and_stays_quiet(site: str, browser: Browser, look: int) -> None:
    language, width, scheme = LOOKS[look]
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page, noise = context.new_page(), []
    page.on("console", lambda message: noise.append(message.text))
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on(
        "request", lambda request: noise.append(request.url) if not request.url.startswith((site, "data:")) else None
    )
    for number, path in enumerate((*PATHS, _mails(site)[0])):
        page.goto(f"{site}{path}{'&' if '?' in path else '?'}lang={language}")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} is wider than the screen"
        if is_for_axe(number, look):
            found = Axe().run(page, options={"resultTypes": ["violations"]})
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        assert page.locator("h1").count() == 1
        assert len(page.content().encode()) <= ROOF
    # The browser itself reports the page that does not exist.
    assert [line for line in noise if "404" not in line] == []
    context.close()


def test_what_people_write_is_shown_as_text_and_never_runs(site: str, browser: Browser) -> None:
    page, ran = browser.new_page(), []
    page.on("dialog", lambda dialog: ran.append(dialog.message))
    for path in ("/?status=all", "/tasks?show=all", "/decisions", "/messages", "/cycles/C2026-0002", "/mailbox"):
        page.goto(f"{site}{path}")
        assert "owned" not in page.title().replace(XSS, "")
        assert page.locator("main script, main img").count() == 0
    page.goto(f"{site}/cycles/C2026-0002")
    assert page.locator("h1").inner_text() == XSS
    assert XSS in page.locator("blockquote").first.inner_text()
    page.goto(f"{site}{_mails(site)[-1]}")
    assert page.frame_locator("iframe").locator("h1").inner_text() == "Study the present state"
    assert ran == []
    page.close()


def test_a_link_of_a_mail_leads_to_the_task_on_its_cycle_page(site: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{site}/cycles/C2026-0001#present-state")
    task = page.locator("article:target")
    assert task.locator("h4").inner_text() == "Study the present state and find the problem"
    words = task.inner_text()
    assert "Ana Ferro should have answered by Mon 9 Mar 17:30: 9 working days late." in words
    assert "Now Feng Qi (Head of hospital) must decide." in words
    page.close()


def test_the_cycle_page_says_who_was_told_and_why_a_message_failed(site: str) -> None:
    answer, body = _ask(site, "GET", "/messages?show=untold&lang=en")
    assert answer.status == 200
    assert "550 5.1.1 No such user here" in body
    assert "refused for good" in body
    assert "timed out after 20 s" in body


def test_each_number_of_the_overview_opens_a_list_of_that_length(site: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{site}/?lang=en")
    numbers = [(one.inner_text().split()[0], one.get_attribute("href")) for one in page.locator(".numbers a").all()]
    for number, href in numbers[1:]:
        page.goto(f"{site}{href}")
        assert page.locator("h1 .n").inner_text() == number, href
    assert len(numbers) == 5
    page.close()


def test_the_language_comes_from_the_address_then_from_the_browser_then_from_the_machine(site: str) -> None:
    def language(path: str, accept: str = "") -> str:
        return _ask(site, "GET", path, {"Accept-Language": accept} if accept else {})[0].headers["Content-Language"]

    assert language("/") == "en"
    assert language("/", "fr, zh-CN;q=0.8, en;q=0.3") == "zh-CN"
    assert language("/", "zh;q=0, en;q=0.3") == "en"
    assert language("/?lang=en", "zh-CN") == "en"
    assert language("/no-such-page?lang=zh") == "zh-CN"
    assert 'href="/tasks?lang=zh"' in _ask(site, "GET", "/?lang=zh")[1]


@pytest.mark.parametrize("path", [*PATHS, "/healthz", "/static/wardcycle.css", "/mailbox/none", "/mailbox/none/html"])
def test_every_route_only_reads_and_carries_the_safe_headers(site: str, path: str) -> None:
    got, body = _ask(site, "GET", path)
    head, nothing = _ask(site, "HEAD", path)
    assert (head.status, nothing) == (got.status, "")
    assert got.status == (404 if "no" in path.rsplit("/", 2)[-1] or "none" in path else 200)
    assert len(body.encode()) <= ROOF
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        refused, _ = _ask(site, method, path)
        assert refused.status in (401, 404, 405)
    policy = got.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Referrer-Policy"] == "no-referrer"
    assert got.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in got.headers


def test_reading_every_page_leaves_every_row_as_it_was(work: tuple[str, Database]) -> None:
    site, database = work
    before = _all_rows(database)
    for path in (*PATHS, "/healthz", _mails(site)[0]):
        _ask(site, "GET", path)
    assert _all_rows(database) == before


def test_a_foreign_name_that_points_at_this_machine_is_refused(site: str) -> None:
    assert _ask(site, "GET", "/", {"Host": "evil.example"})[0].status == 400
    assert _ask(site, "GET", "/", {"Host": "localhost:8420"})[0].status == 200
    assert _ask(site, "GET", "/", {"Host": "[::1]:8420"})[0].status == 200


def test_an_unknown_cycle_is_not_found_in_both_languages_and_names_the_nearest(site: str) -> None:
    english, chinese = (_ask(site, "GET", f"/cycles/C2026-0011?lang={one}") for one in ("en", "zh"))
    assert (english[0].status, chinese[0].status) == (404, 404)
    assert "Did you mean: C2026-0001" in english[1]
    assert "是否指" in chinese[1]


@pytest.mark.parametrize("query", SPOILT)
def test_a_spoilt_address_gives_a_page_and_no_error(site: str, query: str) -> None:
    for path in ("/", "/tasks", "/messages", "/mailbox"):
        assert _ask(site, "GET", f"{path}?{query}")[0].status == 200


def test_an_address_with_a_zero_byte_is_refused(site: str) -> None:
    for path in ("/?q=%00", "/cycles/C%00", "/tasks?person=%00a"):
        assert _ask(site, "GET", path)[0].status == 400


def test_health_is_green_while_the_loops_come_round_and_red_when_one_is_silent(work: tuple[str, Database]) -> None:
    site, database = work
    answer, body = _ask(site, "GET", "/healthz")
    assert (answer.status, '"status":"green"' in body) == (200, True)
    with database.transaction("test") as session:
        session.add(Heartbeat(loop="delivery", beat_at=NOW.replace(hour=5)))
    answer, body = _ask(site, "GET", "/healthz")
    with database.transaction("test") as session:
        session.execute(sa.delete(Heartbeat).where(sa.text("loop = 'delivery'")))
    assert (answer.status, '"silent":["delivery"]' in body) == (503, True)


def test_the_web_process_imports_neither_prefect_nor_apprise() -> None:
    check = "import sys, web.__main__; print(sorted({'prefect', 'apprise', 'aiosmtpd'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_web_process_serves_and_leaves_cleanly_when_told_to(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WARDCYCLE_")}
    environ |= {"WARDCYCLE_WEB_PORT": str(port), "WARDCYCLE_DATA_FOLDER": str(tmp_path), "WARDCYCLE_LANGUAGE": "zh"}
    environ |= {"WARDCYCLE_OPEN_READING": "true"}
    process = subprocess.Popen([sys.executable, "-m", "web"], env=environ, stderr=subprocess.PIPE, text=True)
    try:
        answer, body = _ask_when_up(f"http://127.0.0.1:{port}", "/")
    finally:
        process.terminate()
        _, complaints = process.communicate(timeout=20)
    assert (answer.status, "wardcycle database upgrade" in body) == (503, True), "no tables yet: the page says so"
    assert "数据库" in body
    assert (process.returncode, complaints) == (0, "")


def _ask_when_up(site: str, path: str) -> tuple[http.client.HTTPResponse, str]:
    give_up = time.monotonic() + 30
    while True:
        try:
            return _ask(site, "GET", path)
        except ConnectionRefusedError:
            assert time.monotonic() < give_up
            time.sleep(0.1)


def _ask(
    site: str, method: str, path: str, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=20)
    connection.request(method, path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def _mails(site: str) -> list[str]:
    return re.findall(r'href="(/mailbox/[^"?]+)', _ask(site, "GET", "/mailbox")[1])


def _all_rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.reading() as session:
        tables = Row.metadata.sorted_tables
        return {table.name: [tuple(row) for row in session.execute(sa.select(table))] for table in tables}
