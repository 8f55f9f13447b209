"""A head who decides: another channel for codes, a login, and the page as a program without a browser sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlmodel import col, select

from config.shapes import ChannelSetting
from config.words import Text
from engine.logins import begin_session
from engine.people import directory, people_changed
from engine.rules import Rules
from models.account import Account, LoginCode
from models.derived import code_digits
from notifications.links import read_keys
from tests.e2e.answering import Said, Ward, ask

PHONE = ChannelSetting(title=Text("Text message", "短信"), url="jsons://127.0.0.1:9/{address}", personal=True)


def with_phone(rules: Rules) -> Rules:
    """Add a channel that is one person's own, by which codes may go."""
    channels = {**rules.catalogue.channels, "phone": PHONE}
    return replace(rules, catalogue=replace(rules.catalogue, channels=channels))


def give_phone(ward: Ward, *persons: str) -> None:
    """Let codes reach somebody by another channel than their mail."""
    with ward.walk.database.transaction("test") as session:
        for slug in persons:
            person = directory(session).person(slug)
            person = session.get_one(type(person), person.id)
            person.channels, person.addresses = "email,phone", f"phone={slug}"
            session.add(person)
        people_changed(session)


def newest_code(ward: Ward, person: str) -> str:
    """Read the digits that were sent, as the telephone would show them."""
    with ward.walk.database.reading() as session:
        who = directory(session).person(person).id
        row = session.exec(
            select(LoginCode).where(LoginCode.person_id == who).order_by(col(LoginCode.id).desc())
        ).first()
        assert row is not None
        return code_digits(read_keys(ward.settings)[0], f"{row.id}.{row.salt}")


def log_in(ward: Ward, person: str) -> str:
    """Begin a session; gives the cookie."""
    with ward.walk.database.transaction("test") as session:
        who = directory(session).person(person).id
        account = Account(person_id=who, created_at=ward.clock.now, changed_at=ward.clock.now)
        session.add(account)
        session.flush()
        return f"wardcycle_session={begin_session(session, account, now=ward.clock.now, how='test')}"


@dataclass
class Desk:
    """The decision page of somebody: its address and the cookies that the browser holds."""

    page: str
    cookie: str

    def look(self) -> Said:
        """Read the page."""
        return ask(self.page, cookie=self.cookie)

    def post(self, path: str = "", *, headers: Mapping[str, str] | None = None, **fields: str) -> Said:
        """Send a form of the page; cookies that come back are kept."""
        return self.send(fields, path, headers=headers)

    def send(self, fields: Mapping[str, str], path: str = "", *, headers: Mapping[str, str] | None = None) -> Said:
        """Send a form with any fields."""
        form = {"form": self.look().form} | dict(fields)
        said = ask(self.page + path, "POST", cookie=self.cookie, fields=form, headers=headers)
        if said.cookie:
            self.cookie = f"{self.cookie}; {said.cookie}"
        return said

    def prove(self, ward: Ward, person: str) -> Said:
        """Ask for a code and type it."""
        assert self.post("/proof", me="yes").status == 303
        return self.post("/proof", code=newest_code(ward, person))


def desk(link: str) -> Desk:
    """Go from a link to the page of decisions, as a browser does."""
    entered = ask(link)
    assert entered.status == 303, entered.body
    site = link.split("/d/")[0]
    return Desk(f"{site}{entered.headers['Location']}", entered.cookie)
