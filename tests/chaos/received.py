"""What really arrived, against what the outbox says."""

from collections import Counter

from sqlmodel import Session, col, select

from models.notification import Attempt, AttemptOutcome, Delivery, DeliveryStatus
from tests.voices import Behaviour


def received(behaviour: Behaviour) -> Counter[int]:
    """Count the mails that arrived, by delivery."""
    return Counter(_mark(envelope.original_content or b"") for envelope in behaviour.got)


def explain_copies(session: Session, copies: Counter[int]) -> int:
    """Check V3: copies <= 1 + attempts that nobody knows the end of; what is `sent` arrived. Returns second copies."""
    unclear = col(Attempt.outcome).is_(None) | (col(Attempt.outcome) == AttemptOutcome.UNKNOWN)
    n_unknown = Counter(session.exec(select(Attempt.delivery_id).where(unclear)))
    n_twice = 0
    for delivery_id, status in session.exec(select(Delivery.id, Delivery.status)):
        assert delivery_id is not None
        n_copies = copies[delivery_id]
        assert n_copies <= 1 + n_unknown[delivery_id], f"{n_copies} copies of {delivery_id}"
        assert status is not DeliveryStatus.SENT or n_copies >= 1, f"{delivery_id} is `sent` and never arrived"
        n_twice += max(0, n_copies - 1)
    return n_twice


def _mark(mail: bytes) -> int:
    head = next(line for line in mail.splitlines() if line.lower().startswith(b"message-id:"))
    return int(head.split(b"<")[1].split(b".")[0])
