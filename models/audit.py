"""The audit trail: one row for each change of state, chained by hash, written with the change."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field, Session, col, select

from models.base import BigId, Row, table_of

GENESIS = "0" * 64


class Audit(Row, table=True):
    """Who changed what, when, by which door, from what to what, why. The database refuses update and delete."""

    __table_args__ = (sa.Index("ix_audit_entity", "entity", "entity_id"),)

    id: int = Field(primary_key=True, sa_type=BigId, sa_column_kwargs={"autoincrement": False})
    at: datetime
    by_id: int | None = Field(default=None, sa_type=BigId)
    door: str = Field(max_length=20)
    what: str = Field(max_length=60)
    entity: str = Field(max_length=20)
    entity_id: int = Field(sa_type=BigId)
    before: str = Field(default="", sa_type=sa.Text)
    after: str = Field(default="", sa_type=sa.Text)
    why: str = Field(default="", sa_type=sa.Text)
    outcome: str = Field(default="done", max_length=40)
    previous_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class AuditHead(Row, table=True):
    """The end of the chain: one row, locked while rows are added."""

    __tablename__: ClassVar[str] = "audit_head"

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    last_id: int = Field(default=0, sa_type=BigId)
    hash: str = Field(default=GENESIS, max_length=64)


@dataclass(frozen=True)
class Entry:
    """A row before it has its place in the chain."""

    at: datetime
    by_id: int | None
    door: str
    what: str
    entity: str
    entity_id: int
    before: str
    after: str
    why: str
    outcome: str


def record(
    session: Session,
    what: str,
    entity: str,
    entity_id: int,
    *,
    by: int | None,
    now: datetime,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    why: str = "",
    outcome: str = "done",
) -> None:
    """Add a row to the trail; it gets its place in the chain just before the commit, so that the lock is short."""
    door = str(session.info.get("door", "code"))
    at = now.astimezone(UTC)  # the hash covers the moment as the database gives it back
    entry = Entry(at, by, door, what, entity, entity_id, _json(before), _json(after), why, outcome)
    session.info.setdefault("audit", []).append(entry)


def seal(session: Session) -> None:
    """Write the waiting rows at the end of the chain; called by the database's own before-commit hook."""
    entries: list[Entry] = session.info.pop("audit", [])
    if not entries:
        return
    connection = session.connection()
    last_id, last_hash = connection.execute(_LOCK_HEAD).one()
    rows = []
    for entry in entries:
        last_id += 1
        digest = _digest(last_id, list(vars(entry).values()), last_hash)
        rows.append(vars(entry) | {"id": last_id, "previous_hash": last_hash, "hash": digest})
        last_hash = digest
    connection.execute(_ADD, rows)
    connection.execute(_MOVE_HEAD, {"last_id": last_id, "hash": last_hash})


_head = table_of(AuditHead)
_LOCK_HEAD = sa.select(_head.c.last_id, _head.c.hash).with_for_update()
_MOVE_HEAD = sa.update(_head)
_ADD = sa.insert(table_of(Audit))


@dataclass(frozen=True)
class Verdict:
    """What a verification found; `bad_id` and `kind` (see `verify`) are None when all is well."""

    n_rows: int
    bad_id: int | None = None
    kind: str | None = None


def verify(session: Session) -> Verdict:
    """Walk the whole chain and name the first bad row and its kind.

    changed: the row's content no longer matches its hash; missing: the row is gone;
    chain: it does not follow the row before it; added: the chain ended before it;
    head: the last row is not the one that the chain's end remembers.
    """
    return _walk(session, None, GENESIS)


def verify_end(session: Session, *, most: int = 500) -> Verdict:
    """Look at the last rows of the trail and its head only, as `verify` does at all of them."""
    last_id = session.exec(select(AuditHead.last_id)).one_or_none() or 0
    first = max(1, last_id - most + 1)
    before = session.exec(select(Audit.hash).where(Audit.id == first - 1)).one_or_none()
    if first > 1 and before is None:
        return Verdict(0, first - 1, "missing")
    return _walk(session, first, before or GENESIS)


def _walk(session: Session, first: int | None, previous: str) -> Verdict:
    """Walk from a row on; from None all rows there are, also one put before the first."""
    expected_id, n_rows = first or 1, 0
    with _rows(session, first) as rows:
        for row in rows:
            kind = _fault(row, expected_id, previous)
            if kind:
                return Verdict(n_rows, expected_id if kind == "missing" else row.id, kind)
            expected_id, previous, n_rows = row.id + 1, row.hash, n_rows + 1
    return _verify_end(session, n_rows, expected_id - 1, previous)


def _verify_end(session: Session, n_rows: int, last_id: int, last_hash: str) -> Verdict:
    head = session.execute(sa.select(col(AuditHead.last_id), col(AuditHead.hash))).one_or_none()
    if head is None:
        return Verdict(n_rows, last_id, "head")
    if head[0] > last_id:
        return Verdict(n_rows, last_id + 1, "missing")
    if head[0] < last_id:
        return Verdict(n_rows, head[0] + 1, "added")
    return Verdict(n_rows) if head[1] == last_hash else Verdict(n_rows, last_id, "head")


def find_history(session: Session, entity: str, entity_id: int) -> list[Audit]:
    """Read what happened to one thing, oldest first."""
    rows = session.exec(
        select(Audit).where(Audit.entity == entity, Audit.entity_id == entity_id).order_by(col(Audit.id))
    )
    return list(rows)


def _rows(session: Session, first: int | None) -> sa.Result[tuple[object, ...]]:
    table = table_of(Audit)
    entry = [table.c[one.name] for one in fields(Entry)]
    rows = sa.select(table.c.id, table.c.previous_hash, table.c.hash, *entry).order_by(table.c.id)
    rows = rows if first is None else rows.where(table.c.id >= first)
    return session.execute(rows.execution_options(yield_per=5000))


def _fault(row: sa.Row[tuple[object, ...]], expected_id: int, previous: str) -> str | None:
    # By place, not by name: of a million rows that takes a third less time.
    row_id, previous_hash, own_hash, *entry = row
    if row_id != expected_id:
        return "missing" if row.id > expected_id else "added"
    if previous_hash != previous:
        return "chain"
    return None if _digest(row_id, entry, previous) == own_hash else "changed"


def _digest(row_id: object, entry: Sequence[object], previous: str) -> str:
    """entry: the fields of an Entry, in their order."""
    at, *others = entry
    assert isinstance(at, datetime)
    hashed = _hashed_form([row_id, at.isoformat(), *others, previous])
    return hashlib.sha256(hashed.encode()).hexdigest()


def _json(facts: Mapping[str, object] | None) -> str:
    return _stored_form(facts) if facts else ""


# json.dumps would make a new encoder for every row.
_hashed_form = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_stored_form = json.JSONEncoder(ensure_ascii=False, default=str, sort_keys=True).encode
