"""The arrows between statuses, and the one writer of any status: `move()`. docs/states.md is printed from here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

import sqlalchemy as sa
from sqlmodel import Session

from config.words import Text
from models.assessment import Assessment, AssessmentStatus
from models.audit import record
from models.base import Row, table_of
from models.cycle import Cycle, CycleStatus, Stage, StageStatus
from models.errors import ArrowUnknown, Stale
from models.event import Event, EventStatus
from models.feedback import Feedback, FeedbackStatus
from models.notification import Delivery, DeliveryStatus
from models.task import Task, TaskStatus


@dataclass(frozen=True)
class Arrow:
    """A status may become another: who may do it, and which notification it writes."""

    old: StrEnum
    new: StrEnum
    verb: str
    who: str
    tells: str = ""


C, S, T, D, A = CycleStatus, StageStatus, TaskStatus, DeliveryStatus, AssessmentStatus
F = FeedbackStatus
E = EventStatus

CYCLE_ARROWS = (
    Arrow(C.PLANNED, C.ACTIVE, "start", "the clock, at its start"),
    Arrow(C.PLANNED, C.CANCELLED, "cancel", "lead, quality office", "stopped"),
    Arrow(C.ACTIVE, C.PAUSED, "pause", "lead, quality office"),
    Arrow(C.PAUSED, C.ACTIVE, "resume", "lead, quality office", "deadline"),
    Arrow(C.ACTIVE, C.CLOSED, "close", "the last stage's end", "closed"),
    Arrow(C.ACTIVE, C.CANCELLED, "cancel", "lead, quality office", "stopped"),
    Arrow(C.PAUSED, C.CANCELLED, "cancel", "lead, quality office", "stopped"),
)
STAGE_ARROWS = (
    Arrow(S.WAITING, S.OPEN, "open", "the stage before it, or the cycle's start"),
    Arrow(S.OPEN, S.READY, "finish", "the end of its last task", "decision (approval)"),
    Arrow(S.OPEN, S.CLOSED, "close", "the end of its last task, where no gate is"),
    Arrow(S.READY, S.CLOSED, "approve", "lead; a level of the ladder, if the lead does not"),
    Arrow(S.READY, S.OPEN, "undo", "with the answer that ended its last task", "taken-back"),
    Arrow(S.CLOSED, S.OPEN, "undo", "with the answer that closed it, where no gate is", "taken-back"),
    Arrow(S.OPEN, S.WAITING, "undo", "with the answer that opened it"),
    Arrow(S.WAITING, S.CANCELLED, "cancel", "with its cycle"),
    Arrow(S.OPEN, S.CANCELLED, "cancel", "with its cycle"),
    Arrow(S.READY, S.CANCELLED, "cancel", "with its cycle"),
)
TASK_ARROWS = (
    Arrow(T.WAITING, T.OPEN, "open", "its stage, or the tasks before it", "assigned"),
    Arrow(T.OPEN, T.DONE, "done", "owner, stand-in, lead", "receipt"),
    Arrow(T.OPEN, T.DECIDING, "ask", "owner: done (to be accepted), extend, blocked", "receipt, decision"),
    Arrow(T.DECIDING, T.OPEN, "decide", "lead, ladder: grant, refuse, return, remove; who asked, undoing", "decided"),
    Arrow(T.DONE, T.OPEN, "undo", "who answered, lead: within ten minutes", "taken-back"),
    Arrow(T.OPEN, T.WAITING, "undo", "with the answer that opened it", "taken-back"),
    Arrow(T.DECIDING, T.DONE, "accept", "lead, ladder", "decided"),
    Arrow(T.DECIDING, T.STOPPED, "stop", "lead, ladder", "stopped"),
    Arrow(T.OPEN, T.STOPPED, "stop", "lead, ladder; with its cycle", "stopped"),
    Arrow(T.WAITING, T.STOPPED, "stop", "with its cycle"),
    Arrow(T.OPEN, T.PAUSED, "pause", "with its cycle"),
    Arrow(T.DECIDING, T.PAUSED, "pause", "with its cycle"),
    Arrow(T.PAUSED, T.OPEN, "resume", "with its cycle", "deadline"),
    Arrow(T.PAUSED, T.DECIDING, "resume", "with its cycle"),
    Arrow(T.PAUSED, T.STOPPED, "stop", "with its cycle", "stopped"),
)
DELIVERY_ARROWS = (
    Arrow(D.QUEUED, D.SENDING, "claim", "a sender, with a lease"),
    Arrow(D.QUEUED, D.DROPPED, "drop", "the verb that made it unwanted"),
    Arrow(
        D.QUEUED,
        D.DEAD,
        "pass on",
        "a sender: the channel is shut, or the address was refused before",
        "alarm after the last rank",
    ),
    Arrow(D.QUEUED, D.BUNDLED, "bundle", "the sender: it goes with the person's digest", "digest"),
    Arrow(D.BUNDLED, D.DROPPED, "drop", "the sender of the digest: no longer wanted"),
    Arrow(D.SENDING, D.SENT, "settle", "the sender that holds the lease"),
    Arrow(D.SENDING, D.QUEUED, "retry", "the sender, or the end of its lease before the send began"),
    Arrow(D.SENDING, D.DROPPED, "drop", "the sender: no longer wanted"),
    Arrow(D.SENDING, D.HELD, "hold", "no answer came after the send began", "alarm"),
    Arrow(
        D.SENDING, D.DEAD, "give up", "the sender: refused for ever, or tried too often", "alarm after the last rank"
    ),
    Arrow(D.HELD, D.SENT, "settle", "a late acceptance"),
    Arrow(D.DEAD, D.SENT, "settle", "a late acceptance"),
)
ASSESSMENT_ARROWS = (
    Arrow(A.DUE, A.DONE, "assess", "the schedule, or whoever assesses"),
    Arrow(A.DUE, A.MISSED, "miss", "the schedule, when the data have not come in time"),
)
EVENT_ARROWS = (
    Arrow(E.RECEIVED, E.TRIAGED, "triage", "who handles events"),
    Arrow(E.TRIAGED, E.ANALYSING, "analyse", "triage of class I or II; whoever opens a cycle from it"),
    Arrow(E.RECEIVED, E.CLOSED, "set aside", "who handles events: it is none, or was reported already"),
    Arrow(E.TRIAGED, E.CLOSED, "close", "who handles events, with an answer to the reporter"),
    Arrow(E.ANALYSING, E.CLOSED, "close", "who handles events, with an answer to the reporter"),
)
FEEDBACK_ARROWS = (
    Arrow(F.RECEIVED, F.WORKING, "assign", "quality office: names the departments", "assigned"),
    Arrow(F.RECEIVED, F.ANSWERED, "answer", "quality office: approves the answer"),
    Arrow(F.WORKING, F.ANSWERED, "answer", "quality office: approves the answer", "decided"),
    Arrow(F.ANSWERED, F.RECEIVED, "reopen", "the patient: not solved", "assigned"),
    Arrow(F.ANSWERED, F.CLOSED, "close", "the patient: solved; the clock, when nothing more was said"),
)
ARROWS: dict[type[Row], tuple[Arrow, ...]] = {
    Cycle: CYCLE_ARROWS,
    Stage: STAGE_ARROWS,
    Task: TASK_ARROWS,
    Delivery: DELIVERY_ARROWS,
    Assessment: ASSESSMENT_ARROWS,
    Feedback: FEEDBACK_ARROWS,
    Event: EVENT_ARROWS,
}
STATUSES: dict[type[Row], type[StrEnum]] = {
    Cycle: C,
    Stage: S,
    Task: T,
    Delivery: D,
    Assessment: A,
    Feedback: F,
    Event: E,
}
NOUNS: dict[type[Row], Text] = {
    Cycle: Text("cycle", "循环"),
    Stage: Text("stage", "阶段"),
    Task: Text("task", "任务"),
    Delivery: Text("message", "消息"),
    Assessment: Text("assessment", "评估"),
    Feedback: Text("feedback", "意见反馈"),
    Event: Text("event", "事件"),
}
_KNOWN = {(noun, arrow.old, arrow.new): arrow for noun, arrows in ARROWS.items() for arrow in arrows}


def move(
    session: Session,
    noun: type[Row],
    ids: Sequence[int],
    old: StrEnum,
    new: StrEnum,
    *,
    by: int | None,
    now: datetime,
    why: str = "",
    values: Mapping[str, object] | None = None,
    each: Mapping[str, Mapping[int, object]] | None = None,
    own: Mapping[int, Mapping[str, object]] | None = None,
    fence: Mapping[str, object] | None = None,
) -> None:
    """Change the status of rows, all or none, and write their audit rows, in the caller's transaction.

    values: further columns, the same for all; each: column -> id -> value, where rows differ;
    own: id -> column -> value, the same columns for each row, too large for the audit trail;
    fence: columns that must still have these values (a lease's epoch, say).
    Raises ArrowUnknown where the table has no such arrow, Stale when a row is no longer `old`.
    """
    if not ids:
        return
    arrow = _KNOWN.get((noun, old, new))
    if arrow is None:
        raise ArrowUnknown(noun=noun.__name__.lower(), old=old, new=new)
    values, each, own, fence = values or {}, each or {}, own or {}, fence or {}
    computed = {column: value for column, value in values.items() if isinstance(value, sa.ColumnElement)}
    same = {f"new_{column}": value for column, value in values.items() if column not in computed}
    same |= {"old_status": old, "new_status": new} | {f"still_{column}": value for column, value in fence.items()}
    rows = [
        same
        | {"row_id": key}
        | {f"new_{column}": each[column][key] for column in each}
        | {f"new_{column}": value for column, value in own.get(key, {}).items()}
        for key in ids
    ]
    columns = (*(column for column in values if column not in computed), *each, *own.get(ids[0], ()))
    claim = _claim(noun, columns, tuple(fence))
    if session.connection().execute(claim.values(computed) if computed else claim, rows).rowcount != len(ids):
        raise Stale(noun=NOUNS[noun])
    _audit(session, noun, arrow, ids, by, now, why, each)


@cache
def _claim(noun: type[Row], columns: tuple[str, ...], fence: tuple[str, ...]) -> sa.Update:
    """Write the claim of one row: the same statement for any rows and values, so that it is compiled only once."""
    table = table_of(noun)
    still = (table.c[column] == sa.bindparam(f"still_{column}") for column in fence)
    one = sa.update(table).where(
        table.c.id == sa.bindparam("row_id"), table.c.status == sa.bindparam("old_status"), *still
    )
    return one.values({column: sa.bindparam(f"new_{column}") for column in ("status", *columns)})


def _audit(
    session: Session,
    noun: type[Row],
    arrow: Arrow,
    ids: Sequence[int],
    by: int | None,
    now: datetime,
    why: str,
    each: Mapping[str, Mapping[int, object]],
) -> None:
    name = noun.__name__.lower()
    for row_id in ids:
        after = {"status": arrow.new.value} | {
            column: by_id[row_id] for column, by_id in each.items() if row_id in by_id
        }
        record(
            session,
            f"{name}.{arrow.verb}",
            name,
            row_id,
            by=by,
            now=now,
            before={"status": arrow.old.value},
            after=after,
            why=why,
        )


def states_page() -> str:
    """Print the tables of arrows as the page docs/states.md."""
    lines = ["# States", "", "Printed from `models/transitions.py`; do not edit by hand.", ""]
    for noun, arrows in ARROWS.items():
        name = noun.__name__
        words = "\n".join(f"    {arrow.old.value} --> {arrow.new.value}: {arrow.verb}" for arrow in arrows)
        lines += [f"## {name}", "", "```mermaid", "stateDiagram-v2", words, "```", ""]
        lines += ["| From | To | Verb | Who | Tells |", "|---|---|---|---|---|"]
        lines += [f"| {a.old.value} | {a.new.value} | {a.verb} | {a.who} | {a.tells or '-'} |" for a in arrows] + [""]
    return "\n".join(lines)
