"""What every way of sending takes and answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from models.notification import AttemptOutcome
from notifications.render import Message

MOST_WHY = 480  # what fits into the row


@dataclass(frozen=True)
class Address:
    """Where one message goes: by which channel, to which address there, and what tells this message from others."""

    channel: str
    value: str
    mark: str
    thread: str
    at: datetime
    delivery_id: int


@dataclass(frozen=True)
class SendResult:
    """What became of one message. `why` is for people: the server's own words where there are any.

    down: the channel itself does not work at the moment, so that the next message need not be tried either.
    free_at: when it will take messages again, where that is known.
    nobody: the other side knows nobody at this address; it says nothing about the channel.
    crashed: whatever was sending it was ended by it, or had to be.
    """

    outcome: AttemptOutcome
    why: str = ""
    down: bool = False
    free_at: datetime | None = None
    nobody: bool = False
    crashed: bool = False

    @property
    def of_channel(self) -> bool:
        """Answer whether the whole channel failed; a bot that only wants to be left alone for a while did not."""
        return self.down and self.free_at is None


class Sender(Protocol):
    """A way of sending. It answers, whatever happens on the way; it raises only for its own mistakes."""

    def send(self, message: Message, to: Address) -> SendResult:
        """Hand the message over and say what became of it."""
        ...


@dataclass(frozen=True)
class Channels:
    """All ways of sending of a hospital, by channel."""

    senders: Mapping[str, Sender]
    refused: Mapping[str, str] = field(default_factory=dict)  # channel -> why its setting cannot be used

    def knows(self, slug: str) -> bool:
        """Answer whether this was a channel when they were made, useful or not."""
        return slug in self.senders or slug in self.refused

    def send(self, message: Message, to: Address) -> SendResult:
        """Send by the channel that the address names; a channel that cannot be used is no way for good."""
        sender = self.senders.get(to.channel)
        if sender is None:
            return permanent(self.refused.get(to.channel, f"no such channel: {to.channel}"))
        return sender.send(message, to)


def accepted(why: str = "") -> SendResult:
    """The other side took the message."""
    return SendResult(AttemptOutcome.ACCEPTED, why[:MOST_WHY])


def permanent(why: str, *, nobody: bool = False) -> SendResult:
    """It will never be taken in this way."""
    return SendResult(AttemptOutcome.PERMANENT, why[:MOST_WHY], nobody=nobody)


def transient(why: str, *, down: bool = False, free_at: datetime | None = None) -> SendResult:
    """It was not taken, and may be later."""
    return SendResult(AttemptOutcome.TRANSIENT, why[:MOST_WHY], down, free_at)


def unknown(why: str, *, down: bool = False) -> SendResult:
    """It was handed over and no answer came."""
    return SendResult(AttemptOutcome.UNKNOWN, why[:MOST_WHY], down)
