"""The local mailbox: takes mails on loopback, shows the newest first, quickly."""

import smtplib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifications.mail import Head, build_mail
from notifications.mailbox import count_mails, keep_mail, open_mailbox, read_mail, read_mails
from notifications.render import Message
from tests.voices import free_port

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


def mail(subject: str = "您好", text: str = "正文\n") -> bytes:
    return build_mail(Message(subject, text, f"<p>{text}</p>"), Head("w@h.test", "ana@h.test", NOW, "1.abc", "C1"))


def test_a_mail_that_was_sent_is_read_as_it_was_written(tmp_path: Path) -> None:
    port = free_port()
    with open_mailbox(tmp_path, host="127.0.0.1", port=port), smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.sendmail("w@h.test", ["ana@h.test"], mail(), mail_options=["BODY=8BITMIME"])
    [read] = read_mails(tmp_path)
    assert (read.subject, read.to, read.text, read.html) == ("您好", "ana@h.test", "正文\n", "<p>正文\n</p>")
    assert read.at == NOW
    assert read_mail(tmp_path, read.id) == read


def test_a_place_that_cannot_exist_is_refused_as_a_real_server_would(tmp_path: Path) -> None:
    port = free_port()
    with open_mailbox(tmp_path, host="127.0.0.1", port=port), smtplib.SMTP("127.0.0.1", port) as smtp:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            smtp.sendmail("w@h.test", ["ana@gone.invalid"], mail(), mail_options=["BODY=8BITMIME"])
        assert refused.value.recipients["ana@gone.invalid"][0] == 550
    assert count_mails(tmp_path) == 0


def test_the_newest_come_first_and_only_the_page_asked_for(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "new").mkdir()
    for n in range(2000):
        keep_mail(tmp_path, mail(f"number {n}"), at_ns=1_000_000 * n)
    assert count_mails(tmp_path) == 2000
    assert [m.subject for m in read_mails(tmp_path, limit=2, offset=1)] == ["number 1998", "number 1997"]


def test_an_absent_folder_is_an_empty_mailbox(tmp_path: Path) -> None:
    assert read_mails(tmp_path / "none") == []
    assert count_mails(tmp_path / "none") == 0


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "", "x", "/etc/passwd"])
def test_a_name_that_is_no_id_opens_no_file(tmp_path: Path, name: str) -> None:
    assert read_mail(tmp_path, name) is None


def test_the_second_mailbox_on_a_port_says_so(tmp_path: Path) -> None:
    port = free_port()
    with (
        open_mailbox(tmp_path, host="127.0.0.1", port=port),
        pytest.raises(OSError, match="in use"),
        open_mailbox(tmp_path, host="127.0.0.1", port=port),
    ):
        pass
