"""Real servers on loopback, each in a thread of its own; they serve the pages of one test after the other."""

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

LOGS = ("uvicorn.error", "uvicorn.access")


@dataclass
class House:
    """A running server, and the application of the test that has it now."""

    app: ASGIApp
    site: str = ""
    pid: int = field(default_factory=os.getpid)  # a fork has the list of servers, but not their threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application of this test does."""
        await self.app(scope, receive, send)


_idle: list[House] = []


@contextmanager
def serving(app: ASGIApp, *, log_level: int = logging.CRITICAL) -> Iterator[str]:
    """Serve an application on a free port; gives its address.

    The server is one that an earlier test has done with: to begin and to end one takes longer than most tests.
    """
    _idle[:] = [one for one in _idle if one.pid == os.getpid()]
    house = _idle.pop() if _idle else _open(app)
    house.app = app
    for name in LOGS:
        logging.getLogger(name).setLevel(log_level)
    try:
        yield house.site
    finally:
        _idle.append(house)


@contextmanager
def running(config: uvicorn.Config) -> Iterator[str]:
    """Run a server of its own from its beginning to its end; gives its address."""
    server, thread, site = _start(config)
    try:
        yield site
    finally:
        server.should_exit = True
        thread.join(10)


def _open(app: ASGIApp) -> House:
    house = House(app)
    *_, house.site = _start(uvicorn.Config(house, lifespan="off"))
    return house


def _start(config: uvicorn.Config) -> tuple[uvicorn.Server, threading.Thread, str]:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen(64)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    return server, thread, f"http://127.0.0.1:{taken.getsockname()[1]}"
