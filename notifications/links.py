"""Answer links: made once for each message, signed with a key outside of the database, checked against their row."""

import os
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa
from itsdangerous import BadData, Signer, URLSafeSerializer
from sqlmodel import Session, col

from config.settings import SHORTEST_KEY, Settings
from config.words import Text
from models.base import table_of
from models.errors import NotFound, WardcycleError
from models.links import AnswerLink
from models.notification import Notification, NotificationKind
from models.people import Person
from notifications.letters import ALONE, Letter

LIVES = timedelta(days=90)
COOKIE_LIVES = timedelta(hours=2)  # long enough for a note, short enough for a shared computer of a ward
LINKED = frozenset(
    {NotificationKind.ASSIGNED, NotificationKind.REMINDER, NotificationKind.HAND_OVER, NotificationKind.UNCLEAR}
)
# What a link opens: the page of a task, the list of a digest, the pages on how somebody is told.
ANSWER, LIST, OWN = "answer", "list", "own"
DECIDE = "decide"  # the page on which whoever was asked decides, once they have proved who they are
# itsdangerous would take SHA-1.
_STRONG: Mapping[str, object] = {"digest_method": sha256, "key_derivation": "hmac"}


class LinkGone(NotFound):
    """This link opens nothing. It may have expired: open the newest message about the task, or ask its lead."""

    # One text for unknown, expired, revoked and foreign: nobody learns which.
    zh = "此链接无法打开，可能已过期。请打开该任务最新的消息，或联系项目负责人。"


class KeyUnusable(WardcycleError):
    """The key of the links to answer cannot be used ({file}: {why}). Mend the file, or set WARDCYCLE_SECRET_KEYS."""

    zh = "答复链接的密钥无法使用（{file}：{why}）。请修复该文件，或设置 WARDCYCLE_SECRET_KEYS。"
    exit_code = 3


@dataclass(frozen=True)
class Link:
    """What a link that still opens something lets somebody do: this person may answer this task."""

    id: int
    person_id: int
    task_id: int


@dataclass(frozen=True)
class Seals:
    """Signs links, cookies and forms, each with a salt of its own."""

    settings: Settings

    def sign(self, token: str, what: str = ANSWER) -> str:
        """Make the part of a link that nobody can guess. what: the pages that it opens, and no others."""
        return self._serializer(f"{what}-link").dumps(token)

    def token(self, signed: str, what: str = ANSWER) -> str | None:
        """Read a link's token; None when it was never signed here for these pages."""
        read = self._read(f"{what}-link", signed)
        return read if isinstance(read, str) else None

    def cookie(self, token: str, now: datetime, what: str = ANSWER, lives: timedelta = COOKIE_LIVES) -> str:
        """Make the cookie that stands for a link while its page is open; no two are alike.

        It holds the token: whoever has the key alone can make no cookie either.
        """
        until = int((now + lives).timestamp())
        return self._serializer(f"{what}-cookie").dumps([token, until, secrets.token_urlsafe(9)])

    def cookie_token(self, cookie: str, now: datetime, what: str = ANSWER) -> str | None:
        """Read the token of a cookie that was made here for these pages and is not too old."""
        match self._read(f"{what}-cookie", cookie):
            case [str(token), int(until), str()] if now.timestamp() < until:
                return token
        return None

    def form(self, cookie: str) -> str:
        """Make what a form must bring back: it fits this cookie only."""
        return self._signer.get_signature(cookie).decode()

    def form_fits(self, cookie: str, brought: str) -> bool:
        """Answer whether a form was made for this cookie."""
        return bool(cookie) and self._signer.verify_signature(cookie, brought.encode("utf-8", "replace"))

    def _read(self, salt: str, signed: str) -> object:
        try:
            found: object = self._serializer(salt).loads(signed)
        except (BadData, UnicodeError, RecursionError):
            return None
        return found

    def _serializer(self, salt: str) -> URLSafeSerializer:
        return URLSafeSerializer(self._keys, salt=salt, signer_kwargs=dict(_STRONG))

    @property
    def _signer(self) -> Signer:
        return Signer(self._keys, salt="answer-form", key_derivation="hmac", digest_method=sha256)

    @cached_property
    def _keys(self) -> list[str]:
        return read_keys(self.settings)[::-1]  # itsdangerous signs with the last


def read_keys(settings: Settings) -> list[str]:
    """Read the keys, the newest first: from the settings, else from the file, which is made at the first use.

    Raises KeyUnusable.
    """
    if settings.secret_keys:
        return [key.get_secret_value() for key in settings.secret_keys]
    file = settings.data_folder / "secret.key"
    try:
        if not file.exists():
            _make_key(file)
        keys = [line.strip() for line in file.read_text("ascii").splitlines() if line.strip()]
    except (OSError, UnicodeError) as error:
        raise KeyUnusable(file=file, why=str(error)) from error
    if not keys or min(map(len, keys)) < SHORTEST_KEY:
        why = Text(f"a line has less than {SHORTEST_KEY} characters", f"有一行不足 {SHORTEST_KEY} 个字符")
        raise KeyUnusable(file=file, why=why)
    return keys


def with_links(
    session: Session, letters: Mapping[int, Letter], *, channels: Collection[str], now: datetime
) -> dict[int, Letter]:
    """Give letters the token of their link; one for each message, whichever copy it is.

    By it the person changes how they are told and, where the message asks for an answer, answers.
    channels: those where an address is one person's own. Nobody reads a link of somebody else's there.
    """
    own = {key for key, one in letters.items() if one.channel in channels and one.kind not in ALONE}
    tokens = add_links(session, [letters[key].notification_id for key in own], now=now)
    return {key: _with_token(one, tokens[one.notification_id] if key in own else "") for key, one in letters.items()}


def add_links(session: Session, notification_ids: Sequence[int], *, now: datetime) -> dict[int, str]:
    """Make the links of messages that have none yet. Returns the tokens by message."""
    if not notification_ids:
        return {}
    made = [
        {"token": secrets.token_urlsafe(16), "notification_id": number, "created_at": now, "expires_at": now + LIVES}
        for number in notification_ids
    ]
    connection = session.connection()
    connection.execute(_ADD, made)
    return dict(connection.execute(_TOKENS, {"ids": list(notification_ids)}).tuples().all())


def _with_token(letter: Letter, token: str) -> Letter:
    return replace(letter, answer_token=token if _may_carry(letter) else "", own_token=token)


def find_link(session: Session, token: str, *, now: datetime, on: date) -> Link:
    """Get a link that still opens something. Raises LinkGone. on: today, for leavers."""
    told = (
        sa.select(col(AnswerLink.id), col(Notification.person_id), col(Notification.task_id))
        .join(Notification, col(Notification.id) == col(AnswerLink.notification_id))
        .join(Person, col(Person.id) == col(Notification.person_id))
    )
    query = told.where(
        col(AnswerLink.token) == token,
        col(Notification.task_id).is_not(None),
        *_stands(now, on),
    )
    row = session.execute(query).first()
    if row is None:
        raise LinkGone
    return Link(*row)


@dataclass(frozen=True)
class OwnLink:
    """A link that was sent to this person with a message of this kind, whatever that said."""

    id: int
    person_id: int
    notification_id: int
    kind: NotificationKind


def find_own_link(session: Session, token: str, *, now: datetime, on: date) -> OwnLink:
    """Get the link of any message, to see a list or to change how one is told. Raises LinkGone."""
    sent = (
        sa.select(col(AnswerLink.id), col(Notification.person_id), col(Notification.id), col(Notification.kind))
        .join(Notification, col(Notification.id) == col(AnswerLink.notification_id))
        .join(Person, col(Person.id) == col(Notification.person_id))
    )
    row = session.execute(sent.where(col(AnswerLink.token) == token, *_stands(now, on))).first()
    if row is None:
        raise LinkGone
    return OwnLink(*row)


def _stands(now: datetime, on: date) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        col(AnswerLink.revoked_at).is_(None),
        col(AnswerLink.expires_at) > now,
        sa.or_(col(Person.left_on).is_(None), col(Person.left_on) > on),
    )


def _may_carry(letter: Letter) -> bool:
    # Whoever only passes a message on to somebody without an address may not answer it.
    passes_on = letter.facts.get("instead") == "no-address"
    return letter.kind in LINKED and letter.task_id is not None and not passes_on


def _make_key(file: Path) -> None:
    """Write a new key where nobody else can read it; whoever is second takes the first one's."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(secrets.token_hex(32) + "\n")
        opened.flush()
        os.fsync(opened.fileno())
    try:
        os.link(beside, file)
    except FileExistsError:
        pass
    finally:
        beside.unlink()


_link = table_of(AnswerLink)
_ADD = sa.text(
    "INSERT INTO answer_link (token, notification_id, created_at, expires_at)"
    " VALUES (:token, :notification_id, :created_at, :expires_at) ON CONFLICT (notification_id) DO NOTHING"
).bindparams(*(sa.bindparam(c.name, type_=c.type) for c in _link.c if c.name not in ("id", "revoked_at")))
_TOKENS = sa.select(_link.c.notification_id, _link.c.token).where(
    _link.c.notification_id.in_(sa.bindparam("ids", expanding=True))
)
