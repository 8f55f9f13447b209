"""How a person wants to be told: language, channels in order, digest, what is stopped."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from config.words import Text
from engine.accounts import EMAIL, tell_alone
from engine.outbox import reachable
from engine.people import people_changed
from models.audit import record
from models.errors import NotFound, Refused
from models.notification import STOPPABLE, Notification, NotificationKind
from models.people import Person, Rhythm

LANGUAGES = ("zh", "en")
RHYTHM_WORDS = {
    Rhythm.AT_ONCE: Text("at once", "即时"),
    Rhythm.DAILY: Text("once a day", "每天汇总"),
    Rhythm.WEEKLY: Text("news once a week", "消息每周汇总"),
}
STOP_WORDS = {
    NotificationKind.RECEIPT: Text("receipts", "回执"),
    NotificationKind.DEADLINE: Text("moved deadlines", "期限变更"),
    NotificationKind.CLOSED: Text("closed cycles", "循环结束"),
    NotificationKind.BULLETIN: Text("bulletins", "质量简报"),
}


class NotStoppable(Refused):
    """Messages of the kind '{kind}' cannot be stopped. These can: {known}."""

    zh = "“{kind}”类消息不能停收。可以停收的有：{known}。"


class ChannelNotYours(Refused):
    """There is no channel '{channel}' with an address for {who}. Choose among: {known}."""

    zh = "{who}没有渠道“{channel}”的地址。可选：{known}。"


class LanguageUnknown(Refused):
    """The language '{language}' is not spoken here. Choose zh or en."""

    zh = "不支持语言“{language}”。请选择 zh 或 en。"


@dataclass(frozen=True)
class Preferences:
    """What a person chose. channels: in the order in which they are tried; stopped: kinds of news."""

    language: str
    channels: tuple[str, ...]
    digest: Rhythm
    stopped: tuple[str, ...]


def preferences_of(person: Person) -> Preferences:
    """Read what a person has chosen until now."""
    language = "zh" if person.language.lower().startswith("zh") else "en"
    return Preferences(language, _slugs(person.channels) or ("email",), person.digest, _slugs(person.muted))


def channels_open(person: Person) -> tuple[str, ...]:
    """List the channels that could reach a person, those in use first."""
    own = ["email"] if person.email else []
    own += [pair.partition("=")[0].strip() for pair in person.addresses.replace(";", ",").split(",") if "=" in pair]
    return tuple(dict.fromkeys((*(_slugs(person.channels) if reachable(person) else ()), *own)))


def set_preferences(session: Session, person_id: int, wanted: Preferences, *, by: int | None, now: datetime) -> None:
    """Change how a person is told from now on; what waits in the outbox keeps its moment. An empty list of channels
    keeps those of before.

    Raises LanguageUnknown, ChannelNotYours, NotStoppable, NotFound.
    """
    _change(session, person_id, wanted, by=by, now=now)


def change_by_link(session: Session, person_id: int, wanted: Preferences, *, now: datetime) -> None:
    """Change how a person is told for whoever holds a link of theirs, as set_preferences does.

    The person hears of each change, by mail where there is an address: a link may have been passed on.
    """
    person, before, after = _change(session, person_id, wanted, by=person_id, now=now)
    if after == before:
        return
    told = sa.select(sa.func.count()).select_from(Notification)
    mine = col(Notification.person_id) == person_id, col(Notification.kind) == NotificationKind.PREFERENCES
    key = f"preferences:{person_id}:{session.execute(told.where(*mine)).scalar_one() + 1}"
    channel = EMAIL if person.email else before.channels[0]
    said = in_words(after)
    tell_alone(session, person_id, NotificationKind.PREFERENCES, key, channel, {"en": said.en, "zh": said.zh}, now=now)


def in_words(chosen: Preferences) -> Text:
    """Say what was chosen in one line."""
    language = Text("English", "英文") if chosen.language == "en" else Text("Chinese", "中文")
    rhythm, channels = RHYTHM_WORDS[chosen.digest], ", ".join(chosen.channels)
    stopped = [STOP_WORDS[kind] for kind in STOPPABLE if kind.value in chosen.stopped] or [Text("nothing", "无")]
    return Text(
        f"language: {language.en}; how often: {rhythm.en}; by: {channels}; "
        f"stopped: {', '.join(one.en for one in stopped)}",
        f"语言：{language.zh}；频率：{rhythm.zh}；渠道：{channels}；停收：{'、'.join(one.zh for one in stopped)}",
    )


def _change(
    session: Session, person_id: int, wanted: Preferences, *, by: int | None, now: datetime
) -> tuple[Person, Preferences, Preferences]:
    """Change what differs; returns whose choice it is, what was chosen before and what is now."""
    # The row is locked: each change is counted, and no two are told as one.
    person = session.get(Person, person_id, with_for_update=True)
    if person is None:
        raise NotFound(noun=Text("person", "人员"), name=str(person_id), mend="")
    before = preferences_of(person)
    channels = tuple(dict.fromkeys(wanted.channels)) or before.channels
    _check(person, wanted, channels)
    stopped = tuple(kind.value for kind in STOPPABLE if kind.value in wanted.stopped)
    after = Preferences(wanted.language, channels, wanted.digest, stopped)
    if after == before:
        return person, before, after
    person.language, person.channels = after.language, ",".join(after.channels)
    person.digest, person.muted = after.digest, ",".join(after.stopped)
    people_changed(session)
    record(session, "person.preferences", "person", person_id, by=by, now=now, before=_said(before), after=_said(after))
    return person, before, after


def _check(person: Person, wanted: Preferences, channels: tuple[str, ...]) -> None:
    if wanted.language not in LANGUAGES:
        raise LanguageUnknown(language=wanted.language)
    mine = channels_open(person)
    for slug in channels:
        if slug not in mine:
            raise ChannelNotYours(channel=slug, who=person.name, known=", ".join(mine))
    for kind in wanted.stopped:
        if kind not in {one.value for one in STOPPABLE}:
            raise NotStoppable(kind=kind, known=", ".join(STOPPABLE))


def _slugs(written: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in written.split(",") if part.strip())


def _said(preferences: Preferences) -> dict[str, object]:
    return {
        "language": preferences.language,
        "channels": ",".join(preferences.channels),
        "digest": preferences.digest.value,
        "muted": ",".join(preferences.stopped),
    }
