"""What comes by public pages: patients' identifiers in words, codes of receipts, what a photo tells."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.words import Text
from engine.evidence import GivenFile
from engine.identifiers import IdentifierFound, find_identifier, refuse_identifiers
from engine.photos import MOST_MB, PhotoRefused, clean_photo
from engine.receipt_codes import LETTERS, code_from, mark_of, read_code
from tests.corpus import HOSTILE

SECRET = b"GPS 31.2304N taken by Dee's phone"


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("身份证 110101199003071234", "identity"),
        ("身份证号110101 19900307 123X", "identity"),
        ("旧证 110101900307123", "identity"),
        ("联系电话 13812345678", "identity"),
        ("tel 138-1234-5678 please call", "identity"),
        ("座机 021-62345678", "identity"),
        ("１３８１２３４５６７８", "identity"),
        ("住院号：Z0012345", "number in the hospital"),
        ("患者病历号为 20240117", "number in the hospital"),
        ("就诊号 88123", "number in the hospital"),
        ("MRN: 0045812, bed 4", "number in the hospital"),
        ("patient ID A-10023", "number in the hospital"),
        ("Hospital number is 55120", "number in the hospital"),
        ("患者姓名：张三，男", "name"),
        ("病人叫李小明", "name"),
        ("Patient's name: John Smith", "name"),
    ],
)
def test_what_names_a_patient_is_found(written: str, what: str) -> None:
    found = find_identifier(written)
    assert found is not None and what in found.en


@pytest.mark.parametrize(
    "written",
    [
        "Bed 12, ward 3, 2026-03-02 at 21:30; infusion pump, lot 20240501, serial 88123456.",
        "王某，12 床，夜间翻身时坠床，未见外伤。批号 20240501。",
        "患者姓名：王某某",
        "Patient and family were told; the patient is well. Room 1204, dose 1000 mg, 0.9 % saline 500 ml.",
        "住院部三楼走廊湿滑；病历未及时书写；门诊 3 号诊室；检查床刹车失灵。",
        "The record number was missing on the label.",
    ],
)
def test_what_a_report_needs_is_not_refused(written: str) -> None:
    assert find_identifier(written) is None


def test_the_refusal_names_the_field_and_never_the_number() -> None:
    with pytest.raises(IdentifierFound) as refused:
        refuse_identifiers({Text("When", "时间"): "fine", Text("What", "经过"): "call 13812345678"})
    for language, field in (("en", "What"), ("zh", "经过")):
        said = refused.value.text(language)
        assert field in said and "138" not in said


@pytest.mark.parametrize("word", HOSTILE[:60])
def test_no_word_breaks_the_search(word: str) -> None:
    find_identifier(word * 20)


def test_the_search_takes_no_longer_for_words_made_to_slow_it_down() -> None:
    for word in ("住院号" * 1300, "1" * 4000, "MRN " * 1000, "A-" * 2000, "姓名：" * 1300, "患者病人" * 1000):
        assert find_identifier(word) is None or word


def test_a_form_sent_twice_has_one_code_and_another_form_another() -> None:
    code = code_from("key", "event", "once")
    assert code == code_from("key", "event", "once")
    others = [("other", "event", "once"), ("key", "feedback", "once"), ("key", "event", "twice")]
    assert len({code, *(code_from(*other) for other in others)}) == 4
    assert len(mark_of("event", code)) == 64 and code not in mark_of("event", code)
    assert mark_of("event", code) != mark_of("feedback", code)


@given(st.text(max_size=40))
def test_a_code_is_read_as_it_is_typed(once: str) -> None:
    code = code_from("key", "event", once)
    assert set(code) <= {*LETTERS, "-"} and len(code) == 14
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert read_code(f"  {typed} ") == read_code(code) == code


@pytest.mark.parametrize(
    "typed", ["", "7K2M", "7K2M-9QXW-4TBN-1", "7K2M-9QXW-4TBU", "'; DROP TABLE event; --", "\x00" * 12]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


def test_a_jpeg_loses_place_time_and_device_and_keeps_its_picture() -> None:
    exif = b"\xff\xe1" + (len(SECRET) + 8).to_bytes(2) + b"Exif\x00\x00" + SECRET
    comment = b"\xff\xfe" + (len(SECRET) + 2).to_bytes(2) + SECRET
    jfif, picture = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00", b"\xff\xda\x00\x02pixels\xff\xd9"
    kind, cleaned = clean_photo(_photo(b"\xff\xd8" + jfif + exif + comment + picture + SECRET))
    assert (kind, cleaned) == ("image/jpeg", b"\xff\xd8" + jfif + picture)


def test_a_png_loses_its_texts_and_keeps_its_picture() -> None:
    head, picture = _chunk(b"IHDR", b"x" * 13), _chunk(b"IDAT", zlib.compress(b"pixels"))
    end, begin = _chunk(b"IEND", b""), b"\x89PNG\r\n\x1a\n"
    told = _chunk(b"tEXt", SECRET) + _chunk(b"eXIf", SECRET)
    assert clean_photo(_photo(begin + head + told + picture + end + SECRET)) == (
        "image/png",
        begin + head + picture + end,
    )


def test_a_webp_loses_its_exif_and_its_size_is_right() -> None:
    chunks = _riff(b"VP8X", bytes([0x0C]) + b"\x00" * 9) + _riff(b"VP8 ", b"pixels") + _riff(b"EXIF", SECRET)
    kind, cleaned = clean_photo(_photo(b"RIFF" + (len(chunks) + 4).to_bytes(4, "little") + b"WEBP" + chunks))
    assert kind == "image/webp" and SECRET not in cleaned and b"pixels" in cleaned
    assert int.from_bytes(cleaned[4:8], "little") == len(cleaned) - 8 and cleaned[20] & 0x0C == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b"%PDF-1.7", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\x00\x01", b"\x89PNG\r\n\x1a\n", b"RIFF0000WAVE",
     b"\xff\xd8\xff\xe1\xff\xff" + b"x" * 9, b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR",
     b"\xff\xd8\xff" + b"0" * 8_100_000],
)  # fmt: skip
def test_what_is_no_photo_is_refused(content: bytes) -> None:
    with pytest.raises(PhotoRefused, match=str(MOST_MB)):
        clean_photo(_photo(content))


@given(st.binary(max_size=200), st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBP"]))
def test_broken_photos_are_refused_or_cleaned_and_never_crash(rest: bytes, begin: bytes) -> None:
    try:
        kind, cleaned = clean_photo(_photo(begin + rest))
    except PhotoRefused:
        return
    assert kind.startswith("image/") and cleaned


def _photo(content: bytes) -> GivenFile:
    return GivenFile(name="IMG_0001.jpg", content=content)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


def _riff(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "little") + content + b"\x00" * (len(content) % 2)
