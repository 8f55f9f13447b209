"""The demo hospital shows an event of each class at another stage."""

from datetime import datetime

import pytest
from sqlmodel import col, select

from cli.demo_events import show_events
from config.catalogue import SHIPPED
from engine.hospital import import_hospital
from engine.receipt_codes import mark_of
from engine.rules import Rules
from models.db import Database
from models.event import Event
from models.reads.events import find_by_mark


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_events_of_the_demo_stand_at_different_stages(database: Database, rules: Rules, now: datetime) -> None:
    with database.transaction("demo") as session:
        import_hospital(session, SHIPPED / "demo", rules=rules, by=None, now=now)
    with database.transaction("demo") as session:
        show_events(session, rules=rules, now=now)
    with database.reading() as session:
        rows = session.exec(select(Event).order_by(col(Event.id))).all()
        assert [(one.severity, one.status.value) for one in rows] == [
            ("IV", "closed"), ("III", "triaged"), ("II", "analysing"), (None, "closed"), (None, "received"),
        ]  # fmt: skip
        assert find_by_mark(session, mark_of("event", "DEM0-0001-0001")) is not None
