"""The secret address of a message: whoever writes to it answers that message, in a spelling that mail servers keep."""

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from config.settings import Settings
from notifications.links import read_keys

SEAL_BYTES = 10  # a cheap filter before the database: the token's row is the authority
TOKEN_BYTES = 16  # a token that is no 128 bits has no address
MOST_LOCAL = 64  # RFC 5321: characters before the @
_SALT = b"reply-address"


@dataclass(frozen=True)
class ReplyAddresses:
    """Makes and reads the addresses; without the settings there are none."""

    settings: Settings

    def of(self, token: str) -> str:
        """Give the address that stands for a link's token; '' where there is none."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            return ""
        if not self.taken or len(raw) != TOKEN_BYTES:
            return ""
        local, _, domain = self.settings.reply_address.rpartition("@")
        return f"{local}+{_spell(raw + self._seal(self._keys[0], raw))}@{domain}"

    def token(self, address: str) -> str:
        """Read the token out of an address, in whatever case it comes; '' when it was never made here."""
        local, _, domain = address.strip().casefold().rpartition("@")
        mine, _, my_domain = self.settings.reply_address.casefold().rpartition("@")
        base, _, spelled = local.rpartition("+")
        if not self.taken or (base, domain) != (mine, my_domain):
            return ""
        try:
            raw = base64.b32decode(spelled.upper() + "=" * (-len(spelled) % 8))
        except (binascii.Error, ValueError):
            return ""
        token, seal = raw[:TOKEN_BYTES], raw[TOKEN_BYTES:]
        fits = [hmac.compare_digest(seal, self._seal(key, token)) for key in self._keys]
        return base64.urlsafe_b64encode(token).decode().rstrip("=") if any(fits) else ""

    @property
    def taken(self) -> bool:
        """Answer whether answers by mail are taken here."""
        return bool(self.settings.imap_host) and is_reply_address(self.settings.reply_address)

    def _seal(self, key: str, token: bytes) -> bytes:
        own = hmac.digest(key.encode(), _SALT, sha256)
        return hmac.digest(own, token, sha256)[:SEAL_BYTES]

    @cached_property
    def _keys(self) -> list[str]:
        return read_keys(self.settings)


def is_reply_address(written: str) -> bool:
    """Answer whether an address leaves room for a token: `answers@hospital.example` makes `answers+TOKEN@...`."""
    return _PLAIN.fullmatch(written) is not None and len(written.rpartition("@")[0]) <= MOST_LOCAL - 1 - _SPELLED


def _spell(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]*@[a-z0-9-]+(\.[a-z0-9-]+)*", re.IGNORECASE)
_SPELLED = len(_spell(bytes(TOKEN_BYTES + SEAL_BYTES)))
