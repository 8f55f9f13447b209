"""Cutting a text to what a channel takes: between characters, with the link whole at its end."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable

MORE = "…"
_LINK = re.compile(r"https?://[^\s<>\"]+")
_JOINER = "\u200d"
MOST_STEPS = 32  # parts of one character as people see it; longer heaps of accents are cut anywhere


def n_bytes(text: str) -> int:
    """Count bytes in UTF-8."""
    return len(text.encode("utf-8", "replace"))


def cut(text: str, most: int, measure: Callable[[str], int] = n_bytes) -> str:
    """Shorten a text until `measure` says at most `most`; the last link in it stays whole, after the cut.

    measure: at least 1 for each character, and more for a longer text.
    """
    if len(text) <= most and measure(text) <= most:
        return text
    links = _LINK.findall(text)
    tail = f"{MORE}\n{links[-1]}" if links else MORE
    if measure(tail) > most:
        tail = MORE
    head = text[:most]
    n = bisect_right(range(len(head) + 1), most, key=lambda length: measure(head[:length] + tail)) - 1
    kept = text[: _between(text, max(n, 0))]
    if not text[len(kept) :][:1].isspace():
        kept = re.sub(r"https?://\S*$", "", kept)  # half a link leads nowhere
    return kept.rstrip() + tail


def _between(text: str, n: int) -> int:
    """Move a cut back to where a character as people see it ends: before an accent, a joined or coloured emoji."""
    for _ in range(MOST_STEPS):
        if not 0 < n < len(text) or not (_belongs(text[n]) or text[n - 1] == _JOINER or _splits_flag(text, n)):
            return n
        n -= 1
    return n


def _belongs(character: str) -> bool:
    """Answer whether this only changes the character before it."""
    skin = "\U0001f3fb" <= character <= "\U0001f3ff"
    return character == _JOINER or skin or unicodedata.category(character) in ("Mn", "Me", "Mc")


def _splits_flag(text: str, n: int) -> bool:
    """Answer whether the cut falls between the two letters that make one flag."""
    start = n
    while start > 0 and n - start < MOST_STEPS and "\U0001f1e6" <= text[start - 1] <= "\U0001f1ff":
        start -= 1
    return "\U0001f1e6" <= text[n] <= "\U0001f1ff" and (n - start) % 2 == 1
