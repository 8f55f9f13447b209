"""The programme: an edition with the evidence of each statement, its coverage of the hospital, and the launch."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.numbers import row_number
from config.programme import Programme
from engine.measure_template import REVIEWED
from engine.people import directory
from engine.programme_launch import batches, launch_batch, refuse_unstaffed, still_to_open
from engine.programme_plan import DEPARTMENT, HOSPITAL, ProgrammePlan, Wanted, compile_programme
from engine.programme_words import MARKS, PLACES, STANDINGS, pick_edition, target_words
from engine.rules import Rules
from models.errors import Refused
from models.people import Unit
from models.programme import MeasureCycle
from models.reads.programme import count_measures
from web.access import DOOR, Policy, form, known, read_own_fields
from web.routes import get_page, post_form
from web.site import Site

PAGE, PLAN, COVERAGE, LAUNCHED = "/programme", "/programme/plan", "/programme/coverage", "/programme/launched/{number}"
FIELDS = ("edition", "unit", "measure", "unstaffed")


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, PAGE, policy=Policy.READER)
    def programme(request: Request) -> Response:
        return _edition(site, request)

    @get_page(router, COVERAGE, policy=Policy.READER)
    def coverage(request: Request) -> Response:
        return _coverage(site, request)

    @get_page(router, PLAN, policy=Policy.OFFICE)
    def plan(request: Request) -> Response:
        return _preview(site, request, {name: request.query_params.get(name, "") for name in FIELDS})

    @get_page(router, LAUNCHED, policy=Policy.READER)
    def launched(request: Request, number: str) -> Response:
        return _launched(site, request, number)

    @post_form(router, PAGE, policy=Policy.OFFICE)
    async def launch(request: Request) -> Response:
        typed = await read_own_fields(request, FIELDS)
        return await run_in_threadpool(_launch, site, request, typed)

    return router


def _edition(site: Site, request: Request) -> Response:
    reader = site.reader(request)
    programme = _chosen(site, request.query_params.get("edition", ""))
    with site.reading(request) as session:
        counts = count_measures(session, reader.now)
        hospitals = _hospitals(list(directory(session).units.values()))
    running = {one.id: [0, 0] for one in programme.measures}
    for count in counts:
        if count.measure in running:
            running[count.measure][0] += count.n_running
            running[count.measure][1] += count.n_overdue
    return site.page(
        reader,
        "programme.html.j2",
        programme=programme,
        editions=site.catalogue.programmes.values(),
        indicators=site.catalogue.indicators,
        running=running,
        hospitals=hospitals,
        form=form(request),
        is_office=known(request).is_office,
        standings=STANDINGS,
        marks=MARKS,
        places=PLACES,
        reviewed=REVIEWED,
        target_words=target_words,
    )


def _coverage(site: Site, request: Request) -> Response:
    reader = site.reader(request)
    programme = _chosen(site, request.query_params.get("edition", ""))
    with site.reading(request) as session:
        counts = count_measures(session, reader.now)
        units = directory(session).units
    cells = {(one.measure, one.unit_id): one for one in counts}
    columns = [unit for key, unit in units.items() if any(one.unit_id == key for one in counts)]
    columns.sort(key=lambda unit: (unit.kind == DEPARTMENT, unit.id))
    return site.page(
        reader,
        "coverage.html.j2",
        programme=programme,
        cells=cells,
        columns=columns,
        n_running=sum(one.n_running for one in counts),
        n_open=sum(one.n_open for one in counts),
        n_overdue=sum(one.n_overdue for one in counts),
    )


def _preview(site: Site, request: Request, typed: Mapping[str, str], error: Refused | None = None) -> Response:
    """Show what a launch would open; what a rule refuses is said on the page. error: why the launch was refused."""
    reader, plan, status = site.reader(request), None, 422 if error else 200
    programme = _chosen(site, typed["edition"])
    with site.reading(request) as session:
        people = directory(session)
        try:
            plan = _compiled(site, programme, typed, request)
        except Refused as refused:
            error = error or refused
    load = plan.load().most_common() if plan else []
    return site.page(
        reader,
        "programme_plan.html.j2",
        status=status,
        programme=programme,
        plan=plan,
        load=[(people.persons[person], n) for person, n in load],
        typed=typed,
        error=error.text(reader.language) if error else "",
        form=form(request),
    )


def _launch(site: Site, request: Request, typed: Mapping[str, str]) -> Response:
    reader, by = site.reader(request), known(request).person_id
    programme, rules = _chosen(site, typed["edition"]), Rules(site.calendar, site.catalogue)
    try:
        plan = _compiled(site, programme, typed, request)
        if typed["unstaffed"] != "yes":
            refuse_unstaffed(plan)
        for batch in batches(plan):
            with site.database.transaction(DOOR) as session:
                launch_batch(
                    session, batch, edition=programme.id, rules=rules, by=by, now=reader.now,
                    allow_unstaffed=typed["unstaffed"] == "yes",
                )  # fmt: skip
    except Refused as error:
        return _preview(site, request, typed, error)
    return RedirectResponse(reader.link(COVERAGE, edition=programme.id), 303)


def _launched(site: Site, request: Request, number: str) -> Response:
    """Lead from a cycle to the measure that it began from."""
    reader = site.reader(request)
    with site.reading(request) as session:
        row = session.get(MeasureCycle, row_number(number))
        if row is None:
            raise HTTPException(404)
        return RedirectResponse(f"{reader.link(PAGE, edition=row.edition)}#{row.measure}", 303)


def _compiled(site: Site, programme: Programme, typed: Mapping[str, str], request: Request) -> ProgrammePlan:
    wanted = Wanted(typed["unit"], frozenset(filter(None, [typed["measure"]])))
    rules = Rules(site.calendar, site.catalogue)
    with site.reading(request) as session:
        people = directory(session)
        plan = compile_programme(programme, wanted, people=people, rules=rules, now=site.reader(request).now)
        return still_to_open(session, plan)


def _chosen(site: Site, edition: str) -> Programme:
    return pick_edition(site.catalogue.programmes, edition or None)


def _hospitals(units: list[Unit]) -> list[Unit]:
    """List where a programme can be launched: hospitals, or the tops of the tree where none is called so."""
    return [one for one in units if one.kind == HOSPITAL] or [one for one in units if one.parent_id is None]
