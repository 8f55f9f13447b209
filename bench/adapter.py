"""The product behind JSON lines on stdin and stdout, one request, one reply: for drivers that compare programs."""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from psycopg.conninfo import conninfo_to_dict

if __name__ == "__main__":  # started as a file, from wherever
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.path.remove(str(Path(__file__).resolve().parent))

from bench.assess import make_series
from bench.place import Place, file_place, server_place
from bench.product import Product

Reply: TypeAlias = Mapping[str, object]


class NotOffered(Exception):
    """What the product does not have."""


def _place(asked: Mapping[str, str]) -> Place:
    if asked["db"] == "sqlite-full":
        return file_place(Path(asked["path"]))
    if asked["db"] != "pg":
        raise NotOffered("not offered: the product never writes SQLite without synchronous=FULL")
    parts = conninfo_to_dict(asked["dsn"])
    server = f"postgresql://{parts.get('user', 'postgres')}@{parts['host']}:{parts.get('port', 5432)}/postgres"
    return server_place(server, str(parts["dbname"]))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _sweep(side: Product, asked: Mapping[str, float]) -> Reply:
    batch = {"batch": int(asked["batch"])} if "batch" in asked else {}
    return {"fired": side.sweep(_moment(asked["now"]), **batch)}


OPS: dict[str, Callable[..., Reply | None]] = {
    "hello": lambda side, asked: {"name": side.name},
    "reset": lambda side, asked: side.reset(_place(asked)),
    "attach": lambda side, asked: side.attach(_place(asked)),
    "populate": lambda side, asked: side.populate(asked["open"]),
    "launch": lambda side, asked: {"cycles": side.launch(asked["n"])},
    "all_tokens": lambda side, asked: {"tokens": side.all_tokens(asked["cycle"])},
    "answer": lambda side, asked: {"done": side.answer(asked["tokens"])},
    "make_due": lambda side, asked: {"now": side.make_due(asked["d"], asked["seed"]).timestamp()},
    "sweep": _sweep,
    "counts": lambda side, asked: side.counts(),
    "queue": lambda side, asked: side.queue(asked["n"]),
    "dispatch": lambda side, asked: {"sent": side.dispatch(asked["host"], asked["port"])},
    "assess_prepare": lambda side, asked: side.assess_prepare(make_series(asked["n"], asked["months"])),
    "assess": lambda side, asked: {"assessed": (side.next_month(), side.assess())[1]},
}


def main() -> None:
    """Answer requests until the input ends."""
    side = Product()
    for line in sys.stdin:
        try:
            asked = json.loads(line)
            reply = OPS[asked["op"]](side, asked) or {}
        except Exception as error:  # one bad request never stops the next
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
