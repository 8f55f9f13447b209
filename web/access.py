"""Who asks for a page, and whether they may: each route has a policy, checked before anything of it runs."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from config.settings import Settings
from engine.logins import find_login, touch
from engine.sight import visible_to
from models.errors import Refused
from models.sight import EVERYTHING, NOTHING, Sight
from notifications.links import Seals
from web.forms import FormExpired, comes_from_here, read_form, text_of

if TYPE_CHECKING:
    from web.site import Site

DOOR = "web"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Policy(StrEnum):
    """Who may come by a route."""

    PUBLIC = "public"  # anybody
    LINK = "link"  # whoever brings a link or its cookie: the route itself checks them
    READER = "reader"  # any person who is logged in; reads show only what that person may see
    OFFICE = "office"  # the quality office, the head of the hospital; for others the page is not there
    DEMO = "demo"  # the demo on this machine


class LoginNeeded(Refused):
    """Log in first."""

    zh = "请先登录。"


@dataclass(frozen=True)
class Who:
    """Who asks. `demo`: nobody in particular, who may read everything of a demo and change nothing.

    token: of the session; forms are bound to it. It never leaves the server but as the cookie that it came in.
    """

    person_id: int | None = None
    how: Literal["session", "demo"] | None = None
    sight: Sight = NOTHING
    name: str = ""
    session_id: int | None = None
    token: str = field(default="", repr=False)

    @property
    def is_office(self) -> bool:
        """Answer whether this is somebody who sees the whole hospital."""
        return self.sight.everything


NOBODY = Who()


def who(request: Request) -> Who:
    """Find who asks, once a request. Raises what stands between the pages and the database."""
    found = getattr(request.state, "who", None)
    if not isinstance(found, Who):
        found = request.state.who = _find(request, request.app.state.site)
    return found


def known(request: Request) -> Who:
    """Give who asks where a route has found out already; for pages that must work without the database."""
    found = getattr(request.state, "who", NOBODY)
    return found if isinstance(found, Who) else NOBODY


def is_open(settings: Settings) -> bool:
    """Answer whether everybody may read: only where the setting says so and nobody but this machine gets here."""
    hosts = {settings.web_host, urlsplit(settings.base_url).hostname or settings.web_host}
    return settings.open_reading and hosts <= LOOPBACK


def cookie_name(settings: Settings) -> str:
    """Name the cookie of a session. `__Host-` keeps other names of this domain from setting it; it needs https."""
    return "__Host-wardcycle" if settings.base_url.startswith("https://") else "wardcycle_session"


def form(request: Request) -> str:
    """Make what the form of a page for people who are logged in must bring back, in its field `form`."""
    return Seals(request.app.state.site.settings).form(who(request).token) if who(request).token else ""


@asynccontextmanager
async def read_own_form(request: Request) -> AsyncIterator[FormData]:
    """Read a form of somebody who is logged in. Raises FormExpired when it is not one of their own pages'."""
    token, seals = known(request).token, Seals(request.app.state.site.settings)
    async with read_form(request) as given:
        if not token or not seals.form_fits(token, text_of(given, "form")):
            raise FormExpired
        yield given


async def read_own_fields(request: Request, names: Iterable[str] = (), *, trimmed: bool = True) -> dict[str, str]:
    """Read a form of somebody who is logged in, without files: its fields of these names, '' for each that is missing.

    trimmed: without the blanks around them; a password keeps its own. Raises FormExpired as read_own_form does.
    """
    async with read_own_form(request) as given:
        found = {name: text_of(given, name) for name in names}
    return {name: text.strip() for name, text in found.items()} if trimmed else found


@dataclass(frozen=True)
class Gate:
    """The check of one route. writes: it takes a form."""

    policy: Policy
    writes: bool

    def __call__(self, request: Request) -> None:
        """Let the request pass, or raise LoginNeeded, FormExpired, or 404 where the page is not for this person."""
        if self.policy in (Policy.PUBLIC, Policy.LINK):
            return
        asker = who(request)
        if self.policy is Policy.DEMO:
            _require(is_open(request.app.state.site.settings))
            return
        if asker.how is None or (self.writes and asker.how != "session"):
            raise LoginNeeded
        _require(self.policy is Policy.READER or asker.is_office)
        if self.writes and not comes_from_here(request):
            raise FormExpired


def _require(may: bool) -> None:
    if not may:
        raise HTTPException(404)


def _find(request: Request, site: "Site") -> Who:
    token = request.cookies.get(cookie_name(site.settings), "")
    return (_by_session(site, token) if token else None) or (
        Who(how="demo", sight=EVERYTHING) if is_open(site.settings) else NOBODY
    )


def _by_session(site: "Site", token: str) -> Who | None:
    now = site.clock()
    today = site.calendar.local_date(now)
    with site.database.reading() as session:
        login = find_login(session, token, now=now, on=today)
        sight = visible_to(session, login.person_id, on=today) if login else NOTHING
    if login is None:
        return None
    if login.is_stale(now):
        with site.database.transaction(DOOR) as session:
            touch(session, login.id, now=now)
    return Who(login.person_id, "session", sight, login.name, login.id, token)
