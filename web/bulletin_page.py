"""The pages of monthly bulletins: what the assessments of a unit found, what was missed, where its cycles stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter
from markupsafe import Markup
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from config.indicators import Frequency
from config.periods import after, read_period, spelled
from config.words import Refused, Text
from engine.bulletins import units_in
from engine.data_requests import TEMPLATE
from engine.people import directory
from models.assessment import AssessmentStatus
from models.people import Unit
from models.pictures import draw_record_small
from models.reads.bulletins import BulletinLine, cycles_in, list_bulletins, read_bulletin
from web.access import Policy, who
from web.routes import get_page
from web.site import Paging, Site, page_number

LINES = 20  # with their pictures they stay below 100 KB
CYCLES = 12  # shown at once, so that a bulletin prints on one sheet
KINDS = {
    "concern": ("s-overdue", "■", Text("signal of concern", "预警")),
    "improvement": ("s-done", "◆", Text("improvement", "改善")),
    "neutral": ("s-level", "▲", Text("unusual", "异常波动")),
    "common": ("s-waiting", "●", Text("as usual", "平稳")),
}
HELD = {
    "pass": Text("meets the target reliably", "稳定达标"),
    "fail": Text("misses the target reliably", "稳定不达标"),
    "inconsistent": Text("meets the target by chance", "时达时不达"),
    "not_known": Text("", ""),
}


@dataclass(frozen=True)
class Shown:
    """One line with its picture (SVG)."""

    line: BulletinLine
    picture: Markup


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, "/bulletins", policy=Policy.READER)
    def bulletins(request: Request) -> Response:
        return _list(site, request)

    @get_page(router, "/bulletins/{unit}/{period}", policy=Policy.READER)
    def bulletin(request: Request, unit: str, period: str) -> Response:
        return _show(site, request, unit, period)

    return router


def _list(site: Site, request: Request) -> Response:
    sight = who(request).sight
    with site.reading(request) as session:
        sent = list_bulletins(session)
    seen = [one for one in sent if sight.everything or one.unit_id in sight.unit_ids]
    return site.page(site.reader(request), "bulletins.html.j2", sent=seen, month=_spelled)


def _show(site: Site, request: Request, unit: str, period: str) -> Response:
    """Write the bulletin of a unit, a page of its lines at a time."""
    reader, number = site.reader(request), page_number(request)
    month = _month(period)
    with site.reading(request) as session:
        here = _unit(request, session, unit)
        below = units_in(directory(session), here.id)
        view = read_bulletin(session, below, month)
        cycles = cycles_in(session, below, now=reader.now, without=TEMPLATE)
    return site.page(
        reader,
        "bulletin.html.j2",
        unit=here,
        unit_name=Text(here.name_en, here.name_zh),
        month=_spelled(month),
        before=_spelled(after(Frequency.MONTH, month, -1)),
        following=_spelled(after(Frequency.MONTH, month)),
        view=view,
        lines=_shown(view.lines, Paging.offset(number, LINES), reader.language),
        stand=AssessmentStatus,
        kinds=KINDS,
        held=HELD,
        cycles=cycles,
        most_cycles=CYCLES,
        indicators=site.catalogue.indicators,
        period=lambda line: _period(site, line),
        paging=Paging.of(len(view.lines), number, per_page=LINES),
    )


def _shown(lines: Sequence[BulletinLine], first: int, language: str) -> list[Shown]:
    """Draw one page of the lines; the pictures' names are unlike within the bulletin."""
    return [
        Shown(line, _picture(line, language, f"_c{n}")) for n, line in enumerate(lines[first : first + LINES], first)
    ]


def _spelled(month: date) -> str:
    return spelled(Frequency.MONTH, month)


def _month(written: str) -> date:
    try:
        return read_period(written, Frequency.MONTH)
    except Refused:
        raise HTTPException(404) from None


def _unit(request: Request, session: Session, slug: str) -> Unit:
    """Find the unit; a foreign one is as if it were not there."""
    sight = who(request).sight
    for key, unit in directory(session).units.items():
        if unit.slug == slug and (sight.everything or key in sight.unit_ids):
            return unit
    raise HTTPException(404)


def _period(site: Site, line: BulletinLine) -> str:
    one = site.catalogue.indicators.get(line.indicator)
    return spelled(one.frequency if one else Frequency.MONTH, line.period_on)


def _picture(line: BulletinLine, language: str, name: str) -> Markup:
    # Every text in it was escaped when it was drawn.
    return Markup(draw_record_small(line.record, language, name=name)) if line.record else Markup("")  # noqa: S704
