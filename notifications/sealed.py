"""Secrets in rows: sealed with keys that lie outside of the database, as the links of messages are signed."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

USE = b"wardcycle channel url 1"  # a key made for one use opens nothing else
REPORTER = b"wardcycle event reporter 1"
CONTACT = b"wardcycle feedback contact 1"


@dataclass(frozen=True)
class Lock:
    """Seals with the newest key, opens with any. keys: of notifications.links.read_keys, the newest first."""

    keys: Sequence[str] = field(repr=False)
    use: bytes = USE

    def seal(self, secret: str) -> str:
        """Make a text that only these keys open; no two are alike."""
        return self._newest.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """Read a secret; None when its key is gone or somebody changed it."""
        try:
            return MultiFernet([self._newest, *self._older]).decrypt(sealed).decode()
        except (InvalidToken, UnicodeError):
            return None

    def seal_again(self, sealed: str) -> str | None:
        """Seal with the newest key what an older one had sealed; None where there is nothing to do, or no key."""
        try:
            self._newest.decrypt(sealed)
        except (InvalidToken, UnicodeError):
            secret = self.open(sealed)
            return None if secret is None else self.seal(secret)
        return None

    @cached_property
    def _newest(self) -> Fernet:
        return _fernet(self.keys[0], self.use)

    @cached_property
    def _older(self) -> list[Fernet]:
        return [_fernet(key, self.use) for key in self.keys[1:]]


def _fernet(key: str, use: bytes) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=use).derive(key.encode())
    return Fernet(urlsafe_b64encode(derived))
