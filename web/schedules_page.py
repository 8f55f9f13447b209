"""The schedules of assessments: what is assessed where, when next, what came of it; adding one, stopping one."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.indicators import Frequency
from config.numbers import row_number
from config.words import Text
from engine.people import directory
from engine.rules import Rules
from engine.schedule_lines import schedule_lines
from engine.scheduling import GivenSchedule, add_schedule, stop_schedule
from models.errors import Refused
from models.reads.schedules import list_schedules
from web.access import DOOR, Policy, form, known, read_own_fields
from web.routes import get_page, post_form
from web.site import Site

PAGE, STOP = "/schedules", "/schedules/{number}/stop"
FIELDS = ("what", "unit", "units_below", "frequency", "after")
FIRST = {"frequency": Frequency.MONTH.value, "after": "5wd"}
FREQUENCIES = {
    Frequency.WEEK: Text("every week", "每周"),
    Frequency.MONTH: Text("every month", "每月"),
    Frequency.QUARTER: Text("every quarter", "每季度"),
    Frequency.YEAR: Text("every year", "每年"),
}


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, PAGE, policy=Policy.OFFICE)
    def schedules(request: Request) -> Response:
        return _show(site, request)

    @post_form(router, PAGE, policy=Policy.OFFICE)
    async def add(request: Request) -> Response:
        typed = await read_own_fields(request, FIELDS)
        return await run_in_threadpool(_add, site, request, typed)

    @post_form(router, STOP, policy=Policy.OFFICE)
    async def stop(request: Request, number: str) -> Response:
        await read_own_fields(request)  # brings nothing but its token
        return await run_in_threadpool(_stop, site, request, number)

    return router


def _add(site: Site, request: Request, typed: Mapping[str, str]) -> Response:
    """Add a schedule; what a rule refuses is said on the page, with what was typed."""
    reader, by = site.reader(request), known(request).person_id
    frequency = typed["frequency"] if typed["frequency"] in set(Frequency) else FIRST["frequency"]
    given = GivenSchedule(
        what=typed["what"],
        unit=typed["unit"],
        units_below=typed["units_below"] == "yes",
        frequency=Frequency(frequency),
        after=typed["after"],
    )
    try:
        with site.database.transaction(DOOR) as session:
            rules = Rules(site.calendar, site.catalogue)
            number = add_schedule(session, given, rules=rules, by=by, now=reader.now).id
    except Refused as error:
        return _show(site, request, typed=typed, error=error)
    return RedirectResponse(f"{reader.link(PAGE)}#s-{number}", 303)


def _stop(site: Site, request: Request, number: str) -> Response:
    reader, by = site.reader(request), known(request).person_id
    try:
        with site.database.transaction(DOOR) as session:
            stop_schedule(session, row_number(number), by=by, now=reader.now)
    except Refused as error:
        return _show(site, request, error=error)
    return RedirectResponse(reader.link(PAGE), 303)


def _show(
    site: Site, request: Request, *, typed: Mapping[str, str] | None = None, error: Refused | None = None
) -> Response:
    reader, rules = site.reader(request), Rules(site.calendar, site.catalogue)
    with site.reading(request) as session:
        lines = schedule_lines(session, list_schedules(session, stopped=True), rules=rules)
        units = list(directory(session).units.values())
    sets, indicators = site.catalogue.indicator_sets, site.catalogue.indicators
    return site.page(
        reader,
        "schedules.html.j2",
        status=422 if error else 200,
        running=[line for line in lines if line.schedule.stopped_at is None],
        stopped=[line for line in lines if line.schedule.stopped_at is not None],
        titles={**{one.id: one.title for one in indicators.values()}, **sets},
        sets=sets,
        indicators=indicators,
        units=units,
        frequencies=FREQUENCIES,
        typed=typed or dict.fromkeys(FIELDS, "") | FIRST,
        error=error.text(reader.language) if error else "",
        form=form(request),
    )
