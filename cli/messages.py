"""`wardcycle notifications`: who was told what, by which channel, and what came of it."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from cli.groups import group
from cli.options import SIGNED, STORED, TIMED, Limit, Signed, Stored, Timed
from cli.shown import Shown
from cli.speech import say

app = group("notifications", say("What people were told.", "发给人员的通知。"))

Statuses = Literal["queued", "sending", "sent", "bundled", "held", "dropped", "dead"]


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


@app.command(
    help=say(
        "Send what the valve holds back: far more was due at once than usual.",
        "发送因数量异常而暂停的通知。",
    )
)
def release(*, signed: Signed = SIGNED) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from notifications.valve import release as let_go

    with open_door(signed) as door:
        with door.writing() as session:
            n = let_go(session, by=door.by_or_none(session), now=door.now)
        said = Text(f"{n} messages may go now.", f"现可发送 {n} 条消息。")
        if n is None:
            said = Text("The valve is open; nothing was held back.", "没有因数量异常而暂停的消息。")
        return Shown({"n_released": n or 0}, [door.say(said)], ["wardcycle notifications list --status queued"])


@app.command(
    name="read-replies",
    help=say("Read the answers that came by mail, once.", "读取邮件答复（一次）。"),
)
def read_replies(*, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from flows.replies import read_mailbox

    with open_door(timed) as door:
        door.database.check()
        read = read_mailbox(door.database, door.settings, rules=door.rules, now=door.now)
    said = Text(
        f"{read.n_answered} answered, {read.n_refused} refused, {read.n_notes} notes for leads, "
        f"{read.n_ignored} ignored, {read.n_failed} put aside, {read.n_known} read before",
        f"{read.n_answered} 封已作为答复，{read.n_refused} 封被拒绝，{read.n_notes} 封转为留言，"
        f"{read.n_ignored} 封忽略，{read.n_failed} 封搁置，{read.n_known} 封此前已读",
    )
    return Shown(vars(read), [door.say(said)], ["wardcycle notifications list"])
