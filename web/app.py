"""The web application over one database: pages that only read, and the forms of web/routes.py."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from config.calendar import calendar_of
from config.catalogue import Catalogue
from config.settings import Settings
from config.words import Text
from models.db import Database
from models.errors import NotAllowed, NotFound, WardcycleError
from web import (
    a3_page,
    actions_page,
    activities_page,
    aim_page,
    answer_page,
    attend_page,
    bulletin_page,
    care_page,
    channels_page,
    cycle_page,
    decision_page,
    event_page,
    events_page,
    evidence_page,
    feedback_office,
    feedback_page,
    feedback_posters,
    gathering_page,
    goals_page,
    health,
    home_page,
    indicator_board,
    indicator_page,
    list_page,
    lists,
    login_page,
    mailbox_page,
    me_page,
    oidc_page,
    pareto_page,
    plan_page,
    preferences_page,
    programme_page,
    report_page,
    schedules_page,
    work_page,
)
from web.access import LoginNeeded
from web.api import api
from web.forms import FormExpired, UploadTooLarge
from web.misses import TooManyMisses
from web.next_page import login_address
from web.security import HEADERS, SafeHeaders, hidden, hide_links
from web.site import HERE, Site, environment

ROUTERS = (
    actions_page,
    activities_page,
    attend_page,
    gathering_page,
    goals_page,
    home_page,
    cycle_page,
    evidence_page,
    aim_page,
    a3_page,
    lists,
    mailbox_page,
    health,
    answer_page,
    decision_page,
    login_page,
    me_page,
    oidc_page,
    channels_page,
    list_page,
    preferences_page,
    indicator_board,
    indicator_page,
    bulletin_page,
    report_page,
    events_page,
    event_page,
    care_page,
    plan_page,
    programme_page,
    schedules_page,
    pareto_page,
    feedback_page,
    feedback_posters,
    feedback_office,
    work_page,
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def make_app(
    database: Database, settings: Settings, catalogue: Catalogue, *, clock: Callable[[], datetime] = _utc_now
) -> FastAPI:
    """Make the application."""
    calendar = calendar_of(catalogue.calendars[settings.calendar])
    site = Site(database, settings, catalogue, calendar, clock, environment())
    app = FastAPI(title="wardcycle", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.site = site
    routers = [part.pages(site) for part in ROUTERS]
    for router in routers:
        app.include_router(router)
    app.state.routes = [route for router in routers for route in router.routes]
    app.mount("/api", api(site))
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    _explain_errors(app, site)
    hide_links(logging.getLogger("uvicorn.access"))
    # A name that somebody else's DNS points at this machine must not open its pages.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(settings), www_redirect=False)
    app.add_middleware(SafeHeaders)
    return app


def allowed_hosts(settings: Settings) -> list[str]:
    """List the names under which the pages may be asked for."""
    own = {settings.web_host, urlsplit(settings.base_url).hostname or ""}
    return sorted({"localhost", "127.0.0.1", "::1", "[::1]"} | own - {"", "0.0.0.0", "::"})  # noqa: S104


def status_of(error: WardcycleError) -> int:
    """Find the HTTP status of an error that has no page of its own."""
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, LoginNeeded):
        return 401
    if isinstance(error, NotAllowed):
        return 403
    if isinstance(error, TooManyMisses | UploadTooLarge | FormExpired):
        return error.status
    return 503 if error.exit_code == 3 else 400


def _explain_errors(app: FastAPI, site: Site) -> None:
    def page(request: Request, status: int, what: str) -> Response:
        reader = site.reader(request)
        reader = replace(reader, path=hidden(reader.path))  # the page's own address stands on it
        response = site.page(reader, "error.html.j2", status=status, code=status, what=what)
        response.headers.update(HEADERS)  # an unexpected error is answered outside of the middleware
        return response

    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, WardcycleError)
        if isinstance(error, LoginNeeded) and request.method in ("GET", "HEAD"):
            return RedirectResponse(login_address(request), 303)
        return page(request, status_of(error), error.text(site.reader(request).language))

    def unusual(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        what = _UNUSUAL.get(error.status_code, _UNUSUAL[500])
        response = page(request, error.status_code, site.reader(request).word(what))
        response.headers.update(error.headers or {})
        return response

    def unexpected(request: Request, _: Exception) -> Response:
        return page(request, 500, site.reader(request).word(_UNUSUAL[500]))

    app.add_exception_handler(WardcycleError, refused)
    app.add_exception_handler(HTTPException, unusual)
    app.add_exception_handler(Exception, unexpected)


_UNUSUAL = {
    404: Text("There is no such page. It may have moved; start from the overview.", "没有这个页面，请从总览重新进入。"),
    405: Text("These pages can only be read; nothing was changed.", "本页面只供查看，没有任何改动。"),
    500: Text(
        "Something went wrong here, not with you. Nothing was changed. Try again, or tell the quality office.",
        "系统出错，与您的操作无关，没有任何改动。请稍后重试；如仍出错，请告知质控部门。",
    ),
}
