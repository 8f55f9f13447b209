"""Logging in and out: sessions that end by themselves, passwords that may be tried ten times."""

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Session, col, select

from models.account import Account, LoginSession
from models.audit import record
from models.derived import fingerprint
from models.errors import Refused
from models.people import Person

IDLE = timedelta(hours=8)  # one shift
LONGEST = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=5)
MOST_FAILED = 10
FIRST_LOCK = timedelta(minutes=15)  # doubles with each further failure
LONGEST_LOCK = timedelta(days=1)
MOST_NAME, MOST_PASSWORD = 254, 1000

HASHER = PasswordHasher()  # argon2id with the parameters of RFC 9106 for little memory
# What a name without a password is compared with: made of words that nobody kept, and as slow as a real one.
NO_PASSWORD = "$argon2id$v=19$m=65536,t=3,p=4$1uoTMEkgWP7gvMpBWqxATw$BeahgHEwC/gozEyFVNQ3b048Wiei7uCFGlS3xEpSwnI"  # noqa: S105


class LoginRefused(Refused):
    """Name and password do not fit, or the account is locked for a while after too many tries. \
Wait a quarter of an hour, or ask the quality office."""

    # One text for unknown, wrong and locked: nobody learns which.
    zh = "账号与密码不符，或因多次尝试已暂时锁定。请稍后再试（约 15 分钟），或联系质控部门。"


@dataclass(frozen=True)
class Login:
    """A session that still holds."""

    id: int
    person_id: int
    name: str
    seen_at: datetime
    language: str

    def is_stale(self, now: datetime) -> bool:
        """Answer whether it is time to write down that somebody was seen."""
        return now - self.seen_at >= TOUCH_EVERY


@dataclass(frozen=True)
class Claim:
    """Somebody says who they are; nobody (None) when there is no such account."""

    person_id: int | None
    password_hash: str | None = field(repr=False)

    def fits(self, password: str) -> bool:
        """Compare with the password; slow on purpose, and as slow for nobody. Not inside of a transaction."""
        try:
            HASHER.verify(self.password_hash or NO_PASSWORD, password[:MOST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return False
        return self.password_hash is not None


def read_claim(session: Session, name: str, *, on: date) -> Claim:
    """Find the account of a person's id or e-mail; a leaver has none."""
    said = name.strip().lower()[:MOST_NAME]
    named = (sa.func.lower(col(Person.slug)) == said) | (sa.func.lower(col(Person.email)) == said)
    query = (
        sa.select(col(Account.person_id), col(Account.password_hash))
        .join(Person, col(Person.id) == col(Account.person_id))
        .where(named, _is_here(on))
    )
    found = session.execute(query).tuples().all()
    return Claim(*found[0]) if len(found) == 1 else Claim(None, None)


def claim_of(session: Session, person_id: int) -> Claim:
    """Find the account of somebody who is logged in, to compare the present password once more."""
    found = session.exec(select(Account.password_hash).where(Account.person_id == person_id)).first()
    return Claim(person_id, found)


def log_in(session: Session, claim: Claim, *, fits: bool, now: datetime) -> str | None:
    """Begin a session when the password fits and the account is not locked; count the failure otherwise.

    Returns the token for the cookie, None when refused: the failure must be committed, so nothing is raised.
    """
    account = proven(session, claim, fits=fits, now=now)
    if account is None:
        return None
    account.n_failed, account.locked_until = 0, None
    return begin_session(session, account, now=now, how="password")


def proven(session: Session, claim: Claim, *, fits: bool, now: datetime) -> Account | None:
    """Get the account of a claim whose password fits, unless it is locked or has another password by now.

    None where it does not; a wrong password is counted, so the caller must commit.
    """
    account = _locked_row(session, claim.person_id)
    if account is None or account.password_hash != claim.password_hash or is_locked(account, now):
        return None
    if not fits:
        _count_failure(session, account, now)
        return None
    return account


def begin_session(session: Session, account: Account, *, now: datetime, how: str) -> str:
    """Begin a session; returns the token that only the cookie holds. how: password, invitation, single sign-on."""
    token = secrets.token_urlsafe(32)
    begun = LoginSession(
        token_hash=fingerprint(token), person_id=account.person_id, created_at=now, seen_at=now, ends_at=now + LONGEST
    )
    session.add(begun)
    session.add(account)
    record(session, "account.log-in", "account", account.id, by=account.person_id, now=now, after={"how": how})
    return token


def find_login(session: Session, token: str, *, now: datetime, on: date) -> Login | None:
    """Find the session of a cookie's token, while it holds: not ended, not idle, its person still here."""
    query = (
        sa.select(
            col(LoginSession.id),
            col(LoginSession.person_id),
            col(Person.name),
            col(LoginSession.seen_at),
            col(Person.language),
        )
        .join(Person, col(Person.id) == col(LoginSession.person_id))
        .where(col(LoginSession.token_hash) == fingerprint(token), holds(now), _is_here(on))
    )
    row = session.execute(query).tuples().first()
    return Login(row[0] or 0, *row[1:]) if row else None


def holds(now: datetime) -> sa.ColumnElement[bool]:
    """Ask of a session: does it hold?"""
    return (
        col(LoginSession.ended_at).is_(None)
        & (col(LoginSession.ends_at) > now)
        & (col(LoginSession.seen_at) > now - IDLE)
    )


def touch(session: Session, session_id: int, *, now: datetime) -> None:
    """Write down that somebody was seen, which keeps a session from idling out."""
    seen = sa.update(LoginSession).where(col(LoginSession.id) == session_id, col(LoginSession.seen_at) < now)
    session.execute(seen.values(seen_at=now))


def list_logins(session: Session, person_id: int, *, now: datetime) -> list[LoginSession]:
    """Read the sessions of a person that hold, the newest first."""
    mine = select(LoginSession).where(LoginSession.person_id == person_id, holds(now))
    return list(session.exec(mine.order_by(col(LoginSession.id).desc())))


def end_sessions(
    session: Session, person_id: int, *, by: int | None, now: datetime, only: int | None = None, but: int | None = None
) -> int:
    """End the sessions of a person: all, only one, or all but one. Returns how many ended."""
    mine = sa.update(LoginSession).where(col(LoginSession.person_id) == person_id, col(LoginSession.ended_at).is_(None))
    if only is not None:
        mine = mine.where(col(LoginSession.id) == only)
    if but is not None:
        mine = mine.where(col(LoginSession.id) != but)
    n_ended: int = session.connection().execute(mine.values(ended_at=now)).rowcount
    if n_ended:
        record(session, "account.log-out", "person", person_id, by=by, now=now, after={"sessions": n_ended})
    return n_ended


def is_locked(account: Account, now: datetime) -> bool:
    """Answer whether nobody may log in to an account now."""
    return account.locked_until is not None and account.locked_until > now


def _count_failure(session: Session, account: Account, now: datetime) -> None:
    account.n_failed += 1
    n_over = account.n_failed - MOST_FAILED
    if n_over >= 0:
        account.locked_until = now + min(LONGEST_LOCK, FIRST_LOCK * 2 ** min(n_over, 10))
    session.add(account)
    what = "account.wrong-password" if n_over < 0 else "account.lock-out"
    facts = {"n_failed": account.n_failed}
    record(session, what, "account", account.id, by=None, now=now, after=facts, outcome="refused")


def _locked_row(session: Session, person_id: int | None) -> Account | None:
    if person_id is None:
        return None
    return session.exec(select(Account).where(Account.person_id == person_id).with_for_update()).first()


def _is_here(on: date) -> sa.ColumnElement[bool]:
    return col(Person.left_on).is_(None) | (col(Person.left_on) > on)
