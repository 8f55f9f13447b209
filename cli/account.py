"""`wardcycle account`: invite people to log in, list their accounts, lock them, end their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.groups import group
from cli.options import SIGNED, TIMED, Signed, Timed
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from cli.door import Door
    from config.words import Text
    from engine.accounts import Invited

app = group("account", say("Accounts of people who log in.", "登录账号。"))

Slug = Annotated[str, Parameter(help=say("The person's id.", "人员编号。"))]
LIST = "wardcycle account list"


@app.command(
    help=say(
        "Invite somebody to choose a password: by mail, and by a link shown here where no mail goes out.",
        "邀请某人设置密码：通过邮件；无法发邮件时在此显示链接。",
    )
)
def invite(person: Slug, /, *, signed: Signed = SIGNED) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from engine.accounts import invite as invite_person
    from models.queries import get_person

    with open_door(signed) as door:
        on = door.rules.calendar.local_date(door.now)
        with door.writing() as session:
            found = get_person(session, person)
            made = invite_person(session, found.id, by=door.by_or_none(session), now=door.now, on=on)
        until = door.shown(made.expires_at)
        # A relay's mail reaches the person; the local mailbox reaches whoever sits here.
        link = "" if made.mailed and door.settings.smtp_host else _link(door, made)
        facts = {"person": person, "mailed": made.mailed, "until": made.expires_at.isoformat(), "link": link or None}
        parts = [door.say(Text(f"{found.name} is invited until {until}.", f"已邀请{found.name}，有效期至 {until}。"))]
        if made.mailed:
            parts.append(door.say(Text(f"A mail goes to {found.email}.", f"邮件将发送至 {found.email}。")))
        if link:
            said = Text("Open this link on this machine, or hand it over in person; it works once:",
                        "请在本机打开此链接，或当面转交；仅可使用一次：")  # fmt: skip
            parts += [door.say(said), link]
        return Shown(facts, parts, [LIST])


@app.command(name="list", help=say("List the accounts: how they log in, whether they are locked.", "列出账号。"))
def list_(*, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door
    from cli.facts import plain
    from cli.tables import table
    from config.words import Text
    from engine.accounts import list_accounts

    headings = (Text("Person", "人员"), Text("E-mail", "邮箱"), Text("Logs in by", "登录方式"), Text("Locked", "锁定"),
                Text("Sessions", "会话"), Text("Last seen", "最近使用"))  # fmt: skip
    with open_door(timed) as door:
        with door.reading() as session:
            lines = list_accounts(session, now=door.now)
        facts = {"accounts": plain(lines, door.rules.calendar.zone)}
        rows = (
            [
                f"{line.name} ({line.person})",
                line.email or "",
                door.say(_way(line.has_password, line.has_sso)),
                door.say(Text("yes", "是")) if line.is_locked else "",
                str(line.n_sessions or ""),
                door.shown(line.seen_at),
            ]
            for line in lines
        )
        return Shown(facts, [table(door, headings, rows)], ["wardcycle account invite PERSON"])


@app.command(help=say("Lock an account and end its sessions.", "锁定账号并退出其所有会话。"))
def lock(person: Slug, /, *, signed: Signed = SIGNED) -> Shown:
    return _set_lock(person, signed, locked=True)


@app.command(help=say("Open a locked account again.", "解锁账号。"))
def unlock(person: Slug, /, *, signed: Signed = SIGNED) -> Shown:
    return _set_lock(person, signed, locked=False)


@app.command(name="end-sessions", help=say("End all sessions of somebody at once.", "立即退出某人的所有会话。"))
def end_sessions(person: Slug, /, *, signed: Signed = SIGNED) -> Shown:
    from cli.door import open_door
    from engine.logins import end_sessions as end
    from models.queries import get_person

    with open_door(signed) as door:
        with door.writing() as session:
            found = get_person(session, person)
            n_ended = end(session, found.id, by=door.by_or_none(session), now=door.now)
        return Shown({"person": person, "sessions": n_ended}, [_ended(door, n_ended)], [LIST])


def _set_lock(person: str, signed: Signed, *, locked: bool) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from engine.accounts import set_lock
    from models.queries import get_person

    with open_door(signed) as door:
        with door.writing() as session:
            found = get_person(session, person)
            n_ended = set_lock(session, found.id, locked=locked, by=door.by_or_none(session), now=door.now)
        said = Text("Locked.", "已锁定。") if locked else Text("Open again.", "已解锁。")
        facts = {"person": person, "locked": locked, "sessions": n_ended}
        return Shown(facts, [door.say(said), *([_ended(door, n_ended)] if locked else [])], [LIST])


def _ended(door: Door, n_ended: int) -> str:
    from config.words import Text

    return door.say(Text(f"{n_ended} sessions ended.", f"已退出 {n_ended} 个会话。"))


def _way(has_password: bool, has_sso: bool) -> Text:
    from config.words import Text

    if has_password and has_sso:
        return Text("password, single sign-on", "密码、单点登录")
    if has_password or has_sso:
        return Text("password", "密码") if has_password else Text("single sign-on", "单点登录")
    return Text("invited", "已邀请")


def _link(door: Door, made: Invited) -> str:
    from models.derived import invitation_part
    from notifications.links import read_keys

    settings = door.settings
    base = settings.base_url.rstrip("/") or f"http://{settings.web_host}:{settings.web_port}"
    return f"{base}/welcome/{invitation_part(read_keys(settings)[0], made.row)}"
