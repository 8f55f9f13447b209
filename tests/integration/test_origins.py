"""A cycle that began from something keeps what, is launched once for it, and says so on its page."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.launch import Launch
from engine.origins import launch_from
from engine.rules import Rules
from models.assessment import Origin, OriginKind
from models.db import Database
from models.reads.origins import cycles_from, find_origin
from tests.places import make_hospital
from tests.visitors import Pages, pages_of

LAUNCH = Launch(template="pdca", unit="ward-3", lead="ana", title="Falls on ward 3", allow_unstaffed=True)


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened


def begin(pages: Pages, rules: Rules, subject_id: int, part: str = "") -> str:
    with pages.database.transaction("test") as session:
        kind = OriginKind.EVENT
        return launch_from(session, kind, subject_id, LAUNCH, rules=rules, by=None, now=pages.now, part=part).code


def test_one_thing_launches_one_cycle_for_each_part(pages: Pages, rules: Rules) -> None:
    first = begin(pages, rules, 7)
    assert begin(pages, rules, 7) == first
    other = begin(pages, rules, 7, part="ward-4")
    third = begin(pages, rules, 8)
    assert len({first, other, third}) == 3
    with pages.database.reading() as session:
        begun = cycles_from(session, OriginKind.EVENT, 7)
        assert [cycle.code for cycle in begun] == [first, other]
        assert not cycles_from(session, OriginKind.FEEDBACK, 7)
        origin = find_origin(session, begun[0].id)
        assert origin and (origin.subject_id, origin.previous_id) == (7, None)


def test_its_page_leads_back(pages: Pages, rules: Rules) -> None:
    page = pages.logged_in("eva").get(f"/cycles/{begin(pages, rules, 7)}?lang=zh")
    assert "不良事件 7" in page.body and "/events/7" in page.body


def test_the_database_refuses_an_origin_of_nothing_and_of_both(pages: Pages, rules: Rules) -> None:
    code = begin(pages, rules, 7)
    with pages.database.reading() as session:
        begun = cycles_from(session, OriginKind.EVENT, 7)[0]
        assert begun.code == code
    for previous in (None, begun.id):
        wrong = sa.update(Origin).values(previous_id=previous, subject_id=7 if previous else None)
        with pytest.raises(sa.exc.IntegrityError), pages.database.transaction("test") as session:
            session.execute(wrong)
