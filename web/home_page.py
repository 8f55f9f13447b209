"""The overview: numbers, who must act first, the cycles."""

from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from fastapi import APIRouter
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from engine.action_targets import list_actions
from engine.people import directory
from engine.rules import Rules
from engine.scoreboards import read_scoreboards
from engine.special_actions import hospital_of
from models.cycle import CycleStatus
from models.queries import CycleFilter, home_counts, list_cycles, must_act_first
from models.reads.special_actions import open_actions
from models.scoreboard import Scoreboard
from web.access import Policy, who
from web.action_words import asked_words, stand_mark
from web.routes import get_page
from web.site import PER_PAGE, Paging, Site, page_number

PDCA = ("plan", "do", "check", "act")
OneOf = TypeVar("OneOf", bound=StrEnum)


def pages(site: Site) -> APIRouter:
    """Make the route."""
    router = APIRouter()

    @get_page(router, "/", policy=Policy.READER)
    def home(request: Request) -> Response:
        return _show(site, request)

    return router


def _show(site: Site, request: Request) -> Response:
    reader, number = site.reader(request), page_number(request)
    wanted = _wanted(request)
    with site.reading(request) as session:
        counts = home_counts(session, now=reader.now)
        first = must_act_first(session, now=reader.now, limit=8)
        cycles = list_cycles(session, wanted, now=reader.now, limit=PER_PAGE, offset=Paging.offset(number))
        actions = running_actions(session, site, reader.now) if who(request).is_office else ()
    others = sum(n for slug, n in counts.by_stage.items() if slug not in PDCA)
    return site.page(
        reader,
        "home.html.j2",
        counts=counts,
        others=others,
        first=first,
        cycles=cycles,
        actions=actions,
        stand_mark=stand_mark,
        asked_words=asked_words,
        wanted=wanted,
        shown=request.query_params.get("status", ""),
        paging=Paging.of(cycles.n_all, number),
        statuses=list(CycleStatus),
    )


def running_actions(session: Session, site: Site, now: datetime) -> tuple[Scoreboard, ...]:
    """Read where the special actions stand that run; none costs nothing."""
    running = set(open_actions(session))
    wanted = [one for one in list_actions(site.catalogue) if one.template.id in running]
    if not wanted:
        return ()
    hospital = hospital_of(directory(session), None).id
    return read_scoreboards(session, wanted, hospital, rules=Rules(site.calendar, site.catalogue), now=now)


def one_of(members: type[OneOf], text: str) -> OneOf | None:
    """Read a member by its value; None for anything else."""
    return next((member for member in members if member.value == text), None)


def _wanted(request: Request) -> CycleFilter:
    asked = request.query_params
    status = one_of(CycleStatus, asked.get("status", ""))
    return CycleFilter(
        status=status,
        is_open=status is None and asked.get("status") != "all",
        stage=asked.get("stage") or None,
        unit=asked.get("unit") or None,
        overdue=asked.get("overdue") == "1",
        text=asked.get("q", "").strip()[:100],
    )
