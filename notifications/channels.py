"""The hospital's channels, made from its settings; imports Apprise only when something is sent."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from config.catalogue import Catalogue
from config.settings import Settings
from config.shapes import ChannelSetting
from config.words import Text
from notifications.allowed import ChannelRefused, check_url
from notifications.bot_sender import BotSender, is_bot, read_bot
from notifications.letters import Letter
from notifications.links import Seals
from notifications.relay import Relay, RelaySetting
from notifications.render import Message, Renderer
from notifications.senders import Address, Channels, Sender, SendResult

log = logging.getLogger(__name__)

BUILT_IN = "email"  # the url of the channel that our own e-mail serves


@dataclass(frozen=True)
class Voice:
    """How the hospital speaks: what writes its messages, what sends them."""

    renderer: Renderer
    sender: Sender
    personal: frozenset[str] = frozenset()  # channels by which a link to answer may go


def voice_of(settings: Settings, catalogue: Catalogue) -> Voice:
    """Make the hospital's voice. A channel that cannot be used is logged and refuses what is sent by it."""
    zone = ZoneInfo(catalogue.calendars[settings.calendar].timezone)
    renderer = Renderer(zone, settings.base_url, Seals(settings))
    return Voice(renderer, LazyChannels(settings, catalogue.channels), personal_channels(catalogue.channels))


def personal_channels(channels: Mapping[str, ChannelSetting]) -> frozenset[str]:
    """Find the channels where an address is one person's own: e-mail, and what the hospital says is; never a bot."""
    return frozenset(
        slug for slug, one in channels.items() if one.url == BUILT_IN or (one.personal and not is_bot(one.url))
    )


@dataclass(frozen=True)
class LazyChannels:
    """The channels of a hospital, made at the first send: Apprise takes 0.3 s to load."""

    settings: Settings
    channels: Mapping[str, ChannelSetting]

    def send(self, message: Message, to: Address) -> SendResult:
        """Send by the channel that the address names."""
        return self._made.send(message, to)

    @cached_property
    def _made(self) -> Channels:
        return make_channels(self.settings, self.channels)


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
    _check(slug, channel)
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
            _check(slug, channel)
        except ChannelRefused as error:
            found.append(error)
    return found


def _check(slug: str, channel: ChannelSetting) -> None:
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
