"""The door of the JSON route: who sends, how often, how much; before anything of the body is read."""

from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.words import Text
from engine.systems import find_system
from models.errors import WardcycleError
from models.systems import SystemToken
from web.api_shapes import Problems, problem
from web.misses import Misses, TooManyMisses
from web.site import Site

MOST_BYTES = 1_000_000
MOST_A_MINUTE = 120
MINUTE = timedelta(minutes=1)
OPEN = frozenset({"/openapi.json"})

_NOBODY = Text("A token is needed: Authorization: Bearer ...", "需要令牌：Authorization: Bearer ……")
_LARGE = Text(f"The body has more than {MOST_BYTES:,} bytes; send fewer values", f"内容超过 {MOST_BYTES:,} 字节")
_OFTEN = Text("Too many requests; wait a minute", "请求过于频繁，请稍候一分钟")


class TokenDoor:
    """Let systems in by their token. Requests are counted in this process: with several, each counts its own."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        """site: whose systems."""
        self.app, self.site = app, site
        self.pace = Misses(most=MOST_A_MINUTE, within=MINUTE)
        self.strangers = Misses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse in JSON."""
        path = str(scope.get("path", "")).removeprefix(str(scope.get("root_path", "")))
        if scope["type"] != "http" or path in OPEN:
            await self.app(scope, receive, send)
            return
        found = await run_in_threadpool(self._look, Request(scope))
        if isinstance(found, Response):
            await found(scope, receive, send)
            return
        scope.setdefault("state", {})["system"] = found
        await self.app(scope, _counted(receive), send)

    def _look(self, request: Request) -> SystemToken | Response:
        now, address = self.site.clock(), request.client.host if request.client else ""
        try:
            with self.site.database.reading() as session:
                system = find_system(session, _token(request.headers))
            if system is None:  # a good token is never refused for the guesses of others at its address
                self.strangers.count(address, now)
                return _refuse(401, _NOBODY, {"WWW-Authenticate": "Bearer"})
            self.pace.count(system.system, now)
        except TooManyMisses:
            return _refuse(429, _OFTEN, {"Retry-After": "60"})
        except WardcycleError as error:
            return _refuse(503, Text(error.text("en"), error.text("zh")))
        length = request.headers.get("content-length", "0")
        return _refuse(413, _LARGE) if length.isdigit() and int(length) > MOST_BYTES else system


def _token(headers: Headers) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _counted(receive: Receive) -> Receive:
    """Count what comes, for a body that does not say its length."""
    n_read = 0

    async def counted() -> Message:
        nonlocal n_read
        message = await receive()
        n_read += len(message.get("body", b""))
        if n_read > MOST_BYTES:
            raise HTTPException(413, _LARGE.en)
        return message

    return counted


def _refuse(status: int, text: Text, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(Problems(problems=[problem("", text)]).model_dump(), status, headers)
