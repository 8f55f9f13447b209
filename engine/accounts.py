"""Accounts: inviting people, taking an invitation, changing a password, locking; each of it audited."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.numbers import row_number
from config.words import Text
from engine.logins import HASHER, Claim, begin_session, end_sessions, holds, is_locked, proven
from engine.passwords import check_password
from models.account import Account, Invitation, LoginSession
from models.audit import record
from models.derived import is_invitation
from models.errors import NotFound, PersonLeft, Refused
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from models.people import Person

LIVES = timedelta(days=7)
EMAIL = "email"
LOCKED = datetime.fromisoformat("9000-01-01T00:00:00+00:00")  # by somebody, until somebody unlocks


class InvitationGone(NotFound):
    """This invitation opens nothing. It may have been used, replaced or be older than a week: ask for a new one."""

    # One text for unknown, used, replaced and expired: nobody learns which.
    zh = "此邀请无法使用：可能已被使用、已被新邀请取代或已超过一周。请索取新的邀请。"


class WrongPassword(Refused):
    """The present password is not right. Nothing was changed."""

    zh = "当前密码不正确。没有任何改动。"


@dataclass(frozen=True)
class Invited:
    """An invitation. row: what key and link are made of, no secret by itself. mailed: whether a mail goes out."""

    person_id: int
    row: str
    expires_at: datetime
    mailed: bool


@dataclass(frozen=True)
class AccountLine:
    """An account in a list; no part of a password."""

    person: str
    name: str
    email: str | None
    has_password: bool
    has_sso: bool
    is_locked: bool
    n_sessions: int
    seen_at: datetime | None


def invite(session: Session, person_id: int, *, by: int | None, now: datetime, on: date) -> Invited:
    """Let somebody set a password by a link that holds once, for a week; earlier links end. Raises PersonLeft."""
    person = _here(session, person_id, on)
    account = _account(session, person_id) or _add_account(session, person_id, now)
    earlier = sa.update(Invitation).where(col(Invitation.person_id) == person_id, col(Invitation.used_at).is_(None))
    session.execute(earlier.values(expires_at=now))
    made = Invitation(person_id=person_id, salt=secrets.token_urlsafe(16), made_at=now, expires_at=now + LIVES)
    session.add(made)
    session.flush()
    row = f"{made.id}.{made.salt}"
    if person.email:
        facts = {"invitation": row}
        tell_alone(session, person_id, NotificationKind.INVITATION, f"invitation:{made.id}", EMAIL, facts, now=now)
    record(session, "account.invite", "account", account.id, by=by, now=now, after={"until": made.expires_at})
    return Invited(person_id, row, made.expires_at, mailed=bool(person.email))


def find_invitation(session: Session, brought: str, *, keys: Sequence[str], now: datetime, on: date) -> Person:
    """Get whom a link invites, while it holds. Raises InvitationGone."""
    return _here(session, _invitation(session, brought, keys, now).person_id, on)


def accept_invitation(
    session: Session, brought: str, password: str, *, keys: Sequence[str], now: datetime, on: date
) -> str:
    """Set the password, end all other sessions and log in; returns the token for the cookie.

    Raises InvitationGone, or what is wrong with the password.
    """
    invitation = _invitation(session, brought, keys, now)
    person = _here(session, invitation.person_id, on)
    account = _account(session, person.id)
    if account is None:
        raise InvitationGone
    _set_password(session, account, person, password, now=now)
    invitation.used_at = now
    session.add(invitation)
    return begin_session(session, account, now=now, how="invitation")


def change_password(
    session: Session, claim: Claim, password: str, *, fits: bool, keep: int, now: datetime, on: date
) -> bool:
    """Set another password and end the other sessions. fits: whether the present one was right; keep: this session.

    Returns False when it was not: the try is counted, so nothing is raised. Raises what is wrong with the new one.
    """
    account = proven(session, claim, fits=fits, now=now)
    if account is None:
        return False
    _set_password(session, account, _here(session, account.person_id, on), password, now=now, keep=keep)
    return True


def set_lock(session: Session, person_id: int, *, locked: bool, by: int | None, now: datetime) -> int:
    """Lock an account for good and end its sessions, or open it again. Returns how many sessions ended."""
    account = _account(session, person_id)
    if account is None:
        raise NoAccount
    account.locked_until, account.n_failed = (LOCKED if locked else None), 0
    session.add(account)
    record(session, "account.lock" if locked else "account.unlock", "account", account.id, by=by, now=now)
    return end_sessions(session, person_id, by=by, now=now) if locked else 0


def list_accounts(session: Session, *, now: datetime) -> tuple[AccountLine, ...]:
    """Read all accounts with their sessions that hold, by the person's id."""
    counted = (
        sa.select(
            col(LoginSession.person_id),
            sa.func.count().label("n"),
            sa.func.max(col(LoginSession.seen_at)).label("seen_at"),
        )
        .where(holds(now))
        .group_by(col(LoginSession.person_id))
        .subquery()
    )
    query = (
        sa.select(Account, Person, counted.c.n, counted.c.seen_at)
        .join(Person, col(Person.id) == col(Account.person_id))
        .outerjoin(counted, counted.c.person_id == col(Account.person_id))
        .order_by(col(Person.slug))
    )
    return tuple(
        AccountLine(
            person=person.slug,
            name=person.name,
            email=person.email,
            has_password=account.password_hash is not None,
            has_sso=account.oidc_subject is not None,
            is_locked=is_locked(account, now),
            n_sessions=n or 0,
            seen_at=seen_at,
        )
        for account, person, n, seen_at in session.execute(query).tuples()
    )


class NoAccount(Refused):
    """This person has no account yet. Invite them first: wardcycle account invite PERSON"""

    zh = "此人还没有账号。请先邀请：wardcycle account invite 人员编号"


def tell_alone(
    session: Session,
    person_id: int,
    kind: NotificationKind,
    key: str,
    channel: str,
    facts: dict[str, str],
    *,
    now: datetime,
) -> None:
    """Tell one person by one channel at once: no stand-in, no other channel, no bundle may carry it."""
    told = Notification(key=key, kind=kind, person_id=person_id, urgent=True, planned_at=now, facts=json.dumps(facts))
    session.add(told)
    session.flush()
    queued = Delivery(notification_id=told.id, channel=channel, status=DeliveryStatus.QUEUED, next_try_at=now)
    session.add(queued)


def _set_password(
    session: Session, account: Account, person: Person, password: str, *, now: datetime, keep: int | None = None
) -> None:
    check_password(password, filter(None, (person.slug, person.name, person.email)))
    if account.locked_until == LOCKED:
        raise AccountLocked
    account.password_hash, account.changed_at = HASHER.hash(password), now
    account.n_failed, account.locked_until = 0, None
    session.add(account)
    record(session, "account.password", "account", account.id, by=account.person_id, now=now)
    end_sessions(session, account.person_id, by=account.person_id, now=now, but=keep)


class AccountLocked(Refused):
    """This account is locked. Ask the quality office."""

    zh = "此账号已锁定，请联系质控部门。"


def _invitation(session: Session, brought: str, keys: Sequence[str], now: datetime) -> Invitation:
    number, _, token = brought.partition(".")
    found = session.exec(select(Invitation).where(Invitation.id == row_number(number)).with_for_update()).first()
    row = f"{found.id}.{found.salt}" if found else "0."
    fits = is_invitation(keys, row, token)
    if found is None or not fits or found.used_at is not None or found.expires_at <= now:
        raise InvitationGone
    return found


def _account(session: Session, person_id: int) -> Account | None:
    return session.exec(select(Account).where(Account.person_id == person_id).with_for_update()).first()


def _add_account(session: Session, person_id: int, now: datetime) -> Account:
    made = Account(person_id=person_id, created_at=now, changed_at=now)
    session.add(made)
    session.flush()
    return made


def _here(session: Session, person_id: int, on: date) -> Person:
    person = session.exec(select(Person).where(Person.id == person_id)).first()
    if person is None:
        raise NotFound(noun=Text("person", "人员"), name=str(person_id), mend=Text("", ""))
    if person.left_on is not None and person.left_on <= on:
        raise PersonLeft(who=person.name)
    return person
