"""Keeps child processes alive: starts them, writes down what they say, starts them again, stops them in order."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.guard import Guard

log = logging.getLogger("wardcycle.up")
STOP_S = 4.0  # what a child gets to leave by itself; all together stay below 10 s
STOP_ALL_S = 8.0
STEADY_S = 60.0  # a child that has lived so long starts again at once when it dies
LONGEST_WAIT_S = 30.0
N_OLD_LOGS = 3


@dataclass(frozen=True)
class Child:
    """A program to keep alive."""

    name: str
    arguments: Sequence[str]
    environ: Mapping[str, str] = field(repr=False)


@dataclass
class _Kept:
    child: Child
    process: "subprocess.Popen[bytes]"
    started: float
    n_deaths: int = 0
    again_at: float | None = None


class Supervisor:
    """The children of one `wardcycle up`. clock: seconds that only grow."""

    def __init__(self, guard: Guard, log_folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._guard, self._folder, self._clock = guard, log_folder, clock
        self._kept: dict[str, _Kept] = {}
        log_folder.mkdir(parents=True, exist_ok=True)

    def start(self, child: Child) -> None:
        """Start a child, with a new log."""
        rotate(self._folder / f"{child.name}.log")
        self._kept[child.name] = _Kept(child, self._spawn(child), self._clock())

    def tend(self) -> list[str]:
        """Start again what has died, the longer after the more often; returns the names of those that died now."""
        self._guard.renew()
        died = []
        for kept in self._kept.values():
            if kept.again_at is not None:
                if self._clock() >= kept.again_at:
                    kept.process, kept.started, kept.again_at = self._spawn(kept.child), self._clock(), None
            elif kept.process.poll() is not None:
                died.append(kept.child.name)
                steady = self._clock() - kept.started > STEADY_S
                kept.n_deaths = 1 if steady else kept.n_deaths + 1
                kept.again_at = self._clock() + min(LONGEST_WAIT_S, 2.0 ** (kept.n_deaths - 1) / 2)
                said = {"action": "child_died", "child": kept.child.name, "exit_code": kept.process.returncode}
                log.warning("a child died", extra=said)
        return died

    def pids(self) -> dict[str, int]:
        """Give the process id of each child that runs."""
        return {name: kept.process.pid for name, kept in self._kept.items() if kept.process.poll() is None}

    def last_words(self, name: str, n_lines: int = 8) -> str:
        """Read the end of a child's log."""
        try:
            text = (self._folder / f"{name}.log").read_text("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-n_lines:])

    def stop(self) -> None:
        """Stop all, the last started first; what does not leave in time is killed."""
        give_up = self._clock() + STOP_ALL_S
        for kept in reversed(self._kept.values()):
            if kept.process.poll() is None:
                kept.process.send_signal(signal.SIGTERM)
                _wait(kept.process, min(STOP_S, max(0.1, give_up - self._clock())))
        self._kept.clear()
        self._guard.close()

    def _spawn(self, child: Child) -> "subprocess.Popen[bytes]":
        with (self._folder / f"{child.name}.log").open("ab") as output:
            return subprocess.Popen(
                list(child.arguments),
                env=dict(child.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=self._guard.group,
            )


def rotate(file: Path) -> None:
    """Put the logs of earlier starts aside; the oldest goes."""
    for number in range(N_OLD_LOGS - 1, -1, -1):
        older = file.with_suffix(f".log.{number}") if number else file
        if older.exists():
            os.replace(older, file.with_suffix(f".log.{number + 1}"))  # noqa: PTH105


def _wait(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
