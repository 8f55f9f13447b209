"""A real server on loopback and a real browser, for tests of pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from config.settings import Settings
from engine.rules import Rules
from models.db import Database
from notifications.mailbox import keep_mail
from tests.e2e.hospital_at_work import NOW, XSS, make_work
from tests.serving import serving
from web.app import make_app

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PHONE, DESKTOP = 390, 1280
# Language, width, colours. The first two have everything between them, and so have the last two.
LOOKS = (("en", PHONE, "dark"), ("zh", DESKTOP, "light"), ("zh", PHONE, "light"), ("en", DESKTOP, "dark"))

MAILS = (
    "请处理：分析现状，找出问题 · C2026-0001",
    "Reminder: confirm the main causes by Wednesday 11 March",
    "请决定：延期申请 · 跌倒预防",
    "Please answer by Monday 9 March: study the present state and find the problem",
)


def is_for_axe(number: int, look: int) -> bool:
    """Answer whether axe, which is slow, goes over the page of this number in this look of LOOKS: in two of the four.

    They have both languages, both widths and both colours between them; the next page gets the other two.
    """
    return look // 2 == number % 2


@contextmanager
def site_at_work(
    migrated_file: Path, folder: Path, rules: Rules, *, hostile: str = XSS
) -> Iterator[tuple[str, Database]]:
    """Serve the hospital at work; gives its address and its database."""
    file = folder / "wardcycle.db"
    shutil.copy(migrated_file, file)
    database = Database(f"sqlite:///{file}")
    make_work(database, rules, hostile=hostile)
    fill_mailbox(folder / "mailbox", hostile)
    settings = Settings(data_folder=folder, language="en", open_reading=True)
    with serving(make_app(database, settings, rules.catalogue, clock=lambda: NOW)) as address:
        yield address, database
    database.dispose()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def fill_mailbox(folder: Path, hostile: str) -> None:
    """Put a few mails into a Maildir, one of them hostile."""
    for part in ("new", "cur", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for number, (subject, more) in enumerate([(hostile, hostile), *((subject, "") for subject in MAILS)]):
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = subject, "wardcycle@localhost", "Ana Ferro <ana@hospital.test>"
        mail.set_content(f"您好 Ana,\n\nStudy the present state by Monday 9 March 17:30.\n{more}\n")
        html = f"<h1>Study the present state</h1><p style='color: #0b6760'>by Monday 9 March 17:30</p>{more}"
        mail.add_alternative(f"<html lang='en'><title>Mail</title><body>{html}</body></html>", subtype="html")
        keep_mail(folder, mail.as_bytes(), at_ns=int((NOW.timestamp() - 9000 + number * 600) * 1e9))
