"""The benchmarks as one command: a table for people, JSON for machines."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from bench.assess_workloads import assess
from bench.meter import Measured, parent_of
from bench.place import file_place, server_place
from bench.product import Product
from bench.race import Raced, race
from bench.raw import Raw
from bench.workloads import FULL, SMALL, Field, Line, Size, answer, launch, mail, sweep
from models.db import normal_url
from tests.postgres import plain, running

SIZES = {"small": SMALL, "full": FULL}
WORKLOADS = {"w1": launch, "w2": sweep, "w3": answer, "w4": assess, "w5": mail}
SERVER = "WARDCYCLE_BENCH_POSTGRES"
HEAD = ("workload", "database", "product ms", "raw ms", "ratio", "product cpu", "raw cpu", "cpu ratio")


def main() -> None:
    """Run what the command line asks for."""
    asked = _arguments()
    with TemporaryDirectory(prefix="wardcycle-bench-") as folder, ExitStack() as stack:
        fields = [sqlite_field(Path(folder), SIZES[asked.size])]
        try:
            server = stack.enter_context(_server())
            fields.append(postgres_field(server, SIZES[asked.size]))
        except FileNotFoundError as missing:
            print(f"PostgreSQL is not measured: {missing} Or name a server in {SERVER}.", file=sys.stderr)
        lines, raced = run(fields, asked.w, say=lambda line: print(_row(_cells(line)), flush=True))
    if asked.json:
        asked.json.write_text(json.dumps(report(lines, raced), indent=2) + "\n")


def run(
    fields: Sequence[Field], workloads: Sequence[str], *, say: Callable[[Line], None]
) -> tuple[list[Line], list[Raced]]:
    """Run workloads on each database system; `say` hears each line at once."""
    print(_row(HEAD))
    lines: list[Line] = []
    raced: list[Raced] = []
    for field in fields:
        for name in workloads:
            if name in WORKLOADS:
                for line in WORKLOADS[name](field):
                    lines.append(line)
                    say(line)
            else:
                raced.append(race(field.places[Product], field.size.raced, kill=name == "crash"))
                print(_told(raced[-1]), flush=True)
        field.close()
    return lines, raced


def report(lines: Sequence[Line], raced: Sequence[Raced]) -> dict[str, object]:
    """Put everything that was measured into JSON: milliseconds for a unit of work."""
    return {
        "lines": [
            {
                "workload": line.workload,
                "database": line.system,
                "ratio": round(line.ratio, 2),
                "cpu_ratio": round(line.cpu_ratio, 2),
                "product": _measured(line.product),
                "raw": _measured(line.raw),
            }
            for line in lines
        ],
        "races": [vars(one) | {"exactly_once": one.exactly_once} for one in raced],
    }


def sqlite_field(folder: Path, size: Size) -> Field:
    """Both sides as files in a folder."""
    return Field({Product: file_place(folder / "product.db"), Raw: file_place(folder / "raw.db")}, size)


def postgres_field(server: str, size: Size) -> Field:
    """Both sides as databases of a server."""
    product, raw = (server_place(server, f"wardcycle_bench_{side}") for side in ("product", "raw"))
    return Field({Product: product, Raw: raw}, size, _processes(server))


@contextmanager
def _server() -> Iterator[str]:
    """Give the server that the environment names, or start one that is durable as a hospital's."""
    given = os.environ.get(SERVER)
    if given:
        yield given
        return
    os.environ["WARDCYCLE_TEST_DURABLE"] = "1"  # or it would never wait for the disk
    with running() as server:
        yield server.url.render_as_string(hide_password=False)


def _processes(server: str) -> tuple[int, ...]:
    """Find the server's first process, if it runs on this machine, so that its work is counted too."""
    with psycopg.connect(plain(normal_url(server))) as connection:
        ours, address = connection.info.backend_pid, connection.info.hostaddr
    first = parent_of(ours) if address in ("127.0.0.1", "::1") else None
    return (first,) if first else ()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--w", nargs="+", choices=[*WORKLOADS, "race", "crash"], default=[*WORKLOADS, "race", "crash"])
    parser.add_argument("--json", type=Path, help="also write everything into this file")
    return parser.parse_args()


def _cells(line: Line) -> tuple[str, ...]:
    numbers = line.product.wall_ms, line.raw.wall_ms, line.ratio, line.product.cpu_ms, line.raw.cpu_ms, line.cpu_ratio
    return line.workload, line.system, *(f"{number:.3f}" for number in numbers)


def _row(cells: Sequence[str]) -> str:
    return f"{cells[0]:<32}{cells[1]:<12}" + "".join(f"{cell:>12}" for cell in cells[2:])


def _told(raced: Raced) -> str:
    words = "exactly once" if raced.exactly_once else f"{raced.n_told} TOLD, {raced.n_twice} TWICE"
    return f"{raced.name:<32}{raced.system:<12}{raced.n_due} due, by sweeper {list(raced.fired)}: {words}"


def _measured(measured: Measured) -> dict[str, object]:
    walls = [round(one.wall / measured.per * 1e3, 4) for one in measured.spent]
    return {"wall_ms": round(measured.wall_ms, 4), "cpu_ms": round(measured.cpu_ms, 4), "each_wall_ms": walls}


if __name__ == "__main__":
    main()
