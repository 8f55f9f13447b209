"""How often a bot may speak: counted here, so that the vendor need not shut it."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# A second more than the vendors' minute: one message may be quicker on its way than the one before it.
WINDOW = timedelta(seconds=61)


@dataclass
class Throttle:
    """What one bot has sent lately, in this process. Used by one thread; the moment always comes from outside.

    A clock that was set back cannot shut a bot for longer than its own rules say: distances count, not order.
    """

    per_minute: int
    _sent: deque[datetime] = field(default_factory=deque)
    _shut_at: datetime | None = None
    _shut_for: timedelta = timedelta(0)

    def free_at(self, now: datetime) -> datetime:
        """Find when the next message may go: `now` itself, or later."""
        free = [now]
        if self._shut_at is not None and abs(now - self._shut_at) < self._shut_for:
            free.append(self._shut_at + self._shut_for)
        recent = [at for at in self._sent if abs(now - at) < WINDOW]
        if len(recent) >= self.per_minute:
            free.append(recent[-self.per_minute] + WINDOW)
        return max(free)

    def take(self, now: datetime) -> timedelta | None:
        """Count one message; tells how long ago the one before it went, None for the first."""
        since = now - self._sent[-1] if self._sent else None
        self._sent.append(now)
        while len(self._sent) > self.per_minute:
            self._sent.popleft()
        return since

    def shut(self, now: datetime, duration: timedelta) -> datetime:
        """Stay silent for so long, because the vendor said so; returns the end."""
        self._shut_at, self._shut_for = now, duration
        return now + duration
