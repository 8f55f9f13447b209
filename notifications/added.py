"""Channels that the hospital adds and removes while it runs; their addresses are sealed and never shown again."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from sqlmodel import Session, col, select

from config.shapes import ChannelSetting
from config.words import Text
from models.audit import record
from models.channel import Channel, added_channels
from models.errors import NotFound, Refused
from models.people import Person
from notifications.allowed import PLACEHOLDER, ChannelRefused, scheme_of
from notifications.bots import BOTS
from notifications.sealed import Lock

MOST_URL = 2000
MOST_SLUG = 40  # what fits beside a delivery
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
UNREADABLE = Text(
    "the key that its address was sealed with is gone; add it again with --replace",
    "用于加密其地址的密钥已不存在，请用 --replace 重新添加",
)


class SlugWrong(Refused):
    """A channel's id has up to 40 small letters, digits and hyphens, such as ward-phone."""

    zh = "渠道编号只能由小写字母、数字和连字符组成（最多 40 个字符），例如 ward-phone。"


class SlugTaken(Refused):
    """There is a channel '{slug}' already ({where}). Choose another id{mend}."""

    zh = "渠道“{slug}”已存在（{where}）。请换一个编号{mend}。"


class ChannelInUse(Refused):
    """The channel '{slug}' cannot be removed: these people are told by it: {names}. Give them another one first."""

    zh = "无法移除渠道“{slug}”，以下人员仍在使用：{names}。请先为其更换渠道。"


class ChannelFixed(Refused):
    """The channel '{slug}' stands in channels.yaml. Take it out there."""

    zh = "渠道“{slug}”写在 channels.yaml 中，请在该文件中删除。"


@dataclass(frozen=True)
class GivenChannel:
    """A channel as somebody gives it. The address may hold a password: it is in no text of this object."""

    slug: str
    title: Text
    url: str = field(repr=False)
    base_url: str = ""
    personal: bool = False


@dataclass(frozen=True)
class Added:
    """The channels that the hospital added: those that can be opened, and why others cannot."""

    settings: Mapping[str, ChannelSetting]
    refused: Mapping[str, Text] = field(default_factory=dict)


def tidy(given: GivenChannel) -> GivenChannel:
    """Read an address as people copy it: the page of a group's robot shows an https address."""
    url = given.url.strip("\r\n \t\ufeff")
    bot = from_page(url)
    base_url = given.base_url.strip() or (bot[1] if bot else "")
    return GivenChannel(given.slug.strip(), given.title, bot[0] if bot else url, base_url, given.personal)


def from_page(url: str) -> tuple[str, str] | None:
    """Turn the address that a vendor shows into ours and its base_url; None when it is no robot's.

    A secret may be added at its end as `secret=...`, because vendors show it beside the address.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    query = dict(parse_qsl(parts.query.replace("+", "%2B")))
    secret = f"?secret={query['secret']}" if query.get("secret") else ""
    last = parts.path.rpartition("/")[2]
    match parts.scheme, parts.hostname:
        case "https", "qyapi.weixin.qq.com":
            return f"wecombot://{query.get('key', '')}", ""
        case "https", "oapi.dingtalk.com":
            return f"dingtalk://{query.get('access_token', '')}{secret}", ""
        case "https", "open.feishu.cn":
            return f"feishu://{last}{secret}", ""
        case "https", "open.larksuite.com":
            return f"feishu://{last}{secret}", "https://open.larksuite.com"
    return None


def check_given(given: GivenChannel, *, known: Collection[str]) -> ChannelSetting:
    """Check what can be checked without a network. known: the slugs of channels.yaml.

    Raises SlugWrong, SlugTaken, ChannelRefused; none of them shows the address.
    """
    if len(given.slug) > MOST_SLUG or not _SLUG.fullmatch(given.slug):
        raise SlugWrong
    if given.slug in known:
        raise SlugTaken(slug=given.slug, where=Text("in channels.yaml", "在 channels.yaml 中"), mend="")
    what = _fault(given)
    if what is not None:
        raise ChannelRefused(slug=given.slug, what=what)
    return ChannelSetting(title=given.title, url=given.url, base_url=given.base_url, personal=given.personal)


def _fault(given: GivenChannel) -> Text | None:
    if "://" not in given.url:
        return Text("it is no address of the form scheme://...", "地址不是 scheme://... 的形式")
    if len(given.url) > MOST_URL:
        return Text(f"its address has more than {MOST_URL} characters", f"地址超过 {MOST_URL} 个字符")
    if given.personal and scheme_of(given.url) in BOTS:
        return Text("a group reads what a robot says: it is not personal", "群机器人的消息全群可见，不能设为个人渠道")
    if given.personal and PLACEHOLDER not in given.url:
        return Text(
            f"without {PLACEHOLDER} in it everybody has the same address: it is not personal",
            f"地址中没有 {PLACEHOLDER}，所有人共用一个地址，不能设为个人渠道",
        )
    return None


def add_channel(
    session: Session, given: GivenChannel, *, lock: Lock, by: int | None, now: datetime, replace: bool = False
) -> Channel:
    """Keep a checked channel, its address sealed. replace: end the one of the same id. Raises SlugTaken."""
    old = find_added(session, given.slug)
    if old is not None and not replace:
        where = Text("added by the hospital", "本院添加")
        mend = Text(", or replace it with --replace", "，或用 --replace 替换")
        raise SlugTaken(slug=given.slug, where=where, mend=mend)
    if old is not None:
        _end(session, old, now=now)
    row = Channel(
        slug=given.slug,
        title_en=given.title.en,
        title_zh=given.title.zh,
        url_sealed=lock.seal(given.url),
        base_url=given.base_url,
        personal=given.personal,
        added_at=now,
        added_by=by,
    )
    session.add(row)
    session.flush()
    after = {"slug": row.slug, "service": scheme_of(given.url), "base_url": row.base_url, "personal": row.personal}
    before = {"replaced": old.id} if old else None
    record(session, "channel.add", "channel", row.id, by=by, now=now, before=before, after=after)
    seal_again(session, lock)
    return row


def remove_channel(
    session: Session, slug: str, *, known: Collection[str], lock: Lock, by: int | None, now: datetime
) -> Channel:
    """End an added channel and forget its address. Raises ChannelInUse, naming who is told by it."""
    if slug in known:
        raise ChannelFixed(slug=slug)
    row = find_added(session, slug)
    if row is None:
        raise no_channel(slug)
    here = (one for one in people_of(session).get(slug, ()) if one.left_on is None or one.left_on > now.date())
    names = [person.name for person in here]
    if names:
        raise ChannelInUse(slug=slug, names=Text(", ".join(names), "、".join(names)))
    _end(session, row, now=now)
    record(session, "channel.remove", "channel", row.id, by=by, now=now, before={"slug": slug})
    seal_again(session, lock)
    return row


def find_added(session: Session, slug: str) -> Channel | None:
    """Find a channel in use that the hospital added."""
    return session.exec(select(Channel).where(Channel.slug == slug, col(Channel.removed_at).is_(None))).one_or_none()


def no_channel(slug: str) -> NotFound:
    """Say that there is no such channel; an address in the place of an id is not repeated."""
    shown = slug if len(slug) <= MOST_SLUG and _SLUG.fullmatch(slug) else "…"
    mend = Text("See: wardcycle channel list", "请运行 wardcycle channel list 查看")
    return NotFound(noun=Text("channel", "渠道"), name=shown, mend=mend)


def people_of(session: Session) -> dict[str, list[Person]]:
    """Find who is told by each channel, in whatever place of their order; those who left too."""
    found: dict[str, list[Person]] = {}
    for person in session.exec(select(Person).order_by(col(Person.name))):
        for slug in dict.fromkeys(part.strip() for part in person.channels.split(",")):
            found.setdefault(slug, []).append(person)
    return found


def open_added(session: Session, lock: Lock) -> Added:
    """Open the sealed addresses."""
    settings: dict[str, ChannelSetting] = {}
    refused: dict[str, Text] = {}
    for row in added_channels(session):
        url = lock.open(row.url_sealed)
        if url is None:
            refused[row.slug] = UNREADABLE
            continue
        title = Text(row.title_en, row.title_zh)
        settings[row.slug] = ChannelSetting(title=title, url=url, base_url=row.base_url, personal=row.personal)
    return Added(settings, refused)


def reseal(session: Session, *, lock: Lock, by: int | None, now: datetime) -> int:
    """Seal all addresses with the newest key, so that older ones can be taken away; returns how many changed."""
    n = seal_again(session, lock)
    if n:
        record(session, "channel.reseal", "channel", 0, by=by, now=now, after={"n": n})
    return n


def old_seals(session: Session, lock: Lock) -> list[str]:
    """Name the channels whose address an older key had sealed: without that key they were lost."""
    return [row.slug for row in added_channels(session) if lock.seal_again(row.url_sealed) is not None]


def seal_again(session: Session, lock: Lock) -> int:
    """Seal with the newest key what older ones had sealed, so that they can be taken away; returns how many."""
    n = 0
    for row in added_channels(session):
        sealed = lock.seal_again(row.url_sealed)
        if sealed is not None:
            row.url_sealed, n = sealed, n + 1
    return n


def _end(session: Session, row: Channel, *, now: datetime) -> None:
    row.url_sealed, row.removed_at = "", now
    session.add(row)
    session.flush()
