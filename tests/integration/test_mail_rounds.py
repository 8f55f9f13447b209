"""Around the answers by mail: the address in the mails, the command, the schedule, the doctor, the office's alarm."""

import asyncio
import email
import email.policy
import json
from collections.abc import Callable, Coroutine, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from prefect.client.schemas.objects import State
from prefect.logging import disable_run_logger

from cli.main import main
from config.settings import Settings
from engine.rules import Rules
from flows.deployments import DEPLOYMENTS, MAIL_REPLIES, deployments_of, flow_of, special_actions
from flows.hospital import hospital
from flows.replies import NoRepliesTaken, read_mailbox
from models.db import Database
from notifications.channels import voice_of
from notifications.deliver import deliver_due
from notifications.inbox import InboxUnreachable
from notifications.reply_address import ReplyAddresses
from tests.commands import Command
from tests.desk import OWN, Desk, sat_down
from tests.imap import PASSWORD, ImapServer, imap_server
from tests.voices import Behaviour, mail_server


@pytest.fixture(scope="module")
def imap() -> Iterator[ImapServer]:
    """One IMAP server for all tests of this file."""
    with imap_server() as server:
        yield server


@pytest.fixture
def desk(database: Database, rules: Rules, imap: ImapServer, tmp_path: Path, now: datetime) -> Desk:
    """A task that is answered by mail."""
    return sat_down(database, rules, imap, tmp_path, now)


def sent(desk: Desk, **changed: object) -> list[email.message.EmailMessage]:
    """Deliver what is due with other settings, and read the mails."""
    relay = Behaviour()
    with mail_server(relay) as port:
        settings = desk.settings.model_copy(update={"smtp_port": port} | changed)
        deliver_due(desk.walk.database, voice=voice_of(settings, desk.walk.rules.catalogue), now=lambda: desk.now)
    contents = [one.content for one in relay.got if isinstance(one.content, bytes)]
    return [email.message_from_bytes(one, policy=email.policy.default) for one in contents]


def test_only_what_asks_carries_an_address_and_says_how_to_use_it(desk: Desk) -> None:
    desk.take(desk.post().plain("what is this"))
    mails = {str(one["To"]): one for one in sent(desk)}
    assert "Reply-To" not in mails["ana@hospital.test"]  # the lead's note
    hint = mails[OWN]
    body = hint.get_body(("plain",))
    assert body is not None and "on the first line" in body.get_content()
    token = ReplyAddresses(desk.settings).token(str(hint["Reply-To"]))
    assert token and str(hint["Reply-To"]) != desk.address
    desk.address = str(hint["Reply-To"])
    assert desk.take(desk.post().plain("received")).n_answered == 1
    receipts = [one for one in sent(desk) if str(one["To"]) == OWN]
    assert len(receipts) == 1 and "Reply-To" not in receipts[0]


@pytest.mark.parametrize("setting", [{"imap_host": ""}, {"reply_address": ""}, {"reply_address": "a" * 30 + "@h.test"}])
def test_without_the_settings_mails_carry_no_address(desk: Desk, setting: dict[str, str]) -> None:
    desk.take(desk.post().plain("what is this"))
    assert ["Reply-To" in one for one in sent(desk, **setting)] == [False, False]


def test_hostile_words_of_a_mail_are_plain_text_in_the_leads_note(desk: Desk) -> None:
    hostile = "<script>alert(1)</script> {{ 7*7 }} \x1b[31m \u202egnp.exe\r\nBcc: all@hospital.test\nlast line"
    desk.take(desk.post("evil+<b>@x.test").plain(hostile))
    (note,) = (one for one in sent(desk) if str(one["To"]) == "ana@hospital.test")
    html, text = note.get_body(("html",)), note.get_body(("plain",))
    assert html is not None and text is not None
    assert "<script" not in html.get_content() and "&lt;script&gt;" in html.get_content()
    assert "{{ 7*7 }}" in text.get_content() and "last line" in text.get_content()
    assert not {"\x1b", "\u202e"} & set(text.get_content() + html.get_content())
    assert "Bcc" not in note and note["To"] == "ana@hospital.test"


def test_the_command_reads_once_and_counts_in_both_languages(
    desk: Desk, capsys: pytest.CaptureFixture[str], installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(desk, monkeypatch)
    command = Command(capsys)
    desk.box.put(desk.post().plain("received"), desk.post().plain("hello"))
    assert state_in_doctor(command, "09:30") == "warning"
    assert command.json("notifications", "read-replies", "--now", "2026-03-02T09:31")["n_answered"] == 1
    assert "0 封已作为答复" in command.at("notifications", "read-replies", "--language", "zh").out
    assert [state_in_doctor(command, at) for at in ("09:30", "09:40", "09:41")] == ["ok", "ok", "error"]
    monkeypatch.setenv("WARDCYCLE_IMAP_PASSWORD", "wrong")
    assert "cannot be read" in command("notifications", "read-replies", code=3).err
    monkeypatch.setenv("WARDCYCLE_IMAP_HOST", "")
    assert "WARDCYCLE_IMAP_HOST" in command("notifications", "read-replies", code=1).err


def state_in_doctor(command: Command, at: str) -> str:
    """Ask the doctor about the mailbox at a moment."""
    command.capsys.readouterr()
    main(["doctor", "--json", "--now", f"2026-03-02T{at}"])
    looks = json.loads(command.capsys.readouterr().out)["checks"]
    return str(next(one["state"] for one in looks if one["about"] == "mail replies"))


def set_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the mailbox as an administrator does."""
    kept = desk.settings
    given = {
        "REPLY_ADDRESS": kept.reply_address,
        "IMAP_HOST": kept.imap_host,
        "IMAP_PORT": str(kept.imap_port),
        "IMAP_USER": kept.imap_user,
        "IMAP_PASSWORD": PASSWORD,
        "IMAP_TLS": "none",
        "DATA_FOLDER": str(kept.data_folder),
    }
    for name, value in given.items():
        monkeypatch.setenv(f"WARDCYCLE_{name}", value)


def test_the_schedule_runs_the_reader_only_where_a_mailbox_is_set(desk: Desk) -> None:
    always = (*DEPLOYMENTS, *special_actions(desk.walk.rules.catalogue))
    assert deployments_of(desk.settings)[-1] == MAIL_REPLIES
    for without in ({"imap_host": ""}, {"reply_address": ""}):
        assert deployments_of(desk.settings.model_copy(update=without)) == always
    assert flow_of(MAIL_REPLIES).name == MAIL_REPLIES.name


def test_a_mailbox_that_stays_shut_alarms_the_office_once_until_it_opens_again(desk: Desk) -> None:
    shut = desk.settings.model_copy(update={"imap_port": 1})
    desk.read()

    def knock(minutes: int) -> int:
        at = desk.now + timedelta(minutes=minutes)
        with pytest.raises(InboxUnreachable):
            read_mailbox(desk.walk.database, shut, rules=desk.walk.rules, now=at)
        return len(desk.facts("alarm"))

    assert [knock(minutes) for minutes in (1, 30, 31, 32, 600)] == [0, 0, 1, 1, 1]
    desk.read(later=timedelta(minutes=601))
    assert [knock(minutes) for minutes in (602, 631, 632)] == [1, 1, 2]


def test_the_settings_that_are_missing_are_named(desk: Desk) -> None:
    with pytest.raises(NoRepliesTaken, match="WARDCYCLE_IMAP_HOST"):
        read_mailbox(desk.walk.database, Settings(), rules=desk.walk.rules, now=desk.now)


def test_the_flow_reads_the_mailbox_of_its_settings_and_says_what_came(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(desk, monkeypatch)
    monkeypatch.setenv("WARDCYCLE_DATABASE_URL", database_url)
    hospital.cache_clear()
    desk.change("UPDATE answer_link SET expires_at = '2100-01-01 00:00:00.000000'")  # the flow reads a real clock
    desk.box.put(desk.post().plain("received"))
    work = cast(Callable[[], Coroutine[None, None, State[None]]], flow_of(MAIL_REPLIES).fn)
    with disable_run_logger():
        said = asyncio.run(work())
    hospital().database.dispose()
    hospital.cache_clear()
    assert (said.name, said.message) == ("Completed", "answered 1, refused 0, notes 0, ignored 0, failed 0, known 0")
