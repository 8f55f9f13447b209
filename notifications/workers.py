"""A child process for each channel: what hangs or dies there ends one send, not the sender."""

import os
import pickle
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from notifications.render import Message
from notifications.senders import Address, Sender, SendResult, transient, unknown
from notifications.worker import LEFT, READY, Given

DEADLINE_S = 90.0  # longer than a mail or a POST takes that only is slow: each of their steps has a timeout of its own
IDLE_S = 60.0  # a child needs 70 MB; on a quiet day there is none
START_S = 60.0


class _Silence(Enum):
    """Why a child gave no result."""

    LEFT = "it had left before it read the message"
    HUNG = "it did not answer in time"
    DIED = "it died"


class Workers:
    """Sends by another sender, in a child for each channel, started at the first message and gone when idle.

    Used by any number of threads; two messages of one channel wait for each other. A child that does not answer within
    the deadline is killed: the outcome is `unknown`. The children end with this process, however it ends.
    """

    def __init__(self, sender: Sender, *, deadline_s: float = DEADLINE_S, idle_s: float = IDLE_S) -> None:
        """sender: goes to the children by pickle; none of its secrets is seen in a list of processes."""
        self._given = Given(sender, deadline_s, idle_s)
        self._seats: dict[str, _Seat] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def send(self, message: Message, to: Address) -> SendResult:
        """Have the channel's child send the message."""
        with self._lock:
            seat = self._seats.setdefault(to.channel, _Seat(self._given, self._closed))
        return seat.send(message, to)

    def pids(self) -> dict[str, int]:
        """Give the process id of each channel's child that lives."""
        with self._lock:
            return {channel: seat.pid for channel, seat in self._seats.items() if seat.pid}

    def close(self) -> None:
        """End the children, also those that are sending: what became of their message is unknown then."""
        self._closed.set()
        with self._lock:
            seats = list(self._seats.values())
        for seat in seats:
            seat.kill()
        for seat in seats:
            seat.leave()


@dataclass
class _Child:
    """A running child and the way to it. Its standard input is its life line: closed, it leaves."""

    process: "subprocess.Popen[bytes]"
    pipe: "Connection"

    def wait_for(self, seconds: float) -> object:
        """Read what it says next, or why it says nothing."""
        try:
            return self.pipe.recv() if self.pipe.poll(seconds) else _Silence.HUNG
        except (EOFError, OSError):
            return _Silence.DIED

    def end(self) -> int:
        """Kill it where it still runs; returns how it ended, as Popen does."""
        self.process.kill()
        code = self.process.wait()
        self.pipe.close()
        if self.process.stdin:
            self.process.stdin.close()
        return code


@dataclass
class _Seat:
    """One channel's child, or none at the moment."""

    given: Given
    closed: threading.Event
    lock: threading.Lock = field(default_factory=threading.Lock)
    child: _Child | None = None

    @property
    def pid(self) -> int | None:
        child = self.child
        return child.process.pid if child and child.process.poll() is None else None

    def kill(self) -> None:
        child = self.child
        if child:
            child.process.kill()

    def leave(self) -> None:
        with self.lock:
            self._end()

    def send(self, message: Message, to: Address) -> SendResult:
        with self.lock:
            said = self._ask(message, to)
            if said is _Silence.LEFT:  # it went to rest just then, and has not read the message
                self._end()
                said = self._ask(message, to)
            return said if isinstance(said, SendResult) else self._gone(said)

    def _ask(self, message: Message, to: Address) -> object:
        if self.child is None:
            not_started = self._start()
            if not_started:
                return not_started
        assert self.child
        with suppress(OSError):  # a child that has left says so below
            self.child.pipe.send((message, to))
        said = self.child.wait_for(self.given.deadline_s)
        return _Silence.LEFT if said == LEFT else said

    def _start(self) -> SendResult | None:
        """Start a child; says why not. Nothing was handed over then."""
        if self.closed.is_set():
            return transient("the sender is stopping")
        self.child = _spawn()
        if self.closed.is_set():  # it was closed meanwhile and did not see this child
            self.child.process.kill()
        with suppress(OSError):
            self.child.pipe.send_bytes(pickle.dumps(self.given))
        if self.child.wait_for(START_S) == READY:
            return None
        code = self._end()
        return transient(f"the channel's own process does not start: {_ended(code)}", down=True)

    def _gone(self, said: object) -> SendResult:
        """Say what became of a message whose child gave no result, and of the child."""
        code = self._end()
        if self.closed.is_set():
            return unknown("the sender was stopped while the message was being sent")
        if said is _Silence.HUNG:
            why = f"no answer within {self.given.deadline_s:.0f} s; the process that was sending it was ended"
            return replace(unknown(why, down=True), crashed=True)
        return replace(unknown(f"the process that was sending it ended: {_ended(code)}"), crashed=True)

    def _end(self) -> int:
        child, self.child = self.child, None
        return child.end() if child else 0


def _spawn() -> _Child:
    ours, theirs = Pipe()
    # Where a program was started with a path of its own, the child finds the same modules.
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "-m", "notifications.worker", str(theirs.fileno())],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=(theirs.fileno(),),
        env=environ,
    )
    theirs.close()
    return _Child(process, ours)


def _ended(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"signal {-code} ({signal.Signals(-code).name})"
    return f"signal {-code}"
