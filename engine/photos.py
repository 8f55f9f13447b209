"""Photos that come by a public page: which are taken, and taking out of them where, when and by whose phone."""

from collections.abc import Iterator

from engine.evidence import GivenFile
from models.errors import Refused

MOST_MB = 8
TYPES = {
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
    b"RIFF": ("image/webp", "webp"),
}
ACCEPT = "image/jpeg,image/png,image/webp"
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB", b"cHRM", b"iCCP", b"sBIT", b"bKGD"}
)
_WEBP_TOLD = frozenset({b"EXIF", b"XMP "})


class PhotoRefused(Refused):
    """This is not a photo that can be taken (JPEG, PNG or WebP, at most {most} MB). What you wrote is still here."""

    zh = "无法接收该照片（仅限 JPEG、PNG、WebP，不超过 {most} MB）。您填写的内容仍保留在页面上。"


def clean_photo(given: GivenFile) -> tuple[str, bytes]:
    """Give the media type and the picture without anything beside it. Raises PhotoRefused.

    Phones write place, time and their owner's name into a photo: whoever reports stays unknown only without these.
    """
    found = next((kind for begin, (kind, _) in TYPES.items() if given.content.startswith(begin)), "")
    if not found or len(given.content) > MOST_MB * 1_000_000:
        raise PhotoRefused(most=MOST_MB)
    try:
        return found, b"".join(_PARTS[found](given.content))
    except (IndexError, ValueError) as error:
        raise PhotoRefused(most=MOST_MB) from error


def ending_of(media_type: str) -> str:
    """Give the usual ending of a file's name."""
    return next(ending for kind, ending in TYPES.values() if kind == media_type)


def _jpeg(content: bytes) -> Iterator[bytes]:
    """Leave out comments and every segment of an application but the first one and the colours'."""
    yield content[:2]
    at = 2
    while content[at] == 0xFF and content[at + 1] != 0xDA:
        kind, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if length < 2 or at + 2 + length > len(content):
            raise ValueError
        segment = content[at : at + 2 + length]
        tells = kind == 0xFE or (0xE1 <= kind <= 0xEF and not segment[4:].startswith((b"ICC_PROFILE", b"Adobe")))
        if not tells:
            yield segment
        at += 2 + length
    if content[at] != 0xFF:
        raise ValueError
    yield _to_end(content, at)


def _to_end(content: bytes, at: int) -> bytes:
    """Give the picture itself; what some phones write behind its end is left out."""
    end = content.rfind(b"\xff\xd9")
    first = content.find(b"\xff\xd9\xff\xd8", at)  # a second picture behind the first one
    end = first if first != -1 else end
    if end < at:
        raise ValueError
    return content[at : end + 2]


def _png(content: bytes) -> Iterator[bytes]:
    yield content[:8]
    at = 8
    while at < len(content):
        length, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        if len(kind) < 4 or at + 12 + length > len(content):
            raise ValueError
        if kind in _PNG_KEPT:
            yield content[at : at + 12 + length]
        if kind == b"IEND":
            return
        at += 12 + length
    raise ValueError


def _webp(content: bytes) -> Iterator[bytes]:
    if content[8:12] != b"WEBP":
        raise ValueError
    kept, at = [], 12
    while at + 8 <= len(content):
        kind, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        if end > len(content) + 1:
            raise ValueError
        if kind not in _WEBP_TOLD:
            # The first byte of VP8X also says that EXIF (8) and XMP (4) follow.
            chunk = content[at:end]
            kept.append(chunk[:8] + bytes([chunk[8] & ~0x0C]) + chunk[9:] if kind == b"VP8X" else chunk)
        at = end
    if not kept:
        raise ValueError
    body = b"WEBP" + b"".join(kept)
    yield b"RIFF" + len(body).to_bytes(4, "little") + body


_PARTS = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp}
