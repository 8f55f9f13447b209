"""How somebody is told, changed by the link of any message to them; and the one button that stops a kind of news."""

from dataclasses import dataclass, replace
from datetime import date

from fastapi import APIRouter
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.preferences import Preferences, change_by_link, channels_open, preferences_of
from models.errors import Refused
from models.notification import STOPPABLE
from models.people import Person, Rhythm
from notifications.links import ANSWER, OWN, LinkGone, OwnLink, Seals, find_own_link
from web.access import Policy
from web.forms import FormExpired, read_fields
from web.misses import Misses
from web.routes import get_page, post_form
from web.site import Site
from web.visits import Visit, Visits

DOOR = "link"
MOST_CHANNELS = 4
CHANNELS = tuple(f"channel-{n}" for n in range(MOST_CHANNELS))
WANTS = {kind.value: f"wants-{kind.value}" for kind in STOPPABLE}
UNSUBSCRIBE, ONE_CLICK = "List-Unsubscribe", "One-Click"


@dataclass(frozen=True)
class Chosen:
    """What a form brought."""

    form: str
    language: str
    digest: str
    channels: tuple[str, ...]
    stopped: tuple[str, ...]


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, seals, misses = APIRouter(), Seals(site.settings), Misses()

    def look(session: Session, token: str) -> int:
        return _link(session, token, site).id

    door = _Door(site, seals, Visits(site, seals, misses, OWN, look))
    answers = Visits(site, seals, misses, ANSWER, look)

    @get_page(router, "/o/{signed}", policy=Policy.LINK)
    def enter(request: Request, signed: str) -> Response:
        return door.visits.enter(request, signed)

    @get_page(router, "/o/{signed}/stop", policy=Policy.LINK)
    def enter_stop(request: Request, signed: str) -> Response:
        response = door.visits.enter(request, signed)
        response.headers["location"] += "/stop"
        return response

    @post_form(router, "/o/{signed}/stop", policy=Policy.LINK)
    async def stop_at_once(request: Request, signed: str) -> Response:
        parts = await read_fields(request, (UNSUBSCRIBE,))
        return await run_in_threadpool(door.stop_at_once, request, signed, parts[UNSUBSCRIBE])

    @get_page(router, "/answer/{link_id}/told", policy=Policy.LINK)
    def cross(request: Request, link_id: str) -> Response:
        visit = answers.find(request, link_id)
        if visit is None:
            raise LinkGone
        return door.visits.open(visit.token)

    @get_page(router, "/own/{link_id}", policy=Policy.LINK)
    def show(request: Request, link_id: str) -> Response:
        return door.show(request, link_id, "preferences.html.j2")

    @get_page(router, "/own/{link_id}/stop", policy=Policy.LINK)
    def show_stop(request: Request, link_id: str) -> Response:
        return door.show(request, link_id, "stop.html.j2")

    @post_form(router, "/own/{link_id}", policy=Policy.LINK)
    async def change(request: Request, link_id: str) -> Response:
        return await run_in_threadpool(door.change, request, link_id, await _read(request, door, link_id))

    @post_form(router, "/own/{link_id}/stop", policy=Policy.LINK)
    async def stop(request: Request, link_id: str) -> Response:
        return await run_in_threadpool(door.stop, request, link_id, await _read(request, door, link_id))

    return router


async def _read(request: Request, door: "_Door", link_id: str) -> Chosen:
    door.visits.expect(request, link_id)
    parts = await read_fields(request, ("form", "language", "digest", *CHANNELS, *WANTS.values()))
    return Chosen(
        form=parts["form"],
        language=parts["language"],
        digest=parts["digest"],
        channels=tuple(parts[name] for name in CHANNELS if parts[name]),
        stopped=tuple(kind for kind, name in WANTS.items() if not parts[name]),
    )


@dataclass(frozen=True)
class _Door:
    """What the routes do. The link says who it was sent to: enough to change how one is told, and nothing else."""

    site: Site
    seals: Seals
    visits: Visits

    def show(self, request: Request, link_id: str, template: str) -> Response:
        """Show the form, or the button."""
        visit = self.visits.find(request, link_id)
        if visit is None:
            raise LinkGone
        with self.site.database.reading() as session:
            link, person = self._who(session, visit)
        if template == "stop.html.j2" and link.kind not in STOPPABLE:
            return RedirectResponse(self.visits.page(link.id), 303)
        return self._page(request, visit, link, person, template)

    def change(self, request: Request, link_id: str, chosen: Chosen) -> Response:
        """Take what was chosen; what a rule refuses is said on the page."""
        visit = self.visits.checked(request, link_id, chosen.form)
        digest = Rhythm(chosen.digest) if chosen.digest in set(Rhythm) else None
        try:
            with self.site.database.transaction(DOOR) as session:
                link, person = self._who(session, visit)
                wanted = Preferences(chosen.language, chosen.channels, digest or person.digest, chosen.stopped)
                self._set(session, link, wanted)
        except LinkGone:
            raise
        except Refused as error:
            with self.site.database.reading() as session:
                link, person = self._who(session, visit)
            return self._page(request, visit, link, person, "preferences.html.j2", error=error)
        return self._done(request, visit)

    def stop(self, request: Request, link_id: str, chosen: Chosen) -> Response:
        """Stop messages of the kind that the link came with."""
        visit = self.visits.checked(request, link_id, chosen.form)
        with self.site.database.transaction(DOOR) as session:
            link, person = self._who(session, visit)
            own = preferences_of(person)
            self._set(session, link, replace(own, stopped=(*own.stopped, link.kind.value)))
        return self._done(request, visit)

    def stop_at_once(self, request: Request, signed: str, asked: str) -> Response:
        """Stop messages of the kind that the link came with, for a mail program that shows a button of its own.

        It brings no cookie and follows no redirect (RFC 8058); the signed link alone says who asks, and only the words
        that the standard writes are taken, so that a scanner that presses every form stops nothing.
        """
        token = self.visits.token(request, signed)
        if asked != ONE_CLICK:
            raise FormExpired
        with self.site.database.transaction(DOOR) as session:
            link = _link(session, token, self.site)
            own = preferences_of(session.get_one(Person, link.person_id))
            self._set(session, link, replace(own, stopped=(*own.stopped, link.kind.value)))
        return Response(status_code=204)

    def _set(self, session: Session, link: OwnLink, wanted: Preferences) -> None:
        change_by_link(session, link.person_id, wanted, now=self.site.clock())

    def _who(self, session: Session, visit: Visit) -> tuple[OwnLink, Person]:
        link = _link(session, visit.token, self.site)
        if link.id != visit.number:
            raise LinkGone
        return link, session.get_one(Person, link.person_id)

    def _done(self, request: Request, visit: Visit) -> Response:
        asked = request.query_params.get("lang", "")
        kept = f"&lang={asked}" if asked in ("en", "zh") else ""
        return RedirectResponse(f"{self.visits.page(visit.number)}?saved=1{kept}", 303)

    def _page(
        self,
        request: Request,
        visit: Visit,
        link: OwnLink,
        person: Person,
        template: str,
        *,
        error: Refused | None = None,
    ) -> Response:
        own, reader = preferences_of(person), self.site.reader(request).speaking(person.language)
        titles = {slug: reader.word(one.title) for slug, one in self.site.catalogue.channels.items()}
        facts: dict[str, object] = {
            "link": link,
            "person": person,
            "own": own,
            "channels": [(slug, titles.get(slug, slug)) for slug in channels_open(person)],
            "n_places": min(MOST_CHANNELS, len(channels_open(person))),
            "stoppable": STOPPABLE,
            "saved": request.query_params.get("saved") == "1",
            "form": self.seals.form(visit.cookie),
            "error": error.text(reader.language) if error else "",
        }
        return self.site.page(reader, template, status=422 if error else 200, **facts)


def _link(session: Session, token: str, site: Site) -> OwnLink:
    return find_own_link(session, token, now=site.clock(), on=_today(site))


def _today(site: Site) -> date:
    return site.calendar.local_date(site.clock())
