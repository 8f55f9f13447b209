"""Counting links that open nothing, so that nobody tries them by the thousand."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import ClassVar

from models.errors import Refused


class TooManyMisses(Refused):
    """Too many links that open nothing were tried from here. Wait ten minutes and open the newest message."""

    zh = "此处多次尝试无效链接。请十分钟后再打开最新的消息。"
    status: ClassVar[int] = 429


@dataclass
class Misses:
    """Misses by address, in this process. A link that was really signed here is never counted and never refused:
    a whole hospital may come from one address."""

    most: int = 30
    within: timedelta = timedelta(minutes=10)
    most_addresses: int = 10_000
    _missed: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def count(self, address: str, now: datetime) -> None:
        """Count one miss. Raises TooManyMisses when there were too many lately."""
        with self._lock:
            times = self._missed.setdefault(address, deque(maxlen=self.most + 1))
            self._missed.move_to_end(address)
            times.append(now)
            while len(self._missed) > self.most_addresses:
                self._missed.popitem(last=False)
            n_lately = sum(abs(now - at) < self.within for at in times)
        if n_lately > self.most:
            raise TooManyMisses

    def check(self, address: str, now: datetime) -> None:
        """Raise TooManyMisses where the next miss would; counts nothing."""
        with self._lock:
            n_lately = sum(abs(now - at) < self.within for at in self._missed.get(address, ()))
        if n_lately >= self.most:
            raise TooManyMisses
