"""`wardcycle doctor`: what is in order on this machine, what is not, and how to mend it."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cli.options import TIMED, Timed
from cli.shown import Shown

if TYPE_CHECKING:
    from cli.door import Door
    from config.words import Text

State = Literal["ok", "warning", "error"]
MARKS: dict[State, str] = {"ok": "✓", "warning": "!", "error": "✕"}
KNOCK_S = 1.0


@dataclass(frozen=True)
class Look:
    """What one look found."""

    about: str
    state: State
    text: Text


def doctor(*, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door

    with open_door(timed) as door:
        looks = [look for check in CHECKS for look in check(door)]
        facts = {
            "ok": all(look.state != "error" for look in looks),
            "checks": [
                {"about": one.about, "state": one.state, "text": {"en": one.text.en, "zh": one.text.zh}}
                for one in looks
            ],
        }
        parts = [f"{MARKS[one.state]} {one.about}: {door.say(one.text)}" for one in looks]
        is_bad = any(look.state == "error" for look in looks)
        following = "wardcycle cycle list"
        if any(look.about == "database" and look.state == "error" for look in looks):
            following = "wardcycle database upgrade"
        return Shown(facts, parts, [following], exit_code=1 if is_bad else 0)


def _configuration(door: Door) -> Iterator[Look]:
    from config.words import Text

    problems = door.catalogue.problems
    if problems:
        named = [Text(one.text("en"), one.text("zh")) for one in problems]
        yield from (Look("configuration", "error", one) for one in named)
    else:
        n = len(door.catalogue.templates)
        yield Look("configuration", "ok", Text(f"{n} templates, no problem", f"{n} 个模板，没有问题"))


def _calendar(door: Door) -> Iterator[Look]:
    from cli.mistakes import CalendarUnknown
    from config.words import Text

    try:
        calendar = door.rules.calendar
    except CalendarUnknown as error:
        yield Look("calendar", "error", Text(error.text("en"), error.text("zh")))
        return
    until = calendar.announced_until
    if until is not None and calendar.local_date(door.now).year > until:
        said = Text(
            f"Official days are known until {until}; later ones are provisional. Update the library `holidays`",
            f"官方节假日仅到 {until} 年，之后的日期为暂定。请更新 holidays 库",
        )
        yield Look("calendar", "warning", said)
    else:
        zone = calendar.zone.key
        yield Look("calendar", "ok", Text(f"{door.settings.calendar}, {zone}", f"{door.settings.calendar}，{zone}"))


def _database(door: Door) -> Iterator[Look]:
    import sqlalchemy as sa

    from config.words import Text
    from models.audit import AuditHead
    from models.db import WAL_SAFE
    from models.errors import WardcycleError

    try:
        with door.writing() as session:  # a database that can only be read shows itself here
            session.execute(sa.update(AuditHead).values(last_id=AuditHead.last_id))
    except WardcycleError as error:
        yield Look("database", "error", Text(error.text("en"), error.text("zh")))
        return
    shown = door.database.shown
    yield Look("database", "ok", Text(f"{shown} answers", f"{shown} 正常"))
    if door.database.is_sqlite and sqlite3.sqlite_version_info < WAL_SAFE:
        version, journal = sqlite3.sqlite_version, door.database.journal
        state: State = "warning" if journal == "WAL" else "ok"
        said = Text(f"SQLite {version} is not safe in WAL mode; the journal is {journal}",
                    f"SQLite {version} 不宜使用 WAL 模式，现用 {journal}")  # fmt: skip
        yield Look("sqlite", state, said)


def _people(door: Door) -> Iterator[Look]:
    from config.words import Text
    from engine.people import directory

    with door.reading() as session:
        people = directory(session)
        today = door.rules.calendar.local_date(door.now)
        here = [one for one in people.persons.values() if one.left_on is None or today < one.left_on]
        office = people.office(today)
    mute = ", ".join(sorted(one.slug for one in here if not one.email))
    if not here:
        said = Text(
            "Nobody yet. Run: wardcycle hospital template hospital.xlsx",
            "还没有人员。请运行：wardcycle hospital template hospital.xlsx",
        )
        yield Look("people", "warning", said)
        return
    yield Look("people", "ok", Text(f"{len(here)} people", f"{len(here)} 名人员"))
    if not office:
        said = Text(
            "Nobody holds the role quality-office: alarms reach nobody",
            "无人担任质控办（quality-office）：警报无人接收",
        )
        yield Look("people", "error", said)
    if mute:
        yield Look("people", "warning", Text(f"Without address: {mute}", f"没有邮箱地址：{mute}"))


def _engine(door: Door) -> Iterator[Look]:
    from config.words import Text
    from engine.health import Severity, examine

    with door.reading() as session:
        findings = examine(session, now=door.now)
    for one in findings:
        yield Look("engine", "error" if one.severity is Severity.ERROR else "warning", one.text)
    if not findings:
        yield Look(
            "engine",
            "ok",
            Text("Nothing waits too long, the audit trail's end is in order", "没有超时等待，审计记录链尾相符"),
        )


def _relay(door: Door) -> Iterator[Look]:
    from config.words import Text

    settings = door.settings
    host, port = (
        (settings.smtp_host, settings.smtp_port) if settings.smtp_host else ("127.0.0.1", settings.mailbox_smtp_port)
    )
    if _is_open(host, port):
        yield Look("mail", "ok", Text(f"{host}:{port} answers", f"{host}:{port} 有响应"))
    elif settings.smtp_host:
        said = Text(f"{host}:{port} does not answer. Check WARDCYCLE_SMTP_HOST and WARDCYCLE_SMTP_PORT",
                    f"{host}:{port} 没有响应。请检查 WARDCYCLE_SMTP_HOST 和 WARDCYCLE_SMTP_PORT")  # fmt: skip
        yield Look("mail", "error", said)
    else:
        said = Text("No relay is set, and the local mailbox is not running (wardcycle up starts it)",
                    "未设置邮件服务器，本地邮箱也未运行（wardcycle up 会启动它）")  # fmt: skip
        yield Look("mail", "warning", said)


def _mail_replies(door: Door) -> Iterator[Look]:
    from config.words import Text
    from engine.mail_rounds import last_read
    from flows.replies import NoRepliesTaken
    from notifications.reply_address import is_reply_address

    settings = door.settings
    if not settings.imap_host and not settings.reply_address:
        return  # as in most hospitals
    if not (settings.imap_host and is_reply_address(settings.reply_address)):
        unset = NoRepliesTaken()
        yield Look("mail replies", "error", Text(unset.text("en"), unset.text("zh")))
        return
    with door.reading() as session:
        last = last_read(session)
    minutes = int((door.now - last).total_seconds() // 60) if last else None
    if minutes is None:
        said = Text("The mailbox has not been read yet", "答复邮箱尚未读取过")
        yield Look("mail replies", "warning", said)
    else:
        said = Text(f"The mailbox was read {minutes} min ago", f"{minutes} 分钟前读取过答复邮箱")
        yield Look("mail replies", "ok" if minutes <= 10 else "error", said)


def _channels(door: Door) -> Iterator[Look]:
    from config.words import Text
    from models.errors import WardcycleError
    from notifications.channel_list import list_channels, unknown_channels

    try:
        with door.reading() as session:
            lines = list_channels(session, door.catalogue.channels, settings=door.settings, now=door.now)
            unknown = unknown_channels(session, {line.slug for line in lines})
    except WardcycleError as error:  # the key cannot be read
        yield Look("channels", "error", Text(error.text("en"), error.text("zh")))
        return
    for line in lines:
        if line.fault:
            yield Look("channels", "error", Text(f"{line.slug}: {line.fault.en}", f"{line.slug}：{line.fault.zh}"))
        elif line.record.last_error and not line.record.works_since:
            said = f"{line.slug}: {line.record.last_error} ({door.shown(line.record.last_error_at)})"
            yield Look("channels", "warning", Text(said, said))
    yield from _old_seals(door)
    for slug, names in unknown.items():
        said_en = f"{slug}: there is no such channel, and these people are told by it: {', '.join(names)}"
        yield Look("channels", "error", Text(said_en, f"{slug}：没有这个渠道，但以下人员在使用：{'、'.join(names)}"))
    if not unknown and not any(line.fault for line in lines):
        yield Look("channels", "ok", Text(f"{len(lines)} channels", f"{len(lines)} 个渠道"))


def _old_seals(door: Door) -> Iterator[Look]:
    from config.words import Text
    from notifications.added import old_seals
    from notifications.links import read_keys
    from notifications.sealed import Lock

    with door.reading() as session:
        slugs = ", ".join(old_seals(session, Lock(read_keys(door.settings))))
    if slugs:
        said = Text(
            f"{slugs}: sealed with an older key. Before you take that key away: wardcycle channel reseal",
            f"{slugs}：仍由旧密钥加密。停用旧密钥前请运行：wardcycle channel reseal",
        )
        yield Look("channels", "warning", said)


def _ports(door: Door) -> Iterator[Look]:
    from config.words import Text

    settings = door.settings
    for about, host, port in (
        ("pages", settings.web_host, settings.web_port),
        ("prefect", "127.0.0.1", settings.prefect_port),
    ):
        if _is_open(host, port):
            yield Look(about, "ok", Text(f"port {port} answers", f"端口 {port} 有响应"))
        else:
            said = Text(
                f"nothing answers on port {port}; start with: wardcycle up",
                f"端口 {port} 没有响应，请运行：wardcycle up",
            )
            yield Look(about, "warning", said)


def _is_open(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=KNOCK_S):
            return True
    except OSError:
        return False


def _stored(door: Door) -> Iterator[Look]:
    """Look into the database only where that can succeed."""
    looks = list(_database(door))
    yield from looks
    if looks[0].state == "ok" and door.settings.calendar in door.catalogue.calendars:
        yield from _people(door)
        yield from _engine(door)
        yield from _mail_replies(door)
        yield from _channels(door)


CHECKS: tuple[Callable[[Door], Iterator[Look]], ...] = (_configuration, _calendar, _stored, _relay, _ports)
