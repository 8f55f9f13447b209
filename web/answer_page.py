"""Answering from a message: the link, the page with its one form, the receipt."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from fastapi import APIRouter
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.evidence import MOST_MB, TYPES
from engine.rules import Rules
from engine.tasks import submit_answer, take_task
from models.errors import (
    AlreadyAnswered,
    CycleNotRunning,
    NotFound,
    NothingToTake,
    Refused,
    Stale,
    TaskClosed,
)
from notifications.links import COOKIE_LIVES, Link, LinkGone, Seals, find_link
from web.asked import TAKE, Asked, read_asked
from web.forms import FormExpired, comes_from_here, files_of, read_form, text_of
from web.misses import Misses
from web.reader import Reader
from web.routes import get_page, post_form
from web.site import Site
from web.typed import CHOICES, MOST_NOTE, NobodyThere, Typed

DOOR = "link"
TOO_LATE = (AlreadyAnswered, TaskClosed, CycleNotRunning, NothingToTake, Stale)
ACCEPT = ",".join(["image/*", *(f".{ending}" for ending in TYPES)])


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, door = APIRouter(), _Door(site, Seals(site.settings), Misses())

    @get_page(router, "/a/{signed}")
    def enter(request: Request, signed: str) -> Response:
        return door.enter(request, signed)

    @get_page(router, "/answer/{link_id}")
    def show(request: Request, link_id: str) -> Response:
        return door.show(request, link_id, "answer.html.j2")

    @get_page(router, "/answer/{link_id}/receipt")
    def receipt(request: Request, link_id: str) -> Response:
        return door.show(request, link_id, "receipt.html.j2")

    @post_form(router, "/answer/{link_id}")
    async def take(request: Request, link_id: str) -> Response:
        if not comes_from_here(request) or door.visit(request, link_id) is None:
            raise FormExpired  # before a byte of the files is read
        form = await read_form(request)
        try:
            files = await files_of(form, "evidence")
            parts = {name: text_of(form, name) for name in ("choice", "note", "until", "to", "other", "form")}
        finally:
            await form.close()
        typed = Typed(parts["choice"], parts["note"], parts["until"], parts["other"].strip() or parts["to"], files)
        return await run_in_threadpool(door.take, request, link_id, parts["form"], typed)

    return router


@dataclass(frozen=True)
class _Visit:
    """A page that was opened by its link: the number in its address, its cookie, the token in that."""

    number: int
    cookie: str
    token: str


@dataclass(frozen=True)
class _Door:
    """What the routes do. A link is checked against its row at every step; the cookie only stands for the link."""

    site: Site
    seals: Seals
    misses: Misses

    def enter(self, request: Request, signed: str) -> Response:
        """Take the link out of the address bar."""
        now = self.site.clock()
        token = self.seals.token(signed)
        if token is None:
            self.misses.count(request.client.host if request.client else "", now)
            raise LinkGone
        with self.site.database.reading() as session:
            link = find_link(session, token, now=now, on=self._today())
        page = f"/answer/{link.id}"
        response = RedirectResponse(page, 303)
        response.set_cookie(
            _cookie_name(link.id),
            self.seals.cookie(token, now),
            max_age=int(COOKIE_LIVES.total_seconds()),
            path=page,
            secure=self.site.settings.base_url.startswith("https://"),
            httponly=True,
            samesite="lax",  # strict would not be sent on the way from a web mailer
        )
        return response

    def show(self, request: Request, link_id: str, template: str) -> Response:
        """Show what is asked, or what was understood."""
        visit = self.visit(request, link_id)
        if visit is None:
            raise LinkGone
        with self.site.database.reading() as session:
            asked = self._asked(session, visit)
        if template == "receipt.html.j2" and asked.said is None:
            return RedirectResponse(f"/answer/{visit.number}", 303)
        return self._page(request, asked, visit, Typed(), template=template)

    def take(self, request: Request, link_id: str, form: str, typed: Typed) -> Response:
        """Take an answer in one transaction; what a rule refuses is said on the page, with what was typed."""
        visit = self.visit(request, link_id)
        if visit is None or not self.seals.form_fits(visit.cookie, form):
            raise FormExpired
        try:
            with self.site.database.transaction(DOOR) as session:
                self._submit(session, self._link(session, visit), typed)
        except LinkGone:
            raise
        except Refused as error:
            with self.site.database.reading() as session:
                asked = self._asked(session, visit)
            status = 409 if isinstance(error, TOO_LATE) else 422
            return self._page(request, asked, visit, typed, error=error, status=status)
        return RedirectResponse(f"/answer/{visit.number}/receipt{_kept_language(request)}", 303)

    def visit(self, request: Request, link_id: str) -> _Visit | None:
        """Find the cookie that was made for this page and still holds."""
        number = int(link_id) if link_id.isascii() and link_id.isdigit() and len(link_id) < 18 else 0
        cookie = request.cookies.get(_cookie_name(number), "")
        token = self.seals.cookie_token(cookie, self.site.clock())
        return _Visit(number, cookie, token) if token is not None else None

    def _submit(self, session: Session, link: Link, typed: Typed) -> None:
        rules, now = Rules(self.site.calendar, self.site.catalogue), self.site.clock()
        if typed.choice == TAKE:
            take_task(session, link.task_id, rules=rules, by=link.person_id, now=now)
            return
        try:
            submit_answer(session, link.task_id, typed.given(), rules=rules, by=link.person_id, now=now)
        except NotFound as error:  # its own words name a command
            raise NobodyThere(to=typed.to) from error

    def _link(self, session: Session, visit: _Visit) -> Link:
        link = find_link(session, visit.token, now=self.site.clock(), on=self._today())
        if link.id != visit.number:
            raise LinkGone
        return link

    def _asked(self, session: Session, visit: _Visit) -> Asked:
        return read_asked(session, self._link(session, visit), now=self.site.clock(), on=self._today())

    def _today(self) -> date:
        return self.site.calendar.local_date(self.site.clock())

    def _page(
        self,
        request: Request,
        asked: Asked,
        visit: _Visit,
        typed: Typed,
        *,
        template: str = "answer.html.j2",
        error: Refused | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        reader = _as_person(self.site.reader(request), asked)
        facts: Mapping[str, object] = {
            "asked": asked,
            "own": asked.task.line,
            "typed": typed,
            "words": CHOICES,
            "form": self.seals.form(visit.cookie),
            "accept": ACCEPT,
            "most_mb": MOST_MB,
            "most_note": MOST_NOTE,
            "today": reader.calendar.local_date(reader.now),
            "error": error.text(reader.language) if error else "",
        }
        return self.site.page(reader, template, status=status, **facts)


def _as_person(reader: Reader, asked: Asked) -> Reader:
    """Speak the person's language, unless another one was asked for."""
    if reader.chosen:
        return reader
    return replace(reader, language="zh" if asked.person.language.lower().startswith("zh") else "en")


def _cookie_name(link_id: int) -> str:
    return f"wardcycle_answer_{link_id}"  # one each: two messages open in two tabs do not mix


def _kept_language(request: Request) -> str:
    asked = request.query_params.get("lang", "")
    return f"?lang={asked}" if asked in ("en", "zh") else ""
