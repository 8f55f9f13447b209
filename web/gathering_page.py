"""Gatherings for those who run them: entering one, the code on the screen, who came, who is missing."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.numbers import row_number, whole
from config.words import Text
from engine.attendance import check_in, find_person
from engine.deed import Deed
from engine.gathering_forms import attendance_bytes, read_questions
from engine.gatherings import GivenGathering, add_gathering, may_hold, questions_of, require_may_hold
from engine.people import directory
from engine.rules import Rules
from models.activity import CameBy
from models.cycle import Cycle, CycleStatus
from models.errors import NotFound, Refused
from models.queries import get_cycle
from models.reads.gatherings import GatheringView, find_gathering, list_gatherings
from web.access import DOOR, Policy, form, known, read_own_fields
from web.attend_page import code_now
from web.downloads import XLSX, download
from web.forms import FieldWrong
from web.qr import draw_qr
from web.routes import get_page, post_form
from web.site import Site

OF_CYCLE, ONE = "/cycles/{code}/gatherings", "/gatherings/{number}"
FIELDS = ("title", "place", "starts_at", "minutes", "invited", "questions")


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, OF_CYCLE, policy=Policy.READER)
    def of_cycle(request: Request, code: str) -> Response:
        return _show_all(site, request, code)

    @post_form(router, OF_CYCLE, policy=Policy.READER)
    async def add(request: Request, code: str) -> Response:
        typed = await read_own_fields(request, FIELDS)
        return await run_in_threadpool(_add, site, request, code, typed)

    @get_page(router, ONE, policy=Policy.READER)
    def one(request: Request, number: str) -> Response:
        return _show(site, request, number)

    @post_form(router, ONE, policy=Policy.READER)
    async def by_hand(request: Request, number: str) -> Response:
        typed = await read_own_fields(request, ("name",))
        return await run_in_threadpool(_by_hand, site, request, number, typed["name"][:200])

    @get_page(router, f"{ONE}/code", policy=Policy.READER)
    def code(request: Request, number: str) -> Response:
        return _code(site, request, number)

    @get_page(router, f"{ONE}/list.xlsx", policy=Policy.READER)
    def as_excel(request: Request, number: str) -> Response:
        view, reader = _view(site, request, number, holding=True), site.reader(request)
        made = attendance_bytes(view, reader.language, site.calendar.zone)
        return download(made, f"attendance-{number}.xlsx", XLSX)

    return router


def _add(site: Site, request: Request, code: str, typed: Mapping[str, str]) -> Response:
    reader, by, rules = site.reader(request), known(request).person_id, Rules(site.calendar, site.catalogue)
    with site.reading(request) as session:
        cycle_id = get_cycle(session, code).id  # whoever does not see the cycle finds none
    try:
        given = _given(site, typed)
        with site.database.transaction(DOOR) as session:
            number = add_gathering(session, cycle_id, given, rules=rules, by=by, now=reader.now).id
    except Refused as error:
        return _show_all(site, request, code, typed=typed, error=error)
    return RedirectResponse(reader.link(f"/gatherings/{number}"), 303)


def _by_hand(site: Site, request: Request, number: str, name: str) -> Response:
    """Enter somebody who could not check in."""
    reader, by, rules = site.reader(request), known(request).person_id, Rules(site.calendar, site.catalogue)
    view = _view(site, request, number, holding=True)
    try:
        with site.database.transaction(DOOR) as session:
            person = find_person(directory(session), name, rules=rules, now=reader.now)
            check_in(session, view.gathering.id, person, came_by=CameBy.HAND, rules=rules, now=reader.now, by=by)
    except Refused as error:
        return _show(site, request, number, typed=name, error=error)
    return RedirectResponse(f"{reader.link(f'/gatherings/{number}')}#present", 303)


def _show_all(
    site: Site, request: Request, code: str, *, typed: Mapping[str, str] | None = None, error: Refused | None = None
) -> Response:
    reader = site.reader(request)
    with site.reading(request) as session:
        cycle = get_cycle(session, code)
        found = list_gatherings(session, cycle.id)
        holds = _holds(site, session, request, cycle) and cycle.status is CycleStatus.ACTIVE
        unit = directory(session).units[cycle.unit_id].slug
    return site.page(
        reader,
        "gatherings.html.j2",
        status=422 if error else 200,
        cycle=cycle,
        found=found,
        typed=typed or dict.fromkeys(FIELDS, "") | {"minutes": "60", "invited": unit},
        error=error.text(reader.language) if error else "",
        form=form(request) if holds else "",
    )


def _show(site: Site, request: Request, number: str, *, typed: str = "", error: Refused | None = None) -> Response:
    reader, view = site.reader(request), _view(site, request, number)
    with site.reading(request) as session:
        holds = _holds(site, session, request, view.cycle)
    return site.page(
        reader,
        "gathering.html.j2",
        status=422 if error else 200,
        view=view,
        one=view.gathering,
        questions=questions_of(view.gathering),
        holds=holds,
        typed=typed,
        error=error.text(reader.language) if error else "",
        form=form(request) if holds else "",
    )


def _code(site: Site, request: Request, number: str) -> Response:
    """Show the code that those who come read off the screen."""
    view, base = _view(site, request, number, holding=True), site.settings.base_url or str(request.base_url)
    brought = f"{base.rstrip('/')}/attend/{code_now(site, view.gathering)}"
    picture = draw_qr(brought, view.gathering.title)
    return site.page(site.reader(request), "gathering_code.html.j2", view=view, picture=picture, address=brought)


def _view(site: Site, request: Request, number: str, *, holding: bool = False) -> GatheringView:
    """Get a gathering that the reader sees; holding: also runs. Raises NotFound, NotAllowed."""
    with site.reading(request) as session:
        found = find_gathering(session, row_number(number))
        if found is None:
            raise NotFound(noun=Text("gathering", "场次"), name=number, mend=Text("", ""))
        if holding and not known(request).sight.everything:
            require_may_hold(_deed(site, session, request), found.cycle)
    return found


def _holds(site: Site, session: Session, request: Request, cycle: Cycle) -> bool:
    return known(request).person_id is not None and may_hold(_deed(site, session, request), cycle)


def _deed(site: Site, session: Session, request: Request) -> Deed:
    return Deed(session, Rules(site.calendar, site.catalogue), known(request).person_id or 0, site.clock())


def _given(site: Site, typed: Mapping[str, str]) -> GivenGathering:
    """Read the form. Raises FieldWrong, naming the field."""
    for name, words in (("title", Text("title", "名称")), ("place", Text("place", "地点"))):
        if not 1 <= len(typed[name]) <= 200:
            raise FieldWrong(field=words)
    try:
        starts_at = datetime.fromisoformat(typed["starts_at"]).replace(tzinfo=site.calendar.zone)
    except ValueError as error:
        raise FieldWrong(field=Text("beginning", "开始时间")) from error
    minutes = whole(typed["minutes"] or "60", most_digits=4)
    if minutes is None:
        raise FieldWrong(field=Text("minutes", "时长"))
    return GivenGathering(
        title=" ".join(typed["title"].split()),
        place=" ".join(typed["place"].split()),
        starts_at=starts_at,
        minutes=minutes,
        invited=tuple(typed["invited"].replace("，", ",").replace("\n", ",").split(",")),
        questions=read_questions(typed["questions"]),
    )
