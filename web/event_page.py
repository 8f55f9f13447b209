"""The page of one adverse event, and the forms by which it is dealt with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import APIRouter
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.events import ANSWER, STATUTORY, TRIAGE, Severity
from config.numbers import row_number
from config.words import Text
from engine.deed import Deed
from engine.event_closing import (
    MOST_WORDS,
    filled_in,
    may_handle,
    may_open,
    may_see_reporter,
)
from engine.event_rules import STATUS_WORDS, event_rules, expected, is_overdue
from engine.photos import ending_of
from engine.rules import Rules
from models.audit import find_history
from models.errors import Refused
from models.event import Event
from models.reads.events import EventView, read_event, read_photo
from models.reads.names import person_names
from notifications.links import read_keys
from notifications.sealed import REPORTER, Lock
from web.access import DOOR, Policy, form, read_own_fields, who
from web.event_forms import FIELDS, VERBS
from web.events_page import MARKS
from web.routes import get_page, post_form
from web.site import Site
from web.units import list_units

PAGE = "/events/{number}"
NOBODY_SAID = Text("The reporter gave no name.", "报告人未署名。")
KEY_GONE = Text("The name cannot be read any more: its key is gone.", "密钥已失效，无法读取姓名。")


@dataclass(frozen=True)
class May:
    """What whoever asks may do here."""

    handle: bool = False
    open: bool = False
    see_reporter: bool = False


@dataclass(frozen=True)
class Typed:
    """What a form brought, shown again where it was refused."""

    parts: Mapping[str, str] = field(default_factory=dict)
    error: Refused | None = None
    reporter: str = ""

    def of(self, name: str, otherwise: str = "") -> str:
        """Give what was typed in a field."""
        return self.parts.get(name, otherwise)


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, door = APIRouter(), _Door(site)

    @get_page(router, PAGE, policy=Policy.READER)
    def event(request: Request, number: str) -> Response:
        return door.show(request, row_number(number), Typed())

    @get_page(router, f"{PAGE}/photo", policy=Policy.READER)
    def photo(request: Request, number: str) -> Response:
        return door.photo(request, row_number(number))

    @post_form(router, PAGE, policy=Policy.READER)
    async def act(request: Request, number: str) -> Response:
        parts = await read_own_fields(request, FIELDS)
        return await run_in_threadpool(door.act, request, row_number(number), parts)

    return router


@dataclass(frozen=True)
class _Door:
    """What the routes do."""

    site: Site

    @property
    def rules(self) -> Rules:
        return Rules(self.site.calendar, self.site.catalogue)

    def act(self, request: Request, number: int, parts: Mapping[str, str]) -> Response:
        """Run the verb that a form asks for; what a rule refuses is said on the page, with what was typed."""
        with self.site.reading(request) as session:
            _visible(session, number)
        verb = VERBS.get(parts["do"])
        if verb is None:
            raise HTTPException(404)
        by, now = who(request).person_id or 0, self.site.clock()
        try:
            with self.site.database.transaction(DOOR) as session:
                leads_to = verb(session, number, parts, self.rules, by, now)
        except Refused as error:
            return self.show(request, number, Typed(parts, error))
        if parts["do"] == "reporter":
            return self.show(request, number, Typed(reporter=self._opened(request, leads_to)))
        return RedirectResponse(self.site.reader(request).link(leads_to or f"/events/{number}"), 303)

    def show(self, request: Request, number: int, typed: Typed) -> Response:
        """Write the page."""
        reader = self.site.reader(request)
        with self.site.reading(request) as session:
            view = _visible(session, number)
            deed = Deed(session, self.rules, who(request).person_id, reader.now)
            may = _may(deed, view)
            facts = self._facts(deed, view, may)
        return self.site.page(
            reader,
            "event.html.j2",
            status=422 if typed.error else 200,
            view=view,
            row=view.row,
            clocks=_clocks(view, is_overdue(view.row, reader.now)),
            may=may,
            templates=_templates(self.site),
            typed=typed,
            error=typed.error.text(reader.language) if typed.error else "",
            form=form(request),
            **facts,
            **self._words(view.row),
        )

    def _facts(self, deed: Deed, view: EventView, may: May) -> dict[str, object]:
        """Read what happened to it, and what the forms choose from."""
        history = find_history(deed.session, "event", view.row.id)
        names = person_names(deed.session, [row.by_id for row in history])
        return {
            "history": [(one, names.get(one.by_id or 0)) for one in history if one.what != "event.triage"],
            "launch": filled_in(deed, view.row) if may.open else None,
            "people": sorted((one.name, one.slug) for one in deed.people.persons.values() if one.left_on is None),
            "units": list_units(deed.session),
        }

    def _words(self, row: Event) -> dict[str, object]:
        """Give what the hospital's rules call it, and what they expect of it."""
        rules = event_rules(self.rules)
        return {
            "rules": rules,
            "kind": rules.kind(row.kind),
            "harm": rules.harm(row.harm),
            "expected": row.severity or expected(self.rules, row.harm),
            "statuses": STATUS_WORDS,
            "marks": MARKS,
            "severities": tuple(Severity),
            "most_words": MOST_WORDS,
        }

    def photo(self, request: Request, number: int) -> Response:
        """Give the photo to whoever may see the event."""
        with self.site.reading(request) as session:
            found = read_photo(session, number)
        if found is None:
            raise HTTPException(404)
        named = f'inline; filename="E{number:04d}.{ending_of(found.media_type)}"'
        return Response(found.content, media_type=found.media_type, headers={"Content-Disposition": named})

    def _opened(self, request: Request, sealed: str) -> str:
        reader = self.site.reader(request)
        if not sealed:
            return reader.word(NOBODY_SAID)
        opened = Lock(read_keys(self.site.settings), use=REPORTER).open(sealed)
        return opened if opened is not None else reader.word(KEY_GONE)


@dataclass(frozen=True)
class Clock:
    """One of the deadlines of an event: what it is for, until when, when it was done and by whom."""

    words: Text
    due_at: datetime
    done_at: datetime | None
    by: str
    is_late: bool


def _clocks(view: EventView, late: Mapping[str, bool]) -> list[Clock]:
    row = view.row

    def clock(words: Text, due: datetime | None, done: datetime | None, by: int | None, task: str) -> list[Clock]:
        name = view.persons[by].name if by in view.persons else ""
        return [Clock(words, due, done, name, late[task])] if due else []

    triaged_at, triaged_by = row.triaged_at or row.closed_at, row.triaged_by or row.closed_by
    return [
        *clock(Text("Triage", "定级"), row.triage_due_at, triaged_at, triaged_by, TRIAGE),
        *clock(Text("Statutory report", "法定上报"), row.report_due_at, row.reported_at, row.reported_by, STATUTORY),
        *clock(Text("Answer to the reporter", "回复报告人"), row.answer_due_at, row.closed_at, row.closed_by, ANSWER),
    ]


def _may(deed: Deed, view: EventView) -> May:
    if deed.by is None:  # the demo, which anybody may read
        return May()
    return May(may_handle(deed), may_open(deed, view.row), may_see_reporter(deed))


def _templates(site: Site) -> list[tuple[str, Text]]:
    """List the templates of improvement cycles."""
    return [(slug, one.title) for slug, one in sorted(site.catalogue.templates.items()) if one.kind.value == "pdca"]


def _visible(session: Session, number: int) -> EventView:
    view = read_event(session, number)
    if view is None:
        raise HTTPException(404)
    return view
