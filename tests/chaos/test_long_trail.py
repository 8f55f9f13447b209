"""A trail of years: the whole of it is verified in seconds, and whatever is done to a row of it is found."""

from datetime import datetime, timedelta
from random import Random
from time import process_time

import sqlalchemy as sa
from sqlalchemy import Connection

from models.audit import Verdict, record, verify
from models.db import Database
from tests.chaos.sizes import size

N_ROWS = size(2_000, 1_000_000)
N_TAMPERS = size(100, 5_000)  # on each database system
N_TAMPERED = 40
WORDS = ("better", "", "x" * 20, "原因", "0", "done ")
# What the trail says, the places of its chain, and the columns in which a number or a moment stands.
TEXTS = ("door", "what", "entity", "before", "after", "why", "outcome", "previous_hash", "hash")
OTHERS = {"id": "id + 1000", "by_id": "coalesce(by_id, 0) + 1", "entity_id": "entity_id + 1"}


def write(database: Database, now: datetime, n_rows: int) -> None:
    for begin in range(0, n_rows, 5_000):
        with database.transaction("test") as session:
            for n in range(begin, min(begin + 5_000, n_rows)):
                facts = {"status": "open", "deadline_at": now + timedelta(days=3), "owners": [n, n + 1]}
                record(
                    session,
                    "task.open",
                    "task",
                    n,
                    by=n % 9 or None,
                    now=now + timedelta(seconds=n),
                    after=facts,
                    why="说明" * (n % 3),
                )


def test_a_trail_of_years_is_verified_and_one_row_of_it_cannot_change(database: Database, now: datetime) -> None:
    write(database, now, N_ROWS)
    began = process_time()
    with database.reading() as session:
        assert verify(session) == Verdict(N_ROWS)
    print(f"{database.engine.name}: {N_ROWS} rows verified in {process_time() - began:.1f} s of CPU")
    place = N_ROWS * 2 // 3
    with database.engine.begin() as connection:
        _unguard(connection)
        connection.execute(sa.text("UPDATE audit SET why = why || ' ' WHERE id = :id"), {"id": place})
    with database.reading() as session:
        assert verify(session) == Verdict(place - 1, place, "changed")


def test_whatever_is_done_to_whichever_row_is_found(database: Database, now: datetime) -> None:
    write(database, now, N_TAMPERED)
    random = Random(7)
    with database.engine.begin() as connection:
        _unguard(connection)
    found = 0
    for _ in range(N_TAMPERS):
        with database.reading() as session:  # rolled back: each begins with the same trail
            rows = session.execute(sa.text("SELECT * FROM audit ORDER BY id")).all()
            statement = _tamper(random)
            session.execute(sa.text(statement[0]), statement[1])
            if session.execute(sa.text("SELECT * FROM audit ORDER BY id")).all() == rows:
                continue  # the word stood there already
            found += 1
            assert verify(session).kind is not None, statement
    print(f"{database.engine.name}: {found} changes, all found")
    assert found > N_TAMPERS * 0.8
    with database.reading() as session:
        assert verify(session) == Verdict(N_TAMPERED)


def _tamper(random: Random) -> tuple[str, dict[str, object]]:
    """Write something that an owner of the database may do to a row."""
    row = random.randint(1, N_TAMPERED)
    other = random.choice([n for n in range(1, N_TAMPERED + 1) if n != row])
    deeds: list[tuple[str, dict[str, object]]] = [
        (
            f"UPDATE audit SET {random.choice(TEXTS)} = :word WHERE id = :row",
            {"word": random.choice(WORDS), "row": row},
        ),
        (f"UPDATE audit SET {_set(random.choice([*OTHERS]))} WHERE id = :row", {"row": row}),
        (f"UPDATE audit SET {_from(random.choice(TEXTS))} WHERE id = :row", {"row": row, "other": other}),
        ("UPDATE audit SET at = (SELECT max(at) FROM audit) WHERE id = :row", {"row": row}),
        ("DELETE FROM audit WHERE id = :row", {"row": row}),
        ("DELETE FROM audit WHERE id >= :row", {"row": row}),
    ]
    return random.choice(deeds)


def _set(column: str) -> str:
    return f"{column} = {OTHERS[column]}"


def _from(column: str) -> str:
    return f"{column} = (SELECT o.{column} FROM audit o WHERE o.id = :other)"


def _unguard(connection: Connection) -> None:
    """Take the triggers away, as somebody who owns the database can."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        return
    for name in connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
        connection.execute(sa.text(f"DROP TRIGGER {name}"))
