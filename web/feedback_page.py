"""Pages for patients: say something, keep the code, hear what came of it, say whether it is solved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.feedback import MOST_CONTACT, MOST_SAID, GivenFeedback, check_feedback, give_feedback
from engine.feedback_answers import Judgement, judge_answer, open_until
from engine.people import directory
from engine.receipt_codes import mark_of, read_code
from engine.rules import Rules
from models.errors import Refused
from models.feedback import MARKS, Feedback, FeedbackStatus
from models.reads.feedback import RoundView, find_by_mark, rounds_of
from notifications.links import Seals, read_keys
from notifications.sealed import CONTACT, Lock
from web.access import DOOR, Policy
from web.feedback_words import MARK_WORDS, Place, holders, places
from web.intake import Brought, Intake, TooManySent
from web.routes import get_page, post_form
from web.site import Site

WHAT = "feedback"
PAGE, RECEIPT, HEAR = "/feedback", "/feedback/receipt", "/feedback/answer"
JUDGE, LEAVE = "/feedback/judge", "/feedback/leave"
COOKIE, COOKIE_LIVES = "wardcycle_feedback_code", timedelta(minutes=30)  # a shared device of a ward forgets soon
FIELDS = ("kind", "unit", "said", "contact", "code", "judged", "mark", "more")


class NoSuchCode(Refused):
    """No receipt has this code. Look at it again: three groups of four signs."""

    zh = "没有这个编码，请核对回执：三组，每组四个字符。"


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, door = APIRouter(), _Door(site, Intake(site, WHAT, FIELDS), Seals(site.settings))

    @get_page(router, PAGE, policy=Policy.PUBLIC)
    def form(request: Request) -> Response:
        return door.show_form(request, {"unit": request.query_params.get("unit", "")})

    @post_form(router, PAGE, policy=Policy.PUBLIC)
    async def send(request: Request) -> Response:
        brought = await door.intake.read(request)
        return await run_in_threadpool(door.send, request, brought)

    @get_page(router, RECEIPT, policy=Policy.PUBLIC)
    def receipt(request: Request) -> Response:
        return door.show_receipt(request)

    @get_page(router, HEAR, policy=Policy.PUBLIC)
    def hear(request: Request) -> Response:
        return door.show_answer(request)

    @post_form(router, HEAR, policy=Policy.PUBLIC)
    async def look(request: Request) -> Response:
        brought = await door.intake.read(request)
        return await run_in_threadpool(door.look, request, brought)

    @post_form(router, JUDGE, policy=Policy.PUBLIC)
    async def judge(request: Request) -> Response:
        brought = await door.intake.read(request)
        return await run_in_threadpool(door.judge, request, brought)

    @post_form(router, LEAVE, policy=Policy.PUBLIC)
    async def leave(request: Request) -> Response:
        brought = await door.intake.read(request)
        return door.leave(request, brought)

    return router


@dataclass(frozen=True)
class _Door:
    """What the routes do."""

    site: Site
    intake: Intake
    seals: Seals

    @property
    def now(self) -> datetime:
        return self.site.clock()

    @property
    def rules(self) -> Rules:
        return Rules(self.site.calendar, self.site.catalogue)

    def show_form(
        self, request: Request, typed: Mapping[str, str], *, error: Refused | None = None, status: int = 200
    ) -> Response:
        """Write the form, with what was typed."""
        return self._page(
            request,
            "feedback.html.j2",
            status=status,
            error=error,
            typed={name: typed.get(name, "") for name in FIELDS},
            kinds=self.site.catalogue.feedback.kinds.values(),
            places=self._places(),
            most_said=MOST_SAID,
            most_contact=MOST_CONTACT,
        )

    def send(self, request: Request, brought: Brought) -> Response:
        """Take in what was sent, once, and lead to its receipt; what is refused is said above what was typed."""
        given = self._given(request, brought.parts)
        try:
            check_feedback(given, self.rules)
            self.intake.admit(request, brought)
            code = self.intake.code(brought, (given.kind, given.unit, given.said, brought.parts["contact"]))
            with self.site.database.transaction(DOOR) as session:
                give_feedback(session, given, mark=mark_of(WHAT, code), rules=self.rules, now=self.now)
        except Refused as error:
            return self.show_form(request, brought.parts, error=error, status=_status(brought, error))
        return self._with_code(request, RECEIPT, code)

    def show_receipt(self, request: Request) -> Response:
        """Show the code; without one, ask for it."""
        code = self._code(request)
        one, turns = self._read(code)
        if one is None:
            return self._ask(request)
        kind = self.rules.catalogue.feedback.kinds.get(one.kind)
        return self._page(request, "feedback_receipt.html.j2", code=code, one=one, turn=turns[-1].row, kind=kind)

    def show_answer(self, request: Request, error: Refused | None = None, status: int = 200) -> Response:
        """Show where it stands and the answer; without a code, ask for it."""
        one, turns = self._read(self._code(request))
        if one is None:
            return self._ask(request, error=error, status=status)
        reader = self.site.reader(request)
        may_judge = one.status is FeedbackStatus.ANSWERED
        until = open_until(one, self.rules) if may_judge else None
        return self._page(
            request,
            "feedback_answer.html.j2",
            status=status,
            error=error,
            one=one,
            turns=turns,
            turn=turns[-1],
            kind=self.rules.catalogue.feedback.kinds.get(one.kind),
            is_late=one.answered_at is None and one.answer_due_at < self.now,
            holders=holders(turns[-1], reader),
            may_judge=may_judge,
            until=until,
            may_reopen=until is not None and self.now < until,
            marks=MARK_WORDS,
            most_said=MOST_SAID,
        )

    def look(self, request: Request, brought: Brought) -> Response:
        """Take a code that was typed; wrong ones are counted."""
        self.intake.check_guess(request)
        code = read_code(brought.parts["code"])
        if not brought.once:
            return self._ask(request, status=403)
        if self._read(code)[0] is None:
            self.intake.count_guess(request)
            return self._ask(request, error=NoSuchCode(), status=422)
        return self._with_code(request, HEAR, code or "")

    def judge(self, request: Request, brought: Brought) -> Response:
        """Take what the patient thinks of the answer."""
        one, _ = self._read(self._code(request))
        if one is None or not brought.once or brought.parts["judged"] not in ("solved", "not-solved"):
            return self.show_answer(request, status=403)
        mark = brought.parts["mark"]
        judged = Judgement(
            solved=brought.parts["judged"] == "solved",
            satisfaction=int(mark) if mark in map(str, MARKS) else None,
            said=brought.parts["more"],
        )
        try:
            with self.site.database.transaction(DOOR) as session:
                judge_answer(session, one.id, judged, rules=self.rules, now=self.now)
        except Refused as error:
            return self.show_answer(request, error, status=409)
        return RedirectResponse(self.site.reader(request).link(HEAR), 303)

    def leave(self, request: Request, brought: Brought) -> Response:
        """Forget the code on this device."""
        if not brought.once:
            return self._ask(request, status=403)
        response = RedirectResponse(self.site.reader(request).link(PAGE), 303)
        response.delete_cookie(COOKIE, path=PAGE, secure=self._is_https, httponly=True, samesite="lax")
        return response

    def _given(self, request: Request, parts: Mapping[str, str]) -> GivenFeedback:
        """Seal the contact; a department that is no longer there (its poster still hangs) is none."""
        contact, unit = parts["contact"].strip()[:MOST_CONTACT], parts["unit"]
        sealed = Lock(read_keys(self.site.settings), CONTACT).seal(contact) if contact else ""
        unit = unit if unit in {place.slug for place in self._places()} else ""
        language = self.site.reader(request).language
        return GivenFeedback(kind=parts["kind"], said=parts["said"], unit=unit, contact=sealed, language=language)

    def _places(self) -> list[Place]:
        with self.site.database.reading() as session:
            return places(directory(session))

    def _ask(self, request: Request, *, error: Refused | None = None, status: int = 200) -> Response:
        return self._page(request, "feedback_code.html.j2", status=status, error=error)

    def _page(
        self, request: Request, template: str, *, status: int = 200, error: Refused | None = None, **facts: object
    ) -> Response:
        reader, ticket = self.site.reader(request), self.intake.ticket(request)
        said = error.text(reader.language) if error else ""
        made = self.site.page(reader, template, status=status, ticket=ticket, error=said, **facts)
        return self.intake.set_cookie(made, ticket)

    def _read(self, code: str | None) -> tuple[Feedback | None, tuple[RoundView, ...]]:
        if code is None:
            return None, ()
        with self.site.database.reading() as session:
            one = find_by_mark(session, mark_of(WHAT, code))
            return one, rounds_of(session, one) if one else ()

    def _code(self, request: Request) -> str | None:
        return self.seals.cookie_token(request.cookies.get(COOKIE, ""), self.now, WHAT)

    def _with_code(self, request: Request, page: str, code: str) -> Response:
        response = RedirectResponse(self.site.reader(request).link(page), 303)
        value = self.seals.cookie(code, self.now, WHAT, COOKIE_LIVES)
        response.set_cookie(COOKIE, value, max_age=int(COOKIE_LIVES.total_seconds()), path=PAGE,
                            secure=self._is_https, httponly=True, samesite="lax")  # fmt: skip
        return response

    @property
    def _is_https(self) -> bool:
        return self.site.settings.base_url.startswith("https://")


def _status(brought: Brought, error: Refused) -> int:
    """A form that did not come from our page is forbidden; anything else can be mended on it."""
    if isinstance(error, TooManySent):
        return error.status
    return 422 if brought.once else 403
