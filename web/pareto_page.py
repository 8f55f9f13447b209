"""A Pareto chart out of two columns that somebody pastes or uploads; nothing of it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from engine.own_pareto import LONGEST, TITLE, draw_counts, pareto_of, read_counts, tell_pareto
from models.errors import WardcycleError
from web.access import Policy, form, read_own_form
from web.downloads import SVG, download
from web.forms import files_of, text_of
from web.indicator_entry import MOST_PASTED, NothingSent, TooMuchPasted
from web.routes import get_page, post_form
from web.site import Site

PAGE = "/pareto"


@dataclass(frozen=True)
class _Sent:
    """What a form brought. counts: by category; error: why there are none."""

    how: str = ""
    title: str = ""
    cells: str = ""
    counts: Mapping[str, float] | None = None
    error: WardcycleError | None = None


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, PAGE, policy=Policy.READER)
    def pareto(request: Request) -> Response:
        return _show(site, request, _Sent())

    @post_form(router, PAGE, policy=Policy.READER)
    async def draw(request: Request) -> Response:
        async with read_own_form(request) as given:
            sent = await _read(given)
        return await run_in_threadpool(_draw, site, request, sent)

    return router


async def _read(given: FormData) -> _Sent:
    how, title = text_of(given, "how"), " ".join(text_of(given, "title").split())[:LONGEST]
    cells, files = text_of(given, "cells"), await files_of(given, "file")
    try:
        if len(cells) > MOST_PASTED:
            raise TooMuchPasted
        if cells.strip():
            return _Sent(how, title, cells, read_counts("cells", cells.encode("utf-8", "replace")))
        if files:
            return _Sent(how, title, "", read_counts(files[0].name, files[0].content))
        raise NothingSent
    except WardcycleError as error:
        return _Sent(how, title, cells[:MOST_PASTED], None, error)


def _draw(site: Site, request: Request, sent: _Sent) -> Response:
    """Show the chart on the page, or hand out its picture."""
    if sent.how != "svg" or sent.counts is None:
        return _show(site, request, sent)
    reader = site.reader(request)
    title = sent.title or reader.word(TITLE)
    picture = draw_counts(pareto_of(sent.counts, reader.language), sent.counts, title, reader.language)
    return download(picture.encode("utf-8"), f"{title}.svg", SVG)


def _show(site: Site, request: Request, sent: _Sent) -> Response:
    reader, counts = site.reader(request), sent.counts
    pareto = pareto_of(counts, reader.language) if counts else None
    picture = draw_counts(pareto, counts, sent.title, reader.language, "_pareto") if pareto and counts else ""
    return site.page(
        reader,
        "pareto.html.j2",
        status=422 if sent.error else 200,
        sent=sent,
        pareto=pareto,
        said=[reader.word(one) for one in tell_pareto(pareto, counts)] if pareto and counts else [],
        picture=Markup(picture),  # noqa: S704  # every text in it was escaped when it was drawn
        again="\n".join(f"{name}\t{count:.10g}" for name, count in (counts or {}).items()),
        error=sent.error.text(reader.language) if sent.error else "",
        most_title=LONGEST,
        form=form(request),
    )
