"""The report of a cycle on one page, to be read on the screen or printed on A3."""

from fastapi import APIRouter
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from config.words import Text
from engine.reports import read_report
from engine.rules import Rules
from models.pictures import draw_record
from models.queries import cycle_view
from models.records import Record
from web.access import Policy
from web.routes import get_page
from web.site import Site

ENDINGS = {
    "adopt": Text("adopted", "固化"),
    "adapt": Text("adapted", "调整"),
    "abandon": Text("abandoned", "放弃"),
    "continue": Text("continued", "继续"),
}


def pages(site: Site) -> APIRouter:
    """Make the route."""
    router = APIRouter()

    @get_page(router, "/cycles/{code}/a3", policy=Policy.READER)
    def a3(request: Request, code: str) -> Response:
        reader = site.reader(request)
        with site.reading(request) as session:
            view = cycle_view(session, code, now=reader.now)
            on, rules = site.calendar.local_date(reader.now), Rules(site.calendar, site.catalogue)
            report = read_report(session, view, rules=rules, on=on)
        if report is None:
            raise HTTPException(404)
        return site.page(
            reader,
            "a3.html.j2",
            cycle=view,
            report=report,
            baseline_picture=_drawn(report.baseline, reader.language, "_baseline"),
            result_picture=_drawn(report.result, reader.language, "_result"),
            ending=ENDINGS[report.ending.ending.value] if report.ending else None,
        )

    return router


def _drawn(record: Record | None, language: str, name: str) -> Markup:
    # Every text in it was escaped when it was drawn.
    return Markup(draw_record(record, language, name=name) if record else "")  # noqa: S704
