"""Checking in by phone: the code on the screen leads to a page to say who one is, be tested, and evaluate."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.numbers import row_number, whole
from engine.attendance import (
    MOST_NOTE,
    STILL,
    check_in,
    evaluate,
    find_attendance,
    find_person,
    is_open,
    take_test,
)
from engine.gatherings import get_gathering, questions_of
from engine.people import directory
from engine.rules import Rules
from models.activity import CameBy, Gathering
from models.derived import is_presence, presence_code
from models.errors import NotFound, Refused
from notifications.links import COOKIE_LIVES, Seals, read_keys
from web.access import Policy, who
from web.forms import read_form, text_of
from web.misses import Misses
from web.routes import get_page, post_form
from web.site import Site
from web.visits import Visit, Visits

WHAT, ENTER_PATH = "attendance", "/attend"
ENTER, PAGE = "/attend/{brought}", "/attendance/{link_id}"
DOOR = "attend"
MOST_QUESTIONS = 30


class CodeGone(NotFound):
    """This code is no longer valid: it changes every minute. Scan the one on the screen now."""

    # One text for old, foreign and guessed: nobody learns which.
    zh = "此二维码已失效（每分钟更换）。请重新扫描屏幕上当前的二维码。"


class AlreadyHere(Refused):
    """On this phone somebody else has checked in. Use your own phone, or ask the trainer to enter you."""

    zh = "此手机已为他人签到。请用本人手机，或联系组织者登记。"


def row_of(gathering: Gathering) -> str:
    """Name a gathering for the code on the screen."""
    return f"{gathering.id}.{gathering.salt}"


def code_now(site: Site, gathering: Gathering) -> str:
    """Make what the screen shows in this minute, as it stands behind /attend/."""
    minute = int(site.clock().timestamp() // 60)
    return f"{gathering.id}-{presence_code(read_keys(site.settings)[0], row_of(gathering), minute)}"


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, seals = APIRouter(), Seals(site.settings)
    misses = Misses()

    def look(session: Session, token: str) -> int:
        return get_gathering(session, int(token.partition(":")[0])).id

    door = _Door(site, seals, misses, Visits(site, seals, misses, WHAT, look))

    @get_page(router, ENTER, policy=Policy.LINK)
    def enter(request: Request, brought: str) -> Response:
        return door.enter(request, brought)

    @get_page(router, PAGE, policy=Policy.LINK)
    def show(request: Request, link_id: str) -> Response:
        visit = door.visits.find(request, link_id)
        if visit is None:
            raise CodeGone
        return door.page(request, visit)

    @post_form(router, PAGE, policy=Policy.LINK)
    async def take(request: Request, link_id: str) -> Response:
        door.visits.expect(request, link_id)
        async with read_form(request) as given:
            typed = _read(given)
        return await run_in_threadpool(door.take, request, link_id, typed)

    return router


@dataclass(frozen=True)
class Typed:
    """What the form brought."""

    form: str = ""
    step: str = ""
    name: str = ""
    choices: tuple[int, ...] = ()
    rating: int = 0
    note: str = ""


def _read(given: FormData) -> Typed:
    texts = (text_of(given, f"q{n}") for n in range(MOST_QUESTIONS))
    choices = tuple(_digit(text) for text in texts if text)
    return Typed(text_of(given, "form"), text_of(given, "step"), text_of(given, "name")[:200], choices,
                 _digit(text_of(given, "rating")), text_of(given, "note")[:MOST_NOTE])  # fmt: skip


def _digit(text: str) -> int:
    return whole(text, most_digits=2) or 0


@dataclass(frozen=True)
class _Door:
    """What the routes do. The cookie holds the gathering and, once somebody has checked in, who."""

    site: Site
    seals: Seals
    misses: Misses
    visits: Visits

    def enter(self, request: Request, brought: str) -> Response:
        """Take the code that the screen showed in this minute or the one before. Raises CodeGone."""
        number, _, code = brought.partition("-")
        now = self.site.clock()
        gathering = self._find(number)
        minute = int(now.timestamp() // 60)
        keys = read_keys(self.site.settings)
        if gathering is None or not is_presence(keys, row_of(gathering), (minute, minute - 1), code):
            self.misses.count(request.client.host if request.client else "", now)
            raise CodeGone
        brought_by = self.seals.cookie_token(request.cookies.get(_came(number), ""), now, WHAT) or ""
        if brought_by.startswith(f"{gathering.id}:"):  # this phone stands for somebody already
            return RedirectResponse(self.visits.page(gathering.id), 303)
        return self.visits.open(str(gathering.id))

    def take(self, request: Request, link_id: str, typed: Typed) -> Response:
        """Check in, mark the test, or keep the evaluation; what a rule refuses is said on the page."""
        visit = self.visits.checked(request, link_id, typed.form)
        try:
            person = self._do(request, visit, typed)
        except Refused as error:
            return self.page(request, visit, typed=typed, error=error)
        response = RedirectResponse(self.visits.back(request, visit), 303)
        if not _person(visit):
            value = self.seals.cookie(f"{visit.number}:{person}", self.site.clock(), WHAT)
            name, lives = self.visits.cookie_name(visit.number), int(COOKIE_LIVES.total_seconds())
            self.visits.set_cookie(response, name, value, visit.number, lives)
            secure = self.site.settings.base_url.startswith("https://")
            response.set_cookie(_came(visit.number), value, max_age=lives, path=ENTER_PATH, secure=secure,
                                httponly=True, samesite="lax")  # fmt: skip
        return response

    def page(
        self, request: Request, visit: Visit, *, typed: Typed | None = None, error: Refused | None = None
    ) -> Response:
        """Show the next step: who you are, the test, the evaluation, and what was understood."""
        reader, person = self.site.reader(request), _person(visit)
        with self.site.database.reading() as session:
            gathering = get_gathering(session, visit.number)
            found = find_attendance(session, visit.number, person) if person else None
            name = directory(session).persons[person].name if person else ""
        asker = who(request)
        return self.site.page(
            reader,
            "attend.html.j2",
            status=422 if error else 200,
            gathering=gathering,
            questions=questions_of(gathering),
            is_open=is_open(gathering, reader.now),
            may_speak=found is not None and reader.now < gathering.ends_at + STILL,
            attendance=found,
            name=name,
            login=asker.name if asker.how == "session" else "",
            typed=typed or Typed(),
            most_note=MOST_NOTE,
            error=error.text(reader.language) if error else "",
            form=self.seals.form(visit.cookie),
            page=self.visits.page(visit.number),
        )

    def _do(self, request: Request, visit: Visit, typed: Typed) -> int:
        person, now, rules = _person(visit), self.site.clock(), Rules(self.site.calendar, self.site.catalogue)
        with self.site.database.transaction(DOOR) as session:
            match typed.step:
                case "in":
                    return self._check_in(session, request, visit, typed, rules, now)
                case "test":
                    take_test(session, visit.number, person, typed.choices, now=now)
                case "say":
                    evaluate(session, visit.number, person, typed.rating, typed.note, now=now)
        return person

    def _check_in(
        self, session: Session, request: Request, visit: Visit, typed: Typed, rules: Rules, now: datetime
    ) -> int:
        asker, bound = who(request), _person(visit)
        by_login = asker.how == "session" and asker.person_id is not None and not typed.name.strip()
        person = (
            asker.person_id if by_login and asker.person_id is not None
            else find_person(directory(session), typed.name, rules=rules, now=now)
        )  # fmt: skip
        if bound and bound != person:
            raise AlreadyHere
        came_by = CameBy.LOGIN if by_login else CameBy.CODE
        check_in(session, visit.number, person, came_by=came_by, rules=rules, now=now)
        return person

    def _find(self, number: str) -> Gathering | None:
        try:
            with self.site.database.reading() as session:
                return get_gathering(session, row_number(number))
        except NotFound:
            return None


def _came(number: int | str) -> str:
    """Name the cookie by which a phone that scans again is known; the page's own is not sent to the code's address."""
    return f"wardcycle_came_{number}"


def _person(visit: Visit) -> int:
    """Read who the cookie stands for; 0 before anybody has checked in."""
    number = visit.token.partition(":")[2]
    return int(number) if number else 0
