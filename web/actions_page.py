"""The special actions: five rows for the director, a scoreboard each, launching, looking again, keeping the roll-up."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.numbers import row_number
from config.periods import spelled
from config.programme import SpecialAction
from engine.action_targets import Action, get_action, list_actions
from engine.people import OFFICE, directory
from engine.rules import Rules
from engine.scoreboards import read_scoreboard, read_scoreboards
from engine.special_actions import hospital_of, keep_roll_up, look_again
from models.errors import NotFound, Refused
from models.people import Person
from models.reads.special_actions import latest_run, list_roll_ups
from models.scoreboard import Score, Scoreboard, Stand, scoreboard_from
from models.special_action import ActionRun, RollUp
from web.access import DOOR, Policy, form, known, read_own_fields, read_own_form, who
from web.action_words import asked_words, evidence_words, icons_of, stand_mark, target_of
from web.actions_form import Typed, launch_typed, typed_in
from web.routes import get_page, post_form
from web.site import Site

LIST, ONE, RUN = "/actions", "/actions/{slug}", "/actions/runs/{number}"


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, LIST, policy=Policy.READER)
    def actions(request: Request) -> Response:
        return _list(site, request)

    @post_form(router, LIST, policy=Policy.OFFICE)
    async def launch(request: Request) -> Response:
        async with read_own_form(request) as given:
            typed = typed_in(given)
        return await run_in_threadpool(_launch, site, request, typed)

    @get_page(router, RUN, policy=Policy.READER)
    def run(request: Request, number: str) -> Response:
        return _run(site, request, number)

    @get_page(router, ONE, policy=Policy.READER)
    def action(request: Request, slug: str) -> Response:
        return _one(site, request, slug)

    @post_form(router, ONE, policy=Policy.OFFICE)
    async def act(request: Request, slug: str) -> Response:
        typed = await read_own_fields(request, ("how",))
        return await run_in_threadpool(_act, site, request, slug, typed["how"])

    return router


def _launch(site: Site, request: Request, typed: Typed) -> Response:
    """Launch what was chosen; what a rule refuses is said on the page, with what was typed."""
    reader, by = site.reader(request), known(request).person_id
    try:
        with site.database.transaction(DOOR) as session:
            launch_typed(session, typed, rules=_rules(site), by=by, now=reader.now)
    except Refused as error:
        return _list(site, request, typed=typed, error=error)
    return RedirectResponse(reader.link(f"/actions/{typed.actions[0]}" if len(typed.actions) == 1 else LIST), 303)


def _act(site: Site, request: Request, slug: str, how: str) -> Response:
    reader, by, rules = site.reader(request), known(request).person_id, _rules(site)
    assert by is not None, "the gate of the form let only people pass"
    try:
        with site.database.transaction(DOOR) as session:
            if how == "keep":
                keep_roll_up(session, slug, None, rules=rules, by=by, now=reader.now)
            else:
                look_again(session, slug, None, rules=rules, by=by, now=reader.now)
    except NotFound:
        raise HTTPException(404) from None
    except Refused as error:
        return _one(site, request, slug, error=error)
    return RedirectResponse(reader.link(f"/actions/{slug}") + ("#kept" if how == "keep" else ""), 303)


def _list(site: Site, request: Request, *, typed: Typed | None = None, error: Refused | None = None) -> Response:
    reader, actions = site.reader(request), list_actions(site.catalogue)
    with site.database.reading() as session:  # sums of the whole hospital; what is nobody's business is taken out below
        people = directory(session)
        hospital = hospital_of(people, None)
        boards = read_scoreboards(session, actions, hospital.id, rules=_rules(site), now=reader.now)
    office = people.holders(OFFICE, hospital.id, reader.calendar.local_date(reader.now))
    idle = [board for board in boards if not board.code or board.is_over]
    return site.page(
        reader,
        "actions.html.j2",
        status=422 if error else 200,
        boards=[_narrowed(site, request, board) for board in boards],
        idle=idle,
        office=[people.persons[one] for one in office],
        typed=typed or Typed(tuple(board.action for board in idle), "", "", allow_unstaffed=False),
        error=error.text(reader.language) if error else "",
        **_common(site, request),
    )


def _one(
    site: Site, request: Request, slug: str, *, run: ActionRun | None = None, error: Refused | None = None
) -> Response:
    reader, action = site.reader(request), _action(site, slug)
    with site.database.reading() as session:
        people = directory(session)
        hospital = hospital_of(people, None)
        run = run or latest_run(session, slug, hospital.id)
        kept = list_roll_ups(session, run.id) if run else []
        shown = _kept(kept, request.query_params.get("kept", ""))
        if shown is not None:
            board = scoreboard_from(shown.record)
        elif run is not None:
            board = read_scoreboard(session, action, run, rules=_rules(site), now=reader.now)
        else:
            (board,) = read_scoreboards(session, [action], hospital.id, rules=_rules(site), now=reader.now)
    return site.page(
        reader,
        "action.html.j2",
        status=422 if error else 200,
        board=_narrowed(site, request, board),
        named=_named(action),
        kept=kept,
        kept_by=_names(kept, people.persons),
        shown=shown,
        error=error.text(reader.language) if error else "",
        **_common(site, request),
    )


def _run(site: Site, request: Request, number: str) -> Response:
    """Show the run that a cycle began from."""
    with site.database.reading() as session:
        found = session.get(ActionRun, row_number(number))
    if found is None:
        raise HTTPException(404)
    return _one(site, request, found.action, run=found)


def _rules(site: Site) -> Rules:
    return Rules(site.calendar, site.catalogue)


def _action(site: Site, slug: str) -> Action:
    try:
        return get_action(site.catalogue, slug)
    except NotFound:
        raise HTTPException(404) from None


def _named(action: Action) -> SpecialAction | None:
    """Find what the programme says of an action."""
    return action.programme.action(action.template.special_action or "") if action.programme else None


def _kept(kept: Sequence[RollUp], number: str) -> RollUp | None:
    if not number:
        return None
    found = next((one for one in kept if str(one.id) == number), None)
    if found is None:
        raise HTTPException(404)
    return found


def _names(kept: Sequence[RollUp], persons: Mapping[int, Person]) -> dict[int, str]:
    return {one.id: persons[one.kept_by].name for one in kept}


def _narrowed(site: Site, request: Request, board: Scoreboard) -> Scoreboard:
    """Leave out the departments whose figures the reader may not see, and for all but the office who must decide."""
    sight = who(request).sight
    if sight.everything:
        return board
    with site.database.reading() as session:
        seen = {unit.slug for key, unit in directory(session).units.items() if key in sight.figures_of}
    scores = tuple(
        replace(score, departments=tuple(one for one in score.departments if one.unit in seen))
        for score in board.scores
    )
    return replace(board, scores=scores, asked=())


def _common(site: Site, request: Request) -> dict[str, object]:
    def period(score: Score) -> str:
        one = site.catalogue.indicators.get(score.indicator)
        return spelled(one.frequency, score.recent.last) if one and score.recent else ""

    return {
        "is_office": who(request).is_office,
        "may_act": who(request).is_office and who(request).person_id is not None,
        "Stand": Stand,
        "stand_mark": stand_mark,
        "icons_of": icons_of,
        "evidence_words": evidence_words,
        "target_of": target_of,
        "asked_words": asked_words,
        "period": period,
        "form": form(request),
    }
