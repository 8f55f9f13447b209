"""`wardcycle channel`: adding by standard input, listing, testing at a real receiver, removing; no address shown."""

import io
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from models.audit import Audit
from models.channel import Channel
from models.db import Database
from models.people import Person
from tests.commands import Command
from tests.integration.test_channel_contract import say
from tests.integration.test_channels_added import CANARY, everything
from tests.voices import Behaviour, http_server, mail_server

WECOM = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={CANARY}"


class Giving:
    """Runs commands with something on standard input, keeping all that they said."""

    def __init__(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        self.command, self.monkeypatch, self.said = command, monkeypatch, ""

    def __call__(self, *words: str, given: str = "", code: int = 0) -> str:
        self.monkeypatch.setattr("sys.stdin", io.StringIO(given))
        ran = self.command("channel", *words, code=code)
        self.said += ran.out + ran.err
        return ran.out + ran.err


@pytest.fixture
def channel(command: Command, monkeypatch: pytest.MonkeyPatch) -> Giving:
    return Giving(command, monkeypatch)


def test_a_channel_from_its_adding_to_its_end(channel: Giving, database: Database, installation: Path) -> None:
    assert "not shown again" in channel("add", "group", "--title", "Ward group", "--by", "eva", given=f"{WECOM}\n")
    assert "already" in channel("add", "group", "--title", "Other", given=WECOM, code=1)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(sa.text("slug = 'ana'")).values(channels="email,group"))
    listed = json.loads(channel("list", "--json"))["channels"]
    used = [(one["slug"], one["n_people"], one["personal"]) for one in listed]
    assert used == [("email", 7, True), ("group", 1, False)]
    assert listed[1]["service"] == {"en": "WeCom group", "zh": "企业微信群"}
    assert "企业微信群" in channel("list", "--language", "zh")
    assert "Ana Ferro" in channel("remove", "group", code=1)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).values(channels="email"))
    assert "forgotten" in channel("remove", "group")
    assert "There is no channel 'group'" in channel("remove", "group", code=1)
    with database.reading() as session:
        row = session.execute(sa.select(Channel)).scalar_one()
        assert row.added_by is not None and row.url_sealed == ""
    logged = "".join(file.read_text() for file in (installation / "data").rglob("*.log"))
    assert CANARY not in channel.said + logged + everything(database)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "scheme"),
        (f"wecombot://{CANARY}\nwecombot://another", "not of the form"),
        (f"json://{CANARY}:x@10.0.0.1/", "own network"),
        (f"syslog://{CANARY}", "is not one of"),
    ],
)
def test_what_cannot_be_added_changes_nothing(channel: Giving, database: Database, given: str, said: str) -> None:
    assert said in channel("add", "group", "--title", "x", given=given, code=1)
    with database.reading() as session:
        assert session.execute(sa.select(Channel)).all() == []
    assert CANARY not in channel.said


def test_an_address_in_the_place_of_the_id_is_not_repeated(channel: Giving) -> None:
    for words in (("add", WECOM, "--title", "x"), ("test", WECOM), ("remove", WECOM)):
        channel(*words, given=WECOM, code=1)
    assert CANARY not in channel.said


def test_a_test_message_shows_what_the_vendor_says_and_what_to_do(
    channel: Giving, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = say(200, {"errcode": 93000, "errmsg": f"invalid webhook url {CANARY}"})
    with http_server(refused) as (port, posted):
        monkeypatch.setenv("WARDCYCLE_CHANNEL_HOSTS", f"127.0.0.1:{port}")
        channel("add", "group", "--title", "g", "--base-url", f"http://127.0.0.1:{port}", given=WECOM)
        said = channel("test", "group", "--by", "eva", code=1)
        assert "WeCom: 93000 invalid webhook url ***" in said and "Copy the robot's address again" in said
        assert "请重新复制" in channel("test", "group", "--language", "zh", code=1)
    assert len(posted) == 2 and "test message" in json.loads(posted[0][1])["text"]["content"]
    listed = json.loads(channel("list", "--json"))["channels"][1]["record"]
    assert (listed["works_since"], listed["last_error"]) == (None, "WeCom: 93000 invalid webhook url ***")
    with database.reading() as session:
        tested = session.execute(sa.select(Audit).where(sa.text("what = 'channel.test'"))).scalars().all()
        assert [(row.outcome, row.by_id is not None) for row in tested] == [("permanent", True), ("permanent", False)]
    assert CANARY not in channel.said + everything(database)


def test_a_test_mail_reaches_a_real_server(channel: Giving, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server(behaviour := Behaviour()) as port:
        monkeypatch.setenv("WARDCYCLE_MAILBOX_SMTP_PORT", str(port))
        assert "needs an address" in channel("test", "email", code=2)
        assert "Look whether it has arrived" in channel("test", "email", "--to", "ana@hospital.test")
        assert "no e-mail address" in channel("test", "email", "--to", "ana, bo", code=1)
    assert [envelope.rcpt_tos for envelope in behaviour.got] == [["ana@hospital.test"]]
    assert json.loads(channel("list", "--json"))["channels"][0]["record"]["last_error"] == "this is no e-mail address"


def test_an_added_channel_may_be_given_to_people_by_import(
    channel: Giving, command: Command, installation: Path, database: Database
) -> None:
    folder = installation / "book"
    command("hospital", "export", str(folder))
    people = folder / "people.csv"
    written = people.read_text("utf-8-sig").splitlines()
    changed = [line.replace(",email", ',"group,email"', 1) if line.startswith("ana,") else line for line in written]
    people.write_text("\n".join(changed), "utf-8")
    assert "group" in command("hospital", "import", str(folder), code=1).err
    channel("add", "group", "--title", "g", given=WECOM)
    command("hospital", "import", str(folder))
    with database.reading() as session:
        assert session.execute(sa.text("SELECT channels FROM person WHERE slug = 'ana'")).scalar() == "group,email"


def test_the_doctor_names_channels_that_fail_or_are_not_there(
    channel: Giving, command: Command, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looks() -> list[tuple[str, str]]:
        found = command.json("doctor", code=doctor_code)["checks"]
        return [(one["state"], one["text"]["en"]) for one in found if one["about"] == "channels"]

    doctor_code = 0
    assert looks() == [("ok", "1 channels")]
    channel("add", "group", "--title", "g", given=WECOM)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(sa.text("slug = 'ana'")).values(channels="pager,group"))
    doctor_code = 1
    [missing] = looks()
    assert missing[0] == "error" and "pager" in missing[1] and "Ana Ferro" in missing[1]
    monkeypatch.setenv("WARDCYCLE_SECRET_KEYS", "another-key-than-before")
    assert any("its address was sealed with is gone" in text for _, text in looks())
    assert CANARY not in channel.said


def test_after_a_new_key_the_doctor_names_old_seals_until_they_are_sealed_again(
    channel: Giving, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warnings() -> list[str]:
        return [one["text"]["en"] for one in command.json("doctor")["checks"] if "reseal" in one["text"]["en"]]

    monkeypatch.setenv("WARDCYCLE_SECRET_KEYS", "the-first-key-of-all")
    channel("add", "group", "--title", "g", given=WECOM)
    assert warnings() == []
    monkeypatch.setenv("WARDCYCLE_SECRET_KEYS", "the-second-key-of-all,the-first-key-of-all")
    [warning] = warnings()
    assert warning.startswith("group: sealed with an older key")
    assert "newest key: 1." in channel("reseal", "--by", "eva")
    assert "newest key: 0." in channel("reseal", "--by", "eva")
    monkeypatch.setenv("WARDCYCLE_SECRET_KEYS", "the-second-key-of-all")
    assert warnings() == []
    assert "gone" not in channel("list")
