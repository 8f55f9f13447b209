"""One's own account: where one is logged in, ending that, another password."""

from datetime import date

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.numbers import whole
from engine.accounts import WrongPassword, change_password
from engine.calendar_feed import feed_address, find_feed
from engine.logins import claim_of, end_sessions, list_logins
from engine.passwords import SHORTEST
from models.errors import Refused
from notifications.links import read_keys
from web.access import DOOR, LoginNeeded, Policy, cookie_name, form, read_own_fields, who
from web.login_page import PasswordsDiffer
from web.routes import get_page, post_form
from web.site import Site


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, "/me", policy=Policy.READER)
    def me(request: Request) -> Response:
        return _show(site, request)

    @post_form(router, "/logout", policy=Policy.READER)
    async def logout(request: Request) -> Response:
        await read_own_fields(request)  # brings nothing but its token
        await run_in_threadpool(_end, site, request, who(request).session_id)
        response = RedirectResponse("/login", 303)
        secure = site.settings.base_url.startswith("https://")
        response.delete_cookie(cookie_name(site.settings), path="/", secure=secure, httponly=True, samesite="lax")
        return response

    @post_form(router, "/me/sessions", policy=Policy.READER)
    async def end(request: Request) -> Response:
        parts = await read_own_fields(request, ("session",))
        only = whole(parts["session"])
        await run_in_threadpool(_end, site, request, only)
        return RedirectResponse("/me", 303)

    @post_form(router, "/me/password", policy=Policy.READER)
    async def password(request: Request) -> Response:
        parts = await read_own_fields(request, ("present", "password", "again"), trimmed=False)
        return await run_in_threadpool(_change, site, request, parts)

    return router


def _show(site: Site, request: Request, *, error: Refused | None = None, done: bool = False) -> Response:
    asker, reader = who(request), site.reader(request)
    if asker.person_id is None:
        raise LoginNeeded  # the demo has no account
    with site.database.reading() as session:
        logins = list_logins(session, asker.person_id, now=reader.now)
        feed = find_feed(session, asker.person_id)
        base = (site.settings.base_url or str(request.base_url)).rstrip("/")
        address = f"{base}{feed_address(feed, read_keys(site.settings))}" if feed else ""
    return site.page(
        reader,
        "me.html.j2",
        status=422 if error else 200,
        logins=logins,
        feed=address,
        this=asker.session_id,
        form=form(request),
        shortest=SHORTEST,
        done=done or request.query_params.get("changed") == "1",
        error=error.text(reader.language) if error else "",
    )


def _end(site: Site, request: Request, only: int | None) -> None:
    """End one session of the person who asks, or all but the one they ask by."""
    asker = who(request)
    assert asker.person_id is not None
    with site.database.transaction(DOOR) as session:
        but = asker.session_id if only is None else None
        end_sessions(session, asker.person_id, by=asker.person_id, now=site.clock(), only=only, but=but)


def _change(site: Site, request: Request, parts: dict[str, str]) -> Response:
    asker, now = who(request), site.clock()
    assert asker.person_id is not None and asker.session_id is not None
    with site.database.reading() as session:
        claim = claim_of(session, asker.person_id)
    fits = claim.fits(parts["present"])
    try:
        if parts["password"] != parts["again"]:
            raise PasswordsDiffer
        with site.database.transaction(DOOR) as session:
            changed = change_password(
                session, claim, parts["password"], fits=fits, keep=asker.session_id, now=now, on=_today(site)
            )
        if not changed:
            raise WrongPassword
    except Refused as error:
        return _show(site, request, error=error)
    return RedirectResponse("/me?changed=1", 303)


def _today(site: Site) -> date:
    return site.calendar.local_date(site.clock())
