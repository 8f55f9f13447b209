"""Somebody at the pages of the messages' links, written out whole: what they ask, what answers, what is written."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher, ndiff
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.people import Directory, directory, people_changed
from engine.rules import Rules
from models.account import LoginCode
from models.audit import Audit
from models.base import Row
from models.db import Database
from models.derived import code_digits
from models.notification import Notification, NotificationKind
from models.people import Person
from notifications.links import ANSWER, Seals, add_links, read_keys
from tests.e2e.deciding import with_phone
from tests.letter import is_to_the_letter
from tests.page_lines import page_lines
from tests.places import make_hospital
from tests.visitors import Answer, Pages, Visitor, pages_of
from tests.walks import Part, Walk, launched
from web.security import hidden

ZONE = ZoneInfo("Asia/Shanghai")
MUCH_ALIKE = 0.4
DOORS = {"answer": "a", "decide": "d"}


@dataclass
class Browsing:
    """A cycle, its pages, and what has been written of them so far."""

    walk: Walk
    pages: Pages
    lines: list[str] = field(default_factory=list)
    browsers: dict[str, Visitor] = field(default_factory=dict)
    shown: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    tokens: dict[int, str] = field(default_factory=dict)
    n_trail: int = 0

    @property
    def now(self) -> datetime:
        """The moment of the pages."""
        return self.pages.now

    def link(self, person: str, kind: str, slug: str = "", what: str = ANSWER) -> str:
        """Sign the link of the newest message of a kind to somebody, about a task or whatever it is about."""
        with self.walk.database.transaction("test") as session:
            told = select(Notification.id).where(
                Notification.person_id == directory(session).person(person).id,
                Notification.kind == NotificationKind(kind),
                col(Notification.task_id) == self.walk.task_id(slug, session) if slug else sa.true(),
            )
            number = session.exec(told.order_by(col(Notification.id).desc())).first()
            assert number is not None, f"{person} was told nothing of the kind {kind}"
            if number not in self.tokens:  # PostgreSQL gives a number to each row that is tried
                self.tokens |= add_links(session, [number], now=self.now)
        return f"/{DOORS[what]}/{Seals(self.pages.settings).sign(self.tokens[number], what)}"

    def enter(self, person: str, link: str, title: str) -> str:
        """Open a link; gives the address of its page."""
        said = self._browser(person).get(link)
        self._head(f"{person} opens the link of {title}", said)
        return said.to

    def see(self, person: str, *paths: str) -> None:
        """Read pages."""
        for path in paths:
            said = self._browser(person).get(path)
            self._head(f"{person} reads {hidden(path)}", said)
            self._page(person, said)

    def send(self, person: str, path: str, **fields: str) -> Answer:
        """Send a form as the page of its path wrote it; what is refused writes nothing."""
        return self._sent(person, path, lambda own: self._browser(person).post(path, own | fields), fields)

    def send_file(self, person: str, path: str, name: str, content: bytes, **fields: str) -> Answer:
        """Send a form with a file."""
        asked = fields | {"evidence": name}
        browser = self._browser(person)
        return self._sent(
            person,
            path,
            lambda own: browser.post_file(path, own | fields, name=name, content=content, field="evidence"),
            asked,
        )

    def code(self, person: str) -> str:
        """Read the digits that were sent last, as the telephone shows them."""
        with self.walk.database.reading() as session:
            who = directory(session).person(person).id
            sent = select(LoginCode).where(LoginCode.person_id == who).order_by(col(LoginCode.id).desc())
            row = session.exec(sent).first()
            assert row is not None
            return code_digits(read_keys(self.pages.settings)[0], f"{row.id}.{row.salt}")

    def log_in(self, person: str) -> None:
        """Begin a session at the browser that somebody has open."""
        self._browser(person).cookies |= self.pages.logged_in(person).cookies

    def compare(self, name: str) -> None:
        """Compare with what is kept; WARDCYCLE_CHRONICLE=1 writes it anew, to be read as a diff."""
        is_to_the_letter("pages", name, self.lines)

    def _sent(
        self, person: str, path: str, send: Callable[[dict[str, str]], Answer], fields: Mapping[str, str]
    ) -> Answer:
        before, self.n_trail = self._rows(), self._newest()
        said = send({"form": self._own_form(person, path)})
        shown = ", ".join(f"{name}={text[:40]}" for name, text in fields.items() if name not in ("code", "form"))
        self._head(f"{person} sends {path}: {shown or 'nothing'}", said)
        self._page(person, said)
        with self.walk.database.reading() as session:
            self._trail(session)
        after = self._rows()
        changed = sorted(name for name in after if after[name] != before[name])
        self.lines += [f"   written: {', '.join(changed)}"] if changed else []
        return said

    def _own_form(self, person: str, path: str) -> str:
        seals, cookies = Seals(self.pages.settings), self._browser(person).cookies
        parts = path.partition("?")[0].split("/")
        cookie = cookies.get("wardcycle_session" if parts[1] == "decisions" else f"wardcycle_{parts[1]}_{parts[2]}", "")
        return seals.form(cookie)

    def _browser(self, person: str) -> Visitor:
        return self.browsers.setdefault(person, self.pages.visitor())

    def _head(self, title: str, said: Answer) -> None:
        self.lines += ["", f"== {self.now.astimezone(ZONE):%a %d %b %H:%M} {title}"]
        language = said.headers.get("Content-Language", "")
        self.lines.append(" ".join(filter(None, ("->", str(said.status), said.to, language))))
        for cookie in said.headers.get_all("Set-Cookie") or ():
            named, _, how = cookie.partition("; ")
            self.lines.append(f"   cookie {named.partition('=')[0]} {how}")

    def _page(self, person: str, said: Answer) -> None:
        """Write a page; of one that is much like the last one in its language, what is other."""
        if not said.body:
            return
        seals = Seals(self.pages.settings)
        cookies = [value for one in self.browsers.values() for value in one.cookies.values()]
        language, own = page_lines(said.body, lambda form: any(seals.form_fits(cookie, form) for cookie in cookies))
        assert language == said.headers.get("Content-Language", "")
        own = [line for line in own if not line.endswith("[#_main]")]
        before = self.shown.get((person, language), [])
        self.shown[person, language] = own
        if SequenceMatcher(None, before, own, autojunk=False).ratio() <= MUCH_ALIKE:
            self.lines += [f"   {line}" for line in own]
            return
        other = [line for line in ndiff(before, own) if line[0] in "+-"]
        self.lines += ["   as before, but" if other else "   as before", *(f"   {line}" for line in other)]

    def _trail(self, session: Session) -> None:
        people = directory(session)
        for row in session.exec(select(Audit).where(col(Audit.id) > self.n_trail).order_by(col(Audit.id))):
            changed = " -> ".join(filter(None, (row.before, row.after)))
            who = _who(people, row.by_id)
            parts = (f"{row.what} {row.entity} {row.entity_id}", f"{who} by {row.door}", changed, row.why)
            self.lines.append(f"   . {' | '.join(filter(None, parts))}")

    def _newest(self) -> int:
        with self.walk.database.reading() as session:
            return session.exec(select(col(Audit.id)).order_by(col(Audit.id).desc())).first() or 0

    def _rows(self) -> dict[str, list[tuple[object, ...]]]:
        with self.walk.database.reading() as session:
            tables = Row.metadata.sorted_tables
            return {table.name: sorted(map(tuple, session.execute(sa.select(table))), key=repr) for table in tables}


def _who(people: Directory, person_id: int | None) -> str:
    return people.persons[person_id].slug if person_id else "the clock"


@contextmanager
def browsing(database: Database, rules: Rules, folder: Path, now: datetime, written: Part) -> Iterator[Browsing]:
    """Launch a cycle of ward 3 (ana leads it, dee owns its tasks) and serve its pages; codes go by telephone."""
    make_hospital(database)
    walk = launched(database, with_phone(rules), now, written)
    with database.transaction("test") as session:
        for slug in ("ana", "bo", "dee"):
            person = session.get_one(Person, directory(session).person(slug).id)
            person.channels, person.addresses = "email,phone", f"phone={slug}"
        people_changed(session)
    with pages_of(database, walk.rules, folder, now) as pages:
        yield Browsing(walk, pages)
