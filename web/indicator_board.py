"""The board of all indicators: a small picture with its icons for each indicator and unit, by set, unit and page."""

from dataclasses import dataclass

from fastapi import APIRouter
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from config.indicators import Indicator
from config.periods import spelled
from config.words import Text
from engine.boards import list_places, look_at
from engine.people import Directory, directory
from engine.rules import Rules
from engine.scopes import Place
from models.pictures import draw_record_small
from models.reads.bulletins import FALSE_RATE
from models.records import Point, Record
from spc.icons import Variation
from web.access import Policy, who
from web.indicator_words import Mark, assurance_mark, variation_mark
from web.routes import get_page
from web.site import Paging, Site, page_number

LIST = "/indicators"
PER_BOARD = 12
COMMON = Variation.COMMON_CAUSE.value


@dataclass(frozen=True)
class Tile:
    """One indicator in one unit; `picture` is SVG, `newest` the last point with a value."""

    indicator: Indicator
    unit: str
    unit_name: Text
    record: Record
    newest: Point | None
    picture: Markup

    @property
    def variation(self) -> Mark:
        """Give the look, shape and words of what the newest point says."""
        return variation_mark(self.record.variation)

    @property
    def assurance(self) -> Mark | None:
        """Give the look, letter and words of whether the target can be met; None without a target."""
        return assurance_mark(self.record.assurance)

    @property
    def period(self) -> str:
        """Name the period of the newest value."""
        return spelled(self.indicator.frequency, self.newest.period) if self.newest else ""


@dataclass(frozen=True)
class Chosen:
    """What the reader wants to see; empty: everything."""

    set: str
    unit: str


def pages(site: Site) -> APIRouter:
    """Make the route."""
    router = APIRouter()

    @get_page(router, LIST, policy=Policy.READER)
    def board(request: Request) -> Response:
        return _board(site, request)

    return router


def _board(site: Site, request: Request) -> Response:
    reader, number = site.reader(request), page_number(request)
    chosen = Chosen(request.query_params.get("set", ""), request.query_params.get("unit", ""))
    wanted = _indicators(site, chosen)
    with site.reading(request) as session:
        people = directory(session)
        units = seen_units(request, people)
        unit_ids = _unit_ids(units, chosen)
        places = list_places(session, wanted, unit_ids, people)
        paging = Paging.of(len(places), number, per_page=PER_BOARD)
        shown = places[Paging.offset(number, PER_BOARD) :][:PER_BOARD]
        rules = Rules(site.calendar, site.catalogue)
        records = look_at(session, shown, people, rules=rules, now=reader.now)
        tiles = [
            _tile(place, record, people, reader.language, i)
            for i, (place, record) in enumerate(zip(shown, records, strict=True))
            if record
        ]
    held = {place.indicator.id for place in places}
    return site.page(
        reader,
        "indicators.html.j2",
        tiles=tiles,
        n_places=len(places),
        n_special=sum(tile.record.variation != COMMON for tile in tiles),
        by_chance=FALSE_RATE * len(tiles),
        without=[one for one in wanted if one.id not in held],
        sets=site.catalogue.indicator_sets,
        units=units,
        chosen=chosen,
        paging=paging,
        may_plan=who(request).is_office,
    )


def seen_units(request: Request, people: Directory) -> dict[str, tuple[int, Text]]:
    """List the units whose figures the reader may see: id and name by slug, in the order of the names."""
    sight = who(request).sight
    found = {
        unit.slug: (key, Text(unit.name_en or unit.slug, unit.name_zh or unit.slug))
        for key, unit in people.units.items()
        if sight.everything or key in sight.figures_of
    }
    return dict(sorted(found.items()))


def _indicators(site: Site, chosen: Chosen) -> list[Indicator]:
    if chosen.set and chosen.set not in site.catalogue.indicator_sets:
        raise HTTPException(404)
    return [one for one in site.catalogue.indicators.values() if chosen.set in ("", one.set)]


def _unit_ids(units: dict[str, tuple[int, Text]], chosen: Chosen) -> list[int]:
    """Take the chosen unit; one that may not be seen is as if it were not there."""
    if chosen.unit and chosen.unit not in units:
        raise HTTPException(404)
    return [key for slug, (key, _) in units.items() if chosen.unit in ("", slug)]


def _tile(place: Place, record: Record, people: Directory, language: str, number: int) -> Tile:
    unit = people.units[place.unit_id]
    # Every text in it was escaped when it was drawn.
    picture = Markup(draw_record_small(record, language, name=f"_small-{number}"))  # noqa: S704
    valued = [point for point in record.points if point.value is not None]
    name = Text(unit.name_en or unit.slug, unit.name_zh or unit.slug)
    return Tile(place.indicator, unit.slug, name, record, valued[-1] if valued else None, picture)
