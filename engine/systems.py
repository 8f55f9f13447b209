"""The hospital's own systems that send values: their tokens, and the same answer to the same request."""

import hashlib
import hmac
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.words import Text
from engine.people import Directory
from engine.rules import Rules
from engine.workbook import is_slug
from models.audit import record
from models.errors import NotFound, Refused
from models.systems import SystemRequest, SystemToken

PREFIX = "wc_"
KEYS_KEPT_FOR = timedelta(days=30)


class SystemNameRefused(Refused):
    """'{name}' cannot name a system. Use a-z, 0-9 and hyphens, such as his or lab-system."""

    zh = "“{name}”不能作系统名称。请用小写字母、数字和连字符，例如 his、lab-system。"


class KeyUsedBefore(Refused):
    """This idempotency key came before with another content. Use a new key for new values."""

    zh = "该幂等键（Idempotency-Key）曾用于不同的内容。新的数据请使用新的键。"


def make_token(
    session: Session, system: str, *, unit_id: int | None, rules: Rules, by: int | None, now: datetime
) -> str:
    """Give a system a token, in place of the one it had. It is not stored and cannot be shown again.

    unit_id: values may be sent for this unit and those below it; None for all. Raises SystemNameRefused.
    """
    if not is_slug(system):
        raise SystemNameRefused(name=system[:64])
    token = f"{PREFIX}{rules.new_token()}{rules.new_token()}"
    row = _find(session, system)
    if row is None:
        row = SystemToken(system=system, digest=digest_of(token), unit_id=unit_id, made_at=now, made_by=by)
    else:
        row.digest, row.unit_id, row.made_at, row.made_by, row.revoked_at = digest_of(token), unit_id, now, by, None
    session.add(row)
    session.flush()
    after = {"system": system, "unit": unit_id}
    record(session, "system.token", "system", row.id, by=by, now=now, after=after)
    return token


def revoke_token(session: Session, system: str, *, by: int | None, now: datetime) -> None:
    """Let a system in no more. Raises NotFound."""
    row = _find(session, system)
    if row is None or row.revoked_at is not None:
        mend = Text("See the names with: wardcycle indicator tokens", "名称见：wardcycle indicator tokens")
        raise NotFound(noun=Text("system with a token", "有令牌的系统"), name=system, mend=mend)
    row.revoked_at = now
    session.add(row)
    record(session, "system.revoke", "system", row.id, by=by, now=now, before={"system": system})


def find_system(session: Session, token: str) -> SystemToken | None:
    """Find whose token this is; None for one that is unknown or was revoked."""
    if not token.startswith(PREFIX) or len(token) > 200:
        return None
    digest = digest_of(token)
    row = session.exec(select(SystemToken).where(SystemToken.digest == digest)).one_or_none()
    good = row is not None and row.revoked_at is None and hmac.compare_digest(row.digest, digest)
    return row if good else None


def list_systems(session: Session) -> tuple[SystemToken, ...]:
    """List the systems that ever had a token, by name."""
    return tuple(session.exec(select(SystemToken).order_by(SystemToken.system)))


def lock_system(session: Session, system: SystemToken) -> None:
    """Keep a system's other requests waiting until the end of the transaction: two with one key must not both write."""
    session.execute(sa.select(col(SystemToken.id)).where(col(SystemToken.id) == system.id).with_for_update())


def find_answer(session: Session, system: SystemToken, key: str, body: bytes) -> SystemRequest | None:
    """Find what a request with this key was answered. Raises KeyUsedBefore when its body was another one."""
    row = session.exec(
        select(SystemRequest).where(SystemRequest.token_id == system.id, SystemRequest.key == key)
    ).one_or_none()
    if row is not None and row.body_digest != hashlib.sha256(body).hexdigest():
        raise KeyUsedBefore
    return row


def keep_answer(session: Session, system: SystemToken, key: str, body: bytes, *, answer: str, now: datetime) -> None:
    """Remember what a request was answered; those older than 30 days are forgotten."""
    session.execute(
        sa.delete(SystemRequest).where(
            col(SystemRequest.token_id) == system.id, col(SystemRequest.at) < now - KEYS_KEPT_FOR
        )
    )
    digest = hashlib.sha256(body).hexdigest()
    session.add(SystemRequest(token_id=system.id, key=key, body_digest=digest, answer=answer, at=now))


def may_send(people: Directory, system: SystemToken, unit_id: int) -> bool:
    """Answer whether a system may send values of a unit."""
    return system.unit_id is None or system.unit_id in people.upwards(unit_id)


def digest_of(token: str) -> str:
    """Hash a token; it is long and random, so that a plain hash cannot be guessed back."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _find(session: Session, system: str) -> SystemToken | None:
    return session.exec(select(SystemToken).where(SystemToken.system == system).with_for_update()).one_or_none()
