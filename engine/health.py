"""Whether the engine is well: what stands still, said in words, and told to the quality office."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session, col

from config.words import Text
from engine.outbox import Note, tell
from engine.people import directory
from engine.rules import Rules
from engine.sweep import beat
from models.audit import AuditHead, verify_end
from models.cycle import Cycle
from models.db import Database
from models.notification import UNHEARD, Delivery, DeliveryStatus, Heartbeat, NotificationKind
from models.reads.armour import quiet_channels, shut_channels, shut_valve
from models.reads.schedules import assessing_since
from models.reads.suspended import list_suspended
from models.task import Task

TICK = timedelta(minutes=5)  # how often deadlines are swept (flows/deployments.py)
LATE_MESSAGE = timedelta(minutes=30)
STUCK_LEASE = timedelta(minutes=10)  # after its end; the next delivery run takes it back
UNHEARD_FOR = timedelta(minutes=30)
ASSESSING = "quality-assessment"
# The sender's own process beats far more often.
PERIODS = {"sweep": TICK, "sender": timedelta(minutes=10), ASSESSING: timedelta(hours=1)}


class Severity(StrEnum):
    """`error`: somebody may not be told; `warning`: it may mend itself."""

    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One thing that stands still. `key` names the thing without a clock, `n` how many there are of its kind."""

    key: str
    severity: Severity
    text: Text
    since: datetime | None
    n: int = 1


def examine(session: Session, *, now: datetime) -> list[Finding]:
    """Look for what stands still; a fixed number of looks into small indexes."""
    looks = (_late_messages, _stuck_leases, _unplanned_tasks, _silent_loops, _unheard, _shut_channels, _valve, _refused)
    return [finding for look in looks for finding in look(session, now)] + list(_broken_trail(session))


def watch(database: Database, *, rules: Rules, now: datetime, door: str) -> list[Finding]:
    """Examine, tell the quality office of each finding once, and leave a heartbeat; returns the findings."""
    with database.reading() as session:
        findings = examine(session, now=now)
    with database.transaction(door) as session:
        alarm_office(session, findings, rules=rules, now=now)
        beat(session, "watch", now)
    return findings


def alarm_office(session: Session, findings: list[Finding], *, rules: Rules, now: datetime) -> int:
    """Write an alarm for each finding to each member of the quality office; a second time under the same key nothing.

    Returns how many were new.
    """
    office = directory(session).office(rules.calendar.local_date(now))
    notes = [
        Note(f"alarm:watch:{finding.key}", NotificationKind.ALARM, person, now, facts=_facts(finding))
        for finding in findings
        for person in office
    ]
    return tell(session, notes, rules=rules, now=now)


def _facts(finding: Finding) -> dict[str, str]:
    return {"alarm": "watch", "en": finding.text.en, "zh": finding.text.zh}


def _late_messages(session: Session, now: datetime) -> Iterator[Finding]:
    if shut_valve(session):  # what waits for people has its own finding, and so has what waits for a channel
        return
    shut = [*(one.channel for one in shut_channels(session)), *quiet_channels(session, now=now)]
    queued, late_at = col(Delivery.status) == DeliveryStatus.QUEUED, now - LATE_MESSAGE
    late = (queued, col(Delivery.next_try_at) < late_at, col(Delivery.channel).not_in(shut))
    n, first_id, since = _oldest(session, Delivery.id, Delivery.next_try_at, *late)
    if since:
        said = Text(
            f"{n} message(s) wait to be sent, the oldest for {_ago(since, now).en}. Is the sender running?",
            f"{n} 条消息等待发送，最早的已等待{_ago(since, now).zh}。发送进程是否在运行？",
        )
        yield Finding(f"late-message:{first_id}", Severity.ERROR, said, since, n)


def _stuck_leases(session: Session, now: datetime) -> Iterator[Finding]:
    stuck = (col(Delivery.status) == DeliveryStatus.SENDING, col(Delivery.lease_until) < now - STUCK_LEASE)
    n, first_id, since = _oldest(session, Delivery.id, Delivery.lease_until, *stuck)
    if since:
        said = Text(
            f"{n} message(s) were taken by a sender that never came back, and nobody has taken them over.",
            f"{n} 条消息被发送进程取走后没有结果，也没有其他进程接手。",
        )
        yield Finding(f"stuck-lease:{first_id}", Severity.ERROR, said, since, n)


def _unplanned_tasks(session: Session, now: datetime) -> Iterator[Finding]:
    # In any hour: what falls outside of the sending window waits in the outbox, not in the plan.
    n, first_id, since = _oldest(session, Task.id, Task.next_fire_at, col(Task.next_fire_at) < now - 2 * TICK)
    if since:
        said = Text(
            f"{n} task(s) should have been looked at, the oldest {_ago(since, now).en} ago. Is the sweep running?",
            f"{n} 项任务早该检查，最早的已过{_ago(since, now).zh}。定时检查是否在运行？",
        )
        yield Finding(f"unplanned-task:{first_id}", Severity.ERROR, said, since, n)


def _silent_loops(session: Session, now: datetime) -> Iterator[Finding]:
    beats = dict(session.execute(sa.select(col(Heartbeat.loop), col(Heartbeat.beat_at))).tuples().all())
    n_cycles = session.execute(sa.select(sa.func.count()).select_from(Cycle)).scalar_one()
    since = assessing_since(session)
    needed = {loop: bool(n_cycles) for loop in PERIODS}
    needed[ASSESSING] = since is not None and now - since > 3 * PERIODS[ASSESSING]  # it comes round once an hour
    for loop, period in PERIODS.items():
        last = beats.get(loop) if needed[loop] or loop != ASSESSING else None
        if last is None and needed[loop]:
            said = Text(f"The loop '{loop}' has never run here.", f"循环进程“{loop}”从未运行过。")
            yield Finding(f"silent-loop:{loop}", Severity.WARNING, said, None)
        elif last is not None and now - last > 3 * period:
            said = Text(
                f"The loop '{loop}' last came round {_ago(last, now).en} ago.",
                f"循环进程“{loop}”上次运行是在{_ago(last, now).zh}前。",
            )
            # The last beat names the outage: the next outage has another one.
            yield Finding(f"silent-loop:{loop}:{int(last.timestamp())}", Severity.ERROR, said, last)


def _unheard(session: Session, now: datetime) -> Iterator[Finding]:
    unheard = sa.and_(UNHEARD, col(Delivery.settled_at) < now - UNHEARD_FOR)
    n, first_id, since = _oldest(session, Delivery.id, Delivery.settled_at, unheard)
    if since:
        said = Text(
            f"{n} message(s) reached nobody, and the quality office has not been alarmed yet.",
            f"{n} 条消息未能送达，质控办也尚未收到警报。",
        )
        yield Finding(f"unheard:{first_id}", Severity.ERROR, said, since, n)


def _shut_channels(session: Session, now: datetime) -> Iterator[Finding]:
    for one in shut_channels(session):
        said = Text(
            f"The channel '{one.channel}' has not worked for {_ago(one.since_at, now).en}, messages wait: {one.why}",
            f"渠道“{one.channel}”已有{_ago(one.since_at, now).zh}无法使用，消息等待中：{one.why}",
        )
        yield Finding(f"shut-channel:{one.channel}:{int(one.since_at.timestamp())}", Severity.ERROR, said, one.since_at)


def _valve(session: Session, now: datetime) -> Iterator[Finding]:
    valve = shut_valve(session)
    if valve:
        said = Text(
            f"{valve.n_waiting} messages came due at once, usual are at most {valve.usual}: what is not urgent is held "
            "back. Look at them (wardcycle notifications list --status queued), then: wardcycle notifications release",
            f"同时到期的消息有 {valve.n_waiting} 条，通常不超过 {valve.usual} 条：非紧急消息已暂停发送。"
            "请先查看（wardcycle notifications list --status queued），再运行：wardcycle notifications release",
        )
        key = f"valve:{int(valve.since_at.timestamp())}"
        yield Finding(key, Severity.ERROR, said, valve.since_at, valve.n_waiting)


def _refused(session: Session, now: datetime) -> Iterator[Finding]:
    for one in list_suspended(session):
        said = Text(
            f"{one.name} is no longer told by {one.channel}, the address was refused: {one.why} "
            f"Correct the address; if it is right: wardcycle person reach {one.slug}",
            f"已停止通过 {one.channel} 通知{one.name}，其地址被拒收：{one.why} "
            f"请更正地址；若地址无误，请运行：wardcycle person reach {one.slug}",
        )
        yield Finding(f"refused-address:{one.id}", Severity.WARNING, said, one.since_at)


def _broken_trail(session: Session) -> Iterator[Finding]:
    found = verify_end(session)
    if found.kind:
        said = Text(
            f"The audit trail is broken at row {found.bad_id} ({found.kind}). Run: wardcycle audit verify",
            f"审计记录在第 {found.bad_id} 行损坏（{found.kind}）。请运行：wardcycle audit verify",
        )
        last_id = session.execute(sa.select(col(AuditHead.last_id))).scalar_one_or_none()
        yield Finding(f"audit:{found.bad_id or last_id}", Severity.ERROR, said, None)


def _oldest(
    session: Session, name: int | None, moment: datetime | None, *where: sa.ColumnElement[bool]
) -> tuple[int, int | None, datetime | None]:
    """Count the rows, and find the one that waits longest; name and moment are columns."""
    found = sa.select(col(name), col(moment)).where(*where)
    first = session.execute(found.order_by(col(moment), col(name)).limit(1)).one_or_none()
    if first is None:
        return 0, None, None
    n = session.execute(sa.select(sa.func.count()).select_from(found.subquery())).scalar_one()
    return n, first[0], first[1]


def _ago(since: datetime, now: datetime) -> Text:
    minutes = max(1, int((now - since).total_seconds() // 60))
    if minutes < 120:
        return Text(f"{minutes} min", f" {minutes} 分钟")
    return Text(f"{minutes // 60} h", f" {minutes // 60} 小时")
