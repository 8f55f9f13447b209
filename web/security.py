"""Headers that every answer carries, whatever route or error it comes from."""

import logging
import re

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Nothing is loaded from elsewhere, nothing runs; a mail is shown in a frame that may not do anything either.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# A mail brings its own inline styles; it may neither load nor run anything, and only our page may frame it.
# A link that somebody presses opens in a window of its own.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
)


_LINK = re.compile(r"(/[adlo]/|/welcome/|/attend/|/feed/)[^\s?]+")


class _Hidden(logging.Filter):
    """Takes the secret part of links out of the access log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, cleaned."""
        if isinstance(record.args, tuple):
            record.args = tuple(hidden(one) if isinstance(one, str) else one for one in record.args)
        return True


def hidden(line: str) -> str:
    """Write `/a/***` for every link that lets somebody answer."""
    return _LINK.sub(r"\1***", line)


def hide_links(log: logging.Logger) -> None:
    """Keep the secret part of links out of a log, however often it is asked."""
    if not any(isinstance(one, _Hidden) for one in log.filters):
        log.addFilter(_Hidden())


class SafeHeaders:
    """Put the headers on every answer that has not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        """app: what answers."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif "\0" in scope["path"] or b"%00" in scope["query_string"]:
            # PostgreSQL cannot even be asked for such a text.
            await PlainTextResponse("This address cannot be read.", 400)(scope, receive, send_safely)
        else:
            await self.app(scope, receive, send_safely)
