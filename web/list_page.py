"""The list that a digest's link opens: each task with its state now, each with the way to its own page."""

from datetime import date

import sqlalchemy as sa
from fastapi import APIRouter
from sqlmodel import Session, col
from starlette.requests import Request
from starlette.responses import Response

from config.numbers import row_number
from models.links import AnswerLink
from models.notification import Notification, NotificationKind
from models.people import Person
from models.reads.digests import digest_lines
from notifications.links import ANSWER, DECIDE, LINKED, LIST, LinkGone, OwnLink, Seals, find_link, find_own_link
from web.access import Policy
from web.misses import Misses
from web.routes import get_page
from web.site import Site
from web.visits import Visits


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router, seals, misses = APIRouter(), Seals(site.settings), Misses()

    def digest(session: Session, token: str) -> int:
        return _digest(session, token, site).id

    def answer(session: Session, token: str) -> int:
        return find_link(session, token, now=site.clock(), on=_today(site)).id

    def decide(session: Session, token: str) -> int:
        return find_own_link(session, token, now=site.clock(), on=_today(site)).id

    visits = Visits(site, seals, misses, LIST, digest)
    answers = Visits(site, seals, misses, ANSWER, answer)
    decisions = Visits(site, seals, misses, DECIDE, decide)

    @get_page(router, "/l/{signed}", policy=Policy.LINK)
    def enter(request: Request, signed: str) -> Response:
        return visits.enter(request, signed)

    @get_page(router, "/list/{link_id}", policy=Policy.LINK)
    def show(request: Request, link_id: str) -> Response:
        return _show(request, site, visits, link_id)

    @get_page(router, "/list/{link_id}/open/{member}", policy=Policy.LINK)
    def open_(request: Request, link_id: str, member: str) -> Response:
        with site.database.reading() as session:
            found = _member(session, _visited(session, request, site, visits, link_id), member)
        if found is None:
            raise LinkGone
        token, kind = found
        return (answers if kind in LINKED else decisions).open(token)

    return router


def _show(request: Request, site: Site, visits: Visits, link_id: str) -> Response:
    with site.database.reading() as session:
        link = _visited(session, request, site, visits, link_id)
        lines, person = digest_lines(session, link.notification_id), session.get_one(Person, link.person_id)
    reader = site.reader(request).speaking(person.language)
    return site.page(reader, "list.html.j2", lines=lines, person=person, link_id=link.id)


def _visited(session: Session, request: Request, site: Site, visits: Visits, link_id: str) -> OwnLink:
    """Find the digest of a visit; its row is asked at every step. Raises LinkGone."""
    visit = visits.find(request, link_id)
    if visit is None:
        raise LinkGone
    link = _digest(session, visit.token, site)
    if link.id != visit.number:
        raise LinkGone
    return link


def _digest(session: Session, token: str, site: Site) -> OwnLink:
    link = find_own_link(session, token, now=site.clock(), on=_today(site))
    if link.kind is not NotificationKind.DIGEST:
        raise LinkGone
    return link


def _member(session: Session, digest: OwnLink, member: str) -> tuple[str, NotificationKind] | None:
    """Find the link of a message that went with this digest, to this person."""
    told = (
        sa.select(col(AnswerLink.token), col(Notification.kind))
        .join(Notification, col(Notification.id) == col(AnswerLink.notification_id))
        .where(
            col(AnswerLink.id) == row_number(member),
            col(Notification.digest_id) == digest.notification_id,
            col(Notification.person_id) == digest.person_id,
        )
    )
    row = session.execute(told).first()
    return (row[0], row[1]) if row else None


def _today(site: Site) -> date:
    return site.calendar.local_date(site.clock())
