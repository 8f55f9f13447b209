"""The demo hospital shows one cycle of each verdict, with its picture, and all the rest of its gates hold."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from cli.demo import acts_of
from cli.story import STORIES
from config.catalogue import SHIPPED
from engine.hospital import import_hospital
from engine.rules import Rules
from models.assessment import Assessment, CycleEnding, Ending, Seal
from models.db import Database
from models.pictures import draw_record
from models.records import record_from
from spc.verdict import Verdict

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_the_demo_has_one_cycle_of_each_verdict_with_its_picture(database: Database, rules: Rules) -> None:
    with database.transaction("demo") as session:
        import_hospital(session, SHIPPED / "demo", rules=rules, by=None, now=NOW - timedelta(days=400))
    for story in (one for one in STORIES if one.counted):
        for act in acts_of(story, rules, NOW):
            with database.transaction("demo") as session:
                act.do(session, act.at)
    with database.reading() as session:
        made = session.exec(select(Assessment)).all()
        endings = sorted(one.ending for one in session.exec(select(CycleEnding)))
        assert len(session.exec(select(Seal)).all()) == len(made)
    assert {one.verdict for one in made} == set(Verdict)
    assert not any(one.too_little for one in made)
    assert endings == [Ending.ABANDON] * 3 + [Ending.ADOPT] * 2
    for one in made:
        found = record_from(one.record)
        assert found.said.headline.zh in draw_record(found, "zh")
