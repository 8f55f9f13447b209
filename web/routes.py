"""The one kind of route that there is: it answers GET and HEAD."""

from collections.abc import Callable
from typing import TypeVar

from fastapi import APIRouter
from starlette.responses import Response

Endpoint = TypeVar("Endpoint", bound=Callable[..., Response])


def get_page(router: APIRouter, path: str) -> Callable[[Endpoint], Endpoint]:
    """Register a page; FastAPI alone would refuse HEAD."""

    def register(endpoint: Endpoint) -> Endpoint:
        router.add_api_route(path, endpoint, methods=["GET", "HEAD"], response_model=None, include_in_schema=False)
        return endpoint

    return register
