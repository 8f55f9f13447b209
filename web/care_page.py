"""The pages of care processes: upload an event table, see map, waiting and bottlenecks, start a cycle from one."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from careflow.draw import Texts, draw_flow
from careflow.words import say_bottleneck, say_flow, say_left_out, spell_duration
from config.numbers import row_number
from config.words import Text
from engine.care import follow_bottleneck, get_analysis, keep_analysis, look_at_care, rows_left_out, units_to_analyse
from engine.care_tables import read_events
from engine.people import directory
from engine.rules import Rules
from models.assessment import OriginKind
from models.care_records import CareRecord, care_record_from
from models.cycle import Cycle
from models.errors import Refused, WardcycleError
from models.people import Unit
from models.reads.care import list_analyses
from models.reads.origins import cycles_from
from web.access import DOOR, Policy, form, read_own_fields, read_own_form, who
from web.forms import files_of, text_of
from web.reader import Reader
from web.routes import get_page, post_form
from web.site import Site

MOST_TITLE = 200


class NoEventTable(Refused):
    """Choose an event table, give it a title, and say whose process it is."""

    zh = "请选择事件表，填写标题，并选择科室。"


@dataclass(frozen=True)
class Sent:
    """What the form brought."""

    title: str
    unit: str
    name: str
    content: bytes


@dataclass(frozen=True)
class Waiting:
    """One bottleneck in words. rank: 1 is the first; cycle: the one that was started from it."""

    rank: int
    words: Text
    weeks: int


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, "/care", policy=Policy.READER)
    def care(request: Request) -> Response:
        return _list(site, request)

    @post_form(router, "/care", policy=Policy.READER)
    async def upload(request: Request) -> Response:
        async with read_own_form(request) as given:
            sent = await _read(given)
        return await run_in_threadpool(_keep, site, request, sent)

    @get_page(router, "/care/{number}", policy=Policy.READER)
    def analysis(request: Request, number: str) -> Response:
        return _show(site, request, row_number(number))

    @post_form(router, "/care/{number}", policy=Policy.READER)
    async def follow(request: Request, number: str) -> Response:
        typed = await read_own_fields(request, ("rank",))
        return await run_in_threadpool(_follow, site, request, row_number(number), row_number(typed["rank"]))

    return router


async def _read(given: FormData) -> Sent:
    files = await files_of(given, "file")
    file = files[0] if files else None
    title, unit = text_of(given, "title").strip()[:MOST_TITLE], text_of(given, "unit")
    return Sent(title, unit, file.name if file else "", file.content if file else b"")


def _list(site: Site, request: Request, *, error: str = "", status: int = 200) -> Response:
    asker = who(request)
    with site.reading(request) as session:
        people = directory(session)
        rows = [(one, people.units[one.unit_id]) for one in list_analyses(session)]
        rules, today = Rules(site.calendar, site.catalogue), site.calendar.local_date(site.clock())
        mine = units_to_analyse(people, rules, asker.person_id, today) if asker.person_id else ()
        units = [people.units[unit] for unit in mine]
    return site.page(
        site.reader(request), "care.html.j2", status=status, rows=rows, units=units, error=error, form=form(request)
    )


def _keep(site: Site, request: Request, sent: Sent) -> Response:
    reader, by = site.reader(request), who(request).person_id
    assert by is not None  # the gate of the form let only people pass
    rules = Rules(site.calendar, site.catalogue)
    try:
        if not (sent.title and sent.unit and sent.content):
            raise NoEventTable
        read = read_events(sent.name, sent.content, zone=site.calendar.zone, now=reader.now)
        found = look_at_care(sent.name, sent.content, read, site.calendar)
        with site.database.transaction(DOOR) as session:
            kept = keep_analysis(session, found, title=sent.title, unit=sent.unit, rules=rules, by=by, now=reader.now)
            address = f"/care/{kept.id}"
    except WardcycleError as error:
        return _list(site, request, error=error.text(reader.language), status=422)
    return RedirectResponse(reader.link(address), 303)


def _follow(site: Site, request: Request, number: int, rank: int) -> Response:
    reader, by = site.reader(request), who(request).person_id
    assert by is not None  # the gate of the form let only people pass
    rules = Rules(site.calendar, site.catalogue)
    try:
        with site.database.transaction(DOOR) as session:
            code = follow_bottleneck(session, number, rank, rules=rules, by=by, now=reader.now).code
    except WardcycleError as error:
        return _show(site, request, number, error=error.text(reader.language), status=422)
    return RedirectResponse(reader.link(f"/cycles/{code}"), 303)


def _show(site: Site, request: Request, number: int, *, error: str = "", status: int = 200) -> Response:
    reader, by = site.reader(request), who(request).person_id
    with site.reading(request) as session:
        kept = get_analysis(session, number)
        people = directory(session)
        unit: Unit = people.units[kept.unit_id]
        begun: Sequence[Cycle] = cycles_from(session, OriginKind.BOTTLENECK, number)
        rules, today = Rules(site.calendar, site.catalogue), site.calendar.local_date(reader.now)
        may_follow = by is not None and kept.unit_id in units_to_analyse(people, rules, by, today)
    found = care_record_from(kept.record)
    return site.page(
        reader,
        "care_analysis.html.j2",
        status=status,
        kept=kept,
        unit=unit,
        found=found,
        said=say_flow(found.flow),
        left_out=say_left_out(found.n_left_out, found.n_repeats),
        rows_left_out=rows_left_out(found),
        picture=_picture(found, kept.title, reader),
        waits=[
            Waiting(rank, say_bottleneck(found.flow, one.hand_over), len(one.weeks))
            for rank, one in enumerate(found.bottlenecks, 1)
        ],
        spell=spell_duration,
        begun=begun,
        may_follow=may_follow,
        error=error,
        form=form(request),
    )


def _picture(found: CareRecord, title: str, reader: Reader) -> Markup:
    cases = Text("cases", "例").in_(reader.language)
    texts = Texts(reader.language, title, say_flow(found.flow).in_(reader.language), cases)
    # Every text in it is escaped where it is drawn.
    return Markup(draw_flow(found.flow, texts))  # noqa: S704
