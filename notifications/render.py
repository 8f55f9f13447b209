"""Writing a message: subject, text and HTML in the reader's language, from a letter."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from config.words import Text
from notifications.letters import Letter
from notifications.links import KeyUnusable, Seals
from notifications.wording import MONTHS, WEEKDAYS, WORDS

log = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parent / "templates"
MOST_SUBJECT = 60  # characters; a longer line of Chinese makes a header that strict servers refuse
MOST_NOTE = 2000  # a longer note is read on the page


@dataclass(frozen=True)
class Message:
    """What is sent: one line, plain text, HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Renderer:
    """The templates, with the hospital's zone and the address of its pages."""

    zone: ZoneInfo
    base_url: str = ""
    seals: Seals | None = None
    templates: Path = TEMPLATES

    def write(self, letter: Letter) -> Message:
        """Write one message.

        Raises jinja2.TemplateError, or whatever a broken template raises; the caller gives that row up.
        """
        language = "zh" if letter.language.lower().startswith("zh") else "en"
        said = self._said(letter, language)
        subject, text, html = (
            self._environment.get_template(f"{language}/{letter.kind.value}.{part}.j2").render(said)
            for part in ("subject", "txt", "html")
        )
        return Message(one_line(subject), _printable(_airy(text)), _printable(html))

    @cached_property
    def _environment(self) -> Environment:
        made = Environment(
            loader=FileSystemLoader(self.templates),
            autoescape=select_autoescape(["html.j2"], default=False, default_for_string=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        made.filters |= {"clip": _clip}
        return made

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
            "link": f"{self.base_url.rstrip('/')}/cycles/{quote(letter.code)}" if self.base_url and letter.code else "",
            "answer": self._answer(letter),
            "word": lambda value: _word(str(value), language),
        }

    def _answer(self, letter: Letter) -> str:
        """Write the link by which this person may answer; '' where there is none."""
        if not (self.seals and self.base_url and letter.answer_token):
            return ""
        try:
            signed = self.seals.sign(letter.answer_token)
        except KeyUnusable:  # a message without its link is better than none
            log.exception("no link", extra={"action": "link_not_signed", "delivery_id": letter.delivery_id})
            return ""
        return f"{self.base_url.rstrip('/')}/a/{signed}"

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


def one_line(written: str) -> str:
    """Bring a subject to one line of printable characters, cut where a head line would grow too long."""
    line = " ".join(_printable(written).split())
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


# Control characters, halves of characters, line ends of Unicode; and the marks that turn the direction of writing,
# which can make a subject or a link read as something else.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def _printable(written: str) -> str:
    """Take out what no reader sees and some mail servers refuse."""
    return _UNSEEN.sub(" ", written.replace("\r\n", "\n"))


def _airy(text: str) -> str:
    """Leave one empty line between paragraphs, whichever of them the template left out."""
    return re.sub(r"\n[ \t]*(\n[ \t]*)+", "\n\n", text).strip() + "\n"
