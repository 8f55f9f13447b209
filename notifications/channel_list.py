"""The hospital's channels as people see them: what they are, whether they work, who is told by them; no addresses."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from config.settings import Settings
from config.shapes import ChannelSetting
from config.words import Text
from models.channel import added_channels
from models.reads.channels import Record, channel_records
from notifications.added import no_channel, people_of
from notifications.allowed import PLACEHOLDER, ChannelRefused, scheme_of
from notifications.channels import BUILT_IN, check_channel, personal_channels, read_added

_SERVICES = {BUILT_IN: Text("E-mail", "电子邮件"), "wecombot": Text("WeCom group", "企业微信群"),
             "dingtalk": Text("DingTalk group", "钉钉群"), "feishu": Text("Feishu group", "飞书群")}  # fmt: skip
GONE = Text("?", "?")


@dataclass(frozen=True)
class ChannelLine:
    """One channel. added_at: None for those of channels.yaml. fault: why nothing can be sent by it."""

    slug: str
    title: Text
    service: Text
    personal: bool
    needs_address: bool
    added_at: datetime | None
    n_people: int
    record: Record
    fault: Text | None = None


def list_channels(
    session: Session, fixed: Mapping[str, ChannelSetting], *, settings: Settings, now: datetime
) -> list[ChannelLine]:
    """List the channels of channels.yaml and those that the hospital added. fixed: the former."""
    records, people = channel_records(session), people_of(session)
    added = read_added(session, settings)
    rows = {row.slug: row for row in added_channels(session) if row.slug not in fixed}
    usable = {**added.settings, **fixed}
    personal = personal_channels(usable)
    lines = []
    for slug in [*fixed, *rows]:
        one, row = usable.get(slug), rows.get(slug)
        title = one.title if one else Text(row.title_en, row.title_zh) if row else GONE
        n = sum(person.left_on is None or person.left_on > now.date() for person in people.get(slug, ()))
        lines.append(
            ChannelLine(
                slug,
                title,
                service_of(one.url) if one else GONE,
                slug in personal,
                one is not None and needs_address(one),
                row.added_at if row else None,
                n,
                records.get(slug, Record()),
                _fault(slug, one) if one else added.refused.get(slug),
            )
        )
    return lines


def unknown_channels(session: Session, known: Collection[str]) -> dict[str, list[str]]:
    """Find channels that people name and that are not there, with the names of these people; not of who has left."""
    found = people_of(session)
    named = {slug: [one.name for one in people if one.left_on is None] for slug, people in found.items()}
    return {slug: names for slug, names in named.items() if slug and slug not in known and names}


def get_channel(
    session: Session, slug: str, fixed: Mapping[str, ChannelSetting], *, settings: Settings
) -> ChannelSetting:
    """Get a channel with its address opened. Raises NotFound, and ChannelRefused where its key is gone."""
    found = fixed.get(slug)
    if found is not None:
        return found
    added = read_added(session, settings)
    if slug in added.refused:
        raise ChannelRefused(slug=slug, what=added.refused[slug])
    if slug not in added.settings:
        raise no_channel(slug)
    return added.settings[slug]


def service_of(url: str) -> Text:
    """Name the kind of service behind an address."""
    known = _SERVICES.get(scheme_of(url) or url)
    if known is not None:
        return known
    name = scheme_of(url)
    return Text(name, name)


def needs_address(channel: ChannelSetting) -> bool:
    """Answer whether each person has an address of their own there."""
    return channel.url == BUILT_IN or PLACEHOLDER in channel.url


def _fault(slug: str, channel: ChannelSetting) -> Text | None:
    try:
        check_channel(slug, channel)
    except ChannelRefused as error:
        what = error.facts["what"]
        return what if isinstance(what, Text) else Text(str(what), str(what))
    return None
