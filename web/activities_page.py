"""The hospital's own quality work by plan: what comes when, adding, stopping, launching now; who is responsible."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.numbers import row_number
from config.recurrence import parse_recurrence
from config.shapes import Template
from config.words import Text
from engine.activity_round import coming_launches
from engine.activity_schedules import GivenActivity, launch_activity_now, plan_activity, stop_activity, title_of
from engine.activity_turns import turn_of
from engine.people import directory
from engine.responsibilities import PART_WORDS, matrix_bytes, responsibilities
from engine.rules import Rules
from models.activity import ActivitySchedule
from models.errors import Refused
from models.people import Unit
from models.reads.activities import list_activity_schedules
from web.access import DOOR, Policy, form, known, read_own_fields
from web.downloads import XLSX, download
from web.routes import get_page, post_form
from web.site import Site

PAGE, ONE, MATRIX = "/activities", "/activities/{number}", "/responsibility"
FIELDS = ("activity", "unit", "units_below", "every", "title")
AHEAD = timedelta(days=60)
MOST_AHEAD = 30  # shown


@dataclass(frozen=True)
class PlannedActivity:
    """One activity by plan, as the page shows it. next_at: None once it was stopped."""

    plan: ActivitySchedule
    title: Text
    unit: Unit
    every: Text
    next_at: datetime | None


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, PAGE, policy=Policy.OFFICE)
    def activities(request: Request) -> Response:
        return _show(site, request)

    @post_form(router, PAGE, policy=Policy.OFFICE)
    async def add(request: Request) -> Response:
        typed = await read_own_fields(request, FIELDS)
        return await run_in_threadpool(_add, site, request, typed)

    @post_form(router, ONE, policy=Policy.OFFICE)
    async def change(request: Request, number: str) -> Response:
        typed = await read_own_fields(request, ("how",))
        return await run_in_threadpool(_change, site, request, row_number(number), typed["how"])

    @get_page(router, MATRIX, policy=Policy.READER)
    def matrix(request: Request) -> Response:
        wanted = request.query_params.get("activity", "")
        found = responsibilities(site.catalogue, (wanted,) if wanted else ())
        return site.page(site.reader(request), "responsibility.html.j2", matrix=found, words=PART_WORDS, wanted=wanted,
                         titles=_titles(site, all_of_them=True))  # fmt: skip

    @get_page(router, f"{MATRIX}.xlsx", policy=Policy.READER)
    def matrix_file(request: Request) -> Response:
        made = matrix_bytes(responsibilities(site.catalogue), site.catalogue.roles, site.reader(request).language)
        return download(made, "responsibility.xlsx", XLSX)

    return router


def _add(site: Site, request: Request, typed: Mapping[str, str]) -> Response:
    """Plan an activity; what a rule refuses is said on the page, with what was typed."""
    reader, by, rules = site.reader(request), known(request).person_id, Rules(site.calendar, site.catalogue)
    try:
        with site.database.transaction(DOOR) as session:
            given = GivenActivity(
                activity=typed["activity"],
                unit=typed["unit"],
                units_below=typed["units_below"] == "yes",
                every=typed["every"][:100],
                title=" ".join(typed["title"].split())[:200],
            )
            number = plan_activity(session, given, rules=rules, by=by, now=reader.now).id
    except Refused as error:
        return _show(site, request, typed=typed, error=error)
    return RedirectResponse(f"{reader.link(PAGE)}#a-{number}", 303)


def _change(site: Site, request: Request, number: int, how: str) -> Response:
    """Stop a plan, or launch it now besides its plan."""
    reader, by, rules = site.reader(request), known(request).person_id, Rules(site.calendar, site.catalogue)
    code = ""
    try:
        with site.database.transaction(DOOR) as session:
            if how == "stop":
                stop_activity(session, number, by=by, now=reader.now)
            elif how == "launch":
                code = launch_activity_now(session, number, rules=rules, by=by, now=reader.now)[0].code
    except Refused as error:
        return _show(site, request, error=error)
    return RedirectResponse(reader.link(f"/cycles/{code}" if code else PAGE), 303)


def _show(
    site: Site, request: Request, *, typed: Mapping[str, str] | None = None, error: Refused | None = None
) -> Response:
    reader, rules = site.reader(request), Rules(site.calendar, site.catalogue)
    with site.reading(request) as session:
        lines = [_line(site, session, one) for one in list_activity_schedules(session, stopped=True)]
        coming = coming_launches(session, rules=rules, now=reader.now, until=reader.now + AHEAD)
        units = directory(session).units
    return site.page(
        reader,
        "activities.html.j2",
        status=422 if error else 200,
        running=[line for line in lines if line.plan.stopped_at is None],
        stopped=[line for line in lines if line.plan.stopped_at is not None],
        coming=coming[:MOST_AHEAD],
        n_coming=len(coming),
        titles=_titles(site),
        rhythm=lambda every: parse_recurrence(every).words,
        units=units,
        typed=typed or dict.fromkeys(FIELDS, ""),
        error=error.text(reader.language) if error else "",
        form=form(request),
    )


def _line(site: Site, session: Session, one: ActivitySchedule) -> PlannedActivity:
    every = parse_recurrence(one.every)
    return PlannedActivity(
        one,
        title_of(one, site.catalogue),
        directory(session).units[one.unit_id],
        every.words,
        None if one.stopped_at else turn_of(every, one.next_on, site.calendar).due_at,
    )


def _titles(site: Site, *, all_of_them: bool = False) -> dict[str, Template]:
    """List what comes back regularly, then what may be planned too."""
    found = sorted(site.catalogue.templates.values(), key=lambda one: (not one.every, one.id))
    return {one.id: one for one in found if all_of_them or one.every}
