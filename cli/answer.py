"""`wardcycle answer` for owners, `wardcycle decide` for the lead and the levels of the ladder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cli.mistakes import FileUnreadable
from cli.options import Acting
from cli.shown import Shown
from cli.speech import say
from cli.task import Address, show_receipt

if TYPE_CHECKING:
    from engine.evidence import GivenFile

Kinds = Literal["acknowledge", "done", "extend", "hand-over", "blocked"]
Verdicts = Literal["grant", "refuse", "give", "remove", "stop", "accept", "return"]
Until = Annotated[str | None, Parameter(help=say("A new date, such as 2026-03-31.", "新的日期，如 2026-03-31。"))]
To = Annotated[str | None, Parameter(help=say("To whom: a person's id.", "交给谁：人员编号。"))]
MOST_BYTES = 100_000_000  # what the engine refuses anyway need not be read whole


def answer(
    address: Address,
    kind: Annotated[Kinds, Parameter(help=say("What you say.", "答复内容。"))],
    /,
    *,
    note: Annotated[str, Parameter(help=say("What was done, or why.", "做了什么，或原因。"))] = "",
    until: Until = None,
    to: To = None,
    evidence: Annotated[
        tuple[Path, ...], Parameter(help=say("Files that prove it.", "佐证文件。"), consume_multiple=True)
    ] = (),
    acting: Acting,
) -> Shown:
    from cli.door import open_door, read_date
    from engine.tasks import GivenAnswer, submit_answer
    from models.queries import get_task
    from models.task import AnswerKind

    with open_door(acting) as door:
        given = GivenAnswer(kind=AnswerKind(kind), note=note, until=read_date(until, "--until"), to=to,
                            evidence=tuple(_read(file) for file in evidence))  # fmt: skip
        with door.writing() as session:
            task = get_task(session, address)
            receipt = submit_answer(session, task.id, given, rules=door.rules, by=door.by(session), now=door.now)
        return show_receipt(door, receipt)


def decide(
    address: Address,
    verdict: Annotated[Verdicts, Parameter(help=say("What you decide.", "决定内容。"))],
    /,
    *,
    note: Annotated[
        str, Parameter(help=say("The reason; for remove what was done.", "理由；排除障碍时写明做了什么。"))
    ] = "",
    until: Until = None,
    to: To = None,
    acting: Acting,
) -> Shown:
    from cli.door import open_door, read_date
    from engine.decisions import GivenDecision, Verdict
    from engine.decisions import decide as take_decision
    from models.queries import get_task

    with open_door(acting) as door:
        given = GivenDecision(kind=Verdict(verdict), note=note, until=read_date(until, "--until"), to=to)
        with door.writing() as session:
            task = get_task(session, address)
            receipt = take_decision(session, task.id, given, rules=door.rules, by=door.by(session), now=door.now)
        return show_receipt(door, receipt)


def _read(file: Path) -> GivenFile:
    from engine.evidence import GivenFile

    try:
        with file.open("rb") as opened:
            return GivenFile(name=file.name, content=opened.read(MOST_BYTES))
    except OSError as error:
        raise FileUnreadable(file=file, why=error.strerror or "") from error
