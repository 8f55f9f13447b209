"""Deciding: the page that a link in a message opens, and the list of those who are logged in, with forms."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy.orm import aliased
from sqlmodel import Session, col
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.checks import NoCheckOpen
from engine.decisions import QuestionGone
from engine.gates import GateShut
from engine.people import directory
from engine.proof import ProofNeeded
from engine.rules import Rules
from models.errors import CycleNotRunning, NotAllowed, NothingToDecide, Refused, StageNotReady, Stale, TaskClosed
from models.notification import Notification, NotificationKind
from models.queries import waiting_decisions
from models.task import Decision, DecisionKind
from notifications.links import DECIDE, LinkGone, OwnLink, Seals, find_own_link
from web.access import Policy, known, read_own_fields
from web.access import form as own_form
from web.cards import Cards, read_cards
from web.forms import read_fields
from web.gate_asks import CANNOT_CLOSE, lacks_of_refusal
from web.misses import Misses
from web.proof import LINK, LOGIN, Proofs
from web.reader import Reader
from web.routes import get_page, post_form
from web.site import Site
from web.typed import MOST_NOTE
from web.verdict import FIELDS, TypedVerdict, take_verdict
from web.visits import Visit, Visits, kept_language

ASKING = (NotificationKind.DECISION, NotificationKind.ESCALATION, NotificationKind.DIGEST)
TOO_LATE = (QuestionGone, NothingToDecide, StageNotReady, TaskClosed, CycleNotRunning, Stale, NotAllowed, NoCheckOpen)
ALL_FIELDS = (*FIELDS, "me", "code", "form")
MOST_LISTED = 100


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, seals = APIRouter(), Seals(site.settings)

    def look(session: Session, token: str) -> int:
        return _link(session, token, site).id

    door = _Door(site, Visits(site, seals, Misses(), DECIDE, look))

    @get_page(router, "/d/{signed}", policy=Policy.LINK)
    def enter(request: Request, signed: str) -> Response:
        return door.visits.enter(request, signed)

    @get_page(router, "/decide/{link_id}", policy=Policy.LINK)
    def show(request: Request, link_id: str) -> Response:
        return door.show(request, link_id)

    @post_form(router, "/decide/{link_id}", policy=Policy.LINK)
    async def take(request: Request, link_id: str) -> Response:
        door.visits.expect(request, link_id)
        return await run_in_threadpool(door.take, request, link_id, await read_fields(request, ALL_FIELDS))

    @post_form(router, "/decide/{link_id}/proof", policy=Policy.LINK)
    async def prove(request: Request, link_id: str) -> Response:
        door.visits.expect(request, link_id)
        return await run_in_threadpool(door.prove, request, link_id, await read_fields(request, ALL_FIELDS))

    @get_page(router, "/decisions", policy=Policy.READER)
    def mine(request: Request) -> Response:
        return door.show_own(request)

    @post_form(router, "/decisions", policy=Policy.READER)
    async def take_own(request: Request) -> Response:
        parts = await read_own_fields(request, ALL_FIELDS)
        return await run_in_threadpool(door.take_own, request, parts)

    return router


@dataclass(frozen=True)
class _Refusal:
    """What was refused, about which decision, with what was typed."""

    error: Refused
    typed: TypedVerdict

    @property
    def status(self) -> int:
        if isinstance(self.error, ProofNeeded):
            return 403
        return 409 if isinstance(self.error, TOO_LATE) else 422

    def text(self, language: str) -> str:
        """Say what was refused. What a gate misses is listed beside it, with places instead of commands."""
        return CANNOT_CLOSE.in_(language) if isinstance(self.error, GateShut) else self.error.text(language)


@dataclass(frozen=True)
class _Door:
    """What the routes do."""

    site: Site
    visits: Visits

    def show(self, request: Request, link_id: str, refusal: _Refusal | None = None) -> Response:
        """Show everything that waits for the person of a link, and the forms once they have proved who they are."""
        visit = self.visits.find(request, link_id)
        if visit is None:
            raise LinkGone
        proofs = Proofs(self.visits)
        with self.site.database.reading() as session:
            link = self._link(session, visit)
            person = directory(session).persons[link.person_id]
            reader, also = self._reader(request, visit, person.language), _decision_of(session, link)
            cards = self._cards(session, link.person_id, reader, also)
            is_sent = proofs.is_on_its_way(session, visit, link.person_id)
        facts = {
            "cards": cards,
            "form": self.visits.seals.form(visit.cookie),
            "page": self.visits.page(visit.number),
            "proven": proofs.door(request, visit, link.person_id) != LINK,
            "is_sent": is_sent,
            "name": person.name,
        }
        return self._page(reader, "decide.html.j2", facts, refusal)

    def take(self, request: Request, link_id: str, parts: Mapping[str, str]) -> Response:
        """Take a decision in one transaction; what a rule refuses is said on the page."""
        visit = self.visits.checked(request, link_id, parts["form"])
        typed = TypedVerdict.of(parts)
        try:
            with self.site.database.reading() as session:
                person_id = self._link(session, visit).person_id
            with self.site.database.transaction(Proofs(self.visits).door(request, visit, person_id)) as session:
                self._link(session, visit)
                take_verdict(session, typed, rules=self._rules, by=person_id, now=self.site.clock())
        except LinkGone:
            raise
        except Refused as error:
            return self.show(request, link_id, _Refusal(error, typed))
        return RedirectResponse(self.visits.back(request, visit), 303)

    def prove(self, request: Request, link_id: str, parts: Mapping[str, str]) -> Response:
        """Send a code, or take the one that was typed."""
        visit = self.visits.checked(request, link_id, parts["form"])
        with self.site.database.reading() as session:
            person_id = self._link(session, visit).person_id
        try:
            return Proofs(self.visits).take(visit, person_id, parts, self.visits.back(request, visit))
        except Refused as error:
            return self.show(request, link_id, _Refusal(error, TypedVerdict()))

    def show_own(self, request: Request, refusal: _Refusal | None = None) -> Response:
        """List what waits for anybody, and above it the reader's own with their forms."""
        reader, asker = self.site.reader(request), known(request)
        with self.site.reading(request) as session:
            items = waiting_decisions(session, limit=MOST_LISTED)
            cards = Cards((), 0, (), {})
            if asker.person_id is not None:
                cards = self._cards(session, asker.person_id, reader)
        facts = {
            "items": items,
            "most": MOST_LISTED,
            "cards": cards,
            "form": own_form(request),
            "page": "/decisions",
            "proven": True,
        }
        return self._page(reader, "decisions.html.j2", facts, refusal)

    def take_own(self, request: Request, parts: Mapping[str, str]) -> Response:
        """Take a decision of somebody who is logged in."""
        typed, by = TypedVerdict.of(parts), known(request).person_id
        assert by is not None, "the route lets nobody else pass"
        try:
            with self.site.database.transaction(LOGIN) as session:
                take_verdict(session, typed, rules=self._rules, by=by, now=self.site.clock())
        except Refused as error:
            return self.show_own(request, _Refusal(error, typed))
        return RedirectResponse(f"/decisions{kept_language(request)}", 303)

    def _link(self, session: Session, visit: Visit) -> OwnLink:
        link = _link(session, visit.token, self.site)
        if link.id != visit.number:
            raise LinkGone
        return link

    def _cards(self, session: Session, person_id: int, reader: Reader, also: int | None = None) -> Cards:
        return read_cards(session, person_id, rules=self._rules, reader=reader, now=self.site.clock(), also=also)

    @property
    def _rules(self) -> Rules:
        return Rules(self.site.calendar, self.site.catalogue)

    def _reader(self, request: Request, visit: Visit, language: str) -> Reader:
        return replace(self.site.reader(request), path=self.visits.page(visit.number)).speaking(language)

    def _page(self, reader: Reader, template: str, facts: Mapping[str, object], refusal: _Refusal | None) -> Response:
        more: Mapping[str, object] = {
            "error": refusal.text(reader.language) if refusal else "",
            "lacks": lacks_of_refusal(refusal.error) if refusal and isinstance(refusal.error, GateShut) else (),
            "typed": refusal.typed if refusal else TypedVerdict(),
            "most_note": MOST_NOTE,
            "today": _today(self.site),
        }
        return self.site.page(reader, template, status=refusal.status if refusal else 200, **{**facts, **more})


def _link(session: Session, token: str, site: Site) -> OwnLink:
    link = find_own_link(session, token, now=site.clock(), on=_today(site))
    if link.kind not in ASKING:
        raise LinkGone
    return link


def _decision_of(session: Session, link: OwnLink) -> int | None:
    """Find the open question that a link's message was about, at whatever level it is asked by now (at one only)."""
    told, first = aliased(Notification), aliased(Decision)
    same = (col(Decision.kind) == col(first.kind)) & (col(Decision.stage_id) == col(first.stage_id))
    asked = same & (sa.func.coalesce(col(Decision.task_id), 0) == sa.func.coalesce(col(first.task_id), 0))
    overdue = (col(Decision.kind) == DecisionKind.OVERDUE) & (col(Decision.task_id) == col(told.task_id))
    query = (
        sa.select(col(Decision.id))
        .join(told, col(told.id) == link.notification_id)
        .outerjoin(first, col(first.id) == col(told.decision_id))
        .where(col(Decision.ended_at).is_(None), asked | (col(told.decision_id).is_(None) & overdue))
    )
    return session.execute(query).scalars().first()


def _today(site: Site) -> date:
    return site.calendar.local_date(site.clock())
