"""Pictures inside mails: SVG text drawn as PNG with a font of our own, because a fresh machine has no Chinese one."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
FONT = FONTS / "NotoSansCJKsc-Subset.otf"
FAMILY = "Noto Sans CJK SC"
MISSING = "〓"  # what Chinese printers set for a character that they do not have
SHARP = 2.0  # pixels for each unit of the drawing: phones have two or three
MOST_KEPT = 128
LOOK_ALIKES = {"✕": "×", "✔": "✓", "✖": "×", "\u2011": "-", "\u2212": "−", "\u202f": " ", "\u2009": " ", "\ufe0f": ""}


@dataclass(frozen=True)
class Picture:
    """A picture of one message. cid: its name there, plain ASCII. alt: the same for people who do not see it.

    width: in CSS pixels; the picture itself is sharper.
    """

    cid: str
    png: bytes
    alt: str
    width: int

    @property
    def source(self) -> str:
        """Where a mail's HTML finds it."""
        return f"cid:{self.cid}"


def picture(svg: str, *, cid: str, alt: str) -> Picture:
    """Draw an SVG whose viewBox begins at 0 0. Raises ValueError for what is no SVG."""
    return Picture(cid, draw_png(svg), alt, _width(svg))


@lru_cache(MOST_KEPT)
def draw_png(svg: str) -> bytes:
    """Draw an SVG as PNG, kept for the next time: a drawing takes 15 ms and many messages show the same one."""
    import resvg_py  # 5 MB of code that only mails with pictures need

    return resvg_py.svg_to_bytes(
        svg_string=drawable(svg),
        skip_system_fonts=True,  # else the same chart would look different from machine to machine
        font_files=[str(FONT)],
        font_family=FAMILY,
        sans_serif_family=FAMILY,
        zoom=SHARP,
    )


def drawable(text: str) -> str:
    """Put a look-alike, else 〓, for each character that the font lacks, which would be an empty box."""
    return "".join(letter if letter in characters() or letter in "\n\t" else _stand_in(letter) for letter in text)


@cache
def characters() -> frozenset[str]:
    """Read which characters the font can draw."""
    return frozenset((FONTS / "characters.txt").read_text("utf-8"))


def _stand_in(letter: str) -> str:
    known = LOOK_ALIKES.get(letter)
    if known is not None:
        return known
    plain = "".join(one for one in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(one))
    # What is taken apart stands inside markup: nothing in it may begin a tag.
    return plain if plain and not set(plain) & set("<>&\"'") and set(plain) <= characters() else MISSING


def _width(svg: str) -> int:
    found = re.search(r'viewBox="0 0 ([0-9.]+) ', svg)
    if found is None:
        raise ValueError("an SVG without a viewBox that begins at 0 0")
    return round(float(found[1]))
