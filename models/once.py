"""One at a time: the second of two at once waits here, and then finds what the first one wrote."""

import sqlalchemy as sa
from sqlmodel import Session


def one_at_a_time(session: Session, key: str) -> bool:
    """Let nobody else with this key work until the end of the transaction; SQLite has one writer anyway.

    Returns whether others may have written since this transaction read something.
    """
    if session.get_bind().dialect.name != "postgresql":
        return False
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(key))))
    return True
