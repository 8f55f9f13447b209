"""The pages of the work plan: a year as Gantt chart, list and workbook; and the calendar feed of one person."""

from datetime import date, datetime, time

from fastapi import APIRouter
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.numbers import whole
from config.words import Text
from engine.calendar_feed import end_feed, open_feed, whose_feed, write_feed
from engine.indicator_export import units_below
from engine.people import directory
from engine.plan_files import COURSES, KINDS, plan_bytes
from engine.rules import Rules
from engine.work_plan import Course, WorkPlan, read_work_plan
from models.people import Unit
from notifications.links import read_keys
from web.access import DOOR, Policy, read_own_fields, who
from web.downloads import XLSX, download
from web.gantt import draw_gantt
from web.misses import Misses
from web.routes import get_page, post_form
from web.site import Paging, Site, page_number

LINES = 15  # with their tasks they stay below 100 KB
YEARS = range(2000, 2201)


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, misses = APIRouter(), Misses()

    @get_page(router, "/plan", policy=Policy.READER)
    def plan(request: Request) -> Response:
        return _show(site, request)

    @get_page(router, "/plan.xlsx", policy=Policy.READER)
    def workbook(request: Request) -> Response:
        found, _, _ = _read(site, request)
        content = plan_bytes(found, site.reader(request).language, site.calendar)
        return download(content, f"plan-{found.year}.xlsx", XLSX)

    @get_page(router, "/feed/{part}.ics", policy=Policy.LINK)
    def feed(request: Request, part: str) -> Response:
        return _feed(site, request, part, misses)

    @post_form(router, "/me/feed", policy=Policy.READER)
    async def address(request: Request) -> Response:
        typed = await read_own_fields(request, ("how",))
        return await run_in_threadpool(_set_feed, site, request, typed["how"] == "end")

    return router


def _read(site: Site, request: Request) -> tuple[WorkPlan, list[Unit], str]:
    reader, wanted = site.reader(request), request.query_params
    year, slug = wanted.get("year", ""), wanted.get("unit", "")
    number = whole(year, most_digits=4) or site.calendar.local_date(reader.now).year
    if number not in YEARS:
        raise HTTPException(404)
    rules = Rules(site.calendar, site.catalogue)
    with site.reading(request) as session:
        people = directory(session)
        units = units_below(people, people.unit(slug).id) if slug else None
        found = read_work_plan(session, number, rules=rules, now=reader.now, units=units)
        return found, list(people.units.values()), slug


def _show(site: Site, request: Request) -> Response:
    reader, number = site.reader(request), page_number(request)
    found, units, slug = _read(site, request)
    first = Paging.offset(number, LINES)
    lines = found.lines[first : first + LINES]
    begin, end = (_new_year(site, found.year + n) for n in (0, 1))
    title = Text(f"Work plan {found.year}", f"{found.year} 年工作计划")
    # Every text in it is escaped where it is drawn.
    picture = Markup(draw_gantt(lines, begin, end, reader.now, title=title, language=reader.language))  # noqa: S704
    return site.page(
        reader,
        "plan.html.j2",
        plan=found,
        lines=lines,
        picture=picture,
        units=units,
        chosen=slug,
        courses=COURSES,
        kinds=KINDS,
        on=lambda moment: reader.day(site.calendar.local_date(moment)),
        counts=[(course, found.n(course)) for course in Course if found.n(course)],
        paging=Paging.of(len(found.lines), number, per_page=LINES),
    )


def _new_year(site: Site, year: int) -> datetime:
    return site.calendar.at(date(year, 1, 1), time.min)


def _feed(site: Site, request: Request, part: str, misses: Misses) -> Response:
    """Answer a calendar program; a wrong address is counted, as nobody types one."""
    now, rules = site.clock(), Rules(site.calendar, site.catalogue)
    with site.database.reading() as session:
        person = whose_feed(session, part, read_keys(site.settings), rules=rules, now=now)
        if person is None:
            misses.count(request.client.host if request.client else "", now)
            raise HTTPException(404)
        content = write_feed(session, person, rules=rules, now=now, address=site.settings.base_url.rstrip("/"))
    return Response(content, media_type="text/calendar; charset=utf-8")


def _set_feed(site: Site, request: Request, ending: bool) -> Response:
    by, now = who(request).person_id, site.clock()
    assert by is not None  # the gate of the form let only people pass
    with site.database.transaction(DOOR) as session:
        if ending:
            end_feed(session, by, now=now)
        else:
            open_feed(session, by, rules=Rules(site.calendar, site.catalogue), now=now)
    return RedirectResponse(site.reader(request).link("/me"), 303)
