"""Codes for people without an account: given once with a receipt, typed in again to hear what came of it."""

import hmac
import unicodedata
from hashlib import sha256

from models.derived import fingerprint

# Crockford's 32 letters: none that is read as another one. Twelve of them are 60 bits: with the limit on guesses at
# the door (web/intake.py) nobody finds one, and they can be copied by hand.
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
N_LETTERS, GROUP = 12, 4
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, "—": None, "–": None, " ": None})


def code_from(key: str, what: str, once: str) -> str:
    """Make the code of one thing that was sent: the same `once` makes the same code, as a form that is sent twice does.

    key: of notifications.links.read_keys; without it nobody makes the code. what: event, feedback. once: random, or
    made of something random, and never stored.
    """
    number = int.from_bytes(hmac.digest(key.encode(), f"wardcycle receipt {what} {once}".encode(), sha256))
    letters = "".join(LETTERS[number >> 5 * n & 31] for n in range(N_LETTERS))
    return "-".join(letters[n : n + GROUP] for n in range(0, N_LETTERS, GROUP))


def read_code(typed: str) -> str | None:
    """Read a code as somebody types it: small letters, blanks, O for 0. None where it cannot be one."""
    letters = unicodedata.normalize("NFKC", typed).upper().translate(_READ_AS).strip()
    if len(letters) != N_LETTERS or not set(letters) <= set(LETTERS):
        return None
    return "-".join(letters[n : n + GROUP] for n in range(0, N_LETTERS, GROUP))


def mark_of(what: str, code: str) -> str:
    """Write what is stored of a code, in a unique column: whoever reads it there cannot make the code."""
    return fingerprint(f"{what} {code}")
