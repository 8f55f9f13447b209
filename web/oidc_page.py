"""Logging in by the hospital's single sign-on: the way to the provider, and the way back."""

from dataclasses import astuple
from hashlib import sha256

from fastapi import APIRouter
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.words import Text
from engine.logins import LONGEST
from engine.single_sign_on import log_in_by_sso
from models.errors import NotFound, Refused
from notifications.links import read_keys
from web.access import DOOR, Policy, cookie_name
from web.next_page import known_page
from web.provider import Attempt, Provider
from web.routes import get_page
from web.site import Site

COOKIE, COOKIE_PATH, LIVES_S = "wardcycle_sso", "/login/oidc", 600
LONGEST_CODE = 2000


class SignOnFailed(Refused):
    """Single sign-on did not hold: it took too long, came back to another browser, or was not signed as it must be. \
Try again."""

    zh = "统一身份认证未通过：可能超时、浏览器不一致或签名无效。请重试。"


def pages(site: Site) -> APIRouter:
    """Make the routes; without a provider in the settings they are not there."""
    router, provider = APIRouter(), Provider(site.settings)

    @get_page(router, "/login/oidc", policy=Policy.PUBLIC)
    def begin(request: Request) -> Response:
        return _leave(site, provider, request)

    @get_page(router, "/login/oidc/return", policy=Policy.PUBLIC)
    def back(request: Request) -> Response:
        return _come_back(site, provider, request)

    return router


def _leave(site: Site, provider: Provider, request: Request) -> Response:
    """Send somebody to the provider; a cookie holds what they must come back with."""
    _require(site)
    attempt = Attempt.make(known_page(request, request.query_params.get("next", "")))
    response = RedirectResponse(provider.way_there(attempt), 303)
    sealed = _serializer(site).dumps(list(astuple(attempt)))
    _set_cookie(site, response, COOKIE, sealed, LIVES_S, COOKIE_PATH)
    return response


def _come_back(site: Site, provider: Provider, request: Request) -> Response:
    """Begin a session: the one page that does when it is opened, as the provider sends people back by GET.

    Nothing happens without the cookie of the browser that left, its state, and a code that is good once.
    """
    _require(site)
    attempt = _attempt(site, request)
    code = request.query_params.get("code", "")[:LONGEST_CODE]
    proven = provider.prove(code, attempt, now=site.clock()) if request.method == "GET" and code else None
    if proven is None:
        raise SignOnFailed
    now = site.clock()
    with site.database.transaction(DOOR) as session:
        token = log_in_by_sso(session, proven, now=now, on=site.calendar.local_date(now))
    response = RedirectResponse(attempt.next, 303)
    _set_cookie(site, response, cookie_name(site.settings), token, int(LONGEST.total_seconds()), "/")
    response.delete_cookie(COOKIE, path=COOKIE_PATH, secure=_is_https(site), httponly=True)
    return response


def _set_cookie(site: Site, response: Response, name: str, value: str, seconds: int, path: str) -> None:
    # Lax: the provider's redirect back is a way from elsewhere.
    response.set_cookie(name, value, max_age=seconds, path=path, secure=_is_https(site), httponly=True, samesite="lax")


def _is_https(site: Site) -> bool:
    return site.settings.base_url.startswith("https://")


def _require(site: Site) -> None:
    if not site.settings.oidc_issuer:
        mend = Text("Log in by password.", "请使用密码登录。")
        raise NotFound(noun=Text("single sign-on", "统一身份认证"), name="oidc", mend=mend)


def _attempt(site: Site, request: Request) -> Attempt:
    """Read what this browser left with. Raises SignOnFailed when the state that came back is another one."""
    try:
        parts = _serializer(site).loads(request.cookies.get(COOKIE, ""), max_age=LIVES_S)
    except BadData:
        raise SignOnFailed from None
    attempt = Attempt(*map(str, parts))
    if request.query_params.get("state", "") != attempt.state:
        raise SignOnFailed
    return attempt


def _serializer(site: Site) -> URLSafeTimedSerializer:
    keys = read_keys(site.settings)[::-1]  # itsdangerous signs with the last
    return URLSafeTimedSerializer(
        keys, salt="single-sign-on", signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"}
    )
