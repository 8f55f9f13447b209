"""Every route times every kind of person: who gets a page, who is sent to the login, for whom it is not there."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.routing import APIRoute
from sqlmodel import Session

from config.settings import Settings
from engine.people import people_changed
from engine.rules import Rules
from models.base import Row
from models.db import Database
from models.people import Person, RoleHolding, Unit
from tests.places import make_hospital
from tests.visitors import Answer, Pages, Visitor, pages_of
from tests.walks import launched
from web.access import Policy, is_open
from web.next_page import policy_of
from web.routes import get_page, post_form
from web.security import HEADERS

# Of a cycle of ward 3: hua heads another department, ivy holds no role at all.
ROLES = {"nobody": "", "stranger": "ivy", "other head": "hua", "owner": "dee", "lead": "ana", "head": "bo",
         "office": "eva", "director": "feng"}  # fmt: skip
SEE_IT = {"owner", "lead", "head", "office", "director"}
SEE_ALL = {"office", "director"}
ABOUT_A_CYCLE, ITS_AIM = "/cycles/{code}", "/cycles/{code}/aim"
TYPED = {"code": "C2026-0001", "link_id": "1", "signed": "no.such", "brought": "1.guess", "mail_id": "1", "member": "1"}


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    make_hospital(database)
    with database.transaction("test") as session:
        _add_people(session)
    launched(database, rules, now)
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened


def test_each_route_answers_each_person_as_its_policy_says(pages: Pages, system: str) -> None:
    roles = ROLES if system == "sqlite" else {role: ROLES[role] for role in ("nobody", "owner", "office")}
    people = {role: pages.logged_in(slug) if slug else pages.visitor() for role, slug in roles.items()}
    found = []
    for route in _routes(pages):
        pages.later(minutes=10)  # guesses of links are counted for so long
        for method in sorted(route.methods or ()):
            for role, visitor in people.items():
                status = _ask(visitor, method, route).status
                if status not in _expected(route, method, role):
                    found.append((method, route.path, role, status))
    assert found == []


def test_a_route_without_a_policy_cannot_be_registered(pages: Pages) -> None:
    for register in (get_page, post_form):
        with pytest.raises(TypeError, match="policy"):
            register(APIRouter(), "/login")  # type: ignore[call-arg]
    routes = _routes(pages)
    assert len(routes) > 20
    assert [route.path for route in routes if policy_of(route) is None] == []


def test_no_form_without_its_token_and_no_page_changes_anything(pages: Pages) -> None:
    office = pages.logged_in("eva")
    before = _rows(pages)
    for route in _routes(pages):
        for method in sorted(route.methods or ()):
            for visitor in (office, pages.visitor()):
                _ask(visitor, method, route)
    assert _rows(pages) == before


@pytest.mark.parametrize("system", ["sqlite"])
def test_a_form_about_a_number_that_no_row_has_finds_nothing(pages: Pages) -> None:
    office = pages.logged_in("eva")
    typed = {"form": office.get("/schedules").form, "how": "stop", "do": "triage", "rank": "1", "name": "Dee"}
    before, found = _rows(pages), {}
    for path in (route.path for route in _routes(pages) if "POST" in (route.methods or ())):
        for number in ("x", "0", "-1", "9" * 17, "9" * 30, "%C2%B2") if "{number}" in path else ():
            found[path, number] = office.post(path.replace("{number}", number), typed).status
    assert len(found) > 40 and set(found.values()) <= {404, 422}, found
    assert _rows(pages) == before


def test_every_answer_of_every_route_carries_the_headers(pages: Pages) -> None:
    office = pages.logged_in("eva")
    for route in _routes(pages):
        for method in ("GET", "HEAD", "POST", "PUT"):
            said = _ask(office, method, route)
            missing = {name for name in HEADERS if said.headers.get(name) is None}
            assert missing == set(), (method, route.path)
            assert "eval" not in str(said.headers["Content-Security-Policy"])


def test_a_stranger_learns_of_health_whether_all_is_well_and_nothing_else(pages: Pages) -> None:
    assert pages.visitor().get("/healthz").body in ('{"status":"green"}', '{"status":"red"}')
    assert "loops" in pages.logged_in("ivy").get("/healthz").body


def test_foreign_is_the_same_as_unknown(pages: Pages) -> None:
    ivy = pages.logged_in("ivy")
    foreign, unknown = (ivy.get(f"/cycles/{code}") for code in ("C2026-0001", "C2026-0009"))
    assert (foreign.status, unknown.status) == (404, 404)
    assert foreign.body.replace("C2026-0001", "C2026-0009") == unknown.body


@pytest.mark.parametrize(
    ("given", "opens"),
    [
        ({}, False),
        ({"open_reading": True}, True),
        ({"open_reading": True, "web_host": "0.0.0.0"}, False),
        ({"open_reading": True, "web_host": "10.0.0.5"}, False),
        ({"open_reading": True, "base_url": "https://quality.hospital.test"}, False),
        ({"open_reading": True, "base_url": "http://localhost:8420"}, True),
        ({"base_url": "http://localhost:8420"}, False),
    ],
)
def test_pages_are_open_only_where_that_is_wanted_and_nobody_else_gets_here(
    given: dict[str, object], opens: bool
) -> None:
    assert is_open(Settings.model_validate(given)) is opens


def test_in_the_demo_everything_is_read_and_nothing_changed_without_a_login(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    make_hospital(database)
    launched(database, rules, now)
    with pages_of(database, rules, tmp_path, now, open_reading=True) as pages:
        visitor = pages.visitor()
        page = visitor.get("/cycles/C2026-0001")
        assert page.status == 200
        assert "without a login" in page.body
        before = _rows(pages)
        statuses = {
            _ask(visitor, "POST", route).status
            for route in _routes(pages)
            if "POST" in (route.methods or ()) and policy_of(route) in (Policy.READER, Policy.OFFICE)
        }
        assert statuses == {401}
        assert _rows(pages) == before
        assert visitor.get("/me").to == "/login?next=%2Fme"


def _expected(route: APIRoute, method: str, role: str) -> set[int]:
    """Say which statuses a policy allows."""
    policy, typed = policy_of(route), "{" in route.path
    if method == "POST":  # without the form of its own page
        by_login = {401} if role == "nobody" else {403} if policy is Policy.READER or role in SEE_ALL else {404}
        return by_login if policy in (Policy.READER, Policy.OFFICE) else {403, 404}
    if policy in (Policy.LINK, Policy.DEMO):
        return {404}
    if policy is Policy.PUBLIC:
        return {404} if "oidc" in route.path else {200, 503}
    if role == "nobody":
        return {303}
    if policy is Policy.OFFICE and role not in SEE_ALL:
        return {404}
    if route.path == ABOUT_A_CYCLE:
        return {200} if role in SEE_IT else {404}
    if route.path == ITS_AIM:  # this cycle has no Plan, which only who sees it is told
        return {400} if role in SEE_IT else {404}
    return {200, 404} if typed else {200}


def _ask(visitor: Visitor, method: str, route: APIRoute) -> Answer:
    path = route.path.format(**{name: TYPED.get(name, "unknown") for name in route.param_convertors})
    return visitor.post(path, {}) if method == "POST" else visitor.get(path, method)


def _routes(pages: Pages) -> list[APIRoute]:
    return [route for route in pages.app.state.routes if isinstance(route, APIRoute)]


def _rows(pages: Pages) -> dict[str, list[tuple[object, ...]]]:
    with pages.database.reading() as session:
        tables = Row.metadata.sorted_tables
        return {table.name: [tuple(row) for row in session.execute(sa.select(table))] for table in tables}


def _add_people(session: Session) -> None:
    medicine = Unit(slug="medicine", name_en="Medicine", name_zh="内科", parent_id=1)
    hua, ivy = (Person(slug=slug, name=slug.title(), email=f"{slug}@hospital.test") for slug in ("hua", "ivy"))
    session.add_all([medicine, hua, ivy])
    session.flush()
    session.add(RoleHolding(person_id=hua.id, role="dept-head", unit_id=medicine.id))
    people_changed(session)
