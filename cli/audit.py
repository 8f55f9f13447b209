"""`wardcycle audit`: verify the chain of the audit trail, and read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.groups import group
from cli.options import STORED, Limit, Stored
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from sqlmodel import Session

    from cli.door import Door

app = group("audit", say("The audit trail.", "审计记录。"))

KINDS = {
    "changed": ("its content no longer matches its seal", "内容与封存值不符"),
    "missing": ("it is gone", "该行缺失"),
    "chain": ("it does not follow the row before it", "与前一行不衔接"),
    "added": ("the trail ended before it", "记录末尾之后多出此行"),
    "head": ("the end of the chain is not the one remembered", "链尾与所存链尾不符"),
}


@app.command(
    help=say("Walk the whole chain; name the first bad row and its kind.", "核对整条链，指出第一处异常及其类型。")
)
def verify(*, stored: Stored = STORED) -> Shown:
    import sqlalchemy as sa
    from sqlmodel import col

    from cli.door import open_door
    from config.words import Text
    from models.audit import AuditHead
    from models.audit import verify as walk

    with open_door(stored) as door, door.reading() as session:
        found = walk(session)
        head = session.execute(sa.select(col(AuditHead.hash))).scalar_one_or_none()
        good = found.kind is None
        facts = {"ok": good, "n_rows": found.n_rows, "bad_id": found.bad_id, "kind": found.kind, "head": head}
        said = Text(f"All {found.n_rows} rows are in order. Head: {head}", f"{found.n_rows} 行全部相符。链尾：{head}")
        if found.kind is not None:
            why = KINDS[found.kind]
            said = Text(
                f"Row {found.bad_id} is wrong ({found.kind}): {why[0]}. {found.n_rows} rows before it are in order.",
                f"第 {found.bad_id} 行异常（{found.kind}）：{why[1]}。此前 {found.n_rows} 行相符。",
            )
        return Shown(facts, [door.say(said)], ["wardcycle audit show"], exit_code=0 if good else 1)


@app.command(help=say("Show what happened, the newest first.", "查看发生过的事，最新在前。"))
def show(
    *,
    cycle: Annotated[str | None, Parameter(help=say("Only what concerns this cycle.", "只看该循环。"))] = None,
    limit: Limit = 50,
    stored: Stored = STORED,
) -> Shown:
    from cli.door import open_door
    from cli.tables import more, table
    from config.words import Text

    headings = (Text("No", "序号"), Text("At", "时间"), Text("By", "人员"), Text("Door", "途径"), Text("What", "事项"),
                Text("About", "对象"), Text("Why", "理由"))  # fmt: skip
    with open_door(stored) as door, door.reading() as session:
        found = _of_cycle(door, session, cycle, limit) if cycle else _whole_trail(door, session, limit)
        parts = [table(door, headings, found.rows), *more(door, len(found.rows), found.n_all)]
        return Shown({"audit": found.facts, "n_all": found.n_all}, parts, ["wardcycle audit verify"])


@dataclass(frozen=True)
class _Trail:
    """Rows for people, the same for programs, and how many there are in all."""

    rows: list[list[str]]
    facts: object
    n_all: int


def _of_cycle(door: Door, session: Session, code: str, limit: int) -> _Trail:
    from cli.facts import plain
    from models.queries import cycle_history

    page = cycle_history(session, code, limit=limit)
    rows = []
    for one in page.rows:
        by = one.by.name if one.by else ""
        rows.append(_cells(door, (str(one.id), door.shown(one.at), by, one.door, one.what, one.about, one.why)))
    return _Trail(rows, plain(page.rows, door.rules.calendar.zone), page.n_all)


def _whole_trail(door: Door, session: Session, limit: int) -> _Trail:
    import sqlalchemy as sa
    from sqlmodel import col, select

    from cli.facts import plain
    from models.audit import Audit
    from models.people import Person

    n_all = session.execute(sa.select(sa.func.count()).select_from(Audit)).scalar_one()
    found = session.exec(select(Audit).order_by(col(Audit.id).desc()).limit(limit)).all()
    acting = session.exec(select(Person).where(col(Person.id).in_({one.by_id for one in found})))
    names = {row.id: row.name for row in acting}
    rows = []
    for one in found:
        by, about = names.get(one.by_id or 0, ""), f"{one.entity} {one.entity_id}"
        rows.append(_cells(door, (str(one.id), door.shown(one.at), by, one.door, one.what, about, one.why)))
    return _Trail(rows, plain([one.model_dump() for one in found], door.rules.calendar.zone), n_all)


def _cells(door: Door, cells: tuple[str, str, str, str, str, str, str]) -> list[str]:
    from config.words import Text
    from web.words import DOOR_WORDS, deed, reason

    number, at, by, through, what, about, why = cells
    return [
        number,
        at,
        by,
        door.say(DOOR_WORDS.get(through, Text(through, through))),
        door.say(deed(what)),
        about,
        door.say(reason(why)),
    ]
