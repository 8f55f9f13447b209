"""The two kinds of route: pages, which answer GET and HEAD and never write, and the few forms that may."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import APIRouter
from starlette.responses import Response

Endpoint = TypeVar("Endpoint", bound=Callable[..., Response])
Receiver = TypeVar("Receiver", bound=Callable[..., Awaitable[Response]])

# Every route that may change something. A form that is not listed here cannot be registered.
MAY_WRITE = frozenset({"/answer/{link_id}"})


class UnlistedForm(Exception):
    """A form was registered that is not in MAY_WRITE."""


def get_page(router: APIRouter, path: str) -> Callable[[Endpoint], Endpoint]:
    """Register a page; FastAPI alone would refuse HEAD."""

    def register(endpoint: Endpoint) -> Endpoint:
        router.add_api_route(path, endpoint, methods=["GET", "HEAD"], response_model=None, include_in_schema=False)
        return endpoint

    return register


def post_form(router: APIRouter, path: str) -> Callable[[Receiver], Receiver]:
    """Register what takes a form."""
    if path not in MAY_WRITE:
        raise UnlistedForm(path)

    def register(endpoint: Receiver) -> Receiver:
        router.add_api_route(path, endpoint, methods=["POST"], response_model=None, include_in_schema=False)
        return endpoint

    return register
