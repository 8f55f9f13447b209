"""Every route there is has somebody who watches it; and what is no page is kept from running as one."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount

from engine.rules import Rules
from models.db import Database
from tests.indicators import VTE
from tests.integration.test_api import OPERATIONS
from tests.places import make_hospital
from tests.visitors import Pages, pages_of
from tests.walks import launched
from web.api_token import OPEN
from web.app import ROUTERS
from web.next_page import policy_of

PAGES = ("text/html; charset=utf-8", "application/json")


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    make_hospital(database)
    launched(database, rules, now)
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_every_route_is_a_page_with_a_policy_the_api_or_a_static_file(pages: Pages) -> None:
    mounted = {route.path: route.app for route in pages.app.routes if isinstance(route, Mount)}
    assert set(mounted) == {"/api", "/static"}
    assert [route.path for route in pages.app.state.routes if not isinstance(route, APIRoute)] == []
    assert [route.path for route in pages.app.state.routes if policy_of(route) is None] == []
    # Beside what is mounted there are the routers of that list, and nothing that went past it.
    assert len(pages.app.routes) == len(ROUTERS) + len(mounted)
    api = mounted["/api"]
    assert isinstance(api, FastAPI) and not [route for route in api.routes if isinstance(route, Mount)]


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_the_api_answers_nobody_without_a_token_and_all_of_it_is_tried_by_schemathesis(pages: Pages) -> None:
    api = next(route.app for route in pages.app.routes if isinstance(route, Mount) and route.path == "/api")
    assert isinstance(api, FastAPI)
    found = {(path, method.upper()) for path, one in api.openapi()["paths"].items() for method in one}
    assert found == set(OPERATIONS)
    hidden = {str(getattr(route, "path", "")) for route in api.routes} - {path for path, _ in found}
    assert hidden == OPEN, "what is not in the shape is not tried"
    for path, method in found:
        assert pages.visitor().get(f"/api{path}", method).status == 401


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_what_is_no_page_is_handed_out_as_a_file_that_cannot_run(pages: Pages) -> None:
    office = pages.logged_in("eva")
    files = set()
    for route in pages.app.state.routes:
        said = office.get(route.path.format(**dict.fromkeys(route.param_convertors, VTE)), "HEAD")
        kind = said.headers.get("Content-Type")
        if said.status == 200 and kind not in PAGES:
            files.add(route.path)
            assert said.headers["Content-Disposition"].startswith("attachment"), route.path
            assert said.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in said.headers["Content-Security-Policy"]
    assert "/indicators/{slug}/template.xlsx" in files  # evidence has tests of its own
