"""Pages on which anybody may send something: a form without account, floods and guesses held off, a code in return."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response

from config.seen import visible
from engine.evidence import GivenFile
from engine.receipt_codes import code_from
from models.errors import Refused
from notifications.links import Seals, read_keys
from web.forms import FormExpired, comes_from_here, files_of, read_form, text_of
from web.misses import Misses, TooManyMisses
from web.site import Site

LIVES = timedelta(hours=12)  # of a form: a night shift, with what comes between
SOONEST_S = 2.0  # nobody fills a form in less; a robot does
TRAP = "homepage"  # a field that people do not see
TICKET = "ticket"
MOST_SENT, MOST_SENT_BY_ALL = 20, 200  # from one address in ten minutes; from all in an hour
MOST_GUESSED = 30


class TooManySent(Refused):
    """Very much was sent from here in a short time. Nothing is lost: wait ten minutes and press once more. \
If it is urgent, call the quality office."""

    zh = "短时间内提交过多。您填写的内容仍在页面上，请十分钟后再次点击提交；如情况紧急，请直接致电质控部门。"
    status: ClassVar[int] = 429


class PressAgain(Refused):
    """Not sent yet. Please look it over and press once more."""

    # For forms that were open too long, were sent in no time, or whose hidden field was filled: people press again.
    zh = "尚未提交成功。请检查内容后再次点击提交。"


class TooManyGuesses(TooManyMisses):
    """Too many codes that do not exist were tried from here. Wait ten minutes and type the code of your receipt."""

    zh = "此处多次输入无效编码。请十分钟后再输入回执上的编码。"


@dataclass(frozen=True)
class Ticket:
    """What a page writes into its form as hidden fields: `form` and `ticket`, bound to the cookie."""

    cookie: str
    form: str
    ticket: str


@dataclass(frozen=True)
class Brought:
    """What somebody sent. once: the same for the same form; '' where the page was too old or not ours."""

    parts: Mapping[str, str]
    photos: tuple[GivenFile, ...]
    once: str
    is_hasty: bool


@dataclass(frozen=True)
class Intake:
    """The door of one public page. what: event, feedback; also part of the cookie's name and of the code."""

    site: Site
    what: str
    fields: tuple[str, ...]
    sent: Misses = field(default_factory=lambda: Misses(most=MOST_SENT))
    sent_by_all: Misses = field(default_factory=lambda: Misses(most=MOST_SENT_BY_ALL, within=timedelta(hours=1)))
    guesses: Misses = field(default_factory=lambda: Misses(most=MOST_GUESSED))

    def ticket(self, request: Request) -> Ticket:
        """Make the hidden fields of a new form, for the cookie that is there or for a new one."""
        cookie = request.cookies.get(self._cookie_name, "") or secrets.token_urlsafe(16)
        now = self.site.clock()
        once = f"{int(now.timestamp() * 1000)}.{secrets.token_urlsafe(16)}"
        return Ticket(cookie, self._seals.form(cookie), self._seals.cookie(once, now, f"{self.what}-intake", LIVES))

    def set_cookie(self, response: Response, ticket: Ticket) -> Response:
        """Let the browser keep what the form must fit; it says nothing about anybody and lives for a day."""
        response.set_cookie(self._cookie_name, ticket.cookie, max_age=86_400, path="/", secure=self._is_https,
                            httponly=True, samesite="lax")  # fmt: skip
        return response

    async def read(self, request: Request, photos: str = "photo") -> Brought:
        """Read what was sent: never more than a form may hold. Raises FormExpired where another site sent it."""
        if not comes_from_here(request):
            raise FormExpired
        async with read_form(request) as form:
            parts = {name: visible(text_of(form, name)) for name in (*self.fields, TRAP, TICKET, "form")}
            files = await files_of(form, photos)
        cookie = request.cookies.get(self._cookie_name, "")
        now = self.site.clock()
        once = self._seals.cookie_token(parts[TICKET], now, f"{self.what}-intake") or ""
        fits = self._seals.form_fits(cookie, parts["form"])
        open_for = now.timestamp() - int(once.partition(".")[0] or 0) / 1000
        hasty = bool(parts[TRAP]) or open_for < SOONEST_S
        return Brought(parts, files, once if fits else "", hasty)

    def admit(self, request: Request, brought: Brought) -> None:
        """Let something in, or raise PressAgain or TooManySent; the page then shows what was typed."""
        if not brought.once or brought.is_hasty:
            raise PressAgain
        now = self.site.clock()
        try:
            self.sent.count(_address(request), now)
            self.sent_by_all.count("all", now)
        except TooManyMisses:
            raise TooManySent from None

    def code(self, brought: Brought, content: Sequence[str]) -> str:
        """Make the code: the same form with the same content, sent twice, gets the same one."""
        digest = sha256("\0".join(content).encode("utf-8", "replace")).hexdigest()
        return code_from(read_keys(self.site.settings)[0], self.what, f"{brought.once} {digest}")

    def check_guess(self, request: Request) -> None:
        """Refuse further codes from where too many were wrong. Raises TooManyGuesses."""
        try:
            self.guesses.check(_address(request), self.site.clock())
        except TooManyMisses:
            raise TooManyGuesses from None

    def count_guess(self, request: Request) -> None:
        """Count a code that does not exist. Raises TooManyGuesses."""
        try:
            self.guesses.count(_address(request), self.site.clock())
        except TooManyMisses:
            raise TooManyGuesses from None

    @property
    def _seals(self) -> Seals:
        return Seals(self.site.settings)

    @property
    def _is_https(self) -> bool:
        return self.site.settings.base_url.startswith("https://")

    @property
    def _cookie_name(self) -> str:
        return f"{'__Host-' if self._is_https else ''}wardcycle_{self.what}"


def _address(request: Request) -> str:
    """Give where somebody comes from; of the newer addresses the half that one household shares."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(int(address) >> 64) if isinstance(address, IPv6Address) else host
