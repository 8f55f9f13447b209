"""Secrets go in by the settings and the real doors; afterwards none of them stands where somebody else reads."""

import email
import io
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa
import uvicorn
from sqlmodel import select

from cli.main import main
from config.settings import Settings
from engine.codes import ask_code
from engine.people import people_changed
from engine.rules import Rules
from models.account import LoginCode
from models.db import Database
from models.derived import code_digits
from models.people import Person
from notifications.channels import voice_of
from notifications.deliver import deliver_due
from tests.commands import Command
from tests.integration.test_channel_contract import say
from tests.integration.test_channels_added import everything
from tests.serving import running
from tests.visitors import Pages, Visitor
from tests.voices import Behaviour, http_server, mail_server
from tests.walks import launched, person_id
from web.app import make_app

SMTP, IMAP, URL, KEY = "canary-of-the-relay", "canary-of-the-mailbox", "canaryOfTheGroup", "canary-key-of-the-links"
PASSWORD, WRONG, DATABASE = "canary seven umbrellas", "canary wrong umbrellas", "canary-of-the-database"
SHORT = "canary-too-shor"  # a key that is refused
SETTINGS = {"SMTP_HOST": "127.0.0.1", "SMTP_USER": "wardcycle", "SMTP_PASSWORD": SMTP, "SECRET_KEYS": KEY,
            "IMAP_HOST": "127.0.0.1", "IMAP_PORT": "1", "IMAP_USER": "answers", "IMAP_PASSWORD": IMAP,
            "IMAP_TLS": "none", "REPLY_ADDRESS": "answers@hospital.test"}  # fmt: skip


@dataclass
class Told:
    """The secrets by their names, and all that was said to people other than their owner."""

    secrets: dict[str, str]
    said: list[str] = field(default_factory=list)

    def leaks(self, texts: Mapping[str, str]) -> list[tuple[str, str]]:
        """Name each secret that stands in one of the texts, and which."""
        return [
            (name, place)
            for place, text in texts.items()
            for name, secret in self.secrets.items()
            if re.search(rf"(?<![0-9a-f]){secret}(?![0-9a-f])" if secret.isdigit() else re.escape(secret), text)
        ]


@pytest.fixture
def told(installation: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Told]:
    """Everything is logged, as by somebody who looks for a mistake."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("WARDCYCLE_DEBUG", "1")
    for name, value in SETTINGS.items():
        monkeypatch.setenv(f"WARDCYCLE_{name}", value)
    names = ("smtp", "imap", "url", "key", "password", "wrong password", "database", "short key")
    yield Told(dict(zip(names, (SMTP, IMAP, URL, KEY, PASSWORD, WRONG, DATABASE, SHORT), strict=True)))


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_no_secret_stands_in_a_log_a_row_a_file_a_page_or_what_a_command_says(
    told: Told,
    command: Command,
    database: Database,
    rules: Rules,
    installation: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    now: datetime,
) -> None:
    relay = Behaviour(password=SMTP)
    with mail_server(relay) as port, http_server(say(200, {"errcode": 93000, "errmsg": f"no {URL}"})) as (group, _):
        monkeypatch.setenv("WARDCYCLE_SMTP_PORT", str(port))
        monkeypatch.setenv("WARDCYCLE_CHANNEL_HOSTS", f"127.0.0.1:{group}")
        _add_group(command, told, monkeypatch, group)
        told.secrets["api token"] = command.json("indicator", "token", "his")["token"]
        with _pages(database, rules, installation, now) as pages:
            launched(database, rules, now)
            _log_in(pages, told)
            _ask_for_a_code(database, told, now)
            _send(pages, relay, "another")
            _send(pages, relay, SMTP)
            _open_what_was_mailed(pages, relay, told)
            _send_values(pages, told)
            _give_commands(command, told)
    _fail(command, told, monkeypatch)
    assert len(told.secrets) == 14 and all(told.secrets.values())
    places = {"rows": everything(database), "said": "\n".join(told.said), "log": _logged(caplog)}
    places |= {
        str(file.relative_to(installation)): file.read_text("utf-8", "replace")
        for file in installation.rglob("*")
        if file.is_file() and file.name != "secret.key"
    }
    assert told.leaks(places) == []
    assert {place for _, place in Told({"name": "Ana Ferro"}).leaks(places)} >= {"rows", "said"}  # it does look
    assert "/a/***" in places["log"] and "/welcome/***" in places["log"]


def test_an_error_of_the_database_does_not_repeat_what_was_to_be_written(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError) as refused, database.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO no_such_table VALUES (:word)"), {"word": SMTP})
    assert SMTP not in str(refused.value)


def _add_group(command: Command, told: Told, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"wecombot://{URL}\n"))
    place = f"http://127.0.0.1:{port}"
    ran = command("channel", "add", "group", "--title", "Ward", "--base-url", place)
    told.said += [ran.out, ran.err]


@contextmanager
def _pages(database: Database, rules: Rules, folder: Path, now: datetime) -> Iterator[Pages]:
    """Serve the pages with their access log at its most talkative."""
    settings = Settings(data_folder=folder / "data", language="en")
    moment = [now]
    app = make_app(database, settings, rules.catalogue, clock=lambda: moment[0])
    with running(uvicorn.Config(app, log_config=None, log_level="debug")) as site:
        yield Pages(database, settings.model_copy(update={"base_url": site}), rules, site, app, moment)


def _log_in(pages: Pages, told: Told) -> None:
    """Come by an invitation, try a wrong password, log in, look around."""
    link, visitor = pages.invitation("eva"), pages.visitor()
    told.secrets["invitation"] = link.rpartition(".")[2]
    visitor.get(link)
    page = visitor.get("/welcome")
    done = visitor.post("/welcome", {"form": page.form, "password": PASSWORD, "again": PASSWORD})
    assert done.status == 303
    told.said += [page.body, pages.visitor().get(link).body, pages.visitor().log_in("eva", WRONG).body]
    visitor = pages.visitor()
    assert visitor.log_in("eva", PASSWORD).status == 303
    told.secrets["session"] = visitor.cookies["wardcycle_session"]
    told.said += [visitor.get(path).body for path in ("/", "/me", "/messages", "/channels", "/healthz", "/no-page")]
    told.said.append(visitor.post("/channels", {"form": visitor.get("/channels").form, "channel": "group"}).body)


def _ask_for_a_code(database: Database, told: Told, now: datetime) -> None:
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(sa.text("slug = 'ana'")).values(addresses="phone=0123"))
        people_changed(session)
        personal = {"email", "phone"}
        ask_code(session, person_id(database, "ana"), "decision:1", came_by={"phone"}, personal=personal, now=now)
        row = session.exec(select(LoginCode)).one()
        told.secrets["code"] = code_digits(KEY, f"{row.id}.{row.salt}")


def _send(pages: Pages, relay: Behaviour, password: str) -> None:
    """Deliver by a relay that knows this password."""
    relay.password = password
    pages.later(minutes=30)
    voice = voice_of(pages.settings, pages.rules.catalogue, pages.database)
    deliver_due(pages.database, voice=voice, now=lambda: pages.now)


def _open_what_was_mailed(pages: Pages, relay: Behaviour, told: Told) -> None:
    """Open the link to answer as its owner does, and once spoiled."""
    mails = [
        email.message_from_bytes(one.content, policy=policy.default)
        for one in relay.got
        if isinstance(one.content, bytes)
    ]
    texts = [body.get_content() for mail in mails if isinstance(body := mail.get_body(("plain",)), EmailMessage)]
    assert told.secrets["code"] in "".join(texts)
    link = next(found[1] for text in texts if (found := re.search(r"http://[^/]+(/a/\S+)", text)))
    told.secrets["link"] = link.removeprefix("/a/")
    told.secrets["reply address"] = next(str(mail["Reply-To"]) for mail in mails if mail["Reply-To"])
    visitor = pages.visitor()
    told.said += [visitor.get(link).body, visitor.get(link + "x").body]
    told.said += [visitor.get(path).body for path in (f"/answer/{n}" for n in range(1, 4))]


def _send_values(pages: Pages, told: Told) -> None:
    """Ask the JSON route with the token, and with a spoiled one."""
    for token in (told.secrets["api token"], told.secrets["api token"] + "x"):
        said = Visitor(pages.site).get("/api/observations", Authorization=f"Bearer {token}")
        told.said.append(said.body)


def _give_commands(command: Command, told: Told) -> None:
    for words in COMMANDS:
        for form in ((), ("--json",)):
            command.capsys.readouterr()
            main([*words, *form])
            said = command.capsys.readouterr()
            assert "Unknown command" not in said.out + said.err, words
            told.said += [said.out, said.err]


COMMANDS = (
    ("doctor",), ("channel", "list"), ("channel", "test", "group"), ("channel", "test", "email", "--to", "a@h.test"),
    ("account", "invite", "bo"), ("account", "list"), ("notifications", "list"), ("notifications", "read-replies"),
    ("indicator", "tokens"), ("audit", "show"), ("person", "show", "ana"), ("cycle", "show", "C2026-0001"),
    ("task", "list"), ("tick",), ("cycle", "show", "C2026-9999"),
)  # fmt: skip


def _fail(command: Command, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give commands to a database that is not there, and with settings that cannot be read."""
    monkeypatch.setenv("WARDCYCLE_DATABASE_URL", f"postgresql://wardcycle:{DATABASE}@127.0.0.1:1/x")
    _give_commands(command, told)
    monkeypatch.setenv("WARDCYCLE_DATABASE_URL", f"nonsense://wardcycle:{DATABASE}@127.0.0.1:1/x")
    _give_commands(command, told)
    monkeypatch.setenv("WARDCYCLE_SECRET_KEYS", SHORT)
    _give_commands(command, told)


def _logged(caplog: pytest.LogCaptureFixture) -> str:
    """Read everything that was logged; the tests' own mail server writes down what it is told."""
    ours = [one for one in caplog.records if one.name != "mail.log"]
    formatter = logging.Formatter("%(message)s")
    return "\n".join(f"{one.name} {formatter.format(one)} {vars(one)}" for one in ours)
