"""A tick that finds little costs little, however many tasks are open: SQLite answers every look from an index."""

from datetime import datetime

import pytest
from sqlalchemy import event

from engine.rules import Rules
from engine.sweep import sweep
from models.db import Database
from tests.places import make_hospital


@pytest.mark.parametrize("system", ["sqlite"])
def test_a_tick_never_reads_a_whole_table(database: Database, rules: Rules, now: datetime, system: str) -> None:
    make_hospital(database)
    looks: list[tuple[str, object]] = []

    def listen(_: object, __: object, statement: str, given: object, *rest: object) -> None:
        looks.append((statement, given))

    event.listen(database.engine, "before_cursor_execute", listen)
    sweep(database, rules=rules, now=now)
    event.remove(database.engine, "before_cursor_execute", listen)
    plans = [step for look in looks if look[0].startswith("SELECT") for step in _plan(database, *look)]
    assert plans
    tables = ("cycle", "stage", "task", "decision", "notification", "delivery")
    assert not [
        step for step in plans if step.startswith(tuple(f"SCAN {table}" for table in tables)) and "INDEX" not in step
    ]


def _plan(database: Database, statement: str, given: object) -> list[str]:
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)  # type: ignore[arg-type]
        return [str(row[3]) for row in found]
