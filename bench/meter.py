"""Time and processor time of a piece of work: this process's, and that of servers that work for it."""

import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from os import sysconf
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock and seconds of processors."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Measured:
    """The repetitions of one piece of work; `per` units of work in each."""

    spent: tuple[Spent, ...]
    per: int

    @property
    def wall_ms(self) -> float:
        """The median time of one unit."""
        return median(one.wall for one in self.spent) / self.per * 1e3

    @property
    def cpu_ms(self) -> float:
        """The median processor time of one unit."""
        return median(one.cpu for one in self.spent) / self.per * 1e3


class Meter:
    """Measures what happens inside `with`. servers: process ids whose children are counted too."""

    def __init__(self, servers: Sequence[int] = ()) -> None:
        self.servers = servers

    def __enter__(self) -> "Meter":
        self._servers, self._own, self._began = _of_servers(self.servers), _own(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        wall, own = time.perf_counter() - self._began, _own() - self._own
        self.spent = Spent(wall, own + _of_servers(self.servers) - self._servers)


def parent_of(pid: int) -> int | None:
    """Find the parent of a process of this machine."""
    found = _stat(pid)
    return int(found[1]) if found else None


def _own() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _of_servers(servers: Sequence[int]) -> float:
    """Add up the servers, their children, and the children that have ended."""
    if not servers:
        return 0.0
    ticks = 0
    for folder in Path("/proc").iterdir():
        found = _stat(int(folder.name)) if folder.name.isdigit() else None
        if found and (int(folder.name) in servers or int(found[1]) in servers):
            ticks += sum(int(part) for part in found[11:15])  # utime, stime and those of ended children
    return ticks / sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str] | None:
    """Read the fields after the name: state, parent, ..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
