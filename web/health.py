"""Whether the pages, the database and the loops are well, for whoever watches the machine."""

from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.health import PERIODS
from models.errors import WardcycleError
from models.queries import heartbeats, oldest_due
from models.reads.armour import shut_channels, shut_valve
from web.access import Policy, is_open, who
from web.routes import get_page
from web.site import Site

LATE = timedelta(minutes=15)  # loops come round every minute or so; a quarter of an hour is no hiccup


def pages(site: Site) -> APIRouter:
    """Make the route."""
    router = APIRouter()

    @get_page(router, "/healthz", policy=Policy.PUBLIC)
    def healthz(request: Request) -> Response:
        return _look(site, request)

    return router


def _look(site: Site, request: Request) -> Response:
    now, is_told = site.clock(), is_open(site.settings)
    try:
        site.database.check()
        is_told = who(request).how is not None
        with site.database.reading() as session:
            due, beats = oldest_due(session), heartbeats(session)
            shut, valve = shut_channels(session), shut_valve(session)
    except WardcycleError as error:
        return JSONResponse({"status": "red"} | ({"database": str(error)} if is_told else {}), 503)
    waiting_s = max(0.0, (now - due).total_seconds()) if due else 0.0
    silent = sorted(loop for loop, beat_at in beats.items() if now - beat_at > _late(loop))
    is_well = not silent and waiting_s <= LATE.total_seconds() and not shut and not valve
    if not is_told:  # strangers learn whether all is well, and nothing else
        return JSONResponse({"status": "green" if is_well else "red"}, 200 if is_well else 503)
    facts = {
        "status": "green" if is_well else "red",
        "database": "reachable",
        "oldest_due_age_s": round(waiting_s),
        "loops": {loop: _age(beat_at, now) for loop, beat_at in sorted(beats.items())},
        "silent": silent,
        "shut_channels": {one.channel: {"since_s": _age(one.since_at, now), "why": one.why} for one in shut},
        "valve": {"since_s": _age(valve.since_at, now), "waiting": valve.n_waiting} if valve else None,
    }
    return JSONResponse(facts, 200 if is_well else 503)


def _late(loop: str) -> timedelta:
    """Say after how long a loop is late; those that come round less often have three times their period."""
    return max(LATE, 3 * PERIODS.get(loop, timedelta(0)))


def _age(moment: datetime, now: datetime) -> int:
    return round((now - moment).total_seconds())
