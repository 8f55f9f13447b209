"""Logging in by the hospital's own single sign-on: it proves who somebody is, and never makes anybody."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.logins import begin_session, is_locked
from models.account import Account
from models.audit import record
from models.errors import Refused
from models.people import Person


class NotKnownHere(Refused):
    """The provider knows you, but nobody here has this verified e-mail address, or the account is locked. \
Ask the quality office."""

    zh = "统一身份认证已通过，但本系统没有与该已验证邮箱对应的可用账号。请联系质控部门。"


@dataclass(frozen=True)
class Proven:
    """What a provider has signed about somebody. email: only when the provider has verified it."""

    issuer: str
    subject: str
    email: str | None

    @property
    def key(self) -> str:
        """Give the name by which an account remembers this identity: subjects are unique within an issuer only."""
        return f"{self.issuer} {self.subject}"


def log_in_by_sso(session: Session, proven: Proven, *, now: datetime, on: date) -> str:
    """Begin a session of the person linked with this identity, or of the one with its verified e-mail, who is linked.

    Returns the token for the cookie. Raises NotKnownHere.
    """
    account = _linked(session, proven, on) or _link(session, proven, now, on)
    if account is None or is_locked(account, now):
        raise NotKnownHere
    return begin_session(session, account, now=now, how="single sign-on")


def _linked(session: Session, proven: Proven, on: date) -> Account | None:
    query = select(Account).join(Person, col(Person.id) == col(Account.person_id))
    return session.exec(query.where(Account.oidc_subject == proven.key, _is_here(on))).first()


def _link(session: Session, proven: Proven, now: datetime, on: date) -> Account | None:
    """Link the person of the verified address, unless they are linked with another identity already."""
    if not proven.email:
        return None
    same = sa.func.lower(col(Person.email)) == proven.email.strip().lower()
    found = session.exec(select(Person).where(same, _is_here(on))).all()
    if len(found) != 1 or session.exec(select(Account).where(Account.oidc_subject == proven.key)).first():
        return None
    person_id = found[0].id
    account = session.exec(select(Account).where(Account.person_id == person_id).with_for_update()).first()
    if account is not None and account.oidc_subject is not None:
        return None
    account = account or Account(person_id=person_id, created_at=now, changed_at=now)
    account.oidc_subject = proven.key
    session.add(account)
    session.flush()
    record(session, "account.link", "account", account.id, by=person_id, now=now, after={"issuer": proven.issuer})
    return account


def _is_here(on: date) -> sa.ColumnElement[bool]:
    return col(Person.left_on).is_(None) | (col(Person.left_on) > on)
