"""Codes and preferences, whole: every row, every word told, and whom each of them leaves alone."""

import re
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from engine.codes import Asked, NoOtherChannel, TooManyCodes, ask_code, other_channel, use_code
from engine.people import people_changed
from engine.preferences import (
    ChannelNotYours,
    LanguageUnknown,
    NotStoppable,
    Preferences,
    change_by_link,
    channels_open,
    in_words,
    preferences_of,
    set_preferences,
)
from models.account import LoginCode
from models.db import Database
from models.derived import code_digits
from models.errors import NotFound, Refused
from models.notification import Delivery, Notification
from models.people import PeopleVersion, Person, Rhythm
from tests.places import make_hospital
from tests.walks import person_id
from tests.whole import is_as_written, letters, rows, trail

KEYS = ["a-key-for-these-tests-only"]
PERSONAL = frozenset({"email", "phone", "pager"})
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PURPOSE = "decision:12"


@pytest.fixture
def system() -> str:
    """What is kept and said is the same on both systems; the verbs are tested on each."""
    return "sqlite"


@pytest.fixture
def phones(database: Database) -> Database:
    """Ana and bo have a phone beside their e-mail."""
    make_hospital(database)
    for slug in ("ana", "bo"):
        change(database, slug, addresses="phone=0123")
    return database


def change(database: Database, slug: str, **values: object) -> None:
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(col(Person.slug) == slug).values(values))
        people_changed(session)


def ask(database: Database, slug: str, now: datetime, purpose: str = PURPOSE) -> Asked:
    with database.transaction("test") as session:
        who = person_id(database, slug)
        return ask_code(session, who, purpose, came_by={"email"}, personal=PERSONAL, now=now)


def codes(database: Database) -> list[LoginCode]:
    with database.reading() as session:
        return list(session.exec(select(LoginCode).order_by(col(LoginCode.id))))


def digits(code: LoginCode) -> str:
    return code_digits(KEYS[0], f"{code.id}.{code.salt}")


def use(database: Database, slug: str, typed: str, now: datetime, purpose: str = PURPOSE) -> bool:
    with database.transaction("test") as session:
        return use_code(session, person_id(database, slug), purpose, typed, keys=KEYS, now=now, on=now.date())


def preferences(database: Database, slug: str) -> Preferences:
    with database.reading() as session:
        return preferences_of(session.exec(select(Person).where(Person.slug == slug)).one())


def test_what_a_code_leaves_behind_from_the_asking_to_the_use(phones: Database, now: datetime) -> None:
    asked = [ask(phones, slug, now + n * MINUTE, purpose) for n, (slug, purpose) in enumerate(
        (("ana", PURPOSE), ("bo", PURPOSE), ("ana", "decision:13"), ("ana", PURPOSE), ("bo", "decision:14"))
    )]  # fmt: skip
    assert asked == [Asked("phone", now + timedelta(minutes=10 + n)) for n in range(5)]
    _, bos, _, anas, _ = codes(phones)
    later = now + 5 * MINUTE
    wrong = f"{(int(digits(anas)) + 1) % 1_000_000:06}"
    assert [use(phones, "ana", typed, later) for typed in (wrong, digits(anas))] == [False, True]
    assert use(phones, "bo", digits(bos), later + MINUTE)
    assert {len(one.salt) for one in codes(phones)} == {22}  # 128 bits
    lines = [
        *rows(phones, LoginCode, "salt"), *trail(phones), *rows(phones, Notification), *rows(phones, Delivery),
    ]  # fmt: skip
    is_as_written("codes", [re.sub(r'(code_row": "\d+\.)[\w-]{22}"', r'\1SALT"', line) for line in lines])


def test_a_code_that_is_over_keeps_its_end(phones: Database, now: datetime) -> None:
    ask(phones, "ana", now)
    ask(phones, "ana", now + 11 * MINUTE)
    assert [one.expires_at for one in codes(phones)] == [now + 10 * MINUTE, now + 21 * MINUTE]


def test_what_one_asks_for_takes_nothing_from_what_another_may_ask_for(phones: Database, now: datetime) -> None:
    for _ in range(5):
        ask(phones, "bo", now)
    with pytest.raises(TooManyCodes):
        ask(phones, "bo", now, "decision:13")
    assert ask(phones, "ana", now).channel == "phone"


def test_who_leaves_today_proves_nothing_and_who_leaves_tomorrow_does(phones: Database, now: datetime) -> None:
    ask(phones, "ana", now)
    (code,) = codes(phones)
    change(phones, "ana", left_on=now.date())
    assert not use(phones, "ana", digits(code), now)
    assert codes(phones) == [code]  # no try was counted
    change(phones, "ana", left_on=now.date() + timedelta(days=1))
    assert use(phones, "ana", digits(code), now)


def test_when_a_clock_is_set_back_the_newest_code_counts(phones: Database, now: datetime) -> None:
    ask(phones, "ana", now)
    ask(phones, "ana", now + MINUTE)
    first, second = codes(phones)
    assert not use(phones, "ana", digits(first), now)
    assert use(phones, "ana", digits(second), now)


@pytest.mark.parametrize(
    ("email", "channels", "addresses", "came_by", "found"),
    [
        (None, "email,phone", "phone=0123", set(), "phone"),
        (None, "email", "", set(), None),
        (None, "email", "email=", set(), None),
        ("a@h.test", "email", "", set(), "email"),
        ("a@h.test", "email", "phone=1;pager=2", {"email", "phone"}, "pager"),
        ("a@h.test", "email", "pager=2;phone=1", {"email", "pager"}, "phone"),
        ("a@h.test", "email", "phone=1,pager=2", {"email", "phone"}, "pager"),
        ("a@h.test", "email", "phone=1,pager=2", {"email"}, "pager"),  # no order was chosen: that of the alphabet
        ("a@h.test", "email", " phone = 0123 ", {"email"}, "phone"),
        ("a@h.test", "email, phone", "pager=2,phone=1", {"email"}, "phone"),
        ("a@h.test", "phone,email", "phone=1", set(), "phone"),
        ("a@h.test", "email", "phone=token=1", {"email"}, "phone"),
        ("a@h.test", "email", "phone= ", {"email"}, None),
        ("a@h.test", "email,group", "group=1", {"email"}, None),
        ("a@h.test", "group,email", "group=1", set(), "email"),
        ("a@h.test", "pager,email", "phone=1", {"email"}, "phone"),  # chosen once, no address any more
    ],
)
def test_a_code_finds_its_way_whatever_a_persons_addresses_look_like(
    email: str | None, channels: str, addresses: str, came_by: set[str], found: str | None
) -> None:
    person = Person(slug="ana", name="Ana", email=email, channels=channels, addresses=addresses)
    assert other_channel(person, came_by=came_by, personal=PERSONAL) == found


def test_refused_codes_are_refused_in_both_languages(phones: Database, now: datetime) -> None:
    with pytest.raises(NoOtherChannel) as none:
        ask(phones, "chen", now)
    assert none.value.text("zh") == "验证码须经链接以外的渠道发送，而您没有其他渠道。请改为登录。"
    assert (codes(phones), trail(phones)) == ([], [])


def wish(language: str = "en", channels: str = "", digest: Rhythm = Rhythm.AT_ONCE, stopped: str = "") -> Preferences:
    return Preferences(language, tuple(channels.split()), digest, tuple(stopped.split()))


def by_link(database: Database, slug: str, wanted: Preferences, now: datetime) -> None:
    with database.transaction("link") as session:
        change_by_link(session, person_id(database, slug), wanted, now=now)


def test_what_changes_of_preferences_leave_behind(phones: Database, now: datetime) -> None:
    change(phones, "gao", email=None, channels="phone,pager", addresses="phone=1;pager=2")
    wishes = (
        ("ana", wish("zh", "phone email", Rhythm.DAILY, "closed receipt")),
        ("ana", wish("zh", "", Rhythm.DAILY, "receipt closed")),  # the same again: nothing is told
        ("bo", wish("en", "", Rhythm.WEEKLY, "bulletin deadline receipt closed")),
        ("ana", wish("en", "email phone email")),
        ("gao", wish("zh", "pager phone", Rhythm.DAILY)),  # told by what was first until now: somebody may have read it
        ("chen", wish("zh", "email")),  # what there was
    )
    for n, (slug, wanted) in enumerate(wishes):
        by_link(phones, slug, wanted, now + n * MINUTE)
    with phones.transaction("office") as session:
        office = person_id(phones, "eva")
        set_preferences(session, person_id(phones, "dee"), wish("zh"), by=office, now=now + HOUR)
        set_preferences(session, person_id(phones, "feng"), wish("en"), by=None, now=now + HOUR)
    is_as_written("preferences", [
        *rows(phones, Person), *trail(phones), *rows(phones, Notification), *rows(phones, Delivery),
        *letters(phones, now.date()),
    ])  # fmt: skip


def test_whoever_keeps_a_copy_of_the_people_hears_of_a_change_and_of_nothing_else(
    phones: Database, now: datetime
) -> None:
    def version() -> int:
        with phones.reading() as session:
            return session.exec(select(PeopleVersion.n)).one()

    before = version()
    by_link(phones, "ana", wish("en", "email"), now)
    assert version() == before
    by_link(phones, "ana", wish("zh", "email"), now)
    assert version() == before + 1


@pytest.mark.parametrize(
    ("wanted", "kind", "en", "zh"),
    [
        (wish("fr"), LanguageUnknown, "The language 'fr' is not spoken here. Choose zh or en.",
         "不支持语言“fr”。请选择 zh 或 en。"),
        (wish("en", "email ntfy"), ChannelNotYours,
         "There is no channel 'ntfy' with an address for Ana Ferro. Choose among: email, phone.",
         "Ana Ferro没有渠道“ntfy”的地址。可选：email, phone。"),
        (wish("en", "", Rhythm.AT_ONCE, "closed reminder"), NotStoppable,
         "Messages of the kind 'reminder' cannot be stopped. These can: receipt, deadline, closed, bulletin.",
         "“reminder”类消息不能停收。可以停收的有：receipt, deadline, closed, bulletin。"),
    ],
)  # fmt: skip
def test_what_cannot_be_chosen_is_refused_in_both_languages_and_changes_nothing(
    phones: Database, now: datetime, wanted: Preferences, kind: type[Refused], en: str, zh: str
) -> None:
    with pytest.raises(kind) as refused:
        by_link(phones, "ana", wanted, now)
    assert (refused.value.text("en"), refused.value.text("zh")) == (en, zh)
    assert preferences(phones, "ana") == wish("en", "email")
    assert (trail(phones), rows(phones, Notification)) == ([], [])


def test_nobody_chooses_for_somebody_who_is_not_there(phones: Database, now: datetime) -> None:
    for choose in (set_preferences, change_by_link):
        by = {"by": None} if choose is set_preferences else {}
        with phones.transaction("test") as session, pytest.raises(NotFound) as unknown:
            choose(session, 99, wish(), now=now, **by)
        said = unknown.value.text("en"), unknown.value.text("zh")
        assert said == ("There is no person '99'.", "没有名为“99”的人员。")


@pytest.mark.parametrize(
    ("email", "channels", "addresses", "found"),
    [
        ("a@h.test", "email", "", ("email",)),
        (None, "email", "", ()),
        (None, "email", "phone=1; pager = 2=3 ", ("phone", "pager")),
        ("a@h.test", "phone, email", "phone=1,pager=2", ("phone", "email", "pager")),
        ("a@h.test", "phone", "", ("phone", "email")),  # a channel may need no address of the person's own
        (None, "hook", "nonsense,phone=1", ("hook", "phone")),
    ],
)
def test_the_channels_that_somebody_may_choose_begin_with_those_in_use(
    email: str | None, channels: str, addresses: str, found: tuple[str, ...]
) -> None:
    person = Person(slug="ana", name="Ana", email=email, channels=channels, addresses=addresses)
    assert channels_open(person) == found


@pytest.mark.parametrize(
    ("language", "read"), [("zh", "zh"), ("ZH-Hans", "zh"), ("en", "en"), ("EN", "en"), ("", "en")]
)
def test_what_somebody_chose_is_read_as_it_was_meant(language: str, read: str) -> None:
    person = Person(slug="a", name="A", language=language, channels="", muted=" closed ,,receipt",
                    digest=Rhythm.WEEKLY)  # fmt: skip
    assert preferences_of(person) == Preferences(read, ("email",), Rhythm.WEEKLY, ("closed", "receipt"))
    chosen = Person(slug="a", name="A", channels=" phone, ,email", digest=Rhythm.DAILY)
    assert preferences_of(chosen) == Preferences("zh", ("phone", "email"), Rhythm.DAILY, ())


@pytest.mark.parametrize(
    ("chosen", "en", "zh"),
    [
        (wish("en", "email"), "language: English; how often: at once; by: email; stopped: nothing",
         "语言：英文；频率：即时；渠道：email；停收：无"),
        (wish("zh", "phone email", Rhythm.WEEKLY, "closed receipt bulletin deadline"),
         "language: Chinese; how often: news once a week; by: phone, email; "
         "stopped: receipts, moved deadlines, closed cycles, bulletins",
         "语言：中文；频率：消息每周汇总；渠道：phone, email；停收：回执、期限变更、循环结束、质量简报"),
    ],
)  # fmt: skip
def test_what_was_chosen_is_said_in_one_line_of_each_language(chosen: Preferences, en: str, zh: str) -> None:
    said = in_words(chosen)
    assert (said.en, said.zh) == (en, zh)
