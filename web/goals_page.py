"""The goals of a year: what the hospital adopted, what each department aims at, what was measured."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.numbers import whole
from config.periods import EARLIEST_YEAR
from config.programme_parts import GoalYear
from config.words import Text
from engine.goal_values import GOAL_WORDS, GoalVerdict
from engine.people import directory
from engine.programme_words import STANDINGS
from engine.rules import Rules
from engine.yearly_goals import adopt_goals, goal_lines, set_goal
from models.errors import Refused
from web.access import DOOR, Policy, form, known, read_own_fields
from web.forms import FieldWrong
from web.routes import get_page, post_form
from web.site import Site

PAGE = "/goals"
FIELDS = ("how", "year", "unit", "code", "target")
MARKS = {
    GoalVerdict.REACHED: ("s-done", "✓"),
    GoalVerdict.IMPROVED: ("s-active", "↗"),
    GoalVerdict.NOT_IMPROVED: ("s-overdue", "✕"),
    GoalVerdict.CANNOT_TELL: ("s-waiting", "?"),
}


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, PAGE, policy=Policy.READER)
    def goals(request: Request) -> Response:
        return _show(site, request, request.query_params.get("year", ""))

    @post_form(router, PAGE, policy=Policy.OFFICE)
    async def change(request: Request) -> Response:
        typed = await read_own_fields(request, FIELDS)
        return await run_in_threadpool(_change, site, request, typed)

    return router


def _change(site: Site, request: Request, typed: Mapping[str, str]) -> Response:
    """Adopt the national goals of a year, or give a department its target."""
    reader, by, rules = site.reader(request), known(request).person_id, Rules(site.calendar, site.catalogue)
    try:
        year, target = _year(typed["year"]), _target(typed["target"])
        with site.database.transaction(DOOR) as session:
            if typed["how"] == "adopt":
                adopt_goals(session, year, typed["unit"], rules=rules, by=by, now=reader.now)
            else:
                set_goal(session, year, typed["code"], typed["unit"], target, rules=rules, by=by, now=reader.now)
    except Refused as error:
        return _show(site, request, typed["year"], typed=typed, error=error)
    return RedirectResponse(reader.link(PAGE, year=year), 303)


def _show(
    site: Site, request: Request, year: str, *, typed: Mapping[str, str] | None = None, error: Refused | None = None
) -> Response:
    reader, rules = site.reader(request), Rules(site.calendar, site.catalogue)
    national = _national(site)
    this_year = site.calendar.local_date(reader.now).year
    wanted = whole(year, most_digits=4) or this_year
    with site.reading(request) as session:
        lines = goal_lines(session, wanted, rules=rules, now=reader.now)
        units = list(directory(session).units.values())
    return site.page(
        reader,
        "goals.html.j2",
        status=422 if error else 200,
        year=wanted,
        years=sorted({*national, wanted, this_year}, reverse=True),
        source=national.get(wanted),
        standings=STANDINGS,
        lines=lines,
        adopted=[line for line in lines if line.goal.parent_id is None],
        units=units,
        words=GOAL_WORDS,
        marks=MARKS,
        typed=typed or dict.fromkeys(FIELDS, ""),
        error=error.text(reader.language) if error else "",
        form=form(request) if known(request).is_office else "",
    )


def _national(site: Site) -> dict[int, GoalYear]:
    """List the national goals by year; of several editions the newest counts."""
    editions = sorted(site.catalogue.programmes.values(), key=lambda one: one.period.start)
    return {goals.year: goals for edition in editions for goals in edition.goals}


def _year(written: str) -> int:
    year = whole(written, most_digits=4)
    if year is None or year < EARLIEST_YEAR:
        raise FieldWrong(field=Text("year", "年份"))
    return year


def _target(written: str) -> float | None:
    try:
        found = float(written) if written else None
    except ValueError as error:
        raise FieldWrong(field=Text("target", "目标值")) from error
    if found is not None and not abs(found) < 1e12:  # neither nan nor without end
        raise FieldWrong(field=Text("target", "目标值"))
    return found
