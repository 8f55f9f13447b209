"""People at their browsers, for tests of pages: cookies are kept, forms are sent as their page wrote them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI
from sqlmodel import select

from config.settings import Settings
from engine.accounts import accept_invitation, invite
from engine.logins import begin_session
from engine.rules import Rules
from models.account import Account
from models.db import Database
from models.derived import invitation_part
from models.people import Person
from models.queries import get_person
from notifications.links import read_keys
from tests.serving import serving
from web.access import cookie_name
from web.app import make_app

PASSWORD = "seven blue umbrellas"
KEY = "a-key-for-these-tests-only"


@dataclass(frozen=True)
class Answer:
    """What the pages answered."""

    status: int
    body: str
    headers: Message

    @property
    def form(self) -> str:
        """The token of the first form."""
        found = re.search(r'name="form" value="([^"]+)"', self.body)
        return found[1] if found else ""

    @property
    def to(self) -> str:
        """Where it leads on to."""
        return str(self.headers.get("Location", ""))


@dataclass
class Visitor:
    """One browser."""

    site: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Ask for a page."""
        return self._ask(method, path, None, headers)

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Send a form."""
        return self._ask("POST", path, urlencode(fields), headers)

    def post_file(
        self, path: str, fields: Mapping[str, str], *, name: str, content: bytes, field: str = "file"
    ) -> Answer:
        """Send a form with a file."""
        head = "--b\r\nContent-Disposition: form-data; name="
        body = "".join(f'{head}"{key}"\r\n\r\n{one}\r\n' for key, one in fields.items())
        body += f'{head}"{field}"; filename="{name}"\r\n\r\n'
        whole = body.encode() + content + b"\r\n--b--\r\n"
        return self._ask("POST", path, whole, {"Content_Type": "multipart/form-data; boundary=b"})

    def log_in(self, name: str, password: str = PASSWORD, path: str = "/login") -> Answer:
        """Open the login page and send its form."""
        page = self.get(path)
        return self.post(path, {"form": page.form, "name": name, "password": password})

    def _ask(self, method: str, path: str, body: str | bytes | None, headers: Mapping[str, str]) -> Answer:
        given = {"Cookie": "; ".join(f"{key}={value}" for key, value in self.cookies.items())} if self.cookies else {}
        given |= {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection(urlsplit(self.site).netloc, timeout=30)
        try:
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            said = Answer(answer.status, answer.read().decode("utf-8", "replace"), answer.headers)
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
            if not value.strip('"') or "Max-Age=0" in line:
                del self.cookies[name]
        return said


@dataclass
class Pages:
    """The pages of a hospital, their moment, and its people."""

    database: Database
    settings: Settings
    rules: Rules
    site: str
    app: FastAPI
    moment: list[datetime]

    @property
    def now(self) -> datetime:
        """The moment of these pages."""
        return self.moment[0]

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.moment[0] += timedelta(**time)

    @property
    def today(self) -> date:
        """The date of their moment."""
        return self.rules.calendar.local_date(self.now)

    def visitor(self) -> Visitor:
        """Somebody at a new browser."""
        return Visitor(self.site)

    def person(self, slug: str) -> Person:
        """Find somebody."""
        with self.database.reading() as session:
            return get_person(session, slug)

    def invitation(self, slug: str) -> str:
        """Invite somebody; gives the path of the link."""
        with self.database.transaction("test") as session:
            made = invite(session, get_person(session, slug).id, by=None, now=self.now, on=self.today)
        return f"/welcome/{invitation_part(read_keys(self.settings)[0], made.row)}"

    def account(self, slug: str) -> None:
        """Give somebody an account with a password."""
        brought = self.invitation(slug).rpartition("/")[2]
        with self.database.transaction("test") as session:
            accept_invitation(session, brought, PASSWORD, keys=read_keys(self.settings), now=self.now, on=self.today)

    def logged_in(self, slug: str) -> Visitor:
        """Give somebody a session at a new browser, without the slow passwords that are not what is tested."""
        with self.database.transaction("test") as session:
            who = get_person(session, slug).id
            account = session.exec(select(Account).where(Account.person_id == who)).first()
            account = account or Account(person_id=who, created_at=self.now, changed_at=self.now)
            session.add(account)
            session.flush()
            token = begin_session(session, account, now=self.now, how="test")
        return Visitor(self.site, {cookie_name(self.settings): token})

    def by_password(self, slug: str) -> Visitor:
        """Give somebody an account with a password, and log in with it at the page."""
        self.account(slug)
        visitor = self.visitor()
        assert visitor.log_in(slug).status == 303
        return visitor

    def accounts(self) -> list[Account]:
        """Read all accounts."""
        with self.database.reading() as session:
            return list(session.exec(select(Account)))


@contextmanager
def pages_of(database: Database, rules: Rules, folder: Path, now: datetime, **more: object) -> Iterator[Pages]:
    """Serve the pages of a hospital that the test made; nothing is open without a login. more: further settings."""
    given: dict[str, object] = {"data_folder": folder, "language": "en", "secret_keys": KEY}
    settings = Settings.model_validate(given | more)
    moment = [now]
    app = make_app(database, settings, rules.catalogue, clock=lambda: moment[0])
    with serving(app) as site:
        yield Pages(database, settings, rules, site, app, moment)
