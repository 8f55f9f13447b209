"""The office's pages of feedback: the list, one of them with what can be done about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from fastapi import APIRouter
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.numbers import row_number
from config.shapes import Kind
from config.words import Text
from engine.feedback import MOST_SAID, assign_feedback, of_office
from engine.feedback_answers import MOST_SENTENCE, approve_answer, drafted, tell_everybody
from engine.feedback_cycles import improve_from
from engine.feedback_tasks import kind_of
from engine.identifiers import masked
from engine.launch import Launch
from engine.people import Directory, directory
from engine.rules import Rules
from models.assessment import OriginKind
from models.errors import WardcycleError
from models.feedback import Feedback, FeedbackStatus, SaidAndDone
from models.people import Unit
from models.reads.feedback import UNANSWERED, FeedbackFilter, current_round, improvements_from, list_feedback, rounds_of
from models.reads.origins import cycles_from
from notifications.links import read_keys
from notifications.sealed import CONTACT, Lock
from web.access import DOOR, Policy, form, read_own_form, who
from web.feedback_words import MARK_WORDS, name_of, places
from web.forms import text_of
from web.home_page import one_of
from web.routes import get_page, post_form
from web.site import PER_PAGE, Paging, Site, page_number

INBOX, ONE = "/feedback/inbox", "/feedback/{number}"
FIELDS = ("text", "template", "unit", "lead", "title", "title_zh", "text_en", "text_zh")
SHOWN = {"open": UNANSWERED, "all": ()}
Deed = Callable[[Session, int, Mapping[str, str], list[str], int], None]


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, door = APIRouter(), _Door(site)

    @get_page(router, INBOX, policy=Policy.READER)
    def inbox(request: Request) -> Response:
        return door.inbox(request)

    @get_page(router, ONE, policy=Policy.READER)
    def one(request: Request, number: str) -> Response:
        return door.show(request, row_number(number))

    for path, deed in (("assign", door.assign), ("reply", door.approve), ("cycle", door.improve), ("tell", door.tell)):
        _post(router, door, f"{ONE}/{path}", deed)
    return router


def _post(router: APIRouter, door: "_Door", path: str, deed: Deed) -> None:
    @post_form(router, path, policy=Policy.OFFICE)
    async def take(request: Request, number: str) -> Response:
        async with read_own_form(request) as given:
            parts = {name: text_of(given, name) for name in FIELDS}
            units = [unit for unit in given.getlist("units") if isinstance(unit, str)][:100]
        return await run_in_threadpool(door.do, request, row_number(number), parts, units, deed)


@dataclass(frozen=True)
class _Door:
    """What the routes do."""

    site: Site

    @property
    def now(self) -> datetime:
        return self.site.clock()

    @property
    def today(self) -> date:
        return self.site.calendar.local_date(self.now)

    @property
    def rules(self) -> Rules:
        return Rules(self.site.calendar, self.site.catalogue)

    def inbox(self, request: Request) -> Response:
        """List what patients said, what waits for an answer first; to departments what they were named for."""
        number, asked, sight = page_number(request), request.query_params, who(request).sight
        concerned = None if sight.everything else sight.unit_ids
        show = asked.get("show", "open")
        status = one_of(FeedbackStatus, show)
        wanted = FeedbackFilter(
            (status,) if status else SHOWN.get(show, UNANSWERED),
            asked.get("kind", "")[:64],
            asked.get("unit", "")[:80],
            show == "late",
            concerned,
        )
        with self.site.database.reading() as session:  # no word of a patient is in a list
            found = list_feedback(session, wanted, now=self.now, limit=PER_PAGE, offset=Paging.offset(number))
            n_late = list_feedback(session, FeedbackFilter(late=True, concerned=concerned), now=self.now, limit=0).n_all
            units = places(directory(session))
        return self.site.page(
            self.site.reader(request),
            "feedback_inbox.html.j2",
            found=found,
            n_late=n_late,
            show=show,
            wanted=wanted,
            kinds=self.site.catalogue.feedback.kinds,
            places=units,
            paging=Paging.of(found.n_all, number),
        )

    def show(
        self, request: Request, number: int, *, typed: Mapping[str, str] | None = None, error: str = ""
    ) -> Response:
        """Show one: to the office with all that can be done, to departments concerned masked and without contact."""
        asker, reader = who(request), self.site.reader(request)
        self._require_sight(request, number)
        with self.site.database.reading() as session:
            one = session.get(Feedback, number)
            if one is None:
                raise HTTPException(404)
            turns, people = rounds_of(session, one), directory(session)
            draft, stand = drafted(session, one), self._stand(session, one)
        kind, unit = kind_of(self.rules, one.kind), people.units.get(one.unit_id or 0)
        concerned = turns[-1].units[0].slug if turns[-1].units else unit.slug if unit else ""
        keeps = asker.person_id in of_office(people, self.today)
        return self.site.page(
            reader,
            "feedback_item.html.j2",
            status=422 if error else 200,
            error=error,
            form=form(request) if keeps else "",
            office=asker.is_office,
            keeps=keeps,
            one=one,
            said=one.said if keeps else masked(one.said),
            hide=(lambda text: text) if keeps else masked,
            contact=self._contact(one) if keeps else "",
            kind=kind,
            unit=name_of(unit) if unit else None,
            turns=turns,
            typed=typed or {"text": draft, **_proposed(one, kind.title, people, concerned, asker.person_id)},
            **stand,
            **self._choices(people),
        )

    def do(self, request: Request, number: int, parts: Mapping[str, str], units: list[str], deed: Deed) -> Response:
        """Run what a form asks for in one transaction; what a rule refuses is said on the page, with what was typed."""
        asker, reader = who(request), self.site.reader(request)
        assert asker.person_id is not None  # the gate of the form let only people pass
        try:
            with self.site.database.transaction(DOOR) as session:
                deed(session, number, parts, units, asker.person_id)
        except WardcycleError as error:
            return self.show(request, number, typed=parts, error=error.text(reader.language))
        return RedirectResponse(reader.link(f"/feedback/{number}"), 303)

    def assign(self, session: Session, number: int, parts: Mapping[str, str], units: list[str], by: int) -> None:
        """Name departments."""
        assign_feedback(session, number, units, rules=self.rules, by=by, now=self.now)

    def approve(self, session: Session, number: int, parts: Mapping[str, str], units: list[str], by: int) -> None:
        """Let the answer go out."""
        approve_answer(session, number, parts["text"], rules=self.rules, by=by, now=self.now)

    def improve(self, session: Session, number: int, parts: Mapping[str, str], units: list[str], by: int) -> None:
        """Open a cycle."""
        launch = Launch(
            template=parts["template"],
            unit=parts["unit"],
            lead=parts["lead"],
            title=parts["title"][:300],
            title_zh=parts["title_zh"][:300],
            allow_unstaffed=True,
        )
        improve_from(session, number, launch, rules=self.rules, by=by, now=self.now)

    def tell(self, session: Session, number: int, parts: Mapping[str, str], units: list[str], by: int) -> None:
        """Put a sentence on the page for everybody."""
        sentence = Text(parts["text_en"], parts["text_zh"])
        tell_everybody(session, number, sentence, rules=self.rules, by=by, now=self.now)

    def _require_sight(self, request: Request, number: int) -> None:
        """Raise 404 to whoever is neither of the office nor of a department with work about it."""
        if who(request).is_office:
            return
        with self.site.reading(request) as session:
            if not cycles_from(session, OriginKind.FEEDBACK, number):
                raise HTTPException(404)

    def _stand(self, session: Session, one: Feedback) -> dict[str, object]:
        """Read how far it is, and what came of it."""
        number, is_open = one.id, one.status in UNANSWERED
        return {
            "is_open": is_open,
            "is_late": is_open and one.answer_due_at < self.now,
            "begun": improvements_from(session, number),
            "told": session.get(SaidAndDone, number),
            "may_tell": one.status is FeedbackStatus.CLOSED and bool(current_round(session, one).solved),
        }

    def _choices(self, people: Directory) -> dict[str, object]:
        """List what the office's forms choose from, and their limits."""
        return {
            "places": places(people),
            "templates": [one for one in self.site.catalogue.templates.values() if one.kind is Kind.PDCA],
            "persons": sorted(people.persons.values(), key=lambda person: person.name),
            "marks": MARK_WORDS,
            "most_said": MOST_SAID,
            "most_sentence": MOST_SENTENCE,
        }

    def _contact(self, one: Feedback) -> str:
        return (Lock(read_keys(self.site.settings), CONTACT).open(one.contact) or "") if one.contact else ""


def _proposed(one: Feedback, kind: Text, people: Directory, unit: str, by: int | None) -> dict[str, str]:
    """Fill in the launch of a cycle, and leave the sentence for everybody to the office."""
    place: Unit | None = next((each for each in people.units.values() if each.slug == unit), None)
    where = name_of(place) if place else Text("hospital", "全院")
    me = people.persons.get(by or 0)
    return {
        "template": "pdca",
        "unit": unit,
        "lead": me.slug if me else "",
        "title": f"After {kind.en.lower()} {one.id}: {where.en}",
        "title_zh": f"{where.zh}：{kind.zh} {one.id} 后的改进",
        "text_en": "",
        "text_zh": "",
    }
