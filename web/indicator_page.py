"""The page of one indicator: what it counts, its values in a unit with their past, and the forms that take new ones."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from config.indicators import Indicator
from config.periods import spelled
from config.words import Text
from engine.entry import units_to_enter
from engine.indicator_export import offer_of
from engine.indicator_files import template_bytes
from engine.indicator_import import Imported
from engine.indicators import get_indicator, indicators_of
from engine.people import directory
from models.reads.observations import (
    ObservationFilter,
    former_values,
    list_observations,
    units_with_values,
)
from web.access import Policy, form, read_own_form, who
from web.chart_block import read_chart_block
from web.indicator_entry import FORM, Sent, read_sent, receive
from web.routes import get_page, post_form
from web.site import Site

PAGE = "/indicators/{slug}"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
VALUES_SHOWN = 60
PROBLEMS_SHOWN = 100
UNDERSTOOD_SHOWN = 100


@dataclass(frozen=True)
class UnitChoice:
    """A unit whose values the reader may see; may_enter: and write."""

    id: int
    slug: str
    name: Text
    may_enter: bool
    has_values: bool


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, PAGE, policy=Policy.READER)
    def indicator(request: Request, slug: str) -> Response:
        return show(site, request, slug, request.query_params.get("unit", ""))

    @get_page(router, f"{PAGE}/template.xlsx", policy=Policy.READER)
    def template(request: Request, slug: str) -> Response:
        return _template(site, request, slug)

    @get_page(router, f"{PAGE}/{{unit}}", policy=Policy.READER)
    def in_unit(request: Request, slug: str, unit: str) -> Response:
        return show(site, request, slug, unit)

    @post_form(router, FORM, policy=Policy.READER)
    async def enter(request: Request, slug: str) -> Response:
        given = await read_own_form(request)
        try:
            sent = await read_sent(given)
        finally:
            await given.close()
        return await run_in_threadpool(_take, site, request, slug, sent)

    return router


def _take(site: Site, request: Request, slug: str, sent: Sent) -> Response:
    """Look at what was sent, or save it, and show the page again with what became of it."""
    one = get_indicator(site.catalogue.indicators, slug)
    found = receive(site, request, one, sent)
    status = 422 if found.error or (found.done and found.done.refused) else 200
    return show(site, request, slug, sent.unit, done=found.done, saved=found.saved, error=found.error,
                again=found.again, status=status)  # fmt: skip


def show(
    site: Site,
    request: Request,
    slug: str,
    unit: str,
    *,
    done: Imported | None = None,
    saved: bool = False,
    error: str = "",
    again: str = "",
    status: int = 200,
) -> Response:
    """Write the page. done: what became of values that were sent; again: them, to be saved with one button."""
    reader = site.reader(request)
    one = get_indicator(site.catalogue.indicators, slug)
    with site.reading(request) as session:
        units = _units(site, request, session, one)
        chosen = _chosen(units, unit)
        wanted = ObservationFilter((one.id,), (chosen.id,) if chosen else ())
        lines = list_observations(session, wanted, limit=VALUES_SHOWN, newest_first=True)
        former = former_values(session, [line.id for line in lines])
        block = read_chart_block(session, one, chosen.id, site=site, reader=reader) if chosen else None
    return site.page(
        reader,
        "indicator.html.j2",
        status=status,
        one=one,
        set_title=site.catalogue.indicator_sets[one.set],
        units=units,
        names={choice.id: choice.name for choice in units},
        chosen=chosen,
        lines=lines,
        former=former,
        block=block,
        period=lambda day: spelled(one.frequency, day),
        form=form(request),
        may_enter=any(choice.may_enter for choice in units),
        done=done,
        saved=saved,
        error=error,
        again=again,
        most_problems=PROBLEMS_SHOWN,
        most_rows=UNDERSTOOD_SHOWN,
        catalogue=site.catalogue.indicators,
        spelled=spelled,
    )


def _units(site: Site, request: Request, session: Session, one: Indicator) -> tuple[UnitChoice, ...]:
    """List the units that the reader may see, or enter values of."""
    asker, people = who(request), directory(session)
    on = site.calendar.local_date(site.clock())
    entering = set(units_to_enter(people, one, person_id=asker.person_id, on=on)) if asker.person_id else set()
    filled = set(units_with_values(session, one.id))
    return tuple(
        UnitChoice(
            key, unit.slug, Text(unit.name_en or unit.slug, unit.name_zh or unit.slug), key in entering, key in filled
        )
        for key, unit in people.units.items()
        if asker.sight.everything or key in asker.sight.figures_of or key in entering
    )


def _chosen(units: tuple[UnitChoice, ...], slug: str) -> UnitChoice | None:
    """Take the unit asked for, else one with values, one to enter, any; a foreign one is as if it were not there."""
    by_slug: Mapping[str, UnitChoice] = {unit.slug: unit for unit in units}
    if slug and slug not in by_slug:
        raise HTTPException(404)
    ranked = sorted(units, key=lambda unit: (not unit.has_values, not unit.may_enter))
    return by_slug.get(slug) or next(iter(ranked), None)


def _template(site: Site, request: Request, slug: str) -> Response:
    reader = site.reader(request)
    one = get_indicator(site.catalogue.indicators, slug)
    with site.reading(request) as session:
        chosen = _chosen(_units(site, request, session, one), request.query_params.get("unit", ""))
        today = site.calendar.local_date(reader.now)
        offer = offer_of(session, indicators_of(site.catalogue, one.set), chosen.slug if chosen else None, today=today)
    name = f"{one.set}-{chosen.slug if chosen else 'all'}.xlsx"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(template_bytes(offer, reader.language), media_type=XLSX, headers=disposition)
