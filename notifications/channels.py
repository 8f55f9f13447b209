"""The hospital's channels, made from its settings and its database; imports Apprise only when something is sent."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from config.calendar import Calendar, calendar_of
from config.catalogue import Catalogue
from config.settings import Settings
from config.shapes import ChannelSetting
from config.words import Text
from models.channel import channels_state
from models.db import Database
from models.errors import WardcycleError
from notifications.added import Added, open_added
from notifications.allowed import ChannelRefused, check_url
from notifications.bot_sender import BotSender, is_bot, read_bot
from notifications.letters import Letter
from notifications.links import Seals, read_keys
from notifications.relay import Relay, RelaySetting
from notifications.render import Message, Renderer
from notifications.sealed import Lock
from notifications.senders import Address, Channels, Sender, SendResult, transient

log = logging.getLogger(__name__)

BUILT_IN = "email"  # the url of the channel that our own e-mail serves
LOOK_EVERY_S = 60.0  # so long after it was added everywhere a channel's new address is used


@dataclass(frozen=True)
class Voice:
    """How the hospital speaks: what writes its messages, what sends them."""

    renderer: Renderer
    sender: Sender
    personal: frozenset[str] = frozenset()  # channels by which a link to answer may go
    calendar: Calendar | None = None  # of the sending window, which second tries keep to as well


def voice_of(settings: Settings, catalogue: Catalogue, database: Database | None = None) -> Voice:
    """Make the hospital's voice. A channel that cannot be used is logged and refuses what is sent by it.

    database: where the channels are that the hospital added itself; they are seen without a restart.
    """
    zone = ZoneInfo(catalogue.calendars[settings.calendar].timezone)
    renderer = Renderer(zone, settings.base_url, Seals(settings), roles=catalogue.roles)
    channels = LazyChannels(settings, catalogue.channels, database)
    calendar = calendar_of(catalogue.calendars[settings.calendar])
    return Voice(renderer, channels, personal_channels(catalogue.channels), calendar)


def personal_channels(channels: Mapping[str, ChannelSetting]) -> frozenset[str]:
    """Find the channels where an address is one person's own: e-mail, and what the hospital says is; never a bot."""
    return frozenset(
        slug for slug, one in channels.items() if one.url == BUILT_IN or (one.personal and not is_bot(one.url))
    )


@dataclass
class LazyChannels:
    """The channels of a hospital, made at the first send: Apprise takes 0.3 s to load. Used by one thread.

    The database is asked once a minute, and whenever a message names a channel that is not known.
    """

    settings: Settings
    channels: Mapping[str, ChannelSetting]
    database: Database | None = None
    clock: Callable[[], float] = time.monotonic
    _made: Channels | None = None
    _used: Mapping[str, ChannelSetting] = field(default_factory=dict)
    _state: tuple[int, int] | None = None
    _looked_at: float = 0.0

    def send(self, message: Message, to: Address) -> SendResult:
        """Send by the channel that the address names."""
        try:
            made = self._fresh(to.channel)
        except (DBAPIError, WardcycleError) as error:
            return transient(f"the list of channels cannot be read: {type(error).__name__}", down=True)
        return made.send(message, to)

    @property
    def senders(self) -> Mapping[str, Sender]:
        """Give the senders that were made; none before the first message."""
        return self._made.senders if self._made is not None else {}

    def _fresh(self, slug: str) -> Channels:
        made = self._made
        if made is not None and made.knows(slug) and self.clock() - self._looked_at < LOOK_EVERY_S:
            return made
        if self.database is None:
            return made or self._make(self.channels, {})
        self._looked_at = self.clock()
        with self.database.reading() as session:
            state = channels_state(session)
            if made is not None and state == self._state:
                return made
            added = read_added(session, self.settings)
        self._state = state
        # A slug that came into channels.yaml later is that file's.
        return self._make({**added.settings, **self.channels}, {slug: what.en for slug, what in added.refused.items()})

    def _make(self, channels: Mapping[str, ChannelSetting], refused: Mapping[str, str]) -> Channels:
        """Make what is new; what has not changed keeps its connection and the count of its limits."""
        kept = self.senders
        same = {slug: kept[slug] for slug, one in channels.items() if slug in kept and self._used.get(slug) == one}
        new = make_channels(self.settings, {slug: one for slug, one in channels.items() if slug not in same})
        self._made = Channels({**same, **new.senders}, {**refused, **new.refused})
        self._used = channels
        return self._made


def read_added(session: Session, settings: Settings) -> Added:
    """Open the channels that the hospital added. Raises KeyUnusable; without any the keys are not even read."""
    return open_added(session, Lock(read_keys(settings))) if channels_state(session)[0] else Added({})


def make_channels(settings: Settings, channels: Mapping[str, ChannelSetting]) -> Channels:
    """Make a sender for each channel that can be used."""
    senders: dict[str, Sender] = {}
    refused: dict[str, str] = {}
    for slug, channel in channels.items():
        try:
            senders[slug] = make_sender(slug, channel, settings)
        except ChannelRefused as error:
            refused[slug] = str(error)
            log.warning("channel refused", extra={"action": "channel_refused", "channel": slug})
    return Channels(senders, refused)


def make_sender(slug: str, channel: ChannelSetting, settings: Settings) -> Sender:
    """Make what sends by one channel. Raises ChannelRefused."""
    check_channel(slug, channel)
    if is_bot(channel.url):
        return BotSender(slug, channel.url, channel.base_url, settings.channel_hosts)
    from notifications.door import AppriseSender, MailSender

    if channel.url == BUILT_IN:
        return MailSender(Relay(relay_setting(settings)))
    return AppriseSender(slug, channel.url, settings.channel_hosts)


def relay_setting(settings: Settings) -> RelaySetting:
    """Read how mails leave: by the hospital's relay, or to the local mailbox where there is none."""
    if not settings.smtp_host:
        return RelaySetting(
            "127.0.0.1", settings.mailbox_smtp_port, settings.smtp_sender, timeout_s=settings.smtp_timeout_s
        )
    return RelaySetting(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_sender,
        settings.smtp_user,
        settings.smtp_password.get_secret_value(),
        settings.smtp_tls,
        settings.smtp_timeout_s,
    )


def check_channels(channels: Mapping[str, ChannelSetting]) -> list[ChannelRefused]:
    """Find what is wrong with the channels, for the doctor; sends nothing."""
    found = []
    for slug, channel in channels.items():
        try:
            check_channel(slug, channel)
        except ChannelRefused as error:
            found.append(error)
    return found


def check_channel(slug: str, channel: ChannelSetting) -> None:
    """Check the address of one channel; sends nothing and looks nothing up. Raises ChannelRefused."""
    if is_bot(channel.url):
        read_bot(slug, channel.url, channel.base_url)
    elif channel.base_url:
        raise ChannelRefused(slug=slug, what=Text("only a group bot has a base_url", "只有群机器人可以设置 base_url"))
    elif channel.url != BUILT_IN:
        check_url(slug, channel.url)


def address_of(letter: Letter, channel: str) -> str:
    """Find a person's address on a channel: their e-mail, or what stands as `channel=...` among their addresses."""
    if channel == BUILT_IN:
        return letter.email or ""
    pairs = (pair.partition("=") for pair in letter.addresses.replace(";", ",").replace("\n", ",").split(","))
    return next((value.strip() for slug, _, value in pairs if slug.strip() == channel), "")
