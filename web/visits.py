"""Pages that are opened by a link: taking the link out of the address bar, finding the visit again by its cookie."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.numbers import row_number
from notifications.links import COOKIE_LIVES, LinkGone, Seals
from web.forms import FormExpired, comes_from_here
from web.misses import Misses
from web.site import Site


def kept_language(request: Request) -> str:
    """Write the end of an address that keeps the language that was asked for."""
    asked = request.query_params.get("lang", "")
    return f"?lang={asked}" if asked in ("en", "zh") else ""


@dataclass(frozen=True)
class Visit:
    """A page that was opened by its link: the number in its address, its cookie, the token in that."""

    number: int
    cookie: str
    token: str


@dataclass(frozen=True)
class Visits:
    """The visits of one kind of page. what: of the link; look: finds a link's number by its token, or raises LinkGone.

    The row is checked anew at every step: the cookie only stands for the link.
    """

    site: Site
    seals: Seals
    misses: Misses
    what: str
    look: Callable[[Session, str], int]

    def enter(self, request: Request, signed: str) -> Response:
        """Take the link out of the address bar."""
        return self.open(self.token(request, signed))

    def token(self, request: Request, signed: str) -> str:
        """Read the token of a link; one that was never signed here is counted. Raises LinkGone, TooManyMisses."""
        token = self.seals.token(signed, self.what)
        if token is None:
            self.misses.count(request.client.host if request.client else "", self.site.clock())
            raise LinkGone
        return token

    def open(self, token: str) -> Response:
        """Lead to the page of a link. Raises LinkGone."""
        now = self.site.clock()
        with self.site.database.reading() as session:
            number = self.look(session, token)
        response = RedirectResponse(self.page(number), 303)
        value = self.seals.cookie(token, now, self.what)
        self.set_cookie(response, self.cookie_name(number), value, number, int(COOKIE_LIVES.total_seconds()))
        return response

    def set_cookie(self, response: Response, name: str, value: str, number: int, seconds: int) -> None:
        """Set a cookie that only this page gets."""
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path=self.page(number),
            secure=self.site.settings.base_url.startswith("https://"),
            httponly=True,
            samesite="lax",  # strict would not be sent on the way from a web mailer
        )

    def find(self, request: Request, link_id: str) -> Visit | None:
        """Find the cookie that was made for this page and still holds."""
        number = row_number(link_id)
        cookie = request.cookies.get(self.cookie_name(number), "")
        token = self.seals.cookie_token(cookie, self.site.clock(), self.what)
        return Visit(number, cookie, token) if token is not None else None

    def expect(self, request: Request, link_id: str) -> None:
        """Raise FormExpired for a form that no open page of this kind sent; asked before a byte of it is read."""
        if not comes_from_here(request) or self.find(request, link_id) is None:
            raise FormExpired

    def checked(self, request: Request, link_id: str, form: str) -> Visit:
        """Find the visit whose page a form was sent from. Raises FormExpired."""
        visit = self.find(request, link_id)
        if visit is None or not self.seals.form_fits(visit.cookie, form):
            raise FormExpired
        return visit

    def page(self, number: int) -> str:
        """Write a page's address."""
        return f"/{self.what}/{number}"

    def back(self, request: Request, visit: Visit, more: str = "") -> str:
        """Write the address that a form leads on to, in the language chosen. more: the end of its path."""
        return f"{self.page(visit.number)}{more}{kept_language(request)}"

    def cookie_name(self, number: int) -> str:
        """Name the cookie of a page; one each: two messages open in two tabs do not mix."""
        return f"wardcycle_{self.what}_{number}"
