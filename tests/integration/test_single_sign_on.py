"""Single sign-on against a real provider on loopback: who gets in, who does not, and what it never makes."""

from collections.abc import Iterator
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from joserfc.jwk import OctKey, RSAKey

from engine.rules import Rules
from models.account import LoginSession
from models.audit import Audit
from models.db import Database
from models.people import Person
from tests.oidc_provider import CLIENT, SECRET, Provider, provider_at_work
from tests.places import PEOPLE, make_hospital
from tests.visitors import Answer, Pages, Visitor, pages_of

# The queries behind these pages run on both databases in tests of their own, and test_policies opens each page on both.
pytestmark = pytest.mark.parametrize("system", ["sqlite"], indirect=True)


@pytest.fixture
def provider(now: datetime) -> Iterator[Provider]:
    with provider_at_work(int(now.timestamp())) as opened:
        yield opened


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime, provider: Provider) -> Iterator[Pages]:
    make_hospital(database)
    given = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    with pages_of(
        database, rules, tmp_path, now, **given, oidc_name="Staff portal", base_url="http://127.0.0.1"
    ) as opened:
        yield opened


def test_somebody_the_provider_has_verified_gets_in_where_they_wanted_to_go(pages: Pages) -> None:
    visitor = pages.visitor()
    assert "Log in with Staff portal" in visitor.get("/login").body
    done = _go(visitor, "/login/oidc?next=/tasks")
    assert (done.status, done.to) == (303, "/tasks")
    assert "Ana Ferro" in visitor.get("/tasks").body
    assert [one.person_id for one in pages.accounts()] == [pages.person("ana").id]
    assert _audited(pages) == ["account.link", "account.log-in"]


def test_once_linked_the_subject_counts_and_the_address_no_more(pages: Pages, provider: Provider) -> None:
    _go(pages.visitor())
    provider.email, provider.verified = "bo@hospital.test", True
    visitor = pages.visitor()
    _go(visitor)
    assert "Ana Ferro" in visitor.get("/tasks").body
    provider.subject, provider.email = "u-2", "ana@hospital.test"
    stranger = pages.visitor()
    assert _go(stranger).status == 400  # another identity with her address is not her
    assert stranger.get("/").status == 303


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_the_provider_has_not_verified_is_nobodys(
    pages: Pages, provider: Provider, verified: object
) -> None:
    provider.verified = verified
    assert _go(pages.visitor()).status == 400
    assert (pages.accounts(), _n_sessions(pages)) == ([], 0)


def test_nobody_is_made_for_an_address_that_is_not_here(pages: Pages, provider: Provider) -> None:
    provider.email = "somebody@elsewhere.test"
    assert _go(pages.visitor()).status == 400
    with pages.database.reading() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(Person)).scalar_one() == len(PEOPLE)
    assert (pages.accounts(), _n_sessions(pages)) == ([], 0)


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"]},
        {"exp": 1},
        {"sub": ""},
    ],
    ids=lambda claims: "-".join(claims),
)
def test_a_token_that_was_not_made_for_this_login_is_refused(
    pages: Pages, provider: Provider, claims: dict[str, object]
) -> None:
    provider.claims = claims
    assert _go(pages.visitor()).status == 400
    assert provider.n_tokens == 1
    assert _n_sessions(pages) == 0


def test_a_token_signed_by_somebody_else_is_refused(pages: Pages, provider: Provider) -> None:
    provider.signer = RSAKey.generate_key(2048, {"kid": "1"}, private=True)
    assert _go(pages.visitor()).status == 400
    assert _n_sessions(pages) == 0


def test_a_token_signed_with_a_shared_secret_is_refused(pages: Pages, provider: Provider) -> None:
    provider.algorithm, provider.signer = "HS256", OctKey.import_key(SECRET)  # type: ignore[assignment]
    assert _go(pages.visitor()).status == 400
    assert _n_sessions(pages) == 0


def test_the_way_back_holds_for_the_browser_that_left_only_and_once(pages: Pages, provider: Provider) -> None:
    visitor = pages.visitor()
    there = visitor.get("/login/oidc")
    back = _at_provider(there.to)
    assert pages.visitor().get(back).status == 400  # another browser
    assert visitor.get(back.replace("state=", "state=x")).status == 400
    assert visitor.get(back, "HEAD").status == 400
    assert provider.n_tokens == 0
    cookies = dict(visitor.cookies)
    assert visitor.get(back).status == 303
    assert Visitor(pages.site, cookies).get(back).status == 400  # the code is used
    assert _n_sessions(pages) == 1


def test_a_leaver_and_a_locked_account_do_not_get_in(pages: Pages) -> None:
    _go(pages.visitor())
    with pages.database.transaction("test") as session:
        session.execute(sa.text("UPDATE account SET locked_until = '9000-01-01 00:00:00+00:00'"))
    assert _go(pages.visitor()).status == 400
    with pages.database.transaction("test") as session:
        session.execute(sa.text("UPDATE account SET locked_until = NULL"))
        session.execute(sa.update(Person).values(left_on=pages.today))
    assert _go(pages.visitor()).status == 400


def test_a_provider_that_is_away_or_speaks_for_another_is_said(pages: Pages, provider: Provider) -> None:
    right = provider.issuer
    provider.issuer = "https://evil.example"
    assert pages.visitor().get("/login/oidc").status == 503
    provider.issuer = right
    assert pages.visitor().get("/login/oidc").status == 303


def test_without_a_provider_in_the_settings_there_is_no_such_page(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    with pages_of(database, rules, tmp_path, now) as pages:
        assert pages.visitor().get("/login/oidc").status == 404
        assert pages.visitor().get("/login/oidc/return?code=x&state=y").status == 404


def _go(visitor: Visitor, path: str = "/login/oidc") -> Answer:
    """Go to the provider, log in there, come back."""
    return visitor.get(_at_provider(visitor.get(path).to))


def _at_provider(address: str) -> str:
    """Do what the browser does at the provider; gives the path of the way back."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}")
    back = urlsplit(connection.getresponse().headers["Location"])
    connection.close()
    return f"{back.path}?{back.query}"


def _n_sessions(pages: Pages) -> int:
    with pages.database.reading() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(LoginSession)).scalar_one())


def _audited(pages: Pages) -> list[str]:
    with pages.database.reading() as session:
        return list(session.execute(sa.select(Audit.what).order_by(sa.text("id"))).scalars())  # type: ignore[call-overload]
