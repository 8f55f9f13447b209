"""What every page is made with: the database, the templates, the reader of a request."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse

from config.calendar import Calendar
from config.catalogue import Catalogue
from config.numbers import whole
from config.seen import visible
from config.settings import Settings
from models.db import Database
from models.sight import narrow
from web import sentences, wheel, words
from web.access import is_open, known, who
from web.reader import Reader, chosen_language

HERE = Path(__file__).parent
PER_PAGE = 25


@dataclass(frozen=True)
class Site:
    """One installation's pages. `clock` gives aware UTC."""

    database: Database
    settings: Settings
    catalogue: Catalogue
    calendar: Calendar
    clock: Callable[[], datetime]
    templates: Environment

    @property
    def mailbox(self) -> Path:
        """Where the demo's mails lie, if there is a demo."""
        return self.settings.data_folder / "mailbox"

    def reader(self, request: Request) -> Reader:
        """Make out who reads."""
        language, chosen = chosen_language(request, self.settings.reader_language)
        query = dict(request.query_params)
        roles, me = self.catalogue.roles, known(request).name
        return Reader(language, chosen, request.url.path, query, self.calendar, roles, self.clock(), me)

    @contextmanager
    def reading(self, request: Request) -> Iterator[Session]:
        """Open a transaction that only reads, and only what whoever asks may see. Every page of people reads by it."""
        with self.database.reading() as session:
            narrow(session, who(request).sight)
            yield session

    def page(self, reader: Reader, template: str, *, status: int = 200, **facts: object) -> HTMLResponse:
        """Write a page in the reader's language."""
        common: dict[str, object] = {
            "r": reader,
            "t": reader.t,
            "w": reader.word,
            "say": lambda member: reader.word(words.words_of(member)),
            "has_mailbox": is_open(self.settings) and self.mailbox.is_dir(),
            "open_reading": is_open(self.settings),
        }
        text = self.templates.get_template(template).render(common | facts)
        return HTMLResponse(text, status, headers={"Content-Language": "zh-CN" if reader.language == "zh" else "en"})


@cache
def environment() -> Environment:
    """Prepare the templates, once: everything is escaped, an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "SHAPES": words.SHAPES,
        "channel": words.channel,
        "deed": words.deed,
        "decision_kind": words.decision_kind,
        "outcome": words.outcome,
        "passed_by": sentences.passed_by,
        "reason": words.reason,
        "door_words": words.DOOR_WORDS,
        "waits": sentences.waits,
        "asked": sentences.asked,
        "first_step": sentences.first_step,
        "sectors": wheel.sectors,
    }
    return made


def _shown(value: object) -> object:
    """Take out of plain words what can turn the writing of a page; what is marked as HTML was made by us."""
    return visible(value) if type(value) is str else value


@dataclass(frozen=True)
class Paging:
    """Where in a long list a page stands; pages count from 1."""

    number: int
    n_pages: int
    key: str

    @staticmethod
    def offset(number: int, per_page: int = PER_PAGE) -> int:
        """Give how many rows come before a page."""
        return (number - 1) * per_page

    @staticmethod
    def of(n_all: int, number: int, key: str = "page", per_page: int = PER_PAGE) -> "Paging":
        """Count the pages of a list."""
        return Paging(number, max(1, -(-n_all // per_page)), key)


def page_number(request: Request, key: str = "page") -> int:
    """Read the number of a page from the address; anything unreadable is the first."""
    return min(whole(request.query_params.get(key, "1"), most_digits=7) or 1, 1_000_000)
