"""The page of one cycle: the wheel, the stages with their tasks, what was sent, what happened."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.rules import Rules
from models.queries import cycle_history, cycle_view, get_cycle
from web.access import Policy, known
from web.aim_block import read_aim_block
from web.aim_page import may_set_aim
from web.gate_asks import OF_THE_AIM
from web.origin_links import read_origin_link
from web.routes import get_page
from web.site import Paging, Site, page_number

HISTORY = 20  # rows of history on one page
FEW, MANY = 6, 2  # messages shown of each task: all are a click away
LARGE = 16  # tasks


def pages(site: Site) -> APIRouter:
    """Make the route."""
    router = APIRouter()

    @get_page(router, "/cycles/{code}", policy=Policy.READER)
    def cycle(request: Request, code: str) -> Response:
        return _show(site, request, code)

    return router


def _show(site: Site, request: Request, code: str) -> Response:
    reader, number = site.reader(request), page_number(request, "history")
    with site.reading(request) as session:
        view = cycle_view(session, code, now=reader.now)
        history = cycle_history(session, code, limit=HISTORY, offset=Paging.offset(number, HISTORY))
        today = site.calendar.local_date(reader.now)
        rules = Rules(site.calendar, site.catalogue)
        block = read_aim_block(session, view, rules=rules, language=reader.language, on=today)
        asker, own = known(request).person_id, get_cycle(session, code)
        origin = read_origin_link(session, own.id)
        may_aim = may_set_aim(session, own, rules=rules, reader=reader, person_id=asker)
    return site.page(
        reader,
        "cycle.html.j2",
        cycle=view,
        block=block,
        origin=origin,
        may_aim=may_aim,
        of_the_aim=OF_THE_AIM,
        history=history,
        paging=Paging.of(history.n_all, number, "history", HISTORY),
        n_messages=MANY if len(view.tasks()) > LARGE else FEW,
    )
