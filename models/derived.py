"""Secrets that a key outside of the database and a row make together, so that neither alone gives them away."""

import hmac
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256

N_DIGITS = 6


def fingerprint(token: str) -> str:
    """Write what may be stored of a random token: whoever reads it cannot make the token."""
    return sha256(token.encode()).hexdigest()


def invitation_token(key: str, row: str) -> str:
    """Make the part of an invitation's link that nobody can guess. row: its id and salt, as `12.salt`."""
    return urlsafe_b64encode(_mixed(key, "invitation", row)[:24]).decode()


def invitation_part(key: str, row: str) -> str:
    """Write the part of an invitation's link that stands after /welcome/."""
    return f"{row.partition('.')[0]}.{invitation_token(key, row)}"


def code_digits(key: str, row: str) -> str:
    """Make the six digits of a code. row: its id and salt, as `12.salt`."""
    return f"{int.from_bytes(_mixed(key, 'code', row)[:8]) % 10**N_DIGITS:0{N_DIGITS}}"


def presence_code(key: str, row: str, minute: int) -> str:
    """Make the code that a screen shows during one minute. row: the gathering's id and salt, as `12.salt`."""
    return b32encode(_mixed(key, "presence", f"{row} {minute}")[:5]).decode().lower()


def is_presence(keys: Sequence[str], row: str, minutes: Sequence[int], brought: str) -> bool:
    """Compare what a screen showed with the codes of some minutes, in constant time."""
    return _any(brought, (presence_code(key, row, minute) for key in keys for minute in minutes))


def is_invitation(keys: Sequence[str], row: str, brought: str) -> bool:
    """Compare what a link brought with every key still in use, in constant time."""
    return _any(brought, (invitation_token(key, row) for key in keys))


def is_code(keys: Sequence[str], row: str, brought: str) -> bool:
    """Compare what somebody typed with every key still in use, in constant time."""
    return _any(brought, (code_digits(key, row) for key in keys))


def feed_part(key: str, row: str) -> str:
    """Write the part of a calendar feed's address that stands after /feed/. row: its id and salt, as `12.salt`."""
    return f"{row.partition('.')[0]}.{urlsafe_b64encode(_mixed(key, 'feed', row)[:24]).decode()}"


def is_feed(keys: Sequence[str], row: str, brought: str) -> bool:
    """Compare what an address brought with every key still in use, in constant time."""
    return _any(brought, (feed_part(key, row) for key in keys))


def _any(brought: str, expected: Iterable[str]) -> bool:
    given = brought.encode("utf-8", "replace")
    return any(hmac.compare_digest(given, one.encode()) for one in expected)


def _mixed(key: str, purpose: str, row: str) -> bytes:
    return hmac.digest(key.encode(), f"wardcycle {purpose} {row}".encode(), sha256)
