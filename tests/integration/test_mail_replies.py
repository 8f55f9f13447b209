"""Answers by mail with a real mailbox: what is taken, noted, refused or ignored, and each once."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import select

from engine.mail_replies import MOST_NOTES
from engine.mail_rounds import ReadReplies
from engine.rules import Rules
from models.db import Database
from models.notification import Heartbeat, Notification, NotificationKind
from models.task import Evidence
from notifications.inbox import InboxUnreachable, open_inbox
from tests.desk import OWN, Desk, sat_down
from tests.imap import PASSWORD, ImapServer, imap_server
from tests.mails import QUOTED, Post
from tests.walks import at_once, person_id, stage, task, template

PROVEN = template(stage("work", task("photograph", evidence="required"), task("teach", after=["photograph"])))
SAFE = template(stage("work", task("photograph", safety=True), task("teach", after=["photograph"])))
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 200


@pytest.fixture(scope="module")
def imap() -> Iterator[ImapServer]:
    """One IMAP server for all tests of this file."""
    with imap_server() as server:
        yield server


@pytest.fixture
def desk(database: Database, rules: Rules, imap: ImapServer, tmp_path: Path, now: datetime) -> Desk:
    """A task that may be answered without evidence."""
    return sat_down(database, rules, imap, tmp_path, now)


def test_done_with_a_note_and_a_photo_is_an_answer_with_receipt_evidence_and_its_door(desk: Desk) -> None:
    said = desk.take(desk.post().mixed("Done\n\nThe list hangs.\nSecond line" + QUOTED, ("wall photo.png", PNG)))
    assert said == ReadReplies(n_answered=1)
    assert desk.answers() == [("done", "The list hangs.\nSecond line", "mail")]
    assert desk.walk.task("photograph").status == "done"
    assert desk.walk.task("teach").status == "open"
    with desk.walk.database.reading() as session:
        kept = session.exec(select(Evidence)).one()
        assert (kept.name, kept.content, kept.media_type) == ("wall photo.png", PNG, "image/png")
    assert [person for _, _, person in desk.walk.told("receipt")] == ["ana", "dee"]
    assert desk.box.flags() == [{"\\Seen"}]


def test_a_word_alone_is_an_acknowledgement(desk: Desk) -> None:
    words = ("ok", "OK.", "Received", "收到", "收到。", "  已收到  ", "知悉")
    assert desk.take(*(desk.post().plain(f"{word}\nas {word.strip()}\n{QUOTED}") for word in words)).n_answered == 7
    assert desk.answers() == [("acknowledge", f"as {word.strip()}", "mail") for word in words]
    assert desk.walk.task("photograph").status == "open"


def test_chinese_in_the_charset_of_the_wards_computers_is_understood_whatever_it_is_called(desk: Desk) -> None:
    names = ("gb2312", "GBK", "gb18030", "us-ascii", "no-such-charset")
    text = "收到\n核查表已张贴，㐂字也能读：{}\n\n在 2026年3月2日，wardcycle 写道：\n> 完成"
    mails = [desk.post().plain(text.format(name), charset="gb18030", name=name) for name in names]
    assert desk.take(*mails).n_answered == len(names)
    assert desk.answers() == [("acknowledge", f"核查表已张贴，㐂字也能读：{name}", "mail") for name in names]
    assert desk.take(desk.post().plain("完成\n已张贴", charset="gb18030", name="gb2312")).n_answered == 1
    assert desk.walk.task("photograph").status == "done"


def test_from_is_not_identity_but_must_fit_or_it_is_a_note_for_the_lead(desk: Desk) -> None:
    assert desk.take(desk.post("bo@hospital.test").plain("done\nall hangs")).n_notes == 1
    assert desk.answers() == []
    assert desk.walk.task("photograph").status == "open"
    assert '"from": "bo@hospital.test"' in desk.facts("note")[0] and "all hangs" in desk.facts("note")[0]
    assert [person for _, _, person in desk.walk.told("note")] == ["ana"]
    assert [person for _, _, person in desk.walk.told("unclear")] == ["dee"]  # never to the other address


def test_an_address_that_was_never_made_here_opens_nothing(desk: Desk) -> None:
    before, spoiled = desk.all_rows(), ("answers", f"answers+{'a' * 42}", "answers+%00", "answers+患者", "somebody")
    mails = [Post(OWN, f"{local}@hospital.test").plain("done\nall hangs") for local in spoiled]
    assert desk.take(*mails).n_ignored == len(mails)
    after = desk.all_rows()
    assert {name for name in after if after[name] != before[name]} == {"mail_reply"}


def test_an_address_whose_letters_a_mail_program_made_large_still_opens(desk: Desk) -> None:
    assert desk.take(Post(OWN.upper(), desk.address.upper()).plain("received")).n_answered == 1


def test_revoked_a_leavers_and_an_expired_address_open_nothing_and_only_the_owner_of_the_last_hears_why(
    desk: Desk,
) -> None:
    desk.change("UPDATE answer_link SET revoked_at = created_at")
    assert desk.take(desk.post().plain("done\nhangs")).n_ignored == 1
    desk.change("UPDATE answer_link SET revoked_at = NULL")
    desk.change("UPDATE person SET left_on = :day WHERE slug = 'dee'", day=str(desk.now.date()))
    assert desk.take(desk.post().plain("done\nhangs")).n_ignored == 1
    desk.change("UPDATE person SET left_on = NULL")
    assert desk.facts("unclear") == []
    desk.box.put(desk.post().plain("done\nhangs"), desk.post("bo@hospital.test").plain("done\nhangs"))
    said = desk.read(later=timedelta(days=90))
    assert (said.n_refused, said.n_ignored, desk.answers()) == (1, 1, [])
    assert "90 days" in desk.facts("unclear")[0] and desk.facts("note") == []


def test_an_address_opens_to_the_last_moment_of_its_ninety_days(desk: Desk) -> None:
    desk.box.put(desk.post().plain("received"))
    assert desk.read(later=timedelta(days=90, microseconds=-1)).n_answered == 1


def test_somebody_elses_address_answers_nothing_in_their_name(desk: Desk) -> None:
    # Gao got hold of dee's address: the token names dee, From names gao.
    assert desk.take(desk.post("gao@hospital.test").plain("done\nhangs")).n_notes == 1
    assert desk.answers() == []


def test_a_mail_read_twice_changes_nothing_the_second_time(desk: Desk) -> None:
    assert desk.take(desk.post().plain("done\nhangs")).n_answered == 1
    before = desk.all_rows()
    desk.box.forget_read()  # as if somebody had died between the answer and its mark
    assert desk.read() == ReadReplies(n_known=1)
    assert desk.all_rows() == before
    assert desk.box.flags() == [{"\\Seen"}]
    assert desk.read() == ReadReplies()


def test_a_copy_that_came_by_another_relay_is_the_same_mail(desk: Desk) -> None:
    mail = desk.post().plain("received\nwill do")
    copy = b"Received: from relay.test by mx.test; Mon, 2 Mar 2026 09:31:00 +0800\r\nX-Spam: no\r\n" + mail
    assert desk.take(mail, copy) == ReadReplies(n_answered=1, n_known=1)
    assert len(desk.answers()) == 1


def test_two_readers_at_the_same_time_take_each_mail_once(desk: Desk) -> None:
    desk.box.put(*(desk.post().plain(f"received\nnumber {number}") for number in range(6)))
    found = at_once(desk.walk.database, [partial(_read, desk)] * 2)
    assert all(isinstance(one, ReadReplies) for one in found), found
    assert sum(one.n_answered for one in found if isinstance(one, ReadReplies)) == 6
    assert sorted(note for _, note, _ in desk.answers()) == [f"number {number}" for number in range(6)]


def _read(desk: Desk, database: Database) -> ReadReplies:
    return desk.read(database=database)


KILLED = """
import os, signal, sys
from datetime import datetime
from config.calendar import calendar_of
from config.catalogue import read_catalogue
from config.settings import Settings
from engine.mail_rounds import read_replies
from engine.rules import Rules
from models.db import Database
from notifications.inbox import open_inbox

class Dying:
    def __init__(self, inbox): self.inbox = inbox
    def unread(self): return self.inbox.unread()
    def done(self, uid, *, aside=False): os.kill(os.getpid(), signal.SIGKILL)

catalogue = read_catalogue(environ={})
rules = Rules(calendar_of(catalogue.calendars["cn"]), catalogue)
with open_inbox(Settings()) as inbox:
    read_replies(Database(sys.argv[1]), Dying(inbox), rules=rules, now=datetime.fromisoformat(sys.argv[2]))
"""


def test_kill_between_the_answer_and_its_mark_loses_and_doubles_nothing(desk: Desk) -> None:
    desk.box.put(desk.post().plain("done\nhangs"))
    url = desk.walk.database.url.render_as_string(hide_password=False)
    kept = desk.settings
    environ = os.environ | {
        "WARDCYCLE_DATA_FOLDER": str(kept.data_folder),
        "WARDCYCLE_REPLY_ADDRESS": kept.reply_address,
        "WARDCYCLE_IMAP_HOST": kept.imap_host,
        "WARDCYCLE_IMAP_PORT": str(kept.imap_port),
        "WARDCYCLE_IMAP_USER": kept.imap_user,
        "WARDCYCLE_IMAP_PASSWORD": PASSWORD,
        "WARDCYCLE_IMAP_TLS": "none",
    }
    arguments = [sys.executable, "-c", KILLED, url, desk.now.isoformat()]
    died = subprocess.run(arguments, env=environ, capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert desk.answers() == [("done", "hangs", "mail")]
    assert desk.box.flags() == [set()]
    assert desk.read() == ReadReplies(n_known=1)
    assert len(desk.answers()) == 1


def test_what_a_machine_wrote_is_ignored_and_never_answered(desk: Desk) -> None:
    heads = (
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "X-Autoreply: yes",
        "List-Id: <all.hospital.test>",
        "Return-Path: <>",
        "Subject: =?utf-8?b?6Ieq5Yqo5Zue5aSNOiDkuI3lnKg=?=",
        "Subject: Automatic reply: away until Monday",
    )
    mails = [desk.post().plain("done\nI am away", heads=f"{head}\r\n") for head in heads]
    assert desk.take(*mails).n_ignored == len(mails)
    assert (desk.answers(), desk.facts("unclear"), desk.facts("note")) == ([], [], [])
    assert all(why.startswith("automatic: ") for _, why in desk.outcomes())


def test_a_bounce_and_a_robot_are_ignored(desk: Desk) -> None:
    robot = Post("mailer-daemon@hospital.test", desk.address)
    assert desk.take(desk.post().bounce(), robot.plain("done\nx")).n_ignored == 2
    assert desk.answers() == []


UNCLEAR = {
    "I think it is done, but ask Bo\n": "note",
    "done?\n": "note",
    "not done\n": "note",
    QUOTED: "refused",
    "> done\n": "refused",
    "-----原始邮件-----\n完成\n": "refused",
    "发自我的iPhone\n": "refused",
}


def test_what_is_not_clear_is_never_an_answer(desk: Desk) -> None:
    desk.take(*(desk.post().plain(text) for text in UNCLEAR))
    assert [outcome for outcome, _ in desk.outcomes()] == list(UNCLEAR.values())
    assert (desk.answers(), len(desk.facts("note")), len(desk.facts("unclear"))) == ([], 3, 1)


def test_html_alone_is_a_note_and_html_beside_clear_text_is_not_looked_at(desk: Desk) -> None:
    assert desk.take(desk.post().html("<p>done</p><script>alert(1)</script><p>all <b>hangs</b></p>")).n_notes == 1
    assert "alert" not in desk.facts("note")[0] and "all hangs" in desk.facts("note")[0]
    both = (
        b'Content-Type: multipart/alternative; boundary="e"\r\n\r\n--e\r\nContent-Type: text/plain\r\n\r\nreceived\r\n'
        b"--e\r\nContent-Type: text/html\r\n\r\n<p>something else</p>\r\n--e--\r\n"
    )
    head = f"From: {OWN}\r\nTo: {desk.address}\r\nMessage-ID: <both@x>\r\nMIME-Version: 1.0\r\n".encode()
    assert desk.take(head + both).n_answered == 1


def test_the_writer_is_told_once_a_day_how_to_answer_and_again_the_next_day(desk: Desk) -> None:
    desk.take(*(desk.post().plain(f"what is this {number}") for number in range(3)))
    assert len(desk.facts("unclear")) == 1
    desk.box.put(desk.post().plain("and now?"))
    desk.read(later=timedelta(days=1))
    assert len(desk.facts("unclear")) == 2


def test_a_flood_to_one_address_gives_the_lead_a_few_notes_a_day(desk: Desk) -> None:
    said = desk.take(*(desk.post("x@evil.test").plain(f"buy {number}") for number in range(MOST_NOTES + 3)))
    assert (said.n_notes, said.n_ignored) == (MOST_NOTES, 3)
    desk.box.put(desk.post("x@evil.test").plain("buy again"))
    assert desk.read(later=timedelta(days=1, seconds=1)).n_notes == 1


def test_evidence_is_checked_as_everywhere(
    database: Database, rules: Rules, imap: ImapServer, tmp_path: Path, now: datetime
) -> None:
    desk = sat_down(database, rules, imap, tmp_path, now, PROVEN)
    post = desk.post()
    refused = (
        post.plain("done\nhangs"),
        post.mixed("done\nhangs", ("photo.png", b"MZ not a picture")),
        post.mixed("done\nhangs", ("photo.exe", PNG)),
        post.mixed("done\nhangs", ("photo.png", b"")),
        post.mixed("done", ("photo.png", PNG)),  # no note
        post.mixed("done\nhangs", ("photo.png", PNG + b"0" * 9_000_000)),  # 12 MB as a mail
    )
    assert desk.take(*refused) == ReadReplies(n_refused=len(refused))
    assert desk.answers() == [] and desk.walk.task("photograph").status == "open"
    whys = [why for _, why in desk.outcomes()]
    assert "needs evidence" in whys[0] and "not of a type" in whys[1] and "A note is needed" in whys[4]
    assert whys[5] == "too-large"
    assert desk.take(post.mixed("done\nhangs", ("../../a\u202eb/photo.png", PNG))).n_answered == 1
    with database.reading() as session:
        assert session.exec(select(Evidence.name)).one() == "photo.png"


def test_a_task_of_the_safety_class_is_never_done_by_mail(
    database: Database, rules: Rules, imap: ImapServer, tmp_path: Path, now: datetime
) -> None:
    desk = sat_down(database, rules, imap, tmp_path, now, SAFE)
    assert desk.take(desk.post().plain("done\nhangs")).n_refused == 1
    assert desk.answers() == [] and desk.walk.task("photograph").status == "open"
    assert desk.take(desk.post().plain("received")).n_answered == 1


def test_who_comes_second_hears_who_was_first(desk: Desk) -> None:
    desk.walk.answer("photograph", "done", "dee", desk.now)
    before = desk.answers()
    assert desk.take(desk.post().plain("done\nhangs")).n_refused == 1
    assert desk.answers() == before
    assert "Already answered: Dee Park" in desk.outcomes()[0][1]
    assert "Already answered" in desk.facts("unclear")[0] and "已有答复" in desk.facts("unclear")[0]


def test_one_bad_mail_never_stops_the_next(desk: Desk) -> None:
    deep = b"".join(b"Content-Type: message/rfc822\r\n\r\n" for _ in range(3000))
    many = b'Content-Type: multipart/mixed; boundary="e"\r\n\r\n' + b"\r\n--e\r\n\r\nx" * 5000
    heads = desk.post().plain("").partition(b"Content-Type")[0]
    said = desk.take(heads + deep, heads + many, b"\xff\xfe\x00", desk.post().plain("received"))
    assert (said.n_failed, said.n_answered) == (2, 1)
    assert desk.box.flags()[:2] == [{"\\Seen", "\\Flagged"}] * 2
    assert [what for what, _ in desk.outcomes()] == ["failed", "failed", "ignored", "answered"]


def test_a_round_leaves_its_heartbeat(desk: Desk) -> None:
    desk.read()
    with desk.walk.database.reading() as session:
        assert session.get_one(Heartbeat, "mail-replies").beat_at == desk.now


def test_a_mailbox_that_cannot_be_opened_is_said_in_words_and_without_its_password(desk: Desk) -> None:
    wrong = desk.settings.model_copy(update={"imap_password": type(desk.settings.imap_password)("wrong-secret")})
    with pytest.raises(InboxUnreachable) as refused, open_inbox(wrong):
        pass
    assert "AUTHENTICATIONFAILED" in str(refused.value) and "wrong-secret" not in str(refused.value)
    with pytest.raises(InboxUnreachable), open_inbox(desk.settings.model_copy(update={"imap_folder": "Nowhere"})):
        pass
    with pytest.raises(InboxUnreachable), open_inbox(desk.settings.model_copy(update={"imap_port": 1})):
        pass


def test_the_writer_hears_from_the_own_address_only(desk: Desk) -> None:
    desk.take(desk.post("bo@hospital.test").plain("hello"))
    with desk.walk.database.reading() as session:
        told = session.exec(select(Notification).where(Notification.kind == NotificationKind.UNCLEAR)).all()
    assert [one.person_id for one in told] == [person_id(desk.walk.database, "dee")]
