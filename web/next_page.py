"""Where somebody wanted to go before the login: a page of this site that people read, never anywhere else."""

from urllib.parse import urlencode

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import Match

from web.access import Gate, Policy

HOME = "/"
MOST = 300
FOR_READERS = (Policy.READER, Policy.OFFICE)


def login_address(request: Request) -> str:
    """Write the address of the login that leads back to this page."""
    asked = {"next": request.url.path} if request.url.path != HOME else {}
    language = request.query_params.get("lang", "")
    asked |= {"lang": language} if language in ("en", "zh") else {}
    return f"/login?{urlencode(asked)}" if asked else "/login"


def known_page(request: Request, wanted: str) -> str:
    """Give the path when it is a page for people who are logged in; the overview for anything else."""
    if not wanted.startswith("/") or len(wanted) > MOST or not wanted.isprintable():
        return HOME
    if wanted.startswith("//") or set("\\?#:@") & set(wanted):
        return HOME
    scope = {"type": "http", "method": "GET", "path": wanted, "headers": [], "root_path": ""}
    for route in request.app.state.routes:
        if isinstance(route, APIRoute) and route.matches(scope)[0] is Match.FULL:
            return wanted if policy_of(route) in FOR_READERS else HOME
    return HOME


def policy_of(route: APIRoute) -> Policy | None:
    """Read who may come by a route; None when nobody said."""
    gates = [one.dependency for one in route.dependencies if isinstance(one.dependency, Gate)]
    return gates[0].policy if len(gates) == 1 else None
