"""What a deed leaves, written out whole: rows with all their columns, letters in both languages, in tests/data/whole.

A change that is meant is written with WARDCYCLE_CHRONICLE=1, and read as a diff.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from models.audit import Audit
from models.base import Row, table_of
from models.db import Database
from models.notification import Delivery
from notifications.letters import gather
from notifications.render import Renderer
from tests.letter import is_to_the_letter, words_of

RUN = re.compile(r"(\w)\1{19,}")
RENDERER = Renderer(ZoneInfo("Asia/Shanghai"), roles={})


def rows(database: Database, noun: type[Row], *without: str) -> list[str]:
    """Write each row of a table with every column that holds something: no empty text, no nought."""
    table = table_of(noun)
    with database.reading() as session:
        found = session.execute(sa.select(table).order_by(*table.primary_key)).mappings().all()
    return [f"{table.name}: {_columns(row, without)}" for row in found]


def trail(database: Database) -> list[str]:
    """Write the audit trail without its hashes."""
    return rows(database, Audit, "previous_hash", "hash")


def letters(database: Database, on: date) -> list[str]:
    """Write what each delivery says, in both languages; without greeting, signature and empty lines."""
    with database.reading() as session:
        ids = list(session.execute(sa.select(table_of(Delivery).c.id).order_by(sa.text("id"))).scalars())
        found = gather(session, ids, on=on)
    known: dict[tuple[str, ...], int] = {}
    lines = []
    for number, one in enumerate(ids, 1):  # not the ids: one database leaves gaps where another leaves none
        both = (replace(found[one], language=language) for language in ("en", "zh"))
        said = tuple(f"   {line}" for letter in both for line in words_of(RENDERER.write(letter)))
        first = known.setdefault(said, number)
        lines += [f"letter {number}: as letter {first}"] if first != number else [f"letter {number}:", *said]
    return lines


def is_as_written(name: str, lines: Iterable[str]) -> None:
    """Compare with what stands in the file of this name; there a long run of one letter is its letter and number."""
    is_to_the_letter("whole", name, [RUN.sub(lambda run: f"{run[1]} * {len(run[0])}", line) for line in lines])


def _columns(row: sa.RowMapping, without: Iterable[str]) -> str:
    held = {name: value for name, value in row.items() if name not in without and value}
    return "; ".join(f"{name} {value}" for name, value in held.items())
