"""Reporting an adverse event, by anybody: the form, the receipt with its code, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from config.events import EventRules
from config.words import Text
from engine.event_reports import MOST_NAME, MOST_WORDS, WHAT, GivenReport, receive_event
from engine.event_rules import STATUS_WORDS, event_rules, is_overdue
from engine.photos import ACCEPT, MOST_MB
from engine.receipt_codes import mark_of, read_code
from engine.rules import Rules
from models.errors import Refused
from models.event import Event
from models.reads.events import find_by_mark
from notifications.links import read_keys
from notifications.sealed import REPORTER, Lock
from web.access import DOOR, Policy
from web.intake import Brought, Intake, PressAgain, TooManySent
from web.qr import draw_qr
from web.routes import get_page, post_form
from web.site import Site
from web.units import list_units

PAGE, ANSWER, POSTER = "/report", "/report/answer", "/report/poster"
FIELDS = ("what", "harm", "kind", "unit", "happened", "done", "name", "code")


class MomentUnreadable(Refused):
    """The moment at which it happened cannot be read. Choose it again, or leave it empty."""

    zh = "无法识别发生时间，请重新选择或留空。"


class NoSuchCode(Refused):
    """There is no report with this code. Compare it with the receipt: twelve letters and figures."""

    zh = "没有该编码对应的报告。请与回执核对：共 12 位字母和数字。"


@dataclass(frozen=True)
class Came:
    """What the reporter is told of an event: nothing of what was written in it."""

    status: Text
    kind: Text
    received_at: datetime
    answer: str
    closed_at: datetime | None
    answer_due_at: datetime
    is_late: bool


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, door = APIRouter(), _Door(site, Intake(site, WHAT, FIELDS))

    @get_page(router, PAGE, policy=Policy.PUBLIC)
    def report(request: Request) -> Response:
        return door.show(request, {"unit": request.query_params.get("unit", "")})

    @post_form(router, PAGE, policy=Policy.PUBLIC)
    async def take(request: Request) -> Response:
        return await run_in_threadpool(door.take, request, await door.intake.read(request))

    @get_page(router, ANSWER, policy=Policy.PUBLIC)
    def ask(request: Request) -> Response:
        return door.show_answer(request)

    @post_form(router, ANSWER, policy=Policy.PUBLIC)
    async def answer(request: Request) -> Response:
        return await run_in_threadpool(door.answer, request, await door.intake.read(request))

    @get_page(router, POSTER, policy=Policy.READER)
    def poster(request: Request) -> Response:
        return door.poster(request, request.query_params.get("unit", ""))

    return router


@dataclass(frozen=True)
class _Door:
    """What the routes do."""

    site: Site
    intake: Intake

    @property
    def rules(self) -> Rules:
        return Rules(self.site.calendar, self.site.catalogue)

    def take(self, request: Request, brought: Brought) -> Response:
        """Keep a report in one transaction; what is refused is said on the page, with what was typed."""
        try:
            self.intake.admit(request, brought)
            code = self.intake.code(brought, (*brought.parts.values(), *_digests(brought)))
            given = self._given(brought)
            with self.site.database.transaction(DOOR) as session:
                event = receive_event(session, given, code=code, rules=self.rules, now=self.site.clock())
                due_at = event.answer_due_at
        except Refused as error:
            return self.show(request, brought.parts, error=error, had_photo=bool(brought.photos))
        reader = self.site.reader(request)
        return self.site.page(reader, "report_received.html.j2", code=code, due_at=due_at)

    def answer(self, request: Request, brought: Brought) -> Response:
        """Say what came of a report, to whoever has its code."""
        try:
            if not brought.once:
                raise PressAgain
            self.intake.check_guess(request)
            code = read_code(brought.parts["code"])
            with self.site.database.reading() as session:
                event = find_by_mark(session, mark_of(WHAT, code)) if code else None
            if event is None:
                self.intake.count_guess(request)
                raise NoSuchCode
        except (PressAgain, NoSuchCode) as error:
            return self.show_answer(request, typed=brought.parts["code"], error=error)
        return self.show_answer(request, came=self._came(event))

    def show(
        self, request: Request, typed: Mapping[str, str], *, error: Refused | None = None, had_photo: bool = False
    ) -> Response:
        """Write the form."""
        reader, ticket = self.site.reader(request), self.intake.ticket(request)
        with self.site.database.reading() as session:
            units = list_units(session)
        response = self.site.page(
            reader,
            "report.html.j2",
            status=_status(error),
            ticket=ticket,
            typed={name: typed.get(name, "") for name in FIELDS},
            rules=event_rules(self.rules),
            units=units,
            error=error.text(reader.language) if error else "",
            had_photo=had_photo,
            accept=ACCEPT,
            most_mb=MOST_MB,
            most_words=MOST_WORDS,
            most_name=MOST_NAME,
            latest=f"{reader.now.astimezone(reader.calendar.zone):%Y-%m-%dT%H:%M}",
        )
        return self.intake.set_cookie(response, ticket)

    def show_answer(
        self, request: Request, *, came: Came | None = None, typed: str = "", error: Refused | None = None
    ) -> Response:
        """Write the page that asks for a code, or what came of its event."""
        reader, ticket = self.site.reader(request), self.intake.ticket(request)
        response = self.site.page(
            reader,
            "report_answer.html.j2",
            status=_status(error, not_found=404),
            ticket=ticket,
            came=came,
            typed=typed[:40],
            error=error.text(reader.language) if error else "",
        )
        return self.intake.set_cookie(response, ticket)

    def poster(self, request: Request, unit: str) -> Response:
        """Write a sheet for the wall: how to report, as a QR code."""
        reader = self.site.reader(request)
        with self.site.database.reading() as session:
            units = list_units(session)
        names = dict(units)
        chosen = unit if unit in names else ""
        base = (self.site.settings.base_url or str(request.base_url)).rstrip("/")
        address = f"{base}{PAGE}" + (f"?unit={chosen}" if chosen else "")
        shown = replace(reader, chosen=True)
        name = reader.word(names.get(chosen))
        return self.site.page(
            shown,
            "report_poster.html.j2",
            address=address,
            qr=draw_qr(address, address),
            units=units,
            unit=chosen,
            unit_name=name,
        )

    def _given(self, brought: Brought) -> GivenReport:
        parts = brought.parts
        name = " ".join(parts["name"].split())[:MOST_NAME]
        lock = Lock(read_keys(self.site.settings), use=REPORTER)
        return GivenReport(
            what=parts["what"],
            kind=parts["kind"] or "other",
            harm=parts["harm"] or "unknown",
            unit=parts["unit"],
            happened_at=self._moment(parts["happened"]),
            done_at_once=parts["done"],
            photo=brought.photos[0] if brought.photos else None,
            sealed_reporter=lock.seal(name) if name else "",
        )

    def _moment(self, written: str) -> datetime | None:
        if not written.strip():
            return None
        try:
            read = datetime.fromisoformat(written.strip())
            return read if read.tzinfo else read.replace(tzinfo=self.site.calendar.zone)
        except ValueError as error:
            raise MomentUnreadable from error

    def _came(self, event: Event) -> Came:
        rules: EventRules = event_rules(self.rules)
        late = is_overdue(event, self.site.clock())["closing-answer"] and event.closed_at is None
        return Came(
            STATUS_WORDS[event.status],
            rules.kind(event.kind),
            event.received_at,
            event.answer,
            event.closed_at,
            event.answer_due_at,
            late,
        )


def _digests(brought: Brought) -> list[str]:
    return [sha256(photo.content).hexdigest() for photo in brought.photos]


def _status(error: Refused | None, not_found: int = 422) -> int:
    if isinstance(error, TooManySent):
        return error.status
    if isinstance(error, PressAgain):
        return 403
    if isinstance(error, NoSuchCode):
        return not_found
    return 422 if error else 200
