"""`python -m notifications.worker FD`: the child of notifications/workers.py that sends by one channel."""

import logging
import math
import os
import pickle
import resource
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection

from notifications.render import Message
from notifications.senders import Address, Sender, SendResult, unknown

log = logging.getLogger(__name__)

READY, LEFT = "ready", "left"
MOST_MEMORY = 2 << 30  # bytes of addresses; a message that wants more must not push others out of memory
GRACE_S = 5.0  # the parent kills at the deadline; who has no parent any more ends a moment later


@dataclass(frozen=True)
class Given:
    """What a child is given at its start."""

    sender: Sender
    deadline_s: float
    idle_s: float


def main() -> None:
    """Send what comes through the pipe until nothing comes any more."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    pipe: Connection = Connection(int(sys.argv[1]))
    given = pickle.loads(pipe.recv_bytes())  # noqa: S301 - it comes from the parent
    assert isinstance(given, Given)
    pipe.send(READY)
    while pipe.poll(given.idle_s):
        message, to = pipe.recv()
        signal.alarm(math.ceil(given.deadline_s + GRACE_S))  # also ends what no longer runs any Python
        result = _send(given.sender, message, to)
        signal.alarm(0)
        pipe.send(result)
    pipe.send(LEFT)


def _send(sender: Sender, message: Message, to: Address) -> SendResult:
    try:
        return sender.send(message, to)
    except MemoryError:
        os._exit(86)  # nothing here can be trusted any more
    except Exception as error:
        # Its text may hold an address with a password; it may have happened after the message had left.
        log.error("sender failed", extra={"action": "sender_failed", "delivery_id": to.delivery_id})
        return unknown(f"the sender failed: {type(error).__name__}")


def _leave_with_parent() -> None:
    """Wait for the end of our standard input: it ends with the parent, however that ends."""
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    # Unpickled things name this module; as `__main__` it would be there twice.
    from notifications.worker import main as named

    named()
