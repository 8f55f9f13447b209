"""The channels: whether they work, and a test message by one of them with the other side's own words."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from models.errors import WardcycleError
from models.notification import AttemptOutcome
from notifications.channel_list import get_channel, list_channels
from notifications.trial import TooManyTrials, Trial, Turnstile, note_trial, try_channel
from web.access import DOOR, Policy, form, read_own_fields, who
from web.routes import get_page, post_form
from web.site import Site

PAGE = "/channels"


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, turnstile = APIRouter(), Turnstile()

    @get_page(router, PAGE, policy=Policy.OFFICE)
    def channels(request: Request) -> Response:
        return _show(site, request)

    @post_form(router, PAGE, policy=Policy.OFFICE)
    async def test(request: Request) -> Response:
        typed = await read_own_fields(request, ("channel", "to"))
        return await run_in_threadpool(_test, site, request, turnstile, typed["channel"], typed["to"])

    return router


def _test(site: Site, request: Request, turnstile: Turnstile, slug: str, to: str) -> Response:
    """Send while the person waits: the one message that a page sends itself, with a deadline."""
    reader = site.reader(request)
    try:
        with site.reading(request) as session:
            channel = get_channel(session, slug, site.catalogue.channels, settings=site.settings)
        language, settings = reader.language, site.settings
        trial = try_channel(
            slug, channel, to, settings=settings, language=language, now=reader.now, turnstile=turnstile
        )
    except WardcycleError as error:
        status = TooManyTrials.status if isinstance(error, TooManyTrials) else 422
        return _show(site, request, error=error.text(reader.language), tested=slug, status=status)
    with site.database.transaction(DOOR) as session:
        note_trial(session, trial, by=who(request).person_id, now=reader.now)
    return _show(site, request, trial=trial, tested=slug)


def _show(
    site: Site, request: Request, *, trial: Trial | None = None, error: str = "", tested: str = "", status: int = 200
) -> Response:
    reader = site.reader(request)
    with site.reading(request) as session:
        lines = list_channels(session, site.catalogue.channels, settings=site.settings, now=reader.now)
    return site.page(
        reader,
        "channels.html.j2",
        status=status,
        channels=lines,
        trial=trial,
        taken=trial is not None and trial.outcome is AttemptOutcome.ACCEPTED,
        tested=tested,
        error=error,
        form=form(request),
    )
