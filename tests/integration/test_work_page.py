"""Every door on the page of all quality work opens, for those whom it is shown to."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from engine.rules import Rules
from models.db import Database
from tests.places import make_hospital
from tests.visitors import Pages, pages_of
from web.work_page import GROUPS


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["eva", "bo", "dee"])
def test_every_door_that_is_shown_opens_in_both_languages(pages: Pages, name: str) -> None:
    visitor = pages.logged_in(name)
    shown = visitor.get("/work?lang=en").body
    for place in (one for group in GROUPS for one in group.places):
        assert (f'href="{place.path}?lang=en"' in shown) == (name == "eva" or not place.for_office)
        for language in ("en", "zh"):
            page = visitor.get(f"{place.path}?lang={language}")
            assert page.status == (200 if name == "eva" or not place.for_office else 404), place.path
            assert len(page.body.encode()) < 100_000
