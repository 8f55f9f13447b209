"""What hangs on walls: a poster with the QR code of each department's form, and "you said, we did"."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.people import directory
from models.reads.feedback import list_said_and_done
from web.access import Policy
from web.feedback_words import name_of, places
from web.qr import draw_qr
from web.routes import get_page
from web.site import Paging, Site, page_number

PER_PAGE = 50


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()
    everybody = Policy.PUBLIC if site.catalogue.feedback.for_everybody else Policy.READER

    @get_page(router, "/feedback/said-and-done", policy=everybody)
    def board(request: Request) -> Response:
        return _board(site, request)

    @get_page(router, "/feedback/posters", policy=Policy.READER)
    def posters(request: Request) -> Response:
        with site.reading(request) as session:
            units = places(directory(session))
        return site.page(site.reader(request), "feedback_posters.html.j2", places=units)

    @get_page(router, "/feedback/posters/{unit}", policy=Policy.READER)
    def poster(request: Request, unit: str) -> Response:
        return _poster(site, request, unit)

    return router


def _board(site: Site, request: Request) -> Response:
    number = page_number(request)
    with site.database.reading() as session:  # each sentence was approved for everybody
        told = list_said_and_done(session, limit=PER_PAGE, offset=Paging.offset(number, PER_PAGE))
    paging = Paging.of(told.n_all, number, per_page=PER_PAGE)
    return site.page(site.reader(request), "said_and_done.html.j2", told=told, paging=paging)


def _poster(site: Site, request: Request, unit: str) -> Response:
    with site.reading(request) as session:
        found = next((one for one in directory(session).units.values() if one.slug == unit), None)
    if found is None:
        raise HTTPException(404)
    address = f"{site.settings.base_url.rstrip('/') or str(request.base_url).rstrip('/')}/feedback"
    reader = site.reader(request)
    picture = draw_qr(f"{address}?unit={unit}", reader.t("Form", "反馈表"))
    return site.page(reader, "feedback_poster.html.j2", unit=name_of(found), address=address, qr=picture)
