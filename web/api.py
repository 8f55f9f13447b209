"""The JSON route for a hospital's own systems: values in and out, by token, with idempotency keys; no cookies."""

import re
from datetime import date
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from pydantic import BeforeValidator
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from config.indicators import Indicator
from config.periods import spelled
from config.words import Text
from engine.people import directory
from engine.rules import Rules
from engine.system_values import SentValue, take_values
from engine.systems import KeyUsedBefore, find_answer, keep_answer, lock_system, may_send
from models.errors import WardcycleError
from models.reads.observations import ObservationFilter, ObservationLine, list_observations
from models.systems import SystemToken
from web.api_shapes import Batch, Outcome, Page, Problems, Stored, outcome_of, path_of, problem
from web.api_token import TokenDoor
from web.site import Site

MOST_ROWS = 1_000
DESCRIPTION = """\
Values of indicators for the hospital's own systems. Each system has a token (`wardcycle indicator token NAME`).
A value that is there already changes nothing; another one for its period is a correction and keeps the former one.
A batch of the right shape is answered 200: read `refused` and `problems` in the answer."""


def _day_only(written: object) -> object:
    """Let only 2026-03-01 pass: a number alone would be read as seconds since 1970."""
    if isinstance(written, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", written):
        raise ValueError("write 2026-03-01")
    return written


_KEY = "The same key with the same body gets the same answer; with another body 409."
Key = Annotated[str | None, Header(min_length=1, max_length=200, pattern=r"^[!-~]+$", description=_KEY)]
Slug = Annotated[str | None, Query(pattern=r"^[a-z0-9-]+$", min_length=1, max_length=80)]
Day = Annotated[date | None, BeforeValidator(_day_only), Query(description="The first day of a period.")]
_SAID: dict[int | str, dict[str, object]] = {
    400: {"description": "The address or the body cannot be read"},
    401: {"model": Problems, "description": "No token, or one that is not known"},
    422: {"model": Problems, "description": "Another shape is wanted; nothing was stored"},
    429: {"model": Problems, "description": "Too many requests; see Retry-After"},
    503: {"model": Problems, "description": "The database does not answer, or the catalogue contradicts it"},
}
_SAID_OF_BATCH: dict[int | str, dict[str, object]] = {
    **_SAID,
    409: {"model": Problems, "description": "The key was used with another body"},
    413: {"model": Problems, "description": "The body is too large"},
}


def api(site: Site) -> FastAPI:
    """Make the application that is mounted at /api."""
    app = FastAPI(title="wardcycle", description=DESCRIPTION, version="1", docs_url=None, redoc_url=None)
    bearer = Depends(HTTPBearer(auto_error=False))
    rules = Rules(site.calendar, site.catalogue)

    @app.post("/observations", dependencies=[bearer], response_model=Outcome, responses=_SAID_OF_BATCH)
    async def put(request: Request, batch: Batch, idempotency_key: Key = None) -> Response:
        body = await request.body()
        return await run_in_threadpool(_put, site, rules, request.state.system, batch, body, idempotency_key)

    @app.get("/observations", dependencies=[bearer], response_model=Page, responses=_SAID)
    def find(
        request: Request,
        indicator: Slug = None,
        unit: Slug = None,
        first: Day = None,
        last: Day = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = MOST_ROWS,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    ) -> Response:
        wanted = ObservationFilter(None if indicator is None else (indicator,), None, first, last)
        return _find(site, request.state.system, wanted, unit, limit, offset)

    _explain(app)
    app.add_middleware(TokenDoor, site=site)
    return app


def _put(site: Site, rules: Rules, system: SystemToken, batch: Batch, body: bytes, key: str | None) -> Response:
    """Take the batch, or give the answer that this key was given before; both in one transaction."""
    now = site.clock()
    sent = [SentValue(**dict(one)) for one in batch.observations]
    why = "".join(letter for letter in batch.why if letter.isprintable())
    with site.database.transaction(f"api:{system.system}"[:20]) as session:
        lock_system(session, system)
        kept = find_answer(session, system, key, body) if key else None
        if kept is not None:
            return _json(kept.answer, {"Idempotent-Replayed": "true"})
        taken = take_values(session, system, sent, rules=rules, now=now, why=why, whole=batch.all_or_nothing)
        answer = outcome_of(taken).model_dump_json()
        if key:
            keep_answer(session, system, key, body, answer=answer, now=now)
    return _json(answer)


def _find(
    site: Site, system: SystemToken, wanted: ObservationFilter, unit: str | None, limit: int, offset: int
) -> Response:
    with site.database.reading() as session:
        people = directory(session)
        units = [key for key, one in people.units.items() if may_send(people, system, key) and unit in (None, one.slug)]
        of_these = ObservationFilter(wanted.indicators, units, wanted.first, wanted.last)
        lines = list_observations(session, of_these, limit=limit + 1, offset=offset)
    indicators = site.catalogue.indicators
    rows = [_stored(one, indicators[one.indicator]) for one in lines[:limit] if one.indicator in indicators]
    page = Page(observations=rows, next_offset=offset + limit if len(lines) > limit else None)
    return _json(page.model_dump_json())


def _stored(line: ObservationLine, one: Indicator) -> Stored:
    return Stored(
        indicator=line.indicator,
        unit=line.unit,
        period=spelled(one.frequency, line.period_on),
        value=line.value,
        denominator=line.denominator,
        provisional=line.provisional,
        note=line.note,
        corrections=line.no,
    )


def _explain(app: FastAPI) -> None:
    def misshapen(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = error.errors()
        status = 400 if any(one["type"] == "json_invalid" for one in found) else 422
        # Never what was sent: it may be what nobody should see, or what JSON cannot write.
        said = [(path_of(one["loc"]), Text(one["msg"], f"不符合格式：{one['msg']}")) for one in found]
        return _refusal(status, *said)

    def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, WardcycleError)
        status = 409 if isinstance(error, KeyUsedBefore) else 503
        return _refusal(status, ("", Text(error.text("en"), error.text("zh"))))

    def unusual(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = _refusal(error.status_code, ("", Text(str(error.detail), str(error.detail))))
        response.headers.update(error.headers or {})
        return response

    app.add_exception_handler(RequestValidationError, misshapen)
    app.add_exception_handler(WardcycleError, refused)
    app.add_exception_handler(HTTPException, unusual)


def _refusal(status: int, *said: tuple[str, Text]) -> Response:
    return JSONResponse(Problems(problems=[problem(path, text) for path, text in said]).model_dump(), status)


def _json(text: str, headers: dict[str, str] | None = None) -> Response:
    return Response(text, 200, headers, "application/json")
