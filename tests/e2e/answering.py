"""A ward that answers from its mails: a database, a mail server, the pages, all real and on loopback."""

import email
import email.policy
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPMessage, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import sqlalchemy as sa

from config.settings import Settings
from engine.rules import Rules
from models.base import Row
from models.db import Database
from notifications.channels import voice_of
from notifications.deliver import deliver_due
from tests.places import make_hospital
from tests.serving import serving
from tests.voices import Behaviour, mail_server
from tests.walks import Part, Walk, launched, stage, task, template
from web.app import make_app

TWO = template(
    stage(
        "work",
        task(
            "photograph",
            title={"en": "Photograph the new checklist at the ward", "zh": "拍摄病区新核查表"},
            guidance={"en": "One photo of the place where it hangs.", "zh": "拍一张能看清张贴位置的照片。"},
            evidence="required",
            remind=["-1wd"],
        ),
        task("teach", title={"en": "Teach the night shift", "zh": "培训夜班人员"}, owner="lead", after=["photograph"]),
    ),
    title={"en": "Surgical safety checklist", "zh": "手术安全核查"},
)  # fmt: skip

ANSWERS = "SELECT kind, by_id, door FROM answer ORDER BY id"


@dataclass
class Clock:
    """The moment of everything here."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Ward:
    """One cycle, what was mailed about it, and the pages. `site`: their address."""

    walk: Walk
    settings: Settings
    clock: Clock
    site: str
    box: Behaviour

    def deliver(self) -> None:
        """Send what is due."""
        deliver_due(self.walk.database, voice=voice_of(self.settings, self.walk.rules.catalogue), now=self.clock)

    def mails(self, person: str) -> list[str]:
        """Deliver, then read the texts of somebody's mails, oldest first."""
        self.deliver()
        found = []
        for one in self.box.got:
            if one.rcpt_tos == [f"{person}@hospital.test"]:
                content = one.content if isinstance(one.content, bytes) else str(one.content).encode()
                body = email.message_from_bytes(content, policy=email.policy.default).get_body(("plain",))
                assert body is not None
                found.append(str(body.get_content()))
        return found

    def links(self, person: str) -> list[str]:
        """Find the links to answer in somebody's mails, oldest first."""
        return [link for text in self.mails(person) for link in re.findall(r"https?://\S+/a/\S+", text)]

    def desks(self, person: str) -> list[str]:
        """Find the links to decide in somebody's mails, oldest first."""
        return [link for text in self.mails(person) for link in re.findall(r"https?://\S+/d/\S+", text)]

    def rows(self, what: str) -> list[tuple[object, ...]]:
        """Read rows as they stand."""
        with self.walk.database.reading() as session:
            return [tuple(row) for row in session.connection().exec_driver_sql(what)]

    def all_rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Read every row of every table."""
        with self.walk.database.reading() as session:
            tables = Row.metadata.sorted_tables
            return {table.name: [tuple(row) for row in session.execute(sa.select(table))] for table in tables}

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.clock.now += timedelta(**time)


@contextmanager
def ward_at_work(
    database: Database, rules: Rules, folder: Path, now: datetime, written: Part = TWO, **more: object
) -> Iterator[Ward]:
    """Launch a cycle of ward 3; ana leads it, dee owns its first task. more: further settings."""
    make_hospital(database)
    walk, box, clock = launched(database, rules, now, written), Behaviour(), Clock(now)
    with mail_server(box) as port:
        settings = Settings.model_validate(
            {"data_folder": folder, "smtp_host": "127.0.0.1", "smtp_port": port, "language": "en"} | more
        )
        app = make_app(database, settings, walk.rules.catalogue, clock=clock)
        with serving(app, log_level=logging.INFO) as site:
            yield Ward(walk, settings.model_copy(update={"base_url": site}), clock, site, box)


@dataclass(frozen=True)
class Said:
    """What the pages answered."""

    status: int
    body: str
    headers: HTTPMessage
    cookie: str

    @property
    def form(self) -> str:
        """The token of the form on the page."""
        found = re.search(r'name="form" value="([^"]+)"', self.body)
        return found[1] if found else ""


def ask(
    address: str,
    method: str = "GET",
    *,
    cookie: str = "",
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Said:
    """Ask for one address, as a program without a browser does; redirections are not followed."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=20)
    sent = dict(headers or {}) | ({"Cookie": cookie} if cookie else {})
    body = urlencode(fields) if fields is not None else None
    if body is not None:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body=body, headers=sent)
    answer: HTTPResponse = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return Said(answer.status, text, answer.headers, (answer.headers["Set-Cookie"] or "").partition(";")[0])


@dataclass(frozen=True)
class Opened:
    """An answer page that was opened by its link."""

    page: str
    cookie: str
    form: str
    said: Said

    def post(self, **fields: str) -> Said:
        """Send the form."""
        return self.post_with({}, **fields)

    def post_with(self, headers: Mapping[str, str], **fields: str) -> Said:
        """Send the form with further headers."""
        return ask(self.page, "POST", cookie=self.cookie, fields={"form": self.form} | fields, headers=headers)

    def again(self) -> Said:
        """Read the page anew."""
        return ask(self.page, cookie=self.cookie)


def open_link(link: str) -> Opened:
    """Go from a link to its page, as a browser does."""
    entered = ask(link)
    assert entered.status == 303, entered.body
    parts = urlsplit(link)
    page = f"{parts.scheme}://{parts.netloc}{entered.headers['Location']}"
    said = ask(page, cookie=entered.cookie)
    assert said.status == 200
    return Opened(page, entered.cookie, said.form, said)
