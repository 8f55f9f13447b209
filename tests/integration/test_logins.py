"""Logging in at the real pages: invitations, passwords, sessions that end, locks, and what is never written down."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from engine.logins import HASHER, NO_PASSWORD
from engine.rules import Rules
from models.account import Account, LoginSession
from models.audit import Audit
from models.base import Row
from models.db import Database
from models.people import Person
from tests.places import make_hospital
from tests.visitors import PASSWORD, Pages, Visitor, pages_of
from web.login_page import MOST_REFUSED

HOUR = timedelta(hours=1)


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened


def test_an_invitation_sets_a_password_once_and_logs_in(pages: Pages) -> None:
    link, visitor = pages.invitation("ana"), pages.visitor()
    entered = visitor.get(link)
    assert (entered.status, entered.to) == (303, "/welcome")
    page = visitor.get("/welcome")
    assert "Ana Ferro" in page.body
    token = link.rpartition("/")[2]
    assert token not in page.body
    welcome = dict(visitor.cookies)
    done = visitor.post("/welcome", {"form": page.form, "password": PASSWORD, "again": PASSWORD})
    assert (done.status, done.to) == (303, "/")
    assert visitor.get("/").status == 200
    again = Visitor(pages.site, welcome)
    assert again.post("/welcome", {"form": page.form, "password": PASSWORD, "again": PASSWORD}).status == 404
    assert pages.visitor().get(link).status == 404
    assert pages.visitor().log_in("ana").status == 303
    assert pages.visitor().log_in("ANA@hospital.test").status == 303


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short words", "short words", "at least 12"),
        ("passwordpassword", "passwordpassword", "tried first"),
        ("P@ssw0rd1234!", "P@ssw0rd1234!", "tried first"),
        ("123456789012345", "123456789012345", "tried first"),
        ("anaferro2026", "anaferro2026", "tried first"),
        (PASSWORD, PASSWORD + "x", "not the same"),
    ],
)
def test_a_password_that_is_no_good_is_refused_with_the_reason(
    pages: Pages, password: str, again: str, said: str
) -> None:
    visitor = pages.visitor()
    visitor.get(pages.invitation("ana"))
    page = visitor.get("/welcome")
    answer = visitor.post("/welcome", {"form": page.form, "password": password, "again": again})
    assert answer.status == 422
    assert said in answer.body
    assert pages.accounts()[0].password_hash is None


def test_an_invitation_ends_after_a_week_and_with_the_next_one(pages: Pages) -> None:
    first = pages.invitation("ana")
    second = pages.invitation("ana")
    assert pages.visitor().get(first).status == 404
    pages.later(days=7, seconds=-1)
    assert pages.visitor().get(second).status == 303
    pages.later(seconds=1)
    assert pages.visitor().get(second).status == 404
    assert pages.visitor().get("/welcome/1.guess").status == 404
    assert pages.visitor().get("/welcome").status == 404


def test_an_unknown_name_costs_as_much_time_as_a_known_one() -> None:
    assert not HASHER.check_needs_rehash(NO_PASSWORD)


def test_unknown_wrong_and_locked_get_the_same_answer(pages: Pages) -> None:
    pages.account("ana")
    said = {_words(pages.visitor().log_in(name, "wrong wrong wrong").body) for name in ("ana", "nobody", "bo", "")}
    with pages.database.transaction("test") as session:
        session.execute(sa.update(Account).values(locked_until=pages.now + HOUR))
    locked = pages.visitor().log_in("ana")
    assert locked.status == 403
    assert said | {_words(locked.body)} == {_words(locked.body)}


def test_ten_wrong_passwords_lock_for_longer_and_longer(pages: Pages) -> None:
    pages.account("ana")
    for _ in range(9):
        assert pages.visitor().log_in("ana", "wrong wrong wrong").status == 403
    assert pages.accounts()[0].locked_until is None
    pages.visitor().log_in("ana", "wrong wrong wrong")
    locked = pages.accounts()[0].locked_until
    assert locked == pages.now + timedelta(minutes=15)
    assert pages.visitor().log_in("ana").status == 403
    assert pages.accounts()[0].n_failed == 10  # a locked account counts nothing more
    pages.later(minutes=15)
    pages.visitor().log_in("ana", "wrong wrong wrong")
    assert pages.accounts()[0].locked_until == pages.now + timedelta(minutes=30)
    pages.later(minutes=30)
    assert pages.visitor().log_in("ana").status == 303
    assert (pages.accounts()[0].n_failed, pages.accounts()[0].locked_until) == (0, None)
    assert _audited(pages)[-2:] == ["account.lock-out", "account.log-in"]


def test_a_session_ends_when_idle_for_a_shift_and_after_a_week_in_any_case(pages: Pages) -> None:
    visitor = pages.by_password("ana")
    pages.later(hours=8, seconds=-1)
    assert visitor.get("/").status == 200
    pages.later(hours=8)
    assert visitor.get("/").to == "/login"
    visitor.log_in("ana")
    began = pages.now
    while pages.now < began + timedelta(days=7) - timedelta(hours=7):
        pages.later(hours=7)
        assert visitor.get("/").status == 200
    pages.moment[0] = began + timedelta(days=7)
    assert visitor.get("/").status == 303


def test_using_a_page_writes_only_when_somebody_was_seen_and_not_each_time(pages: Pages) -> None:
    visitor = pages.by_password("ana")
    before = _all_rows(pages)
    pages.later(minutes=4)
    visitor.get("/")
    assert _all_rows(pages) == before
    pages.later(minutes=1)
    visitor.get("/")
    after = _all_rows(pages)
    assert {name for name in after if after[name] != before[name]} == {"login_session"}


def test_logging_out_ends_this_session_and_all_others_on_request(pages: Pages) -> None:
    first = pages.by_password("ana")
    second, third = pages.visitor(), pages.visitor()
    second.log_in("ana")
    third.log_in("ana")
    token, page = dict(first.cookies), first.get("/me")
    assert first.post("/logout", {"form": page.form}).to == "/login"
    assert Visitor(pages.site, token).get("/").status == 303  # the old cookie is worth nothing
    page = second.get("/me")
    assert second.post("/me/sessions", {"form": page.form}).status == 303
    assert (second.get("/").status, third.get("/").status) == (200, 303)


def test_nobody_ends_the_sessions_of_others(pages: Pages) -> None:
    ana, bo = pages.by_password("ana"), pages.by_password("bo")
    with pages.database.reading() as session:
        ids = session.execute(sa.select(sa.column("id")).select_from(sa.table("login_session"))).scalars().all()
    for number in ids:
        bo.post("/me/sessions", {"form": bo.get("/me").form, "session": str(number)})
        bo.log_in("bo")
    assert ana.get("/").status == 200


def test_a_new_password_needs_the_present_one_and_ends_other_sessions(pages: Pages) -> None:
    here = pages.by_password("ana")
    there = pages.visitor()
    there.log_in("ana")
    new = "nine green bicycles"
    wrong = {"form": here.get("/me").form, "present": "wrong", "password": new, "again": new}
    refused = here.post("/me/password", wrong)
    assert refused.status == 422
    assert "present password is not right" in refused.body
    assert pages.accounts()[0].n_failed == 1
    assert here.post("/me/password", wrong | {"present": PASSWORD}).to == "/me?changed=1"
    assert (here.get("/me").status, there.get("/me").status) == (200, 303)
    assert pages.visitor().log_in("ana").status == 403
    assert pages.visitor().log_in("ana", new).status == 303


def test_a_leavers_sessions_and_invitations_end_at_once(pages: Pages) -> None:
    visitor, link = pages.by_password("ana"), pages.invitation("bo")
    with pages.database.transaction("test") as session:
        session.execute(sa.update(Person).values(left_on=pages.today))
    assert visitor.get("/").to == "/login"
    assert pages.visitor().log_in("ana").status == 403
    assert pages.visitor().get(link).status == 400


def test_a_form_from_elsewhere_or_without_its_token_changes_nothing(pages: Pages) -> None:
    visitor = pages.by_password("ana")
    form = visitor.get("/me").form
    before = _all_rows(pages)
    assert visitor.post("/logout", {}).status == 403
    # The last character has bits that say nothing: several spellings of it are one token.
    changed = ("B" if form.startswith("A") else "A") + form[1:]
    assert visitor.post("/logout", {"form": changed}).status == 403
    assert visitor.post("/logout", {"form": form}, Sec_Fetch_Site="cross-site").status == 403
    assert visitor.post("/logout", {"form": form}, Origin="https://evil.example").status == 403
    other = pages.visitor()
    foreign = other.get("/login").form
    assert other.post("/login", {"form": form, "name": "ana", "password": PASSWORD}).status == 403
    bare = {"form": foreign, "name": "ana", "password": PASSWORD}
    assert pages.visitor().post("/login", bare).status == 403  # without the cookie it was made for
    assert other.post("/login", bare, Sec_Fetch_Site="same-site").status == 403
    assert _all_rows(pages) == before
    assert other.post("/login", bare).status == 303


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/tasks", "/tasks"),
        ("/cycles/C2026-0001", "/cycles/C2026-0001"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/logout", "/"),
        ("/a/signed", "/"),
        ("/no-such-page", "/"),
        ("/tasks\r\nSet-Cookie: x=1", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_after_the_login_only_a_known_page_follows(pages: Pages, wanted: str, led: str) -> None:
    pages.account("ana")
    answer = pages.visitor().log_in("ana", path=f"/login?next={quote(wanted, safe='')}")
    assert (answer.status, answer.to) == (303, led)


def test_too_many_misses_from_one_address_are_refused_for_ten_minutes(pages: Pages) -> None:
    pages.account("ana")
    visitor = pages.visitor()
    # Guessed invitations count as guessed passwords do, and cost no hashing.
    statuses = [visitor.get("/welcome/1.guess").status for _ in range(MOST_REFUSED + 2)]
    assert statuses == [404] * MOST_REFUSED + [429] * 2
    assert visitor.log_in("ana").status == 429
    pages.later(minutes=10)
    assert visitor.log_in("ana").status == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, now, base_url="https://127.0.0.1") as pages:
        pages.account("ana")
        said = pages.visitor().log_in("ana").headers.get_all("Set-Cookie") or []
    assert len(said) == 1
    assert said[0].startswith("__Host-wardcycle=")
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert part in said[0]
    assert "Domain" not in said[0]


def test_no_password_token_or_link_stands_in_any_row(pages: Pages, caplog: pytest.LogCaptureFixture) -> None:
    link = pages.invitation("ana")
    visitor = pages.visitor()
    visitor.get(link)
    page = visitor.get("/welcome")
    visitor.post("/welcome", {"form": page.form, "password": PASSWORD, "again": PASSWORD})
    visitor.log_in("ana", "a wrong but secret one")
    written = str(_all_rows(pages)) + caplog.text
    secrets = (PASSWORD, "a wrong but secret one", link.rpartition(".")[2], visitor.cookies["wardcycle_session"])
    assert [one for one in secrets if one in written] == []
    with pages.database.reading() as session:
        hashed = session.execute(sa.select(Account.password_hash)).scalar_one()  # type: ignore[call-overload]
        assert hashed.startswith("$argon2id$")
        assert session.execute(sa.select(sa.func.count()).select_from(LoginSession)).scalar_one() == 1


def _words(body: str) -> str:
    return re.sub(r'value="[^"]*"|datetime="[^"]*"', "", body)


def _all_rows(pages: Pages) -> dict[str, list[tuple[object, ...]]]:
    with pages.database.reading() as session:
        tables = Row.metadata.sorted_tables
        return {table.name: [tuple(row) for row in session.execute(sa.select(table))] for table in tables}


def _audited(pages: Pages) -> list[str]:
    with pages.database.reading() as session:
        return list(session.execute(sa.select(Audit.what).order_by(sa.text("id"))).scalars())  # type: ignore[call-overload]
