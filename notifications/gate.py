"""What a round may take now: nothing by a shut channel but its probe, nothing that the valve holds back."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from config.calendar import Calendar
from notifications.breaker import Breakers, look, may_probe, pass_on, probing
from notifications.bundle import bundle
from notifications.claim import claim
from notifications.valve import check_valve, largest_day


@dataclass
class Gate:
    """The gate of one round. only: no other channel than this; floor: so many due at once never shut the valve;
    calendar: of the sending window, where there is one."""

    only: str | None = None
    floor: int | None = None
    calendar: Calendar | None = None
    breakers: Breakers = field(default_factory=Breakers)
    _bundled_at: datetime | None = None
    _largest_day: int | None = None

    def take(self, session: Session, *, batch: int, down: Collection[str], now: datetime) -> list[int]:
        """Claim the next batch. down: channels that have failed in this round."""
        before, self.breakers = self.breakers, look(session, now=now)
        pass_on(session, self.breakers, now=now)
        without = {*down, *self.breakers.shut}
        # What waited for a channel that works again has not been looked at yet.
        same = (before.shut, before.probed) == (self.breakers.shut, self.breakers.probed)
        bundled_at = self._bundled_at if same else None
        # The probe of a shut channel is to be the digest of its person, or that comes as a second message.
        probed = frozenset[str]() if self._at_night(now) else self.breakers.probed
        asleep = {*down, *self.breakers.quiet, *self.breakers.shut.difference(probed)}
        bundle(session, now=now, without=asleep, only=self.only, after=bundled_at)
        self._bundled_at = now
        quiet = self.breakers.quiet
        released_id = self._valve(session, {*without, *quiet}, now)
        ids = claim(
            session, now=now, batch=batch, without=without, only=self.only, released_id=released_id, quiet=quiet
        )
        for channel in self.breakers.probed.difference(down):
            if self.only in (None, channel):
                ids += self._probe(session, channel, released_id, now)
        return ids

    def _probe(self, session: Session, channel: str, released_id: int | None, now: datetime) -> list[int]:
        """Claim one message of a channel whose pause is over, if nobody else tries it."""
        if not may_probe(session, channel, now=now):
            return []
        quiet = [channel] if self._at_night(now) else ()
        ids = claim(session, now=now, batch=1, only=channel, released_id=released_id, quiet=quiet)
        if ids:
            probing(session, channel, now=now)
        return ids

    def _at_night(self, now: datetime) -> bool:
        return self.calendar is not None and self.calendar.sendable(now) > now

    def _valve(self, session: Session, without: Collection[str], now: datetime) -> int | None:
        if self.floor is None:
            return None

        def usual() -> int:
            if self._largest_day is None:
                self._largest_day = largest_day(session, now=now)
            return self._largest_day

        return check_valve(session, floor=self.floor, largest_day=usual, without=without, now=now)
