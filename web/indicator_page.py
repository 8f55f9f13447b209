"""The page of one indicator: what it counts, its values in a unit with their past, and the forms that take new ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from fastapi import APIRouter
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.indicators import Indicator
from config.periods import spelled
from config.words import Text
from engine.assessments import run_assessment
from engine.entry import units_to_enter
from engine.indicator_export import offer_of
from engine.indicator_files import marked_bytes, template_bytes
from engine.indicators import get_indicator, indicators_of
from engine.people import directory
from engine.rules import Rules
from models.reads.observations import (
    ObservationFilter,
    former_values,
    list_observations,
    units_with_values,
)
from web.access import DOOR, Policy, form, read_own_fields, read_own_form, who
from web.chart_block import read_chart_block
from web.downloads import XLSX, download
from web.indicator_entry import FORM, Received, Sent, read_sent, receive
from web.marked_copies import Copies
from web.routes import get_page, post_form
from web.site import Site

PAGE, ASSESS = "/indicators/{slug}", "/indicators/{slug}/assess"
MARKED = f"{PAGE}/marked/{{key}}"
VALUES_SHOWN = 60
PROBLEMS_SHOWN = 100
UNDERSTOOD_SHOWN = 100
NOTHING_SENT = Received()


@dataclass(frozen=True)
class UnitChoice:
    """A unit whose values the reader may see; may_enter: and write; may_assess: and look at once more, on record."""

    id: int
    slug: str
    name: Text
    may_enter: bool
    may_assess: bool
    has_values: bool


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, copies = APIRouter(), Copies()

    @get_page(router, PAGE, policy=Policy.READER)
    def indicator(request: Request, slug: str) -> Response:
        return _show(site, request, slug, request.query_params.get("unit", ""))

    @get_page(router, f"{PAGE}/template.xlsx", policy=Policy.READER)
    def template(request: Request, slug: str) -> Response:
        return _template(site, request, slug)

    @get_page(router, f"{PAGE}/{{unit}}", policy=Policy.READER)
    def in_unit(request: Request, slug: str, unit: str) -> Response:
        return _show(site, request, slug, unit)

    @get_page(router, MARKED, policy=Policy.READER)
    def marked(request: Request, slug: str, key: str) -> Response:
        kept = copies.find(who(request).person_id or 0, key, site.clock())
        if kept is None:
            raise HTTPException(404)
        return download(kept.content, kept.name, XLSX)

    @post_form(router, FORM, policy=Policy.READER)
    async def enter(request: Request, slug: str) -> Response:
        async with read_own_form(request) as given:
            sent = await read_sent(given)
        return await run_in_threadpool(_take, site, request, slug, sent, copies)

    @post_form(router, ASSESS, policy=Policy.READER)
    async def assess(request: Request, slug: str) -> Response:
        typed = await read_own_fields(request, ("unit",))
        return await run_in_threadpool(_assess, site, request, slug, typed["unit"])

    return router


def _assess(site: Site, request: Request, slug: str, unit: str) -> Response:
    """Assess an indicator in a unit now, as `wardcycle assess` does; the record is kept."""
    reader, one = site.reader(request), get_indicator(site.catalogue.indicators, slug)
    with site.reading(request) as session:
        chosen = next((found for found in _units(site, request, session, one) if found.slug == unit), None)
    if chosen is None or not chosen.may_assess or not chosen.has_values:
        raise HTTPException(404)
    with site.database.transaction(DOOR) as session:
        run_assessment(
            session,
            indicator=one.id,
            unit_id=chosen.id,
            as_of=reader.now,
            rules=Rules(site.calendar, site.catalogue),
            by=who(request).person_id,
            now=reader.now,
        )
    return RedirectResponse(f"{reader.link(f'/indicators/{slug}/{unit}')}#assessments", 303)


def _take(site: Site, request: Request, slug: str, sent: Sent, copies: Copies) -> Response:
    """Look at what was sent, or save it, and show the page again with what became of it."""
    one = get_indicator(site.catalogue.indicators, slug)
    found = receive(site, request, one, sent)
    return _show(site, request, slug, sent.unit, found, marked=_marked(site, request, sent, found, copies))


def _marked(site: Site, request: Request, sent: Sent, found: Received, copies: Copies) -> str:
    """Keep the file that was sent with its wrong cells marked; returns its name in the address, '' for none."""
    if not (found.done and found.done.refused and sent.tables):
        return ""
    reader = site.reader(request)
    content = marked_bytes(sent.tables, found.done, reader.language)
    name = f"{PurePath(sent.tables.name).stem.removesuffix('-refused')}-refused.xlsx"
    return copies.keep(who(request).person_id or 0, name, content, reader.now)


def _show(
    site: Site, request: Request, slug: str, unit: str, received: Received = NOTHING_SENT, *, marked: str = ""
) -> Response:
    """Write the page. received: what became of values that were sent; marked: the copy with its wrong cells marked."""
    reader = site.reader(request)
    one = get_indicator(site.catalogue.indicators, slug)
    with site.reading(request) as session:
        units = _units(site, request, session, one)
        chosen = _chosen(units, unit)
        values = _values(session, one, chosen)
        block = read_chart_block(session, one, chosen.id, site=site, reader=reader) if chosen else None
    return site.page(
        reader,
        "indicator.html.j2",
        status=422 if received.error or (received.done and received.done.refused) else 200,
        one=one,
        set_title=site.catalogue.indicator_sets[one.set],
        units=units,
        chosen=chosen,
        block=block,
        period=lambda day: spelled(one.frequency, day),
        form=form(request),
        may_enter=any(choice.may_enter for choice in units),
        **values,
        **_received(site, received, units, marked),
    )


def _values(session: Session, one: Indicator, chosen: UnitChoice | None) -> dict[str, object]:
    """Read the newest values, and what they were before they were corrected."""
    wanted = ObservationFilter((one.id,), (chosen.id,) if chosen else ())
    lines = list_observations(session, wanted, limit=VALUES_SHOWN, newest_first=True)
    return {"lines": lines, "former": former_values(session, [line.id for line in lines])}


def _received(site: Site, received: Received, units: Sequence[UnitChoice], marked: str) -> dict[str, object]:
    """Give what the page says of values that were sent."""
    return {
        "done": received.done,
        "saved": received.saved,
        "error": received.error,
        "again": received.again,
        "marked": marked,
        "names": {choice.id: choice.name for choice in units},
        "most_problems": PROBLEMS_SHOWN,
        "most_rows": UNDERSTOOD_SHOWN,
        "catalogue": site.catalogue.indicators,
        "spelled": spelled,
    }


def _units(site: Site, request: Request, session: Session, one: Indicator) -> tuple[UnitChoice, ...]:
    """List the units that the reader may see, or enter values of."""
    asker, people = who(request), directory(session)
    on = site.calendar.local_date(site.clock())
    entering = set(units_to_enter(people, one, person_id=asker.person_id, on=on)) if asker.person_id else set()
    filled = set(units_with_values(session, [one.id]).get(one.id, ()))
    return tuple(
        UnitChoice(
            key,
            unit.slug,
            Text(unit.name_en or unit.slug, unit.name_zh or unit.slug),
            may_enter=key in entering,
            may_assess=key in entering or (asker.is_office and asker.person_id is not None),
            has_values=key in filled,
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
    return download(template_bytes(offer, reader.language), name, XLSX)
