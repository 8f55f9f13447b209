"""`wardcycle notifications`: who was told what, by which channel, and what came of it."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from cli.groups import group
from cli.options import STORED, Limit, Stored
from cli.shown import Shown
from cli.speech import say

app = group("notifications", say("What people were told.", "发给人员的通知。"))

Statuses = Literal["queued", "sending", "sent", "held", "dropped", "dead"]


@app.command(
    name="list",
    help=say("List notifications, the newest first, with why they failed.", "列出通知（最新在前）及失败原因。"),
)
def list_(
    *,
    cycle: Annotated[str | None, Parameter(help=say("Only those of this cycle.", "只列出该循环的通知。"))] = None,
    task: Annotated[
        str | None, Parameter(help=say("Only those of this task: CODE/task.", "只列出该任务的通知：编号/任务。"))
    ] = None,
    person: Annotated[str | None, Parameter(help=say("Only those to this person.", "只列出发给该人的通知。"))] = None,
    status: Annotated[
        Statuses | None, Parameter(help=say("Only those in this status.", "只列出该状态的通知。"))
    ] = None,
    untold: Annotated[bool, Parameter(help=say("Only those that reached nobody.", "只列出无人收到的通知。"))] = False,
    limit: Limit = 50,
    stored: Stored = STORED,
) -> Shown:
    from cli.door import open_door
    from cli.facts import plain
    from cli.tables import message_table, more
    from models.notification import DeliveryStatus
    from models.queries import MessageFilter, list_notifications

    wanted = MessageFilter(cycle, task, person, DeliveryStatus(status) if status else None, untold=untold)
    with open_door(stored) as door, door.reading() as session:
        page = list_notifications(session, wanted, limit=limit)
        facts = {"notifications": plain(page.rows, door.rules.calendar.zone), "n_all": page.n_all}
        parts = [message_table(door, page.rows), *more(door, len(page.rows), page.n_all)]
    following = next((f"wardcycle task show {one.code}/{one.task}" for one in page.rows if one.task), "wardcycle tick")
    return Shown(facts, parts, [following])
