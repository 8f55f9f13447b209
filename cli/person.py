"""`wardcycle person`: how somebody is told - language, channels, digest, what is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cli.groups import group
from cli.options import SIGNED, STORED, Signed, Stored
from cli.shown import Shown
from cli.speech import say

if TYPE_CHECKING:
    from cli.door import Door
    from models.people import Person as PersonRow

app = group("person", say("How somebody is told.", "个人的通知设置。"))

Person = Annotated[str, Parameter(help=say("The person's id.", "人员编号。"))]


@app.command(help=say("Show how a person is told.", "查看通知设置。"))
def show(person: Person, /, *, stored: Stored = STORED) -> Shown:
    from cli.door import open_door
    from models.queries import get_person

    with open_door(stored) as door, door.reading() as session:
        return _shown(door, get_person(session, person))


@app.command(
    name="set",
    help=say("Change how a person is told; what is not named stays.", "更改通知设置；未写的保持不变。"),
)
def set_(
    person: Person,
    /,
    *,
    digest: Annotated[
        Literal["at-once", "daily", "weekly"] | None,
        Parameter(help=say("How often: at once, once a day, once a week.", "频率：即时、每天一次、每周一次。")),
    ] = None,
    stop: Annotated[
        str | None,
        Parameter(help=say("News not wanted: receipt,deadline,closed,bulletin; '' for none.",
                           "停收的消息：receipt,deadline,closed,bulletin；'' 表示全部接收。")),
    ] = None,
    channels: Annotated[
        str | None,
        Parameter(help=say("In the order in which they are tried: email,ntfy.", "按尝试顺序：email,ntfy。")),
    ] = None,
    speaks: Annotated[
        Literal["en", "zh"] | None,
        Parameter(help=say("The language of the messages.", "消息的语言。")),
    ] = None,
    signed: Signed = SIGNED,
) -> Shown:  # fmt: skip
    from cli.door import open_door
    from engine.preferences import Preferences, preferences_of, set_preferences
    from models.people import Rhythm
    from models.queries import get_person

    with open_door(signed) as door, door.writing() as session:
        row = get_person(session, person)
        before = preferences_of(row)
        wanted = Preferences(
            speaks or before.language,
            before.channels if channels is None else _parts(channels),
            Rhythm(digest) if digest else before.digest,
            before.stopped if stop is None else _parts(stop),
        )
        set_preferences(session, row.id, wanted, by=door.by_or_none(session), now=door.now)
        return _shown(door, row)


def _parts(written: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in written.split(",") if part.strip())


def _shown(door: Door, person: PersonRow) -> Shown:
    from cli.tables import table
    from config.words import Text
    from engine.preferences import preferences_of

    own = preferences_of(person)
    facts: dict[str, object] = {
        "person": person.slug,
        "language": own.language,
        "channels": list(own.channels),
        "digest": own.digest.value,
        "stopped": list(own.stopped),
    }
    headings = (Text("Person", "人员"), Text("Language", "语言"), Text("Channels", "渠道"), Text("Digest", "汇总"),
                Text("Stopped", "停收"))  # fmt: skip
    row = [person.slug, own.language, ",".join(own.channels), own.digest.value, ",".join(own.stopped) or "-"]
    return Shown(facts, [table(door, headings, iter([row]))], [f"wardcycle person set {person.slug} --digest daily"])


@app.command(
    help=say(
        "Try again what was left out because an address was refused.",
        "重新启用因地址被拒收而停用的渠道。",
    )
)
def reach(person: Person, /, *, signed: Signed = SIGNED) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from notifications.suspended import lift

    with open_door(signed) as door:
        with door.writing() as session:
            lifted = lift(session, person, by=door.by_or_none(session), now=door.now)
        named = ", ".join(lifted)
        said = Text(f"{person} is told by {named} again.", f"已重新通过 {named} 通知 {person}。")
        if not lifted:
            said = Text(f"Nothing is left out for {person}.", f"{person} 没有被停用的渠道。")
        return Shown(
            {"person": person, "channels": list(lifted)}, [door.say(said)], [f"wardcycle person show {person}"]
        )
