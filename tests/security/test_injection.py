"""Hostile words x every place that shows them: they stay words, whatever parser reads the place."""

import csv
import email
import email.policy
import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from config.seen import on_one_line
from engine.hospital import export_hospital
from engine.indicator_files import values_bytes, values_csv
from engine.people import directory
from engine.rules import Rules
from models.audit import Audit, verify
from models.db import Database
from models.notification import AttemptOutcome
from models.task import Evidence
from notifications.bot_sender import BotSender
from notifications.mail import Head, build_mail
from notifications.senders import Address
from tests.commands import Command
from tests.corpus import HOSTILE, PLAIN
from tests.indicators import VTE
from tests.integration.test_delivery_bots import answering
from tests.security.world import Skeleton, World, world
from tests.visitors import Visitor, pages_of
from tests.voices import http_server

UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
HEAD = Head("wardcycle@hospital.test", "ana@hospital.test", NOW, "7.abc", "thread")
LISTS = ("/", "/?page=2", "/?page=3", "/tasks", "/messages", "/decisions", f"/indicators/{VTE}", "/me")


@pytest.fixture(scope="module")
def hostile(migrated_file: Path, rules: Rules, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Made once: the tests here only look at what comes out."""
    with _made(migrated_file, rules, tmp_path_factory.mktemp("hostile"), HOSTILE) as made:
        yield made


def test_no_page_gets_another_element_or_attribute(
    hostile: World, rules: Rules, tmp_path: Path, migrated_file: Path
) -> None:
    with _made(migrated_file, rules, tmp_path, PLAIN) as plain:
        seen, wanted = _pages(hostile, tmp_path), _pages(plain, tmp_path)
    assert set(seen) == set(wanted) and len(seen) > len(HOSTILE)
    for path, page in seen.items():
        found = Skeleton(page)
        assert found.parts == Skeleton(wanted[path]).parts, path
        assert all(re.match(r"[/#?]|mailto:|data:image/", one) for one in found.addresses), (path, found.addresses)
        assert not UNSEEN.search(page), path
    shown = " ".join(on_one_line(" ".join(Skeleton(page).texts)) for page in seen.values())
    assert [word for word in HOSTILE if on_one_line(word) not in shown] == []


def test_no_mail_gets_another_head_part_or_element(hostile: World) -> None:
    assert len(hostile.sent) >= len(HOSTILE)
    for message, _ in hostile.sent:
        for eight_bit in (True, False):
            mail = email.message_from_bytes(
                build_mail(message, HEAD, eight_bit=eight_bit), _class=EmailMessage, policy=email.policy.default
            )
            assert mail.keys() == HEADS and not mail.defects
            assert str(mail["Subject"]) == message.subject and not UNSEEN.search(message.subject + message.text)
            assert [part.get_content_type() for part in mail.walk() if not part.is_multipart()] == PARTS
            html = Skeleton(message.html)
            assert {part[0].lstrip("/") for part in html.parts} <= ELEMENTS
            assert not {name for part in html.parts for name in part[1:] if name.startswith("on")}
            assert all(re.match("https?://ward.test", one) for one in html.addresses)


HEADS = ["From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "MIME-Version",
         "Content-Type"]  # fmt: skip
PARTS = ["text/plain", "text/html"]
ELEMENTS = {"html", "head", "meta", "title", "body", "div", "p", "a", "b", "strong", "h1", "h2", "ul", "ol", "li", "br",
            "hr", "span", "table", "tr", "td", "th", "tbody", "small", "em", "img", "style", "blockquote"}  # fmt: skip


def test_what_groups_are_told_is_one_json_text_that_calls_nobody(hostile: World) -> None:
    with http_server(answering({"errcode": 0, "code": 0})) as (port, posted):
        for url in ("wecombot://token", "dingtalk://token", "feishu://token"):
            sender = BotSender("group", url, f"http://127.0.0.1:{port}", (f"127.0.0.1:{port}",), pause=lambda _: None)
            for n, (message, _) in enumerate(hostile.sent):
                to = Address("group", "", f"{n}.abc", "", hostile.now + timedelta(minutes=n), n)
                assert sender.send(message, to).outcome is AttemptOutcome.ACCEPTED
    assert len(posted) == 3 * len(hostile.sent)
    for _, content in posted:
        said = json.loads(content)
        told = said.get("text") or said["content"]
        assert (len(said), len(told)) == (2, 1) and "text" in (said.get("msgtype"), said.get("msg_type"))
        assert not re.search(r"<\s*/?\s*at\b|<@", "".join(told.values()), re.IGNORECASE)


def test_no_cell_of_a_workbook_is_a_formula_or_a_link(hostile: World, tmp_path: Path) -> None:
    book, values = tmp_path / "export.xlsx", tmp_path / "values.xlsx"
    with hostile.database.reading() as session:
        export_hospital(session, book)
    rows = [(VTE, "u-1", "2025-01", 80.0, 100.0, False, word) for word in HOSTILE]
    values.write_bytes(values_bytes(rows, "en"))
    for file in (book, values):
        with zipfile.ZipFile(file) as package:
            names = [name for name in package.namelist() if name.startswith("xl/worksheets/")]
            written = "".join(package.read(name).decode() for name in names)
        assert "<f>" not in written and "<f " not in written and "<hyperlink" not in written
    people = CalamineWorkbook.from_path(book).get_sheet_by_name("people").to_python()
    with hostile.database.reading() as session:
        stored = {one.name for one in directory(session).persons.values()}
    assert {str(row[1]) for row in people[1:]} == stored and "=1+1" in stored


def test_no_cell_of_a_csv_file_begins_like_a_formula(hostile: World, tmp_path: Path) -> None:
    with hostile.database.reading() as session:
        export_hospital(session, tmp_path / "export")
    rows = [(VTE, "u-1", "2025-01", 80.0, 100.0, False, word) for word in HOSTILE]
    (tmp_path / "export" / "values.csv").write_bytes(values_csv(rows, "en"))
    for file in (tmp_path / "export").iterdir():
        lines = list(csv.reader(io.StringIO(file.read_text("utf-8-sig"), newline="")))
        assert len({len(line) for line in lines}) == 1, file.name
        assert not [cell for line in lines for cell in line if re.match(r"[=+\-@\t\r]", cell)], file.name


def test_both_databases_keep_the_words_harmless_names_of_files_and_a_trail_that_verifies(
    database: Database, rules: Rules, tmp_path: Path
) -> None:
    world(database, rules, tmp_path, NOW, HOSTILE)
    with database.reading() as session:
        names = session.execute(sa.select(Evidence.name)).scalars().all()  # type: ignore[call-overload]
        facts = session.execute(sa.select(Audit.after)).scalars().all()  # type: ignore[call-overload]
        assert verify(session).bad_id is None
    assert len(names) == len(HOSTILE)
    assert not [name for name in names if "/" in name or UNSEEN.search(name) or "\n" in name]
    assert all(isinstance(json.loads(one), dict) for one in facts if one)


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)  # of the folder in which they run
def test_commands_show_words_and_no_orders_to_the_terminal(
    hostile: World, installation: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WARDCYCLE_DATABASE_URL", hostile.database.url.render_as_string(hide_password=False))
    command = Command(capsys)
    for n in (0, _where("\x1b")[0], _where("\u202e")[0], _where("[bold")[0]):
        code = hostile.codes[n]
        for words in (("cycle", "show", code), ("task", "show", f"{code}/first"), ("audit", "show", "--cycle", code)):
            said = command(*words)
            assert not UNSEEN.search(said.out + said.err), words
            assert json.loads(command(*words, "--json").out)
    assert HOSTILE[_where("[bold")[0]] in command("task", "show", f"{hostile.codes[_where('[bold')[0]]}/first").out


def test_no_event_of_the_log_takes_two_lines(
    migrated_file: Path, rules: Rules, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    some = [word for word in HOSTILE if "\n" in word or "\r" in word]
    with (
        _made(migrated_file, rules, tmp_path, some) as made,
        pages_of(made.database, made.rules, tmp_path, NOW) as pages,
    ):
        pages.visitor().get("/cycles/x%0d%0aINFO%20all%20is%20well")
        pages.visitor().log_in("x\nINFO all is well", "y\nz")
    ours = [one for one in caplog.records if not one.name.startswith(("asyncio", "python_multipart"))]
    assert [one.getMessage() for one in ours if len(one.getMessage().splitlines()) > 1] == []
    assert not [one.getMessage() for one in caplog.records if "all is well" in one.getMessage().replace("%20", "_")]


@contextmanager
def _made(migrated_file: Path, rules: Rules, folder: Path, words: Sequence[str]) -> Iterator[World]:
    shutil.copy(migrated_file, folder / "made.db")
    database = Database(f"sqlite:///{folder / 'made.db'}", durable=False)
    yield world(database, rules, folder, NOW, words)
    database.dispose()


def _where(part: str) -> list[int]:
    return [n for n, word in enumerate(HOSTILE) if part in word]


def _pages(made: World, folder: Path) -> dict[str, str]:
    """Read the pages of everything as the quality office, and some answer pages as their owners."""
    with pages_of(made.database, made.rules, folder, made.now + timedelta(hours=2)) as pages:
        office = pages.logged_in("eva")
        paths = (*LISTS, *(f"/cycles/{code}?lang={'en' if n % 2 else 'zh'}" for n, code in enumerate(made.codes)))
        return {path: _read(office, path) for path in paths}


def _read(visitor: Visitor, path: str) -> str:
    said = visitor.get(path)
    assert said.status == 200, (path, said.status)
    return said.body
