"""Proving who somebody is on a page that a link opened: by a login, or by six digits sent another way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.codes import CodeRefused, ask_code, use_code
from models.account import LoginCode
from models.channel import personal_added
from models.errors import Refused
from models.links import AnswerLink
from models.notification import Delivery
from notifications.channels import personal_channels
from notifications.links import read_keys
from web.access import who
from web.visits import Visit, Visits

LINK, CODE, LOGIN = "link", "code", "web"  # the doors of the audit trail
PROVEN_FOR = timedelta(minutes=15)  # long enough for a week's decisions, short enough for a phone left on a desk


class NotConfirmed(Refused):
    """Tick that it is you, or type the code that you were sent. Nothing was changed."""

    zh = "请勾选确认是您本人，或填写收到的验证码。没有任何改动。"


@dataclass(frozen=True)
class Proofs:
    """Proofs of the visits of one kind of page."""

    visits: Visits

    def door(self, request: Request, visit: Visit, person_id: int) -> str:
        """Say by which door this person comes: logged in, with a code, or by the link alone."""
        asker = who(request)
        if asker.how == "session" and asker.person_id == person_id:
            return LOGIN
        kept = request.cookies.get(self._cookie_name(visit), "")
        token = self.visits.seals.cookie_token(kept, self.visits.site.clock(), "proof")
        return CODE if token and self.visits.seals.form_fits(visit.cookie, token) else LINK

    def is_on_its_way(self, session: Session, visit: Visit, person_id: int) -> bool:
        """Answer whether a code for this page was asked for and may still be used."""
        waits = sa.exists().where(
            col(LoginCode.person_id) == person_id,
            col(LoginCode.purpose) == self._purpose(visit),
            col(LoginCode.used_at).is_(None),
            col(LoginCode.expires_at) > self.visits.site.clock(),
        )
        return bool(session.execute(sa.select(waits)).scalar())

    def take(self, visit: Visit, person_id: int, typed: Mapping[str, str], back: str) -> Response:
        """Take the form: send a code, or compare the one that was typed. Raises NotConfirmed, CodeRefused, and what
        keeps a code from being sent."""
        code = typed.get("code", "").strip()
        if not code and typed.get("me") != "yes":
            raise NotConfirmed
        if not code:
            self._send(visit, person_id)
            return RedirectResponse(back, 303)
        site = self.visits.site
        now = site.clock()
        with site.database.transaction(LINK) as session:
            keys, on = read_keys(site.settings), site.calendar.local_date(now)
            fits = use_code(session, person_id, self._purpose(visit), code, keys=keys, now=now, on=on)
        if not fits:  # raised only now, so that the wrong try is counted
            raise CodeRefused
        return self._proven(visit, back)

    def _send(self, visit: Visit, person_id: int) -> None:
        site = self.visits.site
        with site.database.transaction(LINK) as session:
            came_by = sa.select(col(Delivery.channel)).join(
                AnswerLink, col(AnswerLink.notification_id) == col(Delivery.notification_id)
            )
            channels = session.execute(came_by.where(col(AnswerLink.id) == visit.number)).scalars().all()
            personal = personal_channels(site.catalogue.channels) | personal_added(session)
            purpose, now = self._purpose(visit), site.clock()
            ask_code(session, person_id, purpose, came_by=channels, personal=personal, now=now)

    def _proven(self, visit: Visit, back: str) -> Response:
        seals, now = self.visits.seals, self.visits.site.clock()
        response = RedirectResponse(back, 303)
        value = seals.cookie(seals.form(visit.cookie), now, "proof", PROVEN_FOR)
        seconds = int(PROVEN_FOR.total_seconds())
        self.visits.set_cookie(response, self._cookie_name(visit), value, visit.number, seconds)
        return response

    def _purpose(self, visit: Visit) -> str:
        return f"{self.visits.what}:{visit.number}"

    def _cookie_name(self, visit: Visit) -> str:
        return f"wardcycle_proof_{self.visits.what}_{visit.number}"
