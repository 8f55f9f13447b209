"""`wardcycle feedback`: list and show what patients said, name departments, draft and approve answers.

How a patient can be reached is never printed: only the office reads it, on its page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cli.groups import group
from cli.options import TIMED, Acting, Limit, Timed
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from cli.door import Door
    from models.feedback import Feedback
    from models.reads.feedback import FeedbackLine, RoundView

app = group("feedback", say("What patients say, and the answers.", "患者反馈与答复。"))

Number = Annotated[int, Parameter(help=say("The feedback's number.", "反馈编号。"))]
Status = Literal["received", "working", "answered", "closed"]


@app.command(name="list", help=say("List feedback, what waits for an answer first.", "列出反馈，待答复的在前。"))
def list_(
    *,
    status: Annotated[Status | None, Parameter(help=say("Only those in this status.", "只列出该状态的反馈。"))] = None,
    late: Annotated[bool, Parameter(help=say("Only those that are late.", "只列出逾期的反馈。"))] = False,
    kind: Annotated[str, Parameter(help=say("Only of this kind.", "只列出该类型。"))] = "",
    unit: Annotated[str, Parameter(help=say("Only about this department.", "只列出涉及该科室的。"))] = "",
    limit: Limit = 50,
    timed: Timed = TIMED,
) -> Shown:
    from cli.door import open_door
    from cli.facts import plain
    from cli.tables import more
    from models.feedback import FeedbackStatus
    from models.reads.feedback import FeedbackFilter, list_feedback

    wanted = FeedbackFilter((FeedbackStatus(status),) if status else (), kind, unit, late)
    with open_door(timed) as door:
        with door.reading() as session:
            page = list_feedback(session, wanted, now=door.now, limit=limit)
        zone = door.rules.calendar.zone
        facts = {"feedback": [_facts(line, door) for line in page.rows], "n_all": page.n_all}
        parts = [_table(door, page.rows), *more(door, len(page.rows), page.n_all)]
        first = f"wardcycle feedback show {page.rows[0].id}" if page.rows else "wardcycle feedback list"
        return Shown(plain(facts, zone), parts, [first])


@app.command(help=say("Show one: its rounds, drafts and answers.", "查看反馈：处理过程、草稿和答复。"))
def show(number: Number, /, *, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door

    with open_door(timed) as door:
        return _shown(door, number)


@app.command(help=say("Name the departments concerned.", "指定相关科室。"))
def assign(
    number: Number,
    /,
    *units: Annotated[str, Parameter(help=say("Ids of departments.", "科室编号。"))],
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from engine.feedback import assign_feedback

    with open_door(acting) as door:
        with door.writing() as session:
            assign_feedback(session, number, units, rules=door.rules, by=door.by(session), now=door.now)
        return _shown(door, number)


@app.command(help=say("Draft the answer of a department, as the owner of its task.", "由科室负责人起草答复。"))
def answer(
    number: Number,
    /,
    *,
    unit: Annotated[str, Parameter(help=say("Id of the department.", "科室编号。"))],
    text: Annotated[str, Parameter(help=say("What the patient should hear.", "给患者的答复。"))],
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from engine.feedback_drafts import draft_answer

    with open_door(acting) as door:
        with door.writing() as session:
            draft_answer(session, number, unit, text, rules=door.rules, by=door.by(session), now=door.now)
        return _shown(door, number)


@app.command(help=say("Let an answer go out to the patient, by the office.", "由办公室审核并发出答复。"))
def approve(
    number: Number,
    /,
    *,
    text: Annotated[str, Parameter(help=say("Other words than the drafts.", "替换草稿的答复内容。"))] = "",
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from engine.feedback_answers import approve_answer

    with open_door(acting) as door:
        with door.writing() as session:
            approve_answer(session, number, text, rules=door.rules, by=door.by(session), now=door.now)
        return _shown(door, number)


def _shown(door: Door, number: int) -> Shown:
    from cli.facts import plain
    from engine.feedback import get_feedback
    from models.reads.feedback import UNANSWERED, rounds_of

    with door.reading() as session:
        one = get_feedback(session, number)
        turns = rounds_of(session, one)
    facts = {
        "id": one.id,
        "kind": one.kind,
        "status": one.status,
        "late": one.status in UNANSWERED and one.answer_due_at < door.now,
        "received_at": one.received_at,
        "answer_due_at": one.answer_due_at,
        "said": one.said,
        "rounds": [_round_facts(turn) for turn in turns],
    }
    following = f"wardcycle feedback approve {number} --by PERSON" if one.status in UNANSWERED else LIST
    return Shown({"feedback": plain(facts, door.rules.calendar.zone)}, _parts(door, one, turns), [following])


LIST = "wardcycle feedback list"


def _facts(line: FeedbackLine, door: Door) -> dict[str, object]:
    return {
        "id": line.id,
        "kind": line.kind,
        "status": line.status,
        "late": line.is_late(door.now),
        "round": line.round_no,
        "unit": line.unit.slug if line.unit else None,
        "units": [unit.slug for unit in line.units],
        "received_at": line.received_at,
        "answer_due_at": line.answer_due_at,
        "answered_at": line.answered_at,
    }


def _round_facts(turn: RoundView) -> dict[str, object]:
    row = turn.row
    return {
        "no": row.no,
        "said": row.said,
        "units": [unit.slug for unit in turn.units],
        "drafts": {draft.unit.slug: draft.text for draft in turn.drafts},
        "open_tasks": [line.address for line in turn.open_tasks],
        "answer": row.answer,
        "answer_due_at": row.answer_due_at,
        "answered_at": row.answered_at,
        "solved": row.solved,
        "satisfaction": row.satisfaction,
    }


def _table(door: Door, lines: tuple[FeedbackLine, ...]) -> RenderableType:
    from rich.text import Text as Styled

    from cli.tables import LATE, status, table
    from config.words import Text

    headings = (Text("No.", "编号"), Text("Kind", "类型"), Text("Status", "状态"), Text("Departments", "科室"),
                Text("Received", "收到时间"), Text("Answer until", "答复期限"))  # fmt: skip
    kinds = door.catalogue.feedback.kinds
    rows: Iterable[list[str | Styled]] = (
        [
            str(line.id),
            door.say(kinds[line.kind].title) if line.kind in kinds else line.kind,
            status(door, line.status),
            ", ".join(door.say(unit.name) for unit in line.units or ((line.unit,) if line.unit else ())),
            door.shown(line.received_at),
            Styled(door.shown(line.answer_due_at), style=LATE if line.is_late(door.now) else ""),
        ]
        for line in lines
    )
    return table(door, headings, rows)


def _parts(door: Door, one: Feedback, turns: tuple[RoundView, ...]) -> list[RenderableType]:
    from cli.tables import status
    from config.words import Text
    from engine.feedback_tasks import kind_of

    parts = [f"{door.say(kind_of(door.rules, one.kind).title)} {one.id} · {status(door, one.status)}", one.said]
    for turn in turns:
        row = turn.row
        due = door.shown(row.answer_due_at)
        parts += ["", door.say(Text(f"Round {row.no}, answer until {due}", f"第 {row.no} 次处理，答复期限 {due}"))]
        parts += [row.said] if row.said else []
        parts += [f"  {door.say(draft.unit.name)}: {draft.text}" for draft in turn.drafts]
        if row.answered_at:
            at = door.shown(row.answered_at)
            parts.append(door.say(Text(f"Answered {at}: {row.answer}", f"{at} 答复：{row.answer}")))
        if row.solved is not None:
            mark = f" {row.satisfaction}/5" if row.satisfaction else ""
            said = Text("solved", "已解决") if row.solved else Text("not solved", "未解决")
            parts.append(door.say(Text("The patient: ", "患者：")) + door.say(said) + mark)
    return list(parts)
