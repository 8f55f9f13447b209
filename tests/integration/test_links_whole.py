"""The links of messages, whole: what they are signed with, which letters carry them, until when and for whom they open
anything."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from itsdangerous import URLSafeSerializer

from config.settings import Settings
from engine.rules import Rules
from models.base import table_of
from models.db import Database
from models.errors import NotFound
from models.links import AnswerLink
from models.notification import NotificationKind
from models.people import Person
from notifications.letters import Letter
from notifications.links import (
    ANSWER,
    DECIDE,
    LIST,
    OWN,
    KeyUnusable,
    Link,
    LinkGone,
    OwnLink,
    Seals,
    add_links,
    find_link,
    find_own_link,
    read_keys,
    with_links,
)
from tests.places import make_hospital
from tests.voices import queue
from tests.walks import Walk, launched, person_id

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
KINDS = (ANSWER, LIST, OWN, DECIDE)
SIGNED = {  # a link that was mailed must open for as long as it lives, whatever version of the pages runs by then
    ANSWER: "ImEtdG9rZW4i.F__ESab21AY0gn0-d0qgXMQuoqJoQZ1bAyRM76vXFqM",
    LIST: "ImEtdG9rZW4i.7OWxnPZW7nSZqqMF_qnXTSldZTv2K197c8brL01mmOs",
    OWN: "ImEtdG9rZW4i.SQhPZ9LMU4eINvI1skPx2G8g4eD4iC939h6TCTjjBLA",
    DECIDE: "ImEtdG9rZW4i.BSl6-99TKqxrluRKKRBQVDTDC-14HwtNjTluTnBKEu0",
}
FORM = "8JQkPbjAuABpbMjcrV1roa_vVlqj8XygaRw-ZZK4lNI"


def seals(*keys: str) -> Seals:
    """Make what signs, with keys of these letters, the newest first."""
    return Seals(Settings.model_validate({"secret_keys": ",".join(key * 32 for key in keys or ("k",))}))


def test_what_was_signed_by_an_earlier_version_still_opens() -> None:
    assert {what: seals().sign("a-token", what) for what in KINDS} == SIGNED
    assert {seals().token(signed, what) for what, signed in SIGNED.items()} == {"a-token"}
    assert seals().form("a-cookie") == FORM
    assert (seals().sign("a-token"), seals().token(SIGNED[ANSWER])) == (SIGNED[ANSWER], "a-token")


def test_what_was_signed_for_one_purpose_is_nothing_for_any_other() -> None:
    made = seals()
    cookie = {what: made.cookie("a-token", NOON, what) for what in KINDS}
    for what in KINDS:
        others = [other for other in KINDS if other != what]
        assert [made.token(made.sign("a-token", what), other) for other in others] == [None] * 3
        assert [made.cookie_token(cookie[what], NOON, other) for other in others] == [None] * 3
        assert (made.token(cookie[what], what), made.cookie_token(SIGNED[what], NOON, what)) == (None, None)
        assert made.cookie_token(cookie[what], NOON, what) == "a-token"
    assert made.cookie_token(made.cookie("a-token", NOON), NOON) == "a-token"
    assert made.cookie_token(cookie[ANSWER], NOON) == "a-token"
    assert not made.form_fits("a-token", SIGNED[ANSWER].partition(".")[2])


def test_a_cookie_holds_its_token_and_the_second_at_which_it_ends() -> None:
    made = seals()
    cookies = [made.cookie("a-token", NOON) for _ in range(2)]
    assert cookies[0] != cookies[1], "no two visits share their forms"
    token, until, mark = json.loads(base64.urlsafe_b64decode(cookies[0].partition(".")[0] + "=="))
    ends = NOON + timedelta(hours=2)
    assert (token, until, len(mark)) == ("a-token", int(ends.timestamp()), 12)
    second = timedelta(seconds=1)
    assert [made.cookie_token(cookies[0], at) for at in (ends - second, ends, ends + second)] == ["a-token", None, None]
    short = made.cookie("a-token", NOON, "proof", timedelta(seconds=5))
    found = [made.cookie_token(short, NOON + n * second, "proof") for n in (4, 5)]
    assert found == ["a-token", None]


def test_what_is_signed_but_no_token_is_nothing() -> None:
    made, later = seals(), int(NOON.timestamp()) + 1
    of_links: tuple[object, ...] = (7, None, ["a-token"], {"a": 1}, True)
    of_cookies: tuple[object, ...] = (["a", later], ["a", str(later), "x"], [7, later, "x"], ["a", later, 7], "a")
    for what in KINDS:
        assert {made.token(_signed(f"{what}-link", strange), what) for strange in of_links} == {None}
        cookies = [_signed(f"{what}-cookie", strange) for strange in of_cookies]
        assert {made.cookie_token(cookie, NOON, what) for cookie in cookies} == {None}
        right = _signed(f"{what}-link", "a-token"), _signed(f"{what}-cookie", ["a-token", later, "x"])
        assert (made.token(right[0], what), made.cookie_token(right[1], NOON, what)) == ("a-token", "a-token")


@pytest.mark.parametrize("bad", ["", ".", "x", "a.b.c", "é.é", "\ud83d", "\x00", "[" * 5000, SIGNED[LIST][:-1]])
def test_what_was_never_signed_here_is_nothing_and_breaks_nothing(bad: str) -> None:
    made = seals()
    assert {made.token(bad, what) for what in KINDS} == {None}
    assert {made.cookie_token(bad, NOON, what) for what in KINDS} == {None}
    assert not made.form_fits("a-cookie", bad)
    assert not made.form_fits("", bad)


def test_a_form_fits_its_own_cookie_only_and_no_form_fits_no_cookie() -> None:
    made = seals()
    assert made.form_fits("a-cookie", FORM)
    assert not made.form_fits("a-cookie2", FORM)
    assert not made.form_fits("", made.form("")), "whoever sends no cookie has opened no page"


def test_the_newest_key_signs_and_all_that_are_kept_still_read() -> None:
    old, rotated, new = seals("o"), seals("n", "o"), seals("n")
    assert rotated.sign("t") == new.sign("t") != old.sign("t")
    assert rotated.form("c") == new.form("c") != old.form("c")
    assert [rotated.token(one.sign("t")) for one in (old, new)] == ["t", "t"]
    cookies = [one.cookie("t", NOON) for one in (old, new)]
    assert [rotated.cookie_token(one, NOON) for one in cookies] == ["t", "t"]
    assert [rotated.form_fits("c", one.form("c")) for one in (old, new)] == [True, True]
    assert (new.token(old.sign("t")), new.cookie_token(cookies[0], NOON)) == (None, None)
    assert not new.form_fits("c", old.form("c"))


def test_the_keys_are_those_of_the_settings_or_the_lines_of_the_file_newest_first(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "data" / "secret.key"
    settings = Settings(data_folder=file.parent)
    made = read_keys(settings)
    assert file.read_text() == f"{made[0]}\n"
    assert (len(made), len(made[0]), set(made[0]) <= set("0123456789abcdef")) == (1, 64, True)
    assert (file.stat().st_mode & 0o777, [one.name for one in file.parent.iterdir()]) == (0o600, ["secret.key"])
    assert read_keys(settings) == made
    file.unlink()
    assert read_keys(settings) != made, "a key is made in a folder that is there already, too"
    file.write_text("  n234567890123456  \n\n \no234567890123456\n")
    assert read_keys(settings) == ["n234567890123456", "o234567890123456"]
    given = Settings.model_validate({"data_folder": tmp_path / "none", "secret_keys": f"{'a' * 16},{'b' * 16}"})
    assert read_keys(given) == ["a" * 16, "b" * 16]
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("spoilt", ["", " \n\n", "n23456789012345\n", f"{'n' * 32}\no23456789012345\n"])
def test_a_key_that_is_too_short_is_refused_by_its_file(tmp_path: Path, spoilt: str) -> None:
    file = tmp_path / "secret.key"
    file.write_text(spoilt)
    with pytest.raises(KeyUnusable) as refused:
        read_keys(Settings(data_folder=tmp_path))
    assert (refused.value.text("en"), refused.value.text("zh"), refused.value.exit_code) == (
        f"The key of the links to answer cannot be used ({file}: a line has less than 16 characters). "
        "Mend the file, or set WARDCYCLE_SECRET_KEYS.",
        f"答复链接的密钥无法使用（{file}：有一行不足 16 个字符）。请修复该文件，或设置 WARDCYCLE_SECRET_KEYS。",
        3,
    )


def test_a_key_that_cannot_be_read_or_made_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("é" * 32, "utf-8")
    with pytest.raises(KeyUnusable, match=r"secret\.key: 'ascii' codec can't decode"):
        read_keys(Settings(data_folder=tmp_path))
    beside = tmp_path / "a-file"
    beside.write_text("")
    with pytest.raises(KeyUnusable, match=r"a-file/secret\.key: .*a-file"):
        read_keys(Settings(data_folder=beside))


def test_all_who_begin_at_once_have_the_same_key(tmp_path: Path) -> None:
    gate = Barrier(6)

    def begin(_: int) -> list[str]:
        gate.wait(timeout=30)
        return read_keys(Settings(data_folder=tmp_path / "data"))

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(begin, range(6)))
    assert found == [found[0]] * 6
    assert [one.name for one in (tmp_path / "data").iterdir()] == ["secret.key"]


LETTER = Letter(
    delivery_id=1, notification_id=1, rank=0, channel="email", epoch=0, n_attempts=0, kind=NotificationKind.ASSIGNED,
    rung="", level=0, urgent=False, mark="m", facts={}, person="Dee", email=None, language="en", channels=("email",),
    addresses="", task_id=1,
)  # fmt: skip


@pytest.fixture
def walk(database: Database, rules: Rules) -> Walk:
    make_hospital(database)
    return launched(database, rules, NOON)


def test_a_message_that_asks_carries_both_links_and_any_other_of_ones_own_the_one_about_messages(walk: Walk) -> None:
    told = {kind: replace(LETTER, kind=kind, notification_id=_message(walk, kind)) for kind in NotificationKind}
    carries = {kind: _carried(walk, letter) for kind, letter in told.items()}
    both = {kind for kind, found in carries.items() if found == ("token", "token")}
    none = {kind for kind, found in carries.items() if found == ("", "")}
    assert both == {
        NotificationKind.ASSIGNED, NotificationKind.REMINDER, NotificationKind.HAND_OVER, NotificationKind.UNCLEAR
    }  # fmt: skip
    assert none == {NotificationKind.INVITATION, NotificationKind.CODE}
    assert {found for kind, found in carries.items() if kind not in both | none} == {("", "token")}


@pytest.mark.parametrize(
    ("letter", "carries"),
    [
        (LETTER, ("token", "token")),
        (replace(LETTER, channel="group"), ("", "")),
        (replace(LETTER, task_id=None), ("", "token")),
        (replace(LETTER, facts={"instead": "no-address"}), ("", "token")),
        (replace(LETTER, facts={"instead": "absence"}), ("token", "token")),
        (replace(LETTER, facts={"else": "no-address"}), ("token", "token")),
    ],
)
def test_a_link_to_answer_goes_only_where_the_asked_person_alone_reads_it(
    walk: Walk, letter: Letter, carries: tuple[str, str]
) -> None:
    given = replace(letter, notification_id=_message(walk, NotificationKind.ASSIGNED))
    assert _carried(walk, given) == carries
    n_links = _rows(walk, "SELECT COUNT(*) FROM answer_link")
    assert n_links == [(int(carries != ("", "")),)]


def test_letters_of_a_batch_each_get_the_link_of_their_own_message(walk: Walk) -> None:
    first, second, third = (_message(walk, NotificationKind.ASSIGNED) for _ in range(3))
    letters = {
        10: replace(LETTER, delivery_id=10, notification_id=first, answer_token="old", own_token="old"),
        11: replace(LETTER, delivery_id=11, notification_id=second, channel="group", answer_token="old", own_token="o"),
        12: replace(LETTER, delivery_id=12, notification_id=third, rank=1),
        13: replace(LETTER, delivery_id=13, notification_id=first, kind=NotificationKind.RECEIPT, answer_token="old"),
    }
    with walk.database.transaction("test") as session:
        made = with_links(session, letters, channels={"email"}, now=NOON)
        assert with_links(session, {}, channels={"email"}, now=NOON) == {}
        shared = replace(letters[11], answer_token="", own_token="")
        assert with_links(session, {11: shared}, channels={"email"}, now=NOON) == {11: shared}
    token = {number: str(text) for number, text in _rows(walk, "SELECT notification_id, token FROM answer_link")}
    assert set(token) == {first, third}
    assert made == {
        10: replace(letters[10], answer_token=token[first], own_token=token[first]),
        11: shared,
        12: replace(letters[12], answer_token=token[third], own_token=token[third]),
        13: replace(letters[13], answer_token="", own_token=token[first]),
    }


def test_a_message_has_one_link_for_ninety_days_however_often_it_is_asked_for(walk: Walk) -> None:
    first, second = _message(walk, NotificationKind.ASSIGNED), _message(walk, NotificationKind.RECEIPT)
    with walk.database.transaction("test") as session:
        made = add_links(session, [first], now=NOON)
        again = add_links(session, [first, second], now=NOON + timedelta(days=1))
        assert add_links(session, [], now=NOON) == {}
    assert (again[first], set(again)) == (made[first], {first, second})
    assert [len(token) for token in again.values()] == [22, 22], "128 bits"
    with walk.database.reading() as session:
        rows = session.execute(sa.select(AnswerLink).order_by(table_of(AnswerLink).c.notification_id)).scalars().all()
        assert [
            (one.token, one.notification_id, one.created_at, one.expires_at, one.revoked_at) for one in rows
        ] == [
            (made[first], first, NOON, NOON + timedelta(days=90), None),
            (again[second], second, NOON + timedelta(days=1), NOON + timedelta(days=91), None),
        ]  # fmt: skip


def test_a_link_opens_for_the_person_and_the_task_of_its_message(walk: Walk) -> None:
    about, news = _message(walk, NotificationKind.ASSIGNED), _message(walk, NotificationKind.CLOSED, about=False)
    other = _message(walk, NotificationKind.DECISION, person="bo")
    tokens, today = _tokens(walk, about, news, other), NOON.date()
    rows = _rows(walk, "SELECT notification_id, id FROM answer_link")
    numbers = {told: int(str(number)) for told, number in rows}
    dee, bo, task_id = person_id(walk.database, "dee"), person_id(walk.database, "bo"), walk.task_id("report")
    with walk.database.reading() as session:
        assert find_link(session, tokens[about], now=NOON, on=today) == Link(numbers[about], dee, task_id)
        assert find_link(session, tokens[other], now=NOON, on=today) == Link(numbers[other], bo, task_id)
        found = [find_own_link(session, tokens[one], now=NOON, on=today) for one in (about, news, other)]
        assert found == [
            OwnLink(numbers[about], dee, about, NotificationKind.ASSIGNED),
            OwnLink(numbers[news], dee, news, NotificationKind.CLOSED),
            OwnLink(numbers[other], bo, other, NotificationKind.DECISION),
        ]
        with pytest.raises(LinkGone):
            find_link(session, tokens[news], now=NOON, on=today)
        for find in (find_link, find_own_link):
            for strange in ("", "x", tokens[about].swapcase(), tokens[about][:-1]):
                with pytest.raises(LinkGone):
                    find(session, strange, now=NOON, on=today)


def test_a_link_opens_until_it_ends_is_revoked_or_its_person_has_left(walk: Walk) -> None:
    first, second = _message(walk, NotificationKind.ASSIGNED), _message(walk, NotificationKind.REMINDER, person="bo")
    tokens, ends = _tokens(walk, first, second), NOON + timedelta(days=90)
    moment, today = timedelta(seconds=1), NOON.date()
    assert _opens(walk, tokens[first], ends - moment, today) == [True, True]
    assert _opens(walk, tokens[first], ends, today) == [False, False]
    assert _opens(walk, tokens[first], ends + moment, today) == [False, False]
    with walk.database.transaction("test") as session:
        session.execute(sa.update(Person).where(table_of(Person).c.slug == "dee").values(left_on=today))
    days = [today + timedelta(days=n) for n in (-1, 0, 1)]
    assert [_opens(walk, tokens[first], NOON, on) for on in days] == [[True, True], [False, False], [False, False]]
    assert [_opens(walk, tokens[second], NOON, on) for on in days] == [[True, True]] * 3
    revoked = sa.update(AnswerLink).where(table_of(AnswerLink).c.notification_id == second).values(revoked_at=NOON)
    with walk.database.transaction("test") as session:
        session.execute(revoked)
    assert _opens(walk, tokens[second], NOON - moment, today) == [False, False], "at no moment"


def test_whoever_opens_nothing_is_told_the_same_whatever_the_reason() -> None:
    gone = LinkGone()
    assert isinstance(gone, NotFound)
    assert (gone.text("en"), gone.text("zh")) == (
        "This link opens nothing. It may have expired: open the newest message about the task, or ask its lead.",
        "此链接无法打开，可能已过期。请打开该任务最新的消息，或联系项目负责人。",
    )


def _signed(salt: str, what: object) -> str:
    """Sign anything, as only whoever has the key can."""
    strong = {"digest_method": sha256, "key_derivation": "hmac"}
    return str(URLSafeSerializer("k" * 32, salt=salt, signer_kwargs=strong).dumps(what))


def _opens(walk: Walk, token: str, now: datetime, on: date) -> list[bool]:
    """Say whether a link opens the page of its task, and the page about messages."""
    found = []
    with walk.database.reading() as session:
        for find in (find_link, find_own_link):
            try:
                found.append(bool(find(session, token, now=now, on=on)))
            except LinkGone:
                found.append(False)
    return found


def _message(walk: Walk, kind: NotificationKind, person: str = "dee", *, about: bool = True) -> int:
    """Tell somebody something; gives the number of the message."""
    key = f"told:{_rows(walk, 'SELECT COUNT(*) FROM notification')[0][0]}"
    task_id = walk.task_id("report") if about else None
    queue(walk.database, walk.rules, NOON, kind, key=key, person=person, task_id=task_id)
    return int(str(_rows(walk, "SELECT MAX(id) FROM notification")[0][0]))


def _carried(walk: Walk, letter: Letter) -> tuple[str, str]:
    """Name what a letter carries after it was given its links: to answer, and to change how one is told."""
    with walk.database.transaction("test") as session:
        made = with_links(session, {7: letter}, channels={"email", "own"}, now=NOON)[7]
    tokens = {token for _, token in _rows(walk, "SELECT notification_id, token FROM answer_link")}
    assert made == replace(letter, answer_token=made.answer_token, own_token=made.own_token)
    return "token" if made.answer_token in tokens else made.answer_token, (
        "token" if made.own_token in tokens else made.own_token
    )


def _tokens(walk: Walk, *messages: int) -> dict[int, str]:
    with walk.database.transaction("test") as session:
        return add_links(session, messages, now=NOON)


def _rows(walk: Walk, query: str) -> list[tuple[object, ...]]:
    with walk.database.reading() as session:
        return [tuple(row) for row in session.execute(sa.text(query))]
