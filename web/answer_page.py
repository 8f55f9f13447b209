"""Answering from a message: the link, the page with its form, the receipt, and taking an answer back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from fastapi import APIRouter
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from config.words import Text
from engine.evidence import MOST_MB, TYPES
from engine.proof import ProofNeeded
from engine.rules import Rules
from engine.tasks import submit_answer, take_task
from engine.undo import UNDO_FOR, undo_answer
from models.errors import (
    AlreadyAnswered,
    CycleNotRunning,
    NotFound,
    NothingToTake,
    Refused,
    Stale,
    TaskClosed,
)
from notifications.links import ANSWER, Link, LinkGone, Seals, find_link
from web.access import Policy
from web.asked import TAKE, Asked, read_asked
from web.feedback_words import said_of_cycle
from web.forms import files_of, read_form, text_of
from web.misses import Misses
from web.proof import LINK, Proofs
from web.routes import get_page, post_form
from web.site import Site
from web.typed import CHOICES, MOST_NOTE, NobodyThere, NotTicked, Typed
from web.visits import Visit, Visits

TOO_LATE = (AlreadyAnswered, TaskClosed, CycleNotRunning, NothingToTake, Stale)
ACCEPT = ",".join(["image/*", *(f".{ending}" for ending in TYPES)])
FIELDS = ("choice", "note", "until", "to", "other", "form", "me", "code", "undo", "answer")


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, seals = APIRouter(), Seals(site.settings)

    def look(session: Session, token: str) -> int:
        return find_link(session, token, now=site.clock(), on=site.calendar.local_date(site.clock())).id

    door = _Door(site, seals, Visits(site, seals, Misses(), ANSWER, look))

    @get_page(router, "/a/{signed}", policy=Policy.LINK)
    def enter(request: Request, signed: str) -> Response:
        return door.visits.enter(request, signed)

    @get_page(router, "/answer/{link_id}", policy=Policy.LINK)
    def show(request: Request, link_id: str) -> Response:
        return door.show(request, link_id, "answer.html.j2")

    @get_page(router, "/answer/{link_id}/receipt", policy=Policy.LINK)
    def receipt(request: Request, link_id: str) -> Response:
        return door.show(request, link_id, "receipt.html.j2")

    @post_form(router, "/answer/{link_id}", policy=Policy.LINK)
    async def take(request: Request, link_id: str) -> Response:
        parts, typed = await _read(request, door.visits, link_id)
        return await run_in_threadpool(door.take, request, link_id, parts["form"], typed)

    @post_form(router, "/answer/{link_id}/proof", policy=Policy.LINK)
    async def prove(request: Request, link_id: str) -> Response:
        parts, _ = await _read(request, door.visits, link_id)
        return await run_in_threadpool(door.prove, request, link_id, parts)

    @post_form(router, "/answer/{link_id}/undo", policy=Policy.LINK)
    async def undo(request: Request, link_id: str) -> Response:
        parts, _ = await _read(request, door.visits, link_id)
        return await run_in_threadpool(door.undo, request, link_id, parts)

    return router


async def _read(request: Request, visits: Visits, link_id: str) -> tuple[dict[str, str], Typed]:
    visits.expect(request, link_id)
    async with read_form(request) as form:
        files = await files_of(form, "evidence")
        parts = {name: text_of(form, name) for name in FIELDS}
    return parts, Typed(parts["choice"], parts["note"], parts["until"], parts["other"].strip() or parts["to"], files)


@dataclass(frozen=True)
class _Door:
    """What the routes do."""

    site: Site
    seals: Seals
    visits: Visits

    def show(self, request: Request, link_id: str, template: str) -> Response:
        """Show what is asked, or what was understood."""
        visit = self.visits.find(request, link_id)
        if visit is None:
            raise LinkGone
        with self.site.database.reading() as session:
            asked = self._asked(session, visit)
        if template == "receipt.html.j2" and asked.said is None:
            return RedirectResponse(self.visits.back(request, visit), 303)
        return self._page(request, asked, visit, Typed(), template=template)

    def take(self, request: Request, link_id: str, form: str, typed: Typed) -> Response:
        """Take an answer in one transaction; what a rule refuses is said on the page, with what was typed."""
        visit = self.visits.checked(request, link_id, form)
        try:
            door = self._door(request, visit)
            with self.site.database.transaction(door) as session:
                self._submit(session, self._link(session, visit), typed)
        except LinkGone:
            raise
        except Refused as error:
            return self._refused(request, visit, typed, error)
        return self._receipt(request, visit)

    def undo(self, request: Request, link_id: str, parts: Mapping[str, str]) -> Response:
        """Take back the answer that the receipt shows, when whoever looks at it says so."""
        visit = self.visits.checked(request, link_id, parts["form"])
        try:
            if parts["undo"] != "yes":
                raise NotTicked
            with self.site.database.transaction(LINK) as session:
                said = self._asked(session, visit).said
                if said is None or str(said.id) != parts["answer"]:
                    raise Stale(noun=Text("answer", "答复"))
                link, rules = self._link(session, visit), self._rules
                undo_answer(session, said.id, rules=rules, by=link.person_id, now=self.site.clock())
        except LinkGone:
            raise
        except Refused as error:
            return self._refused(request, visit, Typed(), error, template="receipt.html.j2")
        return self._receipt(request, visit)

    def prove(self, request: Request, link_id: str, parts: Mapping[str, str]) -> Response:
        """Send a code, or take the one that was typed."""
        visit = self.visits.checked(request, link_id, parts["form"])
        with self.site.database.reading() as session:
            person_id = self._link(session, visit).person_id
        try:
            return Proofs(self.visits).take(visit, person_id, parts, self.visits.back(request, visit))
        except Refused as error:
            return self._refused(request, visit, Typed(), error)

    def _door(self, request: Request, visit: Visit) -> str:
        with self.site.database.reading() as session:
            person_id = self._link(session, visit).person_id
        return Proofs(self.visits).door(request, visit, person_id)

    def _submit(self, session: Session, link: Link, typed: Typed) -> None:
        rules, now = self._rules, self.site.clock()
        if typed.choice == TAKE:
            take_task(session, link.task_id, rules=rules, by=link.person_id, now=now)
            return
        try:
            submit_answer(session, link.task_id, typed.given(), rules=rules, by=link.person_id, now=now)
        except NotFound as error:  # its own words name a command
            raise NobodyThere(to=typed.to) from error

    def _link(self, session: Session, visit: Visit) -> Link:
        link = find_link(session, visit.token, now=self.site.clock(), on=self._today)
        if link.id != visit.number:
            raise LinkGone
        return link

    def _asked(self, session: Session, visit: Visit) -> Asked:
        return read_asked(session, self._link(session, visit), now=self.site.clock(), on=self._today)

    @property
    def _rules(self) -> Rules:
        return Rules(self.site.calendar, self.site.catalogue)

    @property
    def _today(self) -> date:
        return self.site.calendar.local_date(self.site.clock())

    def _receipt(self, request: Request, visit: Visit) -> Response:
        return RedirectResponse(self.visits.back(request, visit, "/receipt"), 303)

    def _refused(
        self, request: Request, visit: Visit, typed: Typed, error: Refused, template: str = "answer.html.j2"
    ) -> Response:
        with self.site.database.reading() as session:
            asked = self._asked(session, visit)
        if template == "receipt.html.j2" and asked.said is None:
            template = "answer.html.j2"
        status = 409 if isinstance(error, TOO_LATE) else 403 if isinstance(error, ProofNeeded) else 422
        return self._page(request, asked, visit, typed, template=template, error=error, status=status)

    def _page(
        self,
        request: Request,
        asked: Asked,
        visit: Visit,
        typed: Typed,
        *,
        template: str = "answer.html.j2",
        error: Refused | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        path = self.visits.page(visit.number) + ("/receipt" if template == "receipt.html.j2" else "")
        reader = replace(self.site.reader(request), path=path).speaking(asked.person.language)
        facts: Mapping[str, object] = {
            "asked": asked,
            "own": asked.task.line,
            "typed": typed,
            "words": CHOICES,
            "form": self.seals.form(visit.cookie),
            "accept": ACCEPT,
            "most_mb": MOST_MB,
            "most_note": MOST_NOTE,
            "today": reader.calendar.local_date(reader.now),
            "error": error.text(reader.language) if error else "",
            "page": self.visits.page(visit.number),
        }
        further = {**self._asides(request, asked, visit), **self._undoing(asked)}
        return self.site.page(reader, template, status=status, **facts, **further)

    def _asides(self, request: Request, asked: Asked, visit: Visit) -> dict[str, object]:
        """Read whether a code must be typed first, whether one is on its way, and what a patient said."""
        proofs, person_id = Proofs(self.visits), asked.person.id
        with self.site.database.reading() as session:
            is_sent = asked.task.safety and proofs.is_on_its_way(session, visit, person_id)
            patient_said = said_of_cycle(session, asked.cycle.line.id)
        unproven = asked.task.safety and proofs.door(request, visit, person_id) == LINK
        return {"unproven": unproven, "is_sent": is_sent, "patient_said": patient_said}

    def _undoing(self, asked: Asked) -> dict[str, object]:
        now, said = self.site.clock(), asked.said if asked.spoke else None
        stands = said is not None and said.undone_at is None and said.taken_at is None
        until = said.at + UNDO_FOR if said else now
        return {"may_undo": stands and now < until, "undo_until": until}
