"""`wardcycle account`: the first account is made at the machine, and nobody is left logged in who must not be."""

import re
from datetime import datetime

import pytest
import sqlalchemy as sa

from config.settings import Settings
from engine.accounts import accept_invitation
from models.account import Account, LoginSession
from models.db import Database
from models.people import Person
from notifications.links import read_keys
from tests.commands import Command
from tests.visitors import PASSWORD


def test_an_invitation_prints_its_link_where_no_mail_leaves_the_machine(
    command: Command, database: Database, now: datetime
) -> None:
    ran = command.at("account", "invite", "ana")
    assert "Ana Ferro is invited until 2026-03-09 09:30" in ran.out
    link = re.search(r"http://127\.0\.0\.1:\d+/welcome/(\S+)", ran.out)
    assert link
    with database.transaction("test") as session:
        keys = read_keys(Settings())
        assert accept_invitation(session, link[1], PASSWORD, keys=keys, now=now, on=now.date())
    assert "password" in command.at("account", "list").out
    assert "Ana Ferro" in command.at("account", "list", "--language", "zh").out


def test_behind_a_relay_the_link_goes_by_mail_alone(
    command: Command, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setenv("WARDCYCLE_SMTP_HOST", "relay.hospital.test")
    made = command.json("account", "invite", "ana", "--now", command.now)
    assert (made["mailed"], made["link"]) == (True, None)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).values(email=None))
    made = command.json("account", "invite", "ana", "--now", command.now)
    assert made["mailed"] is False
    assert "/welcome/" in made["link"]


def test_locking_ends_sessions_and_unlocking_opens_again(command: Command, database: Database, now: datetime) -> None:
    token = command.json("account", "invite", "ana", "--now", command.now)["link"].rpartition("/")[2]
    with database.transaction("test") as session:
        accept_invitation(session, token, PASSWORD, keys=read_keys(Settings()), now=now, on=now.date())
    assert command.json("account", "lock", "ana", "--now", command.now) == {
        "person": "ana",
        "locked": True,
        "sessions": 1,
    }
    assert command.json("account", "list", "--now", command.now)["accounts"][0]["is_locked"] is True
    assert _open_sessions(database) == 0
    assert "Open again." in command.at("account", "unlock", "ana").out
    with database.reading() as session:
        assert session.execute(sa.select(Account.locked_until)).scalar_one() is None  # type: ignore[call-overload]
    assert command.json("account", "end-sessions", "ana", "--now", command.now)["sessions"] == 0


def test_what_does_not_exist_is_said(command: Command) -> None:
    assert "Did you mean: ana" in command.at("account", "invite", "anna", code=1).err
    assert "no account yet" in command.at("account", "lock", "bo", code=1).err
    assert command.json("account", "list", "--now", command.now) == {"accounts": []}


def _open_sessions(database: Database) -> int:
    with database.reading() as session:
        still = sa.select(sa.func.count()).select_from(LoginSession).where(LoginSession.ended_at.is_(None))  # type: ignore[union-attr]
        return int(session.execute(still).scalar_one())
