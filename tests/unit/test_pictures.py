"""Pictures inside mails: drawn with our own font, nothing in them an empty box, bound to the HTML that shows them."""

import email
import email.policy
import struct
import zlib
from datetime import UTC, datetime
from email.message import EmailMessage
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from config.catalogue import read_catalogue
from config.words import Text
from engine import words as engine_words
from models.cycle import StageStatus
from notifications.mail import Head, build_mail
from notifications.mailbox import keep_mail, read_mail
from notifications.pictures import FONT, MISSING, characters, draw_png, drawable, picture
from notifications.progress import MOST_STAGES, StageMark, draw_progress, say_progress
from notifications.render import Message
from spc import words as spc_words
from spc.chart import make_chart
from spc.draw import Scene, Texts, draw_chart
from spc.lines import Kind
from web import words as web_words

HEAD = Head("w@h.test", "ana@h.test", datetime(2026, 3, 2, tzinfo=UTC), "7.abc", "C1.x")
S = StageStatus
STAGES = [
    StageMark(Text("Plan", "计划"), S.CLOSED),
    StageMark(Text("Do", "实施"), S.OPEN),
    StageMark(Text("Check", "检查"), S.WAITING),
    StageMark(Text("Act", "处理"), S.WAITING),
]


def pixels(png: bytes) -> np.ndarray:
    """Read a PNG of eight bits a channel, without a library: rows of red, green, blue, opacity."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, colours = struct.unpack(">IIBB", png[16:26])
    assert (depth, colours) == (8, 6)
    packed, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        packed += png[at + 8 : at + 8 + length] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += 12 + length
    raw = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 4 * width)
    return unfiltered(raw[:, 0], raw[:, 1:].astype(int).reshape(height, width, 4))


def unfiltered(filters: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Undo PNG's filters (the standard's section 9.2)."""
    height, width, _ = rows.shape
    done = np.zeros((height + 1, width + 1, 4), int)
    for y in range(height):
        for x in range(width):
            left, up, corner = done[y + 1, x], done[y, x + 1], done[y, x]
            guess = (0, left, up, (left + up) // 2, paeth(left, up, corner))[filters[y]]
            done[y + 1, x + 1] = (rows[y, x] + guess) % 256
    return done[1:, 1:]


def paeth(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return np.where((pa <= pb) & (pa <= pc), a, np.where(pb <= pc, b, c))


def svg_of(words: str) -> str:
    text = f'<text x="2" y="30" font-size="20">{words}</text>'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 40" font-family="sans-serif">'
        f'<rect width="60" height="40" fill="#fff"/>{text}</svg>'
    )


def test_hanzi_are_drawn_each_in_its_own_way() -> None:
    one, other, none = (pixels(draw_png(svg_of(words))) for words in ("手术", "安全", ""))
    assert (none[..., :3] == 255).all()
    assert (one[..., 0] < 128).sum() > 200 and (other[..., 0] < 128).sum() > 200
    assert (one != other).any()


def test_what_the_font_lacks_is_a_look_alike_or_a_mark_never_an_empty_box() -> None:
    assert drawable("手术✕① é ﬁ ㎏ 饕") == "手术×① é fi kg " + MISSING
    assert draw_png(svg_of("饕")) == draw_png(svg_of(MISSING))
    assert (pixels(draw_png(svg_of(MISSING)))[..., 0] < 128).sum() > 50
    assert drawable("\uff1c&lt;\u226e") == "\uff1c&lt;\u226e", "nothing that is taken apart begins a tag"


def test_the_list_of_characters_is_what_the_font_holds() -> None:
    held = cmap(FONT.read_bytes())
    assert {ord(letter) for letter in characters()} <= held
    assert len(characters()) > 4400
    level_1 = {bytes(code).decode("gb2312", "ignore") for code in product(range(0xB0, 0xD8), range(0xA1, 0xFF))} - {""}
    assert len(level_1) == 3755 and level_1 <= characters()
    assert FONT.stat().st_size < 2_000_000


def cmap(font: bytes) -> set[int]:
    """Read which characters a font maps (OpenType's cmap, format 4)."""
    (n_tables,) = struct.unpack(">H", font[4:6])
    heads = (struct.unpack(">4sIII", font[12 + 16 * i : 28 + 16 * i]) for i in range(n_tables))
    at = next(offset for name, _, offset, _ in heads if name == b"cmap")
    at += struct.unpack(">I", font[at + 8 : at + 12])[0]
    form, _, _, twice = struct.unpack(">HHHH", font[at : at + 8])
    assert form == 4
    ends = struct.unpack(f">{twice // 2}H", font[at + 14 : at + 14 + twice])
    starts = struct.unpack(f">{twice // 2}H", font[at + 16 + twice : at + 16 + 2 * twice])
    return {code for start, end in zip(starts, ends, strict=True) for code in range(start, end + 1)} - {0xFFFF}


def test_every_word_that_a_picture_may_show_can_be_drawn() -> None:
    shown = {value for module in (spc_words, engine_words, web_words) for value in texts_of(vars(module))}
    catalogue = read_catalogue(environ={})
    for template in catalogue.templates.values():
        shown |= {template.title.zh, *(stage.heading.zh for stage in template.stages)}
        shown |= {task.title.zh for task in template.tasks}
    shown |= {role.zh for role in catalogue.roles.values()}
    shown |= {one for indicator in catalogue.indicators.values() for one in texts_of(vars(indicator))}
    assert len(shown) > 100
    lacking = {letter for text in shown for letter in text} - characters() - set("\n")
    assert {letter for letter in lacking if drawable(letter) == MISSING} == set()


def texts_of(value: object) -> set[str]:
    """Find every Chinese text in a module's tables."""
    if isinstance(getattr(value, "zh", None), str):
        return {str(value.zh)}  # type: ignore[attr-defined]
    if isinstance(value, dict):
        return {text for part in value.values() for text in texts_of(part)}
    return set()


def test_a_chart_with_chinese_words_becomes_a_picture_that_is_not_blank() -> None:
    chart = make_chart(Kind.I, [3.0, 4, 2, 5, 3, 4, 6, 2, 3, 4, 5, 3])
    words = Texts("手术部位感染率", "有改善，尚未达标", "说明", average="均值", target="目标")
    drawn = picture(draw_chart(chart, words, Scene(target=2.0)), cid="chart", alt="手术部位感染率")
    without = picture(draw_chart(chart, Texts(""), Scene(target=2.0)), cid="chart", alt="-")
    assert drawn.width == 860 and struct.unpack(">II", drawn.png[16:24]) == (1720, 760)
    assert len(drawn.png) > 10_000
    assert drawn.png != without.png, "its words are on it"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_stages_of_a_cycle_are_drawn_and_said(language: str) -> None:
    drawn = draw_progress(STAGES, language)
    assert drawn is not None
    assert drawn.alt == say_progress(STAGES, language)
    assert drawn.alt.startswith("Plan: done, Do: now" if language == "en" else "计划：已完成，实施：进行中")
    assert len(drawn.png) < 20_000


@pytest.mark.parametrize(
    ("n", "is_drawn"), [(0, False), (1, False), (2, True), (MOST_STAGES, True), (MOST_STAGES + 1, False)]
)
def test_a_row_of_stages_is_drawn_where_it_says_something(n: int, is_drawn: bool) -> None:
    long = [
        StageMark(Text("Review of everything that has happened" * 4, "对已经发生的所有事情进行回顾" * 4), S.OPEN)
    ] * n
    assert (draw_progress(long, "zh") is not None) is is_drawn
    assert (draw_progress(long, "en") is not None) is is_drawn


@pytest.mark.parametrize("title", ["<script>&amp;", "\x00\ud800", '"', "👩‍⚕️"])
def test_a_title_cannot_break_the_drawing(title: str) -> None:
    assert draw_progress([StageMark(Text(title, title), S.OPEN)] * 2, "zh") is not None


@pytest.mark.parametrize("eight_bit", [True, False])
def test_a_picture_travels_inside_the_mail_beside_its_html(eight_bit: bool) -> None:
    drawn = draw_progress(STAGES, "zh")
    assert drawn is not None
    html = f'<img src="{drawn.source}" alt="{drawn.alt}">'
    message = Message("手术", "请答复。\n", html, pictures=(drawn,))
    mail = parsed(build_mail(message, HEAD, eight_bit=eight_bit))
    assert mail.get_content_type() == "multipart/alternative"
    text, related = mail.iter_parts()
    assert (text.get_content_type(), related.get_content_type()) == ("text/plain", "multipart/related")
    page, image = related.iter_parts()
    assert page.get_content().strip() == html
    assert (image["Content-ID"], image.get_content()) == ("<progress>", drawn.png)
    assert image.get_content_disposition() == "inline"
    assert mail.defects == [] and related.defects == []
    assert max(map(len, build_mail(message, HEAD).split(b"\r\n"))) <= 998


def test_a_mail_without_pictures_has_no_place_for_them() -> None:
    mail = parsed(build_mail(Message("s", "t", "<p>t</p>"), HEAD))
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_the_local_mailbox_shows_the_picture_without_loading_anything(tmp_path: Path) -> None:
    drawn = draw_progress(STAGES, "zh")
    assert drawn is not None
    (tmp_path / "new").mkdir()
    (tmp_path / "tmp").mkdir()
    html = f'<img src="{drawn.source}" alt="-"><img src="cid:other" alt="-">'
    content = build_mail(Message("s", "t", html, pictures=(drawn,)), HEAD)
    shown = read_mail(tmp_path, keep_mail(tmp_path, content, at_ns=1))
    assert shown is not None
    assert 'src="data:image/png;base64,iVBOR' in shown.html and 'src="cid:other"' in shown.html


def parsed(content: bytes) -> EmailMessage:
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail
