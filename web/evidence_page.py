"""Evidence is handed out to whoever may see its task, as it was handed in."""

from fastapi import APIRouter
from sqlmodel import select
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from config.numbers import row_number
from engine.evidence import TYPES
from models.task import Evidence
from web.access import Policy
from web.downloads import download
from web.routes import get_page
from web.site import Site

# Text can pass for a page; a browser that is told nothing of it only saves it.
NAMED = frozenset(media_type for media_type, _ in TYPES.values() if not media_type.startswith("text/"))
UNNAMED = "application/octet-stream"


def pages(site: Site) -> APIRouter:
    """Make the route."""
    router = APIRouter()

    @get_page(router, "/evidence/{number}", policy=Policy.READER)
    def evidence(request: Request, number: str) -> Response:
        wanted = row_number(number)
        with site.reading(request) as session:
            found = session.exec(select(Evidence).where(Evidence.id == wanted)).one_or_none()
            if found is None:
                raise HTTPException(404)
            media_type = found.media_type if found.media_type in NAMED else UNNAMED
            return download(found.content, found.name, media_type)

    return router
