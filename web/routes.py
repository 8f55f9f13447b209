"""The two kinds of route: pages, which answer GET and HEAD and never write, and the few forms that may."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import APIRouter, Depends
from starlette.responses import Response

from web.access import Gate, Policy

Endpoint = TypeVar("Endpoint", bound=Callable[..., Response])
Receiver = TypeVar("Receiver", bound=Callable[..., Awaitable[Response]])

# Every route that may change something. A form that is not listed here cannot be registered.
MAY_WRITE = frozenset(
    {
        "/answer/{link_id}",
        "/answer/{link_id}/proof",
        "/answer/{link_id}/undo",
        "/decide/{link_id}",
        "/decide/{link_id}/proof",
        "/decisions",
        "/cycles/{code}/aim",
        "/o/{signed}/stop",
        "/own/{link_id}",
        "/own/{link_id}/stop",
        "/login",
        "/logout",
        "/welcome",
        "/me/sessions",
        "/me/password",
        "/me/feed",
        "/channels",
        "/indicators/{slug}/values",
        "/feedback",
        "/feedback/answer",
        "/feedback/judge",
        "/feedback/leave",
        "/feedback/{number}/assign",
        "/feedback/{number}/reply",
        "/feedback/{number}/cycle",
        "/feedback/{number}/tell",
        "/goals",
        "/attendance/{link_id}",
        "/gatherings/{number}",
        "/cycles/{code}/gatherings",
        "/activities/{number}",
        "/activities",
        "/report",
        "/report/answer",
        "/events/{number}",
        "/indicators/{slug}/assess",
        "/care",
        "/care/{number}",
        "/pareto",
        "/programme",
        "/schedules",
        "/schedules/{number}/stop",
        "/actions",
        "/actions/{slug}",
    }
)


class UnlistedForm(Exception):
    """A form was registered that is not in MAY_WRITE."""


def get_page(router: APIRouter, path: str, *, policy: Policy) -> Callable[[Endpoint], Endpoint]:
    """Register a page; FastAPI alone would refuse HEAD."""

    def register(endpoint: Endpoint) -> Endpoint:
        router.add_api_route(
            path,
            endpoint,
            methods=["GET", "HEAD"],
            dependencies=[Depends(Gate(policy, writes=False))],
            response_model=None,
            include_in_schema=False,
        )
        return endpoint

    return register


def post_form(router: APIRouter, path: str, *, policy: Policy) -> Callable[[Receiver], Receiver]:
    """Register what takes a form. Behind READER and OFFICE it is read by read_own_fields or read_own_form."""
    if path not in MAY_WRITE:
        raise UnlistedForm(path)

    def register(endpoint: Receiver) -> Receiver:
        router.add_api_route(
            path,
            endpoint,
            methods=["POST"],
            dependencies=[Depends(Gate(policy, writes=True))],
            response_model=None,
            include_in_schema=False,
        )
        return endpoint

    return register
