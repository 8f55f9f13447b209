"""Answers by mail: each taken once; what is not clear becomes a note for the lead, never an answer."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
from sqlmodel import Session, col

from config.words import Text
from engine.evidence import GivenFile
from engine.outbox import Note, tell
from engine.people import directory
from engine.reading_replies import MOST_NOTE, REASONS, Understood, understand
from engine.rules import Rules
from engine.tasks import GivenAnswer, submit_answer
from models.base import table_of
from models.cycle import Cycle
from models.errors import Refused
from models.links import AnswerLink
from models.notification import Notification, NotificationKind
from models.people import Person
from models.reply import MOST_REASON, MailReply, Reply, ReplyOutcome
from models.task import Task

log = logging.getLogger(__name__)

DOOR = "mail"
A_DAY = timedelta(days=1)
# Where nobody gets what a mail says: the lead is its writer, or has had enough of them.
NOT_KEPT = Text(
    "A mail that answers comes from your own address, as plain text, with one known word alone on its first line. "
    "This one did not, and what it says was not kept.",
    "用邮件答复须以您登记的邮箱、纯文本发送，且第一行只写答复词；本邮件不符合，其内容未保存。",
)
MOST_NOTES = 5  # notes a day about one task: whoever learnt its address cannot flood the lead
ANSWERED_KINDS = (
    NotificationKind.ASSIGNED,
    NotificationKind.REMINDER,
    NotificationKind.HAND_OVER,
    NotificationKind.UNCLEAR,
)


def take_reply(session: Session, reply: Reply, *, rules: Rules, now: datetime) -> ReplyOutcome | None:
    """Judge a mail and do what it says. None: the same mail was taken before, and nothing changes."""
    row_id = _enter(session, reply, now)
    if row_id is None:
        return None
    asked = _asked(session, reply.token, rules, now) if reply.token and not reply.automatic else None
    judged = _judge(session, reply, asked, rules=rules, now=now, row_id=row_id)
    values: dict[str, object] = {"outcome": judged.outcome, "why": judged.why[:MOST_REASON]}
    if asked is not None:
        values |= {"task_id": asked.task_id, "person_id": asked.person_id}
    session.execute(sa.update(MailReply).where(col(MailReply.id) == row_id).values(values))
    extra = {"action": "mail_reply", "mail_reply_id": row_id, "outcome": judged.outcome.value}
    log.info("reply by mail", extra=extra)
    return judged.outcome


@dataclass(frozen=True)
class _Judged:
    outcome: ReplyOutcome
    why: str = ""


@dataclass(frozen=True)
class _Asked:
    """Whom the address was made for, and what was asked of them."""

    person_id: int
    task_id: int
    cycle_id: int
    lead_id: int
    name: str
    email: str
    expires_at: datetime


def _enter(session: Session, reply: Reply, now: datetime) -> int | None:
    """Write that a mail is being taken; whoever comes second waits here, then finds it taken."""
    row = {"digest": reply.digest, "uid": reply.uid, "at": now, "outcome": ReplyOutcome.IGNORED}
    return session.connection().execute(_ENTER, row).scalar_one_or_none()


# As text: both systems read the same words.
_ENTER = sa.text(
    "INSERT INTO mail_reply (digest, uid, at, outcome, why) VALUES (:digest, :uid, :at, :outcome, '')"
    " ON CONFLICT (digest) DO NOTHING RETURNING id"
).bindparams(
    *(sa.bindparam(name, type_=table_of(MailReply).c[name].type) for name in ("digest", "uid", "at", "outcome"))
)


def _asked(session: Session, token: str, rules: Rules, now: datetime) -> _Asked | None:
    """Find what a token stands for; an expired one is found too, for its person to hear so."""
    today = rules.calendar.local_date(now)
    row = session.execute(_ASKED, {"token": token, "today": today}).one_or_none()
    return _Asked(*row) if row else None


_ASKED = (
    sa.select(
        col(Person.id), col(Task.id), col(Cycle.id), col(Cycle.lead_id),
        col(Person.name), sa.func.coalesce(col(Person.email), ""), col(AnswerLink.expires_at),
    )
    .select_from(AnswerLink)
    .join(Notification, col(Notification.id) == col(AnswerLink.notification_id))
    .join(Person, col(Person.id) == col(Notification.person_id))
    .join(Task, col(Task.id) == col(Notification.task_id))
    .join(Cycle, col(Cycle.id) == col(Task.cycle_id))
    .where(
        col(AnswerLink.token) == sa.bindparam("token"),
        col(AnswerLink.revoked_at).is_(None),
        col(Notification.kind).in_(ANSWERED_KINDS),
        sa.or_(col(Person.left_on).is_(None), col(Person.left_on) > sa.bindparam("today")),
    )
)  # fmt: skip


def _judge(
    session: Session, reply: Reply, asked: _Asked | None, *, rules: Rules, now: datetime, row_id: int
) -> _Judged:
    if reply.unreadable:
        return _Judged(ReplyOutcome.FAILED, reply.unreadable)
    if reply.automatic:
        return _Judged(ReplyOutcome.IGNORED, f"automatic: {reply.automatic}")
    if asked is None:  # one reason for unknown, revoked and foreign
        return _Judged(ReplyOutcome.IGNORED, "no address that opens anything")
    is_own = bool(asked.email) and reply.sender == asked.email.casefold()
    is_stale = asked.expires_at <= now
    if is_stale and not is_own:
        return _Judged(ReplyOutcome.IGNORED, "no address that opens anything")
    return _judge_person(session, reply, asked, is_own, is_stale, rules=rules, now=now, row_id=row_id)


def _judge_person(
    session: Session,
    reply: Reply,
    asked: _Asked,
    is_own: bool,
    is_stale: bool,
    *,
    rules: Rules,
    now: datetime,
    row_id: int,
) -> _Judged:
    """Judge what came to an address that opens something; is_own: from the person whose address it is."""
    telling = partial(_tell_writer, session, asked, rules=rules, now=now)
    if is_stale:
        telling(REASONS["stale"])
        return _Judged(ReplyOutcome.REFUSED, "stale")
    meant = understand(reply) if is_own else "foreign"
    if isinstance(meant, Understood):
        refusal = _answer(session, asked, reply, meant, rules=rules, now=now)
        if refusal is None:
            return _Judged(ReplyOutcome.ANSWERED, meant.kind.value)
        telling(refusal)
        return _Judged(ReplyOutcome.REFUSED, refusal.en)
    if meant in ("empty", "too-large"):
        telling(REASONS[meant])
        return _Judged(ReplyOutcome.REFUSED, meant)
    if is_own and asked.person_id == asked.lead_id:
        telling(NOT_KEPT)
        return _Judged(ReplyOutcome.REFUSED, meant)
    if _n_notes(session, asked, now) >= MOST_NOTES:
        telling(NOT_KEPT)
        return _Judged(ReplyOutcome.IGNORED, "too many notes")
    telling(REASONS[meant])
    _tell_lead(session, asked, reply, is_own=is_own, rules=rules, now=now, row_id=row_id)
    return _Judged(ReplyOutcome.NOTE, meant)


def _answer(
    session: Session, asked: _Asked, reply: Reply, meant: Understood, *, rules: Rules, now: datetime
) -> Text | None:
    """Submit an answer; what a rule refuses is said in both languages, and nothing of it stays."""
    evidence = tuple(GivenFile(name=file.name, content=file.content) for file in reply.files)
    given = GivenAnswer(kind=meant.kind, note=meant.note, evidence=evidence)
    try:
        with session.begin_nested():
            submit_answer(session, asked.task_id, given, rules=rules, by=asked.person_id, now=now)
    except Refused as error:
        return Text(error.text("en"), error.text("zh"))
    return None


def _tell_writer(session: Session, asked: _Asked, why: Text, *, rules: Rules, now: datetime) -> None:
    """Say to the person, at their own address, why this was no answer: once for each task and day."""
    key = f"mail-reply:{asked.task_id}:{rules.calendar.local_date(now)}"
    facts = {"en": why.en, "zh": why.zh}
    note = _note(asked, key, NotificationKind.UNCLEAR, asked.person_id, now, facts, any_hour=True)
    tell(session, [note], rules=rules, now=now)


def _tell_lead(
    session: Session, asked: _Asked, reply: Reply, *, is_own: bool, rules: Rules, now: datetime, row_id: int
) -> None:
    facts = {
        "who": directory(session).persons[asked.person_id].name,
        "note": "\n".join(reply.lines)[:MOST_NOTE],
        "from": "" if is_own else (reply.sender or "?")[:254],
        "files": str(len(reply.files) or ""),
    }
    facts = {name: fact for name, fact in facts.items() if fact}
    note = _note(asked, f"mail-reply:note:{row_id}", NotificationKind.NOTE, asked.lead_id, now, facts)
    tell(session, [note], rules=rules, now=now)


def _note(
    asked: _Asked,
    key: str,
    kind: NotificationKind,
    person_id: int,
    now: datetime,
    facts: Mapping[str, str],
    *,
    any_hour: bool = False,
) -> Note:
    return Note(key, kind, person_id, now, asked.cycle_id, asked.task_id, facts=facts, any_hour=any_hour)


def _n_notes(session: Session, asked: _Asked, now: datetime) -> int:
    rows = table_of(MailReply).c
    today = sa.and_(rows.task_id == asked.task_id, rows.at > now - A_DAY, rows.outcome == ReplyOutcome.NOTE)
    return int(session.execute(sa.select(sa.func.count()).where(today)).scalar_one())
