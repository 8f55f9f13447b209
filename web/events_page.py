"""The list of adverse events with its filters, and the quarter's analysis: classes, and a Pareto chart by kind."""

from dataclasses import dataclass
from datetime import date, datetime, time

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from config.events import EventRules, Severity
from config.indicators import Frequency
from config.periods import after, read_period, spelled, start_of
from config.words import Refused, Text
from engine.event_rules import STATUS_WORDS, event_rules
from engine.rules import Rules
from models.event import EventStatus
from models.reads.events import EventFilter, count_classes, count_kinds, list_events
from spc.draw_pareto import draw_pareto
from spc.pareto import make_pareto
from web.access import Policy, who
from web.home_page import one_of
from web.routes import get_page
from web.site import PER_PAGE, Paging, Site, page_number
from web.units import list_units

QUARTER = Frequency.QUARTER
MARKS = {
    EventStatus.RECEIVED: ("s-deciding", "◆"),
    EventStatus.TRIAGED: ("s-open", "●"),
    EventStatus.ANALYSING: ("s-open", "●"),
    EventStatus.CLOSED: ("s-done", "✓"),
}
NO_CLASS = Text("no class yet", "尚未定级")


@dataclass(frozen=True)
class Analysis:
    """One quarter: how many of each class, and a Pareto chart of what they were about (SVG), '' where none was."""

    quarter: str
    before: str
    following: str
    n_all: int
    classes: tuple[tuple[Text, int], ...]
    kinds: tuple[tuple[Text, int], ...]
    picture: Markup


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, "/events", policy=Policy.READER)
    def events(request: Request) -> Response:
        return _list(site, request)

    return router


def _list(site: Site, request: Request) -> Response:
    reader, number, asked = site.reader(request), page_number(request), request.query_params
    rules = event_rules(Rules(site.calendar, site.catalogue))
    wanted = EventFilter(
        status=one_of(EventStatus, asked.get("status", "")),
        severity=one_of(Severity, asked.get("severity", "")),
        kind=asked.get("kind") or None,
        unit=asked.get("unit") or None,
        overdue=asked.get("overdue") == "1",
    )
    with site.reading(request) as session:
        page = list_events(session, wanted, now=reader.now, limit=PER_PAGE, offset=Paging.offset(number))
        first = _quarter(asked.get("quarter", ""), site.calendar.local_date(reader.now))
        until = after(QUARTER, first)
        span = _midnight(site, first), _midnight(site, until)
        kinds = count_kinds(session, first=span[0], until=span[1])
        classes = count_classes(session, first=span[0], until=span[1])
        units = list_units(session)
    return site.page(
        reader,
        "events.html.j2",
        page=page,
        wanted=wanted,
        paging=Paging.of(page.n_all, number),
        rules=rules,
        units=units,
        statuses=STATUS_WORDS,
        marks=MARKS,
        severities=tuple(Severity),
        analysis=analyse(rules, reader.language, first, kinds, classes),
        is_office=who(request).is_office,
    )


def analyse(
    rules: EventRules, language: str, first: date, kinds: dict[str, int], classes: dict[Severity | None, int]
) -> Analysis:
    """Put a quarter's counts into words and a picture; pure."""
    titles = {slug: rules.kind(slug) for slug in kinds}
    quarter, n_all = spelled(QUARTER, first), sum(kinds.values())
    title = Text(f"Adverse events by kind, {quarter}", f"{quarter} 不良事件类别帕累托图")
    picture = ""
    if n_all:
        pareto = make_pareto({titles[slug].in_(language): float(n) for slug, n in kinds.items()})
        picture = draw_pareto(pareto, title=title.in_(language), name="kinds")
    named = [(rules.classes[one].title if one else NO_CLASS, classes.get(one, 0)) for one in (*Severity, None)]
    return Analysis(
        quarter,
        spelled(QUARTER, after(QUARTER, first, -1)),
        spelled(QUARTER, after(QUARTER, first)),
        n_all,
        tuple((words, n) for words, n in named if n or words is not NO_CLASS),
        tuple((titles[slug], n) for slug, n in sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))),
        Markup(picture),  # noqa: S704 - every text in it was escaped when it was drawn
    )


def _quarter(written: str, today: date) -> date:
    try:
        return read_period(written, QUARTER) if written else start_of(QUARTER, today)
    except Refused:
        return start_of(QUARTER, today)


def _midnight(site: Site, day: date) -> datetime:
    return site.calendar.at(day, time.min)
