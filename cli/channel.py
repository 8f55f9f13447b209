"""`wardcycle channel`: list the ways to people, add, test and remove them; an address is never shown again."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.groups import group
from cli.options import SIGNED, TIMED, Signed, Timed
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.door import Door
    from notifications.channel_list import ChannelLine
    from notifications.trial import Trial

app = group("channel", say("Ways to reach people and groups.", "通知渠道。"))

Slug = Annotated[str, Parameter(help=say("The channel's id, such as ward-phone.", "渠道编号，如 ward-phone。"))]
MOST_READ = 4000  # characters; a channel's address is shorter
ASKED = say("Address of the channel (not shown): ", "渠道地址（不回显）：")


@app.command(
    name="list",
    help=say("List the channels: kind, whether they work, how many use them.", "列出渠道：种类、是否正常、使用人数。"),
)
def list_(*, timed: Timed = TIMED) -> Shown:
    from cli.door import open_door
    from notifications.channel_list import list_channels

    with open_door(timed) as door:
        with door.reading() as session:
            lines = list_channels(session, door.catalogue.channels, settings=door.settings, now=door.now)
        facts = {"channels": [_facts(door, line) for line in lines]}
        return Shown(facts, [_table(door, lines)], [f"wardcycle channel test {lines[-1].slug}"])


@app.command(
    help=say(
        "Add a channel. Its address is asked for, or read from standard input: there it is in no list of processes.",
        "添加渠道。地址通过提示或标准输入读取，因此不会出现在进程列表中。",
    )
)
def add(
    slug: Slug,
    /,
    *,
    title: Annotated[str, Parameter(help=say("Its name for people.", "渠道名称。"))],
    title_zh: Annotated[str | None, Parameter(help=say("Its Chinese name.", "渠道的中文名称。"))] = None,
    base_url: Annotated[
        str, Parameter(help=say("Another place than the vendor's own.", "非厂商默认的服务地址。"))
    ] = "",
    personal: Annotated[
        bool, Parameter(help=say("Each address is read by one person only.", "每个地址只有一人阅读。"), negative="")
    ] = False,
    replace: Annotated[
        bool, Parameter(help=say("Take the place of the one of this id.", "替换同编号的渠道。"), negative="")
    ] = False,
    signed: Signed = SIGNED,
) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from notifications.added import GivenChannel, add_channel, check_given, tidy
    from notifications.links import read_keys
    from notifications.sealed import Lock
    from notifications.trial import look_up

    with open_door(signed) as door:
        given = tidy(GivenChannel(slug, Text(title, title_zh or title), _read_url(), base_url, personal))
        channel = check_given(given, known=door.catalogue.channels)
        look_up(given.slug, channel, door.settings)
        with door.writing() as session:
            by, lock = door.by_or_none(session), Lock(read_keys(door.settings))
            add_channel(session, given, lock=lock, by=by, now=door.now, replace=replace)
        said = Text(
            f"Added: {given.slug}. Its address is sealed and not shown again.",
            f"已添加：{given.slug}。地址已加密保存，不再显示。",
        )
        return Shown({"added": given.slug}, [door.say(said)], [f"wardcycle channel test {given.slug}"])


@app.command(
    help=say("Send one test message now and show what the other side says.", "立即发送测试消息并显示对方的答复。")
)
def test(
    slug: Slug,
    /,
    *,
    to: Annotated[
        str, Parameter(help=say("Address there, such as ana@hospital.example.", "收件地址，如 ana@hospital.example。"))
    ] = "",
    signed: Signed = SIGNED,
) -> Shown:
    from cli.door import open_door
    from models.notification import AttemptOutcome
    from notifications.channel_list import get_channel
    from notifications.trial import note_trial, try_channel

    with open_door(signed) as door:
        with door.reading() as session:
            channel = get_channel(session, slug, door.catalogue.channels, settings=door.settings)
            by = door.by_or_none(session)
        trial = try_channel(slug, channel, to, settings=door.settings, language=door.language, now=door.now)
        with door.writing() as session:
            note_trial(session, trial, by=by, now=door.now)
        facts = {"channel": slug, "outcome": trial.outcome.value, "said": trial.said,
                 "to_do": {"en": trial.to_do.en, "zh": trial.to_do.zh}}  # fmt: skip
        accepted = trial.outcome is AttemptOutcome.ACCEPTED
        return Shown(facts, _trial(door, trial), ["wardcycle channel list"], exit_code=0 if accepted else 1)


@app.command(help=say("Remove an added channel that nobody uses any more.", "移除不再使用的渠道。"))
def remove(slug: Slug, /, *, signed: Signed = SIGNED) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from notifications.added import remove_channel
    from notifications.links import read_keys
    from notifications.sealed import Lock

    with open_door(signed) as door:
        with door.writing() as session:
            by, lock = door.by_or_none(session), Lock(read_keys(door.settings))
            remove_channel(session, slug, known=door.catalogue.channels, lock=lock, by=by, now=door.now)
        said = Text(f"Removed: {slug}. Its address is forgotten.", f"已移除：{slug}。其地址已删除。")
        return Shown({"removed": slug}, [door.say(said)], ["wardcycle channel list"])


@app.command(help=say("Seal addresses again after a new key was set.", "更换密钥后重新加密渠道地址。"))
def reseal(*, signed: Signed = SIGNED) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from notifications import added
    from notifications.links import read_keys
    from notifications.sealed import Lock

    with open_door(signed) as door:
        with door.writing() as session:
            by, lock = door.by_or_none(session), Lock(read_keys(door.settings))
            n = added.reseal(session, lock=lock, by=by, now=door.now)
        said = Text(f"Sealed again with the newest key: {n}.", f"已用最新密钥重新加密：{n} 个。")
        return Shown({"resealed": n}, [door.say(said)], ["wardcycle doctor"])


def _read_url() -> str:
    """Read the address where no list of processes and no shell's history shows it."""
    if sys.stdin.isatty():
        return getpass(ASKED)
    return sys.stdin.read(MOST_READ)


def _trial(door: Door, trial: Trial) -> list[str]:
    from web.words import words_of

    said = f" · {trial.said}" if trial.said else ""
    return [f"{trial.slug}: {door.say(words_of(trial.outcome))}{said}", door.say(trial.to_do)]


def _facts(door: Door, line: ChannelLine) -> object:
    from cli.facts import plain

    return plain(line, door.rules.calendar.zone)


def _table(door: Door, lines: list[ChannelLine]) -> RenderableType:
    from cli.tables import table
    from config.words import Text

    yes, file = door.say(Text("yes", "是")), door.say(Text("channels.yaml", "channels.yaml"))
    headings = (Text("Channel", "渠道"), Text("Title", "名称"), Text("Kind", "种类"), Text("Personal", "个人"),
                Text("From", "来源"), Text("People", "人数"), Text("Works since", "正常始于"),
                Text("Last error", "最近错误"))  # fmt: skip
    rows = (
        [
            line.slug,
            door.say(line.title),
            door.say(line.service),
            yes if line.personal else "",
            door.shown(line.added_at) or file,
            str(line.n_people),
            door.shown(line.record.works_since),
            door.say(line.fault) if line.fault else _error(door, line),
        ]
        for line in lines
    )
    return table(door, headings, rows)


def _error(door: Door, line: ChannelLine) -> str:
    return f"{door.shown(line.record.last_error_at)} {line.record.last_error}".strip()
