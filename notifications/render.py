"""Writing a message: subject, text and HTML in the reader's language, from a letter."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from functools import cache, cached_property
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from config.seen import on_one_line, visible
from config.words import Text
from models.derived import code_digits, invitation_part
from models.notification import ASKING, STOPPABLE, NotificationKind
from models.pictures import draw_record
from notifications.letters import Item, Letter
from notifications.links import ANSWER, DECIDE, LIST, OWN, KeyUnusable, Seals, read_keys
from notifications.pictures import Picture, picture
from notifications.progress import draw_progress
from notifications.reply_address import ReplyAddresses
from notifications.why import why_me
from notifications.wording import ASKED, ITEMS, MONTHS, WEEKDAYS, WORDS

log = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parent / "templates"
MOST_SUBJECT = 60  # characters; a longer line of Chinese makes a header that strict servers refuse
DECIDING = frozenset({NotificationKind.DECISION, NotificationKind.ESCALATION})
MOST_NOTE = 2000  # a longer note is read on the page


@dataclass(frozen=True)
class Message:
    """What is sent: one line, plain text, HTML.

    stop: the page on which the person stops such messages, or ''. reply_to: the address by which they answer, or ''.
    """

    subject: str
    text: str
    html: str
    stop: str = ""
    reply_to: str = ""
    pictures: tuple[Picture, ...] = ()


@cache
def _environment(templates: Path) -> Environment:
    """Prepare the templates of a folder, once: what is compiled stays so."""
    made = Environment(
        loader=FileSystemLoader(templates),
        autoescape=select_autoescape(["html.j2"], default=False, default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.filters |= {"clip": _clip}
    return made


@dataclass(frozen=True)
class Renderer:
    """The templates, with the hospital's zone and the address of its pages."""

    zone: ZoneInfo
    base_url: str = ""
    seals: Seals | None = None
    templates: Path = TEMPLATES
    roles: Mapping[str, Text] = field(default_factory=dict)

    def write(self, letter: Letter) -> Message:
        """Write one message.

        Raises jinja2.TemplateError, or whatever a broken template raises; the caller gives that row up.
        """
        language = "zh" if letter.language.lower().startswith("zh") else "en"
        reply_to = self._reply_to(letter)
        pictures = self._pictures(letter, language)
        said = {**self._said(letter, language), "by_mail": bool(reply_to), "pictures": pictures}
        subject, text, html = (
            _environment(self.templates).get_template(f"{language}/{letter.kind.value}.{part}.j2").render(said)
            for part in ("subject", "txt", "html")
        )
        text, html = visible(_airy(text)), visible(html)
        return Message(one_line(subject), text, html, str(said["stop"]), reply_to, pictures)

    @property
    def is_linked(self) -> bool:
        """Answer whether messages carry anything by which a person is known: links, or addresses for answers."""
        return bool(self.base_url) or self._replies is not None

    def _pictures(self, letter: Letter, language: str) -> tuple[Picture, ...]:
        """Draw what the mail shows; a mail without its picture is better than none."""
        if letter.channel != "email":
            return ()
        try:
            drawn = draw_progress(letter.stages, language) or _chart(letter, language)
        except ValueError:
            log.exception("no picture", extra={"action": "picture_not_drawn", "delivery_id": letter.delivery_id})
            return ()
        return (drawn,) if drawn else ()

    @cached_property
    def _replies(self) -> ReplyAddresses | None:
        made = ReplyAddresses(self.seals.settings) if self.seals else None
        return made if made and made.taken else None

    def _reply_to(self, letter: Letter) -> str:
        """Make the address that takes this person's answer by mail; '' where there is none."""
        if not (self._replies and letter.answer_token and letter.channel == "email"):
            return ""
        try:
            return self._replies.of(letter.answer_token)
        except KeyUnusable:
            log.exception("no reply address", extra={"action": "link_not_signed", "delivery_id": letter.delivery_id})
            return ""

    def _said(self, letter: Letter, language: str) -> Mapping[str, object]:
        """What the templates see: the letter's fields, its bilingual ones in the reader's language."""
        said: dict[str, object] = {f.name: getattr(letter, f.name) for f in fields(letter)}
        said |= {name: value.in_(language) for name, value in said.items() if isinstance(value, Text)}
        until = letter.facts.get("until", "")
        return said | {
            "kind": letter.kind.value,
            "tag": letter.code or "wardcycle",
            "about": letter.task.in_(language) or letter.cycle.in_(language),
            "asked": letter.decision or letter.facts.get("decision", ""),
            "language": "zh-CN" if language == "zh" else "en",
            "facts": dict(letter.facts),
            "until": self._when(until, language),
            "before": self._when(letter.facts.get("before", ""), language),
            "deadline": self._moment(letter.deadline_at, language) if letter.deadline_at else "",
            "away_until": _day(letter.away_until, language) if letter.away_until else "",
            "owners": ("、" if language == "zh" else ", ").join(letter.owners),
            "link": self._page(letter),
            "answer": self._signed(letter, letter.own_token, "/l/", LIST)
            if letter.kind is NotificationKind.DIGEST
            else self._signed(letter, letter.answer_token, "/a/", ANSWER),
            "decide": self._signed(letter, letter.own_token if _asks_to_decide(letter) else "", "/d/", DECIDE),
            "own": (own := self._signed(letter, letter.own_token, "/o/", OWN)),
            "stop": f"{own}/stop" if own and letter.kind in STOPPABLE else "",
            "why": why_me(letter, language, self.roles),
            "items": [self._item(one, language) for one in letter.items],
            "n_asking": sum(one.kind in ASKING for one in letter.items),
            "since": self._when(letter.facts.get("from", ""), language),
            "welcome": self._secret(letter, "invitation"),
            "digits": self._secret(letter, "code_row"),
            "word": lambda value: _word(str(value), language),
        }

    def _page(self, letter: Letter) -> str:
        """Find the page that shows what this is about: the cycle's, or what the facts name."""
        path = f"/cycles/{quote(letter.code)}" if letter.code else letter.facts.get("page", "")
        return f"{self.base_url.rstrip('/')}{path}" if self.base_url and path.startswith("/") else ""

    def _item(self, item: Item, language: str) -> Mapping[str, object]:
        """Write one line of a digest: what it is about, what is asked, by when."""
        asked = ASKED.get(item.decision or item.facts.get("decision", "")) if item.kind in DECIDING else None
        told = ITEMS[item.kind.value].in_(language)
        moved = item.facts.get("until", "") if item.kind is NotificationKind.DEADLINE else ""
        due = self._moment(item.deadline_at, language) if item.deadline_at else ""
        return {
            "about": item.task.in_(language) or item.cycle.in_(language) or _about(item.facts, language),
            "told": f"{told}{'：' if language == 'zh' else ': '}{asked.in_(language)}" if asked else told,
            "asks": item.kind in ASKING,
            "due": self._when(moved, language) if moved else due if item.kind in ASKING else "",
            "code": item.code,
            "level": item.level,
            "instead_of": item.instead_of,
            "passes_on": item.facts.get("instead") == "no-address",
        }

    def _signed(self, letter: Letter, token: str, path: str, what: str) -> str:
        """Write a link by which this person comes in; '' where there is none."""
        if not (self.seals and self.base_url and token):
            return ""
        try:
            signed = self.seals.sign(token, what)
        except KeyUnusable:  # a message without its link is better than none
            log.exception("no link", extra={"action": "link_not_signed", "delivery_id": letter.delivery_id})
            return ""
        return f"{self.base_url.rstrip('/')}{path}{signed}"

    def _secret(self, letter: Letter, fact: str) -> str:
        """Make the link of an invitation, or the digits of a code, out of its row and the key; '' without them."""
        row = letter.facts.get(fact, "")
        if not (row and self.seals):
            return ""
        try:
            key = read_keys(self.seals.settings)[0]
        except KeyUnusable:
            log.exception("no secret", extra={"action": "secret_not_made", "delivery_id": letter.delivery_id})
            return ""
        if fact == "code_row":
            return code_digits(key, row)
        return f"{self.base_url.rstrip('/')}/welcome/{invitation_part(key, row)}" if self.base_url else ""

    def _when(self, written: str, language: str) -> str:
        """Read a date or a moment out of the facts; what is neither is said as it stands."""
        try:
            if len(written) == len("2026-03-31"):
                return _day(date.fromisoformat(written), language)
            moment = datetime.fromisoformat(written)
        except ValueError:
            return written
        return self._moment(moment, language)

    def _moment(self, moment: datetime, language: str) -> str:
        local = moment.astimezone(self.zone)
        return f"{_day(local.date(), language)}{'' if language == 'zh' else ', '}{local:%H:%M}"


def _chart(letter: Letter, language: str) -> Picture | None:
    """Draw the chart of the assessment that a letter is about, from its stored record."""
    if letter.record is None:
        return None
    drawn = draw_record(letter.record, language)
    return picture(drawn, cid="chart", alt=letter.record.said.sentence.in_(language)) if drawn else None


def _about(facts: Mapping[str, str], language: str) -> str:
    """Say what a line without a cycle is about."""
    named = [facts.get(f"{name}_{language}", "") for name in ("indicator", "unit")]
    return facts.get("person", "") or ("，" if language == "zh" else ", ").join(filter(None, named))


def _asks_to_decide(letter: Letter) -> bool:
    # Whoever only passes a message on to somebody without an address decides nothing.
    told = [(letter.kind, letter.facts), *((one.kind, one.facts) for one in letter.items)]
    return any(kind in DECIDING and facts.get("instead") != "no-address" for kind, facts in told)


def one_line(written: str) -> str:
    """Bring a subject to one line of printable characters, cut where a head line would grow too long."""
    line = on_one_line(written)
    return line if len(line) <= MOST_SUBJECT else line[: MOST_SUBJECT - 1].rstrip("\u200d\ufe0f ") + "…"


def _day(day: date, language: str) -> str:
    weekday = WEEKDAYS[day.weekday()].in_(language)
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日（{weekday}）"
    return f"{weekday} {day.day} {MONTHS[day.month - 1]} {day.year}"


def _word(value: str, language: str) -> str:
    known = WORDS.get(value)
    return known.in_(language) if known else value


def _clip(written: str) -> str:
    return written if len(written) <= MOST_NOTE else written[: MOST_NOTE - 1] + "…"


def _airy(text: str) -> str:
    """Leave one empty line between paragraphs, whichever of them the template left out."""
    return re.sub(r"\n[ \t]*(\n[ \t]*)+", "\n\n", text).strip() + "\n"
