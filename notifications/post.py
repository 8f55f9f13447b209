"""One POST over HTTP, and what became of it: an answer to read, or the reason why there is none."""

import http.client
import re
import ssl
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from notifications.senders import SendResult, transient, unknown

CONNECT_S, ANSWER_S = 10.0, 20.0
MOST_ANSWER = 65_536  # bytes; what is longer was not written for us
# What says for how many seconds to stay away; the second is Feishu's (open.feishu.cn, "Rate limits").
WAIT_HEADS = ("Retry-After", "x-ogw-ratelimit-reset")


@dataclass(frozen=True)
class Answer:
    """What the other side said. wait_s: for how long it wants to be left alone, where it says so."""

    status: int
    body: bytes
    wait_s: int | None = None


def post(base: str, path: str, body: bytes, *, answer_s: float = ANSWER_S) -> Answer | SendResult:
    """Hand one JSON body over, once. A redirect is an answer like any other: it is never followed.

    base: https://host[:port][/path]. No way to the host is `transient`; silence after the body had left is `unknown`.
    """
    parts = urlsplit(base)
    where = parts.hostname or ""
    connection = _connection(where, parts.port, tls=parts.scheme == "https")
    try:
        connection.connect()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return transient(f"{where} cannot be reached: {_words(error)}", down=True)
    connection.sock.settimeout(answer_s)
    heads = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "wardcycle"}
    try:
        connection.request("POST", parts.path.rstrip("/") + path, body, heads)
    except OSError as error:  # a part of the body never left, so nobody can have read the whole
        connection.close()
        return transient(f"{where} broke off: {_words(error)}", down=True)
    try:
        response = connection.getresponse()
        return Answer(response.status, response.read(MOST_ANSWER), _wait(response))
    except (OSError, http.client.HTTPException) as error:
        slow = isinstance(error, TimeoutError)
        return unknown(f"the message was handed over to {where} and no answer came: {_words(error)}", down=slow)
    finally:
        connection.close()


def _connection(host: str, port: int | None, *, tls: bool) -> http.client.HTTPConnection:
    if tls:
        return http.client.HTTPSConnection(host, port, timeout=CONNECT_S, context=tls_context())
    return http.client.HTTPConnection(host, port, timeout=CONNECT_S)


@cache
def tls_context() -> ssl.SSLContext:
    """Make the context that checks certificate and name; 20 ms, so only once."""
    return ssl.create_default_context()


def _wait(response: http.client.HTTPResponse) -> int | None:
    said = (response.getheader(name, "") for name in WAIT_HEADS)
    # Up to a day: a date, or a number that would shut the channel for a year, is not for us.
    return next((int(seconds) for seconds in said if re.fullmatch(r"[0-9]{1,5}", seconds)), None)


def _words(error: Exception) -> str:
    # The name of an http.client error is enough: its text repeats what the other side wrote.
    if isinstance(error, TimeoutError):
        return "no answer in time"
    said = "" if isinstance(error, http.client.HTTPException) else " ".join(str(error).split())
    return said[:200] or type(error).__name__
