"""Which channel addresses are allowed, what of them is secret, and how mails are built."""

import email
import email.policy
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from config.settings import Settings
from config.shapes import ChannelSetting
from config.words import Text
from notifications.allowed import ChannelRefused, check_url, fill, is_plain, private_host, secrets_of
from notifications.channels import check_channels, make_channels
from notifications.mail import Head, build_mail, is_address
from notifications.render import Message
from notifications.senders import Address

HEAD = Head("w@h.test", "ana@h.test", datetime(2026, 3, 2, tzinfo=UTC), "7.abc", "C1.x")


@pytest.mark.parametrize(
    "url",
    [
        "ntfys://ntfy.h.test/{address}",
        "jsons://u:p@h.test/hook?-k=v",
        "tgram://1:abc/{address}",
        "mailtos://u:p@h.test",
    ],
)
def test_services_that_tell_the_truth_are_allowed(url: str) -> None:
    check_url("c", url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("wecombot://key", "does not tell whether a message was taken"),
        ("feishu://token", "does not tell"),
        ("file:///etc/passwd", "is not one of"),
        ("https://h.test/hook", "is not one of"),
        ("syslog://", "is not one of"),
        ("ntfy.h.test/ward", "no address of the form"),
        ("json://h.test/a,json://i.test/b", "comma"),
        ("json://h.test/a json://i.test/b", "blank"),
        ("json://h.test/\r\nx", "control character"),
        ("json://h.test/?retry=3", "must not set retry"),
        ("json://h.test/?Overflow=split&tag=x", "must not set overflow, tag"),
        ("json://h.test/?redirect=yes", "must not set redirect"),
        ("ntfy://{address}", "must not stand in the place of the host"),
    ],
)
def test_other_addresses_are_refused_with_the_reason(url: str, said: str) -> None:
    with pytest.raises(ChannelRefused, match=said) as refused:
        check_url("hook", url)
    assert "h.test" not in str(refused.value)
    assert "hook" in refused.value.text("zh")


def test_an_address_is_quoted_into_the_url() -> None:
    assert fill("ntfys://h.test/{address}", "ward@3") == "ntfys://h.test/ward%403"
    assert is_plain("+8613800000000")
    assert not is_plain("a/../b")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "localhost"])
def test_the_own_network_is_closed_unless_permitted(host: str) -> None:
    assert private_host(host, 80, ()) == f"{host}:80"
    assert private_host(host, 80, (f"{host}:80",)) == ""


def test_every_part_of_an_address_that_may_be_a_password_is_secret() -> None:
    assert {"pa ss", "tok", "val"} <= set(secrets_of("json://user:pa%20ss@h.test/tok?-key=val"))
    assert "123:abc" in secrets_of("tgram://123:abc/55")


def test_a_channel_that_is_refused_leaves_the_others_and_says_why() -> None:
    title = Text("x", "x")
    settings = {
        "email": ChannelSetting(title=title, url="email"),
        "bad": ChannelSetting(title=title, url="schan://s3cret"),
    }
    assert [error.facts["slug"] for error in check_channels(settings)] == ["bad"]
    made = make_channels(Settings(), settings)
    assert set(made.senders) == {"email"}
    result = made.send(Message("a", "b", "c"), Address("bad", "x", "m", "t", HEAD.at, 1))
    assert "does not tell" in result.why
    assert "s3cret" not in result.why


@pytest.mark.parametrize(
    ("written", "good"),
    [
        ("ana@h.test", True),
        ("a.b+c@sub.h-x.test", True),
        ("Ana <ana@h.test>", False),
        ("ana@h.test\n", False),
        ("a@b,c@d", False),
        ("ana", False),
        ("", False),
    ],
)
def test_only_a_bare_address_is_one(written: str, good: bool) -> None:
    assert is_address(written) is good


@pytest.mark.parametrize("eight_bit", [True, False])
@pytest.mark.parametrize("text", ["短\n", "长" * 2000, ".\n..\nfrom\n", "a\r\nb"])
def test_a_mail_says_what_was_written(eight_bit: bool, text: str) -> None:
    message = Message("一个相当长的主题：手术安全核查制度落实情况现状调查与原因分析", text, f"<p>{text}</p>")
    mail = email.message_from_bytes(build_mail(message, HEAD, eight_bit=eight_bit), policy=email.policy.default)
    assert mail["Subject"] == message.subject
    assert mail.defects == []
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").rstrip("\n") == text.replace("\r\n", "\n").rstrip("\n")


def test_making_a_voice_does_not_load_apprise() -> None:
    code = """
import sys
import notifications.deliver, notifications.mailbox, notifications.sender
from config.catalogue import read_catalogue
from config.settings import Settings
from notifications.channels import voice_of

voice_of(Settings(), read_catalogue(environ={}))
sys.exit("apprise" in sys.modules or "aiosmtpd" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
