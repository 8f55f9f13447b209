"""The JSON route: a system with a token sends values, twice the same is once, and nothing else gets in."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from sqlmodel import col, select

from engine.rules import Rules
from engine.systems import make_token, revoke_token
from models.audit import Audit
from models.db import Database
from models.indicator import FormerObservation, Observation
from models.systems import SystemRequest, SystemToken
from tests.chaos.sizes import size
from tests.indicators import FALLS, VTE, unit_of
from tests.places import make_hospital
from tests.visitors import Pages, pages_of
from web.api_token import MOST_A_MINUTE, MOST_BYTES

PATH = "/api/observations"
OPERATIONS = (("/observations", "GET"), ("/observations", "POST"))  # all there are, as tests/security makes sure
ONE: dict[str, object] = {"indicator": VTE, "unit": "ward-3", "period": "2026-01", "value": 80, "denominator": 100}


@dataclass(frozen=True)
class Said:
    """What the route answered."""

    status: int
    json: dict[str, object]
    headers: dict[str, str]


@dataclass
class System:
    """A system of the hospital with its token."""

    pages: Pages
    token: str

    def send(self, *values: dict[str, object], key: str = "", **more: object) -> Said:
        return self.ask("POST", PATH, json.dumps({"observations": values, **more}), key)

    def ask(self, method: str, path: str, body: str | None = None, key: str = "") -> Said:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        connection = HTTPConnection(urlsplit(self.pages.site).netloc, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Said(
                answer.status, json.loads(answer.read() or b"{}"), {k.lower(): v for k, v in answer.getheaders()}
            )
        finally:
            connection.close()


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened


@pytest.fixture
def his(pages: Pages) -> System:
    return System(pages, token_of(pages, "his"))


def token_of(pages: Pages, system: str, unit: str | None = None) -> str:
    unit_id = unit_of(pages.database, unit) if unit else None
    with pages.database.transaction("test") as session:
        return make_token(session, system, unit_id=unit_id, rules=pages.rules, by=None, now=pages.now)


def stored(pages: Pages) -> list[tuple[str, date, float | None, str]]:
    with pages.database.reading() as session:
        rows = session.exec(select(Observation).order_by(col(Observation.id)))
        return [(row.indicator, row.period_on, row.value, row.door) for row in rows]


def test_values_go_in_and_come_out_again(pages: Pages, his: System) -> None:
    falls = {"indicator": FALLS, "unit": "Ward 3", "period": "2026年2月", "value": 3, "denominator": 900, "note": "ok"}
    said = his.send(ONE, falls)
    assert (said.status, said.json["new"], said.json["problems"]) == (200, 2, [])
    assert stored(pages) == [(VTE, date(2026, 1, 1), 80, "api:his"), (FALLS, date(2026, 2, 1), 3, "api:his")]
    assert his.send(ONE).json["same"] == 1
    found = his.ask("GET", f"{PATH}?indicator={VTE}")
    assert found.json == {
        "observations": [{**ONE, "provisional": False, "note": "", "corrections": 0}],
        "next_offset": None,
    }
    assert his.ask("GET", f"{PATH}?first=2026-02-01").json["observations"] != []
    first = his.ask("GET", f"{PATH}?limit=1").json
    assert first["next_offset"] == 1
    assert his.ask("GET", f"{PATH}?limit=1&offset=1").json["next_offset"] is None
    assert "set-cookie" not in said.headers


def test_a_correction_keeps_the_former_value_and_its_reason(pages: Pages, his: System) -> None:
    his.send(ONE)
    assert his.send({**ONE, "value": 82}, why="late records").json["corrected"] == 1
    with pages.database.reading() as session:
        assert [(one.value, one.why) for one in session.exec(select(FormerObservation))] == [(80, "late records")]


def test_the_same_key_and_body_get_the_same_answer_and_another_body_is_refused(pages: Pages, his: System) -> None:
    first = his.send(ONE, key="k1")
    again = his.send(ONE, key="k1")
    assert (again.status, again.json) == (first.status, first.json) and again.json["new"] == 1
    assert again.headers["idempotent-replayed"] == "true" and "idempotent-replayed" not in first.headers
    other = his.send({**ONE, "value": 81}, key="k1")
    assert other.status == 409 and "key" in str(other.json)
    assert [row[2] for row in stored(pages)] == [80]
    lis = System(pages, token_of(pages, "lis"))
    assert lis.send({**ONE, "value": 81}, key="k1").status == 200  # another system, its own keys
    bad = ONE | {"value": 800}
    assert his.send(bad, key="k2").json["refused"] == 1
    assert his.send(bad, key="k2").headers["idempotent-replayed"] == "true"


def test_good_values_are_kept_and_bad_ones_named_by_their_place(pages: Pages, his: System) -> None:
    said = his.send(
        ONE, {**ONE, "period": "2026-02", "value": 180}, {**ONE, "unit": "wrad"}, {**ONE, "period": "115/3"}
    )
    assert (said.status, said.json["new"], said.json["refused"]) == (200, 1, 3)
    problems = said.json["problems"]
    assert isinstance(problems, list)
    assert [one["path"] for one in problems] == [
        "observations[1].value",
        "observations[2].unit",
        "observations[3].period",
    ]
    assert all(one["en"] and one["zh"] for one in problems)


def test_all_or_nothing_is_all_or_nothing(pages: Pages, his: System) -> None:
    said = his.send(ONE, {**ONE, "unit": "nowhere"}, all_or_nothing=True)
    assert (said.status, said.json["left"], said.json["refused"]) == (200, 1, 1)
    said = his.send(ONE, {**ONE, "period": "2026-02", "value": 180}, all_or_nothing=True)
    assert (said.status, said.json["left"], stored(pages)) == (200, 1, [])


def test_a_token_of_one_unit_reaches_that_unit_and_below(pages: Pages) -> None:
    ward = System(pages, token_of(pages, "ward-system", "surgery"))
    said = ward.send(ONE, {**ONE, "unit": "quality-dept"})
    assert (said.json["new"], said.json["refused"]) == (1, 1)
    System(pages, token_of(pages, "his")).send({**ONE, "unit": "quality-dept"})
    rows = ward.ask("GET", PATH).json["observations"]
    assert isinstance(rows, list) and [row["unit"] for row in rows] == ["ward-3"]


def test_without_a_good_token_nothing_is_said(pages: Pages, his: System) -> None:
    for token in ("", "wc_", "wc_guess", his.token[:-1], his.token + "x", "x" * 5000):
        assert System(pages, token).send(ONE).status == 401
    assert System(pages, "wc_guess").ask("GET", PATH).headers["www-authenticate"] == "Bearer"
    with pages.database.transaction("test") as session:
        revoke_token(session, "his", by=None, now=pages.now)
    assert his.send(ONE).status == 401
    assert stored(pages) == []


def test_a_new_token_ends_the_former_one_and_only_its_hash_is_kept(pages: Pages, his: System) -> None:
    renewed = token_of(pages, "his")
    assert his.send(ONE).status == 401 and System(pages, renewed).send(ONE).status == 200
    with pages.database.reading() as session:
        assert all(renewed not in row.digest for row in session.exec(select(SystemToken)))
        assert all(renewed not in row.after + row.why for row in session.exec(select(Audit)))


def test_who_tries_too_often_waits(pages: Pages, his: System) -> None:
    statuses = [his.ask("GET", f"{PATH}?limit=1").status for _ in range(MOST_A_MINUTE + 1)]
    assert statuses == [200] * MOST_A_MINUTE + [429]
    pages.later(minutes=1)
    assert his.ask("GET", PATH).status == 200
    guesses = [System(pages, f"wc_{n}").ask("GET", PATH).status for n in range(32)]
    assert guesses[0] == 401 and guesses[-1] == 429
    assert his.ask("GET", PATH).status == 200  # from the same address, with its own token


MISSHAPEN = {
    "no JSON": ("{", 400, ""),
    "not an object": ("[]", 422, ""),
    "no values": ('{"observations": []}', 422, "observations"),
    "too many": (json.dumps({"observations": [ONE] * 1001}), 422, "observations"),
    "unknown key": (json.dumps({"observations": [{**ONE, "valeu": 1}]}), 422, "observations[0].valeu"),
    "number as text": (json.dumps({"observations": [{**ONE, "value": "80"}]}), 422, "observations[0].value"),
    "not finite": ('{"observations": [{"indicator":"x","unit":"y","period":"2026","value":NaN}]}', 422, ""),
    "endless": ('{"observations": [{"indicator":"x","unit":"y","period":"2026","value":1e999}]}', 422, ""),
    "a huge whole number": (json.dumps({"observations": [{**ONE, "value": 10**400}]}), 422, "observations[0].value"),
    "period as a number": (json.dumps({"observations": [{**ONE, "period": 202601}]}), 422, "observations[0].period"),
    "too large": ('{"observations": "' + "x" * MOST_BYTES + '"}', 413, ""),
}


@pytest.mark.parametrize("name", MISSHAPEN)
def test_another_shape_is_refused_with_its_place(pages: Pages, his: System, name: str) -> None:
    body, status, path = MISSHAPEN[name]
    said = his.ask("POST", PATH, body)
    assert said.status == status
    problems = said.json["problems"]
    assert isinstance(problems, list) and problems
    assert not path or path in [one["path"] for one in problems]
    assert stored(pages) == []


def test_nul_in_a_text_is_left_out_and_does_no_harm(pages: Pages, his: System) -> None:
    assert his.send({**ONE, "note": "a\0b"}, why="x\0y").status == 200
    assert his.send({**ONE, "value": 81, "unit": "ward\0-3"}).status == 200
    assert his.send({**ONE, "value": 82}, why="x\0y").status == 200


def test_the_shape_is_public_and_names_the_token(pages: Pages) -> None:
    said = System(pages, "").ask("GET", "/api/openapi.json")
    assert said.status == 200 and "HTTPBearer" in json.dumps(said.json)
    assert System(pages, "").ask("GET", "/api/docs").status == 401


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_schemathesis_finds_nothing(pages: Pages, his: System, path: str, method: str) -> None:
    """The real application with a real token, over HTTP."""
    headers = {"Authorization": f"Bearer {his.token}"}
    operation = schemathesis.openapi.from_url(f"{pages.site}/api/openapi.json")[path][method]

    def every_answer_is_as_promised(case: Case) -> None:  # type: ignore[type-arg]
        pages.later(minutes=1)  # the pace of one minute is another test
        case.call_and_validate(base_url=f"{pages.site}/api", headers=headers)

    strategy = operation.as_strategy()
    few = settings(max_examples=size(20, 5_000), suppress_health_check=list(HealthCheck))
    few(given(case=strategy)(every_answer_is_as_promised))()


def test_answers_that_are_old_are_forgotten(pages: Pages, his: System) -> None:
    his.send(ONE, key="old")
    pages.later(days=31)
    his.send(ONE, key="new")
    with pages.database.reading() as session:
        assert [one.key for one in session.exec(select(SystemRequest))] == ["new"]
