"""Ends children whose parent is gone, even by kill -9: a process that waits for the end of its input."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

GRACE_S = 1.2
ALL_ENDED = b"ended\n"


class Guard:
    """The parent's side: a guard process, and the process group that it ends. Children join by `group`.

    A child that is started while the parent dies cannot slip away: it joins the group before its program begins,
    and fails to begin when the group is gone.
    """

    def __init__(self, keep: Sequence[int] = ()) -> None:
        """keep: descriptors that stay open until the guard has ended everything, such as a lock."""
        self._keep = tuple(keep)
        self._process = self._start(0)
        self.group = self._process.pid

    def renew(self) -> None:
        """Start the guard again if somebody has killed it."""
        if self._process.poll() is None:
            return
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process = self._start(self.group)
        except (PermissionError, ProcessLookupError):  # nobody is left in the group
            self._process = self._start(0)
            self.group = self._process.pid

    def close(self) -> None:
        """End the guard and whatever is left in the group."""
        assert self._process.stdin
        try:
            self._process.stdin.write(ALL_ENDED)
            self._process.stdin.close()
        except OSError:
            pass
        self._process.wait()

    def _start(self, group: int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            # Isolated and without site: it loads as little as it can, and nothing of this folder by mistake.
            [sys.executable, "-I", "-S", str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=self._keep,
            process_group=group,
        )


def main() -> None:
    """Wait until the parent says that all is over, or is gone; then end the group, this process included."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    said = sys.stdin.buffer.read()
    group = os.getpgrp()
    if said != ALL_ENDED:
        os.killpg(group, signal.SIGTERM)
        time.sleep(GRACE_S)
    os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
