"""Logging in by password, and choosing one by an invitation."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from datetime import date, datetime

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.accounts import InvitationGone, accept_invitation, find_invitation
from engine.logins import LONGEST, MOST_PASSWORD, LoginRefused, log_in, read_claim
from engine.passwords import SHORTEST
from models.errors import Refused
from notifications.links import Seals, read_keys
from web.access import DOOR, Policy, cookie_name
from web.forms import FormExpired, comes_from_here, read_fields
from web.misses import Misses, TooManyMisses
from web.next_page import known_page
from web.routes import get_page, post_form
from web.site import Site

REFUSED_TAKES_S = 0.4  # so that the time tells nobody whether a name is known
MOST_REFUSED = 60  # from one address in ten minutes: a whole hospital may come from one
WELCOME_LIVES_S = 3600


class TooManyLogins(TooManyMisses):
    """Too many logins from here went wrong. Wait ten minutes."""

    zh = "此处登录失败次数过多，请十分钟后再试。"


class PasswordsDiffer(Refused):
    """The two passwords are not the same. Type them again; nothing was changed."""

    zh = "两次输入的密码不一致，请重新输入。没有任何改动。"


@dataclass(frozen=True)
class _Form:
    """What came with a form, and the cookie that it must fit."""

    cookie: str
    parts: dict[str, str]


@dataclass(frozen=True)
class _Door:
    """What the routes do."""

    site: Site
    seals: Seals
    misses: Misses

    @property
    def now(self) -> datetime:
        return self.site.clock()

    @property
    def today(self) -> date:
        return self.site.calendar.local_date(self.now)

    def cookie(self, name: str) -> str:
        """Name a cookie of these pages."""
        return f"__Host-{name}" if self.is_https else name

    @property
    def is_https(self) -> bool:
        return self.site.settings.base_url.startswith("https://")

    def set_cookie(self, response: Response, name: str, value: str, seconds: int) -> None:
        """Set a cookie that no script and no other site's form brings along."""
        response.set_cookie(name, value, max_age=seconds, path="/", secure=self.is_https, httponly=True, samesite="lax")

    def logged_in(self, token: str, page: str) -> Response:
        """Send somebody on with the cookie of a new session."""
        response = RedirectResponse(page, 303)
        self.set_cookie(response, cookie_name(self.site.settings), token, int(LONGEST.total_seconds()))
        return response

    def show_login(self, request: Request, *, name: str = "", error: Refused | None = None) -> Response:
        """Write the login page with a form that fits its cookie."""
        cookie_is = self.cookie("wardcycle_login")
        cookie = request.cookies.get(cookie_is, "") or secrets.token_urlsafe(16)
        reader = self.site.reader(request)
        response = self.site.page(
            reader,
            "login.html.j2",
            status=403 if error else 200,
            form=self.seals.form(cookie),
            next=known_page(request, request.query_params.get("next", "")),
            name=name,
            sso=self.site.settings.oidc_name if self.site.settings.oidc_issuer else "",
            error=error.text(reader.language) if error else "",
        )
        if cookie != request.cookies.get(cookie_is):
            self.set_cookie(response, cookie_is, cookie, 86_400)
        return response

    async def take(self, request: Request) -> Response:
        """Begin a session, or refuse: each refusal is counted and takes its time."""
        form, began = await self.read(request, "wardcycle_login", ("name", "password")), time.monotonic()
        address, name = _address(request), form.parts["name"]
        try:
            self.misses.check(address, self.now)
            token = await run_in_threadpool(self.log_in, name, form.parts["password"][:MOST_PASSWORD])
            if token is not None:
                return self.logged_in(token, known_page(request, request.query_params.get("next", "")))
            self.misses.count(address, self.now)
        except TooManyMisses:
            raise TooManyLogins from None
        await asyncio.sleep(max(0.0, REFUSED_TAKES_S - (time.monotonic() - began)))
        return self.show_login(request, name=name[:254], error=LoginRefused())

    def log_in(self, name: str, password: str) -> str | None:
        """Compare the password outside of a transaction, since that is slow; then begin a session or count."""
        with self.site.database.reading() as session:
            claim = read_claim(session, name, on=self.today)
        fits = claim.fits(password)
        with self.site.database.transaction(DOOR) as session:
            return log_in(session, claim, fits=fits, now=self.now)

    def enter(self, request: Request, brought: str) -> Response:
        """Take an invitation out of the address into a cookie. Raises InvitationGone, counted."""
        try:
            with self.site.database.reading() as session:
                find_invitation(session, brought, keys=self.keys, now=self.now, on=self.today)
        except InvitationGone:
            self.misses.count(_address(request), self.now)
            raise
        response = RedirectResponse("/welcome", 303)
        self.set_cookie(response, self.cookie("wardcycle_welcome"), brought, WELCOME_LIVES_S)
        return response

    def show_welcome(self, request: Request, error: Refused | None = None) -> Response:
        """Write the page on which somebody invited chooses a password."""
        cookie = request.cookies.get(self.cookie("wardcycle_welcome"), "")
        with self.site.database.reading() as session:
            person = find_invitation(session, cookie, keys=self.keys, now=self.now, on=self.today)
        reader = self.site.reader(request)
        return self.site.page(
            reader,
            "welcome.html.j2",
            status=422 if error else 200,
            person=person.name,
            name=person.email or person.slug,
            form=self.seals.form(cookie),
            shortest=SHORTEST,
            error=error.text(reader.language) if error else "",
        )

    def accept(self, request: Request, form: _Form) -> Response:
        """Set the password and log in; what is wrong with it is said on the page."""
        try:
            if form.parts["password"] != form.parts["again"]:
                raise PasswordsDiffer
            with self.site.database.transaction(DOOR) as session:
                token = accept_invitation(
                    session, form.cookie, form.parts["password"], keys=self.keys, now=self.now, on=self.today
                )
        except InvitationGone:
            raise
        except Refused as error:
            return self.show_welcome(request, error)
        response = self.logged_in(token, "/")
        response.delete_cookie(self.cookie("wardcycle_welcome"), path="/", secure=self.is_https, httponly=True)
        return response

    @property
    def keys(self) -> list[str]:
        return read_keys(self.site.settings)

    async def read(self, request: Request, cookie_is: str, names: tuple[str, ...]) -> _Form:
        """Read a form of these pages. Raises FormExpired when it is not one of them."""
        cookie = request.cookies.get(self.cookie(cookie_is), "")
        if not comes_from_here(request) or not cookie:
            raise FormExpired
        parts = await read_fields(request, (*names, "form"))
        if not self.seals.form_fits(cookie, parts["form"]):
            raise FormExpired
        return _Form(cookie, parts)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, door = APIRouter(), _Door(site, Seals(site.settings), Misses(most=MOST_REFUSED))

    @get_page(router, "/login", policy=Policy.PUBLIC)
    def show(request: Request) -> Response:
        return door.show_login(request)

    @post_form(router, "/login", policy=Policy.PUBLIC)
    async def take(request: Request) -> Response:
        return await door.take(request)

    @get_page(router, "/welcome/{brought}", policy=Policy.LINK)
    def enter(request: Request, brought: str) -> Response:
        return door.enter(request, brought)

    @get_page(router, "/welcome", policy=Policy.LINK)
    def welcome(request: Request) -> Response:
        return door.show_welcome(request)

    @post_form(router, "/welcome", policy=Policy.LINK)
    async def accept(request: Request) -> Response:
        form = await door.read(request, "wardcycle_welcome", ("password", "again"))
        return await run_in_threadpool(door.accept, request, form)

    return router
