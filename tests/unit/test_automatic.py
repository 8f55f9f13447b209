"""By which sign a mail is known to be a machine's, and which mails of people look almost like one."""

import email
from email.message import Message

import pytest

from notifications.automatic import why_automatic, words_of

WARD = "dee@hospital.test"


@pytest.mark.parametrize(
    ("heads", "sign"),
    [
        ("Auto-Submitted: auto-replied", "auto-submitted"),
        ("AUTO-SUBMITTED: auto-generated; x=no", "auto-submitted"),
        ("Auto-Submitted: No ; because; of", ""),
        ("Auto-Submitted:", ""),
        ("Precedence: bulk", "precedence"),
        ("Precedence: Junk", "precedence"),
        ("Precedence: list", "precedence"),
        ("Precedence: auto_reply", "precedence"),
        ("Precedence: auto-reply", "precedence"),
        ("Precedence: first-class", ""),
        ("List-Id: <all.hospital.test>", "list"),
        ("LIST-UNSUBSCRIBE: <x>", "list"),
        ("Mailing-List: all", ""),
        ("X-Autoreply: yes", "autoreply"),
        ("X-QQ-AutoReply: TRUE", "autoreply"),
        ("X-Loop: ward", "autoreply"),
        ("Return-Path: <>", "bounce"),
        ("Return-Path:  <> ", "bounce"),
        ("Return-Path: <dee@hospital.test>", ""),
        ("Subject: Out of office until Monday", "subject"),
        ("Subject:   自动回复：不在", "subject"),
        ("Subject: =?utf-8?b?6Ieq5Yqo5Zue5aSNOiDkuI3lnKg=?=", "subject"),
        ("Subject: out\r\n of office", "subject"),
        ("Subject: Re: out of office", ""),
        ("Subject: Re: [C2026-0001] task", ""),
        ("Precedence: bulk\r\nAuto-Submitted: auto-replied", "auto-submitted"),  # the surest first
        ("X-Mailer: any", ""),
        ("", ""),
    ],
)
def test_heads_by_which_a_machine_gives_itself_away(heads: str, sign: str) -> None:
    mail = email.message_from_string(f"From: {WARD}\r\n{heads}\r\n\r\ndone" if heads else "\r\ndone")
    assert why_automatic(mail, WARD) == sign


@pytest.mark.parametrize(
    ("sender", "sign"),
    [
        ("mailer-daemon@hospital.test", "robot"),
        ("no-reply@hospital.test", "robot"),
        ("noreply@ward@hospital.test", "robot"),
        ("dee@noreply", ""),
        ("", ""),
    ],
)
def test_senders_that_nobody_reads(sender: str, sign: str) -> None:
    assert why_automatic(Message(), sender) == sign


MIXED = 'Content-Type: multipart/{}; boundary="e"\r\n\r\n--e\r\nContent-Type: {}\r\n\r\nx\r\n--e--\r\n'


@pytest.mark.parametrize(
    ("raw", "sign"),
    [
        (MIXED.format("report", "text/plain"), "bounce"),
        (MIXED.format("mixed", "message/disposition-notification"), "bounce"),
        (MIXED.format("mixed", "text/plain"), ""),
        ("Content-Type: message/delivery-status\r\n\r\nx", "bounce"),
        ("Content-Type: text/plain\r\n\r\nx", ""),
    ],
)
def test_reports_of_mail_servers_wherever_they_stand(raw: str, sign: str) -> None:
    assert why_automatic(email.message_from_string(raw), WARD) == sign


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("plain", "plain"),
        ("  自动回复 ", "自动回复"),
        ("=?gb2312?b?19S2r7vYuLQ=?=", "自动回复"),
        ("=?utf-8?q?Caf=C3=A9?= =?utf-8?q?_open?= now", "Café open now"),
        ("=?no-such-charset?b?19S2r7vYuLQ=?=", "自动回复"),  # as the hospital's computers write
        ("=?us-ascii?b?19S2r7vYuLQ=?=", "自动回复"),
        ("=?iso-8859-1?q?Caf=E9?=", "Café"),
        ("=?utf-8?b?abcde?=", "=?utf-8?b?abcde?="),  # broken: as it stands
        ("=?utf-8?b?//8=?=", "\ufffd\ufffd"),
    ],
)
def test_a_head_line_is_read_as_its_writer_meant_it(head: str, words: str) -> None:
    assert words_of(head) == words


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_a_head_line_without_any_encoding_is_read_too(charset: str) -> None:
    mail = email.message_from_bytes("Subject: 自动回复: 不在\r\n\r\nx".encode(charset))
    assert why_automatic(mail, WARD) == "subject"
