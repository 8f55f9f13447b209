"""The page of one cycle: the wheel, the stages with their tasks, what was sent, what happened."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from models.queries import cycle_history, cycle_view
from web.routes import get_page
from web.site import Paging, Site, page_number

HISTORY = 20  # rows of history on one page
FEW, MANY = 6, 2  # messages shown of each task: all are a click away
LARGE = 16  # tasks


def pages(site: Site) -> APIRouter:
    """Make the route."""
    router = APIRouter()

    @get_page(router, "/cycles/{code}")
    def cycle(request: Request, code: str) -> Response:
        reader, number = site.reader(request), page_number(request, "history")
        with site.database.reading() as session:
            view = cycle_view(session, code, now=reader.now)
            history = cycle_history(session, code, limit=HISTORY, offset=Paging.offset(number, HISTORY))
        return site.page(
            reader,
            "cycle.html.j2",
            cycle=view,
            history=history,
            paging=Paging.of(history.n_all, number, "history", HISTORY),
            n_messages=MANY if len(view.tasks()) > LARGE else FEW,
        )

    return router
