"""Six digits that prove who somebody is: sent by another channel than the link's, good once, for ten minutes."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.accounts import EMAIL, tell_alone
from models.account import LoginCode
from models.audit import record
from models.derived import is_code
from models.errors import Refused
from models.notification import NotificationKind
from models.people import Person

LIVES = timedelta(minutes=10)
MOST_TRIES = 5
MOST_ASKED, ASKED_WITHIN = 5, timedelta(hours=1)


class NoOtherChannel(Refused):
    """A code would have to go by another channel than this link, and there is none. Log in instead."""

    zh = "验证码须经链接以外的渠道发送，而您没有其他渠道。请改为登录。"


class TooManyCodes(Refused):
    """Too many codes were asked for. Log in instead, or wait an hour."""

    zh = "索取验证码次数过多。请改为登录，或一小时后再试。"


class CodeRefused(Refused):
    """This code does not fit, was used, or is older than ten minutes. Nothing was changed; ask for a new one."""

    # One text for wrong, used and expired: nobody learns which.
    zh = "验证码不正确、已使用或已超过十分钟。没有任何改动，请重新索取。"


@dataclass(frozen=True)
class Asked:
    """A code is on its way by this channel until this moment."""

    channel: str
    expires_at: datetime


def other_channel(person: Person, *, came_by: Collection[str], personal: Collection[str]) -> str | None:
    """Find a channel for a code: the person's own address, on none of the channels that the link came by. Pure.

    personal: channels where an address is one person's own; a group would read the code too.
    """
    pairs = (pair.partition("=") for pair in person.addresses.replace(";", ",").split(","))
    addressed = {slug.strip() for slug, _, value in pairs if value.strip()}
    addressed |= {EMAIL} if person.email else set()
    # Whatever came by one channel may have come by its fallbacks; what is not theirs to read is never taken.
    wanted = [*(slug.strip() for slug in person.channels.split(",")), *sorted(addressed)]
    return next((one for one in wanted if one in addressed and one in personal and one not in came_by), None)


def ask_code(
    session: Session,
    person_id: int,
    purpose: str,
    *,
    came_by: Collection[str],
    personal: Collection[str],
    now: datetime,
) -> Asked:
    """Send a code by another channel than those the link came by; earlier ones for this purpose end.

    purpose: what it proves, such as `decision:12`; a code for one purpose is good for no other.
    Raises NoOtherChannel, TooManyCodes.
    """
    # The person's row is locked: two requests at once would each find room for one more.
    person = session.exec(select(Person).where(Person.id == person_id).with_for_update()).one()
    channel = other_channel(person, came_by=came_by, personal=personal)
    if channel is None:
        raise NoOtherChannel
    asked = sa.select(sa.func.count()).select_from(LoginCode)
    lately = col(LoginCode.person_id) == person_id, col(LoginCode.made_at) > now - ASKED_WITHIN
    if session.execute(asked.where(*lately)).scalar_one() >= MOST_ASKED:
        raise TooManyCodes
    earlier = sa.update(LoginCode).where(col(LoginCode.person_id) == person_id, col(LoginCode.purpose) == purpose)
    session.execute(earlier.where(col(LoginCode.expires_at) > now).values(expires_at=now))
    made = LoginCode(
        person_id=person_id,
        purpose=purpose,
        salt=secrets.token_urlsafe(16),
        channel=channel,
        made_at=now,
        expires_at=now + LIVES,
    )
    session.add(made)
    session.flush()
    facts = {"code_row": f"{made.id}.{made.salt}"}
    tell_alone(session, person_id, NotificationKind.CODE, f"code:{made.id}", channel, facts, now=now)
    record(session, "code.ask", "login-code", made.id, by=person_id, now=now, after={"channel": channel})
    return Asked(channel, made.expires_at)


def use_code(
    session: Session, person_id: int, purpose: str, typed: str, *, keys: Sequence[str], now: datetime, on: date
) -> bool:
    """Answer whether the digits prove that this is the person; good once. A wrong try is counted.

    Nothing is raised, so that the caller commits the count; then it raises CodeRefused. The code of a transaction
    that is rolled back stays unused.
    """
    code = session.exec(
        select(LoginCode)
        .join(Person)
        .where(
            LoginCode.person_id == person_id,
            LoginCode.purpose == purpose,
            col(LoginCode.used_at).is_(None),
            col(LoginCode.expires_at) > now,
            col(LoginCode.n_tries) < MOST_TRIES,
            col(Person.left_on).is_(None) | (col(Person.left_on) > on),
        )
        .order_by(col(LoginCode.id).desc())
        .with_for_update(of=LoginCode)
    ).first()
    if code is None:
        return False
    code.n_tries += 1
    session.add(code)
    if not is_code(keys, f"{code.id}.{code.salt}", "".join(typed.split())):
        facts = {"n_tries": code.n_tries}
        record(session, "code.wrong", "login-code", code.id, by=person_id, now=now, after=facts, outcome="refused")
        return False
    code.used_at = now
    record(session, "code.use", "login-code", code.id, by=person_id, now=now)
    return True
