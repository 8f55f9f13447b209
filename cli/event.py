"""`wardcycle event`: report an adverse event, list and show them, give a class, report by law, answer, open a cycle."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from cli.cycle import show_cycle
from cli.groups import group
from cli.options import SIGNED, TIMED, Acting, Limit, Signed, Timed, Why
from cli.shown import Shown
from cli.speech import say

app = group("event", say("Adverse events.", "不良事件。"))

Number = Annotated[int, Parameter(help=say("The event's number: 12 for E0012.", "事件编号：E0012 写 12。"))]
Classes = Literal["I", "II", "III", "IV"]
Statuses = Literal["received", "triaged", "analysing", "closed"]
Kind = Annotated[str | None, Parameter(help=say("What it was about, such as fall.", "类别编号，如 fall。"))]
Unit = Annotated[str | None, Parameter(help=say("Where it happened.", "发生科室。"))]


@app.command(help=say("Report an event; gives the code of the receipt.", "报告不良事件，给出回执编码。"))
def report(
    what: Annotated[str, Parameter(help=say("What happened; no patient data.", "发生了什么；勿写患者信息。"))],
    /,
    *,
    kind: Annotated[str, Parameter(help=say("What it was about, such as fall.", "类别编号，如 fall。"))] = "other",
    harm: Annotated[
        str, Parameter(help=say("What it did, such as near-miss.", "后果编号，如 near-miss。"))
    ] = "unknown",
    unit: Annotated[str, Parameter(help=say("Where.", "科室。"))] = "",
    happened: Annotated[
        str | None, Parameter(help=say("When: 2026-03-02T21:30.", "发生时间：2026-03-02T21:30。"))
    ] = None,
    done: Annotated[str, Parameter(help=say("What was done at once.", "已采取的措施。"))] = "",
    timed: Timed = TIMED,
) -> Shown:
    from cli.door import open_door
    from cli.event_words import facts_of
    from config.words import Text
    from engine.event_reports import WHAT, GivenReport, receive_event
    from engine.receipt_codes import code_from
    from engine.rules import new_token

    with open_door(timed) as door:
        at = door.moment(happened, "--happened") if happened else None
        given = GivenReport(what=what, kind=kind, harm=harm, unit=unit, happened_at=at, done_at_once=done)
        code = code_from(new_token(), WHAT, new_token())
        with door.writing() as session:
            event = receive_event(session, given, code=code, rules=door.rules, now=door.now)
            facts = facts_of(door, event)
        said = Text(
            f"Received as {event.code}. The code of the receipt, shown only here: {code}",
            f"已收到，编号 {event.code}。回执编码（仅显示一次）：{code}",
        )
        return Shown({"event": facts, "code": code}, [door.say(said)], [f"wardcycle event show {event.id}"])


@app.command(name="list", help=say("List events, the late ones first.", "列出不良事件，逾期的在前。"))
def list_(
    *,
    status: Annotated[Statuses | None, Parameter(help=say("Only those in this status.", "只列出该状态。"))] = None,
    severity: Annotated[
        Classes | None, Parameter(name="--class", help=say("Only those of this class.", "只列出该级别。"))
    ] = None,
    kind: Kind = None,
    unit: Unit = None,
    overdue: Annotated[bool, Parameter(help=say("Only overdue ones.", "只列出逾期。"), negative="")] = False,
    limit: Limit = 50,
    timed: Timed = TIMED,
) -> Shown:
    from cli.door import open_door
    from cli.event_words import facts_of, list_parts
    from config.events import Severity
    from models.event import EventStatus
    from models.reads.events import EventFilter, list_events

    wanted = EventFilter(
        EventStatus(status) if status else None, Severity(severity) if severity else None, kind, unit, overdue
    )
    with open_door(timed) as door, door.reading() as session:
        page = list_events(session, wanted, now=door.now, limit=limit)
        facts = {"events": [facts_of(door, one.row) for one in page.lines], "n_all": page.n_all}
        parts = list_parts(door, page)
    following = f"wardcycle event show {page.lines[0].row.id}" if page.lines else "wardcycle event report"
    return Shown(facts, parts, [following])


@app.command(help=say("Show an event, but never who reported it.", "查看事件（不显示报告人）。"))
def show(number: Number, /, *, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door
    from cli.event_words import shown

    with open_door(timed) as door, door.reading() as session:
        return shown(door, session, number)


@app.command(help=say("Give an event its class; what follows begins.", "确定事件级别并启动后续处理。"))
def triage(
    number: Number,
    /,
    *,
    severity: Annotated[Classes, Parameter(name="--class", help=say("I is the gravest.", "I 级最严重。"))],
    kind: Kind = None,
    unit: Unit = None,
    lead: Annotated[
        str | None, Parameter(help=say("Who leads the analysis of I and II.", "I、II 级原因分析负责人。"))
    ] = None,
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from cli.event_words import shown
    from config.events import Severity
    from engine.events import GivenTriage, triage_event

    with open_door(acting) as door:
        given = GivenTriage(severity=Severity(severity), kind=kind, unit=unit, lead=lead)
        with door.writing() as session:
            triage_event(session, number, given, rules=door.rules, by=door.by(session), now=door.now)
        with door.reading() as session:
            return shown(door, session, number)


@app.command(help=say("Give an event another class.", "更改事件级别。"))
def reclassify(
    number: Number,
    /,
    *,
    severity: Annotated[Classes, Parameter(name="--class", help=say("I is the gravest.", "I 级最严重。"))],
    why: Why,
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from cli.event_words import shown
    from config.events import Severity
    from engine.events import reclassify_event

    with open_door(acting) as door:
        with door.writing() as session:
            reclassify_event(
                session, number, Severity(severity), why=why, rules=door.rules, by=door.by(session), now=door.now
            )
        with door.reading() as session:
            return shown(door, session, number)


@app.command(help=say("Note that it was reported as the law asks.", "登记已完成法定上报。"))
def statutory(
    number: Number,
    /,
    *,
    note: Annotated[str, Parameter(help=say("Number of the report, or to whom.", "上报编号或受理部门。"))] = "",
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from cli.event_words import shown
    from engine.event_closing import report_statutory

    with open_door(acting) as door:
        with door.writing() as session:
            report_statutory(session, number, note=note, rules=door.rules, by=door.by(session), now=door.now)
        with door.reading() as session:
            return shown(door, session, number)


@app.command(help=say("Answer the reporter and close the event.", "回复报告人并办结事件。"))
def close(
    number: Number,
    /,
    *,
    answer: Annotated[str, Parameter(help=say("What the reporter will read.", "报告人将看到的回复。"))],
    set_aside: Annotated[
        bool, Parameter(help=say("It was none, or was reported already.", "不属于不良事件或重复报告。"), negative="")
    ] = False,
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from cli.event_words import shown
    from engine.event_closing import close_event

    with open_door(acting) as door:
        with door.writing() as session:
            by = door.by(session)
            close_event(session, number, answer, rules=door.rules, by=by, now=door.now, set_aside=set_aside)
        with door.reading() as session:
            return shown(door, session, number)


@app.command(help=say("Open an improvement cycle from an event.", "由事件启动改进循环。"))
def cycle(
    number: Number,
    /,
    *,
    template: Annotated[str, Parameter(help=say("By which template.", "使用的模板。"))] = "pdca",
    lead: Annotated[str | None, Parameter(help=say("Who leads; else the head.", "负责人；默认科室主任。"))] = None,
    acting: Acting,
) -> Shown:
    from cli.door import open_door
    from engine.event_closing import open_cycle

    with open_door(acting) as door:
        with door.writing() as session:
            by = door.by(session)
            opened = open_cycle(session, number, template=template, lead=lead, rules=door.rules, by=by, now=door.now)
            code = opened.code
        return show_cycle(door, code, changed=True)


@app.command(help=say("Count the events into their indicators now.", "立即将不良事件统计到指标。"))
def count(*, signed: Signed = SIGNED) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from engine.event_counts import count_events

    with open_door(signed) as door:
        with door.writing() as session:
            n = count_events(session, rules=door.rules, now=door.now)
        said = Text(f"New or corrected values: {n}.", f"新增或更正数值：{n}。")
        return Shown({"n_changed": n}, [door.say(said)], ["wardcycle indicator list"])
