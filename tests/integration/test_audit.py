"""The trail: an unbroken chain whatever is written and whoever writes, refused changes, and tampering that shows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from models.audit import GENESIS, Audit, AuditHead, Verdict, find_history, record, verify
from models.db import Database
from tests.chaos.sizes import size

# PostgreSQL keeps no NUL in a text; the doors refuse what UTF-8 cannot write.
TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=60)


def write(database: Database, now: datetime, n_rows: int, *, entity_id: int = 1) -> None:
    with database.transaction("test") as session:
        for n in range(n_rows):
            record(
                session, "task.open", "task", entity_id, by=7, now=now, before={"n": n}, after={"n": n + 1}, why="原因"
            )


def verdict(database: Database) -> Verdict:
    with database.reading() as session:
        return verify(session)


def rows(database: Database) -> list[Audit]:
    with database.reading() as session:
        return list(session.exec(select(Audit).order_by(col(Audit.id))))


def tamper(database: Database, *statements: str) -> None:
    """Change the trail as somebody who owns the database can: without its triggers."""
    with database.engine.begin() as connection:
        if database.is_sqlite:
            found = connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            drops = [f"DROP TRIGGER {name}" for name in found]
        else:
            drops = ["ALTER TABLE audit DISABLE TRIGGER ALL"]
        for statement in (*drops, *statements):
            connection.execute(sa.text(statement))


def test_an_empty_trail_is_sound(database: Database) -> None:
    assert verdict(database) == Verdict(0)


def test_the_chain_begins_at_its_genesis_and_goes_on_over_transactions(database: Database, now: datetime) -> None:
    write(database, now, 3)
    write(database, now, 2)
    found = rows(database)
    assert [row.id for row in found] == [1, 2, 3, 4, 5]
    assert [row.previous_hash for row in found] == [GENESIS, *(row.hash for row in found[:-1])]
    assert len({row.hash for row in found}) == 5
    assert verdict(database) == Verdict(5)


def test_a_transaction_that_fails_leaves_no_row_and_no_gap(database: Database, now: datetime) -> None:
    write(database, now, 1)
    with pytest.raises(RuntimeError), database.transaction("test") as session:
        record(session, "task.open", "task", 1, by=None, now=now)
        raise RuntimeError
    write(database, now, 1)
    assert [row.id for row in rows(database)] == [1, 2]
    assert verdict(database) == Verdict(2)


def test_the_history_of_one_thing_is_read_oldest_first(database: Database, now: datetime) -> None:
    for entity_id in (1, 2, 1):
        write(database, now, 1, entity_id=entity_id)
    with database.reading() as session:
        assert [row.id for row in find_history(session, "task", 1)] == [1, 3]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=size(25, 2_000))
@given(
    why=TEXTS,
    facts=st.dictionaries(TEXTS, TEXTS | st.integers() | st.none() | st.booleans(), max_size=3),
    at=st.datetimes(
        min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - the zone is drawn beside it
        timezones=st.sampled_from([timezone(timedelta(hours=hours)) for hours in (-11, 0, 8)]),
    ),
)
def test_whatever_is_written_in_whatever_zone_verifies(
    database: Database, why: str, facts: dict[str, object], at: datetime
) -> None:
    with database.transaction("test") as session:
        record(session, "task.open", "task", 1, by=None, now=at, after=facts, why=why)
    assert verdict(database).kind is None


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET why = 'better'", "UPDATE audit SET id = 9", "DELETE FROM audit"]
)
def test_the_database_itself_refuses_to_change_the_trail(database: Database, now: datetime, statement: str) -> None:
    write(database, now, 1)
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), database.transaction("test") as session:
        session.execute(sa.text(statement))
    assert verdict(database) == Verdict(1)


def test_the_trail_cannot_be_emptied_or_written_over_at_once(database: Database, now: datetime) -> None:
    write(database, now, 1)
    columns = ", ".join(column.name for column in Audit.__table__.columns)  # type: ignore[attr-defined]
    over = f"REPLACE INTO audit ({columns}) SELECT {columns.replace('why', repr('better'))} FROM audit"
    statement = over if database.is_sqlite else "TRUNCATE audit"
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), database.transaction("test") as session:
        session.execute(sa.text(statement))
    assert verdict(database) == Verdict(1)


SWAP = (
    "UPDATE audit SET id = -2 WHERE id = 2",
    "UPDATE audit SET id = 2 WHERE id = 3",
    "UPDATE audit SET id = 3 WHERE id = -2",
)
KEPT = "at, by_id, door, what, entity, entity_id, before, after, why, outcome, hash"
COPY = f"INSERT INTO audit (id, previous_hash, {KEPT}) SELECT {{}}, {{}}, {KEPT} FROM audit WHERE id = {{}}"


@pytest.mark.parametrize(
    ("statements", "bad_id", "kind"),
    [
        (["UPDATE audit SET why = 'better' WHERE id = 2"], 2, "changed"),
        (["UPDATE audit SET by_id = NULL WHERE id = 1"], 1, "changed"),
        (["UPDATE audit SET at = '2020-01-01 00:00:00' WHERE id = 4"], 4, "changed"),
        (["UPDATE audit SET hash = previous_hash WHERE id = 4"], 4, "changed"),
        (["UPDATE audit SET previous_hash = hash WHERE id = 3"], 3, "chain"),
        (["DELETE FROM audit WHERE id = 2"], 2, "missing"),
        (["DELETE FROM audit WHERE id = 1"], 1, "missing"),
        (["DELETE FROM audit WHERE id = 4"], 4, "missing"),
        (["DELETE FROM audit WHERE id > 2"], 3, "missing"),
        (["DELETE FROM audit"], 1, "missing"),
        ([COPY.format(5, "previous_hash", 4)], 5, "chain"),
        ([COPY.format(5, "hash", 4)], 5, "changed"),
        ([COPY.format(0, "previous_hash", 1)], 0, "added"),
        (["UPDATE audit SET id = 9 WHERE id = 2"], 2, "missing"),
        (SWAP, 2, "chain"),
        (["UPDATE audit_head SET hash = 'x'"], 4, "head"),
        (["UPDATE audit_head SET last_id = 3"], 4, "added"),
        (["DELETE FROM audit_head"], 4, "head"),
    ],
)
def test_tampering_names_the_first_bad_row_and_its_kind(
    database: Database, now: datetime, statements: list[str], bad_id: int, kind: str
) -> None:
    write(database, now, 4)
    tamper(database, *statements)
    found = verdict(database)
    assert (found.bad_id, found.kind) == (bad_id, kind)


def test_a_row_added_with_a_right_hash_still_shows_at_the_end(database: Database, now: datetime) -> None:
    write(database, now, 2)
    with database.reading() as session:
        before = session.exec(select(AuditHead)).one()
    write(database, now, 2)
    tamper(database, f"UPDATE audit_head SET last_id = {before.last_id}, hash = '{before.hash}'")
    assert verdict(database) == Verdict(4, 3, "added")


def test_four_writers_at_once_make_one_unbroken_chain(database: Database, now: datetime) -> None:
    def writer(number: int) -> None:
        for _ in range(10):
            write(database, now, 2, entity_id=number)

    _at_once(writer)
    assert verdict(database) == Verdict(80)
    assert {row.entity_id for row in rows(database)} == {0, 1, 2, 3}


def test_a_verification_is_not_misled_by_what_is_written_meanwhile(database: Database, now: datetime) -> None:
    write(database, now, 3)
    with database.reading() as session:
        assert _head(session) == 3
        if database.is_sqlite and database.journal != "WAL":  # a reader keeps writers out
            assert verify(session) == Verdict(3)
            return
        write(database, now, 1)
        assert verify(session) == Verdict(3)
    assert verdict(database) == Verdict(4)


def _head(session: Session) -> int:
    return session.exec(select(AuditHead)).one().last_id


def _at_once(work: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, number) for number in range(4)]:
            done.result()
