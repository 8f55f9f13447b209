"""The workloads: each brings both sides to the same state, times one step of each in turn, and checks the rows."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeVar

from bench.meter import Measured, Meter, Spent
from bench.place import Place
from bench.product import Product
from bench.raw import Raw

HERE = Path(__file__).parent
Side = Product | Raw
T = TypeVar("T")


@dataclass(frozen=True)
class Size:
    """How much of everything, how often."""

    repetitions: int
    launches: int
    open_tasks: tuple[int, ...]
    due: int
    beside: int  # open tasks beside the cycles that are answered
    cycles: int
    mails: int
    raced: int
    series: tuple[int, ...]
    charts: int


SMALL = Size(
    repetitions=5,
    launches=3,
    open_tasks=(1000,),
    due=20,
    beside=500,
    cycles=1,
    mails=30,
    raced=200,
    series=(20,),
    charts=5,
)
FULL = Size(
    5,
    launches=100,
    open_tasks=(10_000, 100_000, 1_000_000),
    due=100,
    beside=50_000,
    cycles=10,
    mails=1000,
    raced=2000,
    series=(1_000, 10_000),
    charts=100,
)


@dataclass(frozen=True)
class Line:
    """One line of the table: a workload on one database, both sides."""

    workload: str
    system: str
    product: Measured
    raw: Measured

    @property
    def ratio(self) -> float:
        """How many times the raw side's time the product takes."""
        return self.product.wall_ms / max(self.raw.wall_ms, 1e-6)

    @property
    def cpu_ratio(self) -> float:
        """The same of processor time."""
        return self.product.cpu_ms / max(self.raw.cpu_ms, 1e-6)


@dataclass
class Field:
    """Both sides on one database system, and what is counted as their processor time."""

    places: dict[type[Side], Place]
    size: Size
    servers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.sides: tuple[Product, Raw] = Product(), Raw()

    @property
    def system(self) -> str:
        """The name of the database system."""
        return self.places[Product].system

    def reset(self) -> None:
        """Empty both databases."""
        for side in self.sides:
            side.reset(self.places[type(side)])

    def close(self) -> None:
        """Let both databases go."""
        for side in self.sides:
            side.close()

    def compare(self, name: str, per: int, prepare: Callable[[Side], T], step: Callable[[Side, T], None],
                servers: Sequence[int] = ()) -> Line:  # fmt: skip
        """Time a step of both sides in turn, after one that is not counted. per: units of work in a step."""
        spent: dict[Side, list[Spent]] = {side: [] for side in self.sides}
        for repetition in range(self.size.repetitions + 1):
            for side in self.sides:
                given = prepare(side)
                with Meter((*self.servers, *servers)) as meter:
                    step(side, given)
                if repetition:
                    spent[side].append(meter.spent)
        product, raw = (Measured(tuple(spent[side]), per) for side in self.sides)
        return Line(name, self.system, product, raw)


def launch(field: Field) -> Iterator[Line]:
    """W1: launch cycles of twenty tasks."""
    n = field.size.launches
    field.reset()

    def step(side: Side, before: dict[str, int]) -> None:
        side.launch(n)

    line = field.compare("W1 launch", n, lambda side: side.counts(), step)
    rounds = n * (field.size.repetitions + 1)
    for side in field.sides:
        found = side.counts()
        wanted = {"tasks": 20 * rounds, "open": 5 * rounds, "stages": 4 * rounds, "notifications": 5 * rounds}
        check({name: found[name] for name in wanted} == wanted and found["audit"] >= rounds, "W1", side, found)
    yield line


def sweep(field: Field) -> Iterator[Line]:
    """W2: sweep what is due among many open tasks; cost must follow what is due."""
    for n_open in field.size.open_tasks:
        field.reset()
        seeds = {side: count() for side in field.sides}  # each step a little later than the one before
        for side in field.sides:
            side.populate(n_open)
        for n_due in sorted({0, field.size.due, n_open // 1000}):
            yield _sweep(field, n_open, n_due, seeds)


def _sweep(field: Field, n_open: int, n_due: int, seeds: Mapping[Side, Iterator[int]]) -> Line:
    def due(side: Side) -> Callable[[], int]:
        if isinstance(side, Product):
            moment = side.make_due(n_due, next(seeds[side]))
            return lambda: side.sweep(moment)
        now = side.make_due(n_due, next(seeds[side]))
        return lambda: side.sweep(now)

    def step(side: Side, fire: Callable[[], int]) -> None:
        n_fired = fire()
        check(n_fired == n_due, "W2 fired", side, n_fired)
        again[side] = fire

    again: dict[Side, Callable[[], int]] = {}
    line = field.compare(f"W2 sweep {n_due} due of {n_open:,}", max(n_due, 1), due, step)
    for side, fire in again.items():
        check(fire() == 0 and side.counts()["dup"] == 0, "W2 twice", side, side.counts())
    return line


def answer(field: Field) -> Iterator[Line]:
    """W3: answer whole cycles, beside many other open tasks."""
    n = field.size.cycles
    field.reset()
    for side in field.sides:
        side.populate(field.size.beside)

    def ready(side: Side) -> list[str]:
        return [token for cycle in side.launch(n) for token in side.all_tokens(cycle)]

    def step(side: Side, tokens: list[str]) -> None:
        check(side.answer(tokens) == len(tokens) == 20 * n, "W3 answers", side, tokens)
        answered[side] = tokens

    answered: dict[Side, list[str]] = {}
    line = field.compare("W3 answer", 20 * n, ready, step)
    for side, tokens in answered.items():
        closed = side.counts()["cycles_done"]
        check(closed == n * (field.size.repetitions + 1) and side.answer(tokens[:1]) == 0, "W3 end", side, closed)
    yield line


def mail(field: Field) -> Iterator[Line]:
    """W5: claim, write, send and mark mails."""
    n = field.size.mails
    field.reset()
    with _sink() as (port, pid):

        def step(side: Side, _: None) -> None:
            sent = side.dispatch("127.0.0.1", port)
            check(sent == n, "W5 sent", side, sent)

        yield field.compare("W5 mail", n, lambda side: side.queue(n), step, servers=(pid,))
        for side in field.sides:
            again = side.dispatch("127.0.0.1", port)
            check(again == 0, "W5 twice", side, again)
        taken, wanted = _taken(port), 2 * n * (field.size.repetitions + 1)
        if taken != wanted:
            raise SystemExit(f"W5: {taken} mails at the sink, not {wanted}")


@contextmanager
def _sink() -> Iterator[tuple[int, int]]:
    command = [sys.executable, str(HERE / "sink.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sink:
        try:
            assert sink.stdout
            yield int(sink.stdout.readline()), sink.pid
        finally:
            sink.terminate()


def _taken(port: int) -> int:
    with socket.create_connection(("127.0.0.1", port)) as asked, asked.makefile("rb") as replies:
        replies.readline()
        asked.sendall(b"STAT\r\n")
        return int(replies.readline().split()[1])


def check(right: bool, what: str, side: Side, found: object) -> None:
    """End the run where a side left other rows than it should."""
    if not right:
        raise SystemExit(f"{what}: {side.name} left other rows than it should: {found}")
