"""Reading a mail: what its writer wrote, whose it is, and that nothing in it breaks the reader."""

import base64
import random
import secrets
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from engine.reading_replies import ACKNOWLEDGE, DONE, MOST_ANSWER, Understood, understand
from models.reply import Reply
from models.task import AnswerKind
from notifications.reply_address import ReplyAddresses, is_reply_address
from notifications.reply_mail import MOST_BYTES, MailUnreadable, digest_of, own_lines, read_reply
from tests.mails import QUOTED, Post

SETTINGS = Settings.model_validate(
    {"secret_keys": "sixteen-or-more!", "reply_address": "answers@hospital.test", "imap_host": "imap.test"}
)
ADDRESSES = ReplyAddresses(SETTINGS)
TOKEN = secrets.token_urlsafe(16)
POST = Post("dee@hospital.test", ADDRESSES.of(TOKEN))
ENDS = (
    "-- ",
    "On Mon, 2 Mar 2026 at 09:30, Wardcycle <w@h.test>\nwrote:\n> x",
    "-----Original Message-----",
    "------------------ 原始邮件 ------------------",
    "发件人: wardcycle@hospital.test",
    "From: Wardcycle <wardcycle@hospital.test>",
    "在 2026年3月2日 09:30，wardcycle 写道：",
    "________________________________",
    "Sent from my iPhone",
    "发自我的华为手机",
)


def read(raw: bytes) -> Reply:
    return read_reply(raw, uid=1, addresses=ADDRESSES)


@given(st.binary(min_size=16, max_size=16), st.booleans())
def test_an_address_fits_every_mail_server_and_gives_its_token_back_in_any_case(raw: bytes, large: bool) -> None:
    token = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    address = ADDRESSES.of(token)
    assert len(address.partition("@")[0]) <= 64
    assert ADDRESSES.token(address.upper() if large else address) == token


def test_an_address_with_one_letter_changed_opens_nothing() -> None:
    address = ADDRESSES.of(TOKEN)
    start, end = len("answers+"), address.index("@") - 1  # the last letter holds bits that nobody reads
    for place in range(start, end):
        for other in "a7":
            changed = address[:place] + other + address[place + 1 :]
            assert changed == address or ADDRESSES.token(changed) == ""


def test_an_address_of_an_older_key_opens_until_the_key_is_taken_away() -> None:
    old, address = "sixteen-or-more!", ADDRESSES.of(TOKEN)
    both = SETTINGS.model_copy(update={"secret_keys": Settings(secret_keys=f"a newer key ....,{old}").secret_keys})
    new = SETTINGS.model_copy(update={"secret_keys": Settings(secret_keys="a newer key ....").secret_keys})
    assert ReplyAddresses(both).token(address) == TOKEN
    assert ReplyAddresses(both).of(TOKEN) == ReplyAddresses(new).of(TOKEN) != address
    assert ReplyAddresses(new).token(address) == ""


@pytest.mark.parametrize("setting", [{"reply_address": ""}, {"imap_host": ""}, {"reply_address": "a" * 22 + "@h.test"}])
def test_without_the_settings_there_is_no_address_and_none_is_read(setting: dict[str, str]) -> None:
    without = ReplyAddresses(SETTINGS.model_copy(update=setting))
    assert (without.of(TOKEN), without.token(ADDRESSES.of(TOKEN))) == ("", "")


def test_an_address_that_leaves_no_room_for_the_token_or_breaks_a_head_line_is_none() -> None:
    assert is_reply_address("a" * 21 + "@hospital.test")
    for wrong in ("a" * 22 + "@hospital.test", "a@b\r\nBcc: x@y", "a b@c.test", "Answers <a@b.test>", "a@", "@b", ""):
        assert not is_reply_address(wrong)


def test_a_token_that_is_no_128_bits_has_no_address() -> None:
    for token in ("", "x", "患者", "a" * 40, "!" * 22):
        assert ADDRESSES.of(token) == ""


@pytest.mark.parametrize("word", [*DONE, *ACKNOWLEDGE])
def test_each_known_word_alone_on_the_first_line_is_clear(word: str) -> None:
    for written in (word, word.upper(), f"  {word}。", f"{word}!"):
        understood = understand(Reply(1, "d", lines=own_lines(f"\n{written}\nwhat was done")))
        assert isinstance(understood, Understood), written
        assert understood.kind is (AnswerKind.DONE if word in DONE else AnswerKind.ACKNOWLEDGE)
        assert understood.note == "what was done"


@given(st.text(max_size=60))
def test_no_other_first_line_is_an_answer(line: str) -> None:
    reply = Reply(1, "d", lines=own_lines(line))
    understood = understand(reply)
    if isinstance(understood, Understood):
        assert reply.lines[0].casefold().strip(" .!。！,，~～") in {*DONE, *ACKNOWLEDGE} or not reply.lines[0].isascii()


@pytest.mark.parametrize("end", ENDS)
def test_quoted_mail_and_signature_are_cut_and_never_speak(end: str) -> None:
    assert own_lines(f"received\nfrom us\n\n{end}\ndone\n完成") == ("received", "from us")
    assert not isinstance(understand(Reply(1, "d", lines=own_lines(f"{end}\n> done"))), Understood)


def test_a_quote_between_own_lines_is_left_out() -> None:
    assert own_lines("received\n> done\nthanks") == ("received", "thanks")


def test_a_note_is_taken_up_to_its_last_character_and_a_longer_one_is_not_cut_but_refused() -> None:
    lines = ("done", *["x" * 999] * 5)
    assert isinstance(understand(Reply(1, "d", lines=lines)), Understood)
    assert understand(Reply(1, "d", lines=(*lines, "x" * (MOST_ANSWER - 4999 + 1)))) == "too-long"


def test_several_senders_or_several_secret_addresses_are_nobodys() -> None:
    mail = POST.plain("done\nx").replace(b"Somebody <dee@hospital.test>", b"dee@hospital.test, bo@hospital.test")
    assert read(mail).sender == ""
    other = ADDRESSES.of(secrets.token_urlsafe(16)).encode()
    assert read(POST.plain("x").replace(b"To: <", b"To: <" + other + b">, <")).token == ""
    assert (
        read(POST.plain("x").replace(b"Somebody <", b'"dee@hospital.test" <evil+')).sender == "evil+dee@hospital.test"
    )


def test_words_in_an_attached_mail_or_file_are_not_the_writers() -> None:
    head = POST.plain("").partition(b"Content-Type")[0]
    inner = b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ndone\r\n"
    assert read(head + inner).lines == ()
    file = b'Content-Type: text/plain; name="a.txt"\r\nContent-Disposition: attachment; filename="a.txt"\r\n\r\ndone'
    made = read(head + b'Content-Type: multipart/mixed; boundary="e"\r\n\r\n--e\r\n' + file + b"\r\n--e--\r\n")
    assert (made.lines, [one.name for one in made.files]) == ((), ["a.txt"])


def test_a_photo_inside_of_the_text_is_kept_and_the_logo_of_a_signature_is_not() -> None:
    head = POST.plain("").partition(b"Content-Type")[0] + b'Content-Type: multipart/related; boundary="e"\r\n\r\n'
    parts = [
        f"--e\r\nContent-Type: image/png\r\nContent-ID: <{n}>\r\n"
        f'Content-Disposition: inline; filename="{name}"\r\n\r\nx\r\n'
        for n, name in enumerate(("IMG_0042.png", "image001.png", "=?utf-8?b?54Wn54mH?=.png"))
    ]
    found = read(head + "".join(parts).encode() + b"--e--\r\n").files
    assert [one.name for one in found] == ["IMG_0042.png", "照片.png"]


def test_a_mail_is_known_again_by_what_its_writer_made() -> None:
    mail = POST.plain("received\nx")
    assert digest_of(mail) == digest_of(b"Received: x\r\n\tby y\r\n" + mail) == digest_of(mail.replace(b"\r\n", b"\n"))
    assert digest_of(mail) != digest_of(mail + b"y") and digest_of(mail) != digest_of(POST.plain("received\nx"))


def test_a_bomb_is_refused_before_it_is_parsed() -> None:
    for bomb in (
        b"x" * (MOST_BYTES + 1),
        b"X-A: " + b"a" * 300_000 + b"\r\n\r\nx",
        b'Content-Type: multipart/mixed; boundary="e"\r\n\r\n' * 100,
        b'Content-Type: multipart/mixed; boundary="e"\r\n\r\n' + b"\r\n--e\r\n" * 1000,
    ):
        with pytest.raises(MailUnreadable):
            read(bomb)


SEEDS = (
    POST.plain("完成\n已张贴", charset="gb18030", name="gb2312"),
    POST.mixed("done\nhangs" + QUOTED, ("photo.png", b"\x89PNG" + bytes(200)), ("照片.png", b"x")),
    POST.html("<p>done</p><style>x</style><blockquote>y" * 20),
    POST.bounce(),
    b"From: ((((((((((\r\nTo: <\r\n\r\n",
    b"=?utf-8?b?" * 50,
)
PIECES = (
    b"\r\n", b"\n\n", b"\x00", b"\xff\xfe", b"=?gbk?b?////?=", b"=?x?q?=", b'boundary="', b"--edge", b"--edge--",
    b"<", b">", b'";', b"Content-Type: multipart/mixed; boundary=edge\r\n", b"Content-Transfer-Encoding: base64\r\n",
    b"charset=utf-7", b"charset*0*=x''%ff", b"filename*=utf-8''%e7%85", b"Content-Type: message/rfc822\r\n\r\n",
    b"((((", b"<![CDATA[", b"<!--", b"&#99999999;", "㐂".encode("gb18030"), b"begin 644 x\r\n",
    b"From: a@b, c@d\r\n", b"Content-Disposition: inline;;;\r\n",
)  # fmt: skip


def spoiled(seed: int) -> bytes:
    """Break a mail in some places."""
    chance = random.Random(seed)
    mail = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randrange(1, 30)):
        at = chance.randrange(len(mail) + 1)
        match chance.randrange(3):
            case 0:
                mail[at:at] = chance.choice(PIECES)
            case 1:
                del mail[at : at + chance.randrange(1, 40)]
            case _:
                mail[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(mail)


def test_five_hundred_broken_mails_are_read_or_refused_in_time_and_can_be_stored() -> None:
    began = time.process_time()
    for seed in range(500):
        mail = spoiled(seed)
        try:
            reply = read(mail)
        except MailUnreadable:
            continue
        for text in (*reply.lines, reply.sender, reply.token, reply.automatic, *(one.name for one in reply.files)):
            text.encode("utf-8")
        understand(reply)
    assert time.process_time() - began < 20


@given(st.binary(max_size=600))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    read(raw)
    read(POST.plain("").partition(b"Content-Type")[0] + raw)
