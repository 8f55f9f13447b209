"""Four sweepers at once, in processes of their own, and the same with one killed in the middle: exactly once."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.place import Place

ADAPTER = Path(__file__).parent / "adapter.py"
SWEEPERS = 4
BATCH = 100
KILLED_AFTER_S = 0.02


@dataclass(frozen=True)
class Raced:
    """What a race left: as many notifications as tasks were due, none of them twice."""

    name: str
    system: str
    n_due: int
    n_told: int
    n_twice: int
    fired: tuple[int | None, ...]  # by sweeper; None for the one that was killed

    @property
    def exactly_once(self) -> bool:
        """Nothing lost, nothing doubled."""
        return self.n_told == self.n_due and self.n_twice == 0


class Sweeper:
    """The adapter as a process."""

    def __init__(self) -> None:
        command = [sys.executable, str(ADAPTER)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, op: str, **given: object) -> None:
        """Send a request."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"op": op, **given}) + "\n")

    def reply(self) -> dict[str, int]:
        """Wait for the reply; empty when the process has ended."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        found: dict[str, int] = json.loads(line) if line else {}
        if "error" in found:
            raise SystemExit(f"a sweeper failed: {found['error']}")
        return found

    def do(self, op: str, **given: object) -> dict[str, int]:
        """Send a request and wait for its reply."""
        self.ask(op, **given)
        return self.reply()

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


def race(place: Place, n_due: int, *, kill: bool) -> Raced:
    """Let the sweepers share what is due; kill: end the last one by SIGKILL while it works."""
    with _sweepers() as sweepers:
        where = _where(place)
        sweepers[0].do("reset", **where)
        sweepers[0].do("populate", open=50 * n_due)
        now = sweepers[0].do("make_due", d=n_due, seed=1)["now"]
        for sweeper in sweepers[1:]:
            sweeper.do("attach", **where)
        for sweeper in sweepers:
            sweeper.ask("sweep", now=now, batch=BATCH)
        if kill:
            time.sleep(KILLED_AFTER_S)
            sweepers[-1].process.kill()
        fired = tuple(sweeper.reply().get("fired") for sweeper in sweepers)
        sweepers[0].do("sweep", now=now)  # whoever is left finishes
        left = sweepers[0].do("counts")
    return Raced("crash" if kill else "race", place.system, n_due, left["notifications"], left["dup"], fired)


@contextmanager
def _sweepers() -> Iterator[list[Sweeper]]:
    sweepers = [Sweeper() for _ in range(SWEEPERS)]
    try:
        yield sweepers
    finally:
        for sweeper in sweepers:
            sweeper.end()


def _where(place: Place) -> dict[str, str]:
    if place.is_sqlite:
        return {"db": "sqlite-full", "path": place.name}
    url = place.url
    dsn = f"host={url.host} port={url.port} user={url.username} dbname={url.database}"
    return {"db": "pg", "dsn": dsn + (f" password={url.password}" if url.password else "")}
