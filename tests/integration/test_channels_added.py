"""Channels that a hospital adds while it runs: sealed, seen without a restart, never shown again."""

import logging
import pickle
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config.catalogue import read_catalogue
from config.settings import Settings
from config.words import Text
from engine.rules import Rules
from models.audit import Audit, verify
from models.channel import Channel, added_channels, personal_added
from models.db import Database
from models.notification import AttemptOutcome, Delivery, NotificationKind
from models.people import Person
from notifications.added import (
    ChannelFixed,
    ChannelInUse,
    GivenChannel,
    SlugTaken,
    SlugWrong,
    add_channel,
    check_given,
    remove_channel,
    seal_again,
    tidy,
)
from notifications.allowed import ChannelRefused
from notifications.channels import LOOK_EVERY_S, LazyChannels, read_added, voice_of
from notifications.deliver import deliver_due
from notifications.render import Message
from notifications.sealed import Lock
from notifications.senders import Address, SendResult
from notifications.trial import look_up
from tests.integration.test_channel_contract import KINDS, say
from tests.places import make_hospital
from tests.voices import deliveries, http_server, launch, queue

CANARY = "s3cretKanarienvogel"
OLD, NEW = "the-first-key-of-all", "the-second-key-of-all"
FIXED = frozenset({"email"})
MESSAGE = Message("[C2026-0001] Reminder", "Please answer.\n", "<p>Please answer.</p>")


def given(slug: str = "group", url: str = f"wecombot://{CANARY}", **more: object) -> GivenChannel:
    return GivenChannel(slug, Text("Ward group", "病区群"), url, **more)  # type: ignore[arg-type]


def add(
    database: Database, wanted: GivenChannel, now: datetime, *, keys: tuple[str, ...] = (OLD,), **more: bool
) -> None:
    check_given(wanted, known=FIXED)
    with database.transaction("test") as session:
        add_channel(session, wanted, lock=Lock(keys), by=None, now=now, **more)


def settings_of(*keys: str, hosts: tuple[str, ...] = ()) -> Settings:
    return Settings(secret_keys=tuple(map(SecretStr, keys)), channel_hosts=hosts)


def send(channels: LazyChannels, slug: str, now: datetime, to: str = "") -> SendResult:
    return channels.send(MESSAGE, Address(slug, to, "7.abc", "", now, 7))


def test_the_address_is_sealed_and_comes_back_whole(database: Database, now: datetime) -> None:
    add(database, given(), now)
    with database.reading() as session:
        [row] = added_channels(session)
        assert CANARY not in row.url_sealed and OLD not in row.url_sealed
        assert read_added(session, settings_of(OLD)).settings["group"].url == f"wecombot://{CANARY}"
        assert verify(session).bad_id is None


def test_the_database_alone_opens_nothing(database: Database, now: datetime) -> None:
    add(database, given(), now)
    with database.reading() as session:
        read = read_added(session, settings_of("a-key-of-somebody-else"))
    assert read.settings == {} and "key" in read.refused["group"].en


def test_an_address_that_somebody_changed_in_the_row_is_not_used(database: Database, now: datetime) -> None:
    add(database, given(), now)
    with database.transaction("test") as session:
        session.execute(sa.text("UPDATE channel SET url_sealed = 'wecombot://another'"))
    with database.reading() as session:
        assert set(read_added(session, settings_of(OLD)).refused) == {"group"}


def test_a_new_key_reads_the_old_seals_and_the_next_write_seals_them_again(database: Database, now: datetime) -> None:
    add(database, given("first"), now)
    add(database, given("second"), now, keys=(NEW, OLD))
    with database.reading() as session:
        assert set(read_added(session, settings_of(NEW)).settings) == {"first", "second"}
        assert set(read_added(session, settings_of(OLD)).settings) == set()
    with database.transaction("test") as session:
        assert seal_again(session, Lock((NEW, OLD))) == 0, "twice in a row changes nothing"


def test_each_id_is_given_once(database: Database, now: datetime) -> None:
    with pytest.raises(SlugTaken, match=r"channels\.yaml"):
        add(database, given("email"), now)
    add(database, given(), now)
    with pytest.raises(SlugTaken, match="--replace"):
        add(database, given(), now)
    add(database, given(url="wecombot://another-key"), now, replace=True)
    with database.reading() as session:
        rows = session.execute(sa.select(Channel).order_by(sa.text("id"))).scalars().all()
        assert [(row.removed_at == now, bool(row.url_sealed)) for row in rows] == [(True, False), (False, True)]
        assert read_added(session, settings_of(OLD)).settings["group"].url == "wecombot://another-key"


@pytest.mark.parametrize("slug", ["", "Ward", "a_b", "-a", "a" * 41, "http://x", "病区"])
def test_an_id_is_small_letters_digits_and_hyphens(slug: str) -> None:
    with pytest.raises(SlugWrong) as refused:
        check_given(given(slug), known=FIXED)
    assert slug == "" or slug not in refused.value.text("zh")


@pytest.mark.parametrize(
    ("url", "personal", "said"),
    [
        ("", False, "scheme"),
        (CANARY, False, "scheme"),
        ("email", False, "scheme"),
        (f"json://h.test/{'a' * 2000}", False, "2000"),
        (f"wecombot://{CANARY}", True, "a group reads"),
        (f"ntfys://h.test/{CANARY}", True, "not personal"),
    ],
)
def test_what_cannot_be_a_channel_is_refused_without_its_address(url: str, personal: bool, said: str) -> None:
    with pytest.raises(ChannelRefused, match=said) as refused:
        check_given(given(url=url, personal=personal), known=FIXED)
    assert CANARY not in refused.value.text("en") + refused.value.text("zh") + repr(refused.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"file:///{CANARY}", "not one of"),
        (f"json://h.test/{CANARY},json://i.test", "comma"),
        (f"json://h.test/{CANARY} x", "blank"),
        (f"json://h.test/{CANARY}\nx", "control character"),
        (f"json://h.test/?retry=3&key={CANARY}", "must not set retry"),
        (f"json://[{CANARY}", "cannot be read"),
        (f"jsons://user:{CANARY}@10.1.2.3/hook", "own network"),
        (f"ntfy://user:{CANARY}@localhost/topic", "own network"),
        (f"mailto://user:{CANARY}@169.254.169.254", "own network"),
        (f"wecombot://{CANARY}?x=1", "nothing but"),
        ("tgram://", "cannot be used"),
    ],
)
def test_an_added_address_keeps_the_same_rules_as_one_of_the_file(
    url: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ChannelRefused, match=said) as refused:
        look_up("hook", check_given(given("hook", url), known=FIXED), Settings())
    assert CANARY not in refused.value.text("en") + refused.value.text("zh") + caplog.text


def test_a_base_url_in_the_own_network_needs_the_setting() -> None:
    channel = check_given(given(base_url="http://127.0.0.1:9"), known=FIXED)
    with pytest.raises(ChannelRefused, match="own network"):
        look_up("group", channel, Settings())
    look_up("group", channel, Settings(channel_hosts=("127.0.0.1:9",)))


@pytest.mark.parametrize(
    ("copied", "url", "base_url"),
    [
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc-1", "wecombot://abc-1", ""),
        ("https://oapi.dingtalk.com/robot/send?access_token=t&secret=S+1", "dingtalk://t?secret=S+1", ""),
        ("https://open.feishu.cn/open-apis/bot/v2/hook/abc?secret=s", "feishu://abc?secret=s", ""),
        ("https://open.larksuite.com/open-apis/bot/v2/hook/abc", "feishu://abc", "https://open.larksuite.com"),
        (" ntfys://h.test/ward-3\r\n", "ntfys://h.test/ward-3", ""),
    ],
)
def test_an_address_is_taken_as_people_copy_it(copied: str, url: str, base_url: str) -> None:
    read = tidy(given(url=copied))
    assert (read.url, read.base_url) == (url, base_url)


def test_a_channel_that_people_use_is_not_removed_and_they_are_named(database: Database, now: datetime) -> None:
    make_hospital(database)
    add(database, given(), now)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(sa.text("slug IN ('ana', 'chen')")).values(channels="email,group"))
    with pytest.raises(ChannelInUse, match="Ana Ferro"), database.transaction("test") as session:
        remove_channel(session, "group", known=FIXED, lock=Lock((OLD,)), by=None, now=now)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).values(channels="email"))
        remove_channel(session, "group", known=FIXED, lock=Lock((OLD,)), by=None, now=now)
    with database.reading() as session:
        assert added_channels(session) == []
        assert session.execute(sa.text("SELECT url_sealed FROM channel")).scalars().all() == [""]
        whats = session.execute(sa.select(Audit.what).order_by(sa.text("id"))).scalars().all()  # type: ignore[call-overload]
        assert [what for what in whats if what.startswith("channel")] == ["channel.add", "channel.remove"]


def test_one_of_the_file_is_removed_in_the_file(database: Database, now: datetime) -> None:
    with pytest.raises(ChannelFixed), database.transaction("test") as session:
        remove_channel(session, "email", known=FIXED, lock=Lock((OLD,)), by=None, now=now)


class Clock:
    """Seconds that a test sets."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_running_sender_sees_what_is_added_replaced_and_removed(database: Database, now: datetime) -> None:
    clock, settings = Clock(), Settings(secret_keys=(SecretStr(OLD),), channel_hosts=("127.0.0.1",))
    channels = LazyChannels(settings, {}, database, clock)
    assert send(channels, "hook", now).why == "no such channel: hook"
    with http_server(say(200)) as (port, posted), http_server(say(200)) as (second, others):
        add(database, given("hook", f"json://127.0.0.1:{port}/{CANARY}"), now)
        assert send(channels, "hook", now).outcome is AttemptOutcome.ACCEPTED, "an unknown name is looked up at once"
        add(database, given("hook", f"json://127.0.0.1:{second}/{CANARY}"), now, replace=True)
        clock.seconds = LOOK_EVERY_S - 0.001
        send(channels, "hook", now)
        assert (len(posted), len(others)) == (2, 0), "the moment before"
        clock.seconds = LOOK_EVERY_S
        send(channels, "hook", now)
        assert (len(posted), len(others)) == (2, 1), "the moment"
        with database.transaction("test") as session:
            remove_channel(session, "hook", known=FIXED, lock=Lock((OLD,)), by=None, now=now)
        clock.seconds = 2 * LOOK_EVERY_S
        assert send(channels, "hook", now).outcome is AttemptOutcome.PERMANENT


def test_what_did_not_change_keeps_its_sender_and_so_its_limits(database: Database, now: datetime) -> None:
    clock = Clock()
    channels = LazyChannels(settings_of(OLD), {}, database, clock)
    add(database, given("first", base_url="http://127.0.0.1:9"), now)
    send(channels, "first", now)
    kept = channels.senders["first"]
    add(database, given("second"), now)
    clock.seconds = LOOK_EVERY_S
    send(channels, "first", now)
    assert channels.senders["first"] is kept and "second" in channels.senders


def test_a_database_that_is_away_loses_no_message(database: Database, now: datetime) -> None:
    away = Database("sqlite:////nowhere/at/all.db")
    result = send(LazyChannels(settings_of(OLD), {}, away), "email", now)
    assert (result.outcome, result.down) == (AttemptOutcome.TRANSIENT, True)


def test_a_copy_for_another_process_sends_as_well(database: Database, now: datetime) -> None:
    with http_server(say(200)) as (port, posted):
        add(database, given("hook", f"json://127.0.0.1:{port}/x"), now)
        channels = LazyChannels(settings_of(OLD, hosts=("127.0.0.1",)), {}, database)
        copied = pickle.loads(pickle.dumps(channels))
        assert send(copied, "hook", now).outcome is AttemptOutcome.ACCEPTED
        copied.database.dispose()
    assert len(posted) == 1


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "e-mail"])
def test_every_kind_of_channel_speaks_when_it_was_added(kind: str, database: Database, now: datetime) -> None:
    with KINDS[kind].receive("ok") as receiver:
        url, place = KINDS[kind].url(receiver.port), f"http://127.0.0.1:{receiver.port}"
        base_url = "" if str(receiver.port) in url else place
        add(database, given("added", url, base_url=base_url), now)
        channels = LazyChannels(settings_of(OLD, hosts=(f"127.0.0.1:{receiver.port}",)), {}, database)
        result = send(channels, "added", now, KINDS[kind].to)
        assert result.outcome is AttemptOutcome.ACCEPTED, result
        assert "Please answer." in receiver.read()[0]


def test_a_person_is_told_by_an_added_channel_and_no_trace_holds_its_address(
    database: Database, rules: Rules, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    make_hospital(database)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).values(channels="hook"))
    with http_server(say(500, f"no {CANARY}")) as (port, posted):
        add(database, given("hook", f"json://ward:{CANARY}@127.0.0.1:{port}/{CANARY}?-k={CANARY}"), now)
        settings = settings_of(OLD, hosts=("127.0.0.1",))
        queue(database, rules, now, NotificationKind.RECEIPT, facts={"note": "ok"})
        deliver_due(database, voice=voice_of(settings, read_catalogue(environ={}), database), now=lambda: now)
    assert len(posted) == 1
    assert {row.channel for row in deliveries(database)} == {"hook"}
    assert CANARY not in caplog.text
    assert CANARY not in everything(database)


@pytest.mark.parametrize("personal", [True, False])
def test_a_link_to_answer_goes_only_where_one_person_reads(
    personal: bool, database: Database, rules: Rules, now: datetime, tmp_path: Path
) -> None:
    launch(database, rules, now)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).values(channels="own", addresses="own=ana"))
        session.execute(sa.update(Delivery).values(channel="own"))
    settings = Settings(
        secret_keys=(SecretStr(OLD),), channel_hosts=("127.0.0.1",), base_url="https://ward.test", data_folder=tmp_path
    )
    with http_server(say(200)) as (port, posted):
        url = f"json://127.0.0.1:{port}/{{address}}"
        add(database, given("own", url, personal=personal), now)
        deliver_due(database, voice=voice_of(settings, read_catalogue(environ={}), database), now=lambda: now)
    [(path, body)] = posted
    assert path == "/ana" and (b"https://ward.test/a/" in body) is personal


def test_personal_is_what_the_hospital_says(database: Database, now: datetime) -> None:
    add(database, given("own", "ntfys://h.test/{address}", personal=True), now)
    add(database, given("group"), now)
    with database.reading() as session:
        assert personal_added(session) == {"own"}


def everything(database: Database) -> str:
    """Read every byte that the database holds; for PostgreSQL every value of every table."""
    if database.file:
        found: Callable[[Path], bytes] = Path.read_bytes
        return "".join(found(file).decode("latin-1") for file in database.file.parent.glob(f"{database.file.name}*"))
    with database.reading() as session:
        tables = sa.inspect(session.connection()).get_table_names()
        return "".join(str(row) for name in tables for row in session.execute(sa.text(f'SELECT * FROM "{name}"')))
