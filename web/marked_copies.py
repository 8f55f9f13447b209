"""Marked copies of files that were refused, kept in memory for a moment so that the page can hand them out."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock


@dataclass(frozen=True)
class Copy:
    """One copy, for the person whose file it was."""

    person_id: int
    name: str
    content: bytes
    until: datetime


@dataclass
class Copies:
    """The copies of this process: each for a quarter of an hour, all together no more than `most_bytes`."""

    lives: timedelta = timedelta(minutes=15)
    most_bytes: int = 60_000_000
    _kept: OrderedDict[str, Copy] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def keep(self, person_id: int, name: str, content: bytes, now: datetime) -> str:
        """Keep a copy; the oldest ones go when there is no room. Returns its name in the address."""
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._kept[key] = Copy(person_id, name, content, now + self.lives)
            while sum(len(one.content) for one in self._kept.values()) > self.most_bytes and len(self._kept) > 1:
                self._kept.popitem(last=False)
            for old in [one for one, copy in self._kept.items() if copy.until <= now]:
                del self._kept[old]
        return key

    def find(self, person_id: int, key: str, now: datetime) -> Copy | None:
        """Find a copy that is this person's and still kept."""
        with self._lock:
            found = self._kept.get(key)
        return found if found and found.person_id == person_id and now < found.until else None
